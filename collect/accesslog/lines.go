package accesslog

import (
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line, in bytes, that is read as a record. S3 bounds
// the headers and the URI of a request to a few KiB.
const MaxLine = 1 << 20

// bufferSize is how much is read at a time, in bytes.
const bufferSize = 256 << 10

// keptOfLong is how much of a longer line is handed on as evidence.
const keptOfLong = 4 << 10

// Lines splits a log object into lines in bounded memory. The zero value is not usable; see
// [NewLines].
type Lines struct {
	src    io.Reader
	buf    []byte // unread bytes are buf[start:end]
	start  int
	end    int
	number int64
	eof    bool
	err    error // of the source; the lines before it come first
}

// Line is one line of a log object.
type Line struct {
	Text       []byte // without newline; the beginning where TooLong
	Number     int64  // from 1
	TooLong    bool
	Terminated bool // a newline stands behind it
}

// NewLines reads from src.
func NewLines(src io.Reader) *Lines {
	return &Lines{src: src, buf: make([]byte, bufferSize)}
}

// Next returns the next line, or io.EOF after the last one. Any other error is that of the
// source; everything read before it has been returned by then.
func (l *Lines) Next() (Line, error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(l.buf[l.start+scanned:l.end], '\n'); i >= 0 {
			return l.cut(scanned+i, true), nil
		}
		scanned = l.end - l.start
		if scanned > MaxLine {
			return l.skipLong()
		}
		if l.eof {
			if scanned == 0 {
				return Line{}, l.ending()
			}
			return l.cut(scanned, false), nil
		}
		l.fill()
	}
}

func (l *Lines) cut(n int, newline bool) Line {
	l.number++
	line := Line{Text: l.buf[l.start : l.start+n], Number: l.number, Terminated: newline, TooLong: n > MaxLine}
	l.start += n
	if newline {
		l.start++
	}
	if line.TooLong {
		line.Text = line.Text[:keptOfLong]
	}
	return line
}

// fill reads more behind the unread bytes. What was handed out stays as it is:
// a full buffer is left to its lines, and a new one takes over.
func (l *Lines) fill() {
	if l.end == len(l.buf) {
		unread := l.end - l.start
		size := bufferSize
		for size < 2*unread {
			size *= 2
		}
		next := make([]byte, size)
		copy(next, l.buf[l.start:l.end])
		l.buf, l.start, l.end = next, 0, unread
	}
	n, err := l.src.Read(l.buf[l.end:])
	l.end += n
	if err != nil {
		l.eof = true
		if !errors.Is(err, io.EOF) {
			l.err = err
		}
	}
}

// ending is what comes behind the last line.
func (l *Lines) ending() error {
	if l.err != nil {
		return l.err
	}
	return io.EOF
}

// skipLong keeps the beginning of a line that is too long and drops the rest
// as it is read, so that a line of any length takes the same memory.
func (l *Lines) skipLong() (Line, error) {
	kept := bytes.Clone(l.buf[l.start : l.start+keptOfLong])
	// The buffer may hold lines that were handed out; the rest of this one goes
	// over a buffer of its own.
	l.buf, l.start, l.end = make([]byte, bufferSize), 0, 0
	for {
		if l.eof {
			l.number++
			l.start = l.end
			return Line{Text: kept, Number: l.number, TooLong: true}, nil
		}
		l.start, l.end = 0, 0
		l.fill()
		if i := bytes.IndexByte(l.buf[:l.end], '\n'); i >= 0 {
			l.start = i + 1
			l.number++
			return Line{Text: kept, Number: l.number, TooLong: true, Terminated: true}, nil
		}
	}
}
