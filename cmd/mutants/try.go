package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The fates of a fault.
const (
	killed   = "died"
	survived = "survived"
	untested = "untested"
)

// chosen is the variable of the environment that says by its number which fault a test binary
// has; none where it is not set.
const chosen = "BUCKETPROOF_FAULT"

// chooser is the file that reads it.
const chooser = `package %s

import (
	"os"
	"strconv"
)

var bucketproofFault, _ = strconv.Atoi(os.Getenv(%q))
`

// try tells the fate of each drawn fault. Its error is that the tests can't be run, or fail
// without a fault.
func (p *pkg) try(ctx context.Context, tell func(fault, string)) error {
	if len(p.drawn) == 0 {
		return nil
	}
	lines, err := p.covered(ctx)
	if err != nil {
		return err
	}
	var tried []fault
	for _, f := range p.drawn {
		if !lines.run(f) {
			tell(f, untested)
			continue
		}
		tried = append(tried, f)
	}
	if len(tried) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "test")
	alone, err := p.build(ctx, dir, binary, tried)
	if err != nil {
		return err
	}
	begun := time.Now()
	if out, err := p.test(ctx, binary, 0, 0); err != nil {
		return fmt.Errorf("the tests of %s fail without a fault: %w\n%s", p.name, err, out)
	}
	limit := 4*time.Since(begun) + 20*time.Second
	for i, f := range tried {
		with := binary
		if alone[i] { // it needs a binary of its own
			with = filepath.Join(dir, "alone")
			if err := p.compile(ctx, dir, with, map[string][]byte{f.path: f.apply(p.source[f.path])}); err != nil {
				return err
			}
		}
		_, err := p.test(ctx, with, i+1, limit)
		var failed *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			tell(f, survived)
		case errors.As(err, &failed):
			tell(f, killed)
		default:
			return err
		}
	}
	return nil
}

// test runs a test binary with a fault.
func (p *pkg) test(ctx context.Context, binary string, fault int, limit time.Duration) ([]byte, error) {
	cmd := exec.CommandContext(ctx, binary, "-test.failfast", "-test.timeout", limit.String())
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), chosen+"="+strconv.Itoa(fault))
	return cmd.CombinedOutput()
}

// build makes one test binary that has all faults, each where it is chosen. Alone are those
// that can't be chosen while it runs: outside of functions, and in functions with labels.
func (p *pkg) build(ctx context.Context, dir, binary string, faults []fault) (alone []bool, err error) {
	type body struct {
		path       string
		start, end int
	}
	bodies := map[body][]int{}
	alone = make([]bool, len(faults))
	for i, f := range faults {
		if f.body[1] == 0 {
			alone[i] = true
			continue
		}
		b := body{f.path, f.body[0], f.body[1]}
		bodies[b] = append(bodies[b], i)
	}
	changed := maps.Clone(p.source)
	order := slices.SortedFunc(maps.Keys(bodies), func(a, b body) int { return cmp.Compare(b.start, a.start) }) // from the end
	for _, b := range order {
		source := p.source[b.path]
		var text strings.Builder
		text.WriteString("{ switch bucketproofFault {\n")
		for _, i := range bodies[b] {
			faulty := faults[i].apply(source)
			fmt.Fprintf(&text, "case %d:\n%s\n", i+1, faulty[b.start:b.end+len(faulty)-len(source)])
		}
		fmt.Fprintf(&text, "default:\n%s\n} }", source[b.start:b.end])
		now := changed[b.path]
		changed[b.path] = slices.Concat(now[:b.start], []byte(text.String()), now[b.end:])
	}
	for path, tree := range p.trees {
		changed[filepath.Join(filepath.Dir(path), "bucketproof_fault.go")] = fmt.Appendf(nil, chooser, tree.Name.Name, chosen)
		break
	}
	return alone, p.compile(ctx, dir, binary, changed)
}

// compile makes a test binary of the package with other files.
func (p *pkg) compile(ctx context.Context, dir, binary string, files map[string][]byte) error {
	replace := map[string]string{}
	for path, source := range files {
		at := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(at, source, 0o600); err != nil {
			return err
		}
		replace[path] = at
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	at := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(at, overlay, 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", at, "-o", binary,
		p.path).CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s with faults: %w\n%s", p.name, err, out)
	}
	return nil
}

// coverage is the lines of each file that stand in functions, and how often tests run them.
type coverage map[string][]block

type block struct{ first, last, count int }

// covered runs the tests to see which lines they run.
func (p *pkg) covered(ctx context.Context) (coverage, error) {
	if !p.tests {
		return nil, nil
	}
	out, err := os.CreateTemp("", "cover")
	if err != nil {
		return nil, err
	}
	defer os.Remove(out.Name())
	if err := out.Close(); err != nil {
		return nil, err
	}
	told, err := exec.CommandContext(ctx, "go", "test", "-vet=off", "-coverprofile", out.Name(), p.path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the tests of %s fail without a fault: %w\n%s", p.name, err, told)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		return nil, err
	}
	lines := coverage{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		file, rest, _ := strings.Cut(s.Text(), ":")
		var b block
		var column, end, statements int
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.first, &column, &b.last, &end, &statements, &b.count); err != nil {
			continue // the first line, which names the mode
		}
		name := p.name + "/" + filepath.Base(file)
		lines[name] = append(lines[name], b)
	}
	return lines, nil
}

// run tells whether a test runs the line of the fault. What stands outside of functions runs
// before any test, where there is one.
func (c coverage) run(f fault) bool {
	inside := false
	for _, b := range c[f.file] {
		if f.line >= b.first && f.line <= b.last {
			inside = true
			if b.count > 0 {
				return true
			}
		}
	}
	return c != nil && !inside
}
