package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/signing"
	"bucketproof/scheduler"
)

// Stored is a packet with the place where it is.
type Stored struct {
	Packet *report.Packet
	Result deliver.Result
	Began  time.Time // what is collected from here on may not be in the packet
}

// PublishOptions say how a packet is published. Zero fields ask for nothing.
type PublishOptions struct {
	Held        func(context.Context) error // asked before it becomes a finished packet
	Want        func(*report.Packet) bool   // asked before it is stored; the error is ErrNotWanted otherwise
	Uncollected bool                        // also where a place of logs was not collected since the end of the month
}

// ErrNotWanted means that a packet was built and left.
var ErrNotWanted = errors.New("the packet says nothing else yet")

// Publish builds the packet of a month and stores it.
func (p *Parts) Publish(ctx context.Context, data analyze.Dataset, t config.Tenant, month string,
	opts PublishOptions) (s Stored, err error) {
	s.Began = p.Now()
	if !opts.Uncollected {
		place, err := p.uncollected(ctx, t, month)
		if err == nil && place != "" {
			err = &UncollectedError{place}
		}
		if err != nil {
			return s, err
		}
	}
	signer, err := signing.Load(ctx, p.Config.Signing, p.Config.AWS, p.Now)
	if err != nil {
		return s, err
	}
	e := p.Config.Evidence
	store, err := objects.Open(ctx, e.URL, p.Config.AWS)
	if err != nil {
		return s, err
	}
	if err := isOver(ctx, store, t, month); err != nil {
		return s, err
	}
	if s.Packet, err = p.Build(ctx, data, t, month, true); err != nil {
		return s, err
	}
	if opts.Want != nil && !opts.Want(s.Packet) {
		return s, ErrNotWanted
	}
	if s.Packet.Totals.Records == 0 {
		p.Log.Warn("the dataset holds no record of this month; the packet says that nothing could be evaluated. Was it collected?",
			"tenant", t.ID, "month", month)
	}
	place := deliver.Place{Store: store, URL: e.URL, LockMode: e.LockMode,
		RetainUntil: p.Now().AddDate(0, 0, e.LockDays), KMSKey: e.KMSKey, Signer: signer, Log: p.Log, Held: opts.Held}
	s.Result, err = deliver.Publish(ctx, place, s.Packet)
	return s, err
}

// Build makes the packet of a month without storing it. Check runs the checks of
// the month first.
func (p *Parts) Build(ctx context.Context, data analyze.Dataset, t config.Tenant, month string,
	check bool) (packet *report.Packet, err error) {
	look, err := packetLook(p.Config, t)
	if err != nil {
		return nil, err
	}
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return nil, err
	}
	if check {
		if err := p.Witness(ctx, t, r); err != nil {
			return nil, err
		}
	}
	leave, err := p.enter(ctx, data, t, r)
	if err != nil {
		return nil, err
	}
	defer leave()
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if check {
		if _, err := v.Check(ctx, p.Now()); err != nil {
			return nil, err
		}
		// A log object of an earlier month that changed since is an open finding of this one.
		if _, err := p.checkLate(ctx, data, t, r.First.Format(time.DateOnly)); err != nil {
			return nil, err
		}
	}
	earlier, err := analyze.Month(t.Location, r.First.AddDate(0, -1, 0).Format("2006-01"))
	if err != nil {
		return nil, err
	}
	in := report.Input{View: v, Catalog: data.Catalog, State: p.State, Month: month, Version: p.Version, Look: look,
		Signed: p.Config.Signing.Signs()}
	nothing, err := analyze.Empty(ctx, data, t, earlier)
	if err != nil {
		return nil, err
	}
	if !nothing {
		before, err := analyze.Open(ctx, data, t, earlier)
		switch {
		case errors.Is(err, analyze.ErrRetired): // nothing to compare with
		case err != nil:
			return nil, err
		default:
			in.Previous = before
			defer func() { err = errors.Join(err, before.Close()) }()
		}
	}
	return report.Build(ctx, in)
}

