package demo

import (
	"fmt"
	"strings"
	"time"
)

// plant notes trouble that a check must find.
func (tr *traffic) plant(b int, check, subject string, count int64) {
	tr.truth.Planted = append(tr.truth.Planted,
		Planted{Tenant: tr.t.id, Bucket: tr.t.buckets[b].name, Check: check, Subject: subject, Count: count})
}

// Secrets that the planted URLs hold. None of them may appear in any output.
var Secrets = []string{
	"5f0c1d2e3b4a59687766554433221100ffeeddccbbaa99887766554433221100", // X-Amz-Signature
	"IQoJb3JpZ2luX2VjEXAMPLETOKEN",                                     // X-Amz-Security-Token
	"AKIAIOSFODNN7EXAMPLE",                                             // access key ID
	"vjbyPxybdZaNmGa%2ByT272YEAiv4%3D",                                 // SigV2 Signature
}

// troubleAtAcme: a missed night, a role outside the approved prefixes,
// presigned URLs, unreadable lines, a log object delivered twice, and large
// writes by day.
func troubleAtAcme(tr *traffic) {
	const backups, dumps = 0, 1
	tr.skip["acme-backups 12"] = true
	tr.plant(backups, "backup-missed", "nightly window 22:00-06:00", 1)

	trial := "arn:aws:sts::" + tr.t.account + ":assumed-role/TrialRestore/j.doe"
	for n := range 409 {
		r := tr.request(tr.within(tr.clock(18, 14, 2), 29*time.Minute), backups, trial, "REST.GET.OBJECT", "GET",
			fmt.Sprintf("finance/2026/q3/ledger%%2520%03d%%F0%%9F%%92%%B6.xlsx", n), "", 200)
		r.size = 40_000 + tr.rng.Int64N(90_000)
		r.sent, r.agent, r.ip = r.size, "aws-cli/2.17.0 Python/3.11.8", "203.0.113.77"
		tr.add(r)
	}
	tr.plant(backups, "unapproved-prefix", "finance/", 409)
	tr.plant(backups, "unapproved-principal", strings.TrimSuffix(trial, "/j.doe"), 409)
	tr.plant(backups, "new-principal", strings.TrimSuffix(trial, "/j.doe"), 409)

	presigned := []string{
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + Secrets[2] +
			"%2F20261014%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261014T150000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=" + Secrets[1] + "&X-Amz-Signature=" + Secrets[0],
		"?AWSAccessKeyId=" + Secrets[2] + "&Expires=1792000000&Signature=" + Secrets[3],
	}
	for n := range 40 {
		r := tr.request(tr.within(tr.clock(14, 10, 0), time.Hour), backups, tr.t.restoreUser, "REST.GET.OBJECT",
			"GET", tr.path(backups, 13), presigned[n%2], 200)
		r.size = 2_000_000 + tr.rng.Int64N(9_000_000)
		r.sent, r.agent, r.query = r.size, "aws-cli/2.17.0 Python/3.11.8", true
		tr.add(r)
	}

	for n := range 2 {
		r := tr.request(tr.clock(15, 11, 5+n), backups, tr.session(15), "REST.PUT.OBJECT", "PUT", tr.path(backups, 15), "", 200)
		r.size, r.total = 3<<30, 240_000
		tr.add(r)
	}
	role := tr.session(15)[:strings.LastIndexByte(tr.session(15), '/')]
	tr.plant(backups, "large-put-business-hours", role, 2)
	tr.plant(backups, "off-window-write", role, 2)

	at := tr.clock(8, 23, 0)
	for _, line := range []string{
		"\x00\x01\x02\xff\xfe binary rubbish \x1f\x8b\x08",
		tr.t.owner +
			" acme-sql-dumps [08/Oct/2026:99:00:00 +0000] 192.0.2.17 - 1D2E3F REST.GET.OBJECT dumps/x \"GET /x " +
			"HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"x\" -",
		tr.t.owner + " acme-sql-dumps [09/Oct/2026:04:10:00 +0000] 192.0.2.17 " + tr.session(8) + " 5A6B7C REST.PUT.OBJECT dumps/cha",
		`{"this": "is no access log line"}`,
		tr.t.owner + " acme-sql-dumps [09/Oct/2026:04:12:00 +0000] 192.0.2.17 " + tr.session(8) +
			" 5A6B7D REST.PUT.OBJECT dumps/x \"PUT /x HTTP/1.1\" ok - - 12 1 1 \"-\" \"x\" -",
	} {
		tr.spoiled = append(tr.spoiled, spoiled{bucket: dumps, at: at, line: line})
		at = at.Add(30 * time.Minute)
		tr.truth.Unreadable["acme-sql-dumps"]++
	}
	tr.plant(dumps, "rejected-lines", "unreadable lines", int64(tr.truth.Unreadable["acme-sql-dumps"]))
	tr.twice = append(tr.twice, "acme-backups")
}

