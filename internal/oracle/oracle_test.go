package oracle

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
)

// hand is a month made by hand: a HEAD an hour, and each night ten objects of 10 MB at
// one o'clock.
type hand struct {
	*generator
	bucket *lively
}

const mega = "10000000"

func byHand() *hand {
	b := &lively{MadeBucket: MadeBucket{Name: "b-backups", Prefixes: []string{"veeam/"}, Start: "00:00", End: "04:00",
		Days: week, MinObjects: 1}, zone: time.UTC}
	made := &Made{Year: 2026, Month: 10, Tenants: []MadeTenant{{ID: "alpha", Zone: "UTC",
		Accounts: `["111122223333"]`, Agents: `["*Backup*", "monitor/*", "aws-cli/*"]`,
		Buckets: []MadeBucket{b.MadeBucket}, Principals: []string{
			"match = \"" + backupRole + "*\"\n  name = \"Backup\"\n  role = \"backup\"",
			"match = \"" + monitor + "\"\n  name = \"Monitor\"\n  role = \"service\"",
			"match = \"" + adminUser + "\"\n  name = \"Admin\"\n  role = \"admin\""}}}}
	h := &hand{&generator{Rand: rand.New(rand.NewPCG(1, 1)), made: made, bucket: b}, b}
	for d := (Date{2026, 9, 1}); d.Before(Date{2026, 11, 2}); d = d.Add(1) {
		for hour := range 24 {
			h.log(request{at: d.utc().Add(time.Duration(hour) * time.Hour), who: monitor, op: "REST.HEAD.OBJECT",
				key: "veeam/probe", size: "10", agent: "monitor/1"})
		}
		for i := range 10 {
			h.log(request{at: at(d.String()+" 01:00:00", i), who: backupRole + "veeam", op: "REST.PUT.OBJECT",
				key: key(d.String(), i), size: mega, agent: "Backup"})
		}
	}
	return h
}

func key(day string, i int) string { return fmt.Sprintf("veeam/%s/%d.vbk", day, i) }

func at(text string, seconds int) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t.Add(time.Duration(seconds) * time.Second)
}

// each logs ten requests, one an object of a night.
func (h *hand) each(from, day string, r request) {
	for i := range 10 {
		r.at, r.key = at(from, i), key(day, i)
		h.log(r)
	}
}

// without takes lines away.
func (h *hand) without(lost func(MadeLine) bool) {
	h.made.Lines = slices.DeleteFunc(h.made.Lines, lost)
}

func between(from, to string) func(MadeLine) bool {
	i := interval{at(from, 0), at(to, 0)}
	return func(l MadeLine) bool { return i.has(l.At) }
}

func backupsOf(day string) func(MadeLine) bool {
	return func(l MadeLine) bool { return strings.Contains(l.Text, "veeam/"+day+"/") }
}

