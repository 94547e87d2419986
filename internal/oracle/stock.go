package oracle

// stock is what is known to be in a bucket at the end of a day, and what went on the day.
type stock struct {
	keys, went       int
	bytes, wentBytes int64
}

// stockOf counts a day once.
func (b *bucketView) stockOf(d Date) stock {
	if known, ok := b.stocks[d]; ok {
		return known
	}
	if b.stocks == nil {
		b.stocks = map[Date]stock{}
	}
	var s stock
	for key, writes := range b.objects.byKey {
		there, left := b.thereAfter(key, d.Add(-1)), b.thereAfter(key, d)
		before, now := b.sizeAfter(key, writes, d.Add(-1)), b.sizeAfter(key, writes, d)
		if left {
			s.keys++
			s.bytes += now
		}
		switch {
		case there && !left:
			s.went++
			s.wentBytes += before
		case there && 2*now < before: // written over with less than half
			s.wentBytes += before - now
		}
	}
	b.stocks[d] = s
	return s
}

func (s stock) emptied() bool {
	return s.keys+s.went >= 2 && (2*s.went > s.keys+s.went || 2*s.wentBytes > s.bytes+s.wentBytes)
}

// low: fewer than half of the keys, or of the bytes, are left of the most at the end of one of
// the 28 days before, back to the last gap of the log.
func (b *bucketView) low(d Date) (low bool, most stock) {
	for i := 1; i <= 28 && b.evaluated(d.Add(1-i)); i++ {
		s := b.stockOf(d.Add(-i))
		most.keys, most.bytes = max(most.keys, s.keys), max(most.bytes, s.bytes)
	}
	s := b.stockOf(d)
	return 2*s.keys < most.keys || 2*s.bytes < most.bytes, most
}

// emptied: more than half of the keys, or of the bytes, that were there are gone; or so much in four
// weeks.
func (b *bucketView) emptied(t *tally, d Date) {
	s := b.stockOf(d)
	if s.emptied() {
		t.add("bucket-emptied", b.Name, "most of what was there", d, -1)
		return
	}
	low, most := b.low(d)
	usual := 0
	for _, days := range []int{7, 14, 21} {
		if before, _ := b.low(d.Add(-days)); before {
			usual++
		}
	}
	if low && most.keys >= 2 && (s.went > 0 || s.wentBytes > 0) && usual < 3 {
		t.add("bucket-emptied", b.Name, "most of what was there in four weeks", d, -1)
	}
}

// thereAfter: a key is known to be there at the end of a day.
func (b *bucketView) thereAfter(key string, d Date) bool {
	last, gone := b.objects.newest(key, day(d, b.v.Zone).to.Add(-1))
	return last != nil && gone == nil
}

// sizeAfter is the size that the last write of a key up to the end of a day tells.
func (b *bucketView) sizeAfter(key string, writes []*Write, d Date) (size int64) {
	over := false // the key was gone at the end of a day
	for _, w := range writes {
		if d.Before(dateOf(w.Time, b.v.Zone)) {
			break
		}
		if over = over || !b.thereAfter(key, dateOf(w.Time, b.v.Zone).Add(-1)); over {
			size, over = 0, false
		}
		if w.Known && w.Bytes > 0 {
			size = w.Bytes
		}
	}
	return size
}