// troubleAtLodz: a foreign account, anonymous requests, an unknown user agent
// and a delete spike.
func troubleAtLodz(tr *traffic) {
	const archive = 0
	foreign := "arn:aws:sts::444455556666:assumed-role/DataScience/session-1"
	for n := range 37 {
		r := tr.request(tr.within(tr.clock(9, 13, 0), 2*time.Hour), archive, foreign, "REST.GET.OBJECT", "GET",
			tr.path(archive, 8), "", 200)
		r.size = 5_000_000 + tr.rng.Int64N(9_000_000)
		r.sent, r.agent, r.ip = r.size, "aws-cli/2.17.0 Python/3.11.8", "198.51.100.200"
		if n < 12 {
			r.status, r.errorCode, r.sent = 403, "AccessDenied", 243
		}
		tr.add(r)
	}
	tr.plant(archive, "cross-account", "444455556666", 25)
	tr.plant(archive, "cross-account", "refused requests", 12)

	for n := range 8 {
		r := tr.request(tr.within(tr.clock(16, 3, 50), 20*time.Minute), archive, "-", "REST.GET.OBJECT", "GET",
			tr.path(archive, 15), "", 200)
		r.size, r.sent, r.agent, r.ip, r.anonymous = 700_000, 700_000, "aws-cli/1.0", "2001:db8::77", true
		if n >= 3 {
			r.status, r.errorCode, r.sent, r.size = 403, "AccessDenied", 243, 0
		}
		tr.add(r)
	}
	tr.plant(archive, "anonymous-access", "served", 3)
	tr.plant(archive, "anonymous-access", "refused", 5)

	const agent = `rclone/v1.68.0 "mirror" (😀) [test]`
	for range 64 {
		r := tr.request(tr.within(tr.clock(20, 15, 0), time.Hour), archive, tr.session(20), "REST.GET.OBJECT", "GET",
			tr.path(archive, 19), "", 200)
		r.size = 1_000_000 + tr.rng.Int64N(900_000)
		r.sent, r.agent = r.size, agent
		tr.add(r)
	}
	tr.plant(archive, "user-agent-drift", agent, 64)

	if tr.witnesses {
		tr.reconfigure(archive)
	}

	before := len(tr.records)
	for at := tr.clock(22, 14, 0); len(tr.records)-before < 2400; at = at.Add(30 * time.Second) {
		tr.retention(archive, tr.t.admin(), at, 99)
	}
	var deleted int64
	for _, r := range tr.records[before:] {
		if r.operation == "BATCH.DELETE.OBJECT" {
			deleted++
		}
	}
	tr.plant(archive, "unapproved-delete", tr.t.admin(), deleted)
	// What retention and lifecycle delete on the same local day adds to the
	// spike; [traffic.spike] counts it when all traffic is there.
	tr.plant(archive, "delete-spike", "deletes", 0)
}

// reconfigure are changes of the bucket and of the backup's role, one of which is
// approved. Those of the bucket are in the access log, too.
func (tr *traffic) reconfigure(b int) {
	name, admin := tr.t.buckets[b].name, tr.t.admin()
	asked := func(at time.Time, operation, method, query string, status int) string {
		r := tr.request(at, b, admin, operation, method, "", query, status)
		r.key, r.agent, r.ip, r.id = "-", "aws-cli/2.17.0 Python/3.11.8", "203.0.113.40", tr.hex(16)
		tr.add(r)
		return r.id
	}
	at := tr.clock(8, 16, 20)
	tr.changes = append(tr.changes,
		change{at, "s3", "PutBucketPolicy", asked(at, "REST.PUT.BUCKETPOLICY", "PUT", "?policy", 204),
			map[string]any{"bucketName": name, "policy": "",
				"bucketPolicy": map[string]any{"Version": "2012-10-17",
					"Statement": []any{map[string]any{"Effect": "Allow",
						"Principal": map[string]any{"AWS": "arn:aws:iam::444455556666:root"},
						"Action":    []any{"s3:GetObject"}, "Resource": "arn:aws:s3:::" + name + "/*"}}}}})
	tr.plant(b, "policy-changed", "bucket policy set: Allow arn:aws:iam::444455556666:root s3:GetObject, by "+admin, 1)
	at = tr.clock(12, 10, 5)
	tr.changes = append(tr.changes,
		change{at, "s3", "PutBucketLifecycle", asked(at, "REST.PUT.LIFECYCLE", "PUT", "?lifecycle", 200),
			map[string]any{"bucketName": name, "lifecycle": "",
				"LifecycleConfiguration": map[string]any{"Rule": map[string]any{"ID": "keep-90-days",
					"Status": "Enabled", "Filter": map[string]any{"Prefix": tr.t.buckets[b].prefix},
					"Expiration": map[string]any{"Days": 90}}}}})
	tr.changes = append(tr.changes,
		change{tr.clock(13, 9, 40), "iam", "AttachRolePolicy", "",
			map[string]any{"roleName": "NocneKopie", "policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}})
	tr.truth.Planted = append(tr.truth.Planted,
		Planted{Tenant: tr.t.id, Check: "role-changed",
			Subject: "role NocneKopie: policy AmazonS3FullAccess attached, by " + admin, Count: 1})
}

// spike counts the deletes of the day of the planted spike.
func (tr *traffic) spike() {
	for i, p := range tr.truth.Planted {
		if p.Check != "delete-spike" || p.Tenant != tr.t.id {
			continue
		}
		for _, r := range tr.records {
			deletes := r.operation == "BATCH.DELETE.OBJECT" || r.operation == "REST.DELETE.OBJECT"
			if deletes && !r.at.Before(tr.day(22)) && r.at.Before(tr.day(23)) {
				tr.truth.Planted[i].Count++
			}
		}
	}
}
