package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// MoreRejected is the reason of a row that stands for lines which were only counted.
// templates/tables/line-count.sql reads it.
func MoreRejected(lines int64) string {
	return fmt.Sprintf("%d more lines of this object can't be read", lines)
}

// Size is how many bytes the text of the record has.
func (rec *Record) Size() int { return accessTable.size(rec) }

// IsClean tells that text is ASCII without NUL, so that nothing in it needs to
// be replaced.
func IsClean(text []byte) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		w := binary.LittleEndian.Uint64(text)
		if (w|(w-low))&high != 0 { // a byte from 0x80, or a 0 that borrows
			return false
		}
	}
	for _, b := range text {
		if b == 0 || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Clean replaces what a Parquet string can't hold: each byte that is not UTF-8,
// and NUL, becomes \xNN. It is idempotent.
func (rec *Record) Clean() { accessTable.clean(rec) }

func cleanText(b []byte) []byte {
	bad := -1
	for i := 0; i < len(b); i++ {
		if b[i] == 0 || b[i] >= utf8.RuneSelf {
			bad = i
			break
		}
	}
	if bad < 0 || utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return b
	}
	const hex = "0123456789abcdef"
	out := append(make([]byte, 0, len(b)+16), b[:bad]...)
	for i := bad; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if b[i] == 0 || r == utf8.RuneError && n == 1 {
			out = append(out, '\\', 'x', hex[b[i]>>4], hex[b[i]&15])
			i++
			continue
		}
		out = append(out, b[i:i+n]...)
		i += n
	}
	return out
}
