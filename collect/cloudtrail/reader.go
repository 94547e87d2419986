// Package cloudtrail reads the log files of CloudTrail trails: JSON objects with the array
// Records (CloudTrail user guide, page "CloudTrail record contents"). It streams a file and
// holds only a few records in memory.
package cloudtrail

import (
	"errors"
	"fmt"
	"io"

	"bucketproof/internal/dataset"
)

const (
	firstBuffer = 256 << 10
	// MaxRecord is the largest record that is read, in bytes. CloudTrail's own are at
	// most 256 KB, or 1 MB in an event data store.
	MaxRecord = 16 << 20
)

// ErrForeign means that an object is not a log file of CloudTrail.
var ErrForeign = errors.New("the object is no log file of CloudTrail: it is not a JSON object with the array Records")

// BrokenError means that the JSON of a log file is broken. The records before that point
// are sound.
type BrokenError struct {
	Offset int64 // of the fault, in bytes of the unpacked content
	Record int64 // the number of the record that is broken or due there, from 1
	Reason error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("record %d: the JSON is broken at byte %d: %s", e.Record, e.Offset, e.Reason)
}

func (e *BrokenError) Unwrap() error { return e.Reason }

// Reader reads the events of one log file.
type Reader struct {
	src    io.Reader
	s      scanner
	offset int64 // of s.b in the content
	ended  bool  // src has
	failed error // of src
	in     bool  // in the array Records
	first  bool  // nothing of the array was read
	record int64
	done   error
}

// NewReader reads unpacked content.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, s: scanner{b: make([]byte, 0, firstBuffer)}}
}

// Record is a record as it stands in a log file.
type Record struct {
	Number int64  // from 1
	Text   []byte // JSON
}

// Next reads the next record into ev. What it returns and ev holds is valid until the next
// call. Rejected says why a record is no event; the records after it are still read. The
// error is io.EOF after the last record, [ErrForeign], a [*BrokenError], which ends the
// file, or an error of the source.
func (r *Reader) Next(ev *dataset.Event) (rec Record, rejected, err error) {
	if r.done == nil && !r.in {
		r.done = r.begin()
	}
	if r.done == nil {
		rec, rejected, r.done = r.next(ev)
		if r.done == nil {
			return rec, rejected, nil
		}
	}
	return Record{}, nil, r.done
}

// try reads something that begins at s.i, with more of the content as often as it
// ends in the middle. Read must begin anew each time.
func (r *Reader) try(read func() error) error {
	begin := r.s.i
	for {
		r.s.depth, r.s.scratch = 0, r.s.scratch[:0]
		err := read()
		if !errors.Is(err, errShort) || r.ended {
			if err != nil && r.failed != nil {
				return r.failed
			}
			if err != nil && !errors.Is(err, errEnd) {
				return &BrokenError{r.offset + int64(r.s.i), r.record + 1, err}
			}
			return err
		}
		if err := r.fill(begin); err != nil {
			return &BrokenError{r.offset + int64(begin), r.record + 1, err}
		}
		r.s.i, begin = 0, 0
	}
}

var errLarge = fmt.Errorf("a record has more than %d bytes", MaxRecord)

// fill drops what lies before keep, and reads more.
func (r *Reader) fill(keep int) error {
	s := &r.s
	n := copy(s.b, s.b[keep:])
	r.offset += int64(keep)
	s.b = s.b[:n]
	if n == cap(s.b) {
		if n >= MaxRecord {
			return errLarge
		}
		s.b = append(make([]byte, 0, 2*n), s.b...)
	}
	// As much as there is room for, so that what does not fit is not begun again and
	// again.
	m, err := io.ReadFull(r.src, s.b[n:cap(s.b)])
	s.b = s.b[:n+m]
	if err != nil {
		r.ended = true
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			r.failed = err
		}
	}
	return nil
}

// errEnd is the end of the array.
var errEnd = errors.New("end")

// begin reads up to the first record.
func (r *Reader) begin() error {
	err := r.try(func() error {
		r.in = false
		err := r.s.objectUpTo("Records")
		r.in = err == nil
		return err
	})
	var broken *BrokenError
	switch {
	case err == nil:
		r.first = true
		return nil
	case errors.As(err, &broken):
		return ErrForeign
	}
	return err
}

// objectUpTo reads the beginning of an object up to the array under a key.
func (s *scanner) objectUpTo(name string) error {
	if s.space() != '{' {
		return s.fault("an object")
	}
	s.i++
	for {
		s.space()
		key, err := s.text()
		if err != nil {
			return err
		}
		if s.space() != ':' {
			return s.fault("a colon")
		}
		s.i++
		if string(key) == name {
			if s.space() != '[' {
				return s.fault("an array")
			}
			s.i++
			return nil
		}
		if err := s.pass(); err != nil {
			return err
		}
		if s.space() != ',' {
			return s.fault("a comma")
		}
		s.i++
	}
}

// next reads a record, with the comma before it.
func (r *Reader) next(ev *dataset.Event) (rec Record, rejected, err error) {
	err = r.try(func() error {
		switch c := r.s.space(); {
		case c == ']':
			r.s.i++
			return errEnd
		case !r.first && c != ',':
			return r.s.fault("a comma or the end of the records")
		case !r.first:
			r.s.i++
			r.s.space()
		}
		begin := r.s.i
		var err error
		if r.s.i < len(r.s.b) && r.s.b[r.s.i] != '{' { // sound JSON, and no record
			rejected = errNoObject
			_, err = r.s.skip()
		} else {
			rejected, err = r.s.event(ev)
		}
		rec.Text = r.s.b[begin:r.s.i]
		return err
	})
	if errors.Is(err, errEnd) {
		if err = r.rest(); err == nil {
			err = io.EOF
		}
		return Record{}, nil, err
	}
	if err != nil {
		return Record{}, nil, err
	}
	r.first = false
	r.record++
	rec.Number = r.record
	return rec, rejected, nil
}

var errNoObject = errors.New("the record is not a JSON object")

var errTwice = errors.New("the array Records stands there twice")

// rest reads what stands behind the records: the end of the object, perhaps with
// other keys.
func (r *Reader) rest() error {
	err := r.try(func() error {
		for {
			switch r.s.space() {
			case ',':
				r.s.i++
				r.s.space()
				key, err := r.s.text()
				if err != nil {
					return err
				}
				if string(key) == "Records" {
					return errTwice
				}
				if r.s.space() != ':' {
					return r.s.fault("a colon")
				}
				r.s.i++
				if err := r.s.pass(); err != nil {
					return err
				}
			case '}':
				r.s.i++
				return nil
			default:
				return r.s.fault("a comma or the end of the object")
			}
		}
	})
	if err != nil {
		return err
	}
	return r.try(func() error {
		if r.s.space() != 0 || r.s.i < len(r.s.b) {
			return errors.New("something stands behind the object")
		}
		if !r.ended {
			return errShort
		}
		return nil
	})
}
