package scheduler

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"bucketproof/internal/wallclock"
)

// ParseCron reads a cron line of five fields as wall-clock times in loc. A change of
// daylight saving neither drops nor doubles a run: a time that the clocks skip is the
// moment of the change, and a time that they show twice is the first. A line that names
// every hour runs in every hour that passes.
func ParseCron(line string, loc *time.Location) (cron.Schedule, error) {
	s, err := cron.ParseStandard(line)
	if err != nil {
		return nil, fmt.Errorf("cron line %q: %w", line, err)
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok { // @every: a distance, not a time of day
		return s, nil
	}
	const hours = 1<<24 - 1
	if spec.Hour&hours == hours {
		spec.Location = loc
		return spec, nil
	}
	spec.Location = time.UTC
	return wallSchedule{spec: spec, loc: loc}, nil
}

// wallSchedule asks for the times on the wall, as if they were UTC, and turns
// them into instants.
type wallSchedule struct {
	spec *cron.SpecSchedule
	loc  *time.Location
}

func (s wallSchedule) Next(at time.Time) time.Time {
	l := at.In(s.loc)
	// A day back, so that a time that the clocks skipped or show again is seen.
	wall := time.Date(l.Year(), l.Month(), l.Day()-1, l.Hour(), l.Minute(), 0, 0, time.UTC)
	for {
		wall = s.spec.Next(wall)
		if wall.IsZero() {
			return wall
		}
		next := wallclock.Instant(s.loc, wall, wall.Hour()*60+wall.Minute())
		if next.After(at) {
			return next.In(s.loc)
		}
	}
}

// Next is the first time after at when a cron line of five fields is due in the zone, as
// [ParseCron] reads it; zero if it never is.
func Next(line string, loc *time.Location, at time.Time) (time.Time, error) {
	s, err := ParseCron(line, loc)
	if err != nil {
		return time.Time{}, err
	}
	return s.Next(at), nil
}
