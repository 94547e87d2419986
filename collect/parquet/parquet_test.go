package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

const plenty = 64 << 20

// row has a column of every encoding that the writer knows, in every type.
type row struct {
	Plain     string    `parquet:"plain"`
	Dict      string    `parquet:"dict,dict"`
	Delta     string    `parquet:"delta,delta"`
	Length    string    `parquet:"length,optional,delta"`
	Int       int64     `parquet:"int"`
	IntDelta  int64     `parquet:"int_delta,delta"`
	Narrow    int32     `parquet:"narrow,delta"`
	NarrowRaw int32     `parquet:"narrow_raw,dict"`
	Float     float64   `parquet:"float,split"`
	Single    float32   `parquet:"single"`
	Bool      bool      `parquet:"bool"`
	Maybe     *string   `parquet:"maybe,optional,dict"`
	MaybeInt  *int64    `parquet:"maybe_int,optional"`
	List      []string  `parquet:"list"`
	Time      time.Time `parquet:"time,timestamp(microsecond)"`
	Fixed     [5]byte   `parquet:"fixed"`
	Nested    struct {
		A string   `parquet:"a"`
		B []string `parquet:"b"`
	} `parquet:"nested"`
	Last string `parquet:"last"`
}

func rows(n int) []row {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]row, n)
	for i := range out {
		r := &out[i]
		r.Plain = strings.Repeat("x", rng.IntN(40))
		r.Dict = fmt.Sprint("d", rng.IntN(300))
		r.Delta = fmt.Sprintf("veeam/2026/%06d/%x", i/7, rng.Uint32())
		r.Length = fmt.Sprint(rng.Uint64())
		r.Int = int64(rng.Uint64())
		r.IntDelta = []int64{int64(rng.Uint64()), int64(i), math.MinInt64, math.MaxInt64}[rng.IntN(4)]
		r.Narrow = []int32{int32(rng.Uint32()), int32(i), math.MinInt32, math.MaxInt32}[rng.IntN(4)]
		r.NarrowRaw = int32(rng.IntN(5) - 2)
		r.Float, r.Single, r.Bool = rng.Float64(), rng.Float32(), rng.IntN(2) == 0
		if rng.IntN(3) == 0 {
			r.Maybe = &r.Dict
		}
		if i/1000%2 == 0 && rng.IntN(3) > 0 {
			r.MaybeInt = &r.Int
		}
		r.List = make([]string, rng.IntN(3))
		r.Time = time.UnixMicro(rng.Int64N(1 << 50)).UTC()
		copy(r.Fixed[:], r.Delta[12:])
		r.Nested.A, r.Nested.B = "a", []string{"b", "c"}
		r.Last = fmt.Sprint("last", i)
	}
	return out
}

func write[T any](t testing.TB, rows []T, options ...pq.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pq.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, content []byte, memory int64) (*File, error) {
	t.Helper()
	return Open(bytes.NewReader(content), int64(len(content)), memory)
}

// show is a value as text.
func show(v Value) string {
	switch v.Kind {
	case Null:
		return "null"
	case Text:
		return fmt.Sprintf("%q", v.Bytes)
	case Int:
		return fmt.Sprint(v.Int)
	case Bool:
		return fmt.Sprint(v.Int == 1)
	case Single:
		return fmt.Sprint(float32(v.Float))
	case Double:
		return fmt.Sprint(v.Float)
	}
	return "?"
}

func (r *row) show() map[string]string {
	out := map[string]string{
		"plain": fmt.Sprintf("%q", r.Plain), "dict": fmt.Sprintf("%q", r.Dict), "delta": fmt.Sprintf("%q", r.Delta),
		"length": fmt.Sprintf("%q", r.Length),
		"int":    fmt.Sprint(r.Int), "int_delta": fmt.Sprint(r.IntDelta), "narrow": fmt.Sprint(r.Narrow),
		"narrow_raw": fmt.Sprint(r.NarrowRaw),
		"float":      fmt.Sprint(r.Float), "single": fmt.Sprint(r.Single), "bool": fmt.Sprint(r.Bool), "maybe": "null", "maybe_int": "null",
		"time": fmt.Sprint(r.Time.UnixMicro()), "fixed": fmt.Sprintf("%q", r.Fixed[:]), "last": fmt.Sprintf("%q", r.Last),
	}
	if r.Maybe != nil {
		out["maybe"] = fmt.Sprintf("%q", *r.Maybe)
	}
	if r.MaybeInt != nil {
		out["maybe_int"] = fmt.Sprint(*r.MaybeInt)
	}
	return out
}

