package oracle

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/config"
)

// View is what one tenant sees.
type View struct {
	*Evidence
	Tenant  config.Tenant
	Zone    *time.Location
	Month   []Date
	buckets []*bucketView
	who     map[string]Who
}

// bucketView is a bucket of the tenant, with all that is worked out about it.
type bucketView struct {
	config.Bucket
	v       *View
	records []Record // that are the tenant's
	all     []Record // of everyone who shares the bucket
	shared  bool

	coverage *coverage
	objects  *objects
	nights   []*Night // the month's and those before it, by day

	// What is asked for many days is worked out once.
	days   map[Date][]*Record
	reads  map[Date]reads
	renews map[Date]map[string]int64
	held   map[*Night][2]map[string]bool
}

// view opens the evidence for a tenant and a month.
func (e *Evidence) view(t config.Tenant, year int, month time.Month) *View {
	v := &View{Evidence: e, Tenant: t, Zone: t.Location, who: map[string]Who{}}
	for d := (Date{year, month, 1}); d.M == month; d = d.Add(1) {
		v.Month = append(v.Month, d)
	}
	for _, b := range t.Buckets {
		view := &bucketView{Bucket: b, v: v, all: e.Records[b.Name]}
		view.shared = len(e.sharers(b.Name)) > 1
		for _, r := range view.all {
			if e.belongs(&r, t) {
				view.records = append(view.records, r)
			}
		}
		v.buckets = append(v.buckets, view)
	}
	for _, b := range v.buckets {
		b.coverage = b.cover()
		b.objects = b.follow()
		b.judgeNights()
	}
	return v
}

// whois resolves a requester, once each.
func (v *View) whois(requester string) Who {
	w, ok := v.who[requester]
	if !ok {
		w = resolve(v.Tenant, requester)
		v.who[requester] = w
	}
	return w
}

func (v *View) inMonth(d Date) bool { return slices.Contains(v.Month, d) }

// sharers are the tenants that have a bucket.
func (e *Evidence) sharers(bucket string) []config.Tenant {
	var out []config.Tenant
	for _, t := range e.Config.Tenants {
		if slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == bucket }) {
			out = append(out, t)
		}
	}
	return out
}

// belongs tells whether a tenant sees a record. In a bucket that tenants share it
// belongs to the one under whose prefix its key stands; without such a key to the
// other where its requester is one of the other's principals.
func (e *Evidence) belongs(r *Record, t config.Tenant) bool {
	sharers := e.sharers(r.Bucket)
	if len(sharers) < 2 {
		return true
	}
	for _, s := range sharers {
		for _, b := range s.Buckets {
			if b.Name == r.Bucket && r.Key != "" && under(r.Key, b.Prefixes) {
				return s.ID == t.ID
			}
		}
	}
	// Assumed: whom both map belongs to both; whom nobody maps to the tenant whose account
	// it comes from.
	theirs := func(s config.Tenant) bool {
		w := resolve(s, r.Requester)
		return w.Mapped || slices.Contains(s.Accounts, w.Account)
	}
	for _, s := range sharers {
		if s.ID != t.ID && theirs(s) && !theirs(t) {
			return false
		}
	}
	return true
}

// under tells whether a key as logged stands under one of the prefixes. S3 logs keys
// encoded once or twice, with a space as + or %20.
func under(key string, prefixes []string) bool {
	for _, p := range prefixes {
		for _, form := range forms(p) {
			if strings.HasPrefix(key, form) {
				return true
			}
		}
	}
	return false
}

func forms(prefix string) []string {
	escape := func(s string) string {
		parts := strings.Split(s, "/")
		for i := range parts {
			parts[i] = strings.ReplaceAll(url.PathEscape(parts[i]), "+", "%2B")
		}
		return strings.Join(parts, "/")
	}
	one := escape(prefix)
	plus := strings.ReplaceAll(one, "%20", "+")
	return []string{prefix, one, plus, escape(one), escape(plus), strings.ReplaceAll(escape(one), "/", "%2F")}
}

// plain is a key without its encoding, for telling which records speak of one object.
func plain(key string) string {
	for range 2 {
		if s, err := url.QueryUnescape(key); err == nil {
			key = s
		}
	}
	return key
}

// parameter is a parameter of the query in the request URI.
func parameter(r *Record, name string) (string, bool) {
	_, rest, _ := strings.Cut(r.URI, " ")
	target, _, _ := strings.Cut(rest, " ")
	_, query, _ := strings.Cut(target, "?")
	for _, p := range strings.Split(query, "&") {
		if k, v, _ := strings.Cut(p, "="); k == name {
			if s, err := url.QueryUnescape(v); err == nil {
				v = s
			}
			return v, true
		}
	}
	return "", false
}
