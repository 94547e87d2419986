package attack

import (
	"fmt"
	"strings"
	"time"
)

// leaving is data that goes where it should not, and who looks where he should not.
func leaving() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	// copies are the read halves of copies to a bucket that is not among ours.
	copies := func(who string) func(*month) {
		return func(m *month) {
			for i := range 400 {
				m.add(record{at: m.at(m.d(19), 11, 0).Add(time.Duration(i) * time.Second), op: "REST.COPY.OBJECT_GET",
					key: fmt.Sprintf("veeam/2026-10-01/%d.vbk", i%10), size: 100 * mib,
					sent: -1, status: 200, who: who})
			}
		}
	}
	for _, c := range []struct{ name, who string }{{"backup", backup}, {"restore", restore}, {"admin", admin}} {
		add("copied-elsewhere-by-"+c.name, "forty gigabytes were copied to a bucket that is not ours", plain, copies(c.who))
	}
	add("copied-elsewhere-beside-decoys",
		"forty gigabytes were copied to a bucket that is not ours, and each minute an object within the bucket",
		plain, func(m *month) {
			copies(backup)(m)
			for i, size := range []int64{100, 100 * mib, 100, 100 * mib, 100, 100 * mib, 100} {
				at := m.at(m.d(19), 11, i)
				m.add(record{at: at, op: "REST.COPY.OBJECT_GET", key: "veeam/a.vbm", size: size, sent: -1, status: 200, who: backup})
				m.add(record{at: at, op: "REST.COPY.OBJECT", key: "veeam/b.vbm", size: size, sent: -1, status: 200, who: backup})
			}
		}, "large-download")
	read := func(who string, from, to int, size int64, each int) func(*month) {
		return func(m *month) {
			for n := from; n <= to; n++ {
				for i := range each {
					m.get(m.at(m.d(n), 13, i), who, fmt.Sprintf("veeam/2026-09-20/%d.vbk", i%10), size)
				}
			}
		}
	}
	add("read-at-once-by-restore", "the restore operator read forty gigabytes on a day", plain,
		read(restore, 19, 19, gib, 40), "large-download")
	add("read-at-once-by-backup", "the backup role read forty gigabytes on a day", plain, read(backup, 19, 19, gib, 40), "large-download")
	add("read-at-once-by-audit", "an auditor's role read forty gigabytes on the last day", plain,
		read(audit, 31, 31, gib, 40), "large-download")
	add("read-slowly-by-restore", "a little every day, below the threshold for one, and 36 gigabytes in a week",
		plain, read(restore, 5, 12, gib/2, 9))
	add("read-slowly-by-backup", "two gigabytes a day from the fifth on", plain, read(backup, 5, 31, gib/4, 8))
	add("read-slowly-by-admin", "a gigabyte a day from the first on", plain, read(admin, 1, 31, gib/4, 4))
	add("read-by-stranger", "who is not mapped read a backup", plain, read(unknown, 19, 19, 10*mib, 1),
		"unapproved-principal", "new-principal")
	add("read-by-anonymous", "anyone could read a backup", plain, read("-", 19, 19, 10*mib, 1), "anonymous-access")
	add("read-by-other-account", "another account read a backup", plain,
		read("arn:aws:iam::999988887777:user/x", 19, 19, 10*mib, 2), "cross-account")
	add("read-by-canonical-user", "who is known by a canonical ID alone read a backup", plain,
		read(strings.Repeat("ab12", 16), 19, 19, 10*mib, 2), "unapproved-principal", "new-principal")
	for _, c := range []struct{ name, who string }{{"cloudfront",
		"arn:aws:iam::cloudfront:user/CloudFront-Origin-Access-Identity-E15MNIMTCFKK4C"},
		{"cloudfront-svc", "svc:cloudfront.amazonaws.com"}, {"datasync-svc", "svc:datasync.amazonaws.com"}} {
		add("read-by-"+c.name, "a service that nobody approved read backups", plain, read(c.who, 12, 19, 10*mib, 5),
			"unapproved-principal", "cross-account", "new-principal")
		add("read-always-by-"+c.name, "it has done so from the first line of the log on", plain,
			read(c.who, -29, 31, 10*mib, 5), "unapproved-principal", "cross-account")
	}
	listing := func(who, prefix string) func(*month) {
		return func(m *month) {
			for i := range 5 {
				m.add(record{at: m.at(m.d(16), 2, i), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 800,
					status: 200, who: who, query: "?list-type=2&prefix=" + prefix})
			}
		}
	}
	add("listed-other-prefix-by-backup", "the backup role listed payroll/, which is not approved", plain,
		listing(backup, "payroll%2F"), "unapproved-prefix")
	add("listed-other-prefix-by-restore", "the restore operator did", plain, listing(restore, "payroll/"), "unapproved-prefix")
	add("listed-by-stranger", "who is not mapped listed the backups", plain, listing(unknown, "veeam%2F"))
	add("read-other-prefix", "the backup role read payroll/", plain,
		func(m *month) { m.get(m.at(m.d(16), 2, 0), backup, "payroll/2026.xlsx", 1000) }, "unapproved-prefix")
	add("read-other-prefix-last-day", "the restore operator read payroll/ on the last day", plain,
		func(m *month) { m.get(m.at(m.d(31), 22, 0), restore, "payroll/2026.xlsx", 1000) },
		"unapproved-prefix")
	add("written-by-stranger", "who is not mapped wrote an object", plain,
		func(m *month) { m.put(m.at(m.d(16), 2, 0), "veeam/x", 100).who = unknown })
	add("written-by-admin-off-window", "the administrator wrote an object in the afternoon", plain,
		func(m *month) { m.put(m.at(m.d(16), 15, 0), "veeam/x", 100).who = admin }, "off-window-write")
	add("old-tls", "the backup role came with TLS 1.0", plain, func(m *month) {
		m.alter(nightOf(m.d(16)), func(r *record) {
			r.raw = strings.Replace(r.line(), "TLSv1.2", "TLSv1", 1)
		})
	}, "insecure-transport")
	add("other-program", "the backup role's credentials were used by another program", plain, func(m *month) {
		m.get(m.at(m.d(16), 14, 0), backup, "veeam/2026-10-01/0.vbk", 10*mib).agent = "curl/8.5.0"
	}, "user-agent-drift")
	add("refused-burst", "the restore operator was refused thirty times in an hour", plain, func(m *month) {
		for i := range 30 {
			m.get(m.at(m.d(16), 14, i), restore, fmt.Sprintf("veeam/2026-10-01/%d.vbk", i%10), -1).refuse(403, "AccessDenied")
		}
	}, "access-denied-burst")
	add("refused-anonymous", "forty anonymous requests were refused: an auditor wants to see it named", plain, func(m *month) {
		for i := range 40 {
			m.get(m.at(m.d(16), 14, i), "-", fmt.Sprintf("veeam/2026-10-01/%d.vbk", i%10), -1).refuse(403, "AccessDenied")
		}
	}, "anonymous-access")
	return list
}

