package analyze

import (
	"cmp"
	"slices"

	"bucketproof/internal/state"
)

const (
	// jobHistory is over how many nights that were reported a job's habits are learnt,
	// and leastJobHistory from how many on.
	jobHistory      = 7
	leastJobHistory = 3
	// maxCounted is up to how many runs a night those of a report that names no job
	// are counted. More are a job that runs all the time, now and then once less.
	maxCounted = 6
)

// jobs says of each job of a night how it ended: agrees, failed, warned, running,
// unclear, or missing where it told on most of the nights before and not on this one.
func (r *nightReports) jobs(n Night) map[string]string {
	byJob := r.byJob(n.Bucket, n.Date)
	out := map[string]string{}
	for job, list := range byJob {
		out[job] = r.jobState(n, job, list)
	}
	if len(byJob) == 0 {
		return out // the whole report is missing
	}
	for _, date := range r.reported(n, jobHistory) {
		for job := range r.byJob(n.Bucket, date) {
			if _, told := byJob[job]; !told && r.due(n, job) {
				out[job] = reportMissing
			}
		}
	}
	return out
}

func (r *nightReports) byJob(bucket, date string) map[string][]toldSession {
	out := map[string][]toldSession{}
	for _, s := range r.told[[2]string{bucket, date}] {
		out[s.job()] = append(out[s.job()], s)
	}
	return out
}

// jobState is how the sessions of one job left the night: as the last of them ended.
// One that went wrong is mended by a later one that went better. Of a report that
// names no jobs nobody knows whether the later one is a retry or another job: it
// counts as a retry only where the night has as many good sessions as usual.
func (r *nightReports) jobState(n Night, job string, list []toldSession) string {
	named := list[0].Named
	usual, known := r.usualRuns(n, job)
	enough := named || known && succeeded(list) >= usual
	worst := ReportAgrees
	for _, s := range list {
		is := map[string]string{"succeeded": ReportAgrees, "with warnings": reportWarned, "failed": reportFailed,
			state.SessionRunning: reportRunning}[s.State]
		is = cmp.Or(is, reportUnclear)
		later := slices.ContainsFunc(list, func(o toldSession) bool {
			if s.State == state.SessionRunning {
				return o.State != state.SessionRunning && !o.End.Before(s.Start)
			}
			return enough && graver(o.State) < graver(s.State) && o.State != state.SessionRunning &&
				o.Start.After(s.Start) && !o.Start.Before(s.End)
		})
		if !later && severity(is) > severity(worst) {
			worst = is
		}
	}
	if worst == ReportAgrees && !named && known && usual <= maxCounted && succeeded(list) < usual {
		return reportMissing
	}
	return worst
}

func succeeded(list []toldSession) (n int) {
	for _, s := range list {
		if s.State == "succeeded" {
			n++
		}
	}
	return n
}

func graver(state string) int {
	return slices.Index([]string{"succeeded", "with warnings", "unknown", "failed"}, state)
}

func severity(verdict string) int {
	return slices.Index([]string{ReportAgrees, reportWarned, reportUnclear, reportRunning, reportFailed}, verdict)
}

// reported are the latest nights before one of its bucket of which sessions were
// told, at most so many.
func (r *nightReports) reported(n Night, most int) (dates []string) {
	for _, date := range slices.Backward(r.dates[n.Bucket]) {
		if date < n.Date && len(dates) < most && len(r.told[[2]string{n.Bucket, date}]) > 0 {
			dates = append(dates, date)
		}
	}
	return dates
}

// usualRuns is how many good sessions a job has on most nights; known is false where
// too few nights tell.
func (r *nightReports) usualRuns(n Night, job string) (usual int, known bool) {
	var counts []int
	for _, date := range r.reported(n, jobHistory) {
		if list := r.byJob(n.Bucket, date)[job]; len(list) > 0 {
			counts = append(counts, succeeded(list))
		}
	}
	if len(counts) < leastJobHistory {
		return 0, false
	}
	slices.Sort(counts)
	return counts[(len(counts)-1)/2], true
}

// due tells whether a job told on most of the nights before, and does not rest on
// this weekday.
func (r *nightReports) due(n Night, job string) bool {
	nights := r.reported(n, jobHistory)
	if len(nights) < leastJobHistory || 2*r.tells(n.Bucket, job, nights) <= len(nights) {
		return false
	}
	sameDay := slices.DeleteFunc(r.reported(n, historyDays), func(date string) bool { return weekday(date) != weekday(n.Date) })
	return len(sameDay) == 0 || 2*r.tells(n.Bucket, job, sameDay) > len(sameDay) || r.began(n.Bucket, job) > sameDay[0]
}

// tells counts the nights of which a job told.
func (r *nightReports) tells(bucket, job string, dates []string) (n int) {
	for _, date := range dates {
		if len(r.byJob(bucket, date)[job]) > 0 {
			n++
		}
	}
	return n
}

// began is the first night of which a job told.
func (r *nightReports) began(bucket, job string) string {
	for _, date := range r.dates[bucket] {
		if len(r.byJob(bucket, date)[job]) > 0 {
			return date
		}
	}
	return ""
}
