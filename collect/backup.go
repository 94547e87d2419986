package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bucketproof/collect/reports"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// maxReport is the largest report of a backup tool that is read, in bytes
// unpacked.
const maxReport = 64 << 20

// reportReader grows when the reader of reports learns to read something that it
// took for a problem, or reads something in another way: then all are read again.
const reportReader = 2

// Reports reads the backup reports of a tenant that are new or changed, or were read
// in another way than the configuration asks for by now. What can't be read is kept
// with its place and reason ([state.BackupReports.Problems]); the rest is read all the
// same.
func (c *Collector) Reports(ctx context.Context, t config.Tenant) (read int, err error) {
	if t.BackupReports.Scheme == "" {
		return 0, nil
	}
	store, err := objects.Open(ctx, t.BackupReports, t.AWS)
	if err != nil {
		return 0, fmt.Errorf("backup reports of %s: %w", t.ID, err)
	}
	known, err := c.State.BackupReports.Known(ctx, t.ID)
	if err != nil {
		return 0, err
	}
	reader := c.wayOfReading(t)
	var errs []error
	for info, err := range store.List(ctx, "") {
		if err != nil {
			return read, errors.Join(append(errs, fmt.Errorf("backup reports of %s: %w", t.ID, mend(err)))...)
		}
		source := t.BackupReports.Join(info.Key)
		k, ok := known[source]
		if ok && k.ETag == info.ETag && k.Size == info.Size && k.Reader == reader || strings.HasSuffix(info.Key, "/") {
			continue
		}
		b := state.BackupReport{Source: source, ETag: info.ETag, Size: info.Size, Reader: reader, Modified: info.Modified}
		if err := c.readReport(ctx, store, t, info, b); err != nil {
			errs = append(errs, fmt.Errorf("backup report %s: %w", source, mend(err)))
			continue
		}
		read++
	}
	return read, errors.Join(errs...)
}

// wayOfReading tells apart in what ways a report can be read.
func (c *Collector) wayOfReading(t config.Tenant) string {
	r := t.ReportColumns
	r.Tolerance = 0 // reading does not depend on it
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %+v %s %q %q %t", reportReader, r, t.Location, bucketNames(t), c.Buckets, c.sharesReports(t)))
	return hex.EncodeToString(sum[:8])
}

func bucketNames(t config.Tenant) (names []string) {
	for _, b := range t.Buckets {
		names = append(names, b.Name)
	}
	return names
}

func (c *Collector) readReport(ctx context.Context, store objects.Store, t config.Tenant, info objects.Info, b state.BackupReport) error {
	body, err := store.Open(ctx, info)
	if err != nil {
		return err
	}
	sum := sha256.New()
	packed, err := io.ReadAll(io.TeeReader(io.LimitReader(body, maxReport+1), sum))
	if err = errors.Join(err, body.Close()); err != nil {
		return err
	}
	b.SHA256 = hex.EncodeToString(sum.Sum(nil))
	list, problems, err := parseReport(ctx, packed, t, info)
	if err != nil {
		return err
	}
	sessions, lost := c.ownSessions(t, info.Key, list)
	var kept []state.ReportProblem
	for _, p := range append(problems, lost...) {
		if p.Session != "" {
			// An earlier content of the file may have told when it was.
			told, err := c.State.BackupReports.TellsSession(ctx, t.ID, b.Source, p.Session)
			if err != nil {
				return err
			}
			if told {
				continue
			}
		}
		kept = append(kept, state.ReportProblem{Source: b.Source, Line: p.Line, Reason: p.Reason, At: p.At, Date: problemDate(p, t, info)})
	}
	return c.State.BackupReports.Put(ctx, t.ID, b, sessions, kept, c.Now())
}

// problemDate is the day that a problem is about: the report tells it, or its name,
// or else when it was written.
func problemDate(p reports.Problem, t config.Tenant, info objects.Info) string {
	if !p.At.IsZero() {
		return p.At.In(t.Location).Format(time.DateOnly)
	}
	if date := reports.DateInName(info.Key); date != "" {
		return date
	}
	return info.Modified.In(t.Location).Format(time.DateOnly)
}

// parseReport unpacks and reads a report. The error is that of ctx.
func parseReport(ctx context.Context, packed []byte, t config.Tenant, info objects.Info) (
	[]reports.Session, []reports.Problem, error) {
	fails := func(format string, args ...any) ([]reports.Session, []reports.Problem, error) {
		return nil, []reports.Problem{{Reason: fmt.Sprintf(format, args...)}}, nil
	}
	if int64(len(packed)) > maxReport {
		return fails("it has more than %d MB; write one report a month or a day", maxReport>>20)
	}
	content, err := unpack(bytes.NewReader(packed), maxReport+1)
	if err != nil {
		return fails("it can't be unpacked: %s", err)
	}
	text, err := io.ReadAll(io.LimitReader(content, maxReport+1))
	if err = errors.Join(err, content.Close()); err != nil {
		return fails("it can't be unpacked: %s", err)
	}
	if len(text) > maxReport {
		return fails("it has more than %d MB unpacked; write one report a month or a day", maxReport>>20)
	}
	r := t.ReportColumns
	return reports.Parse(ctx, text, reports.Options{File: info.Key, Modified: info.Modified, Location: t.Location,
		Success: r.Success, Order: r.Order,
		Columns: reports.Columns{ID: r.ID, Job: r.Job, Bucket: r.Bucket, Start: r.Start, End: r.End,
			Objects: r.Objects, Bytes: r.Bytes, Status: r.Status}})
}

