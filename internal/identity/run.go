package identity

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"os"
	"slices"
	"sort"
)

// A run is a file of sorted IDs: magic, the key's tag, how many parts it
// covers and how many IDs it holds, the numbers of the parts, a checksum of
// all this, the IDs, their checksum. Numbers are little-endian. It can be made
// again from the dataset, so it is neither synced nor kept when it is damaged.

var (
	runMagic  = [8]byte{'B', 'P', 'I', 'D', 'S', 2, 0, 0} // 2: of more fields than 1 was
	errNoRun  = errors.New("the file is no list of identities, or damaged")
	castagnol = crc32.MakeTable(crc32.Castagnoli)
)

// maxCovers bounds the parts of a run.
const maxCovers = 1 << 16

type run struct {
	path   string
	covers []int64
	n      int64
	start  int64    // of the IDs in the file
	file   *os.File // nil: closed for now, see files
	block  []byte
}

// files are the runs that are open for looks into them, the oldest first: there
// can be more runs than a process may have files.
type files struct{ open []*run }

// maxFiles is how many runs are open at a time.
const maxFiles = 64

// use opens a run, and closes another where there are too many.
func (s *files) use(r *run) error {
	if r.file != nil {
		return nil
	}
	if len(s.open) >= maxFiles {
		oldest := s.open[0]
		s.open = s.open[1:]
		if err := oldest.close(); err != nil {
			return err
		}
	}
	f, err := os.Open(r.path)
	if err != nil {
		return err
	}
	r.file = f
	s.open = append(s.open, r)
	return nil
}

// drop closes a run that is no longer looked into.
func (s *files) drop(r *run) error {
	s.open = slices.DeleteFunc(s.open, func(o *run) bool { return o == r })
	return r.close()
}

// writer writes a run whose IDs come in their order.
type writer struct {
	f   *os.File
	b   *bufio.Writer
	sum uint32
	n   int64
	tag uint64
	cov []int64
}

func createRun(path string, tag uint64, covers []int64) (*writer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	w := &writer{f: f, b: bufio.NewWriterSize(f, 64<<10), tag: tag, cov: covers}
	_, err = w.b.Write(make([]byte, headBytes(len(covers))))
	return w, err
}

func headBytes(covers int) int { return 8 + 8 + 8 + 8 + 8*covers + 4 }

func (w *writer) add(id ID) error {
	var b [idBytes]byte
	id.append(b[:0])
	w.sum = crc32.Update(w.sum, castagnol, b[:])
	w.n++
	_, err := w.b.Write(b[:])
	return err
}

// close finishes the run: its head is written last.
func (w *writer) close() error {
	_, err := w.b.Write(binary.LittleEndian.AppendUint32(nil, w.sum))
	err = errors.Join(err, w.b.Flush())
	head := append([]byte{}, runMagic[:]...)
	for _, n := range append([]int64{int64(w.tag), int64(len(w.cov)), w.n}, w.cov...) {
		head = binary.LittleEndian.AppendUint64(head, uint64(n))
	}
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, castagnol))
	if err == nil {
		_, err = w.f.WriteAt(head, 0)
	}
	return errors.Join(err, w.f.Close())
}

// abandon removes a run that is not whole.
func (w *writer) abandon() error { return errors.Join(w.f.Close(), os.Remove(w.f.Name())) }

// openRun reads the head of a run. A file that is none, or of another key or
// partition, is errNoRun.
func openRun(path string, tag uint64) (*run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &run{path: path, file: f}
	if err := r.readHead(tag); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return r, nil
}

func (r *run) readHead(tag uint64) error {
	fixed := make([]byte, headBytes(0)-4)
	if _, err := r.file.ReadAt(fixed, 0); err != nil {
		return orNoRun(err)
	}
	covers, n := binary.LittleEndian.Uint64(fixed[16:]), binary.LittleEndian.Uint64(fixed[24:])
	if [8]byte(fixed[:8]) != runMagic || binary.LittleEndian.Uint64(fixed[8:]) != tag || covers > maxCovers {
		return errNoRun
	}
	head := make([]byte, headBytes(int(covers)))
	if _, err := r.file.ReadAt(head, 0); err != nil {
		return orNoRun(err)
	}
	body := head[:len(head)-4]
	if crc32.Checksum(body, castagnol) != binary.LittleEndian.Uint32(head[len(body):]) {
		return errNoRun
	}
	for i := range int(covers) {
		r.covers = append(r.covers, int64(binary.LittleEndian.Uint64(body[32+8*i:])))
	}
	r.n, r.start = int64(n), int64(len(head))
	st, err := r.file.Stat()
	if err != nil {
		return err
	}
	if st.Size() != r.start+r.n*idBytes+4 {
		return errNoRun
	}
	return nil
}

