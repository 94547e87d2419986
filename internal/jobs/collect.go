package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/scheduler"
)

// Collected is what became of a collection.
type Collected struct {
	Summaries []collect.Summary
	Reports   map[string]int   // backup reports read, by tenant
	Faults    map[string]error // by tenant; of the log locations that it uses and of its reports
}

// CollectOptions say how to collect.
type CollectOptions struct {
	Tenant   string // "" for all
	Full     bool   // list every location from its beginning
	Log      *slog.Logger
	Progress func(collect.Progress)
	// Began is when a run that someone asked for by hand began; those before it
	// whose process was killed are noted as such. Zero for a scheduled one.
	Began time.Time
	// GoMemory bounds the heap of the process meanwhile, in bytes; 0 leaves it.
	GoMemory int64
}

// Collect brings new log objects and backup reports in. A fault of one location
// leaves the others alone; all faults come back joined. Another process that
// works on the data folder is [scheduler.ErrLocked].
func (p *Parts) Collect(ctx context.Context, o CollectOptions) (out Collected, err error) {
	release, err := scheduler.Lock(p.Config.DataDir)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if !o.Began.IsZero() {
		if err := p.State.Runs.CloseStale(ctx, "collect", o.Began, p.Now()); err != nil {
			return out, err
		}
	}
	if o.GoMemory > 0 {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(o.GoMemory))
	}
	if err := p.noteConfigurations(ctx, o.Log); err != nil {
		return out, err
	}
	set := p.Config.Collect
	c := &collect.Collector{Dataset: p.Data, State: p.State, Log: o.Log, Now: p.Now, LateDays: set.LateDays,
		Memory: set.MemoryLimit, MinFree: set.MinFree, Full: o.Full, Progress: o.Progress}
	for _, t := range p.Config.Tenants {
		c.ReportPlaces = append(c.ReportPlaces, collect.ReportPlace{Tenant: t.ID, URL: t.BackupReports})
		for _, b := range t.Buckets {
			c.Buckets = append(c.Buckets, b.Name)
		}
	}
	out.Reports, out.Faults = map[string]int{}, map[string]error{}
	out.Summaries, err = c.Collect(ctx, collect.Sources(p.Config, o.Tenant))
	if err != nil && len(out.Summaries) == 0 {
		return out, err
	}
	tenants, serr := p.Config.Select(o.Tenant)
	if serr != nil {
		return out, serr
	}
	for _, t := range tenants {
		n, rerr := c.Reports(ctx, t)
		out.Reports[t.ID] = n
		uerr := p.sayUnreadable(ctx, t, o.Log)
		out.Faults[t.ID] = errors.Join(out.fault(t), rerr, uerr)
		err = errors.Join(err, rerr, uerr)
	}
	return out, err
}

// maxUnreadable is how many unreadable reports a collection names.
const maxUnreadable = 20

// sayUnreadable names the backup reports of a tenant that can't be read, with every
// collection until they can.
func (p *Parts) sayUnreadable(ctx context.Context, t config.Tenant, log *slog.Logger) error {
	if t.BackupReports.Scheme == "" {
		return nil
	}
	files, err := p.UnreadableReports(ctx, t)
	if err != nil || len(files) == 0 {
		return err
	}
	log.Warn("backup reports can't be read, so what they tell is not known", "tenant", t.ID, "reports", len(files))
	for _, f := range files[:min(len(files), maxUnreadable)] {
		log.Warn("a backup report can't be read", "tenant", t.ID, "report", f.Source, "problems", f.Problems, "reason", f.Reason)
	}
	return nil
}

// UnreadableReport is a backup report that can't be read, whole or in part.
type UnreadableReport struct {
	Source   string
	Problems int    // in it
	Reason   string // the first, with its line
}

// UnreadableReports are those of a tenant, in the order of their names.
func (p *Parts) UnreadableReports(ctx context.Context, t config.Tenant) (out []UnreadableReport, err error) {
	problems, err := p.State.BackupReports.Problems(ctx, t.ID)
	for _, q := range problems {
		if len(out) == 0 || out[len(out)-1].Source != q.Source {
			reason := q.Reason
			if q.Line > 0 {
				reason = fmt.Sprintf("line %d: %s", q.Line, q.Reason)
			}
			out = append(out, UnreadableReport{Source: q.Source, Reason: reason})
		}
		out[len(out)-1].Problems++
	}
	return out, err
}

// fault is that of the log locations that a tenant uses.
func (c *Collected) fault(t config.Tenant) error {
	var errs []error
	for _, s := range c.Summaries {
		if s.Err != nil && uses(t, s.Source) {
			errs = append(errs, s.Err)
		}
	}
	return errors.Join(errs...)
}

func uses(t config.Tenant, s collect.Source) bool {
	if s.Trail {
		return slices.ContainsFunc(t.Trails(), func(u objects.URL) bool { return u.Text == s.Logs.Text })
	}
	for _, b := range t.Buckets {
		if b.Logs.Text == s.Logs.Text {
			return true
		}
	}
	return false
}

// Total adds up what became of the locations that a tenant uses, or of all where
// t is nil.
func (c *Collected) Total(t *config.Tenant) collect.Summary {
	var sum collect.Summary
	for _, s := range c.Summaries {
		if t == nil || uses(*t, s.Source) {
			sum.Add(s)
		}
	}
	return sum
}

// CollectDetail is a summary in one line.
func CollectDetail(s collect.Summary) string {
	return fmt.Sprintf("%d objects, %d records, %d duplicates, %d rejected, %d foreign, %d empty, %d failed, %d changed",
		s.Objects, s.Records, s.Duplicates, s.Rejected, s.Foreign, s.Empty, s.Failed, s.Changed)
}

// CollectFigures is a summary in numbers.
func CollectFigures(s collect.Summary) map[string]int64 {
	return map[string]int64{"objects": int64(s.Objects), "bytes": s.Bytes, "records": s.Records,
		"duplicates": s.Duplicates, "rejected": s.Rejected,
		"foreign": int64(s.Foreign), "empty": int64(s.Empty), "failed": int64(s.Failed), "changed": int64(s.Changed)}
}

// SayRevisions logs the published packets whose month got records since.
func (p *Parts) SayRevisions(ctx context.Context, log *slog.Logger) error {
	due, err := report.RevisionsDue(ctx, p.Config, p.State)
	for _, d := range due {
		log.Warn("late records came for a month whose packet is published; a revision of it is due", "tenant",
			d.Tenant, "month", d.Month, "revision", d.Revision,
			"log_objects", d.Objects, "lines", d.Lines, "run", fmt.Sprintf("bucketproof report --month %s --tenant %s", d.Month, d.Tenant))
	}
	return err
}

// noteConfigurations keeps which configuration each tenant has: a bucket that leaves it
// must be missed, also where no check has run meanwhile. A file of approved changes that
// can't be read is the checks' to tell.
func (p *Parts) noteConfigurations(ctx context.Context, log *slog.Logger) error {
	data := analyze.Dataset{Config: p.Config, State: p.State, RunBy: p.RunBy}
	for _, t := range p.Config.Tenants {
		if _, err := analyze.NoteConfiguration(ctx, data, t, p.Now()); err != nil {
			if ctx.Err() != nil {
				return err
			}
			log.Warn("the configuration could not be noted", "tenant", t.ID, "error", err)
		}
	}
	return nil
}