func TestEveryEncodingAndCodec(t *testing.T) {
	want := rows(5000)
	codecs := map[string]compress.Codec{"none": &pq.Uncompressed, "snappy": &pq.Snappy, "gzip": &pq.Gzip,
		"zstd": &pq.Zstd, "brotli": &pq.Brotli, "lz4 raw": &pq.Lz4Raw}
	for name, codec := range codecs {
		for _, version := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " pages ", version), func(t *testing.T) {
				content := write(t, want, pq.Compression(codec), pq.DataPageVersion(version), pq.PageBufferSize(4096),
					pq.MaxRowsPerRowGroup(1900))
				f, err := open(t, content, plenty)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					row, err := f.Next()
					if err != nil {
						t.Fatalf("row %d: %v", i, err)
					}
					fields := want[i].show()
					if len(row) != len(fields) {
						t.Fatalf("%d columns, want %d", len(row), len(fields))
					}
					for c, v := range row {
						if name := f.Columns()[c].Name; show(v) != fields[name] {
							t.Fatalf("row %d, %s is %s, want %s", i, name, show(v), fields[name])
						}
					}
				}
				if _, err := f.Next(); !errors.Is(err, io.EOF) {
					t.Errorf("behind the last row: %v", err)
				}
			})
		}
	}
}

func TestUnits(t *testing.T) {
	type times struct {
		Milli time.Time `parquet:"milli,timestamp(millisecond)"`
		Micro time.Time `parquet:"micro,timestamp(microsecond)"`
		Nano  time.Time `parquet:"nano,timestamp(nanosecond)"`
		Plain int64     `parquet:"plain"`
	}
	f, err := open(t, write(t, []times{{}}), plenty)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{time.Millisecond, time.Microsecond, time.Nanosecond, 0} {
		if got := f.Columns()[i].Unit; got != want {
			t.Errorf("%s has unit %v, want %v", f.Columns()[i].Name, got, want)
		}
	}
}

// all reads to the end and returns how many rows came and how many bytes of
// memory were ever taken for them.
func all(t testing.TB, content []byte, memory int64) (rows int, taken uint64, err error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := open(t, content, memory)
	for err == nil {
		if _, err = f.Next(); err == nil {
			rows++
		}
	}
	runtime.ReadMemStats(&after)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return rows, after.TotalAlloc - before.TotalAlloc, err
}

type one struct {
	Text string `parquet:"text,plain"`
}

// A page that is larger than the bound is told before the first row, and not
// made room for.
func TestMemoryIsBounded(t *testing.T) {
	big := make([]one, 160)
	for i := range big {
		big[i].Text = strings.Repeat("u", 1<<19)
	}
	for name, codec := range map[string]compress.Codec{"snappy": &pq.Snappy, "gzip": &pq.Gzip, "zstd": &pq.Zstd, "brotli": &pq.Brotli} {
		content := write(t, big, pq.Compression(codec), pq.PageBufferSize(1<<30))
		n, taken, err := all(t, content, 32<<20)
		if n != 0 || !errors.Is(err, ErrMemory) || taken > 24<<20 {
			t.Errorf("%s: %d rows, %d MB taken, %v", name, n, taken>>20, err)
		}
		if n, _, err := all(t, content, 256<<20); n != 160 || err != nil {
			t.Errorf("%s with more memory: %d rows, %v", name, n, err)
		}
	}
}

// page is an object of one column of one row group of one page, with what its
// header and footer say made up.
type page struct {
	kind, codec, rows     int64
	unpacked, values, enc int64
	content               []byte
	optional              bool
	dictionary            []byte // a page in front
}

// thrift writes fields of Thrift's compact protocol.
type thrift struct{ b []byte }

func (w *thrift) field(id, last int, kind byte) *thrift {
	w.b = append(w.b, byte(id-last)<<4|kind)
	return w
}

func (w *thrift) num(id, last int, v int64) *thrift {
	w.field(id, last, tI64).b = binary.AppendUvarint(w.b, uint64(v<<1)^uint64(v>>63))
	return w
}

func (w *thrift) text(s string) *thrift {
	w.b = append(binary.AppendUvarint(w.b, uint64(len(s))), s...)
	return w
}

