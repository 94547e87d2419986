package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
	"bucketproof/report/deliver/link"
	"bucketproof/scheduler"
)

// firstYear is that of the oldest S3 access log.
const firstYear = 2006

func newReport(a *app) *cobra.Command {
	month, uncollected := "", false
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Build and store the packet of a finished month",
		Long: `Runs the checks of the month, builds one packet for each tenant and stores it in
the evidence place: a PDF, the CSVs behind its tables, and a manifest with the
SHA-256 of each. A packet that is there is never changed; where the month says
something else by now, a new revision is stored beside it. Without the logs of the
month's end, because they were not collected since, no packet is stored.`,
		Example: "  bucketproof report --month 2026-10\n  bucketproof report --month 2026-10 --tenant acme",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if at, err := time.Parse("2006-01", month); err != nil || at.Year() < firstYear {
				return usage("--month is %q; write a month as YYYY-MM, %d or later", month, firstYear)
			}
			return a.with(cmd.Context(), func(p *parts) error {
				packets, err := a.report(cmd.Context(), p, month, uncollected)
				return a.printDone(packetsTable(packets), err)
			})
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&month, "month", "", "the `month`, YYYY-MM")
	cmd.Flags().BoolVar(&uncollected, "uncollected", false,
		"also where logs were not collected whole since the end of the month: what is missing is not evaluated")
	return cmd
}

// report builds and stores the packets of a month. A tenant's fault does not
// stop the others.
func (a *app) report(ctx context.Context, p *parts, month string, uncollected bool) ([]jobs.Stored, error) {
	data, err := p.Analysis(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range p.tenants {
		if err := a.finished(p.Config, t, month); err != nil {
			return nil, err
		}
	}
	stored, errs := make([]*jobs.Stored, len(p.tenants)), make([]error, len(p.tenants))
	beside(len(p.tenants), func(i int) {
		t := p.tenants[i]
		_, errs[i] = scheduler.Run(ctx, scheduler.StateLedger{Runs: p.State.Runs}, a.now,
			scheduler.Task{Job: "report", Tenant: t.ID, Period: month}, func(ctx context.Context) scheduler.Result {
				s, err := p.Publish(ctx, data, t, month, jobs.PublishOptions{Uncollected: uncollected})
				if err == nil {
					err = p.State.Packets.Put(ctx, s.Published())
				}
				var missing *jobs.UncollectedError
				if errors.As(err, &missing) {
					err = fmt.Errorf("%w; run bucketproof collect, or say --uncollected to store a packet that "+
						"does not evaluate what is missing", err)
				}
				if err != nil {
					return scheduler.Result{Err: fmt.Errorf("report %s of %s: %w", month, t.ID, err)}
				}
				stored[i] = &s
				return scheduler.Result{Detail: fmt.Sprintf("%s, revision %d, %s", s.Packet.Verdict,
					s.Result.Revision, s.Result.URL), Figures: map[string]int64{"revision": int64(s.Result.Revision)}}
			})
	})
	var out []jobs.Stored
	for _, s := range stored {
		if s != nil {
			out = append(out, *s)
		}
	}
	if len(out) > 0 {
		errs = append(errs, a.sayLinks(ctx, p))
	}
	return out, errors.Join(errs...)
}

// sayLinks tells where a mail would get another link than a presigned one that
// lives as long as it should.
func (a *app) sayLinks(ctx context.Context, p *parts) error {
	c := p.Config
	if c.Mail.SMTP == "" {
		return nil
	}
	kind, reason, err := link.Maker{Links: c.Links, Now: a.now}.Foresee(ctx, c.Evidence.URL, time.Duration(c.Mail.LinkDays)*24*time.Hour)
	switch {
	case err != nil:
		return fmt.Errorf("the packets are stored; the links of their mails: %w", err)
	case kind == "":
		p.Log.Warn("no mail can bring these packets: " + reason + "; set links.public_url")
	case kind == link.Page && reason != "":
		p.Log.Info("mails bring links to the download page: " + reason)
	case reason != "":
		p.Log.Warn("the links of mails end early: " + reason + "; set links.public_url, or links.aws to an IAM user")
	}
	return nil
}

// finished refuses a month that is not over in the tenant's zone, and says when
// its report may run.
func (a *app) finished(c *config.Config, t config.Tenant, month string) error {
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return usage("--month is %q; write a month as YYYY-MM", month)
	}
	now := a.now()
	if !now.Before(r.End()) {
		return nil
	}
	planned, err := scheduler.Next(c.Schedule.Report, c.Location, r.End())
	if err != nil {
		return err
	}
	const form = "2 January 2006 15:04"
	return usage("%s is not over for %s; its packet may be made from %s in %s on, and the schedule makes it on %s in %s",
		month, t.Name, r.End().In(t.Location).Format(form), t.Location, planned.Format(form), c.Location)
}

func packetsTable(packets []jobs.Stored) tabular.Table {
	t := tabular.Table{Columns: []string{"tenant", "month", "verdict", "revision", "status", "packet", "sentence"}}
	for _, s := range packets {
		status := "stored"
		if s.Result.Unchanged {
			status = "unchanged"
		}
		t.Rows = append(t.Rows, []any{s.Packet.Tenant.ID, s.Packet.Month, s.Packet.Verdict, int64(s.Result.Revision),
			status, s.Result.URL, s.Packet.Sentence})
	}
	return t
}
