package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// raise starts or ends an alert, and tells those who are to hear of it.
func (s *Service) raise(ctx context.Context, on bool, a jobs.Alert) error {
	c := s.config.Load()
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	changed, err := s.parts.State.Alerts.Set(ctx, a.Key, a.Title, on, s.clock.Now(), func(since time.Time) (out []state.Message) {
		a.Host, a.Since, a.Ended = host, since.UTC(), !on
		add := func(kind, to string) {
			a.To = to
			payload, err := json.Marshal(a)
			if err != nil { // an Alert holds nothing that JSON can't
				s.log.Error("an alert could not be written", "alert", a.Key, "error", err)
				return
			}
			// Each receiver gets its own in their order.
			out = append(out, state.Message{Kind: kind, Tenant: a.Tenant, Subject: a.Key + " " + to, Payload: payload})
		}
		if c.Mail.SMTP != "" {
			for _, to := range c.Alerts.Mail {
				add(state.AlertMail, to)
			}
		}
		if c.Alerts.WebhookEnv != "" {
			add(state.AlertWebhook, "")
		}
		return out
	})
	if changed && on {
		s.log.Error("alert", "alert", a.Key, "tenant", a.Tenant, "title", a.Title, "text", a.Text, "what_to_do", a.What)
	}
	if changed && !on {
		s.log.Info("an alert is over", "alert", a.Key, "tenant", a.Tenant, "title", a.Title)
	}
	if changed {
		s.courier.wake()
	}
	return err
}

// judge looks whether a job has failed too often for a tenant.
func (s *Service) judge(ctx context.Context, t scheduler.Task, last error) error {
	failures, err := s.parts.State.Runs.Streak(ctx, t.Job, t.Tenant, scheduler.FreeStarts)
	if err != nil {
		return err
	}
	limit := s.config.Load().Alerts.Failures
	if on := failures >= limit; on || failures == 0 {
		a := jobs.Alert{Key: "job/" + t.Job + "/" + t.Tenant,
			Title: fmt.Sprintf("The job %s failed %d times in a row", t.Job, max(failures, limit)), Tenant: t.Tenant, Job: t.Job,
			What: "Look at the error. `bucketproof doctor` looks for its cause. The job goes on being tried; " +
				"nothing that is missed is lost for " + fmt.Sprint(s.config.Load().Service.CatchUpDays) + " days."}
		if last != nil {
			a.Text = "The last error: " + last.Error()
		}
		err = s.raise(ctx, on, a)
	}
	return err
}

// around is how often the service looks at itself.
const around = time.Minute

// lookAround keeps the metrics fresh, and looks for logs that have stopped, also
// where collecting itself does not end.
func (s *Service) lookAround(ctx context.Context) error {
	for i := 1; s.clock.Wait(ctx, s.clock.Now().Add(around), nil) == nil; i++ {
		err := s.watch.refresh(ctx, i%30 == 0)
		if i%30 == 0 {
			err = errors.Join(err, s.silence(ctx), s.stuck(ctx))
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("the service could not look at itself", "error", err)
		}
	}
	return nil
}

// silence raises an alert for each bucket whose log objects have stopped coming.
func (s *Service) silence(ctx context.Context) error {
	c := s.config.Load()
	all, err := s.parts.State.Ledger.Figures(ctx)
	if err != nil {
		return err
	}
	newest := map[string]time.Time{}
	for _, b := range all {
		newest[b.Bucket] = b.Newest
	}
	if err := s.overs(ctx); err != nil {
		return err
	}
	limit := time.Duration(c.Alerts.SilenceHours) * time.Hour
	for _, t := range c.Tenants {
		since, err := s.parts.State.Runs.OwedSince(ctx, Collect, t.ID, s.clock.Now())
		if err != nil {
			return err
		}
		for _, b := range t.Buckets {
			if err := s.raise(ctx, silent(newest[b.Name], since, s.clock.Now(), limit),
				silenceAlert(t, b, newest[b.Name], limit)); err != nil {
				return err
			}
		}
	}
	return nil
}

// stuckAfter is after which time a run that gets no further is told.
const stuckAfter = 2 * time.Hour

// moved notes that the collection has come to another place, or read more of it. Objects that
// can't be read are no progress.
func (s *Service) moved(p collect.Progress) {
	at := collect.Progress{Source: p.Source, Read: p.Read, Records: p.Records}
	if last := s.reached.Swap(&at); last == nil || !reflect.DeepEqual(*last, at) {
		s.progress.Store(s.clock.Now().UnixMilli())
	}
}

