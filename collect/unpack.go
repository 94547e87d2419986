package collect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errDamaged marks content that can't be unpacked to its end.
var errDamaged = errors.New("the packed log object is damaged")

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
// error of the packed form is errDamaged.
func unpack(src io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(src)
	magic, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		r, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		return &packed{Reader: r, close: func() {}}, nil // it holds nothing that must be given back
	case bytes.HasPrefix(magic, zstdMagic):
		r, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		return &packed{Reader: r, close: r.Close}, nil
	}
	return io.NopCloser(b), nil
}

type packed struct {
	io.Reader
	close func()
}

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errDamaged, err)
	}
	return n, err
}

func (p *packed) Close() error {
	p.close()
	return nil
}
