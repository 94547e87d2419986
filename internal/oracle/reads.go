package oracle

import (
	"strings"
	"time"
)

// read adds up what each requester took on a day.
func (b *bucketView) read(d Date) (bytes map[string]float64, count map[string]int64) {
	if b.reads == nil {
		b.reads = map[Date]reads{}
	}
	if known, ok := b.reads[d]; ok {
		return known.bytes, known.count
	}
	bytes, count = map[string]float64{}, map[string]int64{}
	for _, r := range b.on(d) {
		if n, ok := b.taken(r); ok {
			who := withoutSession(r.Requester)
			bytes[who] += n
			count[who]++
		}
	}
	b.reads[d] = reads{bytes, count}
	return bytes, count
}

type reads struct {
	bytes map[string]float64
	count map[string]int64
}

func nameless(who string) string {
	if who == "" {
		return "-"
	}
	return who
}

// taken are the bytes that a request read out of the bucket: those sent, and those of
// the read half of a copy of which no log of the tenant has the other half.
func (b *bucketView) taken(r *Record) (float64, bool) {
	if r.Is("REST.GET.OBJECT", "WEBSITE.GET.OBJECT") && (r.Status == 200 || r.Status == 206) ||
		r.Key != "" && r.Sent >= 64<<10 && !(hasAnyPrefix(r.Operation, "REST.COPY.") && strings.HasSuffix(r.Operation, "_GET")) {
		return float64(r.Sent), true
	}
	if !r.Is("REST.COPY.OBJECT_GET") || !r.Successful() {
		return 0, false
	}
	// Who wrote as many copies as it read keeps them within the logs.
	sized := true
	var halves []*Record
	for _, other := range b.v.buckets {
		for i := range other.records {
			h := &other.records[i]
			if h.Is("REST.COPY.OBJECT", "REST.COPY.OBJECT_GET") && h.Successful() && h.Requester == r.Requester {
				halves = append(halves, h)
				sized = sized && h.HasSize
			}
		}
	}
	reads, copies := 0, 0
	for _, h := range halves {
		behind := h.Time.Sub(r.Time)
		switch {
		case sized && h.Size != r.Size:
		case h.Is("REST.COPY.OBJECT_GET") && behind <= 0 && behind > -time.Minute:
			reads++
		case h.Is("REST.COPY.OBJECT") && behind.Abs() <= time.Minute:
			copies++
		}
	}
	if copies >= reads {
		return 0, false
	}
	return float64(max(r.Size, r.Sent)), true
}
