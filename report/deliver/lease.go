package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/objects"
)

// leases is the folder of the claims in the evidence place.
const leases = ".leases"

// Owner says who holds a claim.
type Owner struct {
	Instance string `json:"instance"` // the same after a restart on the same data folder
	Host     string `json:"host"`
	PID      int    `json:"pid"`
}

func (o Owner) String() string { return fmt.Sprintf("%s, process %d", o.Host, o.PID) }

// Work is what is to be done once: a tenant's month, or where Scheduled is not zero
// what one scheduled time asks of it.
type Work struct {
	Tenant, Month string
	Scheduled     time.Time
}

// String is the name of the work below the folder of the claims.
func (w Work) String() string {
	if w.Scheduled.IsZero() {
		return w.Tenant + "/" + w.Month + "/report"
	}
	return w.Tenant + "/" + w.Month + "/" + w.Scheduled.UTC().Format(leaseTime)
}

const leaseTime = "20060102T150405Z"

// HeldError means that another machine works on it.
type HeldError struct {
	Owner Owner
	Until time.Time // when its claim ends, unless it is renewed
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("another bucketproof (%s) works on it, until %s at the latest", e.Owner, e.Until.Format(time.RFC3339))
}

// Finished is what became of work that is done.
type Finished struct {
	Owner    Owner     `json:"owner"`
	Fencing  int       `json:"fencing"`
	Revision int       `json:"revision"`
	Packet   string    `json:"packet"`
	At       time.Time `json:"at"`
}

// FinishedError means that the work is done, here or elsewhere.
type FinishedError struct{ Finished }

func (e *FinishedError) Error() string {
	return fmt.Sprintf("revision %d was published by %s at %s", e.Revision, e.Owner, e.At.Format(time.RFC3339))
}

// ErrLost means that a claim has ended and another machine may have made its own.
var ErrLost = errors.New("the claim on this work was lost to another machine")

// Lease is a claim on work, kept in the evidence place so that two machines
// never do it both. It is made of objects that are written once, with
// If-None-Match: NNNN.json takes the claim with the fencing number NNNN,
// NNNN-TIME.json renews it, NNNN-released.json gives it back and done.json says
// that the work is done. Nothing is overwritten or removed.
type Lease struct {
	Number int // the fencing number, from 1
	// Before is the packet's latest revision when the first claim on the work was
	// made; 0 for none.
	Before int
	// First is when the first claim on the work was made.
	First time.Time

	store  objects.Store
	kmsKey string
	owner  Owner
	now    func() time.Time
	ttl    time.Duration
}

type leaseBody struct {
	Owner  Owner     `json:"owner"`
	Taken  time.Time `json:"taken"`
	Until  time.Time `json:"until"`
	First  time.Time `json:"first_taken"`
	Before int       `json:"revision_before"`
}

// Claims make leases at one evidence place.
type Claims struct {
	URL    objects.URL
	Access objects.Access
	Owner  Owner
	Now    func() time.Time
	// TTL is how long a claim holds without being renewed. It is more than the
	// clocks of two machines differ by.
	TTL    time.Duration
	KMSKey string // encrypts the claims; "" for the bucket's own encryption
	// Known is the number of a claim that is known as the caller's own, though its
	// host may have had another name; 0 for none.
	Known int
}

