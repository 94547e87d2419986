package analyze

import (
	"strings"
	"testing"
)

// The answers below can be checked by eye: each record stands above the rows
// that it counts in. Days are in Europe/Paris, UTC+2.
func TestSavedQueries(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.at("2026-10-06T19:00:00Z", "AmazonS3", "REST.HEAD.BUCKET", "-")                              // before the window: its log is there
	f.at("2026-10-06T21:59:59Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=10", "agent=Veeam/1") // 6 Oct 23:59:59, in the window of 6 Oct
	f.at("2026-10-06T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/b", "size=20", "agent=Veeam/1") // 7 Oct 00:00:00
	f.at("2026-10-07T01:00:00Z", backup, "REST.PUT.PART", "veeam/c", "size=30", "agent=Veeam/1")
	f.at("2026-10-07T01:01:00Z", backup, "REST.POST.UPLOAD", "veeam/c", "size=30", "sent=5", "agent=Veeam/1") // its bytes were the part's
	f.at("2026-10-07T01:02:00Z", "arn:aws:sts::111122223333:assumed-role/BackupRole/night-2", "REST.PUT.OBJECT",
		"veeam/d", "status=503", "error=SlowDown", "size=40", "sent=7", "agent=Veeam/1")
	// approved, encoded twice
	f.at("2026-10-07T02:00:00Z", backup, "REST.GET.OBJECT", "Z%25C3%25BCrich%2520Caf%25C3%25A9/x", "sent=9", "agent=Veeam/1")
	f.at("2026-10-07T09:00:00Z", "arn:aws:iam::111122223333:user/eve", "REST.PUT.OBJECT", "finance/q3/a", "size=2000000000", "agent=curl/8")
	f.at("2026-10-07T09:00:01Z", foreign, "REST.GET.OBJECT", "finance/q3/a", "status=403", "error=AccessDenied", "sent=11", "agent=curl/8")
	f.at("2026-10-07T09:00:02Z", "-", "REST.GET.OBJECT", "veeam", "status=403", "error=AccessDenied") // no slash: not under veeam/
	f.at("2026-10-07T10:00:00Z", backup, "REST.POST.MULTI_OBJECT_DELETE", "-", "agent=Veeam/1")
	f.at("2026-10-07T10:00:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/a", "status=204")
	f.at("2026-10-07T10:00:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/b", "status=204")
	// refused: nothing deleted
	f.at("2026-10-07T10:01:00Z", backup, "REST.DELETE.OBJECT", "veeam/e", "status=403", "error=AccessDenied", "agent=Veeam/1")
	f.at("2026-10-07T10:02:00Z", "AmazonS3", "S3.EXPIRE.OBJECT", "veeam/old", "status=-")
	f.at("2026-10-07T21:59:59Z", "svc:x.amazonaws.com", "REST.GET.ACL", "-", "agent=x")
	f.at("2026-10-07T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/next-day", "size=50", "agent=Veeam/1") // 8 Oct
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")

	same(t, "operations", v.answer(t, "operations"), []string{
		"acme-backups|REST.GET.OBJECT|3|20",
		"acme-backups|REST.PUT.OBJECT|3|7",
		"acme-backups|BATCH.DELETE.OBJECT|2|0",
		"acme-backups|REST.DELETE.OBJECT|1|0",
		"acme-backups|REST.GET.ACL|1|0",
		"acme-backups|REST.POST.MULTI_OBJECT_DELETE|1|0",
		"acme-backups|REST.POST.UPLOAD|1|5",
		"acme-backups|REST.PUT.PART|1|0",
		"acme-backups|S3.EXPIRE.OBJECT|1|0",
	})
	same(t, "top-requesters", v.answer(t, "top-requesters"), []string{
		"Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole|111122223333|9|21|50|2026-10-06T22:00:00Z|2026-10-07T10:01:00Z",
		"S3 lifecycle|AmazonS3||1|0|0|2026-10-07T10:02:00Z|2026-10-07T10:02:00Z",
		"arn:aws:iam::111122223333:user/eve|arn:aws:iam::111122223333:user/eve|111122223333|1|0|2000000000|2026-10-07T09:00:00Z|2026-10-07T09:00:00Z",
		"svc:x.amazonaws.com|svc:x.amazonaws.com||1|0|0|2026-10-07T21:59:59Z|2026-10-07T21:59:59Z",
		"-|-||1|0|0|2026-10-07T09:00:02Z|2026-10-07T09:00:02Z",
		"arn:aws:sts::444455556666:assumed-role/Other|arn:aws:sts::444455556666:assumed-role/Other|444455556666|1|11|0|2026-10-07T09:00:01Z|2026-10-07T09:00:01Z",
	})
	same(t, "unapproved-prefixes", v.answer(t, "unapproved-prefixes"), []string{
		"acme-backups|finance/|arn:aws:iam::111122223333:user/eve|arn:aws:iam::111122223333:user/eve|REST.PUT.OBJECT|1|2026-10-07T09:00:00Z|2026-10-07T09:00:00Z|finance/q3/a",
		"acme-backups|finance/|arn:aws:sts::444455556666:assumed-role/Other|arn:aws:sts::444455556666:assumed-role/Other|REST.GET.OBJECT|1|2026-10-07T09:00:01Z|2026-10-07T09:00:01Z|finance/q3/a",
		"acme-backups|veeam|-|-|REST.GET.OBJECT|1|2026-10-07T09:00:02Z|2026-10-07T09:00:02Z|veeam",
	})
	same(t, "deletes", v.answer(t, "deletes"), []string{
		"acme-backups|2026-10-07|Nightly backup role|2|1|0",
		"acme-backups|2026-10-07|S3 lifecycle|0|0|1",
	})
	same(t, "large-puts-business-hours", v.answer(t, "large-puts-business-hours"), []string{
		"2026-10-07T09:00:00Z|acme-backups|finance/q3/a|arn:aws:iam::111122223333:user/eve|arn:aws:iam::111122223333:user/eve|2000000000",
	})
	same(t, "errors", v.answer(t, "errors"), []string{
		"acme-backups|REST.GET.OBJECT|403|AccessDenied|2|2026-10-07T09:00:01Z|2026-10-07T09:00:02Z",
		"acme-backups|REST.DELETE.OBJECT|403|AccessDenied|1|2026-10-07T10:01:00Z|2026-10-07T10:01:00Z",
		"acme-backups|REST.PUT.OBJECT|503|SlowDown|1|2026-10-07T01:02:00Z|2026-10-07T01:02:00Z",
	})
	same(t, "cross-account", v.answer(t, "cross-account"), []string{
		"acme-backups|444455556666|arn:aws:sts::444455556666:assumed-role/Other|REST.GET.OBJECT|1|2026-10-07T09:00:01Z|2026-10-07T09:00:01Z",
	})
	same(t, "user-agents", v.answer(t, "user-agents"), []string{
		"acme-backups|Veeam/1|true|7|1|2026-10-06T22:00:00Z|2026-10-07T10:01:00Z",
		"acme-backups|-||4|3|2026-10-07T09:00:02Z|2026-10-07T10:02:00Z",
		"acme-backups|curl/8|false|2|2|2026-10-07T09:00:00Z|2026-10-07T09:00:01Z",
		"acme-backups|x|false|1|1|2026-10-07T21:59:59Z|2026-10-07T21:59:59Z",
	})
	same(t, "log-delivery", v.answer(t, "log-delivery"), []string{
		"acme-backups|2026-10-07|1|14|0|2026-10-06T22:00:00Z|2026-10-07T21:59:59Z|90000",
	})
	six := f.open("acme", "2026-10-06", "2026-10-06")
	same(t, "backup-windows", six.answer(t, "backup-windows"), []string{
		// 22:00 to 06:00 in Paris; a, b and the upload count, the 503 does not; one error in six requests is attention
		"acme-backups|2026-10-06|2026-10-06T20:00:00Z|2026-10-07T04:00:00Z|3|60|6|0|1|attention",
	})
}

