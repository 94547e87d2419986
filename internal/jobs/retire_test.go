package jobs

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// opened are parts over a configuration and an empty state, at a time.
func opened(t *testing.T, text string, now *time.Time) *Parts {
	t.Helper()
	c, err := config.Parse(t.TempDir()+"/config.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = t.TempDir()
	p, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.State.Close(); err != nil {
			t.Error(err)
		}
	})
	p.Log, p.Now = slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return *now }
	return p
}

// TestRetire: the records of a month go when they are old enough and a final packet holds
// them; those of the evening before stay, for they are the first of the month further east.
func TestRetire(t *testing.T) {
	const text = `
[evidence]
url = "file:packets"
[retention]
dataset_days = 180
[[tenant]]
id = "acme"
name = "Acme"
timezone = "UTC"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs/acme"
prefixes = [""]
`
	published := func(month string, provisional bool) state.Published {
		return state.Published{Tenant: "acme", Month: month, Revision: 1, Provisional: provisional,
			At: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)}
	}
	whole := []state.Published{published("2026-04", false), published("2026-05", false), published("2026-06", false)}
	dates := []string{"2026-04-29", "2026-05-30", "2026-05-31", "2026-06-29", "2026-06-30", "2026-07-01"}
	for _, c := range []struct {
		name    string
		packets []state.Published
		now     string
		late    bool
		want    []string // that stay
	}{
		// 180 days before the 28th of December is the 1st of July.
		{"all final", whole, "2026-12-28", false, dates[4:]},
		{"a day too early", whole, "2026-12-27", false, dates[2:]},
		{"a month has no packet", slices.Delete(slices.Clone(whole), 1, 2), "2026-12-28", false, dates[1:]},
		{"a month has a provisional packet", []state.Published{whole[0], published("2026-05", true), whole[2]},
			"2026-12-28", false, dates[1:]},
		{"a month needs a revision", whole, "2026-12-28", true, dates[1:]},
		{"from before the first packet", whole[2:], "2026-12-28", false, dates[4:]},
		{"no packet at all", nil, "2026-12-28", false, dates},
	} {
		now, err := time.Parse(time.DateOnly, c.now)
		if err != nil {
			t.Fatal(err)
		}
		p := opened(t, text, &now)
		var files []dataset.File
		for _, d := range dates {
			files = append(files, dataset.File{Path: d, Kind: dataset.Access, Bucket: "acme-backups", Date: d, Rows: 1})
		}
		var objects []state.LogObject
		if c.late {
			at := time.Date(2026, 5, 20, 0, 0, 0, 0, time.UTC)
			objects = []state.LogObject{{Location: p.Config.Tenants[0].Buckets[0].Logs.Text, Key: "o", Source: "o", Kind: state.KindLog,
				Delivered: at, Modified: at, Buckets: map[string]state.ObjectCount{"acme-backups": {Records: 1, First: at, Last: at}}}}
		}
		if err := p.State.Ledger.Commit(t.Context(), objects, files, nil, now); err != nil {
			t.Fatal(err)
		}
		for _, x := range c.packets {
			if err := p.State.Packets.Put(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Retire(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := p.State.Files.Of(t.Context(), dataset.Access, "acme-backups", "2026-01-01", "2026-12-31")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range left {
			got = append(got, f.Date)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: there stay %v, want %v", c.name, got, c.want)
		}
	}
}

// TestRetireRuns: runs and told messages go after their days, and nothing goes where the
// configuration keeps all.
func TestRetireRuns(t *testing.T) {
	now := time.Date(2026, 10, 9, 0, 0, 0, 0, time.UTC)
	for days, want := range map[int]int{0: 4, 36: 2} {
		p := opened(t, fmt.Sprintf("[retention]\nruns_days = %d\n", days)+oneBucket, &now)
		for _, age := range []int{46, 37, 35, 1} {
			at := now.AddDate(0, 0, -age)
			id, err := p.State.Runs.Start(t.Context(), state.Run{Job: "collect", Scheduled: at}, at)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.State.Runs.End(t.Context(), state.Run{ID: id, Outcome: "done"}, at); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Retire(t.Context()); err != nil {
			t.Fatal(err)
		}
		runs, err := p.State.Runs.List(t.Context(), state.RunFilter{})
		if err != nil || len(runs) != want {
			t.Errorf("runs_days = %d: %d runs are left, %v; want %d", days, len(runs), err, want)
		}
	}
}

const oneBucket = `
[evidence]
url = "file:packets"
[[tenant]]
id = "acme"
name = "Acme"
timezone = "UTC"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs/acme"
prefixes = [""]
`
