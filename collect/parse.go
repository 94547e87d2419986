package collect

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"

	"bucketproof/collect/accesslog"
	"bucketproof/collect/cloudtrail"
	"bucketproof/collect/vended"
	"bucketproof/internal/dataset"
	"bucketproof/internal/identity"
)

const (
	// chunkEntries and chunkBytes are how many lines are handed on together; the
	// last one may be longer.
	chunkEntries = 256
	chunkBytes   = 256 << 10
	// chunksAhead is how many chunks of an object may wait to be taken.
	chunksAhead = 2
)

// entry is a line of a log object, as a record or with the reason why it is
// none.
type entry struct {
	rec      dataset.Record // clean
	id       identity.ID
	line     accesslog.Line
	rejected error
	event    *dataset.Event // of a trail, whose bucket and time are in rec; nil otherwise
}

type chunk struct {
	entries []entry
	text    []byte // of events
}

var chunks = sync.Pool{New: func() any { return &chunk{entries: make([]entry, 0, chunkEntries)} }}

// records is a reader of one form of log object. What it hands out stays as it
// is while the object is held. Of a line that can't be read, forms other than
// text tell the bucket in the record, where they know it.
type records interface {
	Next(*dataset.Record) (line accesslog.Line, rejected, err error)
}

// parse reads the object's lines into f.chunks, which it closes; f.err then
// tells why it ended before their end.
func (f *fetched) parse(ctx context.Context, key identity.Key) {
	defer close(f.chunks)
	if f.err == nil && f.isLog() && len(f.before) == 0 {
		f.parseErr = f.parseAll(ctx, key)
	}
}

func (f *fetched) parseAll(ctx context.Context, key identity.Key) (err error) {
	r, closer, err := f.filler(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	for {
		c := chunks.Get().(*chunk)
		err := r(c)
		if len(c.entries) > 0 {
			select {
			case f.chunks <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// filler opens the object; the function that it returns fills a chunk.
func (f *fetched) filler(ctx context.Context, key identity.Key) (func(*chunk) error, io.Closer, error) {
	if f.trail != "" {
		content, err := unpack(io.NewSectionReader(f.whole(ctx), 0, f.info.Size), mostOf(f.info.Size))
		if err != nil {
			return nil, nil, err
		}
		r := cloudtrail.NewReader(content)
		return func(c *chunk) error { return c.fillEvents(r, f.trail, key) }, content, nil
	}
	r, closer, err := f.records(ctx)
	return func(c *chunk) error { return c.fill(r, key) }, closer, err
}

// fillEvents reads the events of an owner until the chunk is full.
func (c *chunk) fillEvents(r *cloudtrail.Reader, owner string, key identity.Key) error {
	c.entries, c.text = c.entries[:0], c.text[:0]
	for bytes := 0; len(c.entries) < chunkEntries && bytes < chunkBytes; {
		n := len(c.entries)
		c.entries = c.entries[:n+1]
		e := &c.entries[n]
		if e.event == nil {
			e.event = &dataset.Event{}
		}
		record, rejected, err := r.Next(e.event)
		if err != nil {
			c.entries = c.entries[:n]
			var broken *cloudtrail.BrokenError
			if errors.As(err, &broken) || errors.Is(err, cloudtrail.ErrForeign) {
				err = damaged(err)
			}
			return err
		}
		bytes += len(record.Text)
		e.rejected, e.line = rejected, accesslog.Line{Number: record.Number}
		e.rec = dataset.Record{Bucket: []byte(owner), TimeMS: e.event.TimeMS}
		if rejected != nil {
			begin := len(c.text)
			c.text = append(c.text, record.Text...)
			e.line.Text = c.text[begin:len(c.text):len(c.text)]
			continue
		}
		c.text = e.event.Detach(c.text)
		e.event.Clean()
		e.id = dataset.IdentifyEvent(key, e.event.EventID)
	}
	return nil
}

// fill reads until the chunk is full.
func (c *chunk) fill(r records, key identity.Key) error {
	c.entries = c.entries[:0]
	for bytes := 0; len(c.entries) < chunkEntries && bytes < chunkBytes; {
		n := len(c.entries)
		c.entries = c.entries[:n+1]
		e := &c.entries[n]
		e.event = nil
		var err error
		if e.line, e.rejected, err = r.Next(&e.rec); err != nil {
			c.entries = c.entries[:n]
			return err
		}
		bytes += len(e.line.Text)
		if e.rejected == nil && e.line.Text == nil { // not of lines
			bytes += e.rec.Size()
		}
		_, plain := r.(*accesslog.Reader)
		switch {
		case e.rejected != nil && plain:
			e.rec.Bucket = nil // the line itself tells, see bucketOf
		case e.rejected == nil:
			// The text of a plain line is that of its fields.
			if !plain || !dataset.IsClean(e.line.Text) {
				e.rec.Clean()
			}
			e.id = dataset.Identify(key, &e.rec)
		}
	}
	return nil
}

// discard waits until the object is parsed, and drops what is left of it.
func (f *fetched) discard() {
	for c := range f.chunks {
		chunks.Put(c)
	}
}

// records opens the object in its form.
func (f *fetched) records(ctx context.Context) (records, io.Closer, error) {
	if vended.IsParquet(f.memory) {
		r, err := vended.NewParquet(f.whole(ctx), f.info.Size, f.parquet)
		if err != nil {
			return nil, nil, damaged(err)
		}
		return damagedParquet{r}, io.NopCloser(nil), nil
	}
	if f.plain() && !vended.IsJSON(f.memory) { // the lines stay where they are
		return accesslog.ReadBytes(f.memory), io.NopCloser(nil), nil
	}
	return textOf(io.NewSectionReader(f.whole(ctx), 0, f.info.Size), mostOf(f.info.Size))
}

// textOf opens content that consists of lines, unpacked, of which there may be most bytes.
func textOf(src io.Reader, most int64) (records, io.Closer, error) {
	content, err := unpack(src, most)
	if err != nil {
		return nil, nil, err
	}
	b := bufio.NewReaderSize(content, 64<<10)
	// What is damaged behind its beginning is read as far as it goes.
	head, err := b.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, nil, errors.Join(err, content.Close())
	}
	if vended.IsJSON(head) {
		return vended.NewJSON(b), content, nil
	}
	return accesslog.NewReader(b), content, nil
}

// damagedParquet marks the errors of a Parquet object as damage.
type damagedParquet struct{ *vended.Parquet }

func (d damagedParquet) Next(rec *dataset.Record) (accesslog.Line, error, error) {
	line, rejected, err := d.Parquet.Next(rec)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(err)
	}
	return line, rejected, err
}
