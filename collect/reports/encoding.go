package reports

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode turns the bytes of a report into text with \n at the ends of lines. It
// knows UTF-8, UTF-16 in both orders, with and without a byte order mark, and takes
// what is neither for Windows-1252, in which every byte is a character.
func decode(content []byte) string {
	var text string
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		text = fromUTF16(content[2:], binary.LittleEndian)
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		text = fromUTF16(content[2:], binary.BigEndian)
	default:
		text = withoutMark(bytes.TrimPrefix(content, []byte("\ufeff")))
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// withoutMark tells the encoding by where the zero bytes are: text in Latin letters
// has one in every second place of UTF-16, and none elsewhere.
func withoutMark(content []byte) string {
	even, odd := 0, 0
	for i, b := range content[:min(len(content), 4096)] {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	half := min(len(content), 4096) / 2
	switch {
	case odd > half/2 && even < odd/8:
		return fromUTF16(content, binary.LittleEndian)
	case even > half/2 && odd < even/8:
		return fromUTF16(content, binary.BigEndian)
	case utf8.Valid(content):
		return string(content)
	}
	return fromWindows1252(content)
}

func fromUTF16(content []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return string(utf16.Decode(units))
}

// high are the characters that Windows-1252 has where Latin-1 has control codes;
// five of the places are empty.
var high = [32]rune{'€', '\u0081', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u008d', 'Ž', '\u008f',
	'\u0090', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u009d', 'ž', 'Ÿ'}

func fromWindows1252(content []byte) string {
	var b strings.Builder
	for _, c := range content {
		if c >= 0x80 && c < 0xa0 {
			b.WriteRune(high[c-0x80])
		} else {
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}
