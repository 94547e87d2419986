package columnar

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

type row struct {
	Word   *string `parquet:"word,optional"`
	Text   *string `parquet:"text,optional"`
	Number *int64  `parquet:"number,optional"`
	Small  *int32  `parquet:"small,optional"`
	Flag   *bool   `parquet:"flag,optional"`
	Place  string  `parquet:"place"`
	Line   int64   `parquet:"line"`
	Time   int64   `parquet:"time,timestamp(millisecond)"`
}

func schema() *Schema {
	return NewSchema("rows", []Column{
		{Name: "word", Kind: Text, Optional: true, Dictionary: true},
		{Name: "text", Kind: Text, Optional: true, Codec: Fast},
		{Name: "number", Kind: Int64, Optional: true},
		{Name: "small", Kind: Int32, Optional: true},
		{Name: "flag", Kind: Bool, Optional: true},
		{Name: "place", Kind: Text, Dictionary: true},
		{Name: "line", Kind: Int64, Codec: Small},
		{Name: "time", Kind: Time},
	})
}

// TestSchema compares with what parquet-go makes of a struct.
func TestSchema(t *testing.T) {
	var theirs, ours bytes.Buffer
	if err := parquet.NewGenericWriter[any](&theirs, parquet.NewSchema("rows", parquet.SchemaOf(row{}))).Close(); err != nil {
		t.Fatal(err)
	}
	if err := NewWriter(&ours, schema()).Close(); err != nil {
		t.Fatal(err)
	}
	want, got := footer(t, theirs.Bytes()), footer(t, ours.Bytes())
	if !reflect.DeepEqual(got.Schema, want.Schema) || !reflect.DeepEqual(got.ColumnOrders, want.ColumnOrders) {
		t.Errorf("the schema is\n%+v, %v\nwant\n%+v, %v", got.Schema, got.ColumnOrders, want.Schema, want.ColumnOrders)
	}
}

func footer(t *testing.T, file []byte) *format.FileMetaData {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f.Metadata()
}

func add(g *Group, r row) {
	for i, p := range []*string{r.Word, r.Text} {
		if p == nil {
			g.Null(i)
		} else {
			g.Text(i, []byte(*p))
		}
	}
	if r.Number == nil {
		g.Null(2)
	} else {
		g.Int64(2, *r.Number)
	}
	if r.Small == nil {
		g.Null(3)
	} else {
		g.Int32(3, *r.Small)
	}
	if r.Flag == nil {
		g.Null(4)
	} else {
		g.Bool(4, *r.Flag)
	}
	g.Text(5, []byte(r.Place))
	g.Int64(6, r.Line)
	g.Int64(7, r.Time)
	g.EndRow()
}

