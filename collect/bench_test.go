package collect

import (
	"testing"

	"bucketproof/internal/bench"
)

// BenchmarkCollect brings log objects of file:// in: listing, SHA-256, parsing,
// identities, Parquet and the ledger; once 256 objects of 1 MiB, once 3,300 of
// 20 KB. Its peers run in internal/bench/compare.
func BenchmarkCollect(b *testing.B) {
	b.Run("large", func(b *testing.B) { benchCollect(b, 256<<20, 1<<20) })
	b.Run("small", func(b *testing.B) { benchCollect(b, 64<<20, 20_000) })
}

func benchCollect(b *testing.B, bytes, object int64) {
	logs := newSite(b, bench.Bucket)
	truth, err := bench.Logs(logs.dir+"/logs", bytes, object, false)
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