func TestAQueryIsBoundToItsBucketAndTenant(t *testing.T) {
	f := newFixture(t, oneTenant)
	v := f.open("acme", "2026-10-07", "2026-10-07")
	s, err := f.data.Catalog.Query("errors")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Run(t.Context(), s, "other-bucket"); err == nil {
		t.Error("a bucket that is not the tenant's was accepted")
	}
	for _, sql := range []string{"select * from read_text('/etc/hostname')", "set enable_external_access = true",
		"copy (select 1) to '/tmp/bucketproof-escape.csv'", "install httpfs"} {
		if _, err := v.engine.Query(t.Context(), sql); err == nil {
			t.Errorf("%q was run", sql)
		}
	}
}

const twoTenants = `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "shared-bucket"
logs = "file:logs"
prefixes = ["acme/", "acme/sub/", "ac me/"]
[[tenant.principal]]
match = "arn:aws:iam::111122223333:user/acme"
name = "Acme's user"
role = "backup"
[[tenant]]
id = "beta"
name = "Beta"
[[tenant.bucket]]
name = "shared-bucket"
logs = "file:logs"
prefixes = ["beta/"]
[[tenant.principal]]
match = "arn:aws:iam::444455556666:user/beta"
name = "Beta's user"
role = "backup"
`

// Of a bucket that two tenants share, each sees its own records, and who else
// touched its own keys, but nothing of the other's.
func TestSharedBucket(t *testing.T) {
	f := newFixture(t, twoTenants)
	const acme, beta, b = "arn:aws:iam::111122223333:user/acme", "arn:aws:iam::444455556666:user/beta", "bucket=shared-bucket"
	f.at("2026-10-07T01:00:00Z", acme, "REST.PUT.OBJECT", "acme/1", b)
	f.at("2026-10-07T01:00:00Z", acme, "REST.PUT.OBJECT", "acme/sub/1", b) // under two approved prefixes, one record
	f.at("2026-10-07T01:00:01Z", beta, "REST.PUT.OBJECT", "beta/1", b)
	f.at("2026-10-07T01:00:02Z", beta, "REST.GET.BUCKET", "-", b)
	f.at("2026-10-07T01:00:03Z", beta, "REST.GET.OBJECT", "acme/sub/1", b) // Beta reads what is Acme's: Acme must see it
	f.at("2026-10-07T01:00:04Z", "-", "REST.GET.OBJECT", "other/1", b)     // nobody's prefix: both see it
	f.store("file:logs")
	same(t, "acme's prefixes", f.open("acme", "2026-10-07", "2026-10-07").answer(t, "top-requesters"), []string{
		"Acme's user|" + acme + "|111122223333|2|0|0|2026-10-07T01:00:00Z|2026-10-07T01:00:00Z",
		"-|-||1|0|0|2026-10-07T01:00:04Z|2026-10-07T01:00:04Z",
		beta + "|" + beta + "|444455556666|1|0|0|2026-10-07T01:00:03Z|2026-10-07T01:00:03Z",
	})
	same(t, "beta's requesters", f.open("beta", "2026-10-07", "2026-10-07").answer(t, "top-requesters"), []string{
		"Beta's user|" + beta + "|444455556666|2|0|0|2026-10-07T01:00:01Z|2026-10-07T01:00:02Z",
		"-|-||1|0|0|2026-10-07T01:00:04Z|2026-10-07T01:00:04Z",
	})
}

