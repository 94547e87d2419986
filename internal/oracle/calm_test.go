package oracle

import (
	"path/filepath"
	"testing"
)

// TestCalmMonths: where nothing goes wrong, the definition must not see gaps. It is about
// docs/VERDICTS.md and not about the program.
func TestCalmMonths(t *testing.T) {
	days, dark, nights, notOK := 0, 0, 0, 0
	found := map[string]int{}
	for seed := range uint64(5) {
		made := GenerateCalm(seed + 1)
		dir := filepath.Join(t.TempDir(), "m")
		if err := made.Write(dir); err != nil {
			t.Fatal(err)
		}
		e, err := Read(filepath.Join(dir, "config.toml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, tenant := range made.Tenants {
			j, err := e.Judge(tenant.ID, made.Year, made.Month)
			if err != nil {
				t.Fatal(err)
			}
			bad := 0
			for _, d := range j.Days {
				days++
				if d.Gap != "" {
					dark++
					if bad++; bad < 3 {
						t.Logf("seed %d: %v", seed+1, d)
					}
				}
			}
			for _, n := range j.Nights {
				nights++
				if n.Verdict != OK {
					notOK++
				}
			}
			for _, f := range j.Findings {
				found[f.Check]++
				if f.Check != "logs-missing" {
					t.Errorf("seed %d: %v in a month in which nothing goes wrong", seed+1, f)
				}
			}
			if bad > 0 {
				t.Logf("seed %d: %d days dark: %v", seed+1, bad, made.Story)
			}
		}
	}
	t.Logf("%d of %d days with a gap, %d of %d nights not ok, %v", dark, days, notOK, nights, found)
}
