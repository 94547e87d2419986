package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/state"
)

// TestManySubjects: a day has so many subjects with names, and counts all others as one.
func TestManySubjects(t *testing.T) {
	at := time.Date(2026, 10, 7, 12, 0, 0, 0, time.UTC)
	var rows []state.CheckRow
	for i := range maxSubjects + 5 {
		rows = addRow(rows, state.CheckRow{Subject: fmt.Sprintf("subject %d", i), FindingDay: state.FindingDay{
			Severity: []string{"low", "high", "medium"}[i%3], Count: 2, First: at.Add(-time.Duration(i) * time.Minute), Last: at,
			Samples: []string{fmt.Sprint("sample ", i)}, Who: []string{fmt.Sprint("who ", i%2)}}})
	}
	if len(rows) != maxSubjects+1 || rows[maxSubjects-1].Subject != "subject 99" {
		t.Fatalf("%d subjects, the last named %q", len(rows), rows[maxSubjects-1].Subject)
	}
	o := rows[maxSubjects]
	if o.Subject != OtherSubjects || o.Count != 10 || o.Severity != "high" || !o.First.Equal(at.Add(-104*time.Minute)) ||
		!o.Last.Equal(at) ||
		!slices.Equal(o.Samples, []string{"sample 100", "sample 101", "sample 102", "sample 103", "sample 104"}) ||
		!slices.Equal(o.Who, []string{"who 0", "who 1"}) {
		t.Errorf("the others are %+v", o)
	}
}

// TestSecretsInLists: what a query returns as a list is redacted as other text is.
func TestSecretsInLists(t *testing.T) {
	row := []any{"a?X-Amz-Signature=5ECRET", []string{"fine", "b?X-Amz-Security-Token=5ECRET&c", "ASIAIOSFODNN7EXAMPLE"}, int64(3), nil}
	redactRow(row)
	if row[0] != "a?X-Amz-Signature=[redacted]" ||
		!slices.Equal(row[1].([]string), []string{"fine", "b?X-Amz-Security-Token=[redacted]&c", "[redacted]"}) {
		t.Errorf("%v", row)
	}
}

// TestNoSecretLeaves: neither the samples and the words of a finding, nor what changed, nor
// the rows of any query hold a secret that a client wrote.
func TestNoSecretLeaves(t *testing.T) {
	const secret = "X-Amz-Signature=5ECRET0123456789"
	f := trailFixture(t, noneApproved)
	f.event("2026-10-07T12:00:00Z", "PutBucketReplication", "bucket=acme-backups",
		"by=arn:aws:iam::444455556666:user/"+secret, "ip="+secret,
		`parameters={"ReplicationConfiguration":{"Rule":{"Status":"Enabled","Destination":{"Bucket":"arn:aws:s3:::`+secret+`"}}}}`)
	f.events[0].UserAgent = []byte("x " + secret)
	f.at("2026-10-07T12:00:00Z", foreign+"/"+secret, "REST.GET.OBJECT", "private/"+secret, "agent=x "+secret, "ip=192.0.2.9")
	f.trailHum("2026-10-06T00:00:00Z", "2026-10-09T00:00:00Z")
	f.hum("2026-09-20T00:00:00Z", "2026-10-12T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	if _, err := v.Check(t.Context(), time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	findings, err := f.data.State.Findings.Between(t.Context(), "acme", "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	changes, err := v.Changes(t.Context())
	if err != nil || len(changes) != 1 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	told := fmt.Sprintf("%+v %+v", findings, changes)
	for _, name := range []string{"configuration-changes", "top-requesters", "user-agents", "unapproved-prefixes", "sensitive-keys"} {
		told += fmt.Sprint(v.answer(t, name))
	}
	if n := strings.Count(told, "5ECRET0123456789"); n > 0 {
		t.Errorf("the secret is told %d times: %s", n, told)
	}
	if !strings.Contains(told, "private/X-Amz-Signature=[redacted]") || !strings.Contains(changes[0].What, "[redacted]") {
		t.Errorf("what is not secret is told, too: %s", told)
	}
}

// TestOrderOfOperations: the operations of a bucket come by how often they were asked for.
func TestOrderOfOperations(t *testing.T) {
	f := newFixture(t, oneTenant)
	for i, op := range []string{"REST.PUT.OBJECT", "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.OBJECT", "REST.GET.OBJECT"} {
		f.at(fmt.Sprintf("2026-10-07T12:00:0%dZ", i), backup, op, "veeam/x", "sent=7")
	}
	f.store("file:logs")
	same(t, "the operations", f.open("acme", "2026-10-07", "2026-10-07").answer(t, "operations"), []string{
		"acme-backups|REST.GET.OBJECT|3|21", "acme-backups|REST.HEAD.OBJECT|1|7", "acme-backups|REST.PUT.OBJECT|1|7"})
}

// TestParametersOfStatements: what the manifest tells of a query is what it was asked with.
func TestParametersOfStatements(t *testing.T) {
	f := newFixture(t, oneTenant)
	v := f.open("acme", "2026-10-07", "2026-10-08")
	for name, want := range map[string]map[string]any{
		"large-puts-business-hours": {"large_put": int64(1 << 30)},
		"log-and-metrics":           {"metrics_differ": v.Tenant.Checks.Parameters()["metrics_differ"], "large_put": int64(1 << 30)},
	} {
		s, err := v.data.Catalog.Query(name)
		if err != nil {
			t.Fatal(err)
		}
		want["from"], want["to"], want["bucket"], want["tenant"] = v.Range.Start(), v.Range.End(), "", "acme"
		got := v.Parameters(s)
		for p, value := range want {
			if got[p] != value {
				t.Errorf("%s: %s is %v, want %v", name, p, got[p], value)
			}
		}
		for _, p := range s.params {
			if got[p] == nil {
				t.Errorf("%s: the parameter %s is missing", name, p)
			}
		}
	}
}
