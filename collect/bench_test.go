package collect

import (
	"testing"

	"bucketproof/internal/bench"
)

// BenchmarkCollect brings 256 log objects of file:// in: listing, SHA-256,
// parsing, identities, Parquet and the ledger. Its peers run in
// internal/bench/compare.
func BenchmarkCollect(b *testing.B) {
	logs := newSite(b, bench.Bucket)
	truth, err := bench.Logs(logs.dir+"/logs", 256<<20, 1<<20, false)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(truth.Bytes)
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, bench.Bucket)
		b.StartTimer()
		sums, err := s.c.Collect(b.Context(), logs.srcs)
		if err != nil || sums[0].Records != truth.Records {
			b.Fatalf("%+v, %v", sums, err)
		}
	}
}
