package analyze

import (
	"bucketproof/internal/reason"
	"slices"
	"testing"
)

// Each scope has days of its own, and is asked by a check.
func TestScopes(t *testing.T) {
	f := newFixture(t, oneTenant)
	v := f.open("acme", "2026-09-30", "2026-10-01")
	for name, want := range map[string][]string{
		"day":     {"acme-backups 2026-09-30", "acme-backups 2026-10-01"},
		"window":  {"acme-backups 2026-09-30", "acme-backups 2026-10-01"},
		"month":   {"acme-backups 2026-09-30"},
		"reports": {" 2026-09-30", " 2026-10-01"},
		"trail":   {"acme-backups 2026-09-30", " 2026-09-30", "acme-backups 2026-10-01", " 2026-10-01"},
	} {
		var got []string
		s := Statement{Scope: name}
		s.scope().days(v, func(bucket, date string, _ reason.Reason) { got = append(got, bucket+" "+date) })
		if !slices.Equal(got, want) {
			t.Errorf("%s is asked for %q, want %q", name, got, want)
		}
	}
	for _, s := range scopes() {
		if !slices.ContainsFunc(f.data.Catalog.Checks, func(c *Statement) bool { return c.Scope == s.name }) {
			t.Errorf("no check has the scope %s", s.name)
		}
	}
}
