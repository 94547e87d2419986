package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/identity"
)

// contract is the columns of access files, in their order.
const contract = "bucket_owner bucket time remote_ip requester request_id operation key request_uri http_status " +
	"error_code bytes_sent object_size total_time_ms turn_around_time_ms referer user_agent version_id host_id " +
	"signature_version cipher_suite authentication_type host_header tls_version access_point_arn acl_required " +
	"source_region extra source_object source_line"

func TestSchemaIsTheContract(t *testing.T) {
	var names []string
	for _, c := range Columns(Access) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != contract {
		t.Errorf("columns are\n%s\nwant\n%s", got, contract)
	}
}

var key = identity.Key{1, 2, 3}

func full() *Record {
	b := func(s string) []byte { return []byte(s) }
	return &Record{BucketOwner: b("o"), Bucket: b("acme-backups"), TimeMS: 1790895638000, RemoteIP: b("::1"),
		Requester: b("r"), RequestID: b("id"), Operation: b("REST.PUT.OBJECT"),
		Key: b("k\x00\xff"), RequestURI: b("u"), HTTPStatus: 200, ErrorCode: b("e"), BytesSent: 1, ObjectSize: 2,
		TotalTimeMS: 3, TurnAroundTimeMS: 4, Referer: b("ref"), UserAgent: b("Zürich 😀"),
		VersionID: b("v"), HostID: b("h"), SignatureVersion: b("SigV4"), CipherSuite: b("c"),
		AuthenticationType: b("AuthHeader"), HostHeader: b("hh"), TLSVersion: b("TLSv1.3"),
		AccessPointARN: b("ap"), ACLRequired: b("Yes"), SourceRegion: b("eu-west-1"), Extra: b("more")}
}

// accessRow is what the tests below read of a row.
type accessRow struct {
	Time             int64   `parquet:"time,timestamp(millisecond)"`
	Key              *string `parquet:"key,optional"`
	HTTPStatus       *int32  `parquet:"http_status,optional"`
	BytesSent        *int64  `parquet:"bytes_sent,optional"`
	ObjectSize       *int64  `parquet:"object_size,optional"`
	TurnAroundTimeMS *int32  `parquet:"turn_around_time_ms,optional"`
	UserAgent        *string `parquet:"user_agent,optional"`
	HostID           *string `parquet:"host_id,optional"`
	ACLRequired      *bool   `parquet:"acl_required,optional"`
	Extra            *string `parquet:"extra,optional"`
	SourceLine       int64   `parquet:"source_line"`
}

func TestRecordsComeBack(t *testing.T) {
	d := Dataset{Dir: t.TempDir()}
	batch := d.NewBatch(1)
	one, two := full(), &Record{Bucket: []byte("acme-backups"), TimeMS: 1790895638000, HTTPStatus: None,
		BytesSent: None, ObjectSize: None, TotalTimeMS: None, TurnAroundTimeMS: None}
	for i, r := range []*Record{one, two} {
		r.Clean()
		if err := batch.Access(r, []byte("s3://l/o"), int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := batch.Close()
	if err != nil || len(files) != 1 ||
		files[0].Path != "access/bucket=acme-backups/date=2026-10-01/part-000001.parquet" || files[0].Rows != 2 {
		t.Fatalf("%+v, %v", files, err)
	}
	rows, err := parquet.ReadFile[accessRow](d.Full(files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	a, b := rows[0], rows[1]
	if *a.Key != `k\x00\xff` || *a.UserAgent != "Zürich 😀" || !*a.ACLRequired || *a.ObjectSize != 2 ||
		*a.TurnAroundTimeMS != 4 || *a.Extra != "more" || *a.HostID != "h" || a.SourceLine != 1 || a.Time != 1790895638000 {
		t.Errorf("the full record came back as %+v", a)
	}
	if b.Key != nil || b.HTTPStatus != nil || b.BytesSent != nil || b.ACLRequired != nil || b.UserAgent != nil || b.SourceLine != 2 {
		t.Errorf("the empty record came back as %+v", b)
	}
	ids := map[identity.ID]struct{}{}
	if err := d.Identities(files[0].Path, key, func(id identity.ID) error { ids[id] = struct{}{}; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Record{one, two} {
		if _, ok := ids[Identify(key, r)]; !ok {
			t.Error("a stored record has another identity than the one that was read")
		}
	}
}

func TestIdentity(t *testing.T) {
	base := Identify(key, full())
	for name, change := range map[string]func(*Record){
		"request ID": func(r *Record) { r.RequestID = []byte("other") },
		"operation":  func(r *Record) { r.Operation = nil },
		"key":        func(r *Record) { r.Key = []byte("") },
		"version":    func(r *Record) { r.VersionID = nil },
		"requester":  func(r *Record) { r.Requester = []byte("other") },
		"address":    func(r *Record) { r.RemoteIP = []byte("192.0.2.9") },
		"status":     func(r *Record) { r.HTTPStatus = 403 },
		"error":      func(r *Record) { r.ErrorCode = []byte("AccessDenied") },
		"bytes":      func(r *Record) { r.BytesSent = 1 << 40 },
		"size":       func(r *Record) { r.ObjectSize = 1 << 40 },
		"time":       func(r *Record) { r.TimeMS += 1000 },
	} {
		r := full()
		change(r)
		if Identify(key, r) == base {
			t.Errorf("%s does not count", name)
		}
	}
	r := full()
	r.HostID, r.UserAgent, r.TLSVersion, r.TimeMS = nil, nil, []byte("TLSV1.2"), r.TimeMS+5
	if Identify(key, r) != base {
		t.Error("a field that may differ between two deliveries counts")
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	d := Dataset{Dir: t.TempDir()}
	b := d.NewBatch(1)
	if err := b.Access(full(), []byte("s"), 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Reject("", 1790895638000, "s", 2, "why", []byte("\xff")); err != nil {
		t.Fatal(err)
	}
	if err := b.Discard(); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(d.Dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			t.Errorf("%s is left", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Lines that are only counted have no text, and their row can be read and copied like others.
func TestRejectedWithoutText(t *testing.T) {
	d := Dataset{Dir: t.TempDir()}
	batch := d.NewBatch(1)
	for i, raw := range [][]byte{[]byte("one\xff"), nil, []byte("three")} {
		if err := batch.Reject("acme-backups", 1790895638000, "s", int64(i), "why", raw); err != nil {
			t.Fatal(err)
		}
	}
	files, err := batch.Close()
	if err != nil {
		t.Fatal(err)
	}
	again := d.NewBatch(2)
	if err := again.Copy(files[0]); err != nil {
		t.Fatal(err)
	}
	if files, err = again.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[struct {
		Raw string `parquet:"raw"`
	}](d.Full(files[0].Path))
	if err != nil || len(rows) != 3 || rows[0].Raw != `one\xff` || rows[1].Raw != "" || rows[2].Raw != "three" {
		t.Errorf("the copied rows are %+v, %v", rows, err)
	}
}
