package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// pkg is a package and the faults that can be put into it.
type pkg struct {
	name   string // from the root of the repository
	path   string
	dir    string
	size   int // bytes of code
	tests  bool
	source map[string][]byte // by path
	faults [kinds][]fault    // that were not drawn yet
	drawn  []fault

	files *token.FileSet
	trees map[string]*ast.File
	deps  types.Importer
}

// listed is what go list tells of a package.
type listed struct {
	Dir, ImportPath, Export            string
	DepOnly                            bool
	Module                             struct{ Path string }
	GoFiles, TestGoFiles, XTestGoFiles []string
}

// list finds the packages that patterns name, and the faults for their files.
func list(ctx context.Context, patterns []string, skip *regexp.Regexp, known map[string]bool) ([]*pkg, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-export", "-deps", "-json"}, patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := map[string]string{}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("read what go list printed: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			all = append(all, p)
		}
	}
	files := token.NewFileSet()
	deps := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var packages []*pkg
	for _, p := range all {
		name := strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
		if len(p.GoFiles) == 0 || skip.MatchString(name) {
			continue
		}
		of := &pkg{name: name, path: p.ImportPath, dir: p.Dir, tests: len(p.TestGoFiles)+len(p.XTestGoFiles) > 0,
			source: map[string][]byte{}, files: files, trees: map[string]*ast.File{}, deps: deps}
		for _, file := range p.GoFiles {
			if err := of.add(file, known); err != nil {
				return nil, err
			}
		}
		packages = append(packages, of)
	}
	return packages, nil
}

// add reads a file of the package.
func (p *pkg) add(file string, known map[string]bool) error {
	path := filepath.Join(p.dir, file)
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	tree, err := parser.ParseFile(p.files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("look for places of faults: %w", err)
	}
	p.source[path], p.trees[path] = source, tree
	p.size += len(source)
	for kind, faults := range find(p.name+"/"+file, path, source, p.files, tree) {
		for _, f := range faults {
			if !known[f.key()] {
				p.faults[kind] = append(p.faults[kind], f)
			}
		}
	}
	return nil
}

// compiles tells whether the compiler takes the package with a fault.
func (p *pkg) compiles(f fault) bool {
	tree, err := parser.ParseFile(p.files, f.path, f.apply(p.source[f.path]), parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	trees := []*ast.File{tree}
	for path, t := range p.trees {
		if path != f.path {
			trees = append(trees, t)
		}
	}
	_, err = (&types.Config{Importer: p.deps}).Check(p.path, p.files, trees, nil)
	return err == nil
}

// apply puts the fault into its file.
func (f fault) apply(source []byte) []byte {
	return append(append(bytes.Clone(source[:f.start]), f.text...), source[f.end:]...)
}
