package analyze

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// event adds an event of the tenant's trail. Fields are "name=value".
func (f *fixture) event(at, name string, fields ...string) {
	f.t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		f.t.Fatal(err)
	}
	f.next++
	e := dataset.Event{TimeMS: when.UnixMilli(), Account: []byte("111122223333"), Name: []byte(name),
		Source: []byte("s3.amazonaws.com"), Region: []byte("eu-west-1"), Requester: []byte(foreign),
		EventID: fmt.Appendf(nil, "E%d", f.next), Type: []byte("AwsApiCall"), Category: []byte("Management"),
		ReadOnly: dataset.No, Status: dataset.None, BytesIn: dataset.None, BytesOut: dataset.None}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		v := []byte(value)
		switch name {
		case "account":
			e.Account = v
		case "source":
			e.Source = v
		case "by":
			e.Requester = v
		case "ip":
			e.SourceIP = v
		case "id":
			e.RequestID = v
		case "event":
			e.EventID = v
		case "type":
			e.Type = v
		case "bucket":
			e.Bucket = v
		case "key":
			e.Key = v
		case "error":
			e.ErrorCode = v
		case "data":
			e.Category = []byte("Data")
			if value == "read" {
				e.ReadOnly = dataset.Yes
			}
		case "parameters":
			e.Parameters = v
		case "resources":
			e.Resources = v
		default:
			f.t.Fatalf("no field %q", name)
		}
	}
	f.events = append(f.events, e)
}

// trailHum adds an event every hour, so that the trail has no gap.
func (f *fixture) trailHum(from, to string) {
	f.t.Helper()
	start, err := time.Parse(time.RFC3339, from)
	if err != nil {
		f.t.Fatal(err)
	}
	end, err := time.Parse(time.RFC3339, to)
	if err != nil {
		f.t.Fatal(err)
	}
	for at := start; at.Before(end); at = at.Add(time.Hour) {
		f.event(at.Format(time.RFC3339), "DescribeInstances", "source=ec2.amazonaws.com")
	}
}

const withTrail = `cloudtrail = "s3://acme-trail/"
approved_changes = "changes.csv"
[[tenant.bucket]]
name = "acme-backups"
logs = "s3://acme-logs/acme-backups/"`

