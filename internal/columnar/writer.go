package columnar

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// Writer writes row groups to a file.
type Writer struct {
	w      io.Writer
	schema *Schema
	offset int64
	rows   int64
	groups []format.RowGroup
}

// NewWriter writes to w, which the caller closes.
func NewWriter(w io.Writer, s *Schema) *Writer { return &Writer{w: w, schema: s} }

// Write appends a row group, which the caller can reuse afterwards.
func (w *Writer) Write(g *RowGroup) error {
	if w.offset == 0 {
		if err := w.put([]byte(magic)); err != nil {
			return err
		}
	}
	out := format.RowGroup{NumRows: g.rows, TotalByteSize: g.plain, TotalCompressedSize: int64(len(g.bytes)),
		FileOffset: w.offset, Ordinal: int16(len(w.groups))}
	for _, meta := range g.chunks {
		first := meta.DataPageOffset
		if meta.Encoding[0] == format.Plain && meta.Type == format.ByteArray { // a dictionary page stands in front
			first = meta.DictionaryPageOffset
			meta.DictionaryPageOffset += w.offset
		}
		meta.DataPageOffset += w.offset
		out.Columns = append(out.Columns, format.ColumnChunk{FileOffset: first + w.offset, MetaData: meta})
	}
	w.groups = append(w.groups, out)
	w.rows += g.rows
	return w.put(g.bytes)
}

// Close writes the footer. A file without row groups is valid, too.
func (w *Writer) Close() error {
	if w.offset == 0 {
		if err := w.put([]byte(magic)); err != nil {
			return err
		}
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &format.FileMetaData{
		Version: 2, Schema: w.schema.elements, NumRows: w.rows, RowGroups: w.groups, ColumnOrders: w.schema.orders,
		CreatedBy: "bucketproof",
	})
	if err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return w.put(append(footer, magic...))
}

func (w *Writer) put(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	return err
}
