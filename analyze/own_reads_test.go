package analyze

import (
	"strings"
	"testing"
)

// Left out are reads of how a bucket is set up, by the role of the configuration
// and under our name; whoever copies the one or the other is not.
func TestOwnReadsAreLeftOutAndCounted(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `accounts = ["111122223333"]`, `accounts = ["111122223333"]
aws = { role_arn = "arn:aws:iam::111122223333:role/tools/Evidence" }`, 1))
	const own, ua = "arn:aws:sts::111122223333:assumed-role/Evidence/s1", "agent=aws-sdk-go-v2/1.47 app/bucketproof"
	f.at("2026-10-07T10:00:00Z", own, "REST.GET.LOGGING_STATUS", "-", ua)
	f.at("2026-10-07T10:00:01Z", own, "REST.HEAD.BUCKET", "-", ua)
	f.at("2026-10-06T10:00:00Z", own, "REST.HEAD.BUCKET", "-", ua)                                             // another day
	f.at("2026-10-07T11:00:00Z", own, "REST.GET.OBJECT", "veeam/x", ua)                                        // an object
	f.at("2026-10-07T11:00:01Z", own, "REST.PUT.BUCKETPOLICY", "-", ua)                                        // a change
	f.at("2026-10-07T11:00:02Z", own, "REST.HEAD.BUCKET", "-", "agent=aws-cli/2")                              // by hand
	f.at("2026-10-07T11:00:03Z", "arn:aws:iam::111122223333:user/eve", "REST.GET.BUCKETPOLICY", "-", ua)       // a copied name
	f.at("2026-10-07T11:00:04Z", "arn:aws:sts::444455556666:assumed-role/Evidence/s", "REST.GET.ACL", "-", ua) // another account
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	counts, err := v.OwnReads(t.Context())
	if err != nil || counts["acme-backups"] != 2 {
		t.Errorf("%v, %v", counts, err)
	}
	var left []string
	for _, line := range v.answer(t, "top-requesters") {
		left = append(left, strings.Join(strings.Split(line, "|")[1:4], "|"))
	}
	same(t, "who is left", left, []string{
		"arn:aws:sts::111122223333:assumed-role/Evidence|111122223333|3",
		"arn:aws:iam::111122223333:user/eve|111122223333|1",
		"arn:aws:sts::444455556666:assumed-role/Evidence|444455556666|1",
	})
}

// A silence is one finding that closes itself when logs arrive again, and opens
// again with the next; day by day and in one go alike.
func TestSilenceEndsAndComesBack(t *testing.T) {
	// Logs come again at 2:00 in Paris: that day is not whole yet.
	make := func() *fixture {
		f := newFixture(t, oneTenant)
		f.hum("2026-09-20T00:00:00Z", "2026-10-10T00:00:00Z")
		f.hum("2026-10-13T00:00:00Z", "2026-10-20T00:00:00Z")
		f.hum("2026-10-22T00:00:00Z", "2026-10-25T00:00:00Z")
		f.store("file:logs")
		return f
	}
	history := func(f *fixture) string {
		list, err := f.data.State.Findings.Between(t.Context(), "acme", "2026-10-01", "2026-10-24")
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range list {
			if x.Check == "logs-missing" {
				for _, e := range x.Events {
					out = append(out, e.Kind+" "+e.Text)
				}
			}
		}
		return strings.Join(out, "; ")
	}
	f := make()
	f.check("2026-10-01", "2026-10-24", "logs-missing")
	want := "opened seen on 2026-10-10; resolved ended: nothing of it on 2026-10-14; reopened seen on 2026-10-20; " +
		"resolved ended: nothing of it on 2026-10-23"
	if got := history(f); got != want {
		t.Errorf("in one go:  %s\nwant %s", got, want)
	}
	f.check("2026-10-01", "2026-10-24", "logs-missing")
	if got := history(f); got != want {
		t.Errorf("again: %s", got)
	}
	g := make()
	for _, d := range g.open("acme", "2026-10-01", "2026-10-24").Range.Days() {
		g.check(d.Date, d.Date, "logs-missing")
	}
	if got := history(g); got != want {
		t.Errorf("day by day: %s", got)
	}
}
