package vended

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
)

// sample has every field of the format, in the names and types of the S3 user
// guide, page sal-cw-log-format.
const sample = `{"schema_version_id":"V_1_0","bucket_arn":"arn:aws:s3:::acme-backups","bucket_name":"acme-backups","request_time":"2026-10-01T22:05:16.250Z","bucket_owner_id":"79a5","remote_ip":"203.0.113.45","requester":"arn:aws:iam::111122223333:role/Backup","request_id":"3E57","operation":"REST.PUT.OBJECT","key_name":"veeam/a%2520b","request_uri":"PUT /veeam/a%2520b HTTP/1.1","http_status":200,"error_code":null,"bytes_sent_size":0,"object_size":1048576,"total_duration":45,"turn_around_duration":12,"referer":null,"user_agent":"Veeam \"12\"\u00e9","version_id":"v1","host_id":"s9lz=","signature_version":"SigV4","cipher_suite":"TLS_AES_128_GCM_SHA256","authentication_type":"AuthHeader","host_header":"acme-backups.s3.amazonaws.com","tls_version":"TLSv1.3","access_point_arn":null,"acl_required":false,"source_region":"eu-west-1"}`

const wanted = `owner=79a5 bucket=acme-backups time=1790892316250 ip=203.0.113.45 requester=arn:aws:iam::111122223333:role/Backup id=3E57 op=REST.PUT.OBJECT key=veeam/a%2520b uri=PUT /veeam/a%2520b HTTP/1.1 status=200 error=- sent=0 size=1048576 total=45 turn=12 referer=- agent=Veeam "12"é version=v1 host=s9lz= sig=SigV4 cipher=TLS_AES_128_GCM_SHA256 auth=AuthHeader header=acme-backups.s3.amazonaws.com tls=TLSv1.3 ap=- acl=No region=eu-west-1 extra=-`

func show(r *dataset.Record) string {
	s := func(b []byte) string {
		if b == nil {
			return "-"
		}
		return string(b)
	}
	return fmt.Sprintf("owner=%s bucket=%s time=%d ip=%s requester=%s id=%s op=%s key=%s uri=%s status=%d error=%s "+
		"sent=%d size=%d total=%d turn=%d referer=%s agent=%s version=%s host=%s sig=%s cipher=%s auth=%s "+
		"header=%s tls=%s ap=%s acl=%s region=%s extra=%s",
		s(r.BucketOwner), s(r.Bucket), r.TimeMS, s(r.RemoteIP), s(r.Requester), s(r.RequestID), s(r.Operation),
		s(r.Key), s(r.RequestURI), r.HTTPStatus, s(r.ErrorCode), r.BytesSent, r.ObjectSize,
		r.TotalTimeMS, r.TurnAroundTimeMS, s(r.Referer), s(r.UserAgent), s(r.VersionID), s(r.HostID),
		s(r.SignatureVersion), s(r.CipherSuite), s(r.AuthenticationType), s(r.HostHeader), s(r.TLSVersion),
		s(r.AccessPointARN), s(r.ACLRequired), s(r.SourceRegion), s(r.Extra))
}

func TestJSONFields(t *testing.T) {
	var rec dataset.Record
	_, rejected, err := NewJSON(strings.NewReader(sample)).Next(&rec)
	if err != nil || rejected != nil {
		t.Fatal(rejected, err)
	}
	if got := show(&rec); got != wanted {
		t.Errorf("got  %s\nwant %s", got, wanted)
	}
}

// least is a record of the fewest fields, with more in front of its end.
func least(more string) string {
	return `{"request_time":"2026-10-01T22:05:16Z","bucket_name":"b-1","operation":"REST.GET.OBJECT"` + more + `}`
}