// TestByHand judges October 2026, in which one thing is not as it should be. The truth stands
// beside it as a person would say it.
func TestByHand(t *testing.T) {
	const day = "2026-10-21"
	tests := []struct {
		name    string
		change  func(h *hand)
		verdict string
		night   string   // of the 21st; ok where it is empty
		found   []string // check, subject and count of what is found on the 21st
		other   string   // check, subject and day of what is found elsewhere
	}{
		{name: "nothing", change: func(*hand) {}, verdict: OK},
		{name: "no backup", change: func(h *hand) { h.without(backupsOf(day)) }, verdict: Attention, night: Missed,
			found: []string{"backup-missed nightly window 00:00-04:00 1"}},
		{name: "deleted again by the backup role", change: func(h *hand) {
			h.each(day+" 03:00:00", day, request{who: backupRole + "veeam", op: "REST.DELETE.OBJECT", status: "204"})
		}, verdict: Attention, night: Attention, found: []string{"backup-removed nightly window 00:00-04:00 1",
			"bucket-emptied", "early-delete " + backupRole[:len(backupRole)-1] + " 10"}[:1]},
		{name: "deleted again by an administrator in the evening", change: func(h *hand) {
			h.each(day+" 19:00:00", day, request{who: adminUser, op: "REST.DELETE.OBJECT", status: "204"})
		}, verdict: Attention, night: Attention, found: []string{"backup-removed nightly window 00:00-04:00 1",
			"early-delete " + adminUser + " 10", "unapproved-delete " + adminUser + " 10"}},
		{name: "deleted a day and a minute later", change: func(h *hand) {
			h.each("2026-10-22 01:01:00", day, request{who: backupRole + "veeam", op: "REST.DELETE.OBJECT", status: "204"})
		}, verdict: Attention, other: "newest-removed nights removed before older ones 2026-10-22"}, // kept long enough, and yet the newest
		{name: "expired by a lifecycle rule", change: func(h *hand) {
			h.each(day+" 09:00:00", day, request{who: lifecycle, op: "S3.EXPIRE.OBJECT", status: "-"})
		}, verdict: Attention, night: Attention, found: []string{"backup-removed nightly window 00:00-04:00 1",
			"early-delete AmazonS3 10"}},
		{name: "a lock is put and removed", change: func(h *hand) {
			h.log(request{at: at(day+" 00:50:00", 0), who: backupRole + "x", op: "REST.PUT.OBJECT",
				key: "veeam/locks/1", size: "100", agent: "Backup"})
			h.log(request{at: at(day+" 01:10:00", 0), who: backupRole + "x", op: "REST.DELETE.OBJECT",
				key: "veeam/locks/1", status: "204", agent: "Backup"})
		}, verdict: OK},
		{name: "renamed by copy and delete", change: func(h *hand) {
			for i := range 10 {
				t := at(day+" 01:30:00", 5*i)
				h.log(request{at: t, who: backupRole + "x", op: "REST.COPY.OBJECT_GET", key: key(day, i), agent: "Backup"})
				h.log(request{at: t.Add(time.Second), who: backupRole + "x", op: "REST.COPY.OBJECT",
					key: key(day+"-done", i), size: mega, agent: "Backup"})
				h.log(request{at: t.Add(2 * time.Second), who: backupRole + "x", op: "REST.DELETE.OBJECT",
					key: key(day, i), status: "204", agent: "Backup"})
			}
		}, verdict: OK},
		{name: "parts of uploads that nobody completes", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 01:00:00", day, request{who: backupRole + "x", op: "REST.POST.UPLOADS", query: "?uploads", agent: "Backup"})
			h.each(day+" 01:10:00", day, request{who: backupRole + "x", op: "REST.PUT.PART", query: "?uploadId=1",
				size: mega, agent: "Backup"})
		}, verdict: Attention, night: Missed, found: []string{"backup-missed nightly window 00:00-04:00 1"}},
		{name: "empty objects", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 01:00:00", day, request{who: backupRole + "x", op: "REST.PUT.OBJECT", size: "0", agent: "Backup"})
		}, verdict: Attention, night: Missed, found: []string{"backup-missed nightly window 00:00-04:00 1"}},
		{name: "status 200 with an error code", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 01:00:00", day, request{who: backupRole + "x", op: "REST.POST.UPLOAD", query: "?uploadId=1",
				size: mega, code: "InternalError", agent: "Backup"})
		}, verdict: Attention, night: Missed, found: []string{"backup-missed nightly window 00:00-04:00 1"}},
		{name: "a role of the same name in another account writes", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 01:00:00", day, request{who: otherRole, op: "REST.PUT.OBJECT", size: mega, agent: "Backup"})
		}, verdict: Attention, night: Missed, found: []string{"backup-missed nightly window 00:00-04:00 1",
			"cross-account 999988887777 10"}},
		{name: "a role whose name goes on writes", change: func(h *hand) {
			h.log(request{at: at(day+" 02:00:00", 0), who: longerRole, op: "REST.PUT.OBJECT", key: "veeam/x",
				size: mega, agent: "Backup"})
		}, verdict: Attention, night: Attention, found: []string{"new-principal " + withoutSession(longerRole) + " 1",
			"unapproved-principal " + withoutSession(longerRole) + " 1"}},
		{name: "log objects of a day are missing", change: func(h *hand) {
			h.without(between(day+" 00:00:00",
				"2026-10-22 00:00:00"))
		},
			verdict: NotEvaluated, night: NotEvaluated, found: []string{"logs-missing  1"}},
		{name: "log objects of an afternoon are missing", change: func(h *hand) {
			h.without(between(day+" 12:00:00",
				day+" 18:00:00"))
		},
			verdict: NotEvaluated, found: []string{"logs-missing  1"}},
		{name: "two hours without a record", change: func(h *hand) {
			h.without(between(day+" 12:00:00",
				day+" 14:00:00"))
		}, verdict: OK},
		{name: "a log object without a byte", change: func(h *hand) {
			h.made.Lines = append(h.made.Lines, MadeLine{Bucket: h.bucket.Name, Object: objectName(at(day+" 22:10:00",
				0), "e"), At: at(day+" 22:10:00", 0), Raw: true})
		}, verdict: NotEvaluated, night: NotEvaluated, found: []string{"logs-missing  1"}},
		{name: "outside the approved prefix", change: func(h *hand) {
			h.log(request{at: at(day+" 02:00:00", 0), who: backupRole + "x", op: "REST.PUT.OBJECT", key: "finance/x",
				size: "1", agent: "Backup"})
		}, verdict: Attention, found: []string{"unapproved-prefix finance/ 1"}},
		{name: "a late backup", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 04:00:00", day, request{who: backupRole + "x", op: "REST.PUT.OBJECT", size: mega, agent: "Backup"})
		}, verdict: Attention, night: Missed, found: []string{"backup-missed nightly window 00:00-04:00 1",
			"off-window-write " + backupRole[:len(backupRole)-1] + " 10"}},
		{name: "one of ten writes fails for good", change: func(h *hand) {
			h.without(func(l MadeLine) bool { return strings.Contains(l.Text, "veeam/"+day+"/3.vbk") })
			h.log(request{at: at(day+" 01:00:30", 0), who: backupRole + "x", op: "REST.PUT.OBJECT", key: key(day, 3),
				status: "503", code: "SlowDown", agent: "Backup"})
		}, verdict: Attention, night: Attention, found: []string{"backup-failing nightly window 00:00-04:00 1"}},
		{name: "a fiftieth of what is usual", change: func(h *hand) {
			h.without(backupsOf(day))
			h.each(day+" 01:00:00", day, request{who: backupRole + "x", op: "REST.PUT.OBJECT", size: "200000", agent: "Backup"})
		}, verdict: Attention, found: []string{"backup-volume far less than usual 1"}},
		{name: "a multi-object delete that names no key", change: func(h *hand) {
			h.remove(backupRole+"x", nil,
				at(day+" 02:00:00", 0), "")
		},
			verdict: Attention, found: []string{"multi-delete-unlogged " + backupRole[:len(backupRole)-1] + " 1"}},
		{name: "copied to where no log tells", change: func(h *hand) {
			h.each(day+" 02:00:00", day, request{who: adminUser, op: "REST.COPY.OBJECT_GET", size: "2000000000"})
		}, verdict: Attention, found: []string{"large-download " + adminUser + " 10"}},
		{name: "the second prefix is left out", change: func(h *hand) {
			h.made.Tenants[0].Buckets[0].Prefixes = []string{"veeam/", "sql/"}
			for d := (Date{2026, 9, 1}); d.Before(Date{2026, 11, 2}); d = d.Add(1) {
				if d.String() != day {
					h.log(request{at: at(d.String()+" 01:00:40", 0), who: backupRole + "x", op: "REST.PUT.OBJECT",
						key: "sql/" + d.String(), size: mega, agent: "Backup"})
				}
			}
		}, verdict: Attention, found: []string{"backup-part-missing prefix sql/ 1"}},
		{name: "a lasting fall", change: func(h *hand) {
			h.without(func(l MadeLine) bool {
				return l.At.After(at("2026-09-30 00:00:00", 0)) && strings.Contains(l.Text, "PUT")
			})
			for d := (Date{2026, 9, 30}); d.Before(Date{2026, 11, 2}); d = d.Add(1) {
				h.log(request{at: at(d.String()+" 01:00:00", 0), who: backupRole + "x", op: "REST.PUT.OBJECT",
					key: key(d.String(), 1), size: "4999999", agent: "Backup"})
			}
		}, verdict: Attention, other: "backup-trend fell 2026-10-31"},
		{name: "old backups are overwritten", change: func(h *hand) {
			h.each(day+" 02:00:00", "2026-10-10", request{who: backupRole + "x", op: "REST.PUT.OBJECT", size: "5", agent: "Backup"})
		}, verdict: Attention, found: []string{"backup-overwritten " + backupRole[:len(backupRole)-1] + " 10"}},
		{name: "legal hold and retention of old objects", change: func(h *hand) {
			h.each(day+" 02:00:00", "2026-10-10", request{who: backupRole + "x", op: "REST.PUT.OBJECT_LOCK_RETENTION",
				agent: "Backup"})
		}, verdict: Attention,
			found: []string{"object-protection-changed REST.PUT.OBJECT_LOCK_RETENTION by " + backupRole[:len(backupRole)-1] + " 10"}},
		{name: "retention of what the night wrote", change: func(h *hand) {
			h.each(day+" 01:30:00", day, request{who: backupRole + "x", op: "REST.PUT.OBJECT_LOCK_RETENTION", agent: "Backup"})
		}, verdict: OK},
		{name: "nearly all older objects are deleted", change: func(h *hand) {
			for d := (Date{2026, 9, 1}); d.Before(Date{2026, 10, 20}); d = d.Add(1) {
				h.each(day+" 02:00:00", d.String(), request{who: backupRole + "x", op: "REST.DELETE.OBJECT",
					status: "204", agent: "Backup"})
			}
		}, verdict: Attention, found: []string{"bucket-emptied most of what was there -1", "delete-spike deletes 490"}},
		{name: "an older version is deleted", change: func(h *hand) {
			h.without(backupsOf("2026-10-20"))
			h.each("2026-10-20 01:00:00", "2026-10-20", request{who: backupRole + "x", op: "REST.PUT.OBJECT",
				size: mega, vers: "one", agent: "Backup"})
			h.each("2026-10-20 01:20:00", "2026-10-20", request{who: backupRole + "x", op: "REST.PUT.OBJECT",
				size: mega, vers: "two", agent: "Backup"})
			h.each("2026-10-20 01:30:00", "2026-10-20", request{who: backupRole + "x", op: "REST.DELETE.OBJECT",
				vers: "one", status: "204", agent: "Backup"})
		}, verdict: OK},
		{name: "a list of another prefix", change: func(h *hand) {
			h.log(request{at: at(day+" 10:00:00", 0), who: adminUser, op: "REST.GET.BUCKET",
				query: "?list-type=2&prefix=finance%2F2026"})
		}, verdict: Attention, found: []string{"unapproved-prefix finance/ 1"}},
		{name: "refused requests of strangers", change: func(h *hand) {
			h.each(day+" 10:00:00", day, request{who: stranger, op: "REST.GET.OBJECT", status: "403", code: "AccessDenied"})
		}, verdict: Attention, found: []string{"unapproved-principal refused requests 10", "access-denied-burst " + stranger + " 10"}},
		{name: "a record from the future", change: func(h *hand) {
			h.log(request{at: at("2027-03-01 00:00:00", 0), who: monitor, op: "REST.HEAD.OBJECT", key: "veeam/probe",
				agent: "monitor/1"})
			h.made.Lines[len(h.made.Lines)-1].Object = objectName(at("2026-10-21 00:20:00", 0), "f")
		}, verdict: OK},
		{name: "records that come twice", change: func(h *hand) {
			var twice []MadeLine
			for _, l := range h.made.Lines {
				if backupsOf(day)(l) {
					l.Object = objectName(l.At.Add(30*time.Hour), "again")
					twice = append(twice, l)
				}
			}
			h.made.Lines = append(h.made.Lines, twice...)
		}, verdict: OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := byHand()
			tt.change(h)
			dir := t.TempDir()
			if err := h.made.Write(dir); err != nil {
				t.Fatal(err)
			}
			e, err := Read(filepath.Join(dir, "config.toml"))
			if err != nil {
				t.Fatal(err)
			}
			j, err := e.Judge("alpha", 2026, time.October)
			if err != nil {
				t.Fatal(err)
			}
			if j.Verdict != tt.verdict {
				t.Errorf("the month is %q, want %q: %v", j.Verdict, tt.verdict, j.Findings)
			}
			if len(j.Nights) != 31 {
				t.Errorf("%d nights, want 31", len(j.Nights))
			}
			for _, n := range j.Nights {
				want := OK
				if n.Date.String() == day && tt.night != "" {
					want = tt.night
				}
				if n.Verdict != want {
					t.Errorf("the night of %s is %q, want %q (%s)", n.Date, n.Verdict, want, n.Reason)
				}
			}
			if tt.other != "" && !slices.ContainsFunc(j.Findings, func(f Finding) bool {
				return fmt.Sprint(f.Check,
					" ", f.Subject, " ", f.Date) == tt.other
			}) {
				t.Errorf("%q is not found; found are %v", tt.other, j.Findings)
			}
			var found []string
			for _, f := range j.Findings {
				if f.Date.String() == day {
					found = append(found, fmt.Sprintf("%s %s %d", f.Check, f.Subject, f.Count))
				}
			}
			for _, want := range tt.found {
				if !slices.Contains(found, want) {
					t.Errorf("%q is not found; found are %q", want, found)
				}
			}
			if len(tt.found) == 0 && tt.other == "" && len(j.Findings) > 0 {
				t.Errorf("found %v, want nothing", j.Findings)
			}
		})
	}
}

