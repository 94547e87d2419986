package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Value is one of a column; null where Kind is Null.
type Value struct {
	Kind  Kind
	Bytes []byte // of a Text, and of an Int96 its twelve bytes
	Int   int64  // of an Int, and 0 or 1 of a Bool
	Float float64
}

// Kind tells which part of a Value counts.
type Kind uint8

// The kinds of value. Single is a Float of 32 bits.
const (
	Null Kind = iota
	Text
	Int
	Bool
	Single
	Double
	Int96
)

// Encodings.
const (
	encPlain           = 0
	encPlainDictionary = 2
	encRLE             = 3
	encDelta           = 5
	encDeltaLength     = 6
	encDeltaText       = 7
	encDictionary      = 8
	encSplit           = 9
)

// decoder reads the known values of a page, one after the other, so that no
// number that the page claims is ever made room for.
type decoder interface{ next(*Value) error }

// decoder reads data in the page's encoding.
func (c *chunk) decoder(h header, data []byte) (decoder, error) {
	integers := c.kind == typeInt32 || c.kind == typeInt64
	switch h.encoding {
	case encPlain:
		if c.kind == typeBoolean {
			return &bits{data: data}, nil
		}
		return &plain{column: c.Column, data: data}, nil
	case encPlainDictionary, encDictionary:
		if !c.hasDict {
			return nil, errors.New("damaged Parquet: no dictionary")
		}
		if len(data) == 0 { // a page of nulls
			return &indices{dict: &c.dict}, nil
		}
		if data[0] > 32 {
			return nil, errors.New("damaged Parquet: indices of more than 32 bits")
		}
		return &indices{dict: &c.dict, at: hybrid{data: data[1:], width: uint(data[0])}}, nil
	case encRLE:
		if c.kind == typeBoolean {
			data, _, err := prefixed(data)
			return &runs{hybrid{data: data, width: 1}}, err
		}
	case encDelta:
		if integers {
			d, _, err := newDelta(data)
			return &deltaInts{d, c.kind == typeInt32}, err
		}
	case encDeltaLength:
		if c.kind == typeByteArray {
			return newDeltaLength(data)
		}
	case encDeltaText:
		if c.kind == typeByteArray || c.kind == typeFixed {
			return newDeltaText(c.Column, data)
		}
	case encSplit:
		if c.width > 0 {
			return &split{column: c.Column, data: data, raw: make([]byte, c.width)}, nil
		}
	}
	return nil, fmt.Errorf("encoding %d of type %d is not read", h.encoding, c.kind)
}

// set makes a value of the bytes of one.
func (c *Column) set(v *Value, raw []byte) {
	switch c.kind {
	case typeInt32:
		*v = Value{Kind: Int, Int: int64(int32(binary.LittleEndian.Uint32(raw)))}
	case typeInt64:
		*v = Value{Kind: Int, Int: int64(binary.LittleEndian.Uint64(raw))}
	case typeInt96:
		*v = Value{Kind: Int96, Bytes: raw}
	case typeFloat:
		*v = Value{Kind: Single, Float: float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))}
	case typeDouble:
		*v = Value{Kind: Double, Float: math.Float64frombits(binary.LittleEndian.Uint64(raw))}
	default:
		*v = Value{Kind: Text, Bytes: raw}
	}
}

// plain reads values as they are; texts have their length in front.
type plain struct {
	column *Column
	data   []byte
}

func (p *plain) next(v *Value) (err error) {
	var raw []byte
	if n := p.column.width; n == 0 {
		raw, p.data, err = prefixed(p.data)
	} else if len(p.data) < n {
		err = io.ErrUnexpectedEOF
	} else {
		raw, p.data = p.data[:n], p.data[n:]
	}
	if err == nil {
		p.column.set(v, raw)
	}
	return err
}

// bits reads booleans, the lowest bit first.
type bits struct {
	data []byte
	at   int
}

func (b *bits) next(v *Value) error {
	if b.at>>3 >= len(b.data) {
		return io.ErrUnexpectedEOF
	}
	*v = Value{Kind: Bool, Int: int64(b.data[b.at>>3] >> (b.at & 7) & 1)}
	b.at++
	return nil
}

// runs reads booleans in runs.
type runs struct{ hybrid }

func (r *runs) next(v *Value) error {
	n, err := r.hybrid.next()
	*v = Value{Kind: Bool, Int: int64(n)}
	return err
}

// split reads values whose first bytes stand together, then their second ones,
// and so on.
type split struct {
	column *Column
	data   []byte
	raw    []byte
	at     int
}

func (s *split) next(v *Value) error {
	n := len(s.data) / s.column.width
	if s.at >= n {
		return io.ErrUnexpectedEOF
	}
	for i := range s.raw {
		s.raw[i] = s.data[i*n+s.at]
	}
	s.at++
	s.column.set(v, s.raw)
	return nil
}

// dictionary holds the different values of a column.
type dictionary struct {
	column *Column
	data   []byte
	texts  []uint32 // where each text begins, its length in front
	count  int
}

func (d *dictionary) read(column *Column, data []byte, values int64) error {
	*d = dictionary{column: column, data: data}
	switch {
	case column.kind == typeBoolean:
		return errors.New("damaged Parquet: a dictionary of booleans")
	case column.width > 0:
		d.count = len(data) / column.width
	default:
		d.texts = make([]uint32, 0, min(max(values, 0), int64(len(data)/4)))
		for rest := data; len(rest) > 0; {
			d.texts = append(d.texts, uint32(len(data)-len(rest)))
			var err error
			if _, rest, err = prefixed(rest); err != nil {
				return err
			}
		}
		d.count = len(d.texts)
	}
	if int64(d.count) < values {
		return errors.New("damaged Parquet: a dictionary is shorter than it says")
	}
	return nil
}

// indices reads values by their place in the dictionary.
type indices struct {
	dict *dictionary
	at   hybrid
}

func (i *indices) next(v *Value) error {
	n, err := i.at.next()
	if err != nil {
		return err
	}
	d := i.dict
	if int64(n) >= int64(d.count) {
		return errors.New("damaged Parquet: an index behind the dictionary's end")
	}
	if w := d.column.width; w > 0 {
		d.column.set(v, d.data[int(n)*w:int(n+1)*w])
		return nil
	}
	raw, _, err := prefixed(d.data[d.texts[n]:])
	d.column.set(v, raw)
	return err
}
