package collect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errDamaged marks content that can't be unpacked to its end.
var errDamaged = errors.New("the packed log object is damaged")

// damaged marks an error of content as damage. That reading was stopped is none.
func damaged(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

const (
	// maxRatio bounds how many times its size packed content may unfold to, above
	// freeBytes: not for memory, but for the time it takes. Logs unfold to some 30 times.
	maxRatio  = 500
	freeBytes = 256 << 20
)

// mostOf is how many bytes packed content of a size may unfold to.
func mostOf(size int64) int64 { return freeBytes + maxRatio*size }

// The first bytes of the packed forms (RFC 1952 with deflate, RFC 8878).
var (
	gzipMagic = []byte{0x1f, 0x8b, 0x08}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

func isPacked(content []byte) bool {
	return bytes.HasPrefix(content, gzipMagic) || bytes.HasPrefix(content, zstdMagic)
}

// maxWindow bounds the memory that a zstd frame may ask for.
const maxWindow = 64 << 20

// unpack reads plain, gzip or zstd content, told apart by its first bytes. An
// error of the packed form is errDamaged, and that it unfolds to more than most bytes.
func unpack(src io.Reader, most int64) (io.ReadCloser, error) {
	b := bufio.NewReader(src)
	magic, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		r, err := gzip.NewReader(b)
		if err != nil {
			return nil, damaged(err)
		}
		return &packed{Reader: r, most: most, left: most, close: func() {}}, nil // it holds nothing that must be given back
	case bytes.HasPrefix(magic, zstdMagic):
		r, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, damaged(err)
		}
		return &packed{Reader: r, most: most, left: most, close: r.Close}, nil
	}
	return io.NopCloser(b), nil
}

type packed struct {
	io.Reader
	most, left int64
	close      func()
}

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if p.left -= int64(n); p.left < 0 {
		n, err = n+int(p.left), fmt.Errorf("it unfolds to more than %d MB, which are %d MB and %d times its size",
			p.most>>20, freeBytes>>20, maxRatio)
		p.left = 0
	}
	if err != nil && err != io.EOF {
		err = damaged(err)
	}
	return n, err
}

func (p *packed) Close() error {
	p.close()
	return nil
}