func trailFixture(t *testing.T, approved string) *fixture {
	t.Helper()
	f := newFixture(t, strings.Replace(oneTenant, `[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"`, withTrail, 1))
	if err := os.WriteFile(filepath.Join(f.data.Config.Dir, "changes.csv"), []byte(approved), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

const noneApproved = "from,to,principal,ticket\n"

// findings of the checks with these names, a line each.
func (f *fixture) foundBy(v *View, checks ...string) []string {
	f.t.Helper()
	if _, err := v.Check(f.t.Context(), time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)); err != nil {
		f.t.Fatal(err)
	}
	list, err := f.data.State.Findings.Between(f.t.Context(), v.Tenant.ID, "2026-01-01", "2026-12-31")
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, x := range list {
		for _, c := range checks {
			if x.Check == c {
				out = append(out, fmt.Sprintf("%s %s %s: %s (%d)", x.Check, x.Severity, x.Bucket, x.Subject, x.Count))
			}
		}
	}
	return out
}

var changeChecks = []string{"policy-changed", "role-changed", "replication-changed", "logging-changed", "configuration-changed"}

// TestChanges: what touches the tenant's buckets, mapped roles and trails is found,
// with who and what; what failed, only read, or is somebody else's is not.
func TestChanges(t *testing.T) {
	f := trailFixture(t, noneApproved)
	const day = "2026-10-07T12:00:00Z"
	iam := []string{"source=iam.amazonaws.com"}
	f.event(day, "PutBucketVersioning", "bucket=acme-backups", "ip=203.0.113.9",
		`parameters={"bucketName":"acme-backups","VersioningConfiguration":{"Status":"Suspended"}}`)
	f.event(day, "DeleteBucketPolicy", "bucket=acme-backups", "error=AccessDenied")
	f.event(day, "PutBucketPolicy", "bucket=lodz-backups")
	f.event(day, "GetBucketPolicy", "bucket=acme-backups", "data=read")
	f.event(day, "PutBucketLifecycle", "bucket=acme-logs",
		`parameters={"LifecycleConfiguration":{"Rule":{"ID":"gone","Status":"Enabled","Expiration":{"Days":1}}}}`)
	f.event(day, "UpdateAssumeRolePolicy",
		append(iam, `parameters={"roleName":"BackupRole","policyDocument":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"}`)...)
	f.event(day, "AttachRolePolicy",
		append(iam, `parameters={"roleName":"Webserver","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)...)
	f.event(day, "AttachRolePolicy",
		append(iam, `parameters={"roleName":"BackupRole","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`,
			"account=444455556666")...)
	f.event(day, "StopLogging", "source=cloudtrail.amazonaws.com",
		`parameters={"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}`)
	// the same event, delivered again
	f.event(day, "StopLogging", "source=cloudtrail.amazonaws.com",
		`parameters={"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}`, "event=E1")
	f.event(day, "PutBucketReplication", "bucket=acme-backups",
		`parameters={"ReplicationConfiguration":{"Rule":{"Status":"Enabled","Destination":{"Bucket":"arn:aws:s3:::elsewhere","Account":"444455556666"}}}}`)
	f.events[9].EventID = f.events[8].EventID
	f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	same(t, "the findings", f.foundBy(v, changeChecks...), []string{
		"configuration-changed high : log bucket acme-logs: lifecycle set: gone expires after 1 d, by " +
			"arn:aws:sts::444455556666:assumed-role/Other (1)",
		"logging-changed high : trail main: logging stopped, by arn:aws:sts::444455556666:assumed-role/Other (1)",
		"role-changed high : role BackupRole: trust policy set: Allow everyone sts:AssumeRole, by " +
			"arn:aws:sts::444455556666:assumed-role/Other (1)",
		"configuration-changed high acme-backups: versioning set to Suspended, by arn:aws:sts::444455556666:assumed-role/Other (1)",
		"replication-changed medium acme-backups: replication set: to elsewhere of account 444455556666, by " +
			"arn:aws:sts::444455556666:assumed-role/Other (1)",
	})
	list, err := v.Changes(t.Context())
	if err != nil || len(list) != 5 {
		t.Fatalf("%d changes, %v", len(list), err)
	}
	for _, c := range list {
		if c.Event == "PutBucketVersioning" &&
			(c.SourceIP != "203.0.113.9" || c.Date != "2026-10-07" || c.Region != "eu-west-1" ||
				c.Target != "acme-backups" || c.Ticket != "") {
			t.Errorf("%+v", c)
		}
	}
}

// TestChangesOfAccounts: a change that comes to two accounts of the tenant is one, and
// what was before is of the same policy.
func TestChangesOfAccounts(t *testing.T) {
	f := trailFixture(t, noneApproved)
	iam := "source=iam.amazonaws.com"
	policy := func(name, action string) string {
		return `parameters={"roleName":"BackupRole","policyName":"` + name +
			`","policyDocument":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"` + action + `\",\"Resource\":\"*\"}]}"}`
	}
	f.event("2026-10-07T10:00:00Z", "PutRolePolicy", iam, policy("A", "s3:GetObject"))
	f.event("2026-10-07T11:00:00Z", "PutRolePolicy", iam, policy("B", "s3:PutObject"))
	f.event("2026-10-07T12:00:00Z", "PutRolePolicy", iam, policy("A", "s3:*"))
	f.event("2026-10-07T13:00:00Z", "DeleteBucketPolicy", "bucket=acme-backups")
	f.event("2026-10-07T13:00:00Z", "DeleteBucketPolicy", "bucket=acme-backups")
	f.events[3].SharedID, f.events[4].SharedID = []byte("S"), []byte("S")
	f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	list, err := f.open("acme", "2026-10-07", "2026-10-07").Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.What+" | "+c.Before)
	}
	const a = "role BackupRole: inline policy A set: Allow s3:GetObject"
	same(t, "the changes", got, []string{a + " | ", "role BackupRole: inline policy B set: Allow s3:PutObject | ",
		"role BackupRole: inline policy A set: Allow s3:* | " + a, "bucket policy removed | "})
}

// TestApprovedChanges: a change that a line of the file covers is no finding; one by
// another, at another time or of another thing is.
func TestApprovedChanges(t *testing.T) {
	f := trailFixture(t,
		"\ufefffrom;to;principal;ticket;target\r\n# a "+
			"comment\r\n2026-10-07;2026-10-07;*:role/Admin*;CHG-7;\r\n2026-10-08T10:00:00Z;2026-10-08T11:00:00Z;Nightly backup role;CHG-8;acme-b*\r\n")
	const admin = "by=arn:aws:iam::111122223333:role/Admin"
	suspend := `parameters={"VersioningConfiguration":{"Status":"Suspended"}}`
	// The day in Paris is from 22:00 UTC of the day before.
	for _, at := range []string{"2026-10-06T21:59:59Z", "2026-10-06T22:00:00Z", "2026-10-07T21:59:59Z", "2026-10-07T22:00:00Z"} {
		f.event(at, "PutBucketVersioning", "bucket=acme-backups", admin, suspend)
	}
	f.event("2026-10-07T12:00:00Z", "PutBucketVersioning", "bucket=acme-backups", suspend) // by another
	for _, at := range []string{"2026-10-08T09:59:59Z", "2026-10-08T10:00:00Z", "2026-10-08T11:00:00Z"} {
		f.event(at, "PutBucketVersioning", "bucket=acme-backups", "by="+backup, suspend)
	}
	f.event("2026-10-08T10:00:00Z", "PutBucketVersioning", "bucket=acme-logs", "by="+backup, suspend) // another target
	f.trailHum("2026-10-05T00:00:00Z", "2026-10-10T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	v := f.open("acme", "2026-10-06", "2026-10-08")
	list, err := v.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.Time.UTC().Format("02 15:04:05 ")+c.Target+" "+c.Who+" "+c.Ticket)
	}
	same(t, "the changes", got, []string{
		"06 21:59:59 acme-backups arn:aws:iam::111122223333:role/Admin ",
		"06 22:00:00 acme-backups arn:aws:iam::111122223333:role/Admin CHG-7",
		"07 12:00:00 acme-backups arn:aws:sts::444455556666:assumed-role/Other ",
		"07 21:59:59 acme-backups arn:aws:iam::111122223333:role/Admin CHG-7",
		"07 22:00:00 acme-backups arn:aws:iam::111122223333:role/Admin ", "08 09:59:59 acme-backups Nightly backup role ",
		"08 10:00:00 acme-backups Nightly backup role CHG-8", "08 10:00:00 acme-logs Nightly backup role ",
		"08 11:00:00 acme-backups Nightly backup role ",
	})
	if n := len(f.foundBy(v, "configuration-changed")); n != 4 {
		t.Errorf("%d findings, want one for each principal and place", n)
	}
}