func (w *thrift) stop() *thrift { w.b = append(w.b, tStop); return w }

func (p page) object() []byte {
	out := []byte("PAR1")
	begin := len(out)
	if p.dictionary != nil {
		h := (&thrift{}).num(1, 0, pageDictionary).num(2, 1, int64(len(p.dictionary))).num(3, 2, int64(len(p.dictionary)))
		h.field(7, 3, tStruct).num(1, 0, 1).num(2, 1, encPlain).stop().stop()
		out = append(append(out, h.b...), p.dictionary...)
	}
	if p.unpacked == 0 {
		p.unpacked = int64(len(p.content))
	}
	h := (&thrift{}).num(1, 0, pageData).num(2, 1, p.unpacked).num(3, 2, int64(len(p.content)))
	h.field(5, 3, tStruct).num(1, 0, p.values).num(2, 1, p.enc).num(3, 2, encRLE).num(4, 3, encRLE).stop().stop()
	out = append(append(out, h.b...), p.content...)
	f := (&thrift{}).num(1, 0, 1)
	f.field(2, 1, tList).b = append(f.b, 2<<4|tStruct)
	f.field(4, 0, tBinary).text("schema").num(5, 4, 1).stop()
	repetition := int64(required)
	if p.optional {
		repetition = optional
	}
	f.num(1, 0, p.kind).num(3, 1, repetition).field(4, 3, tBinary).text("c").stop()
	f.num(3, 2, p.rows)
	f.field(4, 3, tList).b = append(f.b, 1<<4|tStruct)
	f.field(1, 0, tList).b = append(f.b, 1<<4|tStruct)
	f.field(3, 0, tStruct).num(1, 0, p.kind).num(4, 1, p.codec).num(5, 4, p.rows).num(6, 5, 1).num(7, 6,
		int64(len(out)-begin)).num(9, 7, int64(begin)).stop().stop()
	f.num(3, 1, p.rows).stop().stop()
	out = append(out, f.b...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(f.b)))
	return append(out, "PAR1"...)
}

func uvarints(n ...uint64) (out []byte) {
	for _, v := range n {
		out = binary.AppendUvarint(out, v)
	}
	return out
}

// What a page claims and does not bear out costs no memory.
func TestClaims(t *testing.T) {
	const billion = 1 << 30
	text := append([]byte{5, 0, 0, 0}, "hello"...)
	long := append(binary.LittleEndian.AppendUint32(nil, 1<<20), make([]byte, 1<<20)...)
	prefixes := append(uvarints(128, 4, 1<<40, 0), uvarints(2<<20)...) // each as long as the one in front
	tests := []struct {
		name string
		page page
		rows int
		want string
	}{
		{"good", page{kind: typeByteArray, rows: 1, values: 1, content: text}, 1, ""},
		{"more rows than values", page{kind: typeByteArray, rows: billion, values: billion, content: text}, 0, "more rows than"},
		{"a page of more values than its column", page{kind: typeByteArray, rows: 1, values: billion, content: text}, 0, "more values"},
		{"an unpacked length that is none",
			page{kind: typeByteArray, codec: codecSnappy, rows: 1, values: 1, content: text, unpacked: 20 << 20}, 0, "unpack"},
		{"an unpacked length beyond the bound",
			page{kind: typeByteArray, codec: codecZstd, rows: 1, values: 1, content: text, unpacked: math.MaxInt32}, 0, "more memory"},
		{"a negative length", page{kind: typeByteArray, rows: 1, values: 1, content: text, unpacked: -5}, 0, "beyond its column"},
		{"two lengths", page{kind: typeByteArray, rows: 1, values: 1, content: text, unpacked: 12}, 0, "two lengths"},
		{"more values than there are", page{kind: typeByteArray, rows: 2, values: 2, content: text}, 1, "unexpected EOF"},
		{"a billion of nulls", page{kind: typeByteArray, rows: 500, values: 500, optional: true,
			content: append(binary.LittleEndian.AppendUint32(nil, 6), uvarints(billion<<1, 0)...)}, 500, ""},
		{"a run of indices", page{kind: typeByteArray, rows: 500, values: 500, enc: encDictionary, dictionary: text,
			content: append([]byte{1}, uvarints(billion<<1, 0)...)}, 500, ""},
		{"an index behind the end", page{kind: typeByteArray, rows: 500, values: 500, enc: encDictionary,
			dictionary: text, content: append([]byte{1}, uvarints(billion<<1, 1)...)}, 0, "behind the dictionary"},
		{"indices without a dictionary",
			page{kind: typeByteArray, rows: 1, values: 1, enc: encDictionary, content: []byte{1, 2, 0}}, 0, "no dictionary"},
		{"a trillion of differences", page{kind: typeInt64, rows: 500, values: 500, enc: encDelta,
			content: uvarints(128, 4, 1<<40, 0)}, 0, "unexpected EOF"},
		{"a miniblock of a billion", page{kind: typeInt64, rows: 500, values: 500, enc: encDelta,
			content: uvarints(billion, 1, 1000, 0, 0, 0)}, 0, "packed numbers"},
		{"prefixes that grow", page{kind: typeByteArray, rows: 500, values: 500, enc: encDeltaText,
			content: append(prefixes, long...)}, 0, "unexpected EOF"},
		{"an encoding that is none", page{kind: typeByteArray, rows: 1, values: 1, enc: 77, content: text}, 0, "encoding 77"},
		{"levels of another encoding", page{kind: typeByteArray, codec: 5, rows: 1, values: 1, content: text}, 0, "codec 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, taken, err := all(t, tt.page.object(), 32<<20)
			if n != tt.rows || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d rows, %v; want %d and %q", n, err, tt.rows, tt.want)
			}
			if taken > 48<<20 {
				t.Errorf("%d MB were taken", taken>>20)
			}
		})
	}
}