// stuck raises an alert for each job that has been at work for long and gets no further:
// none of its runs ends and, of collecting, no log object is read.
func (s *Service) stuck(ctx context.Context) error {
	running, err := s.parts.State.Runs.List(ctx, state.RunFilter{Outcome: scheduler.Running})
	if err != nil {
		return err
	}
	for _, job := range []string{Collect, Check, Report, Revise} {
		var waits []string
		var since time.Time
		for _, r := range running {
			last := r.Started
			if at := time.UnixMilli(s.progress.Load()); job == Collect && at.After(last) {
				last = at
			}
			if r.Job == job && !r.Scheduled.IsZero() && s.clock.Now().Sub(last) > stuckAfter {
				waits, since = append(waits, r.Tenant), last
			}
		}
		who := strings.Join(waits[:min(len(waits), 5)], ", ")
		if n := len(waits) - 5; n > 0 {
			who += fmt.Sprintf(" and %d more", n)
		}
		a := jobs.Alert{Key: "stuck/" + job, Job: job, Title: "The job " + job + " gets no further",
			Text: fmt.Sprintf("It is at work for %s, and nothing of it has ended since %s.", who,
				since.UTC().Format("2 January 2006, 15:04 UTC")),
			What: "`bucketproof doctor` tells which place does not answer. Restart the service once it does. Until " +
				"the job ends, nothing that it would find is known."}
		if err := s.raise(ctx, len(waits) > 0, a); err != nil {
			return err
		}
	}
	return nil
}

// overs ends alerts that nothing else can end: of a tenant or a bucket that is no
// longer in the configuration, and after a month of a message that was refused for
// good.
func (s *Service) overs(ctx context.Context) error {
	alerts, err := s.parts.State.Alerts.Active(ctx)
	if err != nil {
		return err
	}
	c := s.config.Load()
	for _, a := range alerts {
		parts := strings.Split(a.Key, "/")
		at := map[string]int{"job": 2, "silence": 1, "mail": 1, "tickets": 1}[parts[0]]
		if at == 0 || len(parts) <= at {
			continue
		}
		t, known := c.Tenant(parts[at])
		text := "The tenant " + parts[at] + " is no longer in the configuration."
		switch {
		case !known:
		case parts[0] == "silence" && !slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == parts[2] }):
			text = "The bucket " + parts[2] + " is no longer in the configuration."
		case parts[0] == "tickets" && s.clock.Now().Sub(a.Since) > forgotten:
			text = "It was not told again; the alert is a month old."
		default:
			continue
		}
		if err := s.raise(ctx, false, jobs.Alert{Key: a.Key, Title: a.Title, Text: text, Tenant: parts[at]}); err != nil {
			return err
		}
	}
	return nil
}

// forgotten is after which time an alert about a message that was refused for good
// ends.
const forgotten = 30 * 24 * time.Hour

// silent tells whether nothing has come for too long: since the newest log
// object, or since the tenant is served where none ever came.
func silent(newest, served, now time.Time, limit time.Duration) bool {
	if newest.IsZero() {
		newest = served
	}
	return now.Sub(newest) > limit
}

func silenceAlert(t config.Tenant, b config.Bucket, newest time.Time, limit time.Duration) jobs.Alert {
	last := "None was ever collected."
	if !newest.IsZero() {
		last = "The newest is of " + newest.In(t.Location).Format("2 January 2006, 15:04 ") + t.Location.String() + "."
	}
	return jobs.Alert{
		Key: "silence/" + t.ID + "/" + b.Name, Tenant: t.ID, Job: Collect, Title: "No access log arrives for the bucket " + b.Name,
		Text: fmt.Sprintf("No log object came to %s for more than %d hours. %s", b.Logs.Text, int(limit.Hours()), last),
		What: "Look whether server access logging of the bucket is on, whether its target is the configured " +
			"location, and whether logging.s3.amazonaws.com may still write there. Nights without a log are not evaluated in the packet.",
	}
}

// overdue tells whether something has waited for so long that someone should look.
func (s *Service) overdue(status string, queued time.Time) bool {
	return status == state.MailWaiting && s.clock.Now().Sub(queued) > 6*time.Hour
}

// mailAlert tells of a packet's mail that nobody gets.
func (s *Service) mailAlert(ctx context.Context, m *state.Mail) error {
	on := m.Status == state.MailRefused || s.overdue(m.Status, m.Queued)
	if m.Status == state.MailWaiting && !on {
		return nil
	}
	return s.raise(ctx, on, jobs.Alert{
		Key: "mail/" + packetName(m.Tenant, m.Month, m.Revision) + "/" + m.Email, Tenant: m.Tenant,
		Title: fmt.Sprintf("The packet %s can't be sent to %s", packetName(m.Tenant, m.Month, m.Revision), m.Email),
		Text:  "The last error: " + m.Detail,
		What: fmt.Sprintf("Mend the cause, then send it again: bucketproof mail send --tenant %s --month %s --to %s",
			m.Tenant, m.Month, m.Email),
	})
}

// messageAlert tells of a ticket system that does not take a message. An alert
// that can't be told itself stands in the log and in the metrics.
func (s *Service) messageAlert(ctx context.Context, m *state.Message) error {
	on := m.Status == state.MailRefused || s.overdue(m.Status, m.Queued)
	if m.Kind == state.AlertMail || m.Kind == state.AlertWebhook || m.Status == state.MailWaiting && !on {
		return nil
	}
	return s.raise(ctx, on, jobs.Alert{
		Key: "tickets/" + m.Tenant + "/" + m.Kind + "/" + m.Subject, Tenant: m.Tenant,
		Title: fmt.Sprintf("The ticket system was not told about %s (%s)", m.Subject, m.Kind), Text: "The last error: " + m.Detail,
		What: "Mend the cause in [tickets]. A message that waits is told again for four days; behind that the " +
			"ticket must be opened or closed by hand.",
	})
}