func orNoRun(err error) error {
	if errors.Is(err, io.EOF) {
		return errNoRun
	}
	return err
}

func (r *run) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// each hands all IDs to do, in their order, and then checks them.
func (r *run) each(do func(ID) error) error {
	b := bufio.NewReaderSize(io.NewSectionReader(r.file, r.start, r.n*idBytes+4), 256<<10)
	var sum uint32
	var buf [idBytes]byte
	for range r.n {
		if _, err := io.ReadFull(b, buf[:]); err != nil {
			return orNoRun(err)
		}
		sum = crc32.Update(sum, castagnol, buf[:])
		if err := do(decode(buf[:])); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(b, buf[:4]); err != nil {
		return orNoRun(err)
	}
	if binary.LittleEndian.Uint32(buf[:4]) != sum {
		return errNoRun
	}
	return nil
}

// blockIDs is how many IDs a look into a run reads.
const blockIDs = 256

// has looks an ID up: where its value says that it should be, then nearer by
// what is there, in the end by halves.
func (r *run) has(id ID) (bool, error) {
	if r.block == nil {
		r.block = make([]byte, blockIDs*idBytes)
	}
	guess, _ := bits.Mul64(id.Hi, uint64(r.n))
	at := int64(guess) - blockIDs/2
	for lo, hi, tries := int64(0), r.n, 0; lo < hi; tries++ {
		if tries >= 4 {
			at = lo + (hi-lo)/2 - blockIDs/2
		}
		at = max(lo, min(at, hi-blockIDs))
		n := min(blockIDs, hi-at)
		b := r.block[:n*idBytes]
		if _, err := r.file.ReadAt(b, r.start+at*idBytes); err != nil {
			return false, err
		}
		first, last := decode(b), decode(b[len(b)-idBytes:])
		switch {
		case compare(id, first) < 0:
			hi = at
			off, _ := bits.Mul64(first.Hi-id.Hi, uint64(r.n))
			at -= int64(off) + blockIDs/2
		case compare(id, last) > 0:
			lo = at + n
			off, _ := bits.Mul64(id.Hi-last.Hi, uint64(r.n))
			at += n + int64(off) - blockIDs/2
		default:
			i := sort.Search(int(n), func(i int) bool { return compare(decode(b[i*idBytes:]), id) >= 0 })
			return decode(b[i*idBytes:]) == id, nil
		}
	}
	return false, nil
}

// merge writes the IDs of several runs into one that covers what they cover.
func merge(path string, tag uint64, runs []*run, covers []int64) error {
	w, err := createRun(path, tag, covers)
	if err != nil {
		return err
	}
	if err := w.merge(runs); err != nil {
		return errors.Join(err, w.abandon())
	}
	return w.close()
}

func (w *writer) merge(runs []*run) error {
	type head struct {
		id   ID
		left int64
		b    *bufio.Reader
	}
	var heads []*head
	next := func(h *head) error {
		var buf [idBytes]byte
		h.left--
		if _, err := io.ReadFull(h.b, buf[:]); err != nil {
			return err
		}
		h.id = decode(buf[:])
		return nil
	}
	for _, r := range runs {
		if r.n == 0 {
			continue
		}
		h := &head{left: r.n, b: bufio.NewReaderSize(io.NewSectionReader(r.file, r.start, r.n*idBytes), 64<<10)}
		if err := next(h); err != nil {
			return err
		}
		heads = append(heads, h)
	}
	for len(heads) > 0 {
		least := 0
		for i := range heads {
			if compare(heads[i].id, heads[least].id) < 0 {
				least = i
			}
		}
		if err := w.add(heads[least].id); err != nil {
			return err
		}
		if heads[least].left == 0 {
			heads = slices.Delete(heads, least, least+1)
		} else if err := next(heads[least]); err != nil {
			return err
		}
	}
	return nil
}