// A list in the footer that claims to be long is no reason to make room for it.
func TestFooterClaims(t *testing.T) {
	for name, footer := range map[string][]byte{
		"a long list":     append([]byte{2<<4 | tList, 15<<4 | tStruct}, uvarints(math.MaxInt32)...),
		"a long text":     append([]byte{2<<4 | tBinary}, uvarints(math.MaxUint64)...),
		"deep structures": bytes.Repeat([]byte{1<<4 | tStruct}, 1<<20),
		"lists in lists":  append([]byte{9<<4 | tList}, bytes.Repeat([]byte{1<<4 | tList}, 1<<20)...),
		"a long map":      append([]byte{9<<4 | tMap}, append(uvarints(math.MaxUint64), tTrue<<4|tTrue)...),
		"millions of columns": append(append([]byte{4<<4 | tList, 15<<4 | tStruct}, uvarints(200)...),
			bytes.Repeat(append(append([]byte{1<<4 | tList, 15<<4 | tStruct}, uvarints(9000)...), make([]byte, 9001)...), 200)...),
		"nothing but a stop": {tStop},
	} {
		object := append([]byte("PAR1"), footer...)
		object = binary.LittleEndian.AppendUint32(object, uint32(len(footer)))
		object = append(object, "PAR1"...)
		if _, taken, err := all(t, object, 32<<20); err == nil || taken > 40<<20 {
			t.Errorf("%s: %v, %d bytes taken", name, err, taken)
		}
	}
}

// places is an object of a row group without rows whose columns lie at content,
// step bytes from each other.
func places(content []byte, columns, step, packed int) []byte {
	f := (&thrift{}).num(1, 0, 1)
	f.field(2, 1, tList).b = binary.AppendUvarint(append(f.b, 15<<4|tStruct), uint64(columns+1))
	f.field(4, 0, tBinary).text("schema").num(5, 4, int64(columns)).stop()
	for range columns {
		f.num(1, 0, typeByteArray).num(3, 1, optional).field(4, 3, tBinary).text("c").stop()
	}
	f.num(3, 2, 0)
	f.field(4, 3, tList).b = append(f.b, 1<<4|tStruct)
	f.field(1, 0, tList).b = binary.AppendUvarint(append(f.b, 15<<4|tStruct), uint64(columns))
	for i := range columns {
		f.field(3, 0, tStruct).num(1, 0, typeByteArray).num(5, 1, 0).num(7, 5, int64(packed)).num(9, 7, int64(4+i*step)).stop().stop()
	}
	f.num(3, 1, 0).stop().stop()
	out := append(append([]byte("PAR1"), content...), f.b...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(f.b)))
	return append(out, "PAR1"...)
}

// counted counts how often it is read, and may fail from a read on.
type counted struct {
	io.ReaderAt
	reads, until int
}

var errStopped = errors.New("stopped")

