package doctor

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketproof/internal/config"
)

const policyConfig = `
[aws]
region = "eu-central-1"
[evidence]
url = "s3://msp-evidence/packets"
lock_mode = "GOVERNANCE"
kms_key = "alias/evidence"
[mail]
smtp = "smtp://mail.example"
from = "e@msp.example"
[links]
aws = { profile = "signer" }
[[tenant]]
id = "acme"
name = "Acme"
accounts = ["111122223333"]
aws = { role_arn = "arn:aws:iam::111122223333:role/Evidence" }
cloudtrail = "s3://acme-trail/AWSLogs/111122223333/"
cloudwatch = true
backup_reports = "s3://acme-logs/reports/"
[[tenant.bucket]]
name = "acme-backups"
logs = "s3://acme-logs/acme-backups/"
prefixes = [""]
[[tenant.bucket]]
name = "acme.sql"
logs = "s3://acme-logs/sql/"
prefixes = [""]
[[tenant]]
id = "lodz"
name = "Lodz"
[[tenant.bucket]]
name = "lodz-archiwum"
logs = "s3://lodz-logs/"
prefixes = [""]
`

// TestPolicies: each identity may do what its part of the configuration takes, on what
// it names, and nothing else; never is anything of a log or source bucket writable.
func TestPolicies(t *testing.T) {
	c, err := config.Parse(t.TempDir()+"/config.toml", []byte(policyConfig))
	if err != nil {
		t.Fatal(err)
	}
	list, err := Policies(c, c.Tenants)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, p := range list {
		var doc struct {
			Version   string
			Statement []statement
		}
		if err := json.Unmarshal(p.Document, &doc); err != nil || doc.Version != "2012-10-17" || p.Size() > LargestPolicy {
			t.Fatalf("%s: %v\n%s", p.Who, err, p.Document)
		}
		for _, s := range doc.Statement {
			if !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(s.Sid) || s.Effect != "Allow" {
				t.Errorf("%+v", s)
			}
			got[p.Who] = append(got[p.Who],
				strings.TrimSpace(fmt.Sprintf("%s %s on %s %s", s.Sid, strings.Join(s.Action, ","),
					strings.Join(s.Resource, ","), strings.TrimPrefix(fmt.Sprint(s.Condition), "map[]"))))
			for _, a := range s.Action {
				writes := strings.HasPrefix(a, "s3:Put") || strings.HasPrefix(a, "s3:Delete")
				if writes && slices.ContainsFunc(s.Resource, func(r string) bool {
					return !strings.HasPrefix(r, "arn:aws:s3:::msp-evidence/packets/")
				}) {
					t.Errorf("%s may %s on %v", p.Who, a, s.Resource)
				}
			}
		}
	}
	want := map[string][]string{
		"": {
			"Doctor s3:DeleteObject,s3:DeleteObjectVersion,s3:GetObjectTagging on arn:aws:s3:::msp-evidence/packets/.doctor/*",
			"Evidence s3:GetObject,s3:PutObject,s3:PutObjectRetention,s3:PutObjectTagging on arn:aws:s3:::msp-evidence/packets/*",
			"EvidenceKey kms:Decrypt,kms:GenerateDataKey on arn:aws:kms:*:*:key/* " +
				"map[ForAnyValue:StringEquals:map[kms:ResourceAliases:[alias/evidence]]]",
			"EvidenceLock s3:GetBucketObjectLockConfiguration on arn:aws:s3:::msp-evidence",
			"ListMspEvidence s3:ListBucket on arn:aws:s3:::msp-evidence map[StringLike:map[s3:prefix:[packets/*]]]",
			"ListWhole s3:ListBucket on arn:aws:s3:::lodz-logs",
			"LoggingStatus s3:GetBucketLocation,s3:GetBucketLogging on arn:aws:s3:::lodz-archiwum,arn:aws:s3:::lodz-logs",
			"LoggingTarget " +
				"s3:GetBucketObjectLockConfiguration,s3:GetBucketPolicy,s3:GetBucketPublicAccessBlock,s3:GetBucketRequestPayment,s3:GetEncryptionConfiguration,s3:GetLifecycleConfiguration on arn:aws:s3:::lodz-logs",
			"Read s3:GetObject on arn:aws:s3:::lodz-logs/*",
			"Roles sts:AssumeRole on arn:aws:iam::111122223333:role/Evidence",
		},
		"arn:aws:iam::111122223333:role/Evidence": {
			"ListAcmeLogs s3:ListBucket on arn:aws:s3:::acme-logs map[StringLike:map[s3:prefix:[acme-backups/* reports/* sql/*]]]",
			"ListAcmeTrail s3:ListBucket on arn:aws:s3:::acme-trail map[StringLike:map[s3:prefix:[AWSLogs/111122223333/*]]]",
			"LoggingStatus s3:GetBucketLocation,s3:GetBucketLogging on " +
				"arn:aws:s3:::acme-backups,arn:aws:s3:::acme-logs,arn:aws:s3:::acme.sql",
			"LoggingTarget " +
				"s3:GetBucketObjectLockConfiguration,s3:GetBucketPolicy,s3:GetBucketPublicAccessBlock,s3:GetBucketRequestPayment,s3:GetEncryptionConfiguration,s3:GetLifecycleConfiguration on arn:aws:s3:::acme-logs",
			"Metrics cloudwatch:GetMetricData,cloudwatch:ListMetrics on *",
			"Read s3:GetObject on " +
				"arn:aws:s3:::acme-logs/acme-backups/*,arn:aws:s3:::acme-logs/reports/*,arn:aws:s3:::acme-logs/sql/*,arn:aws:s3:::acme-trail/AWSLogs/111122223333/*",
			"TrailKeys cloudtrail:ListPublicKeys on *",
		},
		"profile signer": {
			"Links s3:GetObject on arn:aws:s3:::msp-evidence/packets/*",
			"LinksKey kms:Decrypt on arn:aws:kms:*:*:key/* map[ForAnyValue:StringEquals:map[kms:ResourceAliases:[alias/evidence]]]",
		},
	}
	for who, statements := range want {
		if strings.Join(got[who], "\n") != strings.Join(statements, "\n") {
			t.Errorf("%q may\n%s\nwant\n%s", who, strings.Join(got[who], "\n"), strings.Join(statements, "\n"))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d identities", len(got))
	}
	if one, err := Policies(c, c.Tenants[:1]); err != nil || strings.Contains(string(one[0].Document), "lodz") {
		t.Errorf("acme alone: %v\n%s", err, one[0].Document)
	}
}
