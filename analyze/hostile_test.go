package analyze

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// hostile are values that a client can bring into a log: no function of SQL may
// fail on one.
var hostile = []string{
	"backups/M%25FCller.vbk", "backups/M%FCller.vbk", "%", "%%%", "%2", "%zz", "%00", "%25%25%2500", "%C3",
	"%ED%A0%80", "%F4%90%80%80", "%FF%FE", "+%2B+%252B",
	"", "-", "'", "''; drop table access; --", `"`, `\`, `\\`, `\E[`, "(?", "[a-", "*+?", "$1{0}", "%s%d%n", "a\x00b",
	"\xff\xfe", "\xed\xa0\x80", "\u202e\u0301", "\U0010ffff",
	"9223372036854775808", "-1", "1e999", "NaN", "2026-02-30T25:61:61Z", "0000-00-00", "999.999.999.999",
	"::ffff:1.2.3.4%eth0", "{", `{"a":`, "[]", "null", `"x"`, `{"a":{"a":[1,null]}}`,
	"arn:aws:sts::111122223333:assumed-role/BackupRole/%25FC", "arn:aws:iam::1:user/", "arn:", "arn:aws:s3:::%FF",
	"REST.PUT.", "REST..", "....", "BATCH.DELETE.OBJECT", "S3.",
	"TLSv9.9", "TLS", "SigV", "?x=%FF&versionId=%FC", "GET /%FC?prefix=%FC%25 HTTP/1.1", strings.Repeat("%25", 2000) +
		"FC", strings.Repeat("a/", 3000),
}

// fixed are the columns that tell whose a record is; S3 and CloudTrail write them.
var fixed = []string{"Bucket", "Account"}

// eachText calls do for each text column of a record or event, by name.
func eachText(row any, do func(name string, column *[]byte)) {
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		if column, ok := v.Field(i).Addr().Interface().(*[]byte); ok && !slices.Contains(fixed, v.Type().Field(i).Name) {
			do(v.Type().Field(i).Name, column)
		}
	}
}

// Whatever stands in a text column of the log, of the trail or of a line that
// can't be read, each query and each check gives an answer. Who may delete an
// object must not be able to stop the evidence by the object's name.
func TestNoValueStopsTheEvidence(t *testing.T) {
	f := trailFixture(t, noneApproved)
	operations := []string{"REST.PUT.OBJECT", "REST.GET.OBJECT", "BATCH.DELETE.OBJECT", "REST.PUT.BUCKETPOLICY",
		"REST.COPY.OBJECT_GET", "S3.EXPIRE.OBJECT"}
	events := []string{"PutObject", "DeleteObjects", "PutBucketPolicy", "PutBucketLifecycle",
		"UpdateAssumeRolePolicy", "StopLogging", "PutKeyPolicy"}
	day := time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)
	n := 0
	pair := func(id string, change func(row any)) {
		n++
		at := day.Add(time.Duration(n) * 7 * time.Second).Format(time.RFC3339)
		f.at(at, backup, operations[n%len(operations)], "veeam/x", "id="+id, "agent=Veeam/1", "ip=192.0.2.1")
		change(&f.recs[len(f.recs)-1])
		f.event(at, events[n%len(events)], "id="+id, "by="+backup, "bucket=acme-backups", "key=veeam/x",
			`parameters={"bucketName":"acme-backups"}`)
		change(&f.events[len(f.events)-1])
	}
	var names []string
	for _, row := range []any{&dataset.Record{}, &dataset.Event{}} {
		eachText(row, func(name string, _ *[]byte) { names = append(names, name) })
	}
	for i, value := range hostile {
		for _, name := range names {
			pair(fmt.Sprintf("%s%d", name, i), func(row any) {
				eachText(row, func(column string, into *[]byte) {
					if column == name {
						*into = []byte(value)
					}
				})
			})
		}
		for _, operation := range operations { // names of objects are the client's, whatever is done to them
			pair(fmt.Sprint(operation, i), func(row any) {
				switch row := row.(type) {
				case *dataset.Record:
					row.Operation, row.Key = []byte(operation), []byte(value)
				case *dataset.Event:
					row.Key = []byte(value)
				}
			})
		}
		pair("all", func(row any) { eachText(row, func(_ string, into *[]byte) { *into = []byte(value) }) })
	}
	for i := range f.recs { // as collecting does
		f.recs[i].Clean()
	}
	for i := range f.events {
		f.events[i].Clean()
	}
	f.hum("2026-10-01T00:00:00Z", "2026-10-09T00:00:00Z")
	f.trailHum("2026-10-01T00:00:00Z", "2026-10-09T00:00:00Z")
	f.store("s3://acme-logs/acme-backups/")
	f.reject(day)
	f.listed(time.Date(2026, 10, 12, 12, 0, 0, 0, time.UTC))
	v := f.open("acme", "2026-10-06", "2026-10-08")
	for _, key := range hostile {
		v.Key = key
		for _, q := range f.data.Catalog.Queries {
			if key != hostile[0] && !q.Asks("key") || key == "" || !utf8.ValidString(key) {
				continue
			}
			if _, err := v.Run(t.Context(), q, ""); err != nil {
				t.Errorf("query %s, key %.40q: %v", q.Name, key, err)
			}
		}
	}
	if _, err := v.Check(t.Context(), noon); err != nil {
		t.Error(err)
	}
	if got := f.found(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "rejected-lines") }) {
		t.Errorf("the checks found %q", got)
	}
}

// reject stores lines that can't be read, with hostile text.
func (f *fixture) reject(day time.Time) {
	f.t.Helper()
	ctx := context.Background()
	n, err := f.data.State.Ledger.NextBatch(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	b := f.data.Files.NewBatch(n)
	for i, value := range hostile {
		for _, bucket := range []string{"acme-backups", ""} {
			if err := b.Reject(bucket, day.Add(time.Hour).UnixMilli(), "log/"+strings.ToValidUTF8(value, "?"),
				int64(i+1), strings.ToValidUTF8(value, "?"), []byte(value)); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	files, err := b.Close()
	if err != nil {
		f.t.Fatal(err)
	}
	object := state.LogObject{Location: "s3://acme-logs/acme-backups/", Key: "rejected", Source: "log/" + hostile[0],
		Kind: state.KindLog, Delivered: day.Add(2 * time.Hour),
		Buckets: map[string]state.ObjectCount{"acme-backups": {Rejected: int64(len(hostile))}}}
	if err := f.data.State.Ledger.Commit(ctx, []state.LogObject{object}, files, nil, day.Add(2*time.Hour)); err != nil {
		f.t.Fatal(err)
	}
}

// A row that counts lines which were not kept stands for all of them.
func TestCountedLines(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-10-07T00:00:00Z", "2026-10-08T00:00:00Z")
	f.store("file:logs")
	at := time.Date(2026, 10, 7, 9, 0, 0, 0, time.UTC)
	n, err := f.data.State.Ledger.NextBatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := f.data.Files.NewBatch(n)
	for i, reason := range []string{"no record", dataset.MoreRejected(5000), dataset.MoreRejected(7) + " "} {
		if err := b.Reject("acme-backups", at.UnixMilli(), "file:logs/bomb", int64(i+1), reason, nil); err != nil {
			t.Fatal(err)
		}
	}
	files, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	object := state.LogObject{Location: "file:logs", Key: "bomb", Source: "file:logs/bomb", Kind: state.KindLog,
		Delivered: at.Add(time.Hour),
		Buckets:   map[string]state.ObjectCount{"acme-backups": {Rejected: 5002}}}
	if err := f.data.State.Ledger.Commit(t.Context(), []state.LogObject{object}, files, nil, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	f.listed(time.Date(2026, 10, 12, 12, 0, 0, 0, time.UTC))
	v := f.open("acme", "2026-10-07", "2026-10-07")
	if n, err := v.Rejected(t.Context()); n != 5002 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
	if got := v.answer(t, "log-delivery"); len(got) != 1 || strings.Split(got[0], "|")[4] != "5002" {
		t.Errorf("log-delivery is %q", got)
	}
	if hours, err := v.rejectedHours(t.Context(), v.engine.Query); err != nil || hours["acme-backups"][at.Unix()/3600] != 5002 {
		t.Errorf("%v, %v", hours, err)
	}
	f.check("2026-10-07", "2026-10-07")
	want := "rejected-lines|unreadable lines|low|open|5002|1 days"
	if got := f.found(); !slices.Contains(got, want) {
		t.Errorf("the checks found %q, want %s", got, want)
	}
}