func (c *counted) ReadAt(b []byte, offset int64) (int, error) {
	if c.reads++; c.until > 0 && c.reads > c.until {
		return 0, errStopped
	}
	return c.ReaderAt.ReadAt(b, offset)
}

// A small object is read a small number of times, whatever its footer and its pages say.
func TestReadsAreBounded(t *testing.T) {
	const columns = 100
	header := (&thrift{}).num(1, 0, pageData).num(2, 1, 0).num(3, 2, 0)
	header.field(5, 3, tStruct).num(1, 0, 0).num(2, 1, encPlain).num(3, 2, encRLE).num(4, 3, encRLE).stop().stop()
	empty := bytes.Repeat(header.b, 20*columns)
	bare := bytes.Repeat([]byte{1<<4 | tI32, pageData, tStop}, 20*columns) // neither lengths nor values
	for _, tt := range []struct {
		name         string
		content      []byte
		step, packed int
		most         int
		want         string
	}{
		{"empty pages", empty, len(empty) / columns, len(empty) / columns, 20*columns + 10, ""},
		{"one place for all columns", empty, 0, len(empty), 10, "two columns lie at one place"},
		{"places that overlap", empty, len(empty)/columns - 1, len(empty) / columns, 10, "two columns lie at one place"},
		{"a place outside of the object", empty, 0, 1 << 20, 10, "outside of the object"},
		{"pages of no kind", make([]byte, 1<<16), 1 << 16 / columns, 1 << 16 / columns, 10, ""},
		{"pages of one field", bare, len(bare) / columns, len(bare) / columns, 1200, ""},
	} {
		object := places(tt.content, columns, tt.step, tt.packed)
		src := &counted{ReaderAt: bytes.NewReader(object)}
		f, err := Open(src, int64(len(object)), plenty)
		if err == nil {
			if _, err = f.Next(); errors.Is(err, io.EOF) {
				err = nil
			}
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if src.reads > tt.most {
			t.Errorf("%s: %d reads, want up to %d", tt.name, src.reads, tt.most)
		}
	}
	none := page{kind: typeByteArray, rows: 1, values: 1, content: []byte{5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'}}.object()
	none[5] = 8 << 1 // the kind of its page
	if n, _, err := all(t, none, plenty); n != 0 || err == nil || !strings.Contains(err.Error(), "no known kind") {
		t.Errorf("%d rows, %v", n, err)
	}
}

// An error of the source, as of a reader that is to stop, ends reading at once.
func TestStops(t *testing.T) {
	content := write(t, rows(4000), pq.MaxRowsPerRowGroup(100))
	for _, until := range []int{1, 10, 1000, 2200} {
		src := &counted{ReaderAt: bytes.NewReader(content), until: until}
		f, err := Open(src, int64(len(content)), plenty)
		for err == nil {
			_, err = f.Next()
		}
		if !errors.Is(err, errStopped) || src.reads > until+100 {
			t.Errorf("after %d reads of %d: %v", src.reads, until, err)
		}
	}
}

// A row group that is damaged keeps no row in front of it from being read.
func TestDamageBehindRows(t *testing.T) {
	content := write(t, rows(400), pq.MaxRowsPerRowGroup(100), pq.Compression(&pq.Zstd))
	whole, _, err := all(t, content, plenty)
	if err != nil || whole != 400 {
		t.Fatal(whole, err)
	}
	at := len(content) * 6 / 10
	copy(content[at:], bytes.Repeat([]byte{0xff}, 400))
	if n, _, err := all(t, content, plenty); err == nil || n < 100 || n >= 400 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func FuzzParquet(f *testing.F) {
	for _, version := range []int{1, 2} {
		f.Add(write(f, rows(20), pq.DataPageVersion(version), pq.Compression(&pq.Snappy)))
	}
	f.Add(page{kind: typeInt64, rows: 2, values: 2, enc: encDelta, content: uvarints(128, 4, 2, 0, 2, 0, 0)}.object())
	f.Fuzz(func(t *testing.T, content []byte) {
		if n, taken, err := all(t, content, 16<<20); taken > 64<<20+uint64(64*n)+uint64(64*len(content)) {
			t.Errorf("%d MB for %d rows of %d bytes, %v", taken>>20, n, len(content), err)
		}
	})
}

func BenchmarkRows(b *testing.B) {
	content := write(b, rows(20_000), pq.Compression(&pq.Zstd))
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, _, err := all(b, content, plenty); err != nil {
			b.Fatal(err)
		}
	}
}
