package analyze

import (
	"strings"
	"testing"
)

// What a principal of Beta does to the bucket that it shares with Acme is a finding of
// Acme's, too, which says what was done and not who did it. What Beta does with its
// objects is not.
func TestChangesOfASharedBucket(t *testing.T) {
	const beta = "arn:aws:iam::444455556666:user/beta"
	trail := `
cloudtrail = "s3://acme-trail/AWSLogs/"
accounts = ["111122223333"]`
	for name, test := range map[string]struct {
		config string
		do     func(f *fixture)
		want   []string
	}{
		"in the log": {twoTenants, func(f *fixture) {
			for _, operation := range []string{"REST.PUT.BUCKETPOLICY", "REST.PUT.VERSIONING",
				"REST.PUT.LOGGING_STATUS", "REST.GET.BUCKETPOLICY", "REST.GET.BUCKET"} {
				f.at("2026-10-07T01:00:02Z", beta, operation, "-", "bucket=shared-bucket", "agent=beta-tool", "ip=203.0.113.77")
			}
			f.at("2026-10-07T01:00:03Z", beta, "REST.PUT.ACL", "beta/1", "bucket=shared-bucket")
			f.at("2026-10-07T01:00:03Z", beta, "REST.PUT.LIFECYCLE", "-", "bucket=shared-bucket", "status=403")
		}, []string{
			"bucket-configuration-changed high shared-bucket: REST.PUT.BUCKETPOLICY by " + OtherClient + " (1)",
			"bucket-configuration-changed high shared-bucket: REST.PUT.LOGGING_STATUS by " + OtherClient + " (1)",
			"bucket-configuration-changed high shared-bucket: REST.PUT.VERSIONING by " + OtherClient + " (1)",
		}},
		"in the trail": {strings.Replace(twoTenants, `name = "Acme"`, `name = "Acme"`+trail, 1), func(f *fixture) {
			f.event("2026-10-07T01:00:02Z", "PutBucketVersioning", "by="+beta, "bucket=shared-bucket",
				"ip=203.0.113.77", `parameters={"bucketName":"shared-bucket","VersioningConfiguration":{"Status":"Suspended"}}`)
			f.event("2026-10-07T01:00:03Z", "PutBucketPolicy", "by="+beta, "bucket=shared-bucket",
				`parameters={"bucketName":"shared-bucket","bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/beta-secret"},"Action":"s3:*"}]}}`)
			f.event("2026-10-07T01:00:04Z", "PutObjectAcl", "by="+beta, "bucket=shared-bucket", "key=beta/1", "data=write")
			f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
		}, []string{
			"configuration-changed high shared-bucket: versioning changed, by " + OtherClient + " (1)",
			"policy-changed high shared-bucket: bucket policy changed, by " + OtherClient + " (1)",
		}},
		"by its own, in a policy that lets both in": {strings.Replace(twoTenants, `name = "Acme"`, `name = "Acme"`+
			trail, 1), func(f *fixture) {
			f.event("2026-10-07T01:00:02Z", "PutBucketPolicy", "by=arn:aws:iam::111122223333:user/acme",
				"bucket=shared-bucket",
				`parameters={"bucketName":"shared-bucket","bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:user/beta","444455556666","arn:aws:iam::111122223333:role/mine"]},"Action":"s3:*","Resource":"arn:aws:s3:::shared-bucket/beta/*"}]}}`)
			f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
		}, []string{
			"policy-changed high shared-bucket: bucket policy set: Allow another client's account, arn:aws:iam::111122223333:role/mine, " +
				"another client's principal s3:*, by arn:aws:iam::111122223333:user/acme (1)",
		}},
		// In an account that both use, what Beta does to a user of Acme's is Acme's to know, and so is what
		// a stranger does to the bucket.
		"to the other's user, and by a stranger": {strings.Replace(twoTenants, `name = "Acme"`, `name = "Acme"`+trail,
			1), func(f *fixture) {
			f.event("2026-10-07T01:00:02Z", "AttachUserPolicy", "source=iam.amazonaws.com", "by="+beta,
				"ip=203.0.113.77", `parameters={"userName":"acme","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)
			f.event("2026-10-07T01:00:03Z", "PutBucketVersioning", "by=arn:aws:iam::555566667777:user/x4444",
				"bucket=shared-bucket", "ip=203.0.113.77",
				`parameters={"bucketName":"shared-bucket","VersioningConfiguration":{"Status":"Suspended"}}`)
			f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
		}, []string{
			"role-changed high : user acme: policy AdministratorAccess attached, by another client's principal (1)",
			"configuration-changed high shared-bucket: versioning set to Suspended, by another account in the shared bucket (1)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, test.config)
			test.do(f)
			f.hum("2026-10-05T00:00:00Z", "2026-10-09T00:00:00Z", "bucket=shared-bucket")
			f.store("file:logs")
			v := f.open("acme", "2026-10-07", "2026-10-07")
			same(t, "findings", f.foundBy(v, append(changeChecks, "bucket-configuration-changed")...), test.want)
			var told []string
			for _, q := range f.data.Catalog.Queries {
				if !q.Asks("key") {
					told = append(told, v.answer(t, q.Name)...)
				}
			}
			list, err := f.data.State.Findings.Between(t.Context(), "acme", "2026-10-01", "2026-10-31")
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				told = append(told, x.Subject)
				for _, d := range x.Days {
					told = append(told, d.Who...)
				}
			}
			for _, line := range told {
				if strings.Contains(line, "beta") || strings.Contains(line, "4444") || strings.Contains(line, "203.0.113.77") {
					t.Errorf("Acme is told %q", line)
				}
			}
		})
	}
}
