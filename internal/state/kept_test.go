package state

import (
	"slices"
	"testing"
	"time"
)

// TestRuns: runs come back as they were noted, in their order, as far as they are asked for.
func TestRuns(t *testing.T) {
	s, ctx := opened(t), t.Context()
	put := func(r Run, minutes int, outcome string) Run {
		t.Helper()
		r.Started = noon.Add(time.Duration(minutes) * time.Minute)
		id, err := s.Runs.Start(ctx, r, r.Started)
		if err != nil {
			t.Fatal(err)
		}
		r.ID, r.Outcome = id, outcome
		if outcome != "running" {
			r.Ended, r.Detail, r.Error, r.Figures, r.NotBefore = r.Started.Add(time.Minute), "detail", "error", map[string]int64{"n": 1},
				r.Started.Add(time.Hour)
			if err := s.Runs.End(ctx, r, r.Ended); err != nil {
				t.Fatal(err)
			}
		} else {
			r.Figures = map[string]int64{}
		}
		return r
	}
	a := put(Run{Job: "check", Tenant: "acme", Period: "2026-10-01", Scheduled: noon}, 0, "done")
	b := put(Run{Job: "check", Tenant: "lodz", Scheduled: noon.Add(time.Hour)}, 1, "failed")
	c := put(Run{Job: "collect", Tenant: "acme"}, 2, "running")
	d := put(Run{Job: "check", Tenant: "acme", Scheduled: noon.Add(2 * time.Hour)}, 3, "attention")
	for _, f := range []struct {
		filter RunFilter
		want   []Run
	}{
		{RunFilter{}, []Run{a, b, c, d}},
		{RunFilter{Job: "check"}, []Run{a, b, d}},
		{RunFilter{Tenant: "acme"}, []Run{a, c, d}},
		{RunFilter{Outcome: "failed"}, []Run{b}},
		{RunFilter{Scheduled: noon.Add(time.Hour)}, []Run{b, d}},
		{RunFilter{Limit: 2}, []Run{c, d}},
		{RunFilter{Job: "check", Tenant: "acme", Outcome: "done", Limit: 9}, []Run{a}},
	} {
		got, err := s.Runs.List(ctx, f.filter)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the runs", got, f.want)
	}
	good, err := s.Runs.LastSuccesses(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the last good runs", good, []LastSuccess{{Job: "check", Tenant: "acme", Ended: d.Ended}})
	if err := s.Runs.CloseStale(ctx, "collect", c.Started, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Runs.List(ctx, RunFilter{Outcome: "running"}); err != nil || len(got) != 1 {
		t.Errorf("what began at the time itself is closed: %+v, %v", got, err)
	}
	if err := s.Runs.CloseStale(ctx, "collect", c.Started.Add(time.Minute), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Runs.List(ctx, RunFilter{Job: "collect"}); err != nil || got[0].Outcome != "interrupted" ||
		!got[0].Ended.Equal(noon.Add(time.Hour)) ||
		got[0].Error != "the process ended in the middle" {
		t.Errorf("%+v, %v", got, err)
	}
	for i, want := range []time.Time{noon, noon, noon.Add(time.Hour)} {
		if i == 2 {
			if err := s.Runs.SetOwedSince(ctx, "check", "acme", noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if at, err := s.Runs.OwedSince(ctx, "check", "acme", noon.Add(time.Duration(i)*time.Minute)); err != nil || !at.Equal(want) {
			t.Errorf("owed since %s, %v; want %s", at, err, want)
		}
	}
}

// TestWitnessesAreKept: what witnesses told comes back, and a day that could not be looked at
// takes nothing from one that was.
func TestWitnessesAreKept(t *testing.T) {
	s, ctx := opened(t), t.Context()
	good := TrailDay{Date: "2026-10-01", Zone: "UTC", Looked: noon,
		Chains: []TrailChain{{Account: "1", Region: "r", Trail: "t", Whole: 24 * time.Hour,
			Proven: 23 * time.Hour, Digests: 24, DigestsValid: 23, Logs: 5, LogsValid: 4}},
		Problems: []TrailProblem{{Kind: "gap", From: noon, To: noon.Add(time.Hour), Text: "x", Tampering: true}}}
	failed := TrailDay{Date: "2026-10-01", Zone: "UTC", Looked: noon.Add(time.Hour), Failure: "no access"}
	elsewhere := TrailDay{Date: "2026-10-01", Zone: "Europe/Paris", Looked: noon.Add(time.Hour), Failure: "no access"}
	better := good
	better.Looked = noon.Add(2 * time.Hour)
	for _, c := range []struct {
		put  TrailDay
		zone string
		want []TrailDay
	}{{failed, "UTC", []TrailDay{failed}}, {good, "UTC", []TrailDay{good}}, {failed, "UTC", []TrailDay{good}},
		{better, "UTC", []TrailDay{better}},
		{elsewhere, "Europe/Paris", []TrailDay{elsewhere}}, {elsewhere, "UTC", nil}} {
		if err := s.Witnesses.PutTrailDays(ctx, "acme", []TrailDay{c.put}); err != nil {
			t.Fatal(err)
		}
		days, err := s.Witnesses.TrailDays(ctx, "acme", c.zone, "2026-10-01", "2026-10-01")
		if err != nil {
			t.Fatal(err)
		}
		var got []TrailDay
		for _, d := range days {
			got = append(got, d)
		}
		same(t, "the day of the trail", got, c.want)
	}
	if days, err := s.Witnesses.TrailDays(ctx, "lodz", "Europe/Paris", "2026-10-01", "2026-10-01"); err != nil || len(days) != 0 {
		t.Errorf("of another tenant: %+v, %v", days, err)
	}
	metric := MetricDay{Bucket: "b", Date: "2026-10-02", Zone: "UTC", Looked: noon, Values: map[string]float64{"AllRequests": 7}}
	worse := MetricDay{Bucket: "b", Date: "2026-10-02", Zone: "UTC", Looked: noon.Add(time.Hour), Failure: "no access"}
	if err := s.Witnesses.PutMetricDays(ctx, "acme", []MetricDay{metric}); err != nil {
		t.Fatal(err)
	}
	if err := s.Witnesses.PutMetricDays(ctx, "acme", []MetricDay{worse}); err != nil {
		t.Fatal(err)
	}
	days, err := s.Witnesses.MetricDays(ctx, "acme", "UTC", "2026-10-01", "2026-10-02")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the metrics", days, map[[2]string]MetricDay{{"b", "2026-10-02"}: metric})
	for _, c := range []struct {
		bucket, date string
		since        time.Time
		want         bool
	}{{"b", "2026-10-02", noon.Add(-time.Second), true}, {"b", "2026-10-02", noon, false},
		{"c", "2026-10-02", noon.Add(-time.Second), false},
		{"b", "2026-10-01", noon.Add(-time.Second), false}, {"", "2026-10-01", noon, false}} {
		if got, err := s.Witnesses.LookedSince(ctx, "acme", c.bucket, c.date, c.since); err != nil || got != c.want {
			t.Errorf("%+v: %t, %v", c, got, err)
		}
	}
	looks := []LoggingLook{{Bucket: "b", Looked: noon, Found: []LoggingFound{{"target", "ok", "x"}}},
		{Bucket: "a", Looked: noon.Add(time.Hour)},
		{Bucket: "b", Looked: noon.Add(time.Hour), Found: []LoggingFound{{"target", "wrong", "y"}}}}
	for _, l := range looks {
		if err := s.Witnesses.PutLoggingLook(ctx, "acme", l); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Witnesses.LoggingLooks(ctx, "acme", noon, noon.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the looks", got, looks)
	if got, err := s.Witnesses.LoggingLooks(ctx, "acme", noon.Add(time.Second), noon.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of another time: %+v, %v", got, err)
	}
	if at, err := s.Witnesses.FirstLook(ctx, "acme", "b"); err != nil || !at.Equal(noon) {
		t.Errorf("first looked at %s, %v", at, err)
	}
	if at, err := s.Witnesses.FirstLook(ctx, "acme", "c"); err != nil || !at.IsZero() {
		t.Errorf("first looked at %s, %v", at, err)
	}
}

// TestAlertsAndNotes: alerts last until they end and are told at both times; tickets and notes
// are as they were last put.
func TestAlertsAndNotes(t *testing.T) {
	s, ctx := opened(t), t.Context()
	raise := func(on bool, at, since time.Time, want bool) {
		t.Helper()
		told := time.Time{}
		changed, err := s.Alerts.Set(ctx, "k", "title", on, at, func(since time.Time) []Message {
			told = since
			return []Message{{Kind: AlertMail, Subject: "k", Payload: []byte("{}")}}
		})
		if err != nil || changed != want || !told.Equal(since) {
			t.Errorf("on %t: changed %t, since %s, %v", on, changed, told, err)
		}
	}
	raise(false, noon, time.Time{}, false)
	raise(true, noon, noon, true)
	raise(true, noon.Add(time.Hour), time.Time{}, false)
	alerts, err := s.Alerts.Active(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the alerts", alerts, []Alert{{Key: "k", Title: "title", Since: noon}})
	raise(false, noon.Add(2*time.Hour), noon, true)
	if alerts, err := s.Alerts.Active(ctx); err != nil || len(alerts) != 0 {
		t.Errorf("%+v, %v", alerts, err)
	}
	messages, err := s.Outbox.Newest(ctx, 10)
	if err != nil || len(messages) != 2 {
		t.Fatalf("%+v, %v", messages, err)
	}
	m := messages[0]
	m.Kind, m.Status, m.Ended, m.Detail, m.Attempts, m.Next = TicketOpen, MailSent, noon.Add(3*time.Hour), "told", 4, noon.Add(time.Minute)
	if err := s.Outbox.Update(ctx, m); err != nil {
		t.Fatal(err)
	}
	counts, err := s.Outbox.Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the counts", counts, []Count{{Of: []string{AlertMail, MailSent}, N: 1}, {Of: []string{AlertMail, MailWaiting}, N: 1}})
	for i, want := range []int{2, 1} { // what waits is not dropped, however old it is
		if err := s.Outbox.DropBefore(ctx, noon.Add(time.Duration(3+i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Outbox.Newest(ctx, 10); err != nil || len(list) != want || list[want-1].Status != MailWaiting {
			t.Errorf("%+v, %v", list, err)
		}
	}

	none := Ticket{Finding: "f", System: "jira"}
	made := Ticket{Finding: "f", System: "jira", Ref: "OPS-1", URL: "https://x"}
	closed := made
	closed.Closed, closed.URL = true, "https://y"
	for i, want := range []Ticket{none, made, closed} {
		if i > 0 {
			if err := s.Tickets.Put(ctx, want); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Tickets.Of(ctx, "f", "jira")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the ticket", got, want)
	}
	for _, want := range []string{"one", "two", ""} {
		if want == "" {
			err = s.Notes.Drop(ctx, "n")
		} else {
			err = s.Notes.Put(ctx, "n", want)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Notes.Get(ctx, "n"); err != nil || got != want {
			t.Errorf("the note is %q, %v; want %q", got, err, want)
		}
	}
}

// TestMailsAreKept: mails come back as they were queued and as what became of them.
func TestMailsAreKept(t *testing.T) {
	s, ctx := opened(t), t.Context()
	p := Published{Tenant: "acme", Month: "2026-10", Revision: 2, At: noon}
	queued := []Mail{{Email: "b@x", Name: "B", Role: "auditor", MessageID: "1"}, {Email: "a@x", MessageID: "2"}}
	if err := s.Packets.Announce(ctx, p, queued, []Message{{Kind: AttachPacket, Tenant: "acme", Subject: "s",
		Payload: []byte("{}")}}, noon); err != nil {
		t.Fatal(err)
	}
	want := Mail{Tenant: "acme", Month: "2026-10", Revision: 2, Email: "b@x", Sending: 1, Name: "B", Role: "auditor", MessageID: "1",
		Status: MailWaiting, Next: noon, Queued: noon}
	waiting, err := s.Mails.Waiting(ctx)
	if err != nil || len(waiting) != 2 || waiting[0].Email != "a@x" {
		t.Fatalf("%+v, %v", waiting, err)
	}
	same(t, "the mail", waiting[1], want)
	want.Status, want.Attempts, want.Next, want.Detail, want.Link, want.LinkEnds, want.Ended = MailSent, 3,
		noon.Add(time.Minute), "d", "page",
		noon.Add(time.Hour), noon.Add(2*time.Hour)
	if err := s.Mails.Update(ctx, want); err != nil {
		t.Fatal(err)
	}
	all, err := s.Mails.Of(ctx, "")
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	same(t, "the sent mail", all[1], want)
	for _, c := range []struct {
		from, to time.Duration
		n        int
	}{{0, 2 * time.Hour, 0}, {2 * time.Hour, 3 * time.Hour, 1}, {3 * time.Hour, 4 * time.Hour, 0}} {
		if got, err := s.Mails.Between(ctx, "acme", noon.Add(c.from), noon.Add(c.to)); err != nil || len(got) != c.n {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	// By hand: the one that waits anew, and behind the sent one another.
	id := func(m Mail) string { return m.Email + " again" }
	if err := s.Mails.Queue(ctx, p, queued, id, noon.Add(5*time.Hour)); err != nil {
		t.Fatal(err)
	}
	waiting, err = s.Mails.Waiting(ctx)
	if err != nil || len(waiting) != 2 || waiting[0].MessageID != "2" || !waiting[0].Queued.Equal(noon.Add(5*time.Hour)) ||
		waiting[1].MessageID != "b@x again" || waiting[1].Sending != 2 {
		t.Errorf("%+v, %v", waiting, err)
	}
	counts, err := s.Mails.Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the counts", counts, []Count{{Of: []string{MailSent}, N: 1}, {Of: []string{MailWaiting}, N: 2}})
	published, err := s.Packets.Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the packets", published, []Count{{Of: []string{"acme"}, N: 1}})
	messages, err := s.Outbox.Newest(ctx, 10)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%+v, %v", messages, err)
	}
	m := messages[0]
	if err := s.Outbox.Queue(ctx, []Message{{Kind: TicketOpen, Tenant: "acme", Subject: "f", Payload: []byte("{}")}}, noon); err != nil {
		t.Fatal(err)
	}
	if messages, err = s.Outbox.Newest(ctx, 1); err != nil || len(messages) != 1 || messages[0].Kind != TicketOpen ||
		m.Kind != AttachPacket {
		t.Fatalf("%+v, %v", messages, err)
	}
	told := messages[0]
	told.Status, told.Ended = MailSent, noon.Add(time.Hour)
	if err := s.Outbox.Update(ctx, told); err != nil {
		t.Fatal(err)
	}
	for since, want := range map[time.Duration]int{0: 1, time.Hour: 0} {
		if n, err := s.Outbox.TicketsOpened(ctx, noon.Add(since)); err != nil || n["acme"] != want {
			t.Errorf("since %s there were opened %v, %v", since, n, err)
		}
	}
	if err := s.Packets.Announce(ctx, p, slices.Clone(queued),
		[]Message{{Kind: AttachPacket, Tenant: "acme", Subject: "s", Payload: []byte("{}")}}, noon); err != nil {
		t.Fatal(err)
	}
	if messages, err = s.Outbox.Newest(ctx, 10); err != nil || len(messages) != 2 {
		t.Errorf("announced twice: %+v, %v", messages, err)
	}
}
