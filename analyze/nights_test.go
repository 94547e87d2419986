package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bucketproof/internal/config"
)

// judged are the verdict of the night of 6 October and why.
func judged(t *testing.T, f *fixture) string {
	t.Helper()
	v := f.open("acme", "2026-10-06", "2026-10-06")
	table, err := v.nights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	date, verdict, why := table.At("date"), table.At("verdict"), table.At("why")
	for _, row := range table.Rows {
		if row[date] == "2026-10-06" {
			return strings.TrimSuffix(fmt.Sprint(row[verdict], ": ", row[why]), ": ")
		}
	}
	t.Fatal("no night")
	return ""
}

// Each sequence of requests stands alone in the night of 6 October, 22:00 to 06:00 in Paris:
// 20:00 to 04:00 UTC. Three objects are expected.
func TestNights(t *testing.T) {
	const removed = "attention: written and removed again"
	puts := func(f *fixture, n int, fields ...string) {
		for i := range n {
			f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/%d.vbk", i),
				append(fields, "size=100")...)
		}
	}
	each := func(f *fixture, at, requester, operation string, n int, fields ...string) {
		for i := range n {
			f.at(fmt.Sprintf("%s:%02dZ", at, i), requester, operation, fmt.Sprintf("veeam/%d.vbk", i), fields...)
		}
	}
	tests := []struct {
		name string
		make func(f *fixture)
		want string
	}{
		{"written", func(f *fixture) { puts(f, 10) }, "ok"},
		{"too few", func(f *fixture) { puts(f, 2) }, "missed: fewer objects written than expected"},
		{"no log of the window", func(f *fixture) {
			f.recs = f.recs[:len(f.recs)-48]
		}, "not evaluated: no log record after 6 Oct 2026 19:00"},
		{"empty objects", func(f *fixture) { puts(f, 10); each(f, "2026-10-06T22:10", backup, "REST.PUT.OBJECT", 10, "size=0") }, removed},
		{"only empty objects", func(f *fixture) { each(f, "2026-10-06T22:10", backup, "REST.PUT.OBJECT", 10, "size=0") },
			"missed: fewer objects written than expected"},
		{"200 with an error code", func(f *fixture) {
			each(f, "2026-10-06T22:10", backup, "REST.PUT.OBJECT", 10, "size=9", "error=InternalError")
		}, "missed: fewer objects written than expected"},
		{"one key a thousand times", func(f *fixture) {
			for i := range 50 {
				f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", "veeam/x", "size=9")
			}
		}, "missed: fewer objects written than expected"},
		{"locks", func(f *fixture) {
			for i := range 10 {
				f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/locks/%d", i), "size=9")
			}
		}, "missed: fewer objects written than expected"},
		{"other prefix", func(f *fixture) {
			for i := range 10 {
				f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("other/%d", i), "size=9")
			}
		}, "missed: fewer objects written than expected"},
		{"copies onto themselves", func(f *fixture) {
			each(f, "2026-10-06T22:10", backup, "REST.COPY.OBJECT", 10, "size=9")
			each(f, "2026-10-06T22:10", backup, "REST.COPY.OBJECT_GET", 10, "size=9")
		}, "missed: fewer objects written than expected"},
		{"uploads that are never completed", func(f *fixture) {
			each(f, "2026-10-06T22:10", backup, "REST.POST.UPLOADS", 10)
			each(f, "2026-10-06T22:11", backup, "REST.PUT.PART", 10, "size=9")
		}, "missed: fewer objects written than expected"},
		{"uploads completed", func(f *fixture) {
			each(f, "2026-10-06T22:10", backup, "REST.POST.UPLOADS", 10)
			each(f, "2026-10-06T22:11", backup, "REST.PUT.PART", 10, "size=9")
			each(f, "2026-10-06T22:12", backup, "REST.POST.UPLOAD", 10)
		}, "ok"},
		{"half of the objects fail", func(f *fixture) {
			puts(f, 10)
			for i := range 10 {
				f.at(fmt.Sprintf("2026-10-06T22:30:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/%d.bad", i), "status=503")
			}
			for i := range 400 {
				f.at(fmt.Sprintf("2026-10-06T23:%02d:%02dZ", i/60, i%60), backup, "REST.HEAD.OBJECT", "veeam/x", "size=9")
			}
		}, "attention: some objects could not be written"},
		{"failures that are tried again", func(f *fixture) {
			for i := range 60 {
				f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/%d.vbk", i), "size=100")
			}
			each(f, "2026-10-06T21:59", backup, "REST.PUT.OBJECT", 3, "status=503")
		}, "ok"},
		{"a stranger who writes", func(f *fixture) {
			puts(f, 10)
			f.at("2026-10-06T23:30:00Z", foreign, "REST.PUT.OBJECT", "veeam/evil", "size=9")
		}, "attention: someone who is not mapped wrote or deleted"},

		{"deleted in the night", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T01:00", backup, "REST.DELETE.OBJECT", 10, "status=204")
		}, removed},
		{"deleted in the same second", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-06T22:00", backup, "BATCH.DELETE.OBJECT", 10, "status=204")
		}, removed},
		{"deleted by day", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T15:00", foreign, "BATCH.DELETE.OBJECT", 10, "status=204")
		}, removed},
		{"expired by a lifecycle rule", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T15:00", "AmazonS3", "S3.EXPIRE.OBJECT", 10)
		}, removed},
		{"delete markers", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T15:00", "AmazonS3", "S3.CREATE.DELETEMARKER", 10)
		}, removed},
		{"overwritten by another", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T15:00", foreign, "REST.PUT.OBJECT", 10, "size=100")
		}, removed},
		{"deleted a day later", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T22:01", backup, "REST.DELETE.OBJECT", 10, "status=204")
		}, "ok"},
		{"refused deletes", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T01:00", foreign, "REST.DELETE.OBJECT", 10, "status=403")
		}, "ok"},
		{"a few deleted", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T01:00", backup, "REST.DELETE.OBJECT", 4, "status=204")
		}, "ok"},
		{"most deleted", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T01:00", backup, "REST.DELETE.OBJECT", 6, "status=204")
		}, removed},
		{"deleted and written again", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-07T05:00", backup, "REST.DELETE.OBJECT", 10, "status=204")
			each(f, "2026-10-07T06:00", backup, "REST.PUT.OBJECT", 10, "size=100")
		}, "ok"},
		{"renamed", func(f *fixture) {
			puts(f, 10)
			for i := range 10 {
				f.at(fmt.Sprintf("2026-10-06T22:01:%02dZ", i), backup, "REST.COPY.OBJECT_GET", fmt.Sprintf("veeam/%d.vbk", i), "size=100")
				f.at(fmt.Sprintf("2026-10-06T22:01:%02dZ", i), backup, "REST.COPY.OBJECT", fmt.Sprintf("veeam/%d.final", i), "size=100")
			}
			each(f, "2026-10-06T22:02", backup, "REST.DELETE.OBJECT", 10, "status=204")
		}, "ok"},
		{"copied elsewhere and deleted", func(f *fixture) {
			puts(f, 10)
			each(f, "2026-10-06T22:01", backup, "REST.COPY.OBJECT_GET", 10, "size=100")
			each(f, "2026-10-06T22:02", backup, "REST.DELETE.OBJECT", 10, "status=204")
		}, removed},
		{"another encoding of the key", func(f *fixture) {
			for i := range 10 {
				f.at(fmt.Sprintf("2026-10-06T22:00:%02dZ", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/a+b%%2520%d", i), "size=100")
				f.at(fmt.Sprintf("2026-10-07T02:00:%02dZ", i), backup, "BATCH.DELETE.OBJECT",
					fmt.Sprintf("veeam/a%%20b%%20%d", i), "status=204")
			}
		}, removed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, strings.Replace(oneTenant, `prefixes = ["veeam/", "Zürich Café/"]`,
				"prefixes = [\"veeam/\"]\nmin_objects = 3", 1))
			f.hum("2026-10-05T00:00:00Z", "2026-10-08T18:00:00Z")
			tt.make(f)
			f.store("file:logs")
			if got := judged(t, f); got != tt.want {
				t.Errorf("the night is %q, want %q", got, tt.want)
			}
		})
	}
}

