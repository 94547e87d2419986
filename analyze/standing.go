package analyze

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// standing is the configuration of a tenant as far as it influences what is found:
// its own section, those of the tenants with whom it shares buckets, the networks and
// the approved changes. What only says how a packet looks and where it goes is not of
// it, and neither is a secret.
type standing struct {
	Tenant   config.Tenant
	Zone     string
	Others   []config.Tenant // as far as they share
	Networks []config.Network
	Approved string // the text of the file of approved changes
}

// standing is that of today.
func (d Dataset) standing(t config.Tenant) (standing, error) {
	s := standing{Tenant: t, Zone: t.Location.String(), Networks: d.Config.Networks}
	x := &s.Tenant
	x.Name, x.Language, x.Paper, x.Owner, x.Owners, x.Location = "", "", "", "", nil, nil
	x.PacketQueries, x.Contacts, x.Tickets, x.AWS = nil, nil, config.Tickets{}, objects.Access{RoleARN: t.AWS.RoleARN}
	x.Buckets = slices.Clone(t.Buckets)
	for i := range x.Buckets {
		x.Buckets[i].Owner = ""
	}
	for _, o := range d.Config.Tenants {
		other := config.Tenant{ID: o.ID, Accounts: o.Accounts, Principals: o.Principals}
		for _, b := range o.Buckets {
			if o.ID != t.ID && slices.ContainsFunc(t.Buckets, func(own config.Bucket) bool { return own.Name == b.Name }) {
				other.Buckets = append(other.Buckets, config.Bucket{Name: b.Name, Prefixes: b.Prefixes})
			}
		}
		if len(other.Buckets) > 0 {
			s.Others = append(s.Others, other)
		}
	}
	var err error
	s.Approved, err = d.approvedText(t)
	return s, err
}

// approvedText is the text of a tenant's file of approved changes; "" without one.
func (d Dataset) approvedText(t config.Tenant) (string, error) {
	if d.approved != nil || t.ApprovedChanges == "" {
		return string(d.approved), nil
	}
	text, err := readApproved(t.ApprovedChanges)
	return string(text), err
}

// configuration is the standing of today with where it comes from.
func (d Dataset) configuration(t config.Tenant, at time.Time) (state.Configuration, error) {
	s, err := d.standing(t)
	if err != nil {
		return state.Configuration{}, err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return state.Configuration{}, fmt.Errorf("note the configuration of %s: %w", t.ID, err)
	}
	sum := sha256.Sum256(body)
	c := state.Configuration{Tenant: t.ID, Fingerprint: hex.EncodeToString(sum[:]), Body: body, Seen: at, RanBy: d.RunBy}
	for _, path := range []string{d.Config.Path, d.Config.IdentitiesPath, t.ApprovedChanges} {
		info, err := os.Stat(path)
		if err != nil || !info.ModTime().After(c.Modified) {
			continue // a configuration need not be a file of this machine
		}
		c.Modified, c.Owner = info.ModTime().UTC().Truncate(time.Second), ownerOf(info)
	}
	return c, nil
}

// NoteConfiguration keeps the configuration of a tenant in the state where it is
// another one than that of the run before.
func NoteConfiguration(ctx context.Context, d Dataset, t config.Tenant, at time.Time) (state.Configuration, error) {
	c, err := d.configuration(t, at)
	if err != nil {
		return c, err
	}
	return d.State.Configurations.Put(ctx, c)
}

