package dataset

import "testing"

// BenchmarkBatch puts rows into files: what a record costs behind its parser, which may not
// include an allocation.
func BenchmarkBatch(b *testing.B) {
	source := []byte("s3://logs/acme/2026-10-01-00-00-00-0123456789ABCDEF")
	b.Run("access", func(b *testing.B) {
		rec := full()
		rec.Clean()
		benchBatch(b, func(batch *Batch, n int64) error { return batch.Access(rec, source, n) })
	})
	b.Run("trail", func(b *testing.B) {
		ev := fullEvent()
		ev.Clean()
		owner := TrailOwner(string(ev.Account))
		benchBatch(b, func(batch *Batch, n int64) error { return batch.Event(owner, ev, source, n) })
	})
}

func benchBatch(b *testing.B, add func(batch *Batch, n int64) error) {
	batch := Dataset{Dir: b.TempDir()}.NewBatch(1)
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		if err := add(batch, n); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Discard(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkText walks over the text of a record, as the collector does with each.
func BenchmarkText(b *testing.B) {
	b.Run("size", func(b *testing.B) {
		rec := full()
		b.ReportAllocs()
		for b.Loop() {
			if rec.Size() == 0 {
				b.Fatal("no text")
			}
		}
	})
	b.Run("event", func(b *testing.B) {
		ev := fullEvent()
		room := make([]byte, 0, 4096)
		b.ReportAllocs()
		for b.Loop() {
			ev.Detach(room[:0])
			ev.Clean()
		}
	})
}
