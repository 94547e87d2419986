package identity

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// memory is a dataset in memory: the IDs of each part by partition.
type memory struct {
	parts map[[2]string]map[int64][]ID
	read  int // parts that were read again
}

func (m *memory) Parts(bucket, date string) ([]Part, error) {
	var out []Part
	for _, n := range slices.Sorted(maps.Keys(m.parts[[2]string{bucket, date}])) {
		out = append(out, Part{Number: n, Path: bucket + "/" + date})
	}
	return out, nil
}

func (m *memory) Identities(p Part, add func(ID) error) error {
	m.read++
	for name, ids := range m.parts {
		if name[0]+"/"+name[1] != p.Path {
			continue
		}
		for _, id := range ids[p.Number] {
			if err := add(id); err != nil {
				return err
			}
		}
	}
	return nil
}

var testKey = Key{9, 8, 7}

func idOf(n int) ID { return testKey.Hash(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

// The index answers as a map does, over batches, restarts, merges, lost and
// damaged files.
func TestIndexIsAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	m := &memory{parts: map[[2]string]map[int64][]ID{}}
	model := map[string]bool{}
	x := New(dir, testKey, m, 1<<16)
	for batch := int64(1); batch <= 60; batch++ {
		for range 4000 {
			name := [2]string{"b", fmt.Sprint("d", rng.IntN(5))}
			n := rng.IntN(120_000)
			fresh, err := x.Add(name[0], name[1], idOf(n))
			if err != nil {
				t.Fatal(err)
			}
			known := fmt.Sprint(name, n)
			if fresh == model[known] {
				t.Fatalf("batch %d: %s is new: %t", batch, known, fresh)
			}
			model[known] = true
			if fresh {
				if m.parts[name] == nil {
					m.parts[name] = map[int64][]ID{}
				}
				m.parts[name][batch] = append(m.parts[name][batch], idOf(n))
			}
		}
		if err := x.Commit(batch); err != nil {
			t.Fatal(err)
		}
		switch batch % 7 {
		case 0: // a restart
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = New(dir, testKey, m, 1<<16)
		case 3: // files are lost, cut, bent
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			body, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			body[rng.IntN(len(body))] ^= 0x40
			for i, damage := range []func(string) error{
				func(p string) error { return os.WriteFile(p, body, 0o644) }, os.Remove,
				func(p string) error { return os.Truncate(p, 100) }, func(p string) error { return os.WriteFile(p, nil, 0o644) },
			} {
				if i < len(files) {
					if err := damage(files[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			x = New(dir, testKey, m, 1<<16)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if m.read == 0 {
		t.Error("no lost file was made again")
	}
}

// What an uncommitted batch added is not known afterwards.
func TestUncommittedIsForgotten(t *testing.T) {
	dir := t.TempDir()
	m := &memory{}
	x := New(dir, testKey, m, 1<<20)
	if fresh, err := x.Add("b", "d", idOf(1)); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = New(dir, testKey, m, 1<<20)
	if fresh, err := x.Add("b", "d", idOf(1)); err != nil || !fresh {
		t.Error(fresh, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

// More IDs than memory is meant to hold go to files within a batch.
func TestSpill(t *testing.T) {
	dir := t.TempDir()
	m := &memory{}
	x := New(dir, testKey, m, 1<<20)
	const n = freshIDs*2 + 1000
	for i := range n {
		if fresh, err := x.Add("b", "d", idOf(i)); err != nil || !fresh {
			t.Fatal(i, fresh, err)
		}
	}
	for i := 0; i < n; i += 997 {
		if fresh, err := x.Add("b", "d", idOf(i)); err != nil || fresh {
			t.Fatal(i, fresh, err)
		}
	}
	m.parts = map[[2]string]map[int64][]ID{{"b", "d"}: {1: nil}}
	if err := x.Commit(1); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = New(dir, testKey, m, 1<<20)
	for i := 0; i < n; i += 997 {
		if fresh, err := x.Add("b", "d", idOf(i)); err != nil || fresh {
			t.Fatal(i, fresh, err)
		}
	}
	if m.read != 0 {
		t.Error("the files of the batch are not complete")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	if err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAdd(b *testing.B) {
	x := New(b.TempDir(), testKey, &memory{}, 1<<24)
	for i := 0; b.Loop(); i++ {
		if _, err := x.Add("b", "d", idOf(i)); err != nil {
			b.Fatal(err)
		}
		if i%400_000 == 0 {
			if err := x.Commit(int64(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
