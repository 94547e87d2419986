package attack

import (
	"fmt"
	"strings"
	"time"
)

// removedAgain are nights whose backup did not stay, and changes of what is kept.
func removedAgain() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	// gone removes the backup of a night, so many hours behind its begin.
	gone := func(n int, after time.Duration, how func(m *month, at time.Time, keys []string)) func(*month) {
		return func(m *month) {
			d := m.d(n)
			how(m, m.of(d)[0].at.Add(after), m.keys(d))
		}
	}
	by := func(who string) func(m *month, at time.Time, keys []string) {
		return func(m *month, at time.Time, keys []string) {
			for i, key := range keys {
				m.remove(at.Add(time.Duration(i)*time.Second), who, key)
			}
		}
	}
	add("removed-at-03", "what the night wrote was removed two hours later by the backup role", plain,
		gone(21, 2*time.Hour, singly), "night 21 attention")
	add("removed-at-03-first", "the same, on the first night", plain, gone(1, 2*time.Hour, singly), "night 1 attention")
	add("removed-at-03-last", "the same, on the last night", plain, gone(31, 2*time.Hour, singly), "night 31 attention")
	add("removed-batch", "by a multi-object delete", plain, gone(21, 2*time.Hour, batched), "night 21 attention")
	add("removed-lifecycle", "by a lifecycle rule", plain, gone(20, 20*time.Hour, expired), "night 20 attention", "early-delete")
	add("removed-by-admin", "by the administrator", plain, gone(20, 10*time.Hour, by(admin)))
	add("removed-by-stranger", "by who is not mapped", plain, gone(20, 10*time.Hour, by(unknown)))
	add("removed-by-audit", "by an auditor's role", plain, gone(20, 10*time.Hour, by(audit)))
	add("removed-after-23h", "an hour before the night had been there for a day", plain, gone(14, 23*time.Hour, singly))
	add("removed-in-the-next-month", "the last night was removed in the first hour of the next month", plain,
		gone(31, 23*time.Hour+10*time.Minute, batched))
	add("removed-berlin", "in a zone whose clocks change that night",
		func() *month { return plainIn("Europe/Berlin", "2026-10", "00:00", "05:00", 1, 0) },
		gone(25, 3*time.Hour, singly), "night 25 attention")
	add("removed-versions", "each version that was written was removed by its version ID", plain, func(m *month) {
		for i, r := range m.of(m.d(21)) {
			r.version = fmt.Sprintf("v%d", i)
			m.add(record{at: r.at.Add(time.Hour), op: "REST.DELETE.OBJECT", key: r.key, size: -1, sent: -1,
				status: 204, version: r.version, query: "?versionId=" + r.version})
		}
	}, "night 21 attention")
	add("removed-emptied", "each object was overwritten by nothing", plain, func(m *month) {
		for _, r := range m.of(m.d(21)) {
			m.put(r.at.Add(time.Hour), r.key, 0)
		}
	}, "night 21 attention")
	add("removed-beside-copies", "each object was copied onto itself beside another one of another size, and then removed", plain,
		func(m *month) {
			for _, r := range m.of(m.d(21)) {
				at := r.at.Add(time.Hour)
				for _, op := range []string{"REST.COPY.OBJECT_GET", "REST.COPY.OBJECT"} {
					m.add(record{at: at, op: op, key: r.key, size: r.size, sent: -1, status: 200, who: backup})
				}
				m.add(record{at: at.Add(time.Second), op: "REST.COPY.OBJECT", key: "veeam/a.vbm", size: 100, sent: -1,
					status: 200, who: backup})
				m.add(record{at: at.Add(2 * time.Second), op: "REST.DELETE.OBJECT", key: r.key, size: -1, sent: -1,
					status: 204, who: backup})
			}
		}, "night 21 attention", "early-delete")
	add("removed-overwritten-by-admin", "each object was overwritten by the administrator", plain, func(m *month) {
		for _, r := range m.of(m.d(21)) {
			m.put(r.at.Add(9*time.Hour), r.key, r.size).who = admin
		}
	})
	add("removed-overwritten-small", "each object was overwritten by one of a byte", plain, func(m *month) {
		for _, r := range m.of(m.d(21)) {
			m.put(r.at.Add(time.Hour), r.key, 1)
		}
	})
	add("removed-most-of-the-bytes", "of ten objects six were removed: less than half of the bytes is left", plain, func(m *month) {
		singly(m, m.at(m.d(21), 3, 0), m.keys(m.d(21))[:6])
	}, "night 21 attention")
	add("removed-one-of-ten", "ten are asked for, and nine are left", ten,
		func(m *month) { singly(m, m.at(m.d(21), 3, 0), m.keys(m.d(21))[:1]) }, "night 21 attention")
	add("removed-all-month", "every night is removed again two hours later", plain, func(m *month) {
		for _, d := range m.days() {
			singly(m, m.at(d, 3, 0), m.keys(d))
		}
	}, "night 3 attention")
	add("removed-always", "every night has been removed again from the first line of the log on", plain, func(m *month) {
		for _, d := range m.span() {
			batched(m, m.at(d, 3, 0), m.keys(d))
		}
	}, "night 3 attention")
	add("removed-delete-markers", "a rule puts delete markers over the night", plain,
		gone(12, 5*time.Hour, func(m *month, at time.Time, keys []string) {
			for _, key := range keys {
				m.expire(at, key).op = "S3.CREATE.DELETEMARKER"
			}
		}), "night 12 attention")
	add("removed-second-bucket", "the night of the second bucket was removed", twoBuckets, func(m *month) {
		for _, r := range m.records {
			if r.night == "files "+day(m.d(15)) {
				m.remove(r.at.Add(3*time.Hour), backup, r.key).bucket = "acme-files"
			}
		}
	})
	add("removed-within-keep-days", "seven days must be kept; it was gone after five", func() *month {
		m := plain()
		m.buckets[0].extra = "keep_days = 7"
		return m
	}, gone(14, 5*24*time.Hour, singly))
	add("removed-restic-packs", "restic's packs of the night were removed in the same night", resticMonth, func(m *month) {
		for i, key := range m.keys(m.d(21)) {
			if strings.Contains(key, "/data/") {
				m.remove(m.at(m.d(21), 3, i), backup, key).agent = "MinIO (linux; amd64) minio-go/v7.0.66"
			}
		}
	})
	add("removed-multipart", "objects written in parts were removed again", multipartMonth, func(m *month) {
		for i := range 4 {
			m.remove(m.at(m.d(21), 3, i), backup, fmt.Sprintf("veeam/%s/%d.vbk", day(m.d(21)), i))
		}
	}, "night 21 attention")
	return list
}

