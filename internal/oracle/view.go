package oracle

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	trail   *coverage // nil without a trail
	proof   *proof
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
	stocks map[Date]stock
	held   map[*Night][2]map[string]bool
}

// view opens the evidence for a tenant and a month.
func (e *Evidence) view(t config.Tenant, year int, month time.Month) (*View, error) {
	v := &View{Evidence: e, Tenant: t, Zone: t.Location, who: map[string]Who{}}
	for d := (Date{year, month, 1}); d.M == month; d = d.Add(1) {
		v.Month = append(v.Month, d)
	}
	for _, b := range t.Buckets {
		view := &bucketView{Bucket: b, v: v, all: e.Records[b.Name]}
		view.shared = len(e.sharers(b.Name)) > 1
		for _, r := range view.all {
			if e.belongs(&r, t) {
				view.records = append(view.records, e.shown(r, t))
			}
		}
		v.buckets = append(v.buckets, view)
	}
	for _, b := range v.buckets {
		b.coverage = b.cover()
		b.objects = b.follow()
		b.judgeNights()
	}
	if t.CloudTrail.Scheme == "" {
		return v, nil
	}
	v.trail = v.coverTrail(e.Events[t.CloudTrail.Text])
	var err error
	v.proof, err = v.prove()
	return v, err
}

func (v *View) bucketNames() []string {
	var out []string
	for _, b := range v.buckets {
		out = append(out, b.Name)
	}
	return out
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
	// What a request to list asks for tells whose it is, as a key does.
	place := r.object()
	if r.Key == "" {
		place, _ = parameter(r, "prefix")
	}
	return e.belongsTo(r.Bucket, place, r.Requester, t)
}

func (e *Evidence) belongsTo(bucket, place, requester string, t config.Tenant) bool {
	sharers := e.sharers(bucket)
	if len(sharers) < 2 {
		return true
	}
	for _, s := range sharers {
		for _, b := range s.Buckets {
			if b.Name == bucket && place != "" && under(place, b.Prefixes) {
				return s.ID == t.ID
			}
		}
	}
	// Assumed: whom both map belongs to both; whom nobody maps to the tenant whose account
	// it comes from.
	theirs := func(s config.Tenant) bool {
		w := resolve(s, requester)
		return w.Mapped || slices.Contains(s.Accounts, w.Account)
	}
	for _, s := range sharers {
		if s.ID != t.ID && theirs(s) && !theirs(t) {
			return false
		}
	}
	return true
}

// shown is a record as a tenant sees it: what is nobody's in a shared bucket without who it
// was, from where, with what, and to which key.
func (e *Evidence) shown(r Record, t config.Tenant) Record {
	who := resolve(t, r.Requester)
	place := r.object()
	if r.Key == "" {
		place, _ = parameter(&r, "prefix")
	}
	own := slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool {
		return b.Name == r.Bucket && place != "" && under(place, b.Prefixes)
	})
	if len(e.sharers(r.Bucket)) < 2 || own || who.Mapped || who.Service() || slices.Contains(t.Accounts, who.Account) {
		return r
	}
	switch {
	case r.Requester == "":
	case who.Account != "" && len(t.Accounts) > 0:
		r.Requester = "another account in the shared bucket"
	default:
		r.Requester = "someone in the shared bucket"
	}
	r.Address, r.Agent, r.URI, r.Version = "", "", "", ""
	if r.Key != "" {
		r.Key = "of the bucket"
	} else if place != "" {
		r.URI = "GET /?prefix=of%20the%20bucket HTTP/1.1"
	}
	r.Nobodys = true
	return r
}

// under tells whether an object stands under one of the prefixes.
func under(object string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(object, p) {
			return true
		}
	}
	return false
}

// object is the key of a record without its encoding. S3 logs keys encoded once, and those
// of requests by REST often twice: then the address of the request ends with the key that
// is decoded twice.
func (r *Record) object() string {
	once, ok := decode(r.Key)
	if !ok {
		return r.Key
	}
	twice, ok := decode(once)
	_, rest, _ := strings.Cut(r.URI, " ")
	target, _, _ := strings.Cut(rest, " ")
	path, _, _ := strings.Cut(target, "?")
	path, told := decode(path)
	if ok && told && twice != once && strings.HasSuffix(path, "/"+twice) && !strings.HasSuffix(path, "/"+once) {
		return twice
	}
	return once
}

// decode takes a URL encoding off; + is a space in it.
func decode(s string) (string, bool) {
	out, err := url.QueryUnescape(s)
	return out, err == nil && utf8.ValidString(out)
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
