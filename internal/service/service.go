// Package service is the background service: it wires the jobs to their
// schedule, sends what is to be sent, and lets itself be watched. [New] makes a
// [Service], [Service.Run] runs it until its context ends.
package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/state"
	"bucketproof/internal/webhook"
	"bucketproof/report/deliver/page"
	"bucketproof/scheduler"
)

// Service is one running service on one data folder.
type Service struct {
	parts    *jobs.Parts // of the first configuration; see current
	config   atomic.Pointer[config.Config]
	clock    scheduler.Clock
	log      *slog.Logger
	instance string // the name of the data folder
	schedule *scheduler.Service
	courier  *courier
	watch    *watch
	pings    sync.WaitGroup
	reached  atomic.Pointer[collect.Progress] // how far collecting is
	progress atomic.Int64                     // when collecting last read a log object, in milliseconds
	retired  time.Time                        // when old things were last retired; only the job collect uses it
	since    time.Time                        // OwedSince of what a run began with, where the caller set it
}

// Options say how a service runs. Zero fields are those of a plain service.
type Options struct {
	Clock scheduler.Clock // nil for that of the machine
	// Since makes everything owed that was scheduled later; zero leaves it with
	// what the state says, which is the first start.
	Since time.Time
	// Retry is how transient faults are met; zero for DefaultRetry.
	Retry scheduler.Retry
}

// DefaultRetry meets a transient fault of a job.
var DefaultRetry = scheduler.Retry{First: 5 * time.Second, Longest: 5 * time.Minute, Attempts: 6, Transient: jobs.Transient}

// instanceNote is the note with the name of this data folder.
const instanceNote = "instance"

// New makes a service of parts. It makes the name of the data folder at the
// first time.
func New(ctx context.Context, parts *jobs.Parts, opts Options) (*Service, error) {
	s := &Service{parts: parts, clock: opts.Clock, log: parts.Log, since: opts.Since}
	if s.clock == nil {
		s.clock = scheduler.WallClock{}
	}
	if opts.Retry.Attempts == 0 {
		opts.Retry = DefaultRetry
	}
	s.config.Store(parts.Config)
	instance, err := parts.State.Notes.Get(ctx, instanceNote)
	if err == nil && instance == "" {
		instance = rand.Text()
		err = parts.State.Notes.Put(ctx, instanceNote, instance)
	}
	if err != nil {
		return nil, err
	}
	s.instance = instance
	s.courier = newCourier(s)
	s.watch = newWatch(s)
	s.schedule = &scheduler.Service{
		Jobs: s.jobs, CatchUp: func() time.Duration { return time.Duration(s.config.Load().Service.CatchUpDays) * 24 * time.Hour },
		Ledger: scheduler.StateLedger{Runs: parts.State.Runs}, Clock: s.clock, Retry: opts.Retry, Log: s.log, Ended: s.ended,
	}
	return s, nil
}

// current are the parts of the configuration that holds now.
func (s *Service) current() *jobs.Parts { return s.parts.With(s.config.Load()) }

// Reload takes another configuration from now on. What a running service can't
// change is an error that names it, and the old one stays.
func (s *Service) Reload(ctx context.Context, c *config.Config) error {
	old := s.config.Load()
	for _, f := range []struct{ key, was, is string }{
		{"data_dir", old.DataDir, c.DataDir},
		{"service.log_format", old.Service.LogFormat, c.Service.LogFormat},
		{"service.listen", old.Service.Listen, c.Service.Listen},
		{"links.listen", pageAddress(old), pageAddress(c)},
		{"links.certificate", old.Links.Certificate, c.Links.Certificate},
		{"links.key", old.Links.Key, c.Links.Key},
	} {
		if f.was != f.is {
			return fmt.Errorf("%s was %q and is %q; that takes a restart", f.key, f.was, f.is)
		}
	}
	p := s.parts.With(c)
	if _, err := p.Analysis(ctx); err != nil {
		return err
	}
	s.config.Store(c)
	s.schedule.Wake()
	s.courier.wake()
	return nil
}

// pageAddress is where the download page is served; "" for nowhere.
func pageAddress(c *config.Config) string {
	if !c.Links.Page() {
		return ""
	}
	return c.Links.Listen
}

// Run runs the service until ctx ends, which is no error. Nothing of it runs any
// more when it returns.
func (s *Service) Run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(inner)
	if err := s.serve(ctx, group); err != nil {
		stop() // what is served already
		return errors.Join(err, group.Wait())
	}
	group.Go(func() error { return s.schedule.Run(ctx) })
	group.Go(func() error { return s.courier.run(ctx) })
	group.Go(func() error { return s.lookAround(ctx) })
	err := group.Wait()
	s.pings.Wait()
	return err
}

