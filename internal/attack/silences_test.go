package attack

import (
	"fmt"
	"time"
)

// silences are attacks on the access log: what is missing must be said. The backup of the
// night stays, unless a case says otherwise.
func silences() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	gap := func(n, from, hours int) func(*month) {
		return func(m *month) {
			at := m.at(m.d(n), from, 0)
			m.drop(between(at, at.Add(time.Duration(hours)*time.Hour)))
		}
	}
	for _, n := range []int{1, 14, 31} {
		add(fmt.Sprintf("gap-12h-day-%d", n), "twelve hours of a bucket that is never silent for one are missing", plain, gap(n, 8, 12),
			fmt.Sprintf("day %d unknown", n))
	}
	add("gap-17h-day-14", "seventeen hours are missing by day", plain, gap(14, 5, 17), "day 14 unknown")
	add("gap-8h-day-20", "eight hours are missing by day", plain, gap(20, 9, 8), "day 20 unknown")
	add("gap-12h-busy", "twelve hours of 32 records each are missing", busy, gap(14, 8, 12), "day 14 unknown")
	add("gap-17h-busy", "seventeen hours of 32 records each are missing", busy, gap(27, 6, 17), "day 27 unknown")
	add("gap-6h-busy", "six hours of 32 records each are missing", busy, gap(9, 6, 6), "day 9 unknown")
	add("gap-over-month-begin", "the log lacks the evening before the month and its first ten hours but the backup",
		plain, func(m *month) {
			from := m.at(m.d(1), -6, 0)
			m.drop(func(r *record) bool { return r.night == "" && between(from, from.Add(16*time.Hour))(r) })
		})
	add("gap-over-clock-change", "fourteen hours are missing across a change of clocks",
		func() *month { return plainIn("America/Chicago", "2025-11", "02:00", "06:00", 4, 0) },
		gap(1, 14, 14))
	add("gap-lord-howe", "twelve hours are missing where clocks skip half an hour",
		func() *month { return plainIn("Australia/Lord_Howe", "2026-10", "01:30", "03:30", 2, 40) }, gap(4, 6, 12))
	add("gap-23h-office-tuesday", "a whole workday of the office is missing, between two backups", office, gap(13, 0, 22), "day 13 unknown")
	add("gap-office-workhours", "the ten working hours of a Wednesday are missing", office, gap(14, 8, 10), "day 14 unknown")
	add("gap-office-friday", "the working hours of a Friday are missing: only weekends are quiet", office, gap(16, 7, 13), "day 16 unknown")
	add("gap-office-every-workday", "the working hours of all workdays of the month are missing", office, func(m *month) {
		m.drop(func(r *record) bool { return r.night == "" && !r.at.Before(m.d(1)) })
	})
	add("gap-16h-every-day", "sixteen hours of every day are missing: what is missing always is not usual, September knows better",
		plain, func(m *month) {
			m.drop(func(r *record) bool { return !r.at.Before(m.d(1)) && r.at.Hour() >= 6 && r.at.Hour() < 22 })
		})
	add("gap-16h-every-day-busy", "the same of a busy bucket", busy, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.d(1)) && r.at.Hour() >= 6 && r.at.Hour() < 22 })
	})
	add("gap-every-second-hour-day", "every second hour of one day is missing", plain, func(m *month) {
		m.drop(func(r *record) bool { return day(r.at) == day(m.d(17)) && r.at.Hour()%2 == 0 })
	})
	add("gap-every-second-hour-month", "every second hour of the month is missing", plain, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.d(1)) && r.at.Hour()%2 == 0 })
	})
	add("gap-every-second-hour-busy", "every second hour of a busy day is missing", busy, func(m *month) {
		m.drop(func(r *record) bool { return day(r.at) == day(m.d(22)) && r.at.Hour()%2 == 0 })
	})
	add("thinned-90-percent-day", "nine of ten records of a day are missing", busy, func(m *month) {
		n := 0
		m.drop(func(r *record) bool { n++; return r.night == "" && day(r.at) == day(m.d(12)) && n%10 != 0 })
	})
	add("thinned-90-percent-objects", "nine of ten log objects of a day are missing", busy, func(m *month) {
		m.drop(func(r *record) bool { return r.night == "" && day(r.at) == day(m.d(12)) && r.at.Hour()%10 != 3 })
	})
	add("thinned-to-one-an-hour", "a busy day has one record an hour", busy, func(m *month) {
		m.drop(func(r *record) bool { return r.night == "" && day(r.at) == day(m.d(25)) && r.at.Minute() != 0 })
	})
	for _, n := range []int{2, 19} {
		add(fmt.Sprintf("empty-log-objects-day-%d", n),
			"three log objects came without a byte, and their records are nowhere", busy, func(m *month) {
				from := m.at(m.d(n), 10, 0)
				m.drop(between(from, from.Add(3*time.Hour)))
				for h := range 3 {
					m.loose = append(m.loose, logObject{main, from.Add(time.Duration(h)*time.Hour + 90*time.Minute), ""})
				}
			})
	}
	add("empty-log-object-alone", "a log object without a byte: nobody knows what it was to hold", plain, func(m *month) {
		m.loose = append(m.loose, logObject{main, m.at(m.d(16), 14, 30), ""})
	})
	for _, n := range []int{1, 21, 31} {
		list = append(list, attack{name: fmt.Sprintf("window-without-a-line-day-%d", n),
			says: "no line lies in the whole window: whether the backup ran is not known", on: plain, do: gap(n, 0, 4),
			shows: []string{fmt.Sprintf("night %d not evaluated", n)}, hides: []string{fmt.Sprintf("night %d missed", n)}})
	}
	list = append(list, attack{name: "outage-three-weeks",
		says: "three weeks without a log are not known; nobody may call their nights missed", on: plain, do: gap(5, 0, 21*24),
		shows: []string{"night 15 not evaluated"}, hides: []string{"night 6 missed", "night 15 missed", "night 24 missed"}})
	add("outage-then-gap", "nineteen hours are missing, some days after an outage of fifteen days", plain, func(m *month) {
		gap(2, 0, 15*24)(m)
		gap(24, 3, 19)(m)
	}, "day 24 unknown")
	add("gap-hidden-by-the-future", "twelve hours are missing; a record in them that was delivered before it was made proves nothing",
		plain, func(m *month) {
			gap(14, 8, 12)(m)
			for h := 9; h < 20; h++ {
				m.head(m.at(m.d(14), h, 0), "veeam/a.vbk").delivered = m.at(m.d(13), 5, 0)
			}
		})
	add("log-ends-early", "the log ends at noon of the last day", plain, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.at(m.d(31), 12, 0)) })
	})
	add("log-ends-days-early", "the log ends on the 27th", plain, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.at(m.d(27), 12, 0)) })
	})
	add("log-begins-late", "the log begins on the third of the month", plain, func(m *month) {
		m.drop(func(r *record) bool { return r.at.Before(m.at(m.d(3), 9, 0)) })
	})
	add("no-log-at-all", "there is no log of the month", plain, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.d(1)) })
	})
	add("nothing-ever", "there is no log object at all", plain, func(m *month) { m.records = nil })
	add("unreadable-lines", "five lines of a hundred of a day can't be read", busy, func(m *month) {
		n := 0
		m.alter(func(r *record) bool { n++; return r.night == "" && day(r.at) == day(m.d(18)) && n%20 == 0 },
			func(r *record) {
				r.raw = "79a5 acme-backups [" + r.at.Format("02/Jan/2006:15:04:05") + " +0000] broken"
			})
	}, "rejected-lines")
	add("sparse-night-silent", "nothing was logged of a night, by a bucket of which nothing else is logged", sparse,
		gap(21, 0, 24), "night 21 not evaluated")
	add("sparse-three-nights-silent", "nothing was logged for three days", sparse, gap(11, 0, 72))
	add("sparse-last-night-silent", "nothing was logged of the last night, nor behind it", sparse, func(m *month) {
		m.drop(func(r *record) bool { return !r.at.Before(m.d(31)) })
	})
	add("weekdays-wednesday", "a Wednesday is missing of a bucket without weekends", weekdays, gap(14, 0, 24))
	add("weekdays-daytime", "twelve hours of a Thursday are missing", weekdays, gap(15, 7, 12))
	add("weekdays-a-week", "a whole week is missing", weekdays, gap(12, 0, 5*24))
	add("weekdays-friday-and-monday", "a Friday before a quiet weekend, and the Monday behind it, are missing",
		weekdays, gap(16, 0, 4*24))
	add("second-bucket-silent", "the log of one of two buckets has a gap of twelve hours", twoBuckets, func(m *month) {
		from := m.at(m.d(14), 8, 0)
		m.drop(func(r *record) bool { return r.bucket == "acme-files" && between(from, from.Add(12*time.Hour))(r) })
	})
	add("second-bucket-without-log", "one of two buckets has no log in the month", twoBuckets, func(m *month) {
		m.drop(func(r *record) bool { return r.bucket == "acme-files" && !r.at.Before(m.d(1)) })
	})
	return list
}
