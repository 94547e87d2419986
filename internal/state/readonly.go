package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"
)

// forbidden tells whether an error is that of a file that may not be opened for writing.
func forbidden(err error) bool {
	var at *fs.PathError
	return errors.As(err, &at) && at.Op == "open" && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openReadOnly opens a state file that can't be written, for a reason. Without a journal of
// changes beside it nobody is at work on it, and SQLite needs no files of its own there.
func openReadOnly(ctx context.Context, path string, reason error) (*State, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open state: %w; run this as the user to whom it belongs", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	settings := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(30000)"}}
	journal, err := os.Stat(path + "-wal")
	whole := errors.Is(err, fs.ErrNotExist) || err == nil && journal.Size() == 0
	if whole {
		settings.Set("immutable", "1")
	}
	s, err := openFile(ctx, path, reason, settings)
	if err != nil && !whole {
		return nil, fmt.Errorf("%w; where that is because of the changes in %s-wal, "+
			"copy state.db and state.db-wal to a folder that can be written", err, path)
	}
	return s, err
}
