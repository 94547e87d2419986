package collect

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the peer
)

// benchLogs writes log objects of a few hundred KB, as a busy bucket gets them,
// and returns their bytes and records.
func benchLogs(b *testing.B, dir string, objects, lines int) (bytes, records int64) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	hex := func(n int) string {
		const digits = "0123456789ABCDEF"
		out := make([]byte, n)
		for i := range out {
			out[i] = digits[r.IntN(16)]
		}
		return string(out)
	}
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for i := range objects {
		at = at.Add(3 * time.Minute)
		var text []byte
		for range lines {
			key := fmt.Sprintf("veeam/Server%02d/2026-10-%02d/%s.blk", r.IntN(20), at.Day(), hex(12))
			text = fmt.Appendf(text, "%064x acme-backups [%s] 192.0.2.%d arn:aws:sts::111122223333:assumed-role/BackupRole/nightly-%d %s REST.PUT.PART %s \"PUT /acme-backups/%s?partNumber=%d&uploadId=%s HTTP/1.1\" 200 - - %d %d %d \"-\" \"APN/1.0 Veeam/1.0 VeeamBackup/12.1.2\" - %s= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader acme-backups.s3.us-east-1.amazonaws.com TLSv1.3 - Yes us-east-1\n",
				7, at.Add(-time.Duration(r.IntN(3600))*time.Second).Format("02/Jan/2006:15:04:05 +0000"), r.IntN(200), at.Day(), hex(16), key, key, r.IntN(900), hex(32), r.IntN(1<<26), r.IntN(400), r.IntN(90), hex(75))
		}
		name := at.Format("2006-01-02-15-04-05-") + fmt.Sprintf("%016X", i)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			b.Fatal(err)
		}
		bytes += int64(len(text))
		records += int64(lines)
	}
	return bytes, records
}

// BenchmarkDuckDBCopy is the peer: DuckDB reads the same logs as CSV with spaces
// and writes Parquet. It takes no hash, knows no duplicates, and bends the hard
// lines.
func BenchmarkDuckDBCopy(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, "acme-backups")
		bytes, records := benchLogs(b, filepath.Join(s.dir, "logs"), 250, 500)
		b.SetBytes(bytes)
		db, err := sql.Open("duckdb", "")
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		result, err := db.ExecContext(b.Context(), fmt.Sprintf("COPY (SELECT * FROM read_csv('%s/logs/*', delim=' ', header=false, quote='\"', all_varchar=true, null_padding=true, ignore_errors=true)) TO '%s/peer.parquet' (FORMAT parquet, COMPRESSION zstd)", s.dir, s.dir))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if n, err := result.RowsAffected(); err != nil || n != records {
			b.Fatalf("%d records, %v", n, err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkCollect brings 250 log objects of file:// in: listing, SHA-256,
// parsing, identities, Parquet and the ledger.
func BenchmarkCollect(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, "acme-backups")
		bytes, records := benchLogs(b, filepath.Join(s.dir, "logs"), 250, 500)
		b.SetBytes(bytes)
		b.StartTimer()
		sums, err := s.c.Collect(b.Context(), s.srcs)
		if err != nil || sums[0].Records != records {
			b.Fatalf("%+v, %v", sums, err)
		}
	}
}
