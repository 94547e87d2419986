package state

import (
	"bucketproof/internal/durable"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a copy of the state as it is at this moment to a new file, while
// others may be writing. Where path exists the error is [os.ErrExist].
func (s *State) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up the state to %s: %w; name a new file", path, os.ErrExist)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up the state: %w", err)
	}
	// SQLite makes the file as the umask says; one that is there and empty it fills.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("back up the state: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("back up the state to %s: %w", path, err), os.Remove(part))
		}
	}()
	_, err = s.db.DB.ExecContext(ctx, "VACUUM INTO ?", part)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(part, path); err != nil { // unlike a rename it never replaces
		return err
	}
	if err := os.Remove(part); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}