func TestJSONLines(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"subset of the fields", least(""), "bucket=b-1 status=-1 sent=-1"},
		{"bucket by its ARN", `{"bucket_arn":"arn:aws-cn:s3:::b-2","operation":"X.Y","request_time":"2026-10-01T22:05:16.000Z"}`,
			"bucket=b-2"},
		{"dashes", least(`,"requester":"-","version_id":"-","http_status":"-","object_size":"-"`),
			"requester=- status=-1 size=-1 version=-"},
		{"numbers as text", least(`,"http_status":"404","object_size":"12","acl_required":"true"`), "status=404 size=12 acl=Yes"},
		{"unknown fields", least(`,"new":{"a":[1]},"other":null,"n":7`), `extra={"n":7,"new":{"a":[1]}}`},
		{"zone", strings.Replace(least(""), "16Z", "16+02:00", 1), "time=1790885116000"},
		{"byte order mark", "\ufeff" + least(""), "bucket=b-1"},
		{"empty texts", least(`,"request_id":"","remote_ip":"","acl_required":"","version_id":""`), "id=- ip=- acl=- version=-"},
		{"extra of control characters", least(`,"new":"a\u0001\"\u0007"`), `extra={"new":"a\u0001\"\u0007"}`},
		{"large numbers", least(`,"request_id":12345678901234567890,"object_size":9007199254740993`),
			"id=12345678901234567890 size=9007199254740993"},
		{"year 10000 in UTC", strings.Replace(least(""), "2026-10-01T22:05:16Z", "9999-12-31T23:59:59-05:00", 1) +
			"\n", "!request_time: " + errTime.Error()},
		{"1969 in UTC", strings.Replace(least(""), "2026-10-01T22:05:16Z", "1970-01-01T00:00:00+05:00", 1) + "\n",
			"!request_time: " + errTime.Error()},
		{"address with a zone", least(`,"remote_ip":"fe80::1%x"`) + "\n", "!remote_ip: " + errIP.Error()},
		{"not JSON", "{\"a\":1", "!" + accesslog.ErrIncomplete.Error()},
		{"not JSON, with newline", "{\"a\":1\n", "!" + errObject.Error()},
		{"an array", "[1]\n", "!" + errObject.Error()},
		{"no time", `{"bucket_name":"b-1","operation":"X.Y"}` + "\n", "!" + errNoTime.Error()},
		{"time of words", strings.Replace(least(""), "2026-10-01T22:05:16Z", "yesterday", 1) + "\n", "!request_time: " + errTime.Error()},
		{"no bucket", `{"request_time":"2026-10-01T22:05:16Z","operation":"X.Y"}` + "\n", "!" + errBucket.Error()},
		{"no operation", `{"request_time":"2026-10-01T22:05:16Z","bucket_name":"b-1"}` + "\n", "!" + errOperation.Error()},
		{"status 99", least(`,"http_status":99`) + "\n", "!http_status: " + errStatus.Error()},
		{"size of a fraction", least(`,"object_size":1.5`) + "\n", "!object_size: not a number"},
		{"negative size", least(`,"object_size":-4`) + "\n", "!object_size: not a number"},
		{"address of words", least(`,"remote_ip":"here"`) + "\n", "!remote_ip: " + errIP.Error()},
		{"key of a number of parts", least(`,"key_name":["a"]`) + "\n", "!key_name: not a text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rec dataset.Record
			_, rejected, err := NewJSON(strings.NewReader(tt.text)).Next(&rec)
			if err != nil {
				t.Fatal(err)
			}
			got := show(&rec)
			if rejected != nil {
				got = "!" + rejected.Error()
			}
			for _, want := range strings.SplitAfter(tt.want, " ") {
				if tt.want[0] == '!' {
					want = tt.want
				}
				if !strings.Contains(got, strings.TrimSpace(want)) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

// Typed as JSON is, and as texts, and with timestamps of each unit.
type typed struct {
	Bucket    string    `parquet:"bucket_name"`
	Time      time.Time `parquet:"request_time,timestamp(microsecond)"`
	Operation string    `parquet:"operation,dict"`
	Key       *string   `parquet:"key_name,optional"`
	Status    *int32    `parquet:"http_status,optional"`
	Size      *int64    `parquet:"object_size,optional"`
	ACL       *bool     `parquet:"acl_required,optional"`
	New       *string   `parquet:"new_field,optional"`
}

type texts struct {
	Bucket    string  `parquet:"bucket_arn"`
	Time      string  `parquet:"request_time,snappy"`
	Operation *string `parquet:"operation,optional,gzip"`
	Status    string  `parquet:"http_status,zstd"`
	Size      string  `parquet:"object_size"`
}

func write[T any](t testing.TB, rows []T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.MaxRowsPerRowGroup(100))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, content []byte) (out []string, err error) {
	t.Helper()
	p, err := NewParquet(bytes.NewReader(content), int64(len(content)), 64<<20)
	if err != nil {
		return nil, err
	}
	for {
		var rec dataset.Record
		line, rejected, err := p.Next(&rec)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if rejected != nil {
			out = append(out, fmt.Sprintf("%d !%v %s", line.Number, rejected, line.Text))
		} else {
			out = append(out, fmt.Sprintf("%d %s", line.Number, show(&rec)))
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestParquet(t *testing.T) {
	at := time.Date(2026, 10, 1, 22, 5, 16, 250e6, time.UTC)
	rows := make([]typed, 250)
	for i := range rows {
		rows[i] = typed{Bucket: "b-1", Time: at, Operation: "REST.GET.OBJECT", Key: ptr(fmt.Sprint("k", i)),
			Status: ptr[int32](200), Size: ptr[int64](1 << 40), ACL: ptr(true), New: ptr("x")}
	}
	rows[3] = typed{Bucket: "b-1", Time: at, Operation: "REST.GET.OBJECT"}
	rows[4].Status = ptr[int32](7)
	got, err := read(t, write(t, rows))
	if err != nil || len(got) != 250 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, want := range map[int]string{0: "key=k0", 249: "250 owner", 2: "status=200", 248: "size=1099511627776",
		5: `extra={"new_field":"x"}`, 6: "acl=Yes", 7: "time=1790892316250", 3: "key=- uri=- status=-1",
		4: "!http_status: " + errStatus.Error()} {
		if !strings.Contains(got[i], want) {
			t.Errorf("row %d is %s, want %s", i, got[i], want)
		}
	}
	got, err = read(t, write(t, []texts{{"arn:aws:s3:::b-2", "2026-10-01T22:05:16.250Z", ptr("REST.PUT.OBJECT"),
		"200", "-"}, {"arn:aws:s3:::b-2", "-", nil, "200", "-"}}))
	if err != nil || len(got) != 2 || !strings.Contains(got[0], "bucket=b-2 time=1790892316250") ||
		!strings.Contains(got[0], "status=200 error=- sent=-1 size=-1") || !strings.HasPrefix(got[1], "2 !") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := read(t, write(t, []struct{ A int }{{1}})); !errors.Is(err, ErrNotLog) {
		t.Errorf("a foreign Parquet object: %v", err)
	}
}

// A line that can't be read still tells its bucket.
func TestRejectedTellsItsBucket(t *testing.T) {
	for text, want := range map[string]string{
		least(`,"http_status":"OK"`) + "\n":                         "b-1",
		`{"remote_ip":"x",` + least("")[1:] + "\n":                  "b-1",
		least("")[:len(least(""))-1] + "\n":                         "b-1",
		`{"bucket_arn":"arn:aws:s3:::b-2","request_time":7}` + "\n": "b-2",
		`{"bucket_name":"` + strings.Repeat("x", 70) + `"` + "\n":   strings.Repeat("x", 70),
		`{"request_time":7}` + "\n":                                 "",
		least(`,"user_agent":"` + strings.Repeat("y", 2<<20) + `"`): "b-1",
	} {
		rec := dataset.Record{Bucket: []byte("stale")}
		_, rejected, err := NewJSON(strings.NewReader(text)).Next(&rec)
		if err != nil || rejected == nil || string(rec.Bucket) != want {
			t.Errorf("%.80s: bucket %q, want %q (%v, %v)", text, rec.Bucket, want, rejected, err)
		}
	}
}

// Old timestamps, no rows, and a footer that can't be.
func TestParquetEdges(t *testing.T) {
	if _, err := read(t, []byte("PAR1\xf0\xff\xff\xffPAR1")); err == nil {
		t.Error("a footer longer than the object is no error")
	}
	type old struct {
		Bucket string           `parquet:"bucket_name"`
		Time   deprecated.Int96 `parquet:"request_time"`
		Op     string           `parquet:"operation"`
	}
	// 2026-10-01 is the Julian day 2461315; half past one in the morning.
	const nanos = 90 * 60 * 1_000_000_000
	got, err := read(t, write(t, []old{{"b-1", deprecated.Int96{nanos & 0xffffffff, nanos >> 32, 2461315}, "X.Y"}}))
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "time=1790818200000") {
		t.Errorf("INT96: %v, %v", got, err)
	}
	if got, err := read(t, write(t, []typed(nil))); err != nil || len(got) != 0 {
		t.Errorf("no rows: %v, %v", got, err)
	}
}

// Damage is an error or another value, never a panic.
func TestDamagedParquet(t *testing.T) {
	at := time.Date(2026, 10, 1, 22, 5, 16, 0, time.UTC)
	whole := write(t, []typed{{Bucket: "b-1", Time: at, Operation: "X.Y", Key: ptr("k")}, {Bucket: "b-2", Time: at, Operation: "X.Y"}})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		bent := bytes.Clone(whole)
		for range 1 + rng.IntN(3) {
			bent[rng.IntN(len(bent))] ^= 1 << rng.IntN(8)
		}
		_, _ = read(t, bent)
		_, _ = read(t, bent[:rng.IntN(len(bent))])
	}
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(sample + "\n" + least("") + "\r\n\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := 0
		for _, line := range bytes.Split(text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		r := NewJSON(bytes.NewReader(text))
		for ; ; want-- {
			var rec dataset.Record
			_, rejected, err := r.Next(&rec)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if rejected == nil && (len(rec.Bucket) == 0 || rec.TimeMS == 0) {
				t.Fatalf("a record without bucket or time came out of %q", text)
			}
		}
		if want != 0 {
			t.Fatalf("%d lines are not accounted for", want)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	text := []byte(strings.Repeat(sample+"\n", 1000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := NewJSON(bytes.NewReader(text))
		var rec dataset.Record
		for {
			_, rejected, err := r.Next(&rec)
			if err == io.EOF {
				break
			}
			if err != nil || rejected != nil {
				b.Fatal(rejected, err)
			}
		}
	}
}
