package attack

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// nights are the ways in which a case happens in time.
var nights = []struct {
	name string
	days func(*month) []time.Time
}{
	{"day-1", func(m *month) []time.Time { return []time.Time{m.d(1)} }},
	{"day-21", func(m *month) []time.Time { return []time.Time{m.d(21)} }},
	{"day-31", func(m *month) []time.Time { return []time.Time{m.d(31)} }},
	{"all-month", func(m *month) []time.Time { return m.days() }},
	{"always", func(m *month) []time.Time { return m.span() }},
}

// noBackups are nights in which something was written, or asked for, that is no backup.
func noBackups() (list []attack) {
	// add makes a case for each of the named ways, all where there are none.
	add := func(name, says string, on func() *month, do func(m *month, days []time.Time), ways string, shows ...string) {
		for _, n := range nights {
			if ways != "" && !strings.Contains(" "+ways+" ", " "+n.name+" ") {
				continue
			}
			list = append(list, attack{name: name + "-" + n.name, says: says, on: on,
				do: func(m *month) { do(m, n.days(m)) }, shows: shows})
		}
	}
	one := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	// instead changes the records of the nights.
	instead := func(how func(*record)) func(*month, []time.Time) {
		return func(m *month, days []time.Time) { m.alter(nightOf(days...), how) }
	}
	gone := func(m *month, days []time.Time) { m.drop(nightOf(days...)) }
	add("no-backup", "no object was written", plain, gone, "", "backup-missed")
	add("no-backup-ten", "no object was written, where ten are asked for", ten, gone, "day-21", "backup-missed")
	one("no-backup-in-skipped-hour", "no backup ran on the night whose window clocks skip",
		func() *month { return plainIn("Europe/Berlin", "2026-03", "02:00", "03:00", 2, 0) },
		func(m *month) { gone(m, []time.Time{m.d(29)}) }, "night 29 missed")
	one("no-backup-in-double-hour", "no backup ran on the night whose hour comes twice",
		func() *month { return plainIn("America/Chicago", "2025-11", "01:00", "03:00", 1, 15) },
		func(m *month) { gone(m, []time.Time{m.d(2)}) }, "night 2 missed")
	one("no-backup-beirut-midnight", "no backup ran in a window that the change skips",
		func() *month { return plainIn("Asia/Beirut", "2026-03", "00:00", "00:30", 0, 0) },
		func(m *month) { gone(m, []time.Time{m.d(29)}) }, "night 29 missed")
	one("no-backup-lord-howe", "no backup ran where clocks skip half an hour",
		func() *month { return plainIn("Australia/Lord_Howe", "2026-10", "02:00", "02:30", 2, 10) },
		func(m *month) { gone(m, []time.Time{m.d(4)}) }, "night 4 missed")
	one("one-backup-for-two-windows", "one backup, at the moment of the change, can't be that of two days",
		func() *month { return plainIn("Asia/Beirut", "2026-03", "00:00", "00:00", 1, 5) },
		func(m *month) { gone(m, []time.Time{m.d(28)}) }, "night 28 missed")
	one("no-backup-on-a-workday", "no backup ran on a Thursday", weekdays,
		func(m *month) { gone(m, []time.Time{m.d(15)}) }, "backup-missed")
	one("no-backup-office-saturday", "no backup ran on a Saturday, whose log is as quiet as usual", office, func(m *month) {
		gone(m, []time.Time{m.d(17)})
		m.head(m.at(m.d(17), 23, 0), "veeam/a.vbk")
	}, "backup-missed")

	add("uploads-begun", "uploads were begun and never completed", plain,
		instead(func(r *record) { r.op, r.query, r.size = "REST.POST.UPLOADS", "?uploads", -1 }), "", "backup-missed")
	add("upload-parts-only", "all parts were written, and the upload was never completed", multipartMonth,
		func(m *month, days []time.Time) {
			in := nightOf(days...)
			m.drop(func(r *record) bool { return in(r) && r.op == "REST.POST.UPLOAD" })
		}, "day-21 all-month", "backup-missed")
	add("uploads-aborted", "the uploads were aborted", multipartMonth, instead(func(r *record) {
		if r.op == "REST.POST.UPLOAD" {
			r.op, r.status, r.size = "REST.DELETE.UPLOAD", 204, -1
		}
	}), "day-21 always", "backup-missed")
	for _, c := range []struct {
		status int
		fault  string
	}{{400, "InvalidPart"}, {500, "InternalError"}, {200, "InternalError"}} {
		add(fmt.Sprintf("completions-fail-%d", c.status), "the completion of each upload failed", multipartMonth,
			instead(func(r *record) {
				if r.op == "REST.POST.UPLOAD" {
					r.status, r.fault, r.size = c.status, c.fault, -1
				}
			}), "day-21", "backup-missed")
	}
	add("ok-with-error", "each write was answered 200 with an error", plain,
		instead(func(r *record) { r.fault = "InternalError" }), "day-1 day-21 all-month", "backup-missed")
	for _, status := range []int{307, 403, 409, 412, 500, 503} {
		add(fmt.Sprintf("writes-answered-%d", status), "no write succeeded", plain,
			instead(func(r *record) { r.status, r.size = status, -1 }), "day-21", "backup-missed")
	}
	add("empty-objects", "all objects are empty", plain, instead(func(r *record) { r.size = 0 }), "", "backup-missed")
	add("tiny-objects", "ten objects of one byte are no backup of a hundred megabytes", plain,
		instead(func(r *record) { r.size = 1 }), "day-1 day-21 day-31", "backup-volume")
	add("one-object-of-ten", "one object of ten was written", plain, func(m *month, days []time.Time) {
		in := nightOf(days...)
		m.drop(func(r *record) bool { return in(r) && !strings.HasSuffix(r.key, "/3.vbk") })
	}, "day-1 day-21 day-31 all-month")
	add("five-objects-of-ten", "five objects were written, where ten are asked for", ten, func(m *month, days []time.Time) {
		in := nightOf(days...)
		m.drop(func(r *record) bool { return in(r) && r.at.Second()%2 == 0 })
	}, "day-21", "backup-missed")
	add("lock-only", "nothing but a lock file was written", resticMonth, func(m *month, days []time.Time) {
		in := nightOf(days...)
		m.drop(func(r *record) bool { return in(r) && !strings.Contains(r.key, "/locks/") })
	}, "day-21 all-month", "backup-missed")
	for _, name := range []string{".lock", ".lck", ".tmp", ".partial"} {
		add("only-"+name[1:]+"-files", "nothing but "+name+" files was written", plain,
			instead(func(r *record) { r.key += name }), "day-21", "backup-missed")
	}
	add("other-prefix", "the backup went outside the approved prefix", plain,
		instead(func(r *record) { r.key = "old/" + r.key }), "day-1 day-21 all-month", "backup-missed", "unapproved-prefix")
	add("prefix-look-alike", "veeam-old/ is not veeam/", plain,
		instead(func(r *record) { r.key = "veeam-old" + strings.TrimPrefix(r.key, "veeam") }), "day-21",
		"backup-missed", "unapproved-prefix")
	add("prefix-other-case", "Veeam/ is not veeam/", plain, instead(func(r *record) { r.key = "V" + r.key[1:] }),
		"day-21", "backup-missed", "unapproved-prefix")
	add("prefix-of-other-job", "one job's backup lies in the prefix of the other, its own has none", twoJobs, instead(func(r *record) {
		if strings.HasPrefix(r.key, "files/") {
			r.key = "veeam/" + r.key
		}
	}), "day-21")
	add("copies-onto-themselves", "each object was only copied onto itself", plain, func(m *month, days []time.Time) {
		for _, d := range days {
			for i, r := range m.of(d) {
				r.key, r.op = fmt.Sprintf("veeam/%s/%d.vbk", day(d.AddDate(0, 0, -3)), i), "REST.COPY.OBJECT"
				m.add(record{at: r.at.Add(-time.Second), op: "REST.COPY.OBJECT_GET", key: r.key, size: r.size, sent: -1, status: 200})
			}
		}
	}, "day-21 all-month", "backup-missed")
	add("one-key-again-and-again", "one key was written ten times, where ten objects are asked for", ten,
		instead(func(r *record) { r.key = r.key[:len("veeam/2026-10-01/")] + "0.vbk" }),
		"day-1 day-21 all-month", "backup-missed")
	add("one-key-a-thousand-times", "one key was written a thousand times", ten, func(m *month, days []time.Time) {
		for _, d := range days {
			at := m.of(d)[0].at
			m.drop(nightOf(d))
			for i := range 1000 {
				m.put(at.Add(time.Duration(i)*time.Second), "veeam/"+day(d)+"/0.vbk", 10*mib/100)
			}
		}
	}, "day-21", "backup-missed")
	failing := func(status int, fault string) func(*month, []time.Time) {
		return func(m *month, days []time.Time) {
			in := nightOf(days...)
			m.alter(func(r *record) bool { return in(r) && !strings.HasSuffix(r.key, "/0.vbk") },
				func(r *record) { r.status, r.fault, r.size = status, fault, -1 })
		}
	}
	add("nine-of-ten-refused", "nine of ten writes were refused", plain, failing(403, "AccessDenied"), "day-1 day-21 all-month")
	add("nine-of-ten-fail", "nine of ten writes failed", plain, failing(503, "SlowDown"), "day-21 day-31 always")
	add("nine-of-ten-fail-among-probes", "nine of ten writes failed, among a thousand probes", plain, func(m *month, days []time.Time) {
		failing(500, "InternalError")(m, days)
		for _, d := range days {
			for i := range 1000 {
				m.head(m.at(d, 1, 5).Add(time.Duration(i)*time.Second), fmt.Sprintf("veeam/%s/%d.vbk", day(d), i))
			}
		}
	}, "day-21")
	add("one-of-ten-fails-for-good", "one object of ten failed each time it was tried", plain, func(m *month, days []time.Time) {
		in := nightOf(days...)
		m.alter(func(r *record) bool { return in(r) && strings.HasSuffix(r.key, "/7.vbk") },
			func(r *record) { r.status, r.fault, r.size = 500, "InternalError", -1 })
	}, "day-21")

	for _, c := range []struct{ name, who string }{{"admin", admin}, {"restore", restore}, {"audit", audit},
		{"stranger", unknown}, {"anonymous", "-"}} {
		add("written-by-"+c.name, "the backup was not written by the backup role", plain,
			instead(func(r *record) { r.who = c.who }), "day-21")
	}
	add("written-by-look-alike", "BackupRole2 is not the backup role", plain,
		instead(func(r *record) { r.who = strings.Replace(backup, "BackupRole/", "BackupRole2/", 1) }), "day-21 all-month")
	add("written-from-other-account", "the role of that name is one of another account", plain,
		instead(func(r *record) { r.who = strings.Replace(backup, account, "999988887777", 1) }), "day-21")
	add("after-the-window", "the backup began when its window was over", plain,
		instead(func(r *record) { r.at = r.at.Add(4 * time.Hour) }), "day-1 day-21 day-31", "backup-missed", "off-window-write")
	add("before-the-window", "the backup was over before its window began", plainLate,
		instead(func(r *record) { r.at = r.at.Add(-4 * time.Hour) }), "day-21", "backup-missed", "off-window-write")

	stops := func(which func(*record) bool) func(*month) {
		return func(m *month) {
			m.drop(func(r *record) bool { return r.night != "" && !r.at.Before(m.d(10)) && which(r) })
		}
	}
	files := func(r *record) bool { return strings.HasPrefix(r.key, "files/") }
	one("one-prefix-stops", "one of two jobs stopped on the tenth, for good", twoJobs, stops(files))
	one("one-prefix-fails-once", "one of two jobs wrote nothing in a night", twoJobs, func(m *month) {
		m.drop(func(r *record) bool { return r.night == day(m.d(20)) && files(r) })
	})
	one("one-role-stops", "one of two backup roles stopped on the tenth, for good", twoRoles,
		stops(func(r *record) bool { return r.who == second }))
	one("one-role-fails-last-night", "one of two backup roles wrote nothing in the last night", twoRoles, func(m *month) {
		m.drop(func(r *record) bool { return r.night == day(m.d(31)) && r.who == second })
	})
	one("one-folder-stops", "one of the folders that are written every night stopped on the tenth", foldered,
		stops(func(r *record) bool { return strings.HasPrefix(r.key, "veeam/mail/") }))
	one("one-bucket-stops", "the second bucket has had no backup since the tenth", twoBuckets,
		stops(func(r *record) bool { return r.bucket == "acme-files" }), "backup-missed")
	one("one-bucket-fails-once", "the second bucket had no backup in a night", twoBuckets,
		func(m *month) { m.drop(func(r *record) bool { return r.night == "files "+day(m.d(20)) }) }, "backup-missed")
	one("one-bucket-too-little", "the second bucket got one object, where two are asked for", twoBuckets, func(m *month) {
		m.drop(func(r *record) bool { return r.night == "files "+day(m.d(20)) && !strings.HasSuffix(r.key, "/0") })
	}, "backup-missed")
	one("no-backup-principal", "nobody in the mapping is the backup", plain, func(m *month) { m.principals[0].role = "service" })
	one("no-mapping", "nobody says who is who", plain, func(m *month) { m.principals = nil })
	one("weekly-full-missing", "a Sunday's full backup was as small as an incremental one", weeklyFull, func(m *month) {
		m.alter(nightOf(m.d(18)), func(r *record) { r.size = 2 * mib })
	})
	one("a-third-of-the-bytes", "a night wrote less than a third of what it always writes", plain,
		func(m *month) { m.alter(nightOf(m.d(20)), func(r *record) { r.size = 3 * mib }) }, "backup-volume")
	one("a-tenth-from-the-tenth-on", "from the tenth on nights write a tenth", plain, func(m *month) {
		m.alter(func(r *record) bool { return r.night != "" && !r.at.Before(m.d(10)) }, func(r *record) { r.size = mib })
	}, "backup-volume")
	one("ten-times-the-bytes", "a night wrote ten times as much, as encrypted data that can't be deduplicated does", plain,
		func(m *month) { m.alter(nightOf(m.d(20)), func(r *record) { r.size = 100 * mib }) }, "backup-volume")
	return list
}

// plainLate is plain with the backup at six and a window from five to eight.
func plainLate() *month { return plainIn("UTC", "2026-10", "05:00", "08:00", 6, 0) }

// foldered writes into three folders each night.
func foldered() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		for i, folder := range []string{"files", "mail", "sql"} {
			for k := range 4 {
				m.put(m.at(d, 1, 10*i+k), fmt.Sprintf("veeam/%s/%s-%d.vbk", folder, day(d), k), 5*mib).night = day(d)
			}
		}
	}
	return m
}

// slow are changes of which no night stands out.
func slow() (list []attack) {
	add := func(name, says string, factor float64, days int) {
		list = append(list, attack{name: name, says: says, on: func() *month { return trend(factor, days) }})
	}
	add("shrinks-3-percent", "an eighth is left after ten weeks", 0.97, 68)
	add("shrinks-2-percent", "a quarter is left after ten weeks", 0.98, 68)
	add("shrinks-5-percent", "each night is five percent smaller than the one before", 0.95, 62)
	add("grows-3-percent", "the nights have become eight times as large", 1.03, 68)
	add("shrinks-over-five-months", "in five months nine tenths were lost, a percent and a half each night", math.Pow(0.1, 1.0/150), 150)
	return list
}