// RunOnce does what is owed, sends what waits, and returns. The error names what
// did not go well.
func (s *Service) RunOnce(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.watch.once = true
	err := s.schedule.RunOnce(ctx)
	if err == nil {
		err = s.silence(ctx)
	}
	if err == nil {
		err = s.courier.once(ctx)
	}
	if err == nil {
		err = s.waiting(ctx)
	}
	s.pings.Wait()
	return errors.Join(err, s.watch.failure())
}

// errBroughtDown stands for the error of a job that failed before the service
// started: the ledger has it.
var errBroughtDown = errors.New("see `bucketproof runs`; where its runs were interrupted, the process ended in the " +
	"middle of each (the system's journal says why)")

// waiting names what was tried once and still waits, as an error: nobody else tries
// it before the next start.
func (s *Service) waiting(ctx context.Context) error {
	mails, err := s.parts.State.Mails.Waiting(ctx)
	if err != nil {
		return err
	}
	messages, err := s.parts.State.Outbox.Waiting(ctx)
	if err != nil {
		return err
	}
	for _, m := range mails {
		return fmt.Errorf("%d mails and %d messages wait to be sent and are tried at the next start; the first is about %s to %s: %s",
			len(mails), len(messages), packetName(m.Tenant, m.Month, m.Revision), m.Email, m.Detail)
	}
	for _, m := range messages {
		return fmt.Errorf("%d messages wait to be sent and are tried at the next start; the first is %s about %s: %s",
			len(messages), m.Kind, m.Subject, m.Detail)
	}
	return nil
}

// SendWaiting tries once to send what waits, without running any job.
func (s *Service) SendWaiting(ctx context.Context) error { return s.courier.once(ctx) }

func (s *Service) begin(ctx context.Context) error {
	if !s.since.IsZero() {
		for _, j := range s.jobs(ctx) {
			for _, t := range s.config.Load().Tenants {
				if err := s.parts.State.Runs.SetOwedSince(ctx, j.Name, t.ID, s.since); err != nil {
					return err
				}
			}
		}
	}
	// What was found before the first start of a service opens no ticket; what is
	// found from here on does.
	if err := s.current().TellFindings(ctx); err != nil {
		return err
	}
	// Runs that bring the process down can't tell of it themselves.
	for _, j := range s.jobs(ctx) {
		for _, t := range s.config.Load().Tenants {
			if err := s.judge(ctx, scheduler.Task{Job: j.Name, Tenant: t.ID}, errBroughtDown); err != nil {
				return err
			}
		}
	}
	return s.watch.begin(ctx)
}

// serve opens the addresses of the service.
func (s *Service) serve(ctx context.Context, group *errgroup.Group) error {
	c := s.config.Load()
	if c.Service.Listen != "" {
		address, wait, err := s.watch.serve(ctx, c.Service.Listen)
		if err != nil {
			return err
		}
		s.log.Info("health and metrics", "url", "http://"+address+"/metrics")
		group.Go(wait)
	}
	if listen := pageAddress(c); listen != "" {
		h := page.New(s.parts.State.Links, s.config.Load, s.clock.Now, s.log)
		address, wait, err := page.Server(ctx, h, listen, c.Links.Certificate, c.Links.Key, s.log)
		if err != nil {
			return err
		}
		s.log.Info("download page", "address", address, "public_url", c.Links.PublicURL)
		group.Go(wait)
	}
	return nil
}

// ended hears of every run that has ended.
func (s *Service) ended(ctx context.Context, t scheduler.Task, r scheduler.Result) {
	s.watch.heard(t, r)
	if err := s.judge(ctx, t, r.Err); err != nil {
		s.log.Error("the end of a run could not be looked at", "job", t.Job, "tenant", t.Tenant, "error", err)
	}
	s.courier.wake()
	switch r.Outcome() {
	case scheduler.Done, scheduler.Attention:
		s.ping(ctx)
	}
}

// ping tells the dead-man's switch that something went well.
func (s *Service) ping(ctx context.Context) {
	url, err := config.Secret("alerts.ping_env", s.config.Load().Alerts.PingEnv)
	if err != nil {
		s.log.Warn("the dead-man's switch was not asked", "error", err)
	}
	if url == "" {
		return
	}
	s.pings.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // less than a stop may take
		defer cancel()
		if err := webhook.Ping(ctx, url); err != nil {
			s.log.Warn("the dead-man's switch was not reached", "error", err)
		}
	})
}

// publishedLately returns the latest packets of a tenant whose months may still
// get a revision by themselves.
func (s *Service) publishedLately(ctx context.Context, tenant string) ([]state.Published, error) {
	all, err := s.parts.State.Packets.Latest(ctx, tenant)
	const months = 2
	return all[max(0, len(all)-months):], err
}
