package scheduler

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// ErrLocked means that another process is writing in the folder.
var ErrLocked = errors.New("another bucketproof works on this folder")

// Lock locks a folder, usually the data folder, for work that writes the dataset. The lock
// ends with the process, however that ends. If another process holds it, the error is
// [ErrLocked] and names that process.
func Lock(dataDir string) (release func() error, err error) { return lock(dataDir, "lock", ErrLocked) }

// ErrServed means that another service runs on the folder.
var ErrServed = errors.New("another bucketproof serve runs on this folder")

// LockService locks a data folder for a service. Other commands can work while the service
// holds this lock.
func LockService(dataDir string) (release func() error, err error) {
	return lock(dataDir, "serve.lock", ErrServed)
}

func lock(dataDir, name string, taken error) (release func() error, err error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	path := filepath.Join(dataDir, name)
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	owner := path + ".pid"
	if !ok {
		who := "unknown"
		if text, err := os.ReadFile(owner); err == nil {
			who = strings.TrimSpace(string(text))
		}
		return nil, fmt.Errorf("%w (%s, process %s); wait until it ends", taken, dataDir, who)
	}
	// On a full disk the lock holds without telling whose it is.
	if err := os.WriteFile(owner, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o640); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), l.Unlock())
	}
	return func() error {
		err := os.Remove(owner)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return errors.Join(err, l.Unlock())
	}, nil
}