// TestWindows: what clocks skip is the moment of the change, what comes twice is the first.
func TestWindows(t *testing.T) {
	tests := []struct {
		name, zone, start, end string
		day                    Date
		from, to               string // UTC
	}{
		{"an ordinary night", "Europe/Berlin", "22:00", "06:00", Date{2026, 7, 1}, "2026-07-01 20:00:00", "2026-07-02 04:00:00"},
		{"the window lies in the hour that is skipped", "Europe/Berlin", "02:00", "03:00", Date{2026, 3, 29},
			"2026-03-29 01:00:00", "2026-03-29 02:00:00"},
		{"it ends in that hour", "Europe/Berlin", "01:00", "02:30", Date{2026, 3, 29}, "2026-03-29 00:00:00", "2026-03-29 01:30:00"},
		{"it spans that hour", "Europe/Berlin", "01:00", "04:00", Date{2026, 3, 29}, "2026-03-29 00:00:00", "2026-03-29 02:00:00"},
		{"it starts in the hour that comes twice", "Europe/Berlin", "02:00", "04:00", Date{2026, 10, 25},
			"2026-10-25 00:00:00", "2026-10-25 03:00:00"},
		{"it ends in the hour that comes twice", "Europe/Berlin", "00:00", "02:30", Date{2026, 10, 25},
			"2026-10-24 22:00:00", "2026-10-25 00:30:00"},
		{"half an hour", "Australia/Lord_Howe", "02:00", "02:30", Date{2026, 10, 4}, "2026-10-03 15:30:00", "2026-10-03 16:00:00"},
		{"midnight is skipped", "Asia/Beirut", "00:00", "04:00", Date{2024, 3, 31}, "2024-03-30 22:00:00", "2024-03-31 02:00:00"},
		{"24 hours over a change", "America/Chicago", "02:30", "02:30", Date{2026, 3, 7}, "2026-03-07 08:30:00",
			"2026-03-08 08:00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			w, ok := window(config.Window{Start: clock(tt.start), End: clock(tt.end), Days: [7]bool{true, true, true,
				true, true, true, true}}, tt.day, zone)
			if want := (interval{at(tt.from, 0), at(tt.to, 0)}); !ok || !w.from.Equal(want.from) || !w.to.Equal(want.to) {
				t.Errorf("from %s to %s, want %s to %s", moment(w.from), moment(w.to), moment(want.from), moment(want.to))
			}
		})
	}
}