// removals are deletions of what was there.
func removals() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	// old are the keys of some nights, from so many days before one on.
	old := func(m *month, d time.Time, back, nights int) (keys []string) {
		for i := range nights {
			keys = append(keys, m.keys(d.AddDate(0, 0, i-back))...)
		}
		return keys
	}
	by := func(who string, hour, n int) func(*month) {
		return func(m *month) {
			for i, key := range old(m, m.d(16), 20, 5)[:n] {
				m.remove(m.at(m.d(16), hour, 0).Add(time.Duration(i)*time.Second), who, key)
			}
		}
	}
	for _, c := range []struct{ name, who string }{{"admin", admin}, {"audit", audit}, {"restore", restore}, {"stranger", unknown},
		{"other-account", "arn:aws:iam::999988887777:user/x"}, {"service", "svc:backup.amazonaws.com"}, {"anonymous", "-"}} {
		add("deletes-by-"+c.name+"-day-16", "forty old backups were deleted by "+c.name+", who may not delete", plain, by(c.who, 14, 40))
	}
	add("deletes-by-admin-day-1", "three old backups were deleted by the administrator on the first", plain, func(m *month) {
		for i, key := range old(m, m.d(1), 20, 1)[:3] {
			m.remove(m.at(m.d(1), 9, i), admin, key)
		}
	})
	add("deletes-by-admin-one-object", "one old backup was deleted by the administrator", plain, by(admin, 14, 1), "unapproved-delete")
	add("deletes-by-admin-in-the-window", "in the backup window", plain, by(admin, 2, 12), "unapproved-delete")
	add("deletes-by-mapped-vendor", "a vendor's account that is mapped as a service deleted backups", plain, func(m *month) {
		m.principals = append(m.principals, principal{"arn:aws:iam::555566667777:root", "Vendor", "service"})
		m.tenant = "" // its account is not the tenant's
		by("arn:aws:iam::555566667777:root", 14, 30)(m)
	})
	add("deletes-by-backup-off-window", "the backup role deleted old backups in the afternoon", plain,
		by(backup, 15, 12), "off-window-delete")
	add("deletes-by-backup-off-window-chicago", "the same, where the afternoon is not UTC's",
		func() *month { return plainIn("America/Chicago", "2026-10", "00:00", "04:00", 1, 0) },
		by(backup, 20, 12), "off-window-delete")
	add("deletes-45-a-night", "1,395 objects were removed, where 310 were written", manyOld, func(m *month) {
		for i, d := range m.days() {
			keys := make([]string, 45)
			for k := range keys {
				keys[k] = fmt.Sprintf("veeam/old/%d.vbk", 45*i+k)
			}
			singly(m, m.at(d, 2, 0), keys)
		}
	})
	add("deletes-45-a-night-batch", "the same by multi-object deletes", manyOld, func(m *month) {
		for i, d := range m.days() {
			keys := make([]string, 45)
			for k := range keys {
				keys[k] = fmt.Sprintf("veeam/old/%d.vbk", 45*i+k)
			}
			batched(m, m.at(d, 2, 0), keys)
		}
	})
	add("deletes-ramp", "from three a day to hundreds, slowly", manyOld, func(m *month) {
		n := 0
		for i, d := range m.days() {
			for k := 0; k < 3+i*i/2; k++ {
				m.remove(m.at(d, 2, 0).Add(time.Duration(k)*time.Second), backup, fmt.Sprintf("veeam/old/%d.vbk", n))
				n++
			}
		}
	})
	add("deletes-400-at-once", "four hundred old backups in a night", manyOld, func(m *month) {
		for k := range 400 {
			m.remove(m.at(m.d(20), 2, 0).Add(time.Duration(k)*time.Second), backup, fmt.Sprintf("veeam/old/%d.vbk", k))
		}
	}, "delete-spike")
	add("deletes-400-lifecycle", "a new rule removed four hundred old backups in a night", manyOld, func(m *month) {
		for k := range 400 {
			m.expire(m.at(m.d(20), 0, 5), fmt.Sprintf("veeam/old/%d.vbk", k))
		}
	})
	add("deletes-while-learning", "four hundred were removed before anything was known of what is usual", manyOld, func(m *month) {
		m.drop(func(r *record) bool { return r.at.Before(m.d(1).AddDate(0, 0, -3)) })
		for k := range 400 {
			m.remove(m.at(m.d(2), 2, 0).Add(time.Duration(k)*time.Second), backup, fmt.Sprintf("veeam/old/%d.vbk", k))
		}
	})
	add("deletes-after-an-outage", "two hundred were removed on the day after an outage of three days", manyOld, func(m *month) {
		m.drop(between(m.d(14), m.d(17)))
		for k := range 200 {
			m.remove(m.at(m.d(17), 2, 0).Add(time.Duration(k)*time.Second), backup, fmt.Sprintf("veeam/old/%d.vbk", k))
		}
	}, "delete-spike", "mass-removal", "bucket-emptied")
	add("deletes-all-of-a-small-bucket", "all that a small bucket held was removed by the backup role, in its window",
		small, func(m *month) {
			var keys []string
			for d := m.first; d.Before(m.d(20)); d = d.AddDate(0, 0, 1) {
				keys = append(keys, m.keys(d)...)
			}
			singly(m, m.at(m.d(20), 2, 0), keys)
		}, "bucket-emptied", "mass-removal", "delete-spike")
	add("deletes-all-of-a-small-bucket-batch", "the same by one request", small, func(m *month) {
		var keys []string
		for d := m.first; d.Before(m.d(20)); d = d.AddDate(0, 0, 1) {
			keys = append(keys, m.keys(d)...)
		}
		batched(m, m.at(m.d(20), 2, 0), keys)
	}, "bucket-emptied", "mass-removal", "delete-spike")
	add("deletes-all-by-lifecycle", "a lifecycle rule emptied the bucket in five minutes", small, func(m *month) {
		for d := m.first; d.Before(m.d(20)); d = d.AddDate(0, 0, 1) {
			expired(m, m.at(m.d(20), 0, 3), m.keys(d))
		}
	})
	add("deletes-all-on-the-last-day", "everything was removed on the last evening of the month", plain, func(m *month) {
		for d := m.first; d.Before(m.d(31)); d = d.AddDate(0, 0, 1) {
			batched(m, m.at(m.d(31), 2, 0), m.keys(d))
		}
	})
	add("deletes-versions", "old versions were purged by their IDs, in the afternoon", plain, func(m *month) {
		for i, key := range old(m, m.d(16), 20, 3) {
			m.add(record{at: m.at(m.d(16), 15, i), op: "REST.DELETE.OBJECT", key: key, size: -1, sent: -1,
				status: 204, version: fmt.Sprintf("x%d", i), query: fmt.Sprintf("?versionId=x%d", i)})
		}
	})
	for _, c := range []struct{ name, who string }{{"backup", backup}, {"admin", admin}} {
		add("multi-delete-without-keys-"+c.name, "a multi-object delete of which the log does not tell the keys", plain, func(m *month) {
			m.removeMany(m.at(m.d(18), 2, 0), c.who)
		}, "multi-delete-unlogged")
	}
	add("multi-delete-without-keys-every-night", "each night one whose keys are not told", plain, func(m *month) {
		for _, d := range m.span() {
			m.removeMany(m.at(d, 2, 0), backup)
		}
	}, "multi-delete-unlogged")
	add("deletes-newest-three-nights", "the backups of three nights were removed by the backup role", plain, func(m *month) {
		singly(m, m.at(m.d(20), 2, 0), old(m, m.d(20), 3, 3))
	})
	return list
}

