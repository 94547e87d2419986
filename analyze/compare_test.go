package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCompare joins by bucket and request ID, and names what one side alone has and
// what they disagree about.
func TestCompare(t *testing.T) {
	f := trailFixture(t, noneApproved)
	log := func(at, id, requester, operation, key string, more ...string) {
		f.at(at, requester, operation, key, append(more, "id="+id)...)
	}
	event := func(at, id, requester, name, key string, more ...string) {
		if key != "" || name == "DeleteObjects" {
			more = append(more, "data=write")
		}
		f.event(at, name, append(more, "id="+id, "by="+requester, "bucket=acme-backups", "key="+key)...)
	}
	const day = "2026-10-07T12:00:00Z"
	log(day, "SAME", backup, "REST.PUT.OBJECT", "veeam/Z%25C3%25BCrich+1")
	event("2026-10-07T12:00:09Z", "SAME", backup, "PutObject", "veeam/Z\u00fcrich 1")
	log(day, "KEY", backup, "REST.PUT.OBJECT", "veeam/a")
	event(day, "KEY", backup, "PutObject", "veeam/b")
	log(day, "WHO", backup, "REST.PUT.OBJECT", "veeam/a")
	event(day, "WHO", foreign, "PutObject", "veeam/a")
	log(day, "STATUS", backup, "REST.PUT.OBJECT", "veeam/a")
	event(day, "STATUS", backup, "PutObject", "veeam/a", "error=AccessDenied")
	log(day, "LOGONLY", backup, "REST.PUT.OBJECT", "veeam/c")
	log(day, "EXPIRED", "AmazonS3", "S3.EXPIRE.OBJECT", "veeam/d")
	log(day, "HALF", backup, "REST.COPY.OBJECT_GET", "veeam/d")
	log(day, "READ", backup, "REST.GET.OBJECT", "veeam/d") // the trail has no data event of a read
	event(day, "TRAILONLY", foreign, "PutBucketPolicy", "")
	event(day, "LOST", backup, "PutObject", "veeam/lost")
	event(day, "SERVICE", foreign, "SomethingOfS3", "", "type=AwsServiceEvent") // no request
	// A multi-delete is one request with several records in the log.
	log(day, "MANY", backup, "REST.POST.MULTI_OBJECT_DELETE", "-")
	log(day, "MANY", backup, "BATCH.DELETE.OBJECT", "veeam/e")
	log(day, "MANY", backup, "BATCH.DELETE.OBJECT", "veeam/f")
	event(day, "MANY", backup, "DeleteObjects", "")
	// Midnight in Paris is 22:00 UTC: the request begins on the 7th and ends on the 8th.
	log("2026-10-07T21:59:59Z", "MIDNIGHT", backup, "REST.PUT.OBJECT", "veeam/g")
	event("2026-10-07T22:00:01Z", "MIDNIGHT", backup, "PutObject", "veeam/g")
	// What lies behind the range is not asked for.
	log("2026-10-08T12:00:00Z", "LATER", backup, "REST.PUT.OBJECT", "veeam/h")
	f.hum("2026-10-05T00:00:00Z", "2026-10-07T00:00:00Z")
	f.hum("2026-10-09T00:00:00Z", "2026-10-10T00:00:00Z")
	f.hum("2026-10-07T00:30:00Z", "2026-10-09T00:00:00Z", "tls=TLSv1.2") // HEAD of the bucket, which the trail does not record
	f.trailHum("2026-10-05T00:00:00Z", "2026-10-10T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	f.listed(time.Date(2026, 10, 9, 12, 0, 0, 0, time.UTC))
	v := f.open("acme", "2026-10-07", "2026-10-07")
	same(t, "side by side", v.answer(t, SideBySide), []string{"acme-backups|2026-10-07|6|3|1|2|27|66.67|attention"})
	same(t, "the reasons", v.answer(t, "one-witness-only"), []string{
		"acme-backups|the trail records no data events of reads|access log|25|2026-10-06T22:00:00Z|2026-10-07T21:30:00Z",
		"acme-backups|lifecycle and the like are in the log only|access log|1|2026-10-07T12:00:00Z|2026-10-07T12:00:00Z",
		"acme-backups|the read half of a copy is in the log only|access log|1|2026-10-07T12:00:00Z|2026-10-07T12:00:00Z",
	})
	result, differ, err := v.Compare(t.Context(), Differences)
	if err != nil || !differ {
		t.Fatal(differ, err)
	}
	var got []string
	for _, row := range result.Rows {
		got = append(got, fmt.Sprint(row[3], " ", row[4], " ", row[7]))
	}
	same(t, "the differences", got, []string{
		"KEY REST.PUT.OBJECT key: veeam/b in the trail",
		"LOGONLY REST.PUT.OBJECT only in the log",
		"LOST PutObject only in the trail",
		"STATUS REST.PUT.OBJECT status: 200 in the log, AccessDenied in the trail",
		"TRAILONLY PutBucketPolicy only in the trail",
		"WHO REST.PUT.OBJECT principal: " + foreign + " in the trail",
	})
	const role = "arn:aws:sts::111122223333:assumed-role/BackupRole"
	same(t, "the findings", f.foundBy(v, "unlogged-request", "witnesses-disagree"), []string{
		"witnesses-disagree high acme-backups: REST.PUT.OBJECT by " + role + ", key (1)",
		"witnesses-disagree high acme-backups: REST.PUT.OBJECT by " + role + ", principal (1)",
		"witnesses-disagree high acme-backups: REST.PUT.OBJECT by " + role + ", status (1)",
		"unlogged-request medium acme-backups: PutBucketPolicy by arn:aws:sts::444455556666:assumed-role/Other (1)",
		"unlogged-request medium acme-backups: PutObject by " + role + " (1)",
	})
}

// TestCompareHides: what could hide a deletion does not. A trail that stops recording a
// kind of events is missed, a multi-delete at another time or by another explains nothing,
// and an object that a multi-delete could not remove is no disagreement.
func TestCompareHides(t *testing.T) {
	f := trailFixture(t, noneApproved)
	const restore = "arn:aws:iam::111122223333:user/restore-operator"
	both := func(at, id, key string) {
		f.at(at, backup, "REST.PUT.OBJECT", key, "id="+id)
		f.event(at, "PutObject", "data=write", "id="+id, "by="+backup, "bucket=acme-backups", "key="+key)
	}
	deleted := func(at, id, by, key string, more ...string) {
		f.event(at, "DeleteObject", append(more, "data=write", "id="+id, "by="+by, "bucket=acme-backups", "key="+key)...)
	}
	both("2026-10-05T12:00:00Z", "A", "veeam/a") // the trail records writes
	both("2026-10-07T12:00:00Z", "B", "veeam/b")
	f.at("2026-10-08T12:00:00Z", backup, "REST.PUT.OBJECT", "veeam/c", "id=C") // and does not on the 8th
	// A multi-delete: of two objects one is refused, and CloudTrail has them under request IDs of their own or that of the request.
	f.at("2026-10-07T13:00:00Z", backup, "REST.POST.MULTI_OBJECT_DELETE", "-", "id=MANY")
	f.at("2026-10-07T13:00:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/d", "id=MANY")
	f.at("2026-10-07T13:00:00Z", backup, "BATCH.DELETE.OBJECT", "veeam/e", "id=MANY", "error=AccessDenied", "status=403")
	f.event("2026-10-07T13:00:00Z", "DeleteObjects", "data=write", "id=MANY", "by="+backup, "bucket=acme-backups")
	deleted("2026-10-07T13:00:00Z", "MANY", backup, "veeam/e", "error=AccessDenied")
	deleted("2026-10-07T13:00:01Z", "OWN", backup, "veeam/d")
	deleted("2026-10-07T13:00:01Z", "OTHER", restore, "veeam/d")  // by another
	deleted("2026-10-07T09:00:00Z", "EARLIER", backup, "veeam/d") // at another time
	// Midnight in Paris is 22:00 UTC.
	f.at("2026-10-07T21:59:58Z", backup, "REST.PUT.OBJECT", "veeam/f", "id=MIDNIGHT")
	f.event("2026-10-07T22:00:03Z", "PutObject", "data=write", "id=MIDNIGHT", "by="+backup, "bucket=acme-backups", "key=veeam/g")
	f.hum("2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z")
	f.trailHum("2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	f.listed(time.Date(2026, 10, 12, 12, 0, 0, 0, time.UTC))
	want := []string{"acme-backups|2026-10-07|3|1|0|2|25|60|attention", "acme-backups|2026-10-08|0|0|1|0|24|0|attention"}
	same(t, "both days", f.open("acme", "2026-10-07", "2026-10-08").answer(t, SideBySide), want)
	same(t, "the first", f.open("acme", "2026-10-07", "2026-10-07").answer(t, SideBySide), want[:1])
	same(t, "the second", f.open("acme", "2026-10-08", "2026-10-08").answer(t, SideBySide), want[1:])
	v := f.open("acme", "2026-10-07", "2026-10-07")
	same(t, "the findings", f.foundBy(v, "unlogged-request", "witnesses-disagree"), []string{
		"witnesses-disagree high acme-backups: REST.PUT.OBJECT by arn:aws:sts::111122223333:assumed-role/BackupRole, key (1)",
		"unlogged-request medium acme-backups: DeleteObject by " + restore + " (1)",
		"unlogged-request medium acme-backups: DeleteObject by arn:aws:sts::111122223333:assumed-role/BackupRole (1)",
	})
}

// TestCompareWaits: a day of which log objects may still come is not compared by a
// check, and is looked at again.
func TestCompareWaits(t *testing.T) {
	f := trailFixture(t, noneApproved)
	f.event("2026-10-07T12:00:00Z", "PutObject", "data=write", "bucket=acme-backups", "id=LOST", "key=veeam/x")
	f.hum("2026-10-05T00:00:00Z", "2026-10-10T00:00:00Z")
	f.trailHum("2026-10-05T00:00:00Z", "2026-10-10T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	f.listed(time.Date(2026, 10, 9, 9, 59, 0, 0, time.UTC)) // 35 hours and 59 minutes behind the day
	if got := f.foundBy(f.open("acme", "2026-10-07", "2026-10-07"), "unlogged-request"); got != nil {
		t.Errorf("too early: %v", got)
	}
	if from, err := Unlooked(t.Context(), f.data.State, "acme", "2026-10-09"); err != nil || from != "2026-10-07" {
		t.Errorf("looked at again from %s, %v", from, err)
	}
	f.listed(time.Date(2026, 10, 9, 10, 0, 0, 0, time.UTC))
	v := f.open("acme", "2026-10-07", "2026-10-07")
	if got := f.foundBy(v, "unlogged-request"); len(got) != 1 {
		t.Errorf("in time: %v", got)
	}
	// The record comes late after all: the finding ends by itself.
	f.at("2026-10-07T12:00:00Z", foreign, "REST.PUT.OBJECT", "veeam/x", "id=LOST")
	f.store("s3://acme-logs/acme-backups/")
	f.check("2026-10-07", "2026-10-07")
	list, err := f.data.State.Findings.Of(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Check == "unlogged-request" && x.Status != "resolved" {
			t.Errorf("%s is %s", x.Subject, x.Status)
		}
	}
}

// TestCompareHasOwnRequests: requests of bucketproof itself, which other questions leave
// out, are in both sides here.
func TestCompareHasOwnRequests(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `accounts = ["111122223333"]`, `accounts = ["111122223333"]
aws = { role_arn = "arn:aws:iam::111122223333:role/tools/Evidence" }`, 1))
	const own = "arn:aws:sts::111122223333:assumed-role/Evidence/s1"
	f.at("2026-10-07T10:00:00Z", own, "REST.GET.LOGGING_STATUS", "-", "agent=aws-sdk-go-v2/1.47 app/bucketproof")
	f.at("2026-10-07T10:00:01Z", backup, "REST.PUT.OBJECT", "veeam/a")
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	if n, err := v.OwnReads(t.Context()); err != nil || n["acme-backups"] != 1 {
		t.Fatalf("%v, %v", n, err)
	}
	same(t, "side by side", v.answer(t, SideBySide), []string{"acme-backups|2026-10-07|0|0|0|0|2||not evaluated"})
}
