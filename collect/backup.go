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

	"bucketproof/collect/reports"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// maxReport is the largest report of a backup tool that is read, in bytes
// unpacked.
const maxReport = 64 << 20

// Reports reads the backup reports of a tenant that are new or changed. A report
// that is in no known form is kept in mind as such, and said; the others are
// read all the same.
func (c *Collector) Reports(ctx context.Context, t config.Tenant) (read int, err error) {
	if t.BackupReports.Scheme == "" {
		return 0, nil
	}
	store, err := objects.Open(ctx, t.BackupReports, t.AWS)
	if err != nil {
		return 0, fmt.Errorf("backup reports of %s: %w", t.ID, err)
	}
	known, err := c.State.KnownReports(ctx, t.ID)
	if err != nil {
		return 0, err
	}
	var errs []error
	for info, err := range store.List(ctx, "") {
		if err != nil {
			return read, errors.Join(append(errs, fmt.Errorf("backup reports of %s: %w", t.ID, mend(err)))...)
		}
		source := t.BackupReports.Join(info.Key)
		if k, ok := known[source]; ok && k.ETag == info.ETag && k.Size == info.Size || info.Size == 0 {
			continue
		}
		if err := c.readReport(ctx, store, t, info, source); err != nil {
			errs = append(errs, fmt.Errorf("backup report %s: %w", source, mend(err)))
			continue
		}
		read++
	}
	return read, errors.Join(errs...)
}

func (c *Collector) readReport(ctx context.Context, store objects.Store, t config.Tenant, info objects.Info, source string) error {
	body, err := store.Open(ctx, info)
	if err != nil {
		return err
	}
	sum := sha256.New()
	packed, err := io.ReadAll(io.TeeReader(io.LimitReader(body, maxReport+1), sum))
	if err = errors.Join(err, body.Close()); err != nil {
		return err
	}
	b := state.BackupReport{Source: source, ETag: info.ETag, Size: info.Size, SHA256: hex.EncodeToString(sum.Sum(nil))}
	sessions, problem := c.parseReport(packed, t, info.Key)
	if b.Problem = problem; problem != "" {
		c.Log.Warn("a backup report can't be read whole", "tenant", t.ID, "report", source, "problem", problem)
	}
	return c.State.PutReport(ctx, t.ID, b, sessions, c.Now())
}

// parseReport reads the sessions of a report. One that names no bucket is of the
// bucket in its key, or of the tenant's only one.
func (c *Collector) parseReport(packed []byte, t config.Tenant, key string) (sessions []state.BackupSession, problem string) {
	if int64(len(packed)) > maxReport {
		return nil, fmt.Sprintf("it has more than %d MB", maxReport>>20)
	}
	content, err := unpack(bytes.NewReader(packed))
	if err != nil {
		return nil, err.Error()
	}
	text, err := io.ReadAll(io.LimitReader(content, maxReport+1))
	if err = errors.Join(err, content.Close()); err != nil {
		return nil, err.Error()
	}
	if len(text) > maxReport {
		return nil, fmt.Sprintf("it has more than %d MB unpacked", maxReport>>20)
	}
	r := t.ReportColumns
	list, problems, err := reports.Parse(text, reports.Columns{ID: r.ID, Bucket: r.Bucket, Start: r.Start, End: r.End, Objects: r.Objects, Bytes: r.Bytes, Status: r.Status, Success: r.Success, Location: t.Location})
	if err != nil {
		return nil, err.Error()
	}
	lost := 0
	for _, s := range list {
		if s.Bucket == "" {
			s.Bucket = bucketOfReport(t, key)
		}
		if s.Bucket == "" {
			lost++
			continue
		}
		if !slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == s.Bucket }) {
			continue // another job of the tool
		}
		sessions = append(sessions, state.BackupSession{Tool: s.Tool, ID: s.ID, Bucket: s.Bucket, Date: s.Date, Start: s.Start, End: s.End, Objects: s.Objects, Bytes: s.Bytes, OK: s.OK, Status: s.Status, Line: s.Line})
	}
	if lost > 0 {
		problems = append(problems, fmt.Sprintf("%d sessions name no bucket; put the report into a folder with the bucket's name", lost))
	}
	const most = 5
	if len(problems) > most {
		problems = append(problems[:most], fmt.Sprintf("and %d more", len(problems)-most))
	}
	return sessions, strings.Join(problems, "; ")
}

func bucketOfReport(t config.Tenant, key string) string {
	for _, part := range strings.Split(key, "/") {
		if slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == part }) {
			return part
		}
	}
	if len(t.Buckets) == 1 {
		return t.Buckets[0].Name
	}
	return ""
}
