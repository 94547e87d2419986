// Package identity knows which records the dataset has, so that a record that is delivered
// twice is counted once. An [Index] tells for each ID whether it is new, in memory that
// does not grow with the dataset: IDs lie sorted in files beside the dataset, and a Bloom
// filter recognizes most new ones without reading them. The files can be rebuilt from the
// dataset at any time.
package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/dchest/siphash"
)

const (
	// freshIDs is how many IDs of a partition wait in memory; more go to a file.
	freshIDs = 1 << 19
	// maxRuns is how many files a partition may have; more are merged.
	maxRuns = 8
	// firstFilter is how many IDs the first filter of a partition has room for.
	firstFilter = 1 << 14

	extension = ".ids"
)

// Key makes IDs that whoever writes the text of the logs can't predict, so that nobody can
// hide a record behind another.
type Key [16]byte

// Hash is the ID of a text: SipHash-2-4 with 128 bits.
func (k Key) Hash(text []byte) ID {
	k0, k1 := decode(k[:]).Hi, decode(k[:]).Lo
	hi, lo := siphash.Hash128(k0, k1, text)
	return ID{hi, lo | 1}
}

// tag marks the files of a partition.
func (k Key) tag(bucket, date string) uint64 {
	return k.Hash([]byte("identities\x00" + bucket + "\x00" + date)).Hi
}

// Part is a file of the dataset, by its number.
type Part struct {
	Number int64
	Path   string
}

// Dataset is what the index reads its IDs from.
type Dataset interface {
	// Parts are the files of a partition.
	Parts(bucket, date string) ([]Part, error)
	// Identities hands the ID of each record of a file to add.
	Identities(part Part, add func(ID) error) error
}

// Index tells new IDs from known ones. It must not be used by several goroutines at once.
type Index struct {
	dir        string
	key        Key
	dataset    Dataset
	limit      int // bytes of filters
	partitions map[[2]string]*partition
	clock      int64
	spills     int
	loads      int
	files      files
}

// New returns an index whose files lie under dir. Its filters take about limit
// bytes of memory.
func New(dir string, key Key, d Dataset, limit int) *Index {
	return &Index{dir: dir, key: key, dataset: d, limit: limit, partitions: map[[2]string]*partition{}}
}

type partition struct {
	dir     string
	tag     uint64
	filters []*filter
	runs    []*run
	spilled []*run // of the batch that is not committed
	fresh   set    // the same
	ids     int
	used    int64
}

// Add tells whether an ID is new in its partition, and remembers it.
func (x *Index) Add(bucket, date string, id ID) (fresh bool, err error) {
	name := [2]string{bucket, date}
	p := x.partitions[name]
	if p == nil {
		if x.loads++; x.loads%64 == 0 {
			err = x.forget()
		}
		if err == nil {
			p, err = x.load(bucket, date)
		}
		if err != nil {
			return false, fmt.Errorf("identities of %s on %s: %w", bucket, date, err)
		}
		x.partitions[name] = p
	}
	x.clock++
	p.used = x.clock
	if p.mayHave(id) {
		if has, err := x.has(p, id); err != nil || has {
			return false, err
		}
	}
	p.note(id)
	p.fresh.add(id)
	if p.fresh.n >= freshIDs {
		return true, x.spill(p)
	}
	return true, nil
}

func (p *partition) mayHave(id ID) bool {
	for _, f := range p.filters {
		if f.has(id) {
			return true
		}
	}
	return false
}

// note adds an ID to the filters.
func (p *partition) note(id ID) {
	if len(p.filters) == 0 || p.filters[len(p.filters)-1].left == 0 {
		p.filters = append(p.filters, newFilter(max(firstFilter, p.ids)))
	}
	p.filters[len(p.filters)-1].add(id)
	p.ids++
}

func (x *Index) has(p *partition, id ID) (bool, error) {
	if p.fresh.n > 0 {
		for i := p.fresh.slot(id); p.fresh.slots[i] != (ID{}); {
			if p.fresh.slots[i] == id {
				return true, nil
			}
			if i++; i == len(p.fresh.slots) {
				i = 0
			}
		}
	}
	for _, runs := range [][]*run{p.spilled, p.runs} {
		for _, r := range runs {
			if err := x.files.use(r); err != nil {
				return false, err
			}
			if has, err := r.has(id); err != nil || has {
				return has, err
			}
		}
	}
	return false, nil
}

// spill moves the fresh IDs to a file.
func (x *Index) spill(p *partition) error {
	x.spills++
	r, err := x.write(p, fmt.Sprintf("spill-%d", x.spills), nil)
	if err == nil {
		p.spilled = append(p.spilled, r)
	}
	return err
}

// write writes the fresh IDs of a partition as a run.
func (x *Index) write(p *partition, name string, covers []int64) (*run, error) {
	if err := os.MkdirAll(p.dir, 0o750); err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, name+extension)
	w, err := createRun(path, p.tag, covers)
	if err != nil {
		return nil, err
	}
	for _, id := range p.fresh.sorted() {
		if err := w.add(id); err != nil {
			return nil, errors.Join(err, w.abandon())
		}
	}
	p.fresh.clear()
	if err := w.close(); err != nil {
		return nil, err
	}
	return known(path, p.tag)
}

// known is a run that is closed until it is looked into.
func known(path string, tag uint64) (*run, error) {
	r, err := openRun(path, tag)
	if err != nil {
		return nil, err
	}
	return r, r.close()
}