// The night of 25 October 2026 has an hour more in Paris: the day begins at 22:00
// UTC and ends at 23:00, its window of 22:00 to 06:00 before it lasts nine hours,
// and the last millisecond of a day is that day's.
func TestLongNightAndLastMillisecond(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.at("2026-10-24T20:00:00Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=1")     // 22:00, the window begins
	f.at("2026-10-24T21:59:59.999Z", backup, "REST.PUT.OBJECT", "veeam/b", "size=2") // the last millisecond of the 24th
	f.at("2026-10-24T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/c", "size=4")
	f.at("2026-10-25T00:30:00Z", backup, "REST.PUT.OBJECT", "veeam/d", "size=8")  // 2:30, the first time
	f.at("2026-10-25T01:30:00Z", backup, "REST.PUT.OBJECT", "veeam/d", "size=16") // 2:30 again
	f.at("2026-10-25T04:59:59.999Z", backup, "REST.PUT.OBJECT", "veeam/e", "size=32")
	f.at("2026-10-25T05:00:00Z", backup, "REST.PUT.OBJECT", "veeam/f", "size=64") // 6:00, the window is over
	f.at("2026-10-25T22:59:59.999Z", backup, "REST.DELETE.OBJECT", "veeam/a", "status=204")
	f.at("2026-10-25T23:00:00Z", backup, "REST.DELETE.OBJECT", "veeam/b", "status=204") // the 26th
	f.store("file:logs")
	v := f.open("acme", "2026-10-24", "2026-10-25")
	same(t, "bytes-by-day", v.answer(t, "bytes-by-day"), []string{"acme-backups|2026-10-24|2|3|0", "acme-backups|2026-10-25|6|124|0"})
	same(t, "deletes", v.answer(t, "deletes"), []string{"acme-backups|2026-10-25|Nightly backup role|1|0|0"})
	windows := v.answer(t, "backup-windows")
	if want := "acme-backups|2026-10-24|2026-10-24T20:00:00Z|2026-10-25T05:00:00Z|6|63|6|0|0|"; len(windows) != 2 ||
		!strings.HasPrefix(windows[0], want) {
		t.Errorf("windows are %q, want %s", windows, want)
	}
}
