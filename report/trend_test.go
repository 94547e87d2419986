package report

import (
	"testing"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/report/language"
)

// TestTrendSentences: the first page says what the median night wrote in the months before,
// of the buckets that changed most, and nothing of one that has no month before.
func TestTrendSentences(t *testing.T) {
	text, err := language.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	p := &Packet{Text: text, Tenant: config.Tenant{Buckets: []config.Bucket{{Name: "new"}, {Name: "steady"},
		{Name: "shrinks"}, {Name: "grows"}}},
		Trends: map[string][]analyze.MonthMedian{
			"new":    {{Month: "2026-10", Nights: 31, Bytes: 5e9}},
			"steady": {{Month: "2026-10", Nights: 31, Bytes: 5e9}, {Month: "2026-09", Nights: 30, Bytes: 5.1e9}},
			"shrinks": {{Month: "2026-10", Nights: 31, Bytes: 1e9}, {Month: "2026-09", Nights: 30, Bytes: 2e9},
				{Month: "2026-05", Nights: 12, Bytes: 8e9}},
			"grows": {{Month: "2026-10", Nights: 31, Bytes: 8e9}, {Month: "2026-09", Nights: 30, Bytes: 2e9}},
		}}
	want := " The median night of shrinks wrote 1.0 GB (Oct), 2.0 GB (Sep), 8.0 GB (May). The median night of " +
		"grows wrote 8.0 GB (Oct), 2.0 GB (Sep)."
	if got := p.trendSentences(); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}
