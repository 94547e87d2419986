package collect

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
)

func jsonLine(bucket, id, op, key string) string {
	return fmt.Sprintf(`{"schema_version_id":"V_1_0","bucket_name":%q,"request_time":"2026-10-01T23:00:38.125Z","remote_ip":"192.0.2.3","requester":"arn:aws:iam::111122223333:user/b","request_id":%q,"operation":%q,"key_name":%q,"http_status":200,"object_size":4406,"version_id":null}`+"\n", bucket, id, op, key)
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What another bucket's unreadable JSON line says is not kept as ours, and a
// small packed object that is cut is read as far as it goes.
func TestVendedLinesOfOthers(t *testing.T) {
	s := newSite(t, "acme-backups")
	bad := strings.Replace(jsonLine("beta-backups", "R2", "REST.PUT.OBJECT", "secret"), "200", `"OK"`, 1)
	s.put("a.json", jsonLine("acme-backups", "R1", "REST.PUT.OBJECT", "a")+bad)
	whole := gzipped(t, jsonLine("acme-backups", "R3", "REST.PUT.OBJECT", "a"))
	s.put("b.json.gz", whole[:len(whole)-4])
	sum := s.collect()
	wantSummary(t, sum, 2, 2, 0, 1)
	if sum.OtherRecords != 1 {
		t.Errorf("%d records of others", sum.OtherRecords)
	}
	s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"}
	wantSummary(t, s.collect(), 1, 0, 0, 1)
}

// Long lines packed small take bounded memory.
func TestMemoryOfPackedLines(t *testing.T) {
	if testing.Short() {
		t.Skip("it packs 300 MB")
	}
	s := newSite(t, "acme-backups")
	long := strings.Repeat("x", 900<<10) + "\n"
	text := gzipped(t, line("acme-backups", "R1", "REST.PUT.OBJECT", "a")+strings.Repeat(long, 40))
	for i := range 8 {
		s.put(fmt.Sprintf("2026-10-01-23-%02d-00-AAAAAAAAAAAAAAAA", i), text+fmt.Sprint(i))
	}
	var most uint64
	s.c.Progress = func(Progress) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(DefaultMemory))
	if sum := s.collect(); sum.Objects != 8 || sum.Records != 1 {
		t.Errorf("%+v", sum)
	}
	if most > 2*DefaultMemory {
		t.Errorf("the heap had %d MB", most>>20)
	}
}

// A request is one record in whatever forms it is delivered; what is JSON or
// Parquet and no access log is left alone.
func TestVendedForms(t *testing.T) {
	s := newSite(t, "acme-backups")
	type row struct {
		Bucket    string    `parquet:"bucket_name"`
		Time      time.Time `parquet:"request_time,timestamp(millisecond)"`
		Operation string    `parquet:"operation"`
		ID        string    `parquet:"request_id"`
		Key       string    `parquet:"key_name"`
		IP        string    `parquet:"remote_ip"`
		Requester string    `parquet:"requester"`
		Status    int32     `parquet:"http_status"`
		Size      int64     `parquet:"object_size"`
	}
	tableRow := func(bucket, id string) row {
		return row{bucket, time.Date(2026, 10, 1, 23, 0, 38, 125e6, time.UTC), "REST.PUT.OBJECT", id, "a",
			"192.0.2.3", "arn:aws:iam::111122223333:user/b", 200, 4406}
	}
	var table, foreign bytes.Buffer
	if err := parquet.Write(&table,
		[]row{tableRow("acme-backups", "R1"), tableRow("acme-backups", "R3"), tableRow("beta-backups", "R4")}); err != nil {
		t.Fatal(err)
	}
	if err := parquet.Write(&foreign, []struct{ A int }{{1}}); err != nil {
		t.Fatal(err)
	}
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	s.put("a.json.gz", gzipped(t, jsonLine("acme-backups", "R1", "REST.PUT.OBJECT", "a")+
		jsonLine("acme-backups", "R2", "REST.PUT.OBJECT", "a")+"{\n"))
	s.put("b.log.parquet", table.String())
	s.put("c.json", `{"Records":[{"eventTime":"2026-10-01T00:00:00Z","eventName":"PutObject"}]}`)
	s.put("d.parquet", foreign.String())
	s.put("e.parquet", table.String()[:table.Len()-3])
	sum := s.collect()
	wantSummary(t, sum, 6, 3, 2, 2) // what is damaged counts as a line
	if sum.Foreign != 2 || sum.OtherRecords != 1 {
		t.Errorf("%d foreign, %d of others", sum.Foreign, sum.OtherRecords)
	}
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	if n := s.rows("acme-backups"); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
}

// TestForgedDuplicate: a line that says something else of the request of a true one, written to
// the place of the logs before that is delivered, hides nothing.
func TestForgedDuplicate(t *testing.T) {
	s := newSite(t, "acme-backups")
	truth := line("acme-backups", "R1", "REST.DELETE.OBJECT", "a")
	for i, forged := range []string{
		strings.Replace(truth, "user/b ", "user/other ", 1), strings.Replace(truth, " 200 - ", " 403 AccessDenied ", 1),
		strings.Replace(truth, ":23:00:38", ":03:00:38", 1), strings.Replace(truth, " 4406 ", " 1 ", 1),
		strings.Replace(truth, "192.0.2.3", "192.0.2.4", 1),
		`{"schema_version_id":"V_1_0","bucket_name":"acme-backups","request_time":"2026-10-01T23:00:38Z","request_id":"R1","operation":"REST.DELETE.OBJECT","key_name":"a"}` + "\n",
	} {
		s.put(fmt.Sprintf("2026-10-01-23-%02d-00-AAAAAAAAAAAAAAAA", i), forged)
	}
	wantSummary(t, s.collect(), 6, 6, 0, 0)
	s.put("2026-10-01-23-30-00-BBBBBBBBBBBBBBBB", truth)
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	s.put("2026-10-01-23-31-00-CCCCCCCCCCCCCCCC", truth+line("acme-backups", "R2", "REST.GET.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 1, 0)
}

// A Parquet object that unfolds to more than the bound waits for a larger one;
// what lies beside it is collected.
func TestParquetWaitsForMemory(t *testing.T) {
	s := newSite(t, "acme-backups")
	type row struct {
		Bucket    string `parquet:"bucket_name"`
		Time      string `parquet:"request_time"`
		Operation string `parquet:"operation"`
		ID        string `parquet:"request_id"`
		Agent     string `parquet:"user_agent"`
	}
	rows := make([]row, 90)
	for i := range rows {
		rows[i] = row{"acme-backups", "2026-10-01T23:00:38Z", "REST.PUT.OBJECT", fmt.Sprint("R", i), strings.Repeat("u", 500<<10)}
	}
	var large bytes.Buffer
	if err := parquet.Write(&large, rows, parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(1<<30)); err != nil {
		t.Fatal(err)
	}
	s.put("a.parquet", large.String())
	s.put("b.json", jsonLine("acme-backups", "X1", "REST.PUT.OBJECT", "a"))
	s.c.Memory = 64 << 20
	sum, err := s.c.Collect(t.Context(), s.srcs)
	if err == nil || !strings.Contains(err.Error(), "raise memory_limit under [collect]") || len(sum) != 1 ||
		sum[0].Failed != 1 || sum[0].Records != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	s.c.Memory = 1 << 30
	wantSummary(t, s.collect(), 1, 90, 0, 0)
}
