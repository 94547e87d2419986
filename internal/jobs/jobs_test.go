package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"bucketproof/internal/objects"
	"bucketproof/scheduler"
)

func TestTransient(t *testing.T) {
	_, refused := net.Dial("tcp", "127.0.0.1:1")
	_, missing := os.Open("/nowhere/at/all")
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"a server that is busy", fmt.Errorf("list: %w", objects.ErrSlowDown), true},
		{"nobody listens", refused, true},
		{"a name that can't be found", &net.DNSError{Err: "no such host"}, true},
		{"a lock", scheduler.ErrLocked, true},
		{"too slow", context.DeadlineExceeded, true},
		{"one of several", errors.Join(objects.ErrDenied, objects.ErrSlowDown), true},
		{"a file that is missing", missing, false},
		{"a disk that is full", &fs.PathError{Op: "write", Err: syscall.ENOSPC}, false},
		{"a permission", objects.ErrDenied, false},
		{"the end of the service", fmt.Errorf("%w: %w", context.Canceled, refused), false},
	} {
		if got := Transient(tt.err); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}
