package report_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
	"bucketproof/report"
)

const hostileTenant = `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
accounts = ["111122223333"]
cloudtrail = "file:trail"
bucket = [{ name = "acme-backups", logs = "file:logs", prefixes = ["veeam/"] }]
principal = [{ match = "arn:aws:sts::111122223333:assumed-role/Backup/*", name = "Backup", role = "backup" }]
`

// Whatever clients write into the log and the trail, the packet of the month is made.
func TestNoValueStopsAPacket(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(hostileTenant))
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	data := dataset.Dataset{Dir: filepath.Join(dir, "dataset")}
	b := data.NewBatch(1)
	at := time.Date(2026, 10, 7, 12, 0, 0, 0, time.UTC)
	line := int64(0)
	values := []string{"veeam/M%25FCller.vbk", "%FC", "%", "\xff", "\x00\x1b[31m\u202e", "'; --", "{", "9223372036854775808",
		"arn:aws:iam::1:user/%FC", strings.Repeat("%25", 1000) + "FC"}
	for _, value := range values {
		for field := range 27 {
			line++
			at = at.Add(time.Second)
			role, id := []byte("arn:aws:sts::111122223333:assumed-role/Backup/s"), fmt.Appendf(nil, "R%d", line)
			r := dataset.Record{Bucket: []byte("acme-backups"), TimeMS: at.UnixMilli(), Requester: role, RequestID: id,
				Operation: []byte("BATCH.DELETE.OBJECT"), Key: []byte("veeam/x"), HTTPStatus: 204}
			e := dataset.Event{Account: []byte("111122223333"), Source: []byte("s3.amazonaws.com"), Bucket: []byte("acme-backups"),
				TimeMS: at.UnixMilli(), Requester: role, RequestID: id,
				Name: []byte("DeleteObject"), Key: []byte("veeam/x"), EventID: id, Category: []byte("Data"), ReadOnly: dataset.No}
			for _, row := range []any{&r, &e} {
				v := reflect.ValueOf(row).Elem()
				name := v.Type().Field(field % v.NumField()).Name
				if text, ok := v.Field(field % v.NumField()).Addr().Interface().(*[]byte); ok && name != "Bucket" && name != "Account" {
					*text = []byte(value)
				}
			}
			r.Clean()
			e.Clean()
			if err := errors.Join(b.Access(&r, []byte("object"), line),
				b.Event(dataset.TrailOwner("111122223333"), &e, []byte("trail"), line)); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ledger.Commit(t.Context(), nil, files, nil, at); err != nil {
		t.Fatal(err)
	}
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	tenant := c.Tenants[0]
	r, err := analyze.Month(tenant.Location, "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	v, err := analyze.Open(t.Context(), analyze.Dataset{Config: c, Catalog: catalog, State: s, Files: data}, tenant, r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := v.Check(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	p, err := report.Build(t.Context(),
		report.Input{View: v, Catalog: catalog, State: s, Month: "2026-10", Version: "test",
			Look: report.Look{Paper: "A4", Accent: config.DefaultAccent}})
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := p.Render(report.Revision{Number: 1})
	if err != nil || len(rendered) == 0 {
		t.Errorf("%d files, %v", len(rendered), err)
	}
}