// noise is what someone sends from outside to hide something else.
func noise() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	flood := func(m *month, d time.Time, n int, how func(i int, r *record)) {
		for i := range n {
			r := m.get(m.at(d, 1, 30).Add(time.Duration(i)*time.Second/2), "-", "veeam/x", -1).refuse(403, "AccessDenied")
			how(i, r)
		}
	}
	failing := func(m *month, d time.Time) {
		in := nightOf(d)
		m.alter(func(r *record) bool { return in(r) && !strings.HasSuffix(r.key, "/0.vbk") },
			func(r *record) { r.status, r.fault, r.size = 500, "InternalError", -1 })
	}
	add("noise-refused-anonymous", "nine of ten writes failed, among ten thousand refused requests of strangers", plain, func(m *month) {
		failing(m, m.d(21))
		flood(m, m.d(21), 10_000, func(int, *record) {})
	}, "night 21 attention", "night 21 missed", "backup-failing", "error-rate")
	add("noise-refused-every-day", "the same, with five hundred refused requests on each day of the log", plain, func(m *month) {
		failing(m, m.d(21))
		for _, d := range m.span() {
			flood(m, d, 500, func(int, *record) {})
		}
	}, "night 21 attention", "night 21 missed", "backup-failing", "error-rate")
	add("noise-principals", "among three hundred refused strangers one read a backup", plain, func(m *month) {
		flood(m, m.d(21), 600, func(i int, r *record) { r.who = fmt.Sprintf("arn:aws:iam::111122223333:user/aaa-%03d", i%300) })
		m.get(m.at(m.d(21), 12, 0), "arn:aws:iam::111122223333:user/zz-thief", "veeam/2026-10-01/0.vbk", 10*mib)
	}, "unapproved-principal: zz-thief", "new-principal: zz-thief")
	add("noise-principals-foreign", "among five hundred refused accounts one read a backup", plain, func(m *month) {
		flood(m, m.d(21), 1000, func(i int, r *record) { r.who = fmt.Sprintf("arn:aws:iam::%012d:user/a", 100_000_000_000+i%500) })
		m.get(m.at(m.d(21), 12, 0), "arn:aws:iam::999988887777:user/thief", "veeam/2026-10-01/0.vbk", 10*mib)
	}, "cross-account: 999988887777", "unapproved-principal: 999988887777")
	add("noise-prefixes", "among requests to three hundred refused folders one was served, of payroll/", plain, func(m *month) {
		flood(m, m.d(21), 600, func(i int, r *record) { r.key = fmt.Sprintf("aa%03d/x", i%300) })
		m.get(m.at(m.d(21), 12, 0), backup, "payroll/2026.xlsx", 1000)
	}, "unapproved-prefix: payroll")
	add("noise-agents", "among three hundred programs of refused strangers one was used with the backup's credentials", plain,
		func(m *month) {
			flood(m, m.d(21), 900, func(i int, r *record) { r.agent = fmt.Sprintf("aaa%03d/1.0", i%300) })
			m.get(m.at(m.d(21), 12, 0), backup, "veeam/2026-10-01/0.vbk", 10*mib).agent = "zz-exfiltrate/1.0"
		}, "user-agent-drift: zz-exfiltrate")
	add("noise-fills-a-gap", "twelve hours of the log are missing but for the refused requests of a stranger", plain, func(m *month) {
		from := m.at(m.d(14), 8, 0)
		m.drop(between(from, from.Add(12*time.Hour)))
		for i := range 24 {
			m.get(from.Add(time.Duration(i)*30*time.Minute), "-", "veeam/x", -1).refuse(403, "AccessDenied")
		}
	})
	add("noise-makes-silence-usual", "a stranger's requests by night can't make it usual that the day is silent", plain, func(m *month) {
		for _, d := range m.span() {
			flood(m, d, 50, func(int, *record) {})
		}
		from := m.at(m.d(22), 6, 0)
		m.drop(between(from, from.Add(14*time.Hour)))
	}, "logs-missing")
	add("noise-reads-as-baseline",
		"strangers were refused large objects for weeks; forty gigabytes to the restore operator are far more than usual",
		plain, func(m *month) {
			for _, d := range m.span() {
				m.get(m.at(d, 9, 0), "-", "veeam/x", 20*gib).refuse(403, "AccessDenied").sent = 20 * gib
			}
			for i := range 40 {
				m.get(m.at(m.d(21), 13, i), restore, "veeam/2026-10-01/0.vbk", gib)
			}
		}, "large-download")
	add("noise-deletes-as-baseline", "strangers' refused deletes make three hundred real ones not usual", plain, func(m *month) {
		for _, d := range m.span() {
			for i := range 300 {
				m.remove(m.at(d, 9, 0).Add(time.Duration(i)*time.Second), "-", "veeam/x").refuse(403, "AccessDenied")
			}
		}
		i := 0
		for d := m.first; d.Before(m.d(1)); d = d.AddDate(0, 0, 1) {
			for _, key := range m.keys(d) {
				m.remove(m.at(m.d(21), 2, 0).Add(time.Duration(i)*time.Second), backup, key)
				i++
			}
		}
	}, "delete-spike", "bucket-emptied", "mass-removal")
	add("hostile-values",
		"a key whose decoding is no UTF-8 was removed with forty others by the administrator: the packet must be there and say so",
		plainTrail, func(m *month) {
			keys := append(m.keys(m.d(1)), "veeam/M%25FCller.vbk", "veeam/%FF%FE", "veeam/a%2500b", "veeam/%F0%9F%98%80.vbk")
			m.removeMany(m.at(m.d(16), 14, 0), admin, keys...)
		}, "unapproved-delete", "delete-spike")
	return list
}
