package analyze

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
)

// fixture is a dataset of hand-made records.
type fixture struct {
	t      *testing.T
	data   Dataset
	next   int
	recs   []dataset.Record
	events []dataset.Event
}

const oneTenant = `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
timezone = "Europe/Paris"
accounts = ["111122223333"]
user_agents = ["Veeam*"]
large_put = "1GiB"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/", "Zürich Café/"]
[[tenant.principal]]
match = "arn:aws:sts::111122223333:assumed-role/BackupRole/*"
name = "Nightly backup role"
role = "backup"
[[tenant.principal]]
match = "AmazonS3"
name = "S3 lifecycle"
role = "service"
`

func newFixture(t *testing.T, text string) *fixture {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{t: t, data: Dataset{Config: c, Catalog: catalog, State: s, Files: dataset.Dataset{Dir: filepath.Join(dir, "dataset")}}}
}

const (
	backup  = "arn:aws:sts::111122223333:assumed-role/BackupRole/night-1"
	foreign = "arn:aws:sts::444455556666:assumed-role/Other/s"
)

// at adds a record at a time in RFC 3339. Fields are "name=value".
func (f *fixture) at(at, requester, operation, key string, fields ...string) {
	f.t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		f.t.Fatal(err)
	}
	f.next++
	none := func(s string) []byte {
		if s == "-" || s == "" {
			return nil
		}
		return []byte(s)
	}
	r := dataset.Record{Bucket: []byte("acme-backups"), TimeMS: when.UnixMilli(), Requester: none(requester),
		RequestID: fmt.Appendf(nil, "R%d", f.next),
		Operation: none(operation), Key: none(key), HTTPStatus: 200, BytesSent: dataset.None,
		ObjectSize: dataset.None, TotalTimeMS: dataset.None, TurnAroundTimeMS: dataset.None}
	if strings.HasPrefix(operation, "REST.") && key != "-" { // the address has the key encoded once
		r.RequestURI = []byte("GET /" + strings.ReplaceAll(key, "%25", "%") + " HTTP/1.1")
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		var n int64
		if _, err := fmt.Sscan(value, &n); err != nil {
			n = dataset.None
		}
		switch name {
		case "bucket":
			r.Bucket = []byte(value)
		case "status":
			r.HTTPStatus = int32(n)
		case "error":
			r.ErrorCode = []byte(value)
		case "sent":
			r.BytesSent = n
		case "size":
			r.ObjectSize = n
		case "tls":
			r.TLSVersion = []byte(value)
		case "sig":
			r.SignatureVersion = []byte(value)
		case "ms":
			r.TotalTimeMS = int32(n)
		case "ip":
			r.RemoteIP = []byte(value)
		case "host":
			r.HostHeader = []byte(value)
		case "id":
			r.RequestID = []byte(value)
		case "agent":
			r.UserAgent = []byte(value)
		default:
			f.t.Fatalf("no field %q", name)
		}
	}
	f.recs = append(f.recs, r)
}

// hum adds a record every hour, so that the log has no gap: from and to are
// RFC 3339.
func (f *fixture) hum(from, to string, fields ...string) {
	f.t.Helper()
	start, err := time.Parse(time.RFC3339, from)
	if err != nil {
		f.t.Fatal(err)
	}
	end, err := time.Parse(time.RFC3339, to)
	if err != nil {
		f.t.Fatal(err)
	}
	for at := start; at.Before(end); at = at.Add(time.Hour) {
		f.at(at.Format(time.RFC3339), "AmazonS3", "REST.HEAD.BUCKET", "-", fields...)
	}
}

// store commits what was added as one log object of a location.
func (f *fixture) store(location string) {
	f.t.Helper()
	f.storeAt(location, time.Time{})
}

// storeAt is store at a time; zero is when it is delivered.
func (f *fixture) storeAt(location string, collected time.Time) {
	f.t.Helper()
	ctx := context.Background()
	n, err := f.data.State.Ledger.NextBatch(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	source := fmt.Sprintf("%s/object-%d", location, n)
	object := state.LogObject{Location: location, Key: fmt.Sprintf("object-%d", n), Source: source,
		Kind: state.KindLog, Buckets: map[string]state.ObjectCount{}}
	b := f.data.Files.NewBatch(n)
	for i := range f.recs {
		r := &f.recs[i]
		at := time.UnixMilli(r.TimeMS).UTC()
		if err := b.Access(r, []byte(source), int64(i+1)); err != nil {
			f.t.Fatal(err)
		}
		c := object.Buckets[string(r.Bucket)]
		c.Records++
		if c.First.IsZero() || at.Before(c.First) {
			c.First = at
		}
		if at.After(c.Last) {
			c.Last = at
		}
		object.Buckets[string(r.Bucket)] = c
		object.Delivered = later(object.Delivered, at.Add(time.Hour))
	}
	object.Modified = object.Delivered
	for i := range f.events {
		e := &f.events[i]
		if err := b.Event(dataset.TrailOwner(string(e.Account)), e, []byte("trail-object"), int64(i+1)); err != nil {
			f.t.Fatal(err)
		}
	}
	files, err := b.Close()
	if err != nil {
		f.t.Fatal(err)
	}
	if collected.IsZero() {
		collected = object.Modified
	}
	if err := f.data.State.Ledger.Commit(ctx, []state.LogObject{object}, files, nil, collected); err != nil {
		f.t.Fatal(err)
	}
	f.recs, f.events = nil, nil
}

func (f *fixture) open(tenant, from, to string) *View {
	f.t.Helper()
	t, ok := f.data.Config.Tenant(tenant)
	if !ok {
		f.t.Fatalf("no tenant %s", tenant)
	}
	r, err := NewRange(t.Location, from, to)
	if err != nil {
		f.t.Fatal(err)
	}
	v, err := Open(context.Background(), f.data, t, r)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := v.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return v
}

// query is the answer of a saved query, a line a row.
func (v *View) answer(t *testing.T, name string) []string {
	t.Helper()
	s, err := v.data.Catalog.Query(name)
	if err != nil {
		t.Fatal(err)
	}
	result, err := v.Run(context.Background(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range result.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = tabular.Cell(c)
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return lines
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s is\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// listed notes that the places of log and trail were listed whole.
func (f *fixture) listed(at time.Time) {
	f.t.Helper()
	for _, t := range f.data.Config.Tenants {
		places := []string{t.CloudTrail.Text}
		for _, b := range t.Buckets {
			places = append(places, b.Logs.Text)
		}
		for _, place := range places {
			if err := f.data.State.Listings.End(f.t.Context(), place, nil, nil, at, nil); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}