// TestLines: what a line says where clients wrote into it.
func TestLines(t *testing.T) {
	const head = `79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be b-backups [06/Feb/2026:00:00:38 +0000] 192.0.2.3 `
	const tail = ` - host= SigV4 ECDHE AuthHeader b.s3.amazonaws.com TLSv1.2 - -`
	tests := []struct {
		name, line string
		read       bool
		check      func(r Record) bool
	}{
		{"an ordinary one",
			head + `- 3E57427F3 REST.GET.OBJECT a/b "GET /a/b HTTP/1.1" 200 - 113 200 7 - "-" "S3Console/0.4"` + tail, true,
			func(r Record) bool {
				return r.Requester == "" && r.Key == "a/b" && r.Sent == 113 && r.Size == 200 && r.HasSize &&
					r.TLS == "TLSv1.2" && r.Signature == "SigV4"
			}},
		{"quotes in the user agent",
			head + `- 3E57427F3 REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 2 7 - "-" "x" 404 - "y"` + tail, true,
			func(r Record) bool { return r.Status == 200 && r.Agent == `x" 404 - "y` }},
		{"a requester with spaces",
			head + `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1 3E ` +
				`REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 2 7 - "-" "-"` + tail, true,
			func(r Record) bool { return strings.HasSuffix(r.Requester, "Identity E1") && r.Agent == "" }},
		{"what S3 does itself",
			head[:len(head)-len("192.0.2.3 ")] + `- AmazonS3 3E S3.EXPIRE.OBJECT a - - - - 77 - - - - -` + tail[2:], true,
			func(r Record) bool { return r.Successful() && r.Status == 0 && r.Size == 77 && r.Agent == "" }},
		{"cut off", head + `- 3E57427F3 REST.GET.OBJECT a "GET`, false, nil},
		{"no line at all", "\x01\x02 binary", false, nil},
		{"a time that is none", strings.Replace(head, "06/Feb", "66/Feb",
			1) + `- 3E REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 2 7 - "-" "-"` + tail, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, ok := parseLine(tt.line)
			if ok != tt.read || ok && !tt.check(r) {
				t.Errorf("read %v: %+v", ok, r)
			}
		})
	}
}

