package jobs

import (
	"testing"
	"time"

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