// Commit makes everything added since the last commit permanent. It is called when the
// batch with this number has become part of the dataset.
func (x *Index) Commit(batch int64) error {
	for _, p := range x.partitions {
		if err := x.commit(p, batch); err != nil {
			return fmt.Errorf("keep identities: %w", err)
		}
	}
	return x.forget()
}

func (x *Index) commit(p *partition, batch int64) error {
	if p.fresh.n == 0 && len(p.spilled) == 0 {
		return nil
	}
	if len(p.spilled) == 0 {
		r, err := x.write(p, runName(batch), []int64{batch})
		if err != nil {
			return err
		}
		if p.runs = append(p.runs, r); len(p.runs) > 2*maxRuns {
			return x.mergeAll(p)
		}
		return nil
	}
	if p.fresh.n > 0 {
		if err := x.spill(p); err != nil {
			return err
		}
	}
	err := x.merged(p, p.spilled, []int64{batch}, runName(batch))
	p.spilled = nil
	return err
}

func runName(number int64) string { return fmt.Sprintf("run-%06d", number) }

// merged puts one run in the place of several, which are removed.
func (x *Index) merged(p *partition, runs []*run, covers []int64, name string) error {
	path := filepath.Join(p.dir, name+extension)
	temporary := path + ".partial"
	for _, r := range runs {
		// All are read at once; there are few enough of them.
		if r.file == nil {
			f, err := os.Open(r.path)
			if err != nil {
				return err
			}
			r.file = f
		}
	}
	if err := merge(temporary, p.tag, runs, covers); err != nil {
		return err
	}
	for _, r := range runs {
		if err := errors.Join(x.files.drop(r), os.Remove(r.path)); err != nil {
			return err
		}
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	r, err := known(path, p.tag)
	if err == nil {
		p.runs = append(p.runs, r)
	}
	return err
}

// forget drops the partitions that were used longest ago until the filters fit.
// One that the batch added to stays.
func (x *Index) forget() error {
	size := 0
	names := make([][2]string, 0, len(x.partitions))
	for name, p := range x.partitions {
		names = append(names, name)
		size += p.bytes()
	}
	slices.SortFunc(names, func(a, b [2]string) int { return int(x.partitions[a].used - x.partitions[b].used) })
	const maxOpen = 64 // partitions, for their files
	for i, name := range names {
		if size <= x.limit && len(names)-i <= maxOpen {
			break
		}
		p := x.partitions[name]
		if p.fresh.n > 0 || len(p.spilled) > 0 {
			continue
		}
		size -= p.bytes()
		for _, r := range p.runs {
			if err := x.files.drop(r); err != nil {
				return err
			}
		}
		delete(x.partitions, name)
	}
	return nil
}

func (p *partition) bytes() int {
	n := idBytes * len(p.fresh.slots)
	for _, f := range p.filters {
		n += f.bytes()
	}
	return n
}

func (p *partition) close() error {
	var errs []error
	for _, runs := range [][]*run{p.spilled, p.runs} {
		for _, r := range runs {
			errs = append(errs, r.close())
		}
	}
	return errors.Join(errs...)
}

// Close releases what the index holds. Everything added since the last commit is forgotten.
func (x *Index) Close() error {
	var errs []error
	for _, p := range x.partitions {
		errs = append(errs, p.close())
	}
	x.files = files{}
	x.partitions = map[[2]string]*partition{}
	return errors.Join(errs...)
}

// load opens the runs of a partition, makes those that are missing, and fills
// the filters.
func (x *Index) load(bucket, date string) (*partition, error) {
	p := &partition{dir: filepath.Join(x.dir, "bucket="+bucket, "date="+date), tag: x.key.tag(bucket, date)}
	parts, err := x.dataset.Parts(bucket, date)
	if err != nil {
		return nil, err
	}
	if err := x.openRuns(p, parts); err != nil {
		return nil, errors.Join(err, p.close())
	}
	for _, part := range parts {
		if slices.ContainsFunc(p.runs, func(r *run) bool { return slices.Contains(r.covers, part.Number) }) {
			continue
		}
		if err := x.rebuild(p, part); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	if len(p.runs) > maxRuns {
		if err := x.mergeAll(p); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// openRuns opens the runs that are good and covered by the dataset, fills the
// filters from them, and removes the others.
func (x *Index) openRuns(p *partition, parts []Part) error {
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(p.dir, e.Name())
		if !e.Type().IsRegular() {
			continue
		}
		if filepath.Ext(path) != extension { // of a merge that was killed
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		r, err := openRun(path, p.tag)
		if err == nil {
			current := len(r.covers) > 0
			for _, n := range r.covers {
				current = current && slices.ContainsFunc(parts, func(q Part) bool { return q.Number == n })
			}
			if err = errNoRun; current {
				err = r.each(func(id ID) error { p.note(id); return nil })
			}
			err = errors.Join(err, r.close())
		}
		switch {
		case errors.Is(err, errNoRun):
			if err := os.Remove(path); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			p.runs = append(p.runs, r)
		}
	}
	return nil
}

// rebuild makes the run of a part from the part.
func (x *Index) rebuild(p *partition, part Part) error {
	err := x.dataset.Identities(part, func(id ID) error {
		p.note(id)
		if p.fresh.add(id); p.fresh.n >= freshIDs {
			return x.spill(p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.commit(p, part.Number)
}

func (x *Index) mergeAll(p *partition) error {
	var covers []int64
	for _, r := range p.runs {
		covers = append(covers, r.covers...)
	}
	runs := p.runs
	p.runs = nil
	// A name that no run has, so that a crash in between leaves whole files.
	return x.merged(p, runs, covers, fmt.Sprintf("merged-%06d-%08x", slices.Max(covers), rand.Uint32()))
}
