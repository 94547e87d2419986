// Package jobs is what one run of a job does: collect, check and report, for the
// command line and for the background service alike. [Open] wires the rooms of
// one configuration together as [Parts].
package jobs

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// Parts are the rooms of one configuration.
type Parts struct {
	Config  *config.Config
	State   *state.State
	Data    dataset.Dataset
	Now     func() time.Time
	Log     *slog.Logger
	Version string // of bucketproof, as packets name it
	RunBy   string // the user who runs it; "" where that is not known

	room *sync.RWMutex // held whole by a tenant whose records may fill the memory
}

// Beside is how many tenants are looked at beside each other.
func Beside() int { return min(runtime.GOMAXPROCS(0), 4) }

// enter waits until a tenant may be looked at: small ones beside each other, one that may
// need the memory of the engine by itself. The caller gives the room back.
func (p *Parts) enter(ctx context.Context, data analyze.Dataset, t config.Tenant, r analyze.Range) (leave func(), err error) {
	rows, bytes, err := analyze.Weigh(ctx, data, t, r)
	if err != nil {
		return nil, err
	}
	// About what rows take in a query, and what their compressed texts do.
	if need := 1000*rows + 20*bytes; need > p.Config.Engine.MemoryLimit/int64(4*Beside()) {
		p.room.Lock()
		return p.room.Unlock, nil
	}
	p.room.RLock()
	return p.room.RUnlock, nil
}

// Open opens the state of a configuration. The caller sets Now, Log and Version.
func Open(ctx context.Context, c *config.Config) (*Parts, error) {
	s, err := state.Open(ctx, filepath.Join(c.DataDir, "state.db"))
	if err != nil {
		return nil, err
	}
	return &Parts{room: &sync.RWMutex{}, Config: c, State: s, Data: dataset.Dataset{Dir: filepath.Join(c.DataDir, "dataset")}}, nil
}

// With is p with another configuration on the same data folder.
func (p *Parts) With(c *config.Config) *Parts {
	o := *p
	o.Config = c
	return &o
}

// Analysis is the dataset with the statements of the configuration.
func (p *Parts) Analysis(ctx context.Context) (analyze.Dataset, error) {
	catalog, err := analyze.LoadCatalog(ctx, p.Config.QueriesDir)
	if err != nil {
		return analyze.Dataset{}, &config.Error{Path: p.Config.Path, Problems: []config.Problem{{Key: "queries_dir", Text: err.Error()}}}
	}
	names := func(list []*analyze.Statement) (out []string) {
		for _, s := range list {
			out = append(out, s.Name)
		}
		return out
	}
	packet := slices.DeleteFunc(slices.Clone(catalog.Queries), func(s *analyze.Statement) bool { return s.Asks("key") })
	if err := p.Config.Names(names(catalog.Checks), names(packet)); err != nil {
		return analyze.Dataset{}, err
	}
	return analyze.Dataset{Config: p.Config, Catalog: catalog, State: p.State, Files: p.Data, Program: p.Version, RunBy: p.RunBy}, nil
}

// Transient tells whether a fault may be gone in a moment: a server that is busy
// or does not answer, a connection that broke, a lock that another process
// holds. What a person must mend is not.
func Transient(err error) bool {
	var timeout net.Error
	var network *net.OpError
	var name *net.DNSError
	var database interface{ Code() int }
	const sqliteBusy = 5 // SQLITE_BUSY, with its extended codes in the higher bits
	var answer *awshttp.ResponseError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, syscall.ENOSPC):
		return false
	case errors.Is(err, objects.ErrSlowDown), errors.Is(err, scheduler.ErrLocked),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return true
	case errors.As(err, &database) && database.Code()&0xff == sqliteBusy:
		return true
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError:
		return true
	}
	// A plain error number is a net.Error, too, so what it says counts.
	return errors.As(err, &network) || errors.As(err, &name) || errors.As(err, &timeout) && timeout.Timeout()
}
