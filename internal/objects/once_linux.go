package objects

import (
	"bucketproof/internal/durable"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// writeOnce writes a file that has no name until it is whole (open(2),
// O_TMPFILE): whatever ends the process, nothing is left in the folder. Where
// the file system can't do that, a named temporary file stands in.
func writeOnce(path string, body []byte) error {
	dir := filepath.Dir(path)
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o640)
	if err != nil {
		return writeNamed(path, body)
	}
	f := os.NewFile(uintptr(fd), path)
	err = fill(f, body)
	if err == nil {
		err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		if _, serr := os.Stat("/proc/self/fd"); serr != nil {
			return writeNamed(path, body)
		}
		return err
	}
	return durable.SyncDir(dir)
}
