package dataset

import (
	"unsafe"

	"bucketproof/internal/columnar"
)

// column is a column of files whose rows are made from R: how it is kept, and how a table
// takes it in.
type column[R any] struct {
	columnar.Column
	enter func(t *table[R], at int)
}

// How texts are kept.
var (
	repeated = columnar.Column{Dictionary: true}
	random   = columnar.Column{}                     // the compressor finds nothing in it and takes its time
	long     = columnar.Column{Codec: columnar.Fast} // most of a file
	seldom   = columnar.Column{Codec: columnar.Small}
)

// text is a text; nil is NULL.
func text[R any](name string, kept columnar.Column, of func(*R) *[]byte) column[R] {
	kept.Name, kept.Kind, kept.Optional = name, columnar.Text, true
	f := fieldOf(of)
	return column[R]{kept, func(t *table[R], at int) {
		t.texts = append(t.texts, f)
		t.stored = append(t.stored, cell[R, []byte]{f, at})
	}}
}

// yes is a text of which is kept whether it is "Yes"; nil is NULL.
func yes[R any](name string, of func(*R) *[]byte) column[R] {
	f := fieldOf(of)
	return column[R]{columnar.Column{Name: name, Kind: columnar.Bool, Optional: true}, func(t *table[R], at int) {
		t.texts = append(t.texts, f)
		t.yes = append(t.yes, cell[R, []byte]{f, at})
	}}
}

// tristate is NULL where it is [Untold].
func tristate[R any](name string, of func(*R) *Tristate) column[R] {
	f := fieldOf(of)
	return column[R]{columnar.Column{Name: name, Kind: columnar.Bool, Optional: true}, func(t *table[R], at int) {
		t.tristates = append(t.tristates, cell[R, Tristate]{f, at})
	}}
}

// number32 is NULL where it is [None].
func number32[R any](name string, of func(*R) *int32) column[R] {
	f := fieldOf(of)
	return column[R]{columnar.Column{Name: name, Kind: columnar.Int32, Optional: true}, func(t *table[R], at int) {
		t.int32s = append(t.int32s, cell[R, int32]{f, at})
	}}
}

// number64 is NULL where it is [None].
func number64[R any](name string, of func(*R) *int64) column[R] {
	f := fieldOf(of)
	return column[R]{columnar.Column{Name: name, Kind: columnar.Int64, Optional: true}, func(t *table[R], at int) {
		t.int64s = append(t.int64s, cell[R, int64]{f, at})
	}}
}

// timeMS is the column time, which is always there.
func timeMS[R any](of func(*R) *int64) column[R] {
	f := fieldOf(of)
	return column[R]{columnar.Column{Name: "time", Kind: columnar.Time}, func(t *table[R], at int) {
		t.time = cell[R, int64]{f, at}
	}}
}

// sourceObject is the log object in which R stands.
func sourceObject[R any]() column[R] {
	return column[R]{columnar.Column{Name: "source_object", Kind: columnar.Text, Dictionary: true},
		func(t *table[R], at int) { t.source = at }}
}

// sourceNumber is the number of the line or record in the log object.
func sourceNumber[R any](name string) column[R] {
	return column[R]{columnar.Column{Name: name, Kind: columnar.Int64}, func(t *table[R], at int) { t.number = at }}
}

// required is a column without NULL.
func required[R any](c column[R]) column[R] {
	c.Optional = false
	return c
}

// table is the columns of files whose rows are made from R, sorted by how a value of R is
// stored.
type table[R any] struct {
	schema    *columnar.Schema
	texts     []field[R, []byte] // every text of R
	stored    []cell[R, []byte]
	yes       []cell[R, []byte]
	tristates []cell[R, Tristate]
	int32s    []cell[R, int32]
	int64s    []cell[R, int64]
	time      cell[R, int64]
	source    int // the column of the log object
	number    int // the column of the number in it
}

func newTable[R any](name string, columns []column[R]) *table[R] {
	t := &table[R]{}
	kept := make([]columnar.Column, len(columns))
	for at, c := range columns {
		kept[at] = c.Column
		c.enter(t, at)
	}
	t.schema = columnar.NewSchema(name, kept)
	return t
}

// cell is where in R the value of a column stands.
type cell[R, V any] struct {
	field[R, V]
	at int // the column's position
}

// field is where in R a value stands. A call for each value of each record would cost more
// than what is done with it, so that of the function in the table only the place is kept.
type field[R, V any] struct{ offset uintptr }

func fieldOf[R, V any](of func(*R) *V) field[R, V] {
	r := new(R)
	v := of(r)
	offset := uintptr(unsafe.Pointer(v)) - uintptr(unsafe.Pointer(r))
	if offset > unsafe.Sizeof(*r)-unsafe.Sizeof(*v) {
		panic("a table of columns names what is no field of its record")
	}
	return field[R, V]{offset}
}

func (f field[R, V]) in(r *R) *V { return (*V)(unsafe.Add(unsafe.Pointer(r), f.offset)) }

// append adds a row whose text is UTF-8 to a group, from r and its place in the logs.
func (t *table[R]) append(g *columnar.Group, r *R, source []byte, number int64) {
	for _, c := range t.stored {
		g.Text(c.at, *c.in(r))
	}
	for _, c := range t.yes {
		if v := *c.in(r); v == nil {
			g.Null(c.at)
		} else {
			g.Bool(c.at, string(v) == "Yes")
		}
	}
	for _, c := range t.tristates {
		if v := *c.in(r); v == Untold {
			g.Null(c.at)
		} else {
			g.Bool(c.at, v == Yes)
		}
	}
	for _, c := range t.int32s {
		if n := *c.in(r); n == None {
			g.Null(c.at)
		} else {
			g.Int32(c.at, n)
		}
	}
	for _, c := range t.int64s {
		if n := *c.in(r); n == None {
			g.Null(c.at)
		} else {
			g.Int64(c.at, n)
		}
	}
	g.Int64(t.time.at, *t.time.in(r))
	g.Text(t.source, source)
	g.Int64(t.number, number)
	g.EndRow()
}

// size is how many bytes the text of r has.
func (t *table[R]) size(r *R) int {
	n := 0
	for _, f := range t.texts {
		n += len(*f.in(r))
	}
	return n
}

// clean replaces in r what a Parquet string can't hold.
func (t *table[R]) clean(r *R) {
	for _, f := range t.texts {
		text := f.in(r)
		*text = cleanText(*text)
	}
}

// detach copies the text of r to the end of room, which it returns.
func (t *table[R]) detach(r *R, room []byte) []byte {
	for _, f := range t.texts {
		text := f.in(r)
		if *text == nil {
			continue
		}
		begin := len(room)
		room = append(room, *text...)
		*text = room[begin:len(room):len(room)]
	}
	return room
}
