package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// configure gives the fixture another configuration: pairs of what stood there and
// what stands there now.
func (f *fixture) configure(text string, change ...string) {
	f.t.Helper()
	c, err := config.Parse(f.data.Config.Path, []byte(strings.NewReplacer(change...).Replace(text)))
	if err != nil {
		f.t.Fatal(err)
	}
	f.data.Config = c
}

// days are those of the findings of a check: date, why it is withdrawn, by whom, and
// the status of the finding.
func (f *fixture) days(check string) []string {
	f.t.Helper()
	list, err := f.data.State.Findings.Between(f.t.Context(), "acme", "2026-01-01", "2026-12-31")
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, x := range list {
		for _, d := range x.Days {
			if x.Check == check {
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", d.Date, x.Subject, x.Status,
					d.Withdrawn.Reason, d.Withdrawn.By)))
			}
		}
	}
	return out
}

// What a changed configuration no longer finds stays, with the reason. What late logs
// or a mended fault make go does go, also where the configuration changed in between.
func TestWithdrawnByTheConfiguration(t *testing.T) {
	const stranger = "arn:aws:iam::111122223333:user/eve"
	approve := []string{"[[tenant.principal]]\nmatch = \"AmazonS3\"", "[[tenant.principal]]\nmatch = \"" + stranger +
		"\"\nname = \"Eve\"\nrole = \"admin\"\n[[tenant.principal]]\nmatch = \"AmazonS3\""}
	tests := map[string]struct {
		trouble func(f *fixture)
		change  []string
		late    func(f *fixture)
		check   string
		want    []string
	}{
		"a prefix approved afterwards": {
			func(f *fixture) {
				f.at("2026-10-12T23:30:00Z", backup, "REST.PUT.OBJECT", "finance/a", "agent=Veeam/1")
			},
			[]string{`prefixes = ["veeam/"`, `prefixes = ["finance/", "veeam/"`}, nil,
			"unapproved-prefix", []string{"2026-10-13 finance/ open configuration root"},
		},
		"a principal approved afterwards": {
			func(f *fixture) {
				f.at("2026-10-12T12:00:00Z", stranger, "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
			},
			approve, nil, "unapproved-principal", []string{"2026-10-12 " + stranger + " open configuration root"},
		},
		"a threshold raised": {
			func(f *fixture) {
				for n := range 60 {
					f.at("2026-10-12T12:00:00Z", backup, "BATCH.DELETE.OBJECT", fmt.Sprintf("veeam/%d", n), "status=204")
				}
			},
			[]string{"large_put = \"1GiB\"", "large_put = \"1GiB\"\nchecks = { delete_spike = 1000 }"}, nil,
			"delete-spike", []string{"2026-10-12 deletes open configuration root"},
		},
		"a window widened": {
			func(f *fixture) { f.at("2026-10-12T14:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "agent=Veeam/1") },
			[]string{`logs = "file:logs"`, "logs = \"file:logs\"\nwindow = { start = \"12:00\", end = \"06:00\" }"}, nil,
			"off-window-write", []string{"2026-10-12 arn:aws:sts::111122223333:assumed-role/BackupRole open configuration root"},
		},
		"a suppression added": {
			func(f *fixture) {
				f.at("2026-10-12T23:30:00Z", backup, "REST.PUT.OBJECT", "finance/a", "agent=Veeam/1")
			},
			[]string{"[[tenant.bucket]]",
				"[[tenant.suppression]]\ncheck = \"unapproved-prefix\"\nsubject = \"*\"\nreason = \"r\"\nuntil = " +
					"\"2026-12-31\"\n[[tenant.bucket]]"}, nil,
			"unapproved-prefix", []string{"2026-10-13 finance/ open configuration root"},
		},
		"late logs": {
			nil, nil, func(f *fixture) {
				f.at("2026-10-20T23:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=1", "agent=Veeam/1")
			}, "backup-missed", nil,
		},
		"late logs, and a change of something else": {
			nil, approve, func(f *fixture) {
				f.at("2026-10-20T23:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=1", "agent=Veeam/1")
			}, "backup-missed", nil,
		},
		"a change of nothing that is found": {
			func(f *fixture) {
				f.at("2026-10-12T23:30:00Z", backup, "REST.PUT.OBJECT", "finance/a", "agent=Veeam/1")
			},
			append([]string{"name = \"Acme\"", "name = \"Acme & Sons\""}, approve...), nil, "unapproved-prefix",
			[]string{"2026-10-13 finance/ open"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := month(t, 20)
			if test.trouble != nil {
				test.trouble(f)
			}
			f.store("file:logs")
			f.data.RunBy = "root"
			f.check("2026-10-01", "2026-10-31", test.check)
			if len(f.days(test.check)) == 0 {
				t.Fatalf("%s found nothing", test.check)
			}
			f.configure(oneTenant, test.change...)
			if test.late != nil {
				test.late(f)
				f.store("file:logs")
			}
			for range 2 { // a second time says the same
				f.check("2026-10-01", "2026-10-31", test.check)
				same(t, test.check, f.days(test.check), test.want)
			}
			if len(test.want) == 0 || !strings.Contains(test.want[0], "configuration") {
				return
			}
			t.Run("as it was", func(t *testing.T) {
				f.configure(oneTenant)
				f.check("2026-10-01", "2026-10-31", test.check)
				same(t, test.check, f.days(test.check), []string{strings.TrimSuffix(test.want[0], " configuration root")})
			})
		})
	}
}

// Who resolves what the configuration has withdrawn has said why; it stays so.
func TestWithdrawnAndResolved(t *testing.T) {
	f := month(t)
	f.at("2026-10-12T23:30:00Z", backup, "REST.PUT.OBJECT", "finance/a", "agent=Veeam/1")
	f.store("file:logs")
	f.check("2026-10-01", "2026-10-31", "unapproved-prefix")
	f.configure(oneTenant, `prefixes = ["veeam/"`, `prefixes = ["finance/", "veeam/"`)
	f.check("2026-10-01", "2026-10-31", "unapproved-prefix")
	id := state.FindingID("unapproved-prefix", "acme", "acme-backups", "finance/")
	if err := f.data.State.Findings.Triage(t.Context(), id,
		state.Triage{Actor: "Ann", Resolve: true, Cause: "a new job", Resolution: "approved"}, noon); err != nil {
		t.Fatal(err)
	}
	f.check("2026-10-01", "2026-10-31", "unapproved-prefix")
	same(t, "the finding", f.days("unapproved-prefix"), []string{"2026-10-13 finance/ resolved configuration"})
	f.at("2026-10-25T12:00:00Z", "arn:aws:iam::111122223333:user/eve", "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
	f.store("file:logs")
	f.check("2026-10-01", "2026-10-31", "unapproved-prefix")
	same(t, "the finding", f.days("unapproved-prefix"), []string{"2026-10-13 finance/ resolved configuration"})
}

// A person's note keeps a finding that late logs would make go, and another version of
// the program says that it is one.
func TestWithdrawnForAnotherReason(t *testing.T) {
	for name, test := range map[string]struct {
		do   state.Triage
		late bool
		want []string
	}{
		"a note, and late logs": {state.Triage{Note: "This was a break-in"}, true,
			[]string{"2026-10-20 nightly window 22:00-06:00 investigating checked"}},
		"an owner, and late logs": {state.Triage{Owner: "Sam"}, true,
			[]string{"2026-10-20 nightly window 22:00-06:00 resolved checked"}},
		"another version": {state.Triage{}, false, []string{"2026-10-20 nightly window 22:00-06:00 resolved program"}},
		"a note, and another version": {state.Triage{Note: "This was a break-in"}, false,
			[]string{"2026-10-20 nightly window 22:00-06:00 investigating program"}},
		"another version, and nothing": {state.Triage{}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := month(t, 20)
			f.store("file:logs")
			f.data.Program = "1"
			f.check("2026-10-01", "2026-10-31", "backup-missed")
			test.do.Actor = "Ann"
			if err := f.data.State.Findings.Triage(t.Context(),
				state.FindingID("backup-missed", "acme", "acme-backups", "nightly window 22:00-06:00"), test.do, noon); err != nil {
				t.Fatal(err)
			}
			f.data.Program = "2"
			at := noon
			if test.late {
				f.at("2026-10-20T23:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=1", "agent=Veeam/1")
				f.storeAt("file:logs", noon.Add(time.Hour))
			} else { // a version that asks for nothing
				for _, s := range f.data.Catalog.Checks {
					if s.Name == "backup-missed" {
						s.sql = "select * from (" + s.sql + ") where false"
					}
				}
			}
			if _, err := f.open("acme", "2026-10-01", "2026-10-31").Check(t.Context(), at.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			same(t, "backup-missed", f.days("backup-missed"), test.want)
		})
	}
}
