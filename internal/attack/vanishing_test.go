package attack

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// vanishing are attempts to make evidence disappear that was there.
func vanishing() (list []attack) {
	// later changes the configuration, or what lies there, once the checks have told.
	later := func(name, says string, on func() *month, do func(*month), change func(*world), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows, run: func(w *world) {
			w.run("collect")
			w.check()
			change(w)
			w.run("collect", "--full")
			w.report()
		}})
	}
	configure := func(how func(*month)) func(*world) {
		return func(w *world) {
			how(w.m)
			if err := w.m.writeConfig(w.dir); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	payroll := func(m *month) { m.get(m.at(m.d(16), 2, 0), backup, "payroll/2026.xlsx", 1000) }
	stranger := func(m *month) { m.get(m.at(m.d(16), 14, 0), unknown, "veeam/2026-10-01/0.vbk", 10*mib) }
	later("approved-afterwards-prefix", "a prefix was approved after the check had told", plain, payroll,
		configure(func(m *month) { m.buckets[0].prefixes = append(m.buckets[0].prefixes, "payroll/") }), "unapproved-prefix")
	later("approved-afterwards-everything", "every prefix was approved after the check had told", plain, payroll,
		configure(func(m *month) { m.buckets[0].prefixes = []string{""} }), "unapproved-prefix")
	later("approved-afterwards-principal", "a principal was approved after the check had told", plain, stranger,
		configure(func(m *month) {
			m.principals = append(m.principals,
				principal{unknown, "Contractor", "restore"})
		}), "unapproved-principal", "new-principal")
	later("approved-afterwards-as-backup", "who had removed old backups became a backup principal", plain, func(m *month) {
		for i, key := range m.keys(m.d(1)) {
			m.remove(m.at(m.d(16), 2, i), unknown, key)
		}
	}, configure(func(m *month) { m.principals = append(m.principals, principal{unknown, "Contractor", "backup"}) }))
	later("window-widened-afterwards", "the window was widened once a backup had come too late", plain, func(m *month) {
		m.alter(nightOf(m.d(21)), func(r *record) { r.at = r.at.Add(9 * time.Hour) })
	}, configure(func(m *month) { m.buckets[0].end = "12:00" }), "backup-missed")
	later("min-objects-lowered-afterwards", "fewer objects were asked for once there had been too few", ten, func(m *month) {
		m.drop(func(r *record) bool { return r.night == day(m.d(21)) && strings.HasSuffix(r.key, "/5.vbk") })
	}, configure(func(m *month) { m.buckets[0].min = 1 }), "backup-missed")
	later("threshold-raised-afterwards", "the threshold of deletions was raised once it was passed", plain, func(m *month) {
		i := 0
		for d := m.first; d.Before(m.first.AddDate(0, 0, 12)); d = d.AddDate(0, 0, 1) {
			for _, key := range m.keys(d) {
				m.remove(m.at(m.d(20), 2, 0).Add(time.Duration(i)*time.Second), backup, key)
				i++
			}
		}
	}, configure(func(m *month) { m.checks = "delete_spike = 100000" }), "delete-spike")
	later("accounts-widened-afterwards", "another account was made the tenant's own after it had read", plain, func(m *month) {
		m.get(m.at(m.d(16), 14, 0), "arn:aws:iam::999988887777:user/x", "veeam/2026-10-01/0.vbk", 10*mib)
	}, configure(func(m *month) {
		m.principals = append(m.principals, principal{"arn:aws:iam::999988887777:user/x", "Partner", "restore"})
	}))
	later("agents-widened-afterwards", "every program was expected after one had been told of", plain, func(m *month) {
		m.get(m.at(m.d(16), 14, 0), backup, "veeam/2026-10-01/0.vbk", 10*mib).agent = "curl/8.5.0"
	}, configure(func(m *month) { m.agents = []string{"*"} }), "user-agent-drift")
	later("weekday-removed-afterwards", "Wednesdays were taken out of the window after one had been missed", plain,
		func(m *month) { m.drop(nightOf(m.d(21))) },
		configure(func(m *month) { m.buckets[0].days = []string{"mon", "tue", "thu", "fri", "sat", "sun"} }), "backup-missed")
	later("bucket-left-afterwards", "a bucket whose backup had been missed left the configuration", twoBuckets, func(m *month) {
		m.drop(func(r *record) bool { return r.night == "files "+day(m.d(20)) })
	}, configure(func(m *month) { m.buckets = m.buckets[:1] }))
	log := func(how func(w *world, path string)) func(*world) {
		return func(w *world) {
			paths, err := filepath.Glob(filepath.Join(w.dir, "logs", main, "2026-10-17-*"))
			if err != nil || len(paths) == 0 {
				w.t.Fatalf("no log object: %v", err)
			}
			how(w, paths[0])
		}
	}
	later("log-object-changed", "a log object was changed after it was collected", plain, nil, log(func(w *world, path string) {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "REST.HEAD", "REST.GET")), 0o644)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}), "log-object-changed")
	list = append(list, attack{name: "harmless-logs-elsewhere", ok: true,
		says: "in the middle of the month logs go to another place; the packet names the objects of both", on: plain,
		run: func(w *world) {
			w.m.drop(func(r *record) bool { return !r.at.Before(w.m.d(16)) })
			later := plain()
			later.drop(func(r *record) bool { return r.at.Before(w.m.d(16)) })
			if err := os.RemoveAll(filepath.Join(w.dir, "logs")); err != nil {
				w.t.Fatal(err)
			}
			w.rewrite()
			w.run("collect")
			later.buckets[0].logs = "new/logs/" + main
			if err := later.writeLogs(filepath.Join(w.dir, "new")); err != nil {
				w.t.Fatal(err)
			}
			if err := later.writeConfig(w.dir); err != nil {
				w.t.Fatal(err)
			}
			w.run("collect")
			w.check()
			w.report()
			if w.Sources.LogObjects != 31 {
				w.t.Errorf("the packet names %d log objects of 31", w.Sources.LogObjects)
			}
		}})
	return append(list, shared()...)
}

