//go:build unix

package analyze

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// ownerOf is the name of who owns a file; "" where the system does not tell.
func ownerOf(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	id := strconv.FormatUint(uint64(st.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}
