package jobs

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/state"
)

// TestSplitTrail: what is wrong with a digest or log file over midnight counts once, and
// time without digests on each of its days.
func TestSplitTrail(t *testing.T) {
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	late := integrity.Span{From: at("2026-10-22T21:31:27Z"), To: at("2026-10-22T22:31:27Z")}
	put := at("2026-10-22T22:10:00Z")
	chains := []integrity.Chain{{Windows: []integrity.Window{{Span: late, Valid: true,
		Logs: integrity.Count{All: 3, Valid: 2}}}, Problems: []integrity.Problem{
		{Kind: integrity.BadLog, From: late.From, To: late.To},
		{Kind: integrity.UnlistedLog, From: put, To: put},
		{Kind: integrity.Gap, From: at("2026-10-22T20:00:00Z"), To: at("2026-10-22T23:00:00Z")},
	}}}
	got := map[string]int{}
	digests := 0
	for _, d := range []integrity.Span{{From: at("2026-10-21T22:00:00Z"), To: at("2026-10-22T22:00:00Z")},
		{From: at("2026-10-22T22:00:00Z"), To: at("2026-10-23T22:00:00Z")}} {
		var day state.TrailDay
		splitTrail(&day, chains, d)
		digests += day.Chains[0].Digests
		for _, p := range day.Problems {
			got[p.Kind]++
		}
	}
	if digests != 1 || got[integrity.BadLog] != 1 || got[integrity.UnlistedLog] != 1 || got[integrity.Gap] != 2 {
		t.Errorf("%d digests, %v", digests, got)
	}
}

// TestSplitChains: a trail that was made anew under its name has the figures of both its
// chains, and one that another took the place of has none from then on.
func TestSplitChains(t *testing.T) {
	start := time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC)
	span := func(from, to int) integrity.Span {
		return integrity.Span{From: start.Add(time.Duration(from) * time.Hour), To: start.Add(time.Duration(to) * time.Hour)}
	}
	window := []integrity.Window{{Span: span(3, 4), Valid: true, Logs: integrity.Count{All: 2, Valid: 2}}}
	var day state.TrailDay
	splitTrail(&day, []integrity.Chain{
		{Trail: "a", Windows: window, Problems: []integrity.Problem{
			{Kind: integrity.Elsewhere, From: start.Add(-48 * time.Hour), To: start.Add(2 * time.Hour), Text: "s3://old/"},
			{Kind: integrity.Elsewhere, Key: "log", From: start.Add(-time.Hour), To: start},
			{Kind: integrity.Ended, From: start.Add(23 * time.Hour), To: start.Add(72 * time.Hour)},
		}},
		{Trail: "a", Windows: window},
		{Trail: "gone"},
	}, span(0, 24))
	if len(day.Chains) != 1 || day.Chains[0].Digests != 2 || day.Chains[0].Logs != 4 || len(day.Problems) != 2 {
		t.Fatalf("%+v", day)
	}
	if tell := [2]bool{day.Problems[0].Tampering, day.Problems[1].Tampering}; tell != [2]bool{false, true} ||
		!unknown(day.Problems[0]) || unknown(day.Problems[1]) {
		t.Errorf("%+v", day.Problems)
	}
}

// TestWitnessSettles: what a witness tells of a day is asked again until 36 hours behind its
// end, and not from then on.
func TestWitnessSettles(t *testing.T) {
	now := time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC)
	end := now
	dir := t.TempDir()
	metrics := filepath.Join(dir, "metrics.csv")
	p := opened(t, strings.Replace(oneBucket, "[[tenant.bucket]]", fmt.Sprintf("metrics_file = %q\n[[tenant.bucket]]", metrics), 1), &now)
	r, err := analyze.NewRange(time.UTC, "2026-10-07", "2026-10-08")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		after time.Duration
		want  string
	}{{time.Minute, "0"}, {36*time.Hour - time.Second, "1"}, {36 * time.Hour, "2"}, {48 * time.Hour, "2"}} {
		now = end.Add(c.after)
		text := fmt.Sprintf("bucket,date,metric,value\nacme-backups,2026-10-07,AllRequests,%d\n", i)
		if err := os.WriteFile(metrics, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.Witness(t.Context(), p.Config.Tenants[0], r); err != nil {
			t.Fatal(err)
		}
		days, err := p.State.Witnesses.MetricDays(t.Context(), "acme", "UTC", "2026-10-07", "2026-10-08")
		if err != nil {
			t.Fatal(err)
		}
		day := days[[2]string{"acme-backups", "2026-10-07"}]
		if got := fmt.Sprint(day.Values["AllRequests"]); got != c.want || day.Failure != "" {
			t.Errorf("%s behind the day: %s, want the answer number %s", c.after, got, c.want)
		}
		if _, ok := days[[2]string{"acme-backups", "2026-10-08"}]; ok != (c.after >= 24*time.Hour) {
			t.Errorf("%s behind the day: the next one was asked for: %t", c.after, ok)
		}
	}
}

// TestTrailSettles is the same of the digests of a trail.
func TestTrailSettles(t *testing.T) {
	now := time.Date(2026, 10, 9, 0, 0, 0, 0, time.UTC)
	p := opened(t, strings.Replace(oneBucket, "[[tenant.bucket]]", "accounts = [\"111122223333\"]\ncloudtrail = \"file:trail/\"\n"+
		"[[tenant.bucket]]", 1), &now)
	r, err := analyze.NewRange(time.UTC, "2026-10-07", "2026-10-07")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC)
	chain := []state.TrailChain{{Trail: "t", Digests: 24}}
	for _, c := range []struct {
		name  string
		day   state.TrailDay
		again bool
	}{
		{"failed", state.TrailDay{Looked: end.Add(36 * time.Hour), Failure: "no access"}, true},
		{"looked at too early", state.TrailDay{Looked: end.Add(36*time.Hour - time.Second), Chains: chain}, true},
		{"settled", state.TrailDay{Looked: end.Add(36 * time.Hour), Chains: chain}, false},
		{"with what can't be read", state.TrailDay{Looked: end.Add(36 * time.Hour), Chains: chain,
			Problems: []state.TrailProblem{{Kind: integrity.Unread}}}, true},
		{"with what is wrong for good", state.TrailDay{Looked: end.Add(36 * time.Hour), Chains: chain,
			Problems: []state.TrailProblem{{Kind: integrity.BadLog}}}, false},
	} {
		c.day.Date, c.day.Zone = "2026-10-07", "UTC"
		if err := p.State.Witnesses.PutTrailDays(t.Context(), "acme", []state.TrailDay{c.day}); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		p.Log = slog.New(slog.NewTextHandler(&log, nil))
		if err := p.Witness(t.Context(), p.Config.Tenants[0], r); err != nil {
			t.Fatal(err)
		}
		// There is no trail any more, and whoever looks for its digests says so.
		if again := strings.Contains(log.String(), "could not be looked at"); again != c.again {
			t.Errorf("%s: looked at again %t, want %t: %s", c.name, again, c.again, log.String())
		}
	}
}