// write puts groups of rows into a file. The same group and room are used again.
func write(t testing.TB, s *Schema, groups [][]row) []byte {
	t.Helper()
	var file bytes.Buffer
	w := NewWriter(&file, s)
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	g := s.NewGroup()
	var room *RowGroup
	for _, rows := range groups {
		g.Reset()
		for _, r := range rows {
			add(g, r)
		}
		if room, err = enc.Encode(g, room); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(room); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func ptr[T any](v T) *T { return &v }

func show(r row) string {
	s := func(p *string) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprintf("%d %.40q", len(*p), *p)
	}
	out := s(r.Word) + "|" + s(r.Text)
	if r.Number != nil {
		out += fmt.Sprint("|n", *r.Number)
	}
	if r.Small != nil {
		out += fmt.Sprint("|s", *r.Small)
	}
	if r.Flag != nil {
		out += fmt.Sprint("|f", *r.Flag)
	}
	return out + fmt.Sprintf("|%q|%d", r.Place, r.Line)
}

// cases are groups of rows with what columns can hold.
func cases(rng *rand.Rand) map[string][][]row {
	random := func(n, words int, nulls float64) []row {
		var rows []row
		for i := range n {
			r := row{Place: fmt.Sprint("place-", i/100), Line: int64(i)}
			if rng.Float64() >= nulls {
				r.Word = ptr(fmt.Sprint("w", rng.IntN(words)))
			}
			if rng.Float64() >= nulls {
				r.Text = ptr(string(make([]byte, rng.IntN(50))) + fmt.Sprint(rng.Uint64()))
			}
			if rng.Float64() >= nulls {
				r.Number = ptr(rng.Int64() >> rng.IntN(64))
			}
			if rng.Float64() >= nulls {
				r.Small = ptr(rng.Int32() - 1<<30)
			}
			if rng.Float64() >= nulls {
				r.Flag = ptr(rng.IntN(2) == 0)
			}
			rows = append(rows, r)
		}
		return rows
	}
	return map[string][][]row{
		"no group":    nil,
		"one row":     {{{Place: "p", Line: -1}}},
		"empty texts": {{{Word: ptr(""), Text: ptr("")}, {Word: ptr(""), Text: ptr("")}}},
		"ends of numbers": {{{Number: ptr[int64](math.MaxInt64), Small: ptr[int32](math.MinInt32),
			Line: math.MinInt64}, {Number: ptr[int64](math.MinInt64), Small: ptr[int32](math.MaxInt32), Line: math.MaxInt64}}},
		"nulls, then values":  {append(random(70, 5, 1), random(70, 5, 0)...)},
		"values, then nulls":  {append(random(70, 5, 0), random(70, 5, 1)...)},
		"all null":            {random(33, 5, 1), random(33, 5, 1)},
		"mixed":               {random(1000, 30, 0.4), random(1, 1, 0.5), random(999, 3, 0.1)},
		"full dictionary":     {random(maxEntries*3, maxEntries*2, 0.1), random(10, 3, 0)},
		"dictionary of bytes": {{{Word: ptr(string(bytes.Repeat([]byte("x"), maxEntryBytes)))}, {Word: ptr("a")}, {Word: ptr("b")}}},
	}
}

func TestRowsComeBack(t *testing.T) {
	s := schema()
	for name, groups := range cases(rand.New(rand.NewPCG(1, 2))) {
		t.Run(name, func(t *testing.T) {
			file := write(t, s, groups)
			r := parquet.NewGenericReader[row](bytes.NewReader(file))
			var got []row
			for {
				rows := make([]row, 100)
				n, err := r.Read(rows)
				got = append(got, rows[:n]...)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			var want []row
			for _, g := range groups {
				want = append(want, g...)
			}
			if len(got) != len(want) {
				t.Fatalf("%d rows came back, want %d", len(got), len(want))
			}
			for i := range want {
				if show(got[i]) != show(want[i]) {
					t.Fatalf("row %d is %s, want %s", i, show(got[i]), show(want[i]))
				}
			}
		})
	}
}

// A statistic that is too narrow makes engines leave out rows.
func TestStatistics(t *testing.T) {
	s := schema()
	for name, groups := range cases(rand.New(rand.NewPCG(3, 4))) {
		f, err := parquet.OpenFile(bytes.NewReader(write(t, s, groups)), int64(len(write(t, s, groups))))
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range f.Metadata().RowGroups {
			var nulls int64
			for _, r := range groups[i] {
				if r.Word == nil {
					nulls++
					continue
				}
				st := g.Columns[0].MetaData.Statistics
				if st.MinValue != nil && (*r.Word < string(st.MinValue) || *r.Word > string(st.MaxValue)) {
					t.Errorf("%s: %q is not between %q and %q", name, *r.Word, st.MinValue, st.MaxValue)
				}
			}
			if got := g.Columns[0].MetaData.Statistics.NullCount; got != nulls {
				t.Errorf("%s: %d nulls, want %d", name, got, nulls)
			}
		}
	}
}

func TestNullInARequiredColumn(t *testing.T) {
	g := schema().NewGroup()
	add(g, row{Place: "p"})
	for i := range g.columns {
		g.Null(i)
	}
	g.EndRow()
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	const want = "column place has 1 NULLs and may have none"
	if _, err := enc.Encode(g, nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
