package analyze

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

// TestCompare joins by bucket and request ID, and names what one side alone has and
// what they disagree about.
func TestCompare(t *testing.T) {
	f := newFixture(t, oneTenant)
	ctx := context.Background()
	log := func(at, id, requester, operation, key string, more ...string) {
		f.at(at, requester, operation, key, append(more, "id="+id)...)
	}
	n, err := f.data.State.NextBatch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := f.data.Files.NewBatch(n)
	event := func(at, id, requester, name, key, failure string) {
		t.Helper()
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		category := "Data"
		if key == "" {
			category = "Management"
		}
		ev := dataset.Event{TimeMS: when.UnixMilli(), Account: []byte("111122223333"), Name: []byte(name), Source: []byte("s3.amazonaws.com"), EventID: []byte(id + name), RequestID: []byte(id), Bucket: []byte("acme-backups"), Requester: []byte(requester),
			Category: []byte(category), Status: dataset.None, BytesIn: dataset.None, BytesOut: dataset.None}
		if key != "" {
			ev.Key = []byte(key)
		}
		if failure != "" {
			ev.ErrorCode = []byte(failure)
		}
		if err := b.Event(dataset.TrailOwner("111122223333"), &ev, []byte("o"), 1); err != nil {
			t.Fatal(err)
		}
	}
	const day = "2026-10-07T12:00:00Z"
	log(day, "SAME", backup, "REST.PUT.OBJECT", "veeam/Z%25C3%25BCrich+1")
	event("2026-10-07T12:00:09Z", "SAME", backup, "PutObject", "veeam/Z\u00fcrich 1", "")
	log(day, "KEY", backup, "REST.PUT.OBJECT", "veeam/a")
	event(day, "KEY", backup, "PutObject", "veeam/b", "")
	log(day, "WHO", backup, "REST.GET.OBJECT", "veeam/a")
	event(day, "WHO", foreign, "GetObject", "veeam/a", "")
	log(day, "STATUS", backup, "REST.GET.OBJECT", "veeam/a")
	event(day, "STATUS", backup, "GetObject", "veeam/a", "AccessDenied")
	log(day, "LOGONLY", backup, "REST.PUT.OBJECT", "veeam/c")
	log(day, "EXPIRED", "AmazonS3", "S3.EXPIRE.OBJECT", "veeam/d")
	event(day, "TRAILONLY", foreign, "PutBucketPolicy", "", "")
	// A multi-delete is one request with several records in the log.
	log(day, "MANY", backup, "REST.POST.MULTI_OBJECT_DELETE", "-")
	log(day, "MANY", backup, "BATCH.DELETE.OBJECT", "veeam/e")
	log(day, "MANY", backup, "BATCH.DELETE.OBJECT", "veeam/f")
	event(day, "MANY", backup, "DeleteObjects", "", "")
	// Midnight in Paris is 22:00 UTC: the request begins on the 7th and ends on the 8th.
	log("2026-10-07T21:59:59Z", "MIDNIGHT", backup, "REST.PUT.OBJECT", "veeam/g")
	event("2026-10-07T22:00:01Z", "MIDNIGHT", backup, "PutObject", "veeam/g", "")
	// What lies behind the range is not asked for.
	log("2026-10-08T12:00:00Z", "LATER", backup, "REST.PUT.OBJECT", "veeam/h")
	f.store("file:logs")
	files, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.data.State.Commit(ctx, nil, files, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	days, differences, err := f.open("acme", "2026-10-07", "2026-10-07").Compare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", days), "[{Bucket:acme-backups Date:2026-10-07 Both:6 Disagreeing:3 OnlyLog:2 Known:1 OnlyTrail:1 DataEvents:5}]"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if share, ok := days[0].Share(); !ok || share != 0.75 {
		t.Errorf("the share is %v, %v; want 6 of 8", share, ok)
	}
	var got []string
	for _, d := range differences {
		got = append(got, d.RequestID+" "+d.Operation+" "+d.What)
	}
	want := []string{
		"EXPIRED S3.EXPIRE.OBJECT only in the log: lifecycle and the like are in the log only",
		"KEY REST.PUT.OBJECT key: veeam/b in the trail",
		"LOGONLY REST.PUT.OBJECT only in the log",
		"STATUS REST.GET.OBJECT status: 200 in the log, AccessDenied in the trail",
		"TRAILONLY PutBucketPolicy only in the trail",
		"WHO REST.GET.OBJECT principal: " + foreign + " in the trail",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("differences are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, ok := (Compared{Both: 1, OnlyLog: 100}).Share(); ok {
		t.Error("without data events there is a share")
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
	days, _, err := v.Compare(t.Context())
	if err != nil || len(days) != 1 || days[0].OnlyLog != 2 {
		t.Errorf("%+v, %v; want both requests", days, err)
	}
}