// manyOld is plain; its bucket has held more for long than the log tells.
func manyOld() *month { return plain() }

// small writes one object each night.
func small() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, 1, 0, 1, 40*mib)
	}
	return m
}

// weakened are changes that make what is there easier to remove, or replace it.
func weakened() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	protect := func(op, query string, who string, n int, back int) func(*month) {
		return func(m *month) {
			for i, key := range m.keys(m.d(18).AddDate(0, 0, -back))[:n] {
				m.add(record{at: m.at(m.d(18), 2, i), op: op, key: key, size: -1, sent: -1, status: 200, who: who, query: query})
			}
		}
	}
	const retention, hold = "REST.PUT.OBJECT_LOCK_RETENTION", "REST.PUT.OBJECT_LOCK_LEGAL_HOLD"
	add("retention-by-backup", "the backup role set the retention of ten old objects anew", plain,
		protect(retention, "?retention", backup, 10, 10), "object-protection-changed")
	add("retention-by-admin", "the administrator did", plain, protect(retention, "?retention", admin, 3, 10), "object-protection-changed")
	add("retention-by-admin-fresh", "the administrator did so of objects that are an hour old", plain,
		protect(retention, "?retention", admin, 3, 0), "object-protection-changed")
	add("retention-by-stranger", "who is not mapped did", plain, protect(retention, "?retention", unknown, 3, 10),
		"object-protection-changed")
	add("legal-hold-by-backup", "the backup role changed the legal hold of old objects", plain,
		protect(hold, "?legal-hold", backup, 10, 5), "object-protection-changed")
	add("legal-hold-by-restore", "the restore operator did", plain, protect(hold, "?legal-hold", restore, 1, 5),
		"object-protection-changed")
	add("legal-hold-beside-fresh-retention", "a tool that sets retention each night took the holds off old objects",
		veeamMonth, func(m *month) {
			for i, key := range m.keys(m.d(10)) {
				m.add(record{at: m.at(m.d(18), 23, i), op: hold, key: key, size: -1, sent: -1, status: 200, query: "?legal-hold"})
			}
		}, "object-protection-changed")
	told := func(name string, parameters map[string]any, who string) func(*month) {
		return func(m *month) {
			for i, key := range m.keys(m.d(4))[:4] {
				r := m.add(record{at: m.at(m.d(18), 2, i),
					op: map[string]string{"PutObjectRetention": retention, "PutObjectLegalHold": hold,
						"DeleteObject": "REST.DELETE.OBJECT"}[name], key: key,
					size: -1, sent: -1, status: 200, who: who, noTrail: true})
				m.trail.events = append(m.trail.events,
					event{at: r.at, id: r.id, source: "s3", name: name, who: who, bucket: main, key: key, data: true,
						parameters: parameters})
			}
		}
	}
	add("trail-legal-hold-off", "the trail says that holds were taken off by the backup role", plainTrail,
		told("PutObjectLegalHold",
			map[string]any{"LegalHold": map[string]any{"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "Status": "OFF"}}, backup),
		"object-protection-changed")
	add("trail-retention-shorter", "the trail says that old objects are held until tomorrow only", plainTrail,
		told("PutObjectRetention", map[string]any{"Retention": map[string]any{"Mode": "GOVERNANCE",
			"RetainUntilDate": "2026-10-19T00:00:00Z"}, "x-amz-bypass-governance-retention": "true"}, backup),
		"object-protection-changed")
	add("trail-governance-bypassed", "the trail says that governance was bypassed to delete", plainTrail,
		told("DeleteObject", map[string]any{"x-amz-bypass-governance-retention": "true"}, backup), "object-protection-changed")
	overwrite := func(who string, n, back int) func(*month) {
		return func(m *month) {
			for i, key := range m.keys(m.d(18).AddDate(0, 0, -back))[:n] {
				m.put(m.at(m.d(18), 2, i), key, 10*mib).who = who
			}
		}
	}
	add("overwritten-by-backup", "the backup role wrote over the ten objects of an earlier night", plain,
		overwrite(backup, 10, 7), "backup-overwritten")
	add("overwritten-by-backup-yesterday", "of the night before", plain, overwrite(backup, 10, 1), "backup-overwritten")
	add("overwritten-by-admin", "the administrator wrote over one old object", plain, overwrite(admin, 1, 7), "backup-overwritten")
	add("overwritten-all", "all that is there was written over in a night by the backup role, as by who encrypts it",
		plain, func(m *month) {
			i := 0
			for d := m.first; d.Before(m.d(18)); d = d.AddDate(0, 0, 1) {
				for _, key := range m.keys(d) {
					m.put(m.at(m.d(18), 2, 0).Add(time.Duration(i)*time.Second), key, 10*mib)
					i++
				}
			}
		}, "backup-overwritten")
	add("overwritten-in-a-mirror", "a mirror that overwrites six files each night overwrote sixty old ones", rcloneMonth, func(m *month) {
		i := 0
		for n := 1; n <= 15; n++ {
			for k := 1; k < 4; k++ {
				r := m.put(m.at(m.d(18), 2, i), fmt.Sprintf("mirror/scans/%s-%d.pdf", day(m.d(n)), k), 5*mib)
				r.agent = "rclone/v1.65.0"
				i++
			}
		}
	}, "backup-overwritten")
	for _, c := range []struct{ name, op, query, event string }{
		{"versioning", "REST.PUT.VERSIONING", "?versioning", "PutBucketVersioning"},
		{"policy", "REST.PUT.BUCKETPOLICY", "?policy", "PutBucketPolicy"},
		{"policy-deleted", "REST.DELETE.BUCKETPOLICY", "?policy", "DeleteBucketPolicy"},
		{"lifecycle", "REST.PUT.LIFECYCLE", "?lifecycle", "PutBucketLifecycle"},
		{"logging", "REST.PUT.LOGGING_STATUS", "?logging", "PutBucketLogging"},
		{"object-lock", "REST.PUT.OBJECT_LOCK_CONFIGURATION", "?object-lock", "PutBucketObjectLockConfiguration"},
		{"acl", "REST.PUT.ACL", "?acl", "PutBucketAcl"},
	} {
		do := func(who string) func(*month) {
			return func(m *month) { m.configure(m.at(m.d(16), 2, 30), who, c.op, c.query, c.event) }
		}
		add("bucket-"+c.name+"-by-backup", "the backup role changed "+c.name+" of the bucket", plain, do(backup))
		add("bucket-"+c.name+"-by-admin-trail", "the administrator changed "+c.name+" of the bucket, without a ticket", plainTrail,
			do(admin))
	}
	return list
}