// before is the dataset with a configuration of the past, and the tenant as it was.
// What that configuration did not know yet is as it is today.
func (d Dataset) before(ctx context.Context, t config.Tenant, fingerprint string) (Dataset, config.Tenant, error) {
	body, err := d.State.Configurations.Body(ctx, t.ID, fingerprint)
	if err != nil {
		return d, t, err
	}
	today, err := d.standing(t)
	if err != nil {
		return d, t, err
	}
	text, err := json.Marshal(today)
	if err != nil {
		return d, t, err
	}
	var s standing
	if err := errors.Join(json.Unmarshal(text, &s), json.Unmarshal(body, &s)); err != nil {
		return d, t, fmt.Errorf("read the configuration of %s of before: %w", t.ID, err)
	}
	if s.Tenant.Location, err = time.LoadLocation(s.Zone); err != nil {
		return d, t, err
	}
	s.Tenant.Name, s.Tenant.Language, s.Tenant.Owner = t.Name, t.Language, t.Owner
	c := *d.Config
	c.Networks, c.Tenants = s.Networks, append([]config.Tenant{s.Tenant}, s.Others...)
	d.Config, d.approved = &c, []byte(s.Approved)
	return d, s.Tenant, nil
}

// withdraw says of the rows that were shown before and are not among those of the
// days why they went. It asks the checks once more with the configuration of then:
// what they still show the change of the configuration has taken away, and what
// they don't late logs or a mended fault.
func (v *View) withdraw(ctx context.Context, days []state.CheckDay, now state.Configuration) error {
	vanished, err := v.data.State.Findings.Vanished(ctx, days)
	if err != nil {
		return err
	}
	of := map[[3]string]*state.CheckDay{}
	for i := range days {
		of[[3]string{days[i].Check, days[i].Bucket, days[i].Date}] = &days[i]
	}
	gone := func(x state.Vanished, w state.Withdrawal) {
		d := of[[3]string{x.Check, x.Bucket, x.Date}]
		if d.Gone == nil {
			d.Gone = map[string]state.Withdrawal{}
		}
		d.Gone[x.ID] = w
	}
	changed := state.Withdrawal{Reason: state.WithdrawnConfiguration, By: now.By(), At: now.Changed()}
	earlier := map[string][]state.Vanished{}
	for _, x := range vanished {
		switch {
		case x.Settled:
			gone(x, changed)
		case x.Configuration == now.Fingerprint || x.Configuration == "":
			gone(x, v.sameConfiguration(x))
		default:
			earlier[x.Configuration] = append(earlier[x.Configuration], x)
		}
	}
	for _, fingerprint := range slices.Sorted(maps.Keys(earlier)) {
		still, err := v.stillFound(ctx, fingerprint, earlier[fingerprint])
		if err != nil && ctx.Err() != nil {
			return err
		}
		for _, x := range earlier[fingerprint] {
			// Where it can't be asked again, the doubt is not the finding's.
			if err != nil || still[[4]string{x.Check, x.Bucket, x.Date, x.Subject}] {
				gone(x, changed)
			} else {
				gone(x, v.sameConfiguration(x))
			}
		}
	}
	return nil
}

// sameConfiguration says why a row went that the configuration did not take away.
func (v *View) sameConfiguration(x state.Vanished) state.Withdrawal {
	if !x.Late && x.Program != v.data.Program {
		return state.Withdrawal{Reason: state.WithdrawnProgram}
	}
	return state.Withdrawal{Reason: state.WithdrawnChecked}
}

// stillFound are the check, bucket, date and subject of what the checks show with a
// configuration of before.
func (v *View) stillFound(ctx context.Context, fingerprint string, rows []state.Vanished) (found map[[4]string]bool, err error) {
	data, tenant, err := v.data.before(ctx, v.Tenant, fingerprint)
	if err != nil {
		return nil, err
	}
	first, last := rows[0].Date, rows[0].Date
	checks := map[string]bool{}
	for _, x := range rows {
		first, last, checks[x.Check] = min(first, x.Date), max(last, x.Date), true
	}
	r, err := NewRange(tenant.Location, first, last)
	if err != nil {
		return nil, err
	}
	then, err := Open(ctx, data, tenant, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, then.Close()) }()
	found = map[[4]string]bool{}
	for _, s := range data.Catalog.Checks {
		if !checks[s.Name] || !s.Wanted(tenant) {
			continue
		}
		days, err := then.runCheck(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, d := range days {
			for _, r := range d.Rows {
				found[[4]string{d.Check, d.Bucket, d.Date, r.Subject}] = true
			}
		}
	}
	return found, nil
}
