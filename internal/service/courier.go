package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/internal/jobs"
	"bucketproof/internal/mailer"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/scheduler"
)

// courier sends the mails and messages that wait in the state, until each is
// sent or refused for good.
type courier struct {
	*Service
	wakes [2]chan struct{}
	pause scheduler.Retry
	// unnoted are mails whose end could not be noted, by Message-ID; only mails uses
	// it.
	unnoted map[string]state.Mail
}

const (
	// patience is how long a mail or message is tried before someone must look.
	patience = 4 * 24 * time.Hour
	// grace is how long one that is being sent may take when the service ends.
	grace = 6 * time.Second
	// fewest is how often something is tried at least, whatever time has passed: a
	// machine that was off has not tried.
	fewest = 12
)

func newCourier(s *Service) *courier {
	return &courier{Service: s, wakes: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)},
		pause: scheduler.Retry{First: time.Minute, Longest: time.Hour}, unnoted: map[string]state.Mail{}}
}

// wake lets the courier look whether something is to be sent.
func (c *courier) wake() {
	for _, w := range c.wakes {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// run sends until ctx ends. Mails and messages do not wait for each other.
func (c *courier) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, round := range []func(context.Context) (time.Time, error){c.mails, c.messages} {
		group.Go(func() error {
			for ctx.Err() == nil {
				next, err := round(ctx)
				if err != nil && ctx.Err() == nil {
					c.log.Error("what waits to be sent could not be looked at", "error", err)
					next = c.clock.Now().Add(time.Minute)
				}
				// Commands queue, too, and can't wake this process.
				next = earlier(next, c.clock.Now().Add(time.Minute))
				if c.clock.Wait(ctx, next, c.wakes[i]) != nil {
					break
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// once tries everything that waits one time.
func (c *courier) once(ctx context.Context) error {
	_, merr := c.mails(ctx)
	_, err := c.messages(ctx)
	return errors.Join(merr, err)
}

// inFlight is a context for something that is being sent: it outlives ctx by the
// grace, so that its end can be noted.
func inFlight(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}

// early tells whether it is too early for something that is to be tried from a time
// on. A time that lies further ahead than any pause was set by a clock that was
// ahead.
func (c *courier) early(next time.Time) bool {
	now := c.clock.Now()
	return next.After(now) && next.Before(now.Add(24*time.Hour))
}

// mails sends the mails that are due, and returns when the next one is (zero for
// none).
func (c *courier) mails(ctx context.Context) (next time.Time, err error) {
	waiting, err := c.parts.State.Mails.Waiting(ctx)
	if err != nil {
		return next, err
	}
	post := jobs.Post{Parts: c.current()}
	for _, m := range waiting {
		if ctx.Err() != nil {
			return next, ctx.Err()
		}
		if c.early(m.Next) {
			next = earlier(next, m.Next)
			continue
		}
		if err := c.mail(ctx, &post, &m); err != nil {
			return next, err
		}
		if m.Status == state.MailWaiting {
			next = earlier(next, m.Next)
		}
	}
	return next, nil
}

// mail tries one mail and notes what became of it.
func (c *courier) mail(ctx context.Context, post *jobs.Post, m *state.Mail) error {
	if done, ok := c.unnoted[m.MessageID]; ok { // it was sent, and could not be noted
		*m = done
		return c.noteMail(ctx, m)
	}
	send, cancel := inFlight(ctx)
	defer cancel()
	err := post.Send(send, m)
	now := c.clock.Now()
	m.Attempts++
	switch {
	case err == nil:
		m.Status, m.Ended, m.Detail = state.MailSent, now, ""
		c.log.Info("a packet's mail was sent", "tenant", m.Tenant, "month", m.Month, "revision", m.Revision, "to",
			m.Email, "link", m.Link, "link_ends", m.LinkEnds)
	case errors.Is(err, jobs.ErrSuperseded), errors.Is(err, jobs.ErrNoContact):
		m.Status, m.Ended, m.Detail = state.MailWithheld, now, err.Error()
		c.log.Info("a packet's mail is not sent", "tenant", m.Tenant, "month", m.Month, "revision", m.Revision, "to",
			m.Email, "reason", err)
	case errors.Is(err, mailer.ErrRefused), errors.Is(err, deliver.ErrUnfit), m.Attempts >= fewest && now.Sub(m.Queued) > patience:
		m.Status, m.Ended, m.Detail = state.MailRefused, now, err.Error()
		c.log.Error("a packet's mail can't be sent", "tenant", m.Tenant, "month", m.Month, "to", m.Email, "error", err)
	default:
		m.Next, m.Detail = now.Add(c.pause.Pause(m.Attempts)), err.Error()
		c.log.Warn("a packet's mail was not sent and is tried again", "tenant", m.Tenant, "month", m.Month, "to",
			m.Email, "next", m.Next, "error", err)
	}
	return c.noteMail(ctx, m)
}

// noteMail notes what became of a mail. Where the state can't be written the mail
// is remembered, so that it is not sent again in the meantime.
func (c *courier) noteMail(ctx context.Context, m *state.Mail) error {
	if err := c.parts.State.Mails.Update(context.WithoutCancel(ctx), *m); err != nil {
		c.unnoted[m.MessageID] = *m
		return err
	}
	delete(c.unnoted, m.MessageID)
	return c.mailAlert(context.WithoutCancel(ctx), m)
}

// earlier is the earlier of two times, of which zero ones do not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// messages sends the messages that are due, and returns when the next one is.
func (c *courier) messages(ctx context.Context) (next time.Time, err error) {
	post := jobs.Post{Parts: c.current()}
	if err := post.TellFindings(ctx); err != nil {
		return next, err
	}
	for tried := map[int64]bool{}; ; {
		waiting, err := c.parts.State.Outbox.Waiting(ctx)
		if err != nil {
			return next, err
		}
		waiting, held, err := post.Held(ctx, waiting)
		if err != nil {
			return next, err
		}
		if err := c.tellHeld(ctx, held); err != nil {
			return next, err
		}
		worked := false
		for _, m := range waiting {
			if ctx.Err() != nil {
				return next, ctx.Err()
			}
			if c.early(m.Next) || tried[m.ID] {
				next = earlier(next, m.Next)
				continue
			}
			tried[m.ID], worked = true, true
			if err := c.message(ctx, &post, &m); err != nil {
				return next, err
			}
		}
		if !worked {
			return next, nil
		}
		next = time.Time{} // the ones behind those that went out are looked at
	}
}

// tellHeld raises and ends the alerts that tickets of tenants wait because there are so many.
func (c *courier) tellHeld(ctx context.Context, held map[string]int) error {
	alerts, err := c.parts.State.Alerts.Active(ctx)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, a := range alerts {
		told[a.Key] = true
	}
	for _, t := range c.config.Load().Tenants {
		if on := held[t.ID] > 0; on != told[jobs.HeldKey(t.ID)] {
			if err := c.raise(ctx, on, jobs.HeldAlert(t.ID, held[t.ID])); err != nil {
				return err
			}
		}
	}
	return nil
}

// message tries one message and notes what became of it.
func (c *courier) message(ctx context.Context, post *jobs.Post, m *state.Message) error {
	send, cancel := inFlight(ctx)
	defer cancel()
	err := post.Tell(send, m)
	now := c.clock.Now()
	m.Attempts++
	var asked *jobs.RefusedError
	switch {
	case err == nil:
		m.Status, m.Ended, m.Detail = state.MailSent, now, ""
		c.log.Info("told", "kind", m.Kind, "tenant", m.Tenant, "subject", m.Subject)
	case errors.As(err, &asked), errors.Is(err, mailer.ErrRefused), m.Attempts >= fewest && now.Sub(m.Queued) > patience:
		m.Status, m.Ended, m.Detail = state.MailRefused, now, err.Error()
		c.log.Error("another system can't be told", "kind", m.Kind, "tenant", m.Tenant, "subject", m.Subject, "error", err)
	default:
		m.Next, m.Detail = now.Add(max(c.pause.Pause(m.Attempts), jobs.RetryAfter(m, err))), err.Error()
		c.log.Warn("another system was not told and is told again", "kind", m.Kind, "tenant", m.Tenant, "subject",
			m.Subject, "next", m.Next, "error", err)
	}
	if err := c.parts.State.Outbox.Update(context.WithoutCancel(ctx), *m); err != nil {
		return err
	}
	return c.messageAlert(context.WithoutCancel(ctx), m)
}

// packetName is the name of a packet for people.
func packetName(tenant, month string, revision int) string {
	return fmt.Sprintf("%s/%s", tenant, report.PacketName(month, revision))
}
