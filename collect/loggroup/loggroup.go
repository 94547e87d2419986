// Package loggroup takes access logs out of a log group of CloudWatch Logs, where vended
// delivery puts them as JSON instead of into a bucket: [Pull].
//
// A log group has no objects that are delivered once and never change. So the events are
// written to files, each with an hour of events that CloudWatch ingested during some
// period. Once that period is over, anyone who writes the file again gets the same file.
// From there they are collected like any other log objects. An hour that is still filling
// gets several files, so that late records arrive without any being read twice.
package loggroup

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"bucketproof/internal/durable"
	"bucketproof/internal/objects"
)

// Group is a log group and the folder of its files.
type Group struct {
	Name   string
	Dir    string
	Access objects.Access
	Now    func() time.Time
}

// cutoffs are until when behind its end the events of an hour are taken in by one of its
// files each. S3 delivers most within hours, and some a day late; what comes later than
// the last is not seen.
var cutoffs = []time.Duration{time.Hour, 12 * time.Hour, 35 * time.Hour, 14 * 24 * time.Hour}

const (
	// margin is by how much CloudWatch may be late in showing what it has taken in.
	margin = 15 * time.Minute
	// furthest is how far back a group is read that was never read.
	furthest = 400 * 24 * time.Hour
	// validation is the stream into which AWS writes a text when a delivery is set up.
	validation = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
)

// window is what one file holds: events of hours from start on that were taken in until
// a time, without those of earlier files.
type window struct {
	start  time.Time // whole hour, UTC
	hours  int       // 1, or 24 for a day that has long been over
	since  time.Time // zero for the first of its hours
	cutoff time.Time
}

func (w window) end() time.Time { return w.start.Add(time.Duration(w.hours) * time.Hour) }

// name is that of a log object: the time until which it was taken in stands for that of
// delivery, and what it holds is its unique part.
func (w window) name() string {
	return fmt.Sprintf("%s%08X%02X.gz", w.cutoff.Format("2006-01-02-15-04-05-"), w.start.Unix()/3600, w.hours)
}

var names = regexp.MustCompile(`^(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-([0-9A-F]{8})([0-9A-F]{2})\.gz$`)

func parseName(name string) (window, bool) {
	m := names.FindStringSubmatch(name)
	if m == nil {
		return window{}, false
	}
	cutoff, err := time.Parse("2006-01-02-15-04-05", m[1])
	start, err1 := strconv.ParseInt(m[2], 16, 64)
	hours, err2 := strconv.ParseInt(m[3], 16, 64)
	return window{start: time.Unix(start*3600, 0).UTC(), hours: int(hours), cutoff: cutoff}, errors.Join(err, err1, err2) == nil
}

// ErrClass means that events of a log group of this class can't be read one by one.
var ErrClass = errors.New("log groups of the class Infrequent Access can't be read event by event; deliver into " +
	"one of the class Standard, or to S3")

// Pull writes the files that are due. It can be interrupted at any time and called again.
func Pull(ctx context.Context, g Group) error {
	c, err := objects.AWS(ctx, g.Access)
	if err != nil {
		return err
	}
	api := cloudwatchlogs.NewFromConfig(c)
	from, err := look(ctx, api, g)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(g.Dir, 0o700); err != nil {
		return fmt.Errorf("log group %s: %w", g.Name, err)
	}
	if err := g.sweep(); err != nil {
		return err
	}
	done, err := g.done()
	if err != nil {
		return err
	}
	for _, w := range due(from, g.Now(), done) {
		if err := g.pull(ctx, api, w); err != nil {
			return fmt.Errorf("log group %s, %s: %w", g.Name, w.start.Format(time.RFC3339), err)
		}
	}
	return nil
}

// Check tells whether a group exists and can be read.
func Check(ctx context.Context, g Group) error {
	c, err := objects.AWS(ctx, g.Access)
	if err != nil {
		return err
	}
	api := cloudwatchlogs.NewFromConfig(c)
	if _, err := look(ctx, api, g); err != nil {
		return err
	}
	if _, err := api.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &g.Name, Limit: aws.Int32(1)}); err != nil {
		return fmt.Errorf("read events (it takes logs:FilterLogEvents): %w", err)
	}
	return nil
}

// look finds from when on a group has events. The error names a mend.
func look(ctx context.Context, api *cloudwatchlogs.Client, g Group) (time.Time, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(api, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &g.Name})
	var tokens objects.Tokens
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = tokens.Next(page.NextToken)
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("look for the log group %s (it takes logs:DescribeLogGroups): %w", g.Name, err)
		}
		for _, x := range page.LogGroups {
			if aws.ToString(x.LogGroupName) != g.Name {
				continue
			}
			if x.LogGroupClass == types.LogGroupClassInfrequentAccess {
				return time.Time{}, fmt.Errorf("log group %s: %w", g.Name, ErrClass)
			}
			from := g.Now().Add(-furthest)
			if made := time.UnixMilli(aws.ToInt64(x.CreationTime)); made.After(from) {
				from = made.Add(-24 * time.Hour) // events may be older than the group
			}
			if days := aws.ToInt32(x.RetentionInDays); days > 0 {
				if kept := g.Now().AddDate(0, 0, -int(days)); kept.After(from) {
					from = kept
				}
			}
			return from.UTC().Truncate(24 * time.Hour), nil
		}
	}
	return time.Time{}, fmt.Errorf("there is no log group %s in %s; correct the name, or the region under aws", g.Name, g.Access.Region)
}

