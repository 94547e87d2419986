package reports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A report tells of so many sessions; the days of what stands behind them can't be read.
func TestManySessions(t *testing.T) {
	plain := strings.Repeat("2026-10-01,a,1,1\n", MaxSessions)
	restic := func(day, n int) string {
		return fmt.Sprintf(`{"message_type":"summary","data_added_packed":5,"backup_start":"2026-10-%02dT22:00:00Z","snapshot_id":"%d"}`,
			day, n) + "\n"
	}
	var log, jobs, rclone strings.Builder
	for i := range MaxSessions + 2 {
		log.WriteString(restic(1+i/MaxSessions, i))
		fmt.Fprintf(&jobs,
			`{"BackupJobId":"%d","State":"COMPLETED","CreationDate":"2026-10-0%dT22:00:00Z","ResourceArn":"arn:aws:s3:::a"},`+"\n", i, 1+
				i/MaxSessions)
		at := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		fmt.Fprintf(&rclone, `{"time":%q,"level":"notice","msg":"x","stats":{"bytes":%d,"elapsedTime":1}}`+"\n",
			at.Format(time.RFC3339), 1+i%2)
	}
	const tail = " it tells of more than 50000 sessions, and is read up to here; write one report a month or a day"
	for _, tt := range []struct {
		name, text string
		sessions   int
		want       string
	}{
		{"as many as may be", "date,bucket,objects,bytes\n" + plain, MaxSessions, ""},
		{"more", "date,bucket,objects,bytes\n" + plain + "2026-10-02,a,1,1\n2026-10-02,a,1,1\n2026-10-03,a,1,1\n", MaxSessions,
			"! 50002" + tail + " @10-02\n! 50002" + tail + " @10-03"},
		{"more, and one that can't be read", "date,bucket,objects,bytes\nx,a,1,1\n" + plain + "2026-10-02,a,1,1\n", MaxSessions - 1,
			"! 2 date is \"x\"; write YYYY-MM-DD, the day on which the night begins\n! 50002" + tail +
				" @10-01\n! 50002" + tail + " @10-02"},
		{"a log", log.String(), MaxSessions, "! 50001" + tail + " @10-02"},
		{"a document", "[" + strings.TrimSuffix(jobs.String(), ",\n") + "]", MaxSessions, "! 50001" + tail + " @10-02"},
		{"runs of rclone", rclone.String(), MaxSessions, "! 50001" + tail + " @02-04"},
	} {
		sessions, problems := parse(t, tt.text, Options{Modified: time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)})
		if got := say(nil, problems); len(sessions) != tt.sessions || got != tt.want {
			t.Errorf("%s: %d sessions and\n%s\nwant %d and\n%s", tt.name, len(sessions), got, tt.sessions, tt.want)
		}
	}
}

// What can't be read is kept up to a bound on problems, and takes no more memory than
// the text itself does, or not much.
func TestManyProblems(t *testing.T) {
	for name, text := range map[string]string{
		"lines":          resticStatus + "\n" + strings.Repeat("x\n", 2<<20),
		"empty lines":    "date,bytes\nx,1\n" + strings.Repeat("\n", 8<<20),
		"empty objects":  "[" + strings.Repeat("{},", 2<<20) + "{}]",
		"a wide row":     "date,bytes\n" + strings.Repeat(",", 4<<20),
		"rows in quotes": "date,bytes\n" + strings.Repeat("\"\n\",", 4<<20),
		"columns":        strings.Repeat("a,", 1<<20) + "\n" + strings.Repeat("1\n", 1<<20),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, problems := parse(t, text, options())
		runtime.ReadMemStats(&after)
		if len(problems) == 0 || len(problems) > maxProblems+1 {
			t.Errorf("%s: %d problems", name, len(problems))
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 400<<20 {
			t.Errorf("%s: %d MB were taken in %s", name, taken>>20, time.Since(began))
		}
	}
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, text := range []string{"date,bytes\n2026-10-01,1\n", resticSummary, "[" + resticSummary + "]"} {
		if sessions, _, err := Parse(ctx, []byte(text), options()); !errors.Is(err, context.Canceled) {
			t.Errorf("%d sessions, %v", len(sessions), err)
		}
	}
}

// Lines go to the first run in whose time they lie, in a file of any order.
func TestFindOwners(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	when := func() time.Time { return time.Unix(rng.Int64N(4000), 0) }
	for range 200 {
		var lines []rcloneLine
		var runs []*rcloneRun
		for range rng.IntN(50) {
			lines = append(lines, rcloneLine{at: when()})
		}
		for range rng.IntN(30) {
			began := when()
			runs = append(runs, &rcloneRun{began: began, told: began.Add(time.Duration(rng.IntN(400)) * time.Second)})
		}
		owner := make([]*rcloneRun, len(lines))
		findOwners(lines, runs, owner)
		for i, l := range lines {
			want := slices.IndexFunc(runs, func(r *rcloneRun) bool {
				return !l.at.Before(r.began.Add(-sameStart)) && !l.at.After(r.told.Add(afterwords))
			})
			if got := slices.Index(runs, owner[i]); got != want && (want >= 0 || owner[i] != nil) {
				t.Fatalf("run %d, want %d", got, want)
			}
		}
	}
}
