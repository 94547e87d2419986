package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// wide has everything that a check can ask for.
const wide = `
[evidence]
url = "file:evidence"
[[network]]
name = "office"
cidr = ["198.51.100.0/24"]
[[tenant]]
id = "acme"
name = "Acme"
timezone = "Pacific/Auckland"
accounts = ["111122223333"]
user_agents = ["Veeam*", "S3Console*"]
large_put = "1GiB"
networks = ["office"]
sensitive_keys = ["veeam/*.vb?", "veeam/Geheim ä*"]
business_hours = { start = "08:00", end = "18:00" }
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/"]
[[tenant.principal]]
match = "arn:aws:sts::111122223333:assumed-role/BackupRole/*"
name = "Nightly backup role"
role = "backup"
[[tenant.principal]]
match = "arn:aws:iam::111122223333:user/admin"
name = "Admin"
role = "admin"
[[tenant.principal]]
match = "arn:aws:iam::111122223333:user/team-*"
name = "Team"
role = "restore"
[[tenant.principal]]
match = "AmazonS3"
name = "S3 itself"
role = "service"
[[tenant.suppression]]
check = "off-window-write"
subject = "*/BackupRole"
reason = "catch-up after the move, ticket 7"
until = "2026-09-24"
`

const (
	admin = "arn:aws:iam::111122223333:user/admin"
	team  = "arn:aws:iam::111122223333:user/team-x"
)

// nightly is a month and a half of a bucket in Auckland, across the change to
// daylight saving on 27 September 2026: a record every hour from the office,
// a backup of 100 MB every night at 23:00 there, eleven reads and one 404 in it.
func nightly(t *testing.T, write func(night time.Time) (size int64, ok bool)) *fixture {
	f := newFixture(t, wide)
	f.hum("2026-08-25T00:00:00Z", "2026-10-20T00:00:00Z", "ip=198.51.100.7")
	loc, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	for day := range 54 {
		night := time.Date(2026, 8, 25+day, 23, 0, 0, 0, loc)
		size, ok := write(night)
		if !ok {
			continue
		}
		at := func(minute int) string {
			return night.Add(time.Duration(minute) * time.Minute).UTC().Format(time.RFC3339)
		}
		f.at(at(0), backup, "REST.PUT.OBJECT", "veeam/x.bin", fmt.Sprintf("size=%d", size), "agent=Veeam/12.1",
			"ip=198.51.100.7", "tls=TLSv1.3", "host=h")
		for n := range 11 {
			f.at(at(n+1), backup, "REST.GET.OBJECT", "veeam/x.bin", "sent=1000", "agent=Veeam/12.1",
				"ip=198.51.100.7", "tls=TLSv1.3", "host=h")
		}
		f.at(at(13), backup, "REST.HEAD.OBJECT", "veeam/y.bin", "status=404", "agent=Veeam/12.1", "ip=198.51.100.7",
			"tls=TLSv1.2", "host=h")
	}
	return f
}

func usualNight(time.Time) (int64, bool) { return 100e6, true }

const good = "agent=Veeam/1 ip=198.51.100.7 tls=TLSv1.3 host=h"

// add is a record of whom the checks expect, but for fields.
func (f *fixture) add(at, requester, operation, key, fields string) {
	f.t.Helper()
	f.at(at, requester, operation, key, append(strings.Fields(good), strings.Fields(fields)...)...)
}