// What an empty result means is said by every statement, and no check calls a day
// evaluated of which one of its witnesses did not speak.
func TestNoCheckIsCleanWithoutItsWitnesses(t *testing.T) {
	text := strings.Replace(oneTenant, "large_put",
		"cloudtrail = \"file:trail/\"\nmetrics_file = \"metrics.csv\"\nbackup_reports = \"file:reports/\"\nlarge_put", 1)
	f := newFixture(t, text)
	for _, s := range slices.Concat(f.data.Catalog.Queries, f.data.Catalog.Checks) {
		if len(s.Witness) == 0 || s.Empty == "" {
			t.Errorf("%s.sql names no witness, or does not say what no row means: write -- witness: … and -- empty: …", s.Name)
		}
	}
	// Nothing is there: no witness can have spoken.
	v := f.open("acme", "2026-10-01", "2026-10-31")
	if _, err := v.WitnessDays(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range f.data.Catalog.Checks {
		if slices.Contains(s.Witness, "none") || !s.Wanted(v.Tenant) {
			continue
		}
		days, err := v.runCheck(t.Context(), s)
		if err != nil {
			t.Error(err)
		}
		for _, d := range days {
			if d.NotEvaluated.None() {
				t.Errorf("%s calls %s of %q evaluated, and none of %v spoke", s.Name, d.Date, d.Bucket, s.Witness)
				break
			}
		}
	}
}

// A mapping that names nobody who backs up gives no night a verdict.
func TestNightsWithoutABackupPrincipal(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `role = "backup"`, `role = "admin"`, 1))
	f.hum("2026-10-05T00:00:00Z", "2026-10-08T18:00:00Z")
	f.at("2026-10-06T22:00:00Z", backup, "REST.PUT.OBJECT", "veeam/x", "size=9")
	f.store("file:logs")
	if got, want := judged(t, f), config.RoleBackup+" is configured"; !strings.HasSuffix(got, want) {
		t.Errorf("the night is %q", got)
	}
}