// TestWho: who looks like a principal and is none.
func TestWho(t *testing.T) {
	tenant := config.Tenant{Principals: []config.Principal{
		{Match: "arn:aws:sts::111122223333:assumed-role/BackupRole/*", Name: "Backup", Role: "backup"},
		{Match: "arn:aws:iam::111122223333:role/ops/Audit*", Name: "Audit", Role: "audit"},
		{Match: "111122223333", Name: "Our account", Role: "admin"},
	}}
	tests := []struct {
		requester, name string
		backup          bool
	}{
		{"arn:aws:sts::111122223333:assumed-role/BackupRole/session", "Backup", true},
		{"arn:aws:sts::111122223333:assumed-role/BackupRoleOld/session", "Our account", false},
		{"arn:aws:sts::999988887777:assumed-role/BackupRole/session", "arn:aws:sts::999988887777:assumed-role/BackupRole", false},
		{"arn:aws:iam::111122223333:user/BackupRole", "Our account", false},
		{"arn:aws:sts::111122223333:assumed-role/AuditTeam/jo", "Audit", false},
		{"arn:aws-cn:sts::111122223333:assumed-role/BackupRole/session", "Our account", false},
		{"svc:s3.amazonaws.com", "svc:s3.amazonaws.com", false},
		{"", "-", false},
	}
	for _, tt := range tests {
		if w := resolve(tenant, tt.requester); w.Label() != tt.name || w.Backup != tt.backup {
			t.Errorf("%s is %s, backup %v; want %s, %v", tt.requester, w.Label(), w.Backup, tt.name, tt.backup)
		}
	}
}

// FuzzLine: no line makes the parser fail, and what it reads has a time.
func FuzzLine(f *testing.F) {
	f.Add(`79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be b [06/Feb/2026:00:00:38 +0000] 192.0.2.3 - 3E ` +
		`REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 2 7 - "-" "-" -`)
	f.Add("- - [] - - - - - - - - - - - - - - -")
	f.Fuzz(func(t *testing.T, text string) {
		if r, ok := parseLine(text); ok && r.Time.IsZero() {
			t.Errorf("no time in %q", text)
		}
	})
}

// TestSame: a seed makes the same month again.
func TestSame(t *testing.T) {
	a, b := Generate(7), Generate(7)
	if len(a.Lines) != len(b.Lines) || !slices.Equal(a.Story, b.Story) || !slices.Equal(a.Lines, b.Lines) {
		t.Error("the same seed makes another month")
	}
}