// packetLook reads the files that make a packet look as it does.
func packetLook(c *config.Config, t config.Tenant) (report.Look, error) {
	look := report.Look{MSP: c.Report.MSP, Accent: c.Report.Accent, Paper: t.Paper}
	if c.Report.Logo != "" {
		body, err := os.ReadFile(c.Report.Logo)
		if err != nil {
			return look, err
		}
		look.Logo = body
	}
	for _, path := range c.Report.Fonts {
		body, err := os.ReadFile(path)
		if err != nil {
			return look, err
		}
		look.Fonts = append(look.Fonts, body)
	}
	return look, nil
}

// PublishOnce publishes the packet of a month that a schedule asks for, once
// over all machines that share the evidence place, and queues its mails.
func (p *Parts) PublishOnce(ctx context.Context, data analyze.Dataset, t config.Tenant, task scheduler.Task,
	opts OnceOptions) scheduler.Result {
	fail := func(err error) scheduler.Result {
		return scheduler.Result{Err: fmt.Errorf("%s %s of %s: %w", task.Job, task.Period, t.ID, err)}
	}
	place, err := p.uncollected(ctx, t, task.Period)
	if err != nil {
		return fail(err)
	}
	if place != "" {
		return scheduler.Result{Detail: "the logs at " + place +
			" were not collected since the end of the month, so its packet waits", NotBefore: p.Now().Add(logsPause)}
	}
	store, err := objects.Open(ctx, p.Config.Evidence.URL, p.Config.AWS)
	if err != nil {
		return fail(err)
	}
	latest := func(ctx context.Context) (int, error) { return deliver.Latest(ctx, store, t.ID, task.Period) }
	job := deliver.Work{Tenant: t.ID, Month: task.Period}
	if opts.Again {
		job.Scheduled = task.Scheduled
	}
	claim, err := p.knownClaim(ctx, job)
	if err != nil {
		return fail(err)
	}
	opts.Claims.Known = claim.number
	lease, err := opts.Claims.Take(ctx, job, latest)
	var held *deliver.HeldError
	var done *deliver.FinishedError
	switch {
	case errors.As(err, &held):
		return scheduler.Result{Detail: held.Error(), NotBefore: held.Until}
	case errors.As(err, &done):
		own := done.Owner.Instance == opts.Claims.Owner.Instance || done.Fencing == claim.number
		err := p.finished(ctx, t, task.Period, done, own)
		if err == nil {
			err = claim.forget(ctx)
		}
		if err != nil {
			return fail(err)
		}
		return scheduler.Result{Detail: done.Error(), Figures: map[string]int64{"revision": int64(done.Revision)}}
	case err != nil:
		return fail(err)
	}
	if err := claim.note(ctx, lease.Number); err != nil {
		return fail(err)
	}
	kept, stop := lease.Keep(ctx)
	w := work{Parts: p, data: data, tenant: t, month: task.Period, lease: lease, latest: latest, opts: opts}
	r, err := w.publish(kept)
	stop()
	switch {
	case errors.Is(err, ErrNotWanted):
		err = lease.Release(context.WithoutCancel(ctx))
		r = scheduler.Result{Detail: ErrNotWanted.Error()}
	case err != nil:
		err = errors.Join(err, lease.Release(context.WithoutCancel(ctx)))
	}
	if err == nil {
		err = claim.forget(context.WithoutCancel(ctx))
	}
	if err != nil {
		return fail(err)
	}
	return r
}

// OnceOptions are those of one publication.
type OnceOptions struct {
	Claims deliver.Claims
	Want   func(*report.Packet) bool // as in [PublishOptions]
	// Again asks for the month once more for each scheduled time, and not once for
	// all.
	Again bool
}

// knownClaim is what the state knows of this data folder's own claim on a work. A
// container has another host name after each start, so that the name alone does
// not tell whose a claim is.
type knownClaim struct {
	notes  *state.Notes
	name   string
	number int
}

// claimNote begins the names of the notes about claims.
const claimNote = "claim/"

// own tells whether a claim is this data folder's, by its notes.
func (p *Parts) own(ctx context.Context) func(work string, number int) (bool, error) {
	return func(work string, number int) (bool, error) {
		text, err := p.State.Notes.Get(ctx, claimNote+work)
		return text == strconv.Itoa(number), err
	}
}

