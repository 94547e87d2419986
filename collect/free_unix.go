//go:build unix

package collect

import "golang.org/x/sys/unix"

// Free is how many bytes the user of this process may still write to the disk of a folder.
func Free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