// Each trouble makes the findings that stand beside it, and what is next to it
// makes none. Times are UTC; Auckland is 12 hours ahead, 13 from 27 September.
func TestTrouble(t *testing.T) {
	tests := []struct {
		name string
		make func(f *fixture)
		want []string
	}{
		{"nothing", func(*fixture) {}, nil},
		{"a restore by day", func(f *fixture) {
			f.add("2026-09-21T22:00:00Z", team, "REST.GET.OBJECT", "veeam/x.bin", "sent=5000000000") // 10 in the morning there
		}, []string{"new-principal|" + team + "|low|open|1|1 days"}}, // a wildcard admits it
		{"new-principal", func(f *fixture) {
			f.add("2026-09-20T22:00:00Z", "arn:aws:sts::111122223333:assumed-role/Odd/s1", "REST.GET.BUCKET", "-", "")
			// another session is no other principal
			f.add("2026-09-21T22:00:00Z", "arn:aws:sts::111122223333:assumed-role/Odd/s2", "REST.GET.BUCKET", "-", "")
			f.add("2026-09-21T22:00:00Z", admin, "REST.GET.BUCKET", "-", "") // named by the mapping
		}, []string{"new-principal|arn:aws:sts::111122223333:assumed-role/Odd|medium|open|1|1 days",
			"unapproved-principal|arn:aws:sts::111122223333:assumed-role/Odd|medium|open|2|2 days"}},
		{"insecure-transport", func(f *fixture) {
			f.add("2026-09-21T22:00:00Z", admin, "REST.GET.BUCKET", "-", "tls=TLSv1.1")
			f.at("2026-09-21T22:00:01Z", admin, "REST.GET.BUCKET", "-", "agent=Veeam", "host=h", "ip=198.51.100.7") // no TLS
			// a short line
			f.at("2026-09-21T22:00:02Z", admin, "REST.GET.BUCKET", "-", "agent=Veeam", "ip=198.51.100.7")
			f.add("2026-09-21T22:00:03Z", admin, "REST.GET.BUCKET", "-", "sig=SigV2")                                         // signature
			f.at("2026-09-21T22:00:04Z", "svc:x.amazonaws.com", "REST.GET.BUCKET", "-", "agent=Veeam", "tls=TLSv1", "host=h") // a service
		}, []string{"insecure-transport|TLSv1.1|medium|open|1|1 days",
			"insecure-transport|no TLS|medium|open|1|1 days", "insecure-transport|signature version 2|medium|open|1|1 days",
			"unapproved-principal|svc:x.amazonaws.com|medium|open|1|1 days"}},
		{"off-window-write", func(f *fixture) {
			// at 6:00 the window has ended; suppressed on the 24th, this is the 25th
			f.add("2026-09-24T18:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")
			f.add("2026-09-24T17:59:59Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")            // still in it
			f.add("2026-09-28T16:59:59Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")            // 5:59:59 in daylight saving time
			f.add("2026-09-28T17:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")            // 6:00:00
			f.add("2026-09-22T19:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")            // suppressed
			f.add("2026-09-28T20:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5 status=403") // refused
			f.add("2026-09-28T20:00:00Z", "AmazonS3", "S3.TRANSITION.OBJECT", "veeam/x", "")
		}, []string{"off-window-write|arn:aws:sts::111122223333:assumed-role/BackupRole|medium|open|2|2 days"}},
		{"large writes", func(f *fixture) {
			f.add("2026-09-21T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=1073741824") // in business hours
			f.add("2026-09-21T22:00:01Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=1073741823") // a byte less
			// at night, in the window, not the backup
			f.add("2026-09-22T10:30:00Z", admin, "REST.PUT.OBJECT", "veeam/x", "size=2073741824")
			f.add("2026-09-22T10:31:00Z", backup, "REST.POST.UPLOAD", "veeam/x", "size=2073741824") // the backup may
			f.add("2026-09-25T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")
		}, []string{
			"backup-overwritten|" + admin + "|high|open|1|1 days",
			"bucket-emptied|most of what was there|high|open|1|1 days", // five bytes over two gigabytes
			"backup-volume|far more than usual|medium|open|1|1 days",
			"off-window-write|arn:aws:sts::111122223333:assumed-role/BackupRole|medium|open|1|1 days", // those of the 22nd are suppressed
			"large-put|" + admin + "|low|open|1|1 days",
			"large-put-business-hours|arn:aws:sts::111122223333:assumed-role/BackupRole|low|open|1|1 days",
		}},
		{"large-download", func(f *fixture) {
			for n := range 12 {
				f.add(fmt.Sprintf("2026-09-21T22:%02d:00Z", n), backup, "REST.GET.OBJECT", "veeam/x.bin", "sent=1000000000")
			}
		}, []string{"large-download|arn:aws:sts::111122223333:assumed-role/BackupRole|high|open|23|1 days"}}, // with the night's eleven
		{"delete-spike", func(f *fixture) {
			for n := range 50 {
				f.add("2026-09-22T10:30:00Z", backup, "REST.DELETE.OBJECT", fmt.Sprint("veeam/", n), "status=204")
				f.add("2026-09-23T10:30:00Z", "AmazonS3", "S3.EXPIRE.OBJECT", fmt.Sprint("veeam/", n), "")
			}
			for n := range 49 {
				f.add("2026-09-25T10:30:00Z", backup, "REST.DELETE.OBJECT", fmt.Sprint("veeam/", n), "status=204")
			}
		}, []string{"delete-spike|deletes|high|open|50|1 days", "mass-removal|by lifecycle rules|high|open|50|1 days",
			"mass-removal|by requests|high|open|49|1 days"}},
		{"error-rate", func(f *fixture) {
			for n := range 25 {
				f.add(fmt.Sprintf("2026-09-22T10:30:%02dZ", n), backup, "REST.PUT.OBJECT", "veeam/x", "status=503")
			}
			for n := range 18 {
				// the night's 404 is no failure
				f.add(fmt.Sprintf("2026-09-24T10:30:%02dZ", n), backup, "REST.PUT.OBJECT", "veeam/x", "status=503")
			}
		}, []string{"backup-failing|nightly window 22:00-06:00|medium|open|2|2 days", "error-rate|failed requests|medium|open|25|1 days"}},
		{"access-denied-burst", func(f *fixture) {
			for n := range 10 {
				f.add(fmt.Sprintf("2026-09-22T10:5%d:00Z", n), backup, "REST.PUT.OBJECT", "veeam/x", "status=403")
				f.add(fmt.Sprintf("2026-09-24T%02d:30:00Z", n), backup, "REST.HEAD.OBJECT", "veeam/x", "status=403") // spread over the day
			}
			f.add("2026-09-22T05:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "status=403")
		}, []string{
			"access-denied-burst|arn:aws:sts::111122223333:assumed-role/BackupRole|high|open|11|1 days",
			"backup-failing|nightly window 22:00-06:00|medium|open|1|1 days",
		}},
		{"bucket-configuration-changed", func(f *fixture) {
			f.add("2026-09-22T22:00:00Z", admin, "REST.PUT.BUCKETPOLICY", "-", "status=204")
			f.add("2026-09-22T22:00:01Z", admin, "REST.PUT.LOGGING_STATUS", "-", "status=403") // refused
			f.add("2026-09-22T22:00:02Z", admin, "REST.GET.BUCKETPOLICY", "-", "")             // read
			f.add("2026-09-22T22:00:03Z", admin, "REST.PUT.TAGGING", "-", "")
			f.add("2026-09-22T22:00:04Z", backup, "REST.PUT.TAGGING", "veeam/x", "") // of an object
		}, []string{"bucket-configuration-changed|REST.PUT.BUCKETPOLICY by " + admin + "|high|open|1|1 days",
			"bucket-configuration-changed|REST.PUT.TAGGING by " + admin + "|medium|open|1|1 days"}},
		{"unknown-network", func(f *fixture) {
			f.add("2026-09-22T22:00:00Z", admin, "REST.GET.BUCKET", "-", "ip=203.0.113.5")
			f.add("2026-09-22T22:00:01Z", admin, "REST.GET.BUCKET", "-", "ip=198.51.100.255")
			f.add("2026-09-22T22:00:02Z", admin, "REST.GET.BUCKET", "-", "ip=2001:db8::1")
		}, []string{"unknown-network|2001:db8::1|medium|open|1|1 days", "unknown-network|203.0.113.5|medium|open|1|1 days"}},
		{"sensitive-key", func(f *fixture) {
			f.add("2026-09-22T22:00:00Z", admin, "REST.GET.OBJECT", "veeam/job.vbm", "")
			f.add("2026-09-22T22:00:01Z", backup, "REST.GET.OBJECT", "veeam/job.vbm", "")
			f.add("2026-09-22T22:00:02Z", admin, "REST.GET.OBJECT", "veeam/jobXvbm", "")
			f.add("2026-09-22T22:00:03Z", admin, "REST.DELETE.OBJECT", "veeam/Geheim%2520%25C3%25A41", "status=204")
		}, []string{"sensitive-key|veeam/Geheim ä*|high|open|1|1 days", "unapproved-delete|" + admin +
			"|high|open|1|1 days", "sensitive-key|veeam/*.vb?|medium|open|1|1 days"}},
		{"off-hours-read", func(f *fixture) {
			f.add("2026-09-22T06:00:00Z", admin, "REST.GET.OBJECT", "veeam/x", "") // 18:00
			f.add("2026-09-22T05:59:59Z", admin, "REST.GET.OBJECT", "veeam/x", "")
			f.add("2026-09-22T06:00:00Z", admin, "REST.GET.OBJECT", "veeam/x", "status=403")
		}, []string{"off-hours-read|" + admin + "|low|open|1|1 days"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := nightly(t, usualNight)
			tt.make(f)
			f.store("file:logs")
			f.check("2026-09-15", "2026-10-05")
			same(t, "findings", f.found(), tt.want)
		})
	}
}

// A night that writes far less or more than usual is flagged; one like the same
// day of the week before, and a missed one, are not.
func TestBackupVolume(t *testing.T) {
	f := nightly(t, func(night time.Time) (int64, bool) {
		size := int64(100e6) + int64(night.Day())*1e6
		switch {
		case night.Weekday() == time.Sunday: // the weekly full backup
			size *= 12
		case night.Format("01-02") == "09-23":
			size = 9e6
		case night.Format("01-02") == "09-29":
			size = 700e6
		case night.Format("01-02") == "10-01":
			return 0, false
		}
		return size, true
	})
	f.store("file:logs")
	f.check("2026-09-15", "2026-10-05")
	same(t, "findings", f.found(), []string{
		"backup-missed|nightly window 22:00-06:00|high|open|1|1 days",
		"backup-volume|far less than usual|medium|open|1|1 days",
		"backup-volume|far more than usual|medium|open|1|1 days",
	})
}

// A finding tells who did it and what is usual; what is suppressed is counted.
func TestFindingsTellWhoAndWhatIsUsual(t *testing.T) {
	f := nightly(t, usualNight)
	for n := range 60 {
		f.add("2026-09-22T10:30:00Z", backup, "REST.DELETE.OBJECT", fmt.Sprint("veeam/", n), "status=204")
	}
	f.add("2026-09-22T19:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=5")
	f.store("file:logs")
	f.check("2026-09-22", "2026-09-23")
	list, err := f.data.State.Findings.Between(t.Context(), "acme", "2026-09-22", "2026-09-23")
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	d := list[0].Days[0]
	got := fmt.Sprint(d.Who, d.Expected.String(), len(d.Samples))
	if got != "[Nightly backup role]0 deletes a day, the median of 27 days20" {
		t.Error(got)
	}
	draft := f.data.Catalog.Check("delete-spike").Narrative(list[0], f.data.Config.Tenants[0].Location)
	if want := "60 objects were deleted from acme-backups from 22 Sep 2026 22:30 NZST to 22 Sep 2026 22:30 NZST, " +
		"far more"; !strings.HasPrefix(draft, want) {
		t.Error(draft)
	}
	quiet, err := f.data.State.Findings.Suppressed(t.Context(), "acme", "2026-09-22", "2026-09-30")
	if err != nil || len(quiet) != 1 || quiet[0].Count != 1 || quiet[0].Reason != "catch-up after the move, ticket 7" {
		t.Errorf("%+v, %v", quiet, err)
	}
}