func (p *Parts) knownClaim(ctx context.Context, w deliver.Work) (c knownClaim, err error) {
	c = knownClaim{notes: p.State.Notes, name: claimNote + w.String()}
	text, err := p.State.Notes.Get(ctx, c.name)
	if err == nil && text != "" {
		c.number, err = strconv.Atoi(text)
	}
	return c, err
}

func (c knownClaim) note(ctx context.Context, number int) error {
	return c.notes.Put(ctx, c.name, strconv.Itoa(number))
}

func (c knownClaim) forget(ctx context.Context) error { return c.notes.Drop(ctx, c.name) }

// finished notes a packet that is published already. One that this data folder has
// published is announced, unless it was: its process ended in between. One of
// another machine is that machine's to announce.
func (p *Parts) finished(ctx context.Context, t config.Tenant, month string, done *deliver.FinishedError, own bool) error {
	o, err := deliver.OpenPacket(ctx, p.Config.Evidence.URL, p.Config.AWS, t.ID, month, done.Revision)
	if err != nil {
		return err
	}
	published := state.Published{Tenant: t.ID, Month: month, Revision: done.Revision, At: done.At, Provisional: o.Manifest.Provisional}
	if own {
		return p.Announce(ctx, t, published)
	}
	return p.State.Packets.Put(ctx, published)
}

// work is a packet that is claimed.
type work struct {
	*Parts
	data   analyze.Dataset
	tenant config.Tenant
	month  string
	lease  *deliver.Lease
	latest func(context.Context) (int, error)
	opts   OnceOptions
	// elsewhere is that another machine has published what there is.
	elsewhere bool
}

func (w *work) publish(ctx context.Context) (scheduler.Result, error) {
	published, detail, err := w.adopt(ctx)
	if err == nil && published == nil {
		published, detail, err = w.make(ctx)
	}
	if err != nil {
		return scheduler.Result{}, err
	}
	// Who says first that it is done announces it. After a crash in between the same
	// data folder finds its own word and announces then.
	packet := w.Config.Evidence.URL.Join(w.tenant.ID + "/" + report.PacketName(w.month, published.Revision) + "/")
	err = w.lease.Finish(ctx, deliver.Finished{Revision: published.Revision, Packet: packet})
	var elsewhere *deliver.FinishedError
	if w.elsewhere && err == nil {
		return scheduler.Result{Detail: detail}, w.State.Packets.Put(ctx, *published)
	}
	if errors.As(err, &elsewhere) {
		return scheduler.Result{Detail: elsewhere.Error()}, w.State.Packets.Put(ctx, *published)
	}
	if err != nil {
		return scheduler.Result{}, err
	}
	if err := w.Announce(ctx, w.tenant, *published); err != nil {
		return scheduler.Result{}, err
	}
	return scheduler.Result{Detail: detail, Figures: map[string]int64{"revision": int64(published.Revision)}}, nil
}

// adopt finds what an earlier claim on the same work has published before its
// process ended; nil for nothing.
func (w *work) adopt(ctx context.Context) (*state.Published, string, error) {
	revision, err := w.latest(ctx)
	if err != nil || revision <= w.lease.Before {
		return nil, "", err
	}
	o, err := deliver.OpenPacket(ctx, w.Config.Evidence.URL, w.Config.AWS, w.tenant.ID, w.month, revision)
	if err != nil {
		return nil, "", err
	}
	detail := fmt.Sprintf("%s, revision %d, which was published before its run was interrupted", o.Manifest.Verdict, revision)
	return &state.Published{Tenant: w.tenant.ID, Month: w.month, Revision: revision, At: w.lease.First,
		Provisional: o.Manifest.Provisional}, detail, nil
}

func (w *work) make(ctx context.Context) (*state.Published, string, error) {
	s, err := w.Publish(ctx, w.data, w.tenant, w.month, PublishOptions{Held: w.lease.Held, Want: w.opts.Want})
	if err != nil {
		return nil, "", err
	}
	detail := fmt.Sprintf("%s, revision %d, %s", s.Packet.Verdict, s.Result.Revision, s.Result.URL)
	if s.Result.Unchanged {
		detail += ", which was there already"
		done, err := w.opts.Claims.Announced(ctx, w.tenant.ID, w.month, s.Result.Revision, w.own(ctx))
		if err != nil {
			return nil, "", err
		}
		if w.elsewhere = done != nil; w.elsewhere {
			detail += ", published by " + done.Owner.String()
		}
	}
	p := s.Published()
	return &p, detail, nil
}

