package parquet

import (
	"encoding/binary"
	"errors"
	"io"
)

// errRuns means that packed numbers can't be read.
var errRuns = errors.New("damaged Parquet: packed numbers that can't be read")

// hybrid reads numbers of width bits in runs of one value and in groups of eight
// packed ones (Encodings.md, RLE = 3).
type hybrid struct {
	data   []byte
	width  uint // up to 32
	run    uint64
	value  uint32
	packed packed
}

func (h *hybrid) next() (uint32, error) {
	for {
		if h.run > 0 {
			h.run--
			return h.value, nil
		}
		if h.packed.left > 0 {
			v, err := h.packed.next()
			return uint32(v), err
		}
		head, n := binary.Uvarint(h.data)
		if n <= 0 {
			return 0, io.ErrUnexpectedEOF
		}
		h.data = h.data[n:]
		if head&1 == 1 {
			// The last group may end where its values do.
			size := min(uint64(len(h.data)), head>>1*uint64(h.width))
			if head>>1 > uint64(len(h.data)) && h.width > 0 {
				size = uint64(len(h.data))
			}
			h.packed = packed{data: h.data[:size], width: h.width, left: head >> 1 * 8}
			h.data = h.data[size:]
			continue
		}
		size := int(h.width+7) / 8
		if len(h.data) < size {
			return 0, io.ErrUnexpectedEOF
		}
		var raw [4]byte
		copy(raw[:], h.data[:size])
		h.run, h.value = head>>1, binary.LittleEndian.Uint32(raw[:])
		h.data = h.data[size:]
	}
}

// packed reads numbers of width bits, up to 64, the lowest bit first.
type packed struct {
	data  []byte
	width uint
	at    uint64 // bits
	left  uint64 // numbers
}

func (p *packed) next() (uint64, error) {
	p.left--
	if p.at+uint64(p.width) > uint64(len(p.data))*8 {
		return 0, io.ErrUnexpectedEOF
	}
	v, got := uint64(0), uint(0)
	for got < p.width {
		off := uint(p.at & 7)
		take := min(8-off, p.width-got)
		v |= uint64(p.data[p.at>>3]>>off&(1<<take-1)) << got
		got += take
		p.at += uint64(take)
	}
	return v, nil
}

// delta reads integers by their differences (Encodings.md, DELTA_BINARY_PACKED).
type delta struct {
	data   []byte // behind the block that is read
	size   uint64 // values of a miniblock
	minis  uint64 // in a block
	left   uint64 // values
	first  bool
	value  int64
	least  int64
	widths []byte
	mini   packed
}

// newDelta reads the header and finds what follows the numbers.
func newDelta(data []byte) (d *delta, rest []byte, err error) {
	d = &delta{data: data, first: true}
	block, minis := d.uvarint(&err), d.uvarint(&err)
	d.left = d.uvarint(&err)
	d.value = zigzag(d.uvarint(&err))
	if err != nil {
		return nil, nil, err
	}
	const most = 1 << 20
	if block == 0 || block > most || minis == 0 || minis > block || block%minis != 0 || block/minis%8 != 0 {
		return nil, nil, errRuns
	}
	d.size, d.minis = block/minis, minis
	end := *d
	for n := end.left; n > 1; {
		if err := end.block(); err != nil {
			return nil, nil, err
		}
		for ; len(end.widths) > 0; n -= min(n, d.size) {
			if n <= 1 {
				break // those that no value needs take no room
			}
			if err := end.miniblock(); err != nil {
				return nil, nil, err
			}
		}
	}
	return d, end.data, nil
}

func (d *delta) uvarint(err *error) uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		*err = io.ErrUnexpectedEOF
		d.data = nil
		return 0
	}
	d.data = d.data[n:]
	return v
}

func zigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// block reads the head of a block: its least difference and the widths.
func (d *delta) block() (err error) {
	d.least = zigzag(d.uvarint(&err))
	if err != nil {
		return err
	}
	if uint64(len(d.data)) < d.minis {
		return io.ErrUnexpectedEOF
	}
	d.widths, d.data = d.data[:d.minis], d.data[d.minis:]
	return nil
}

// miniblock opens the next one of the block.
func (d *delta) miniblock() error {
	width := uint64(d.widths[0])
	d.widths = d.widths[1:]
	size := d.size * width / 8
	if width > 64 || size > uint64(len(d.data)) {
		return io.ErrUnexpectedEOF
	}
	d.mini = packed{data: d.data[:size], width: uint(width), left: d.size}
	d.data = d.data[size:]
	return nil
}

func (d *delta) next() (int64, error) {
	if d.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	d.left--
	if d.first {
		d.first = false
		return d.value, nil
	}
	for d.mini.left == 0 {
		if len(d.widths) == 0 {
			if err := d.block(); err != nil {
				return 0, err
			}
		}
		if err := d.miniblock(); err != nil {
			return 0, err
		}
	}
	n, err := d.mini.next()
	d.value += d.least + int64(n)
	return d.value, err
}

// deltaInts reads integers; narrow ones wrap at 32 bits.
type deltaInts struct {
	*delta
	narrow bool
}

func (d *deltaInts) next(v *Value) error {
	n, err := d.delta.next()
	if d.narrow {
		n = int64(int32(n))
	}
	*v = Value{Kind: Int, Int: n}
	return err
}

// deltaLength reads texts whose lengths stand in front of all of them.
type deltaLength struct {
	lengths *delta
	data    []byte
}

func newDeltaLength(data []byte) (*deltaLength, error) {
	lengths, rest, err := newDelta(data)
	return &deltaLength{lengths, rest}, err
}

func (d *deltaLength) text() ([]byte, error) {
	n, err := d.lengths.next()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > int64(len(d.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out, nil
}

func (d *deltaLength) next(v *Value) error {
	text, err := d.text()
	*v = Value{Kind: Text, Bytes: text}
	return err
}

// deltaText reads texts that begin as the one in front of them does. None is
// longer than all the page.
type deltaText struct {
	column   *Column
	prefixes *delta
	suffixes *deltaLength
	last     []byte
}

func newDeltaText(column *Column, data []byte) (*deltaText, error) {
	prefixes, rest, err := newDelta(data)
	if err != nil {
		return nil, err
	}
	suffixes, err := newDeltaLength(rest)
	return &deltaText{column: column, prefixes: prefixes, suffixes: suffixes}, err
}

func (d *deltaText) next(v *Value) error {
	n, err := d.prefixes.next()
	if err != nil {
		return err
	}
	suffix, err := d.suffixes.text()
	if err != nil {
		return err
	}
	if n < 0 || n > int64(len(d.last)) {
		return errRuns
	}
	d.last = append(d.last[:n], suffix...)
	if w := d.column.width; w > 0 && len(d.last) != w {
		return errRuns
	}
	*v = Value{Kind: Text, Bytes: d.last}
	return nil
}
