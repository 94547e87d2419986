// Package conventions holds tests of how the repository is laid out: which room may use
// which, and how long a line may be. It has no code.
package conventions

import (
	"bufio"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const root = "../.."

// layers are the rooms from the ground up, as docs/ARCHITECTURE.md lists them: a package uses
// its own layer and those below. A name that ends in / stands for all packages beneath it.
var layers = [][]string{
	{"internal/", "templates"}, // the ground: all that no other line names
	{"collect", "collect/"},
	{"analyze", "analyze/"},
	{"report", "report/"},
	{"scheduler"},
	{"internal/jobs"},
	{"internal/service", "internal/doctor"},
	{"cmd/"},
}

func layer(path string) int {
	found, length := -1, -1
	for i, names := range layers {
		for _, n := range names {
			if (path == n || strings.HasSuffix(n, "/") && strings.HasPrefix(path, n)) && len(n) > length {
				found, length = i, len(n)
			}
		}
	}
	return found
}

// TestLayers: no room uses one above it, in its tests neither. Benchmarks may: they compare.
func TestLayers(t *testing.T) {
	list := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, "./...")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(strings.ReplaceAll(line, "bucketproof/", ""))
		at := layer(names[0])
		if at < 0 {
			t.Errorf("%s stands in no layer: add it to the list, and to docs/ARCHITECTURE.md", names[0])
		}
		for _, used := range names[1:] {
			if layer(used) > at && strings.Contains(line, "bucketproof/"+used) {
				t.Errorf("%s uses %s, a room above it", names[0], used)
			}
		}
	}
}

// TestLines: a line has at most 140 columns, unless a raw text that can't be broken fills it.
func TestLines(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		long := map[int]bool{}
		lines := bufio.NewScanner(strings.NewReader(string(src)))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			text := strings.TrimLeft(lines.Text(), "\t")
			indented := 4 * (len(lines.Text()) - len(text))
			if indented+utf8.RuneCountInString(strings.Join(strings.Fields(text), " ")) > 140 { // columns that gofmt aligns are free
				long[n] = true
			}
		}
		files := token.NewFileSet()
		var s scanner.Scanner
		s.Init(files.AddFile(path, -1, len(src)), src, nil, 0)
		for pos, kind, text := s.Scan(); kind != token.EOF; pos, kind, text = s.Scan() {
			if kind == token.STRING && (text[0] == '`' && len(text) > 60 || len(text) > 110) {
				first := files.Position(pos).Line
				for n := first; n <= first+strings.Count(text, "\n"); n++ {
					delete(long, n)
				}
			}
		}
		for n := range long {
			t.Errorf("%s:%d is longer than 140 columns", strings.TrimPrefix(path, root+"/"), n)
		}
		return lines.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}
