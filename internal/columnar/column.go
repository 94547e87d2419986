package columnar

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
)

// Kind is the type of a column.
type Kind int

// Kinds of columns. Text is UTF-8, which the caller sees to.
const (
	Text Kind = iota
	Int32
	Int64
	Bool
	Time // milliseconds since 1970 UTC
)

// stored is the kind as which values of a kind are gathered and encoded.
func (k Kind) stored() Kind {
	if k == Time {
		return Int64
	}
	return k
}

const (
	// maxEntries and maxEntryBytes bound a dictionary. A column that outgrows
	// it goes on with plain values, on a page of their own.
	maxEntries    = 1 << 15
	maxEntryBytes = 1 << 20
	// maxStatistic is the longest value that stands in a column's minimum and
	// maximum.
	maxStatistic = 64
)

var seed = maphash.MakeSeed()

// column gathers the values of one column of a row group.
type column struct {
	kind       Kind
	optional   bool
	dictionary bool // the next value goes by the dictionary

	rows, nulls int
	mixed       bool   // both nulls and values were met: levels holds a byte a row
	levels      []byte // 1 for a value

	entries texts   // of the dictionary
	index   []int32 // the entry of each value that went by the dictionary
	table   []int32 // hash table of entries, 1 more than the entry; 0 is free
	last    int32   // entry of the value before
	plain   texts   // the other values
	split   int     // rows in front of the first plain value of a full dictionary
	before  int     // nulls among them

	int32s []int32
	int64s []int64
	bools  []byte
}

// texts are texts one behind the other.
type texts struct {
	data    []byte
	offsets []uint32 // where they begin, and the end of the last
}

func (t *texts) add(v []byte) {
	t.data = append(t.data, v...)
	t.offsets = append(t.offsets, uint32(len(t.data)))
}

func (t *texts) reset() { t.data, t.offsets = t.data[:0], append(t.offsets[:0], 0) }

func (t *texts) len() int { return len(t.offsets) - 1 }

func (c *column) reset(dictionary bool) {
	c.dictionary = dictionary
	c.rows, c.nulls, c.mixed, c.last, c.split, c.before = 0, 0, false, 0, 0, 0
	c.levels, c.index = c.levels[:0], c.index[:0]
	c.entries.reset()
	c.plain.reset()
	c.int32s, c.int64s, c.bools = c.int32s[:0], c.int64s[:0], c.bools[:0]
	clear(c.table)
}

func (c *column) null() {
	if !c.mixed && c.nulls < c.rows {
		c.mix(1)
	}
	if c.mixed {
		c.levels = append(c.levels, 0)
	}
	c.rows++
	c.nulls++
}

func (c *column) present() {
	if !c.mixed && c.nulls > 0 {
		c.mix(0)
	}
	if c.mixed {
		c.levels = append(c.levels, 1)
	}
	c.rows++
}

// mix begins the levels, with those of the rows before, which were all alike.
func (c *column) mix(level byte) {
	c.mixed = true
	for range c.rows {
		c.levels = append(c.levels, level)
	}
}

func (c *column) text(v []byte) {
	if c.dictionary && (len(c.index) == 0 || !bytes.Equal(v, c.entry(c.last))) {
		n, ok := c.lookup(v)
		if !ok {
			c.dictionary, c.split, c.before = false, c.rows, c.nulls
		}
		c.last = n
	}
	c.present()
	if c.dictionary {
		c.index = append(c.index, c.last)
	} else {
		c.plain.add(v)
	}
}

func (c *column) entry(n int32) []byte {
	return c.entries.data[c.entries.offsets[n]:c.entries.offsets[n+1]]
}

// lookup is the entry of a value, made where there was none; not ok where the
// dictionary is full.
func (c *column) lookup(v []byte) (n int32, ok bool) {
	if c.table == nil {
		c.table = make([]int32, 256)
	}
	slot := maphash.Bytes(seed, v)
	for ; ; slot++ {
		n := c.table[slot%uint64(len(c.table))]
		if n == 0 {
			break
		}
		if bytes.Equal(v, c.entry(n-1)) {
			return n - 1, true
		}
	}
	entries := c.entries.len()
	if entries == maxEntries || len(c.entries.data)+len(v) > maxEntryBytes {
		return 0, false
	}
	c.entries.add(v)
	c.table[slot%uint64(len(c.table))] = int32(entries + 1)
	if entries+1 > len(c.table)/2 {
		c.grow()
	}
	return int32(entries), true
}

func (c *column) grow() {
	c.table = make([]int32, 2*len(c.table))
	for n := range int32(c.entries.len()) {
		slot := maphash.Bytes(seed, c.entry(n))
		for ; c.table[slot%uint64(len(c.table))] != 0; slot++ {
		}
		c.table[slot%uint64(len(c.table))] = n + 1
	}
}

// bounds are the least and the greatest value as statistics hold them, nil
// where they are not told.
func (c *column) bounds() (least, greatest []byte) {
	switch c.kind {
	case Int32:
		lo, hi := int32(math.MaxInt32), int32(math.MinInt32)
		for _, v := range c.int32s {
			lo, hi = min(lo, v), max(hi, v)
		}
		if len(c.int32s) > 0 {
			return binary.LittleEndian.AppendUint32(nil, uint32(lo)), binary.LittleEndian.AppendUint32(nil, uint32(hi))
		}
	case Int64:
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, v := range c.int64s {
			lo, hi = min(lo, v), max(hi, v)
		}
		if len(c.int64s) > 0 {
			return binary.LittleEndian.AppendUint64(nil, uint64(lo)), binary.LittleEndian.AppendUint64(nil, uint64(hi))
		}
	case Text:
		if !c.dictionary || len(c.index) == 0 { // a full dictionary does not tell all values
			return nil, nil
		}
		least, greatest = c.entry(0), c.entry(0)
		for n := range int32(c.entries.len()) {
			switch v := c.entry(n); {
			case bytes.Compare(v, least) < 0:
				least = v
			case bytes.Compare(v, greatest) > 0:
				greatest = v
			}
		}
		if len(least) <= maxStatistic && len(greatest) <= maxStatistic {
			return bytes.Clone(least), bytes.Clone(greatest)
		}
	}
	return nil, nil
}
