package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"bucketproof/collect"
)

// sayEvery is how often a long collection says how far it is where there is no
// terminal to draw on.
const sayEvery = 30 * time.Second

// progress shows how far a collection is: as a bar on a terminal, otherwise as
// a log line now and then. Log lines go through it, so that they do not cut
// into the bar.
type progress struct {
	out  io.Writer
	tty  bool
	now  func() time.Time
	log  *slog.Logger
	mu   sync.Mutex
	bar  *progressbar.ProgressBar
	of   string // logs that the bar is of
	last time.Time
}

func newProgress(a *app) *progress {
	p := &progress{out: a.err, now: a.now, last: a.now()}
	if f, ok := a.err.(*os.File); ok {
		p.tty = term.IsTerminal(int(f.Fd()))
	}
	p.log = newLog(p)
	return p
}

// Write lets a log line through.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		if err := p.bar.Clear(); err != nil {
			return 0, err
		}
	}
	return p.out.Write(b)
}

func (p *progress) show(at collect.Progress) {
	now := p.now()
	if !p.tty {
		if now.Sub(p.last) >= sayEvery {
			p.last = now
			p.log.Info("collecting", "logs", at.Source.Logs.Text, "objects", at.Done, "of", at.Objects, "bytes",
				at.Read, "of_bytes", at.Bytes, "listed", at.Listed, "records", at.Records)
		}
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of != at.Source.Logs.Text {
		p.clear()
		p.of = at.Source.Logs.Text
		p.bar = progressbar.NewOptions64(at.Bytes, progressbar.OptionSetWriter(p.out), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionUseANSICodes(true), progressbar.OptionSetWidth(20))
	}
	more := "+"
	if at.Listed {
		more = ""
	}
	p.bar.ChangeMax64(max(at.Bytes, 1))
	p.bar.Describe(fmt.Sprintf("%d of %d%s objects, %d records", at.Done, at.Objects, more, at.Records))
	// A bar that can't be drawn is no reason to stop collecting.
	_ = p.bar.Set64(at.Read)
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
