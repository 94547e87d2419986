package analyze

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

// TestTrailView: the view trail has the events of the tenant's accounts, without those
// about buckets of others, and the same columns where there are none.
func TestTrailView(t *testing.T) {
	f := newFixture(t, oneTenant)
	ctx := context.Background()
	columns := func() string {
		r, err := f.open("acme", "2026-10-01", "2026-10-31").engine.Query(ctx,
			"SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = 'trail' ORDER BY ordinal_position")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(r.Rows)
	}
	empty := columns()
	n, err := f.data.State.Ledger.NextBatch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := f.data.Files.NewBatch(n)
	at := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	for i, e := range []struct{ account, name, bucket string }{{"111122223333", "PutBucketPolicy", "acme-backups"},
		{"111122223333", "PutBucketPolicy", "lodz-backups"}, {"111122223333", "UpdateAssumeRolePolicy", ""},
		{"999988887777", "StopLogging", ""}} {
		ev := dataset.Event{TimeMS: at.UnixMilli(), Account: []byte(e.account), Name: []byte(e.name),
			EventID: fmt.Append(nil, i), Status: dataset.None, BytesIn: dataset.None, BytesOut: 7,
			ReadOnly: dataset.No, Parameters: []byte(`{"a":1}`)}
		if e.bucket != "" {
			ev.Bucket = []byte(e.bucket)
		}
		if err := b.Event(dataset.TrailOwner(e.account), &ev, []byte("object"), int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.data.State.Ledger.Commit(ctx, nil, files, nil, at); err != nil {
		t.Fatal(err)
	}
	if full := columns(); full != empty || strings.Count(full, " ") < 36 {
		t.Errorf("with events the columns are\n%s\nand without\n%s", full, empty)
	}
	r, err := f.open("acme", "2026-10-01", "2026-10-31").engine.Query(ctx,
		"SELECT event_name, bucket, account, http_status, bytes_out, read_only, management, request_parameters, "+
			"source_record, CAST(time AS VARCHAR) FROM trail ORDER BY source_record")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(r.Rows),
		"[[PutBucketPolicy acme-backups 111122223333 <nil> 7 false <nil> {\"a\":1} 1 2026-10-05 12:00:00+00] "+
			"[UpdateAssumeRolePolicy <nil> 111122223333 <nil> 7 false <nil> {\"a\":1} 3 2026-10-05 12:00:00+00]]"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestTrailOfASharedBucket: of a bucket that two tenants share each sees its own events,
// as of access records.
func TestTrailOfASharedBucket(t *testing.T) {
	f := newFixture(t, twoTenants)
	ctx := context.Background()
	n, err := f.data.State.Ledger.NextBatch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := f.data.Files.NewBatch(n)
	at := time.Date(2026, 10, 7, 1, 0, 0, 0, time.UTC)
	const acme, beta = "arn:aws:iam::111122223333:user/acme", "arn:aws:iam::444455556666:user/beta"
	for i, e := range []struct{ requester, key string }{{acme, "acme/1"}, {beta, "beta/1"}, {beta, ""},
		{beta, "acme/2"}, {acme, "ac me/3"}, {acme, ""}} {
		for _, account := range []string{"111122223333", "444455556666"} {
			ev := dataset.Event{TimeMS: at.UnixMilli(), Account: []byte(account), Name: []byte("X"),
				EventID: fmt.Append(nil, i), Bucket: []byte("shared-bucket"), Requester: []byte(e.requester),
				Status: dataset.None, BytesIn: dataset.None, BytesOut: dataset.None}
			if e.key != "" {
				ev.Key = []byte(e.key)
			}
			if err := b.Event(dataset.TrailOwner(account), &ev, []byte("object"), int64(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.data.State.Ledger.Commit(ctx, nil, files, nil, at); err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string]string{"acme": "[[acme/1] [acme/2] [ac me/3] [<nil>]]", "beta": "[[beta/1] [<nil>]]"} {
		r, err := f.open(tenant, "2026-10-07", "2026-10-07").engine.Query(ctx, "SELECT key FROM trail ORDER BY source_record")
		if err != nil || fmt.Sprint(r.Rows) != want {
			t.Errorf("%s sees %v, %v; want %s", tenant, r.Rows, err, want)
		}
	}
}
