package oracle

import (
	"strings"
	"time"
)

// Verdicts. A night can also be missed.
const (
	OK           = "ok"
	Attention    = "attention"
	Missed       = "missed"
	NotEvaluated = "not evaluated"
)

// Night is a backup window, judged.
type Night struct {
	Bucket  string
	Date    Date
	Window  interval
	Verdict string
	Reason  string // of not evaluated

	Removed  bool // attention: written and removed again
	Failing  bool // attention: writes or requests failed
	Stranger bool // attention: someone who is not mapped wrote or deleted
	Differs  bool // attention: the report of the backup tool does not agree

	Objects int              // different keys with a backup write, moved ones left out
	Bytes   int64            // of the last backup write of each of them
	Kept    map[string]int64 // the keys that are kept, and the bytes that count
	last    map[string]*Write
	records []*Record
}

func (n *Night) evaluated() bool { return n.Verdict != NotEvaluated }

// keepDays is how long what a night wrote must be there.
func (b *bucketView) keep() time.Duration { return time.Duration(keepDays(b.Bucket)) * 24 * time.Hour }

// judgeNights judges every night from the first record on to the end of the month.
func (b *bucketView) judgeNights() {
	month := b.v.Month
	d, end := month[0], month[len(month)-1]
	if len(b.all) > 0 && dateOf(b.all[0].Time, b.v.Zone).Before(d) {
		d = dateOf(b.all[0].Time, b.v.Zone)
	}
	for ; !end.Before(d); d = d.Add(1) {
		if w, due := window(b.Window, d, b.v.Zone); due {
			b.nights = append(b.nights, b.judgeNight(d, w))
		}
	}
}

func (b *bucketView) judgeNight(d Date, w interval) *Night {
	n := &Night{Bucket: b.Name, Date: d, Window: w, Kept: map[string]int64{}, last: map[string]*Write{}}
	for i := range b.records {
		if w.has(b.records[i].Time) {
			n.records = append(n.records, &b.records[i])
		}
	}
	for _, x := range b.objects.writes {
		if w.has(x.Time) && x.Backup {
			if !x.Moved {
				n.last[x.Object] = x
			}
		}
	}
	for key, x := range n.last {
		n.Objects++
		n.Bytes += x.Bytes
		if size, ok := b.kept(key, x); ok {
			n.Kept[key] = size
		}
	}
	var kept int64
	for _, size := range n.Kept {
		kept += size
	}
	n.Removed = len(n.Kept) < int(b.MinObjects) || 2*kept < n.Bytes
	n.Failing = b.failing(n)
	n.Stranger = b.stranger(n)
	n.Differs = b.differs(n)
	switch why := b.coverage.window(w); {
	case why != "":
		n.Verdict, n.Reason = NotEvaluated, why
	case !hasBackup(b.v.Tenant):
		n.Verdict, n.Reason = NotEvaluated, "nobody is a backup principal"
	case n.Objects < int(b.MinObjects):
		n.Verdict = Missed
	case n.Removed || n.Failing || n.Stranger || n.Differs:
		n.Verdict = Attention
	default:
		n.Verdict = OK
	}
	return n
}

// kept: the last event on the key up to keep_days after the write is a write that is not
// empty, by a backup principal. It counts with the smaller of the two sizes.
func (b *bucketView) kept(key string, w *Write) (int64, bool) {
	last, gone := b.objects.newest(key, w.Time.Add(b.keep()))
	if last == nil || gone != nil || !last.Who.Backup {
		return 0, false
	}
	return min(last.Bytes, w.Bytes), true
}

func isTry(r *Record) bool {
	return r.Key != "" && r.Is("REST.PUT.OBJECT", "REST.POST.OBJECT", "REST.COPY.OBJECT", "REST.POST.UPLOAD")
}

// failing: of the keys that backup principals tried to write, 1 in 20 or more failed and were
// not written in the window; or more than 1 in 20 of their requests failed, those left
// out of which the object was written all the same.
func (b *bucketView) failing(n *Night) bool {
	failures, written := map[string]int{}, map[string]bool{}
	for _, w := range b.objects.writes {
		if n.Window.has(w.Time) && w.Backup {
			written[w.Object] = true
		}
	}
	requests, errors := 0, 0
	for _, r := range n.records {
		if !b.v.whois(r.Requester).Backup {
			continue
		}
		requests++
		if r.Failed() && !probe(r) {
			errors++
		}
		begun := r.Key != "" && r.Is("REST.POST.UPLOADS", "REST.PUT.PART", "REST.COPY.PART")
		if (isTry(r) || begun) && r.Failed() { // to begin an upload is a try to write, too
			failures[r.object()]++
		}
	}
	failed := map[string]bool{}
	for key, n := range failures {
		if written[key] {
			errors -= n
		} else {
			failed[key] = true
		}
	}
	return len(failed) > 0 && 20*len(failed) >= len(failed)+n.Objects || 20*errors > requests
}

// probe: to ask with GET or HEAD for what is not there is no failure.
func probe(r *Record) bool {
	return r.Status == 404 && (strings.Contains(r.Operation, ".GET.") || strings.Contains(r.Operation, ".HEAD."))
}

// stranger: someone who is not mapped wrote or deleted. What lifecycle rules do is nobody's.
func (b *bucketView) stranger(n *Night) bool {
	for _, r := range n.records {
		w := b.v.whois(r.Requester)
		if w.Mapped || w.Backup || !r.Successful() || hasAnyPrefix(r.Operation, "S3.") {
			continue
		}
		// Assumed: a part is no write yet, a multi-object delete deletes.
		if isTry(r) || r.Is("REST.DELETE.OBJECT", "BATCH.DELETE.OBJECT", "REST.POST.MULTI_OBJECT_DELETE") {
			return true
		}
	}
	return false
}

// night is the one of a date, or nil.
func (b *bucketView) night(d Date) *Night {
	for _, n := range b.nights {
		if n.Date == d {
			return n
		}
	}
	return nil
}
