package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/signing"
	"bucketproof/scheduler"
)

// firstYear is that of the oldest S3 access log.
const firstYear = 2006

func newReport(a *app) *cobra.Command {
	month := ""
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Build and store the packet of a finished month",
		Long: `Runs the checks of the month, builds one packet for each tenant and stores it in
the evidence place: a PDF, the CSVs behind its tables, and a manifest with the
SHA-256 of each. A packet that is there is never changed; where the month says
something else by now, a new revision is stored beside it.`,
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
				packets, err := a.report(cmd.Context(), p, month)
				return a.printDone(packetsTable(packets), err)
			})
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&month, "month", "", "the `month`, YYYY-MM")
	return cmd
}

// stored is a packet with the place where it is.
type stored struct {
	packet *report.Packet
	result deliver.Result
}

// report builds and stores the packets of a month. A tenant's fault does not
// stop the others.
func (a *app) report(ctx context.Context, p *parts, month string) ([]stored, error) {
	data, err := p.analysis()
	if err != nil {
		return nil, err
	}
	for _, t := range p.tenants {
		if err := a.finished(p.config, t, month); err != nil {
			return nil, err
		}
	}
	var out []stored
	var errs []error
	for _, t := range p.tenants {
		_, err := scheduler.Run(ctx, p.state, a.now, scheduler.Job{Name: "report", Tenant: t.ID, Period: month, Do: func(ctx context.Context) (string, bool, error) {
			s, err := a.reportTenant(ctx, p, data, t, month)
			if err != nil {
				return "", false, fmt.Errorf("report %s of %s: %w", month, t.ID, err)
			}
			out = append(out, s)
			return fmt.Sprintf("%s, %s", s.packet.Verdict, s.result.URL), false, nil
		}})
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
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

func (a *app) reportTenant(ctx context.Context, p *parts, data analyze.Dataset, t config.Tenant, month string) (s stored, err error) {
	began := a.now() // what is collected from here on may not be in the packet
	signer, err := signing.Load(ctx, p.config.Signing, p.config.AWS, a.now)
	if err != nil {
		return s, err
	}
	packet, err := a.buildPacket(ctx, p, data, t, month, true)
	if err != nil {
		return s, err
	}
	if packet.Totals.Records == 0 {
		a.log().Warn("the dataset holds no record of this month; the packet says that nothing could be evaluated. Was it collected?", "tenant", t.ID, "month", month)
	}
	e := p.config.Evidence
	store, err := objects.Open(ctx, e.URL, p.config.AWS)
	if err != nil {
		return s, err
	}
	place := deliver.Place{Store: store, URL: e.URL, LockMode: e.LockMode, RetainUntil: a.now().AddDate(0, 0, e.LockDays), Signer: signer, Log: a.log()}
	result, err := deliver.Publish(ctx, place, packet)
	if err != nil {
		return s, err
	}
	return stored{packet: packet, result: result}, p.state.PutPublished(ctx, state.Published{Tenant: t.ID, Month: month, Revision: result.Revision, At: began})
}

// buildPacket makes the packet of a month without storing it. Check runs the
// checks of the month first.
func (a *app) buildPacket(ctx context.Context, p *parts, data analyze.Dataset, t config.Tenant, month string, check bool) (packet *report.Packet, err error) {
	look, err := packetLook(p.config, t)
	if err != nil {
		return nil, err
	}
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return nil, err
	}
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if check {
		if _, err := v.Check(ctx, a.now()); err != nil {
			return nil, err
		}
	}
	earlier, err := analyze.Month(t.Location, r.First.AddDate(0, -1, 0).Format("2006-01"))
	if err != nil {
		return nil, err
	}
	before, err := analyze.Open(ctx, data, t, earlier)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, before.Close()) }()
	return report.Build(ctx, report.Input{View: v, Previous: before, Catalog: data.Catalog, State: p.state, Month: month, Version: version, Look: look, Signed: p.config.Signing.Signs()})
}

// packetLook reads the files that make a packet look as it does.
func packetLook(c *config.Config, t config.Tenant) (report.Look, error) {
	look := report.Look{MSP: c.Report.MSP, Accent: c.Report.Accent, Paper: t.Paper}
	if c.Report.Logo != "" {
		body, err := os.ReadFile(c.Report.Logo)
		if err != nil {
			return look, err
		}
		look.Logo = body
	}
	for _, path := range c.Report.Fonts {
		body, err := os.ReadFile(path)
		if err != nil {
			return look, err
		}
		look.Fonts = append(look.Fonts, body)
	}
	return look, nil
}

func packetsTable(packets []stored) tabular.Table {
	t := tabular.Table{Columns: []string{"tenant", "month", "verdict", "revision", "status", "packet", "sentence"}}
	for _, s := range packets {
		status := "stored"
		if s.result.Unchanged {
			status = "unchanged"
		}
		t.Rows = append(t.Rows, []any{s.packet.Tenant.ID, s.packet.Month, s.packet.Verdict, int64(s.result.Revision), status, s.result.URL, s.packet.Sentence})
	}
	return t
}
