package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"bucketproof/internal/demo"
)

// What many tests begin with is made once, when the first of them asks for it, and copied
// to each: the demo with its packets, and the logs of its month.
var (
	sharedDemo = sync.OnceValue(func() (s shared) {
		s.folder("demo", func(dir string) error {
			path, err := quick()
			if err != nil {
				return err
			}
			var out, errs bytes.Buffer
			cmd := exec.Command(path, "demo", "--out", dir)
			cmd.Env = append(os.Environ(), clockVariable+"=0s")
			cmd.Stdout, cmd.Stderr = &out, &errs
			err = cmd.Run()
			s.stdout, s.stderr = out.String(), errs.String()
			if err != nil {
				return fmt.Errorf("%w: %s", err, s.stderr)
			}
			return nil
		})
		return s
	})
	sharedLogs = sync.OnceValue(func() (s shared) {
		s.folder("logs", func(dir string) (err error) {
			s.truth, err = demo.GenerateLogs(dir)
			return err
		})
		return s
	})
	sharedDirs []string
	sharedLock sync.Mutex
)

type shared struct {
	dir            string
	err            error
	stdout, stderr string     // of the demo
	truth          demo.Truth // of the logs
}

func (s *shared) folder(name string, fill func(dir string) error) {
	parent, err := os.MkdirTemp("", "bucketproof-shared")
	if err != nil {
		s.err = err
		return
	}
	sharedLock.Lock()
	sharedDirs = append(sharedDirs, parent)
	sharedLock.Unlock()
	s.dir = filepath.Join(parent, name)
	s.err = fill(s.dir)
}

func (s shared) copy(t *testing.T, dir string) {
	t.Helper()
	if s.err == nil {
		s.err = os.CopyFS(dir, os.DirFS(s.dir))
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
}

// made is the demo in a folder of its own.
func made(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "demo")
	sharedDemo().copy(t, dir)
	return dir
}

// demoLogs is a folder with the logs of the demo's month and its configuration, and the
// truth about them.
func demoLogs(t *testing.T) (dir string, truth demo.Truth) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "logs")
	s := sharedLogs()
	s.copy(t, dir)
	return dir, s.truth
}