// done are the windows of the files that are there.
func (g Group) done() (out []window, err error) {
	entries, err := os.ReadDir(g.Dir)
	if err != nil {
		return nil, fmt.Errorf("log group %s: %w", g.Name, err)
	}
	for _, e := range entries {
		if w, ok := parseName(e.Name()); ok {
			out = append(out, w)
		}
	}
	return out, nil
}

// due are the windows whose files are to be written, in their order. Each depends on
// what is there and on the clock alone.
func due(from, now time.Time, done []window) (out []window) {
	taken := map[int64]time.Time{} // by hour since 1970: until when
	for _, w := range done {
		for h := range w.hours {
			n := w.start.Unix()/3600 + int64(h)
			if w.cutoff.After(taken[n]) {
				taken[n] = w.cutoff
			}
		}
	}
	last := cutoffs[len(cutoffs)-1]
	for day := from; day.Before(now); day = day.Add(24 * time.Hour) {
		end := day.Add(24 * time.Hour)
		none := true
		for n := day.Unix() / 3600; n < end.Unix()/3600; n++ {
			none = none && taken[n].IsZero()
		}
		if none && !now.Before(end.Add(last+margin)) {
			out = append(out, window{start: day, hours: 24, cutoff: end.Add(last)})
			continue
		}
		for hour := day; hour.Before(end); hour = hour.Add(time.Hour) {
			since := taken[hour.Unix()/3600]
			for _, c := range slices.Backward(cutoffs) {
				w := window{start: hour, hours: 1, since: since, cutoff: hour.Add(time.Hour + c)}
				if !now.Before(w.cutoff.Add(margin)) {
					if w.cutoff.After(since) {
						out = append(out, w)
					}
					break
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b window) int { return a.cutoff.Compare(b.cutoff) })
	return out
}

// unfinished begins the names of files that are being written.
const unfinished = ".pull-"

// sweep removes what a killed run has left.
func (g Group) sweep() error {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(g.Dir), unfinished+filepath.Base(g.Dir)+"-*"))
	for _, path := range left {
		if rerr := os.Remove(path); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// pull writes the file of a window, whole or not at all.
func (g Group) pull(ctx context.Context, api *cloudwatchlogs.Client, w window) (err error) {
	f, err := os.CreateTemp(filepath.Dir(g.Dir), unfinished+filepath.Base(g.Dir)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	err = g.events(ctx, api, w, func(message string) error {
		line := []byte(message)
		if bytes.ContainsAny(line, "\r\n") { // one event is one line
			var flat bytes.Buffer
			if json.Compact(&flat, line) == nil {
				line = flat.Bytes()
			} else {
				line = []byte(strings.NewReplacer("\r", " ", "\n", " ").Replace(message))
			}
		}
		_, err := z.Write(append(line, '\n'))
		return err
	})
	if err = errors.Join(err, z.Close()); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Chmod(0o600), f.Close(), os.Chtimes(f.Name(), w.cutoff, w.cutoff)); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(g.Dir, w.name())); err != nil {
		return err
	}
	return durable.SyncDir(g.Dir)
}

// events reads the events of a window. CloudWatch does not select by when it has taken
// an event in, so that is done here; its end of a time is inclusive.
func (g Group) events(ctx context.Context, api *cloudwatchlogs.Client, w window, do func(message string) error) error {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &g.Name, StartTime: aws.Int64(w.start.UnixMilli()),
		EndTime: aws.Int64(w.end().UnixMilli() - 1)}
	var tokens objects.Tokens
	for {
		out, err := api.FilterLogEvents(ctx, in)
		if err == nil {
			err = tokens.Next(out.NextToken)
		}
		if err != nil {
			return fmt.Errorf("read events (it takes logs:FilterLogEvents): %w", err)
		}
		for _, e := range out.Events { // a page may be empty and not the last
			at, taken := time.UnixMilli(aws.ToInt64(e.Timestamp)), time.UnixMilli(aws.ToInt64(e.IngestionTime))
			if at.Before(w.start) || !at.Before(w.end()) || taken.Before(w.since) || !taken.Before(w.cutoff) ||
				aws.ToString(e.LogStreamName) == validation {
				continue
			}
			if err := do(aws.ToString(e.Message)); err != nil {
				return err
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
}
