package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/natefinch/lumberjack.v2"

	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/service"
	"bucketproof/scheduler"
)

// serveName is the command that hears SIGHUP.
const serveName = "serve"

func newServe(a *app) *cobra.Command {
	since, logFile, once := "", "", false
	cmd := &cobra.Command{
		Use:   serveName,
		Short: "Run as a background service: collect, check, report and send by schedule",
		Long: `Runs the jobs of [schedule] until it is stopped, sends packets by mail, tells
ticket systems, and serves the download page, health and metrics where they are
configured. What was missed while the machine was off is made up for, at most
service.catch_up_days back. SIGTERM ends it at a safe point within 10 seconds;
SIGHUP reads the configuration again, and keeps the old one where the new one is
bad.

Only one may run on a data folder. Two machines may share an evidence place: a
packet is published by one of them.`,
		Example: "  bucketproof --config /etc/bucketproof/config.toml serve\n  bucketproof serve --since " +
			"2026-10-01      also what was due from that day on\n  bucketproof serve --once                  do what is due, and end",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var from time.Time
			if since != "" {
				c, err := config.Load(a.configPath)
				if err != nil {
					return err
				}
				if from, err = time.ParseInLocation(time.DateOnly, since, c.Location); err != nil {
					return usage("--since is %q; write a day as YYYY-MM-DD", since)
				}
				if from.After(a.now()) {
					return usage("--since %s is in the future", since)
				}
			}
			if logFile != "" {
				file := logTo(logFile)
				defer file.Close()
				a.err = file
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.serve(cmd.Context(), p, from, once) })
		},
	}
	cmd.Flags().StringVar(&since, "since", "",
		"make up for what was scheduled from this `day` on, as if the service had run since (default: its first start)")
	cmd.Flags().StringVar(&logFile, "log-file", "",
		"write the log to a `file` instead of standard error; it is changed for another one at 20 MB, and ten old ones stay")
	cmd.Flags().BoolVar(&once, "once", false, "do what is due, send what waits, and end; for a scheduler of your own")
	return cmd
}

// logTo writes a log to a file, which is changed for another one when it is large. Its
// folder is made where it is missing.
func logTo(path string) io.WriteCloser {
	return &lumberjack.Logger{Filename: path, MaxSize: 20, MaxBackups: 10}
}

func (a *app) serve(ctx context.Context, p *parts, since time.Time, once bool) (err error) {
	release, err := scheduler.LockService(p.Config.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if p.Config.Service.LogFormat == "json" {
		p.Log = slog.New(slog.NewJSONHandler(a.err, nil))
	}
	s, err := service.New(ctx, p.Parts, service.Options{Since: since, Clock: a.clock})
	if err != nil {
		return err
	}
	if once {
		return s.RunOnce(ctx)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case <-a.hangups:
				a.reload(ctx, p.Parts, s)
			case <-ended:
				return
			}
		}
	}()
	p.Log.Info("serving", "version", version, "config", p.Config.Path, "data_dir", p.Config.DataDir, "tenants",
		len(p.Config.Tenants), "pid", os.Getpid())
	err = runService(ctx, s.Run)
	if err == nil {
		p.Log.Info("stopped")
	}
	return err
}

// patience is how long a service that is to stop may take. What is cut off then
// is done again at the next start.
const patience = 9 * time.Second

// endInTime runs a service, and returns at the latest when the patience has
// passed behind the end of ctx.
func endInTime(ctx context.Context, run func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("something did not stop within %s and was cut off; it is done again at the next start", patience)
	}
}

// reload reads the configuration again.
func (a *app) reload(ctx context.Context, p *jobs.Parts, s *service.Service) {
	c, err := config.Load(a.configPath)
	if err == nil {
		err = s.Reload(ctx, c)
	}
	if err != nil {
		p.Log.Error("the configuration could not be read again; the old one stays", "config", a.configPath, "error", err)
		return
	}
	p.Log.Info("the configuration was read again and holds from here on", "config", a.configPath, "tenants", len(c.Tenants))
}
