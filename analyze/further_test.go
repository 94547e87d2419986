package analyze

import "testing"

// The queries beside the contract's ten; days are in Europe/Paris, UTC+2.
func TestFurtherQueries(t *testing.T) {
	f := newFixture(t, oneTenant)
	const eve = "arn:aws:iam::111122223333:user/eve"
	f.at("2026-10-06T21:59:59Z", backup, "REST.PUT.OBJECT", "veeam/a", "size=10")                                     // 6 Oct 23:59:59
	f.at("2026-10-06T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/b", "size=20", "tls=TLSV1.2", "sig=SigV4", "ms=9") // 7 Oct 00:00:00
	f.at("2026-10-07T01:00:00Z", backup, "REST.PUT.PART", "veeam/c", "size=30", "tls=TLSv1.3", "sig=SigV4", "ms=700")
	f.at("2026-10-07T01:01:00Z", backup, "REST.POST.UPLOAD", "veeam/c", "size=30", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T02:00:00Z", backup, "REST.PUT.OBJECT", "veeam/d", "size=40", "status=503", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T08:00:00Z", eve, "REST.GET.OBJECT", "veeam/a", "sent=10", "tls=TLSv1.1", "sig=SigV4")
	f.at("2026-10-07T08:01:00Z", eve, "REST.GET.OBJECT", "veeam/a", "sent=4", "status=206", "sig=SigV2") // a part, without TLS
	f.at("2026-10-07T08:02:00Z", eve, "REST.GET.OBJECT", "veeam/b", "sent=3", "status=403", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T09:00:00Z", eve, "REST.COPY.OBJECT_GET", "veeam/a", "size=10", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T09:00:00Z", eve, "REST.COPY.OBJECT", "copy/a", "size=10", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T10:00:00Z", eve, "REST.PUT.BUCKETPOLICY", "-", "status=204", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T10:01:00Z", eve, "REST.PUT.LIFECYCLE", "-", "status=403", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T10:02:00Z", backup, "REST.GET.VERSIONING", "-", "tls=TLSv1.3", "sig=SigV4")
	f.at("2026-10-07T11:00:00Z", "AmazonS3", "S3.EXPIRE.OBJECT", "veeam/x", "status=-", "size=5")
	f.at("2026-10-07T11:00:01Z", "AmazonS3", "S3.TRANSITION_GDA.OBJECT", "veeam/y", "status=-", "size=6")
	f.at("2026-10-07T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/next-day", "size=50") // 8 Oct
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")

	same(t, "restores", v.answer(t, "restores"), []string{
		"acme-backups|2026-10-07|" + eve + "|" + eve + "||1|2|17|1|2026-10-07T08:00:00Z|2026-10-07T08:02:00Z",
	})
	same(t, "bytes-by-day", v.answer(t, "bytes-by-day"), []string{"acme-backups|2026-10-07|14|60|17"})
	same(t, "largest-transfers", v.answer(t, "largest-transfers"), []string{
		"2026-10-07T01:00:00Z|acme-backups|veeam/c|REST.PUT.PART|Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole||written|30",
		"2026-10-06T22:00:00Z|acme-backups|veeam/b|REST.PUT.OBJECT|Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole||written|20",
		"2026-10-07T08:00:00Z|acme-backups|veeam/a|REST.GET.OBJECT|" + eve + "|" + eve + "||read|10",
		"2026-10-07T09:00:00Z|acme-backups|copy/a|REST.COPY.OBJECT|" + eve + "|" + eve + "||written|10",
		"2026-10-07T08:01:00Z|acme-backups|veeam/a|REST.GET.OBJECT|" + eve + "|" + eve + "||read|4",
	})
	same(t, "tls-and-signatures", v.answer(t, "tls-and-signatures"), []string{
		"acme-backups|-|SigV2|-|true|1|1|2026-10-07T08:01:00Z|2026-10-07T08:01:00Z",
		"acme-backups|TLSv1.1|SigV4|-|true|1|1|2026-10-07T08:00:00Z|2026-10-07T08:00:00Z",
		"acme-backups|TLSv1.3|SigV4|-|false|9|2|2026-10-07T01:00:00Z|2026-10-07T10:02:00Z",
		"acme-backups|TLSV1.2|SigV4|-|false|1|1|2026-10-06T22:00:00Z|2026-10-06T22:00:00Z",
	})
	same(t, "requests-by-hour", v.answer(t, "requests-by-hour"), []string{ // a Wednesday
		"acme-backups|3|0|1|1|0", "acme-backups|3|3|2|1|0", "acme-backups|3|4|1|0|1", "acme-backups|3|10|3|0|1",
		"acme-backups|3|11|2|1|0", "acme-backups|3|12|3|0|1", "acme-backups|3|13|2|0|0",
	})
	same(t, "lifecycle", v.answer(t, "lifecycle"), []string{
		"acme-backups|2026-10-07|S3.EXPIRE.OBJECT|1|5|2026-10-07T11:00:00Z|2026-10-07T11:00:00Z",
		"acme-backups|2026-10-07|S3.TRANSITION_GDA.OBJECT|1|6|2026-10-07T11:00:01Z|2026-10-07T11:00:01Z",
	})
	same(t, "slow-requests", v.answer(t, "slow-requests"), []string{
		"2026-10-07T01:00:00Z|acme-backups|veeam/c|REST.PUT.PART|Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole|200|700||30|",
		"2026-10-06T22:00:00Z|acme-backups|veeam/b|REST.PUT.OBJECT|Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole|200|9||20|",
	})
	same(t, "copies", v.answer(t, "copies"), []string{
		"acme-backups|" + eve + "|" + eve + "|target|REST.COPY.OBJECT|1|1|10|0|2026-10-07T09:00:00Z|2026-10-07T09:00:00Z",
		"acme-backups|" + eve + "|" + eve + "|source|REST.COPY.OBJECT_GET|1|1|10|0|2026-10-07T09:00:00Z|2026-10-07T09:00:00Z",
	})
	same(t, "configuration-requests", v.answer(t, "configuration-requests"), []string{
		"acme-backups|BUCKETPOLICY|REST.PUT.BUCKETPOLICY|" + eve + "|" + eve + "|1|1|0|2026-10-07T10:00:00Z|2026-10-07T10:00:00Z",
		"acme-backups|VERSIONING|REST.GET.VERSIONING|Nightly backup " +
			"role|arn:aws:sts::111122223333:assumed-role/BackupRole|1|0|0|2026-10-07T10:02:00Z|2026-10-07T10:02:00Z",
		"acme-backups|LIFECYCLE|REST.PUT.LIFECYCLE|" + eve + "|" + eve + "|1|0|1|2026-10-07T10:01:00Z|2026-10-07T10:01:00Z",
	})
}

// In the night in which clocks go back, the hour that is there twice is one; in
// that in which they go forward, one is missing.
func TestRequestsByHourInDaylightSavingNights(t *testing.T) {
	f := newFixture(t, oneTenant)
	for _, at := range []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"} { // 02:30, 02:30 and 03:30
		f.at(at, backup, "REST.PUT.OBJECT", "veeam/a", "size=1")
	}
	f.at("2026-03-29T00:59:59Z", backup, "REST.PUT.OBJECT", "veeam/b", "size=1") // 01:59:59
	f.at("2026-03-29T01:00:00Z", backup, "REST.PUT.OBJECT", "veeam/c", "size=1") // 03:00:00
	f.store("file:logs")
	same(t, "October", f.open("acme", "2026-10-25", "2026-10-25").answer(t, "requests-by-hour"),
		[]string{"acme-backups|7|2|2|2|0", "acme-backups|7|3|1|1|0"})
	same(t, "March", f.open("acme", "2026-03-29", "2026-03-29").answer(t, "requests-by-hour"),
		[]string{"acme-backups|7|1|1|1|0", "acme-backups|7|3|1|1|0"})
}
