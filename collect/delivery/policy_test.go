package delivery

import (
	"strings"
	"testing"
)

// TestPolicy judges target policies as S3 does. The first is the user guide's own
// (page enable-server-access-logging).
func TestPolicy(t *testing.T) {
	guide := `{"Version":"2012-10-17","Statement":[{"Sid":"S3ServerAccessLogsPolicy","Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":["s3:PutObject"],"Resource":"arn:aws:s3:::acme-logs/acme/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::acme-backups"},"StringEquals":{"aws:SourceAccount":"111122223333"}}}]}`
	change := func(old, with string) string {
		if !strings.Contains(guide, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(guide, old, with, 1)
	}
	more := func(statement string) string {
		return strings.Replace(guide, `"Statement":[`, `"Statement":[`+statement+",", 1)
	}
	for _, tt := range []struct {
		name, policy, why string
		others            string
	}{
		{"the user guide's", guide, "", ""},
		{"one statement, not a list",
			`{"Statement":{"Effect":"Allow","Principal":{"Service":["logging.s3.amazonaws.com"]},"Action":"s3:Put*","Resource":["arn:aws:s3:::acme-logs/*"]}}`, "", ""},
		{"another prefix", change("acme-logs/acme/*", "acme-logs/other/*"), "no statement allows", ""},
		{"the bucket without its objects", change("acme-logs/acme/*", "acme-logs"), "no statement allows", ""},
		{"another source", change("acme-backups", "acme-other"), "for another source (aws:SourceArn)", ""},
		{"another account", change(`"111122223333"`, `"444455556666"`), "for another source (aws:SourceAccount)", ""},
		{"all sources of the account", change("acme-backups", "*"), "", ""},
		{"another service", change("logging.s3", "delivery.logs"), "no statement allows",
			"S3ServerAccessLogsPolicy for delivery.logs.amazonaws.com"},
		{"reading alone", change("s3:PutObject", "s3:GetObject"), "no statement allows", ""},
		{"a condition that the service does not meet",
			change(`"ArnLike":`, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"ArnLike":`), "for another source (aws:SourceIp)", ""},
		{"TLS only",
			more(`{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-logs/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`), "", ""},
		{"denied to everybody", more(`{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`),
			"the statement No denies it", ""},
		{"denied to everybody else",
			more(`{"Effect":"Deny","NotPrincipal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:*","Resource":"*"}`), "", ""},
		{"denied but for an organization, if told",
			more(`{"Sid":"Org","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`), "the statement Org denies it", ""},
		{"denied but for one account",
			more(`{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}}`), "", ""},
		{"others may write",
			more(`{"Sid":"Ops","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/Ops","arn:aws:iam::111122223333:role/Dev"]},"Action":"s3:*","Resource":"*"}`), "", "Ops for arn:aws:iam::111122223333:role/Dev, arn:aws:iam::111122223333:role/Ops"},
		{"others may delete", more(`{"Effect":"Allow","Principal":"*","NotAction":"s3:PutObject","Resource":"*"}`),
			"", "without Sid for *"},
		{"others may read",
			more(`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}`), "", ""},
		{"everybody but one", more(`{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"s3:DeleteObject","Resource":"*"}`), "",
			"without Sid for everybody with exceptions"},
	} {
		p, err := readPolicy(tt.policy)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		s := source{Bucket: "acme-backups", Account: "111122223333", Partition: "aws", Target: "acme-logs", Prefix: "acme/"}
		ok, why := p.admits(s)
		if ok != (tt.why == "") || !ok && !strings.Contains(why, tt.why) {
			t.Errorf("%s: %v, %q; want %q", tt.name, ok, why, tt.why)
		}
		if got := strings.Join(p.others(s), "; "); got != tt.others {
			t.Errorf("%s: others are %q, want %q", tt.name, got, tt.others)
		}
	}
	if _, err := readPolicy("[]"); err == nil {
		t.Error("a policy that is a list was read")
	}
}

// TestOperatorsOnStrings: StringEquals compares letter by letter, as IAM does; ArnLike and
// StringLike take * and ?.
func TestOperatorsOnStrings(t *testing.T) {
	for _, tt := range []struct {
		condition string
		ok        bool
	}{
		{`"StringEquals":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, false},
		{`"StringEquals":{"aws:SourceArn":"arn:aws:s3:::acme-backups"}`, true},
		{`"StringEqualsIgnoreCase":{"aws:SourceArn":"ARN:aws:s3:::Acme-Backups"}`, true},
		{`"StringEqualsIgnoreCase":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, false},
		{`"StringNotEquals":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, true},
		{`"StringNotEquals":{"aws:SourceArn":"arn:aws:s3:::acme-backups"}`, false},
		{`"StringNotEqualsIgnoreCase":{"aws:SourceArn":"arn:aws:s3:::ACME-backups"}`, false},
		{`"StringLike":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, true},
		{`"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, true},
		{`"ArnNotLike":{"aws:SourceArn":"arn:aws:s3:::acme-*"}`, false},
	} {
		p, err := readPolicy(`{"Statement":[{"Sid":"logs","Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/*","Condition":{` + tt.condition + `}}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if ok, why := p.admits(source{Bucket: "acme-backups", Account: "111122223333", Partition: "aws",
			Target: "logs", Prefix: "a/"}); ok != tt.ok {
			t.Errorf("%s: %t, %s", tt.condition, ok, why)
		}
	}
}