// One line for everyone and all year approves what is slight, and never that logging
// is stopped.
func TestBlanketApprovals(t *testing.T) {
	for _, line := range []string{"2026-10-08,2026-10-08,*,CHG-1", "2026-01-01,2026-12-31,*:role/Admin*,CHG-1"} {
		f := trailFixture(t, "from,to,principal,ticket\n"+line+"\n")
		f.event("2026-10-08T10:00:00Z", "StopLogging", "source=cloudtrail.amazonaws.com",
			"by=arn:aws:iam::111122223333:role/Admin", `parameters={"name":"main"}`)
		f.trailHum("2026-10-05T00:00:00Z", "2026-10-10T00:00:00Z")
		f.store("s3://acme-logs/acme-backups/")
		list, err := f.open("acme", "2026-10-06", "2026-10-08").Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || list[0].Ticket != "" {
			t.Errorf("%s approves %+v", line, list)
		}
	}
}

// TestApprovedFile: what is wrong with a file of approved changes is told with its line.
func TestApprovedFile(t *testing.T) {
	for text, want := range map[string]string{
		"":              "it is empty",
		"from,to,who\n": `line 1: unknown column "who"`,
		"from,to,principal\n2026-10-01,2026-10-02,*\n":                  "line 1: no column ticket",
		noneApproved + "2026-10-01,2026-09-30,*,X\n":                    "line 2: it ends before it begins",
		noneApproved + "#\n1.10.2026,2026-10-02,*,X\n":                  `line 3: from: "1.10.2026" is no day`,
		noneApproved + "2026-10-01,2026-10-02,,X\n":                     "line 2: no principal",
		noneApproved + "2026-10-01,2026-10-02,*,\n":                     "line 2: no ticket",
		noneApproved + "2026-10-01,2026-10-02,*\n":                      "wrong number of fields",
		noneApproved + "2026-10-01,2026-10-02,\"*,X\n":                  "line 2",
		noneApproved + "2026-10-25T02:30:00,2026-10-25T03:30:00Z,*,X\n": "line 2: from:",
	} {
		if _, err := parseApproved([]byte(text), time.UTC); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	if _, err := ReadApproved(t.TempDir(), time.UTC); err == nil {
		t.Error("a folder is taken for a file")
	}
}

// TestTrailGap: where the trail is silent, a check of it is not evaluated.
func TestTrailGap(t *testing.T) {
	f := trailFixture(t, noneApproved)
	f.trailHum("2026-09-20T00:00:00Z", "2026-10-06T22:00:00Z")
	f.trailHum("2026-10-09T00:00:00Z", "2026-10-12T00:00:00Z")
	f.hum("2026-09-20T00:00:00Z", "2026-10-12T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	f.listed(time.Date(2026, 10, 15, 0, 0, 0, 0, time.UTC))
	for day := 5; day <= 10; day++ {
		if err := f.data.State.Witnesses.PutTrailDays(t.Context(), "acme",
			[]state.TrailDay{{Date: fmt.Sprintf("2026-10-%02d", day), Zone: "Europe/Paris"}}); err != nil {
			t.Fatal(err)
		}
	}
	v := f.open("acme", "2026-10-05", "2026-10-10")
	if got := f.foundBy(v, changeChecks...); got != nil {
		t.Errorf("findings: %v", got)
	}
	silent, err := f.data.State.CheckDays.NotEvaluated(t.Context(), "acme", "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range silent {
		if n.Check == "policy-changed" && n.Bucket == "" {
			got = append(got, n.Date+" "+n.Reason.String())
		}
	}
	const why = " no CloudTrail event of account 111122223333 from 6 Oct 2026 23:00 to 9 Oct 2026 02:00"
	same(t, "not evaluated", got, []string{"2026-10-07" + why, "2026-10-08" + why, "2026-10-09" + why})
	if from, err := Unlooked(t.Context(), f.data.State, "acme", "2026-10-10"); err != nil || from != "2026-10-07" {
		t.Errorf("looked at again from %s, %v", from, err)
	}
}
