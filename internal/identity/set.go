package identity

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// ID identifies a record within its bucket and UTC date: a keyed 128-bit hash.
// It is never 0.
type ID struct{ Hi, Lo uint64 }

func compare(a, b ID) int {
	switch {
	case a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo:
		return -1
	case a == b:
		return 0
	}
	return 1
}

const idBytes = 16

func (id ID) append(b []byte) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, id.Hi), id.Lo)
}

func decode(b []byte) ID {
	return ID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

// set is a hash table of IDs. An ID's place grows with its value, so the table
// read from its beginning is nearly sorted.
type set struct {
	slots []ID
	n     int
}

func (s *set) slot(id ID) int {
	hi, _ := bits.Mul64(id.Hi, uint64(len(s.slots)))
	return int(hi)
}

// add tells whether the ID is new.
func (s *set) add(id ID) bool {
	if s.n >= len(s.slots)/4*3 {
		s.grow()
	}
	i := s.slot(id)
	for ; s.slots[i] != (ID{}); i++ {
		if s.slots[i] == id {
			return false
		}
		if i == len(s.slots)-1 {
			i = -1
		}
	}
	s.slots[i] = id
	s.n++
	return true
}

func (s *set) grow() {
	old := s.slots
	s.slots, s.n = make([]ID, max(1024, 2*len(old))), 0
	for _, id := range old {
		if id != (ID{}) {
			s.add(id)
		}
	}
}

// sorted are the IDs in their order; it ends the use of the set until clear.
func (s *set) sorted() []ID {
	out := s.slots[:0]
	for _, id := range s.slots {
		if id != (ID{}) {
			out = append(out, id)
		}
	}
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && compare(out[j], out[j-1]) < 0; j-- {
			if i-j > 64 { // ran over the end of the table to its beginning
				slices.SortFunc(out, compare)
				return out
			}
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

func (s *set) clear() {
	const kept = 1 << 16 // slots
	if len(s.slots) > kept {
		s.slots = nil
	}
	clear(s.slots)
	s.n = 0
}

// filter is a Bloom filter in blocks of a cache line's half (the split block
// filter of Apache Parquet): what it does not hold was never added.
type filter struct {
	blocks [][8]uint32
	left   int // IDs until it is full
}

// bitsPerID gives about one wrong answer in a thousand.
const bitsPerID = 16

func newFilter(ids int) *filter {
	return &filter{blocks: make([][8]uint32, max(1, ids*bitsPerID/256)), left: ids}
}

// salts are those of the Parquet format.
var salts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

func (f *filter) block(id ID) *[8]uint32 {
	hi, _ := bits.Mul64(id.Lo, uint64(len(f.blocks)))
	return &f.blocks[hi]
}

func (f *filter) has(id ID) bool {
	b, h := f.block(id), uint32(id.Hi)
	for i, salt := range salts {
		if b[i]>>((h*salt)>>27)&1 == 0 {
			return false
		}
	}
	return true
}

func (f *filter) add(id ID) {
	b, h := f.block(id), uint32(id.Hi)
	for i, salt := range salts {
		b[i] |= 1 << ((h * salt) >> 27)
	}
	f.left--
}

func (f *filter) bytes() int { return 32 * len(f.blocks) }