// Announced tells whether another owner has said of a revision of a packet that it
// is done, for whatever work. Own tells of a claim, by the name of its work and its
// number, whether it is known as the caller's.
func (c Claims) Announced(ctx context.Context, tenant, month string, revision int,
	own func(work string, number int) (bool, error)) (*Finished, error) {
	store, err := objects.Open(ctx, c.URL.Sub(leases+"/"+tenant+"/"+month), c.Access)
	if err != nil {
		return nil, err
	}
	for info, err := range store.List(ctx, "") {
		if errors.Is(err, objects.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(info.Key, "/done.json") {
			continue
		}
		var f Finished
		l := Lease{store: store}
		if err := l.get(ctx, info.Key, &f); err != nil {
			return nil, err
		}
		if f.Revision != revision || f.Owner.Instance == c.Owner.Instance {
			continue
		}
		mine, err := own(tenant+"/"+month+"/"+strings.TrimSuffix(info.Key, "/done.json"), f.Fencing)
		if err != nil {
			return nil, err
		}
		if !mine {
			return &f, nil
		}
	}
	return nil, nil
}

// Take claims work. Where another machine holds it the error is a [HeldError],
// where it is done a [FinishedError]. Latest is the packet's latest revision.
func (c Claims) Take(ctx context.Context, w Work, latest func(ctx context.Context) (int, error)) (*Lease, error) {
	store, err := objects.Open(ctx, c.URL.Sub(leases+"/"+w.String()), c.Access)
	if err != nil {
		return nil, err
	}
	l := &Lease{store: store, kmsKey: c.KMSKey, owner: c.Owner, now: c.Now, ttl: c.TTL}
	for {
		seen, err := l.look(ctx)
		if err != nil {
			return nil, err
		}
		if seen.finished != nil {
			return nil, &FinishedError{*seen.finished}
		}
		if seen.number > 0 && !seen.released && l.now().Before(seen.until) &&
			seen.body.Owner.Instance != l.owner.Instance && seen.number != c.Known {
			return nil, &HeldError{seen.body.Owner, seen.until}
		}
		body := leaseBody{Owner: l.owner, Taken: l.now().UTC(), Until: l.now().UTC().Add(l.ttl),
			First: seen.body.First, Before: seen.body.Before}
		if seen.number == 0 {
			body.First = body.Taken
			if body.Before, err = latest(ctx); err != nil {
				return nil, err
			}
		}
		l.Number, l.Before, l.First = seen.number+1, body.Before, body.First
		err = l.put(ctx, fmt.Sprintf("%04d.json", l.Number), body)
		if errors.Is(err, objects.ErrExists) { // somebody was faster; look who
			continue
		}
		return l, err
	}
}

// skew is by how much the clocks of a machine and of the evidence place may differ.
const skew = 5 * time.Minute

// seen is what stands in the folder of a work.
type seen struct {
	number   int // of the last claim; 0 for none
	body     leaseBody
	until    time.Time
	written  time.Time // when the place saw the claim or its renewal last
	released bool
	finished *Finished
}

func (l *Lease) look(ctx context.Context) (s seen, err error) {
	for info, err := range l.store.List(ctx, "") {
		if errors.Is(err, objects.ErrNotFound) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if info.Key == "done.json" {
			s.finished = &Finished{}
			if err := l.get(ctx, info.Key, s.finished); err != nil {
				return s, err
			}
			continue
		}
		name, ok := strings.CutSuffix(info.Key, ".json")
		digits, mark, _ := strings.Cut(name, "-")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < s.number {
			continue
		}
		if n > s.number {
			s.number, s.until, s.released, s.written = n, time.Time{}, false, time.Time{}
		}
		if info.Modified.After(s.written) {
			s.written = info.Modified
		}
		switch {
		case mark == "released":
			s.released = true
		case mark != "":
			if t, err := time.Parse(leaseTime, mark); err == nil && t.After(s.until) {
				s.until = t
			}
		}
	}
	if s.number == 0 {
		return s, nil
	}
	s.body = leaseBody{} // of the last claim alone
	if err := l.get(ctx, fmt.Sprintf("%04d.json", s.number), &s.body); err != nil {
		return s, err
	}
	if s.body.Until.After(s.until) {
		s.until = s.body.Until
	}
	// By the clock of the place no claim holds for longer than it may; one that says
	// so was made by a clock that is ahead.
	if most := s.written.Add(l.ttl + skew); s.until.After(most) {
		s.until = most
	}
	return s, nil
}

func (l *Lease) get(ctx context.Context, key string, into any) error {
	body, err := read(ctx, l.store, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s/%s is no claim of bucketproof (%w); move it out of the way", leases, key, err)
	}
	return nil
}

func (l *Lease) put(ctx context.Context, key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.store.Put(ctx, key, body,
		objects.PutOptions{ContentType: "application/json", KMSKey: l.kmsKey, Tags: map[string]string{"kind": "lease"}})
}

// Held is nil while the claim is the last one, and [ErrLost] otherwise. It is
// asked just before a packet becomes a finished one.
func (l *Lease) Held(ctx context.Context) error {
	s, err := l.look(ctx)
	if err != nil {
		return err
	}
	if s.number != l.Number || s.finished != nil {
		return ErrLost
	}
	return nil
}

// Keep renews the claim until stop is called or ctx ends. The context that it
// returns ends with [ErrLost] as its cause where the claim can't be renewed in
// time.
func (l *Lease) Keep(ctx context.Context) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		until := time.Now().Add(l.ttl)
		timer := time.NewTicker(l.ttl / 3)
		defer timer.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-timer.C:
			}
			next := l.now().UTC().Add(l.ttl)
			if err := l.put(kept, fmt.Sprintf("%04d-%s.json", l.Number, next.Format(leaseTime)),
				struct{}{}); err == nil || errors.Is(err, objects.ErrExists) {
				until = time.Now().Add(l.ttl)
				if err := l.Held(kept); errors.Is(err, ErrLost) {
					cancel(err)
				}
			} else if time.Now().After(until) {
				cancel(fmt.Errorf("%w: %w", ErrLost, err))
			}
		}
	}()
	return kept, func() {
		cancel(nil)
		<-ended
	}
}

// Finish says that the work is done. Where another machine has said so before, the
// error is a [FinishedError].
func (l *Lease) Finish(ctx context.Context, f Finished) error {
	f.Owner, f.Fencing, f.At = l.owner, l.Number, l.now().UTC()
	err := l.put(ctx, "done.json", f)
	if !errors.Is(err, objects.ErrExists) {
		return err
	}
	s, err := l.look(ctx)
	if err == nil && s.finished != nil && s.finished.Owner.Instance != l.owner.Instance {
		return &FinishedError{*s.finished}
	}
	return err
}

// Release gives the claim back, so that another attempt need not wait for its
// end.
func (l *Lease) Release(ctx context.Context) error {
	err := l.put(ctx, fmt.Sprintf("%04d-released.json", l.Number), struct{}{})
	if errors.Is(err, objects.ErrExists) {
		return nil
	}
	return err
}
