package analyze

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/state"
)

// A log object that was changed belongs to the days of its records, and one that was
// never read to the day in its name, whenever that was noticed; the daily check
// looks at those days once more, once.
func TestIncidentsBelongToTheirDays(t *testing.T) {
	noticed := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		incident state.Incident
		want     []string // check, date
	}{
		"changed, of two days": {
			state.Incident{Kind: state.IncidentChanged, Key: "object-1"}, // as the fixture names the first one
			[]string{"log-object-changed 2026-10-05", "log-object-changed 2026-10-06"},
		},
		"never read, with a day in its name": {
			// the 10th in Paris
			state.Incident{Kind: state.IncidentGone, Key: "gone", Named: time.Date(2026, 10, 9, 23, 30, 0, 0, time.UTC)},
			[]string{"log-object-gone 2026-10-10"},
		},
		"nothing is known": {state.Incident{Kind: state.IncidentGone, Key: "gone"}, []string{"log-object-gone 2026-11-20"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, oneTenant)
			f.hum("2026-10-05T12:00:00Z", "2026-10-06T12:00:00Z")
			f.store("file:logs")
			f.hum("2026-10-06T12:00:00Z", "2026-11-21T00:00:00Z")
			f.store("file:logs")
			f.check("2026-10-01", "2026-10-31")
			i := test.incident
			i.Location, i.ETag, i.Size, i.Source, i.SHA256, i.Buckets = "file:logs", "other", 1, "file:logs/x", "b",
				[]string{"acme-backups"}
			if err := f.data.State.Ledger.Commit(t.Context(), nil, nil, []state.Incident{i}, noticed); err != nil {
				t.Fatal(err)
			}
			at := noticed.Add(21 * time.Hour)
			daily := func() (ranges int) {
				if _, err := f.open("acme", "2026-11-20", "2026-11-20").Check(t.Context(), at); err != nil {
					t.Fatal(err)
				}
				late, err := LateIncidents(t.Context(), f.data, f.data.Config.Tenants[0], "2026-11-20")
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range late {
					if _, err := f.open("acme", r.Days()[0].Date, r.Days()[len(r.Days())-1].Date).CheckLedger(t.Context(), at); err != nil {
						t.Fatal(err)
					}
				}
				return len(late)
			}
			first, second := daily(), daily()
			if want := len(test.want) > 0 && test.want[0] < "log-object-gone 2026-11"; first > 1 || (first == 1) != want || second != 0 {
				t.Errorf("%d ranges, then %d", first, second)
			}
			list, err := f.data.State.Findings.Between(t.Context(), "acme", "2026-10-01", "2026-11-30")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, x := range list {
				for _, d := range x.Days {
					if strings.HasPrefix(x.Check, "log-object") {
						got = append(got, x.Check+" "+d.Date)
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}