// shared are attacks in a bucket of two tenants: what one of them does to the bucket itself
// concerns the other.
func shared() (list []attack) {
	const theirs = "arn:aws:iam::222233334444:user/beta-admin"
	two := func() *month {
		m := plain()
		m.others = `
[[tenant]]
id = "beta"
name = "Beta Foods"
accounts = ["222233334444"]
user_agents = ["*VeeamBackup*"]
  [[tenant.bucket]]
  name = "acme-backups"
  logs = "file:logs/acme-backups"
  prefixes = ["beta/"]
  window = { start = "00:00", end = "04:00" }
  [[tenant.principal]]
  match = "arn:aws:sts::222233334444:assumed-role/BackupRole/*"
  name = "Backup of Beta"
  role = "backup"
  [[tenant.principal]]
  match = "arn:aws:iam::222233334444:user/beta-admin"
  name = "Administrator of Beta"
  role = "admin"
`
		for _, d := range m.span() {
			for i := range 5 {
				m.put(m.at(d, 2, i), "beta/"+day(d)+string(rune('a'+i)),
					7*mib).who = "arn:aws:sts::222233334444:assumed-role/BackupRole/veeam"
			}
		}
		return m
	}
	for _, c := range []struct{ name, op, query string }{{"policy", "REST.PUT.BUCKETPOLICY", "?policy"},
		{"versioning", "REST.PUT.VERSIONING", "?versioning"},
		{"logging", "REST.PUT.LOGGING_STATUS", "?logging"}, {"lifecycle", "REST.PUT.LIFECYCLE", "?lifecycle"}} {
		list = append(list, attack{name: "shared-" + c.name, says: "another tenant of the bucket changed its " +
			c.name + ", which is ours, too", on: two,
			do:    func(m *month) { m.configure(m.at(m.d(16), 11, 0), theirs, c.op, c.query, "") },
			shows: []string{"bucket-configuration-changed"}})
	}
	list = append(list,
		attack{name: "clean-shared", says: "two tenants of one bucket, each in its prefix", on: two, ok: true},
		attack{name: "shared-reads-ours", says: "another tenant's administrator read our backup", on: two, do: func(m *month) {
			m.get(m.at(m.d(16), 11, 0), theirs, m.keys(m.d(3))[0], 10*mib)
		}},
		attack{name: "shared-deletes-ours", says: "another tenant's administrator deleted our backups", on: two, do: func(m *month) {
			for i, key := range m.keys(m.d(3)) {
				m.remove(m.at(m.d(16), 11, i), theirs, key)
			}
		}},
		attack{name: "harmless-shared-theirs", says: "another tenant's administrator read and removed what is theirs",
			on: two, ok: true, do: func(m *month) {
				m.get(m.at(m.d(16), 11, 0), theirs, "beta/2026-10-03a", 7*mib)
				m.remove(m.at(m.d(16), 11, 1), theirs, "beta/2026-10-03a")
			}})
	return list
}