// Published is the packet as the state notes it.
func (s Stored) Published() state.Published {
	return state.Published{Tenant: s.Packet.Tenant.ID, Month: s.Packet.Month, Revision: s.Result.Revision,
		At: s.Began, Provisional: s.Packet.Provisional}
}

// Announce notes a packet as published and queues what announces it.
func (p *Parts) Announce(ctx context.Context, t config.Tenant, published state.Published) error {
	var messages []state.Message
	if t.Tickets.Kind == config.TicketsNinjaOne && t.Tickets.Attach {
		payload, err := json.Marshal(published)
		if err != nil {
			return err
		}
		messages = append(messages, state.Message{Kind: state.AttachPacket, Tenant: t.ID, Subject: t.ID + "/" +
			report.PacketName(published.Month, published.Revision), Payload: payload})
	}
	return p.State.Packets.Announce(ctx, published, p.mails(t, published), messages, p.Now())
}

// QueueMails queues the mails about a packet to those who get one now, also to those
// who got it before, or only the one to an address where to is not "". It returns how
// many there are.
func (p *Parts) QueueMails(ctx context.Context, t config.Tenant, published state.Published, to string) (int, error) {
	mails := slices.DeleteFunc(p.mails(t, published), func(m state.Mail) bool { return to != "" && !strings.EqualFold(m.Email, to) })
	id := func(m state.Mail) string {
		return p.mailID(published, m.Email, m.Sending)
	}
	return len(mails), p.State.Mails.Queue(ctx, published, mails, id, p.Now())
}

// mails are those that announce a packet: one for each contact with a role that
// gets mail. An address gets one, whatever its case and however often it stands
// there.
func (p *Parts) mails(t config.Tenant, published state.Published) (mails []state.Mail) {
	if p.Config.Mail.SMTP == "" {
		return nil
	}
	known := map[string]bool{}
	for _, c := range t.Contacts {
		address, err := mail.ParseAddress(c.Email)
		if err != nil { // the configuration has checked it
			continue
		}
		email := strings.ToLower(address.Address)
		if !slices.Contains(p.Config.Mail.Roles, c.Role) || known[email] {
			continue
		}
		known[email] = true
		mails = append(mails, state.Mail{Email: address.Address, Name: c.Name, Role: c.Role, Sending: 1,
			MessageID: p.mailID(published, email, 1)})
	}
	return mails
}

// mailID is the Message-ID of a sending of the mail about a packet.
func (p *Parts) mailID(published state.Published, email string, sending int) string {
	about := []string{published.Tenant, published.Month, strconv.Itoa(published.Revision), strings.ToLower(email)}
	if sending > 1 {
		about = append(about, strconv.Itoa(sending))
	}
	return MessageID(p.Config.Mail.From, about...)
}

// MessageID is that of a mail about something: the same each time, so that a mail
// sent a second time after a crash is known as the same one. It comes without
// angle brackets, with the domain of the sender.
func MessageID(from string, about ...string) string {
	domain := "bucketproof.invalid"
	if a, err := mail.ParseAddress(from); err == nil {
		domain = a.Address[strings.LastIndexByte(a.Address, '@')+1:]
	}
	h := sha256.New()
	for _, s := range about {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))[:32] + "@" + domain
}

// LeaseTime is how long a claim on a packet holds without being renewed.
const LeaseTime = 30 * time.Minute

// Claims are those of this process on the packets of its evidence place.
func (p *Parts) Claims(instance string) deliver.Claims {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	// A copy of the data folder on another machine is another instance.
	sum := sha256.Sum256([]byte(instance + "@" + host))
	return deliver.Claims{URL: p.Config.Evidence.URL, Access: p.Config.AWS, Now: p.Now, TTL: LeaseTime, KMSKey: p.Config.Evidence.KMSKey,
		Owner: deliver.Owner{Instance: hex.EncodeToString(sum[:8]), Host: host, PID: os.Getpid()}}
}
