//go:build !windows

package durable

import (
	"errors"
	"os"
)

// SyncDir writes a folder's entries to disk: a file that was made or renamed there
// has its name after a crash.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