// ownSessions are those that are about buckets of the tenant. One that could be about
// any of them is a problem.
func (c *Collector) ownSessions(t config.Tenant, key string, list []reports.Session) (own []state.BackupSession, lost []reports.Problem) {
	for _, s := range list {
		bucket, ours := c.bucketOf(t, key, s)
		switch {
		case !ours:
			continue
		case bucket == "":
			at := s.Start
			if s.Date != "" {
				at = wallclockDate(s.Date, t.Location)
			}
			reason := "the session names no bucket, and the tenant has several; put the report into a folder with the name of its bucket"
			if c.sharesReports(t) {
				reason = "the session names no bucket of this tenant alone, and another tenant's reports are read " +
					"from here, too; give each tenant a folder of its own"
			}
			lost = append(lost, reports.Problem{Line: s.Line, At: at, Reason: reason})
			continue
		}
		own = append(own, state.BackupSession{Tool: s.Tool, ID: s.ID, Bucket: bucket, Job: s.Job, Named: s.Named,
			Copy: s.Copy, Date: s.Date, Start: s.Start, End: s.End,
			Estimated: s.Estimated, State: string(s.State), Status: s.Status, Message: s.Message, Objects: s.Objects,
			Bytes: s.Bytes, Line: s.Line})
	}
	return merged(own), lost
}

// merged leaves one of sessions that a report tells in the same words again and again:
// the last one.
func merged(list []state.BackupSession) (out []state.BackupSession) {
	type key struct{ tool, id, bucket string }
	at := map[key]int{}
	for _, s := range list {
		k := key{s.Tool, s.ID, s.Bucket}
		if i, ok := at[k]; ok {
			before := out[i]
			if before.Line = s.Line; before == s {
				out[i] = s
				continue
			}
		}
		at[k] = len(out)
		out = append(out, s)
	}
	return out
}

func wallclockDate(date string, loc *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, date, loc)
	if err != nil {
		return time.Time{} // dates of sessions were read as such
	}
	return at.Add(12 * time.Hour)
}

// bucketOf is the bucket that a session is about: the one that it names, that its
// repository lies in, or the folder of the report is called like, or the only one of
// the tenant where nothing says otherwise. Where other tenants' reports are read from the
// same place, it must be named, and be no other tenant's: a session counts for one of them.
func (c *Collector) bucketOf(t config.Tenant, key string, s reports.Session) (bucket string, ours bool) {
	own, shared := bucketNames(t), c.sharesReports(t)
	found := func(name string) (string, bool) {
		of := 0
		for _, b := range c.Buckets {
			if b == name {
				of++
			}
		}
		if shared && of > 1 {
			return "", true
		}
		return name, true
	}
	if s.Bucket != "" {
		if !slices.Contains(own, s.Bucket) {
			return "", false
		}
		return found(s.Bucket)
	}
	place := strings.FieldsFunc(s.Place, func(r rune) bool { return strings.ContainsRune("/:@ ", r) })
	folders := strings.Split(key, "/")
	for _, parts := range [][]string{place, folders[:len(folders)-1]} {
		for _, part := range slices.Backward(parts) {
			if slices.Contains(own, part) {
				return found(part)
			}
			if slices.Contains(c.Buckets, part) {
				return "", false // of another tenant
			}
		}
	}
	if len(own) == 1 && !shared {
		return own[0], true
	}
	return "", true
}

// sharesReports tells whether reports of a tenant are read for another, too.
func (c *Collector) sharesReports(t config.Tenant) bool {
	// s3://b/clients/acme lies in s3://b/clients/, and a folder in itself.
	place := func(u objects.URL) string {
		if u.Scheme == "s3" {
			return "s3 " + u.Bucket + "/" + u.Prefix
		}
		return u.Scheme + " " + u.Path + "/"
	}
	own := place(t.BackupReports)
	return slices.ContainsFunc(c.ReportPlaces, func(p ReportPlace) bool {
		other := place(p.URL)
		return p.Tenant != t.ID && p.URL.Scheme != "" && (strings.HasPrefix(other, own) || strings.HasPrefix(own, other))
	})
}

// ReportPlace is where backup reports of a tenant lie.
type ReportPlace struct {
	Tenant string
	URL    objects.URL
}
