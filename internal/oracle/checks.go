package oracle

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Finding is what a check must say of a bucket, a subject and a day. A Count of -1 is
// one that the documents don't define.
type Finding struct {
	Check   string
	Bucket  string
	Subject string
	Date    Date
	Count   int64
}

// tally counts the rows of a check.
type tally struct {
	rows map[Finding]int64 // by a finding without its count
}

func (t *tally) add(check, bucket, subject string, d Date, n int64) {
	if t.rows == nil {
		t.rows = map[Finding]int64{}
	}
	t.rows[Finding{Check: check, Bucket: bucket, Subject: subject, Date: d}] += n
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func isDelete(r *Record) bool { return r.Is("REST.DELETE.OBJECT", "BATCH.DELETE.OBJECT") }

// isEmpty: a write of nothing, which is a removal.
func isEmpty(r *Record) bool {
	return isTry(r) && r.HasSize && r.Size == 0 && !strings.HasSuffix(r.object(), "/")
}

func refused(r *Record) bool { return r.Status == 401 || r.Status == 403 }

// on are the tenant's records of a day.
func (b *bucketView) on(d Date) []*Record {
	if b.days == nil {
		b.days = map[Date][]*Record{}
		for i := range b.records {
			d := dateOf(b.records[i].Time, b.v.Zone)
			b.days[d] = append(b.days[d], &b.records[i])
		}
	}
	return b.days[d]
}

// evaluated tells whether the log can speak of a day.
func (b *bucketView) evaluated(d Date) bool { return b.coverage.whole[d] }

// inWindow tells whether a moment is in a backup window.
func (b *bucketView) inWindow(t time.Time) bool {
	for i := -1; i <= 1; i++ {
		if w, due := window(b.Window, dateOf(t, b.v.Zone).Add(i), b.v.Zone); due && w.has(t) {
			return true
		}
	}
	return false
}

func (v *View) inBusinessHours(t time.Time) bool {
	for i := -1; i <= 0; i++ {
		if w, due := window(v.Tenant.BusinessHours, dateOf(t, v.Zone).Add(i), v.Zone); due && w.has(t) {
			return true
		}
	}
	return false
}

// requestChecks are the findings about single requests. Assumed: what the log of a day with
// a gap shows is found, too; only what it does not show proves nothing.
func (b *bucketView) requestChecks(t *tally) {
	v := b.v
	for _, d := range v.Month {
		used := b.usedBefore(d)
		history := 0
		for i := 1; i <= 28; i++ {
			if b.evaluated(d.Add(-i)) {
				history++
			}
		}
		for _, r := range b.on(d) {
			w := v.whois(r.Requester)
			own := hasAnyPrefix(r.Operation, "S3.") // what S3 does itself
			foreign := w.Account != "" && len(v.Tenant.Accounts) > 0 && !slices.Contains(v.Tenant.Accounts, w.Account)
			subject := func(s string) string {
				// Refused requests of who is not mapped are one row together.
				if refused(r) && !w.Mapped {
					return "refused requests"
				}
				return s
			}
			add := func(check, who string) { t.add(check, b.Name, who, d, 1) }

			if r.Requester == "" && !own && !r.Is("BATCH.DELETE.OBJECT") {
				add("anonymous-access", map[bool]string{true: "served", false: "refused"}[r.Successful()])
			}
			if foreign {
				add("cross-account", subject(w.Account))
			}
			if len(v.Tenant.Principals) > 0 && !w.Mapped && !own && !foreign && r.Requester != "" {
				add("unapproved-principal", subject(w.Requester))
			}
			if (!w.Mapped || w.Wildcard) && !own && !w.Service() && !foreign && r.Requester != "" && history >= 7 &&
				!refused(r) && !used[w.Requester] {
				add("new-principal", w.Requester)
			}
			if folder, outside := b.outside(r); outside {
				add("unapproved-prefix", subject(folder))
			}
			if isTry(r) && r.Successful() && !w.Service() && !b.inWindow(r.Time) {
				add("off-window-write", nameless(w.Requester))
			}
			if isTry(r) && r.Successful() && r.Size >= v.Tenant.LargePut {
				switch {
				case v.inBusinessHours(r.Time):
					add("large-put-business-hours", w.Requester)
				case !w.Backup:
					add("large-put", w.Requester)
				}
			}
			if (isDelete(r) || isEmpty(r)) && r.Successful() && len(v.Tenant.Principals) > 0 {
				switch {
				case !w.Backup:
					add("unapproved-delete", w.Requester)
				case !b.inWindow(r.Time):
					add("off-window-delete", w.Requester)
				}
			}
			if r.Is("REST.POST.MULTI_OBJECT_DELETE") && r.Successful() && !b.hasChildren(r) {
				add("multi-delete-unlogged", w.Requester)
			}
			b.placesOf(r, w, subject, add)
			if r.Agent != "" && len(v.Tenant.UserAgents) > 0 && !slices.ContainsFunc(v.Tenant.UserAgents,
				func(p string) bool { return wild(p, r.Agent) }) {
				add("user-agent-drift", subject(r.Agent))
			}
		}
		b.deniedBursts(t, d)
		b.protection(t, d)
		b.spikes(t, d)
	}
}

// placesOf are the findings about where a request came from, when, how, and to which key.
func (b *bucketView) placesOf(r *Record, w Who, subject func(string) string, add func(check, who string)) {
	t := b.v.Tenant
	if len(t.Networks) > 0 && !w.Service() {
		known := false
		at, err := netip.ParseAddr(r.Address)
		for _, n := range b.v.Config.Networks {
			if slices.Contains(t.Networks, n.Name) {
				for _, p := range n.Prefixes {
					known = known || err == nil && p.Contains(at)
				}
			}
		}
		if !known && r.Address != "" {
			add("unknown-network", subject(at.String()))
		}
	}
	if !w.Service() && w.Role != "backup" {
		for _, p := range t.SensitiveKeys {
			if wild(p, r.object()) {
				add("sensitive-key", p)
			}
		}
	}
	if t.HasHours && r.Requester != "" && !w.Service() && r.Is("REST.GET.OBJECT", "WEBSITE.GET.OBJECT") &&
		(r.Status == 200 || r.Status == 206) &&
		!b.v.inBusinessHours(r.Time) && !slices.Contains([]string{"backup", "restore", "audit", "service"}, w.Role) {
		add("off-hours-read", w.Requester)
	}
	if !w.Service() && hasAnyPrefix(r.Operation, "REST.", "WEBSITE.", "SOAP.") {
		switch {
		case r.TLS == "" && r.Cipher == "" && r.Host != "":
			add("insecure-transport", "no TLS")
		case r.TLS != "" && r.TLS != "TLSv1.2" && r.TLS != "TLSv1.3":
			add("insecure-transport", r.TLS)
		case r.Signature == "SigV2":
			add("insecure-transport", "signature version 2")
		}
	}
}

// usedBefore are the requesters with a request in the 28 days before that was not refused.
func (b *bucketView) usedBefore(d Date) map[string]bool {
	used := map[string]bool{}
	span := interval{day(d.Add(-28), b.v.Zone).from, day(d, b.v.Zone).from}
	for i := range b.records {
		if r := &b.records[i]; span.has(r.Time) && !refused(r) {
			used[withoutSession(r.Requester)] = true
		}
	}
	return used
}

// outside tells the first folder of a key, or of the prefix of a list, that is not under
// the approved prefixes.
func (b *bucketView) outside(r *Record) (string, bool) {
	key := r.Key
	approved := under(r.object(), b.Prefixes)
	if key == "" && r.Is("REST.GET.BUCKET") {
		prefix, ok := parameter(r, "prefix")
		if !ok || prefix == "" {
			return "", false // Assumed: a list of the whole bucket names no prefix
		}
		key = prefix
		approved = slices.ContainsFunc(b.Prefixes, func(p string) bool {
			return strings.HasPrefix(prefix, p) ||
				strings.HasPrefix(p, prefix)
		})
	}
	if key == "" || approved {
		return "", false
	}
	if i := strings.Index(key, "/"); i >= 0 {
		return key[:i+1], true
	}
	return key, true
}

// hasChildren: a record of a key with the same request ID, of whichever tenant.
func (b *bucketView) hasChildren(parent *Record) bool {
	return slices.ContainsFunc(b.all, func(r Record) bool {
		return r.Is("BATCH.DELETE.OBJECT") && r.RequestID == parent.RequestID
	})
}

// deniedBursts: so many refused requests of one within any hour, also over midnight.
func (b *bucketView) deniedBursts(t *tally, d Date) {
	i := day(d, b.v.Zone)
	times := map[string][]time.Time{}
	for k := range b.records {
		r := &b.records[k]
		if !refused(r) || r.Requester == "" {
			continue
		}
		who := b.v.whois(r.Requester)
		times[who.Requester] = append(times[who.Requester], r.Time)
	}
	for requester, all := range times {
		n := int(b.v.Tenant.Checks["access_denied_burst"])
		burst := false
		for k := 0; k+n <= len(all); k++ {
			last := k + n - 1
			if all[last].Sub(all[k]) < time.Hour && (i.has(all[k]) || i.has(all[last])) {
				burst = true
			}
		}
		if !burst {
			continue
		}
		t.add("access-denied-burst", b.Name, requester, d, int64(len(within(all, i))))
	}
}

// protection: retention or legal hold of objects changed.
func (b *bucketView) protection(t *tally, d Date) {
	changes := func(d Date) map[string]int64 { // by who: those that backup principals may not
		out := map[string]int64{}
		for _, r := range b.on(d) {
			w := b.v.whois(r.Requester)
			if !r.Successful() || !strings.Contains(r.Operation, "OBJECT_LOCK_") || !hasAnyPrefix(r.Operation,
				"REST.PUT.") || r.Key == "" {
				continue
			}
			if w.Backup && b.wroteWithin(r, 24*time.Hour) {
				continue
			}
			out[r.Operation+" by "+w.Requester]++
		}
		return out
	}
	by := func(changes map[string]int64, who string) bool {
		for subject := range changes {
			if strings.HasSuffix(subject, " by "+who) {
				return true
			}
		}
		return false
	}
	for subject, n := range changes(d) {
		who := subject[strings.Index(subject, " by ")+4:]
		if b.v.whois(who).Backup {
			days, same := 0, 0
			for i := 1; i <= 28; i++ {
				if b.evaluated(d.Add(-i)) {
					days++
					if by(changes(d.Add(-i)), who) {
						same++
					}
				}
			}
			if days > 0 && 2*same >= days {
				continue
			}
		}
		t.add("object-protection-changed", b.Name, subject, d, n)
	}
}

// wroteWithin: the requester wrote this key in the time before.
func (b *bucketView) wroteWithin(r *Record, before time.Duration) bool {
	for _, w := range b.objects.byKey[r.object()] {
		if w.Who.Requester == withoutSession(r.Requester) && !w.Time.After(r.Time) && r.Time.Sub(w.Time) <= before {
			return true
		}
	}
	return false
}

// spikes compare a day with the evaluated days among the 28 before.
func (b *bucketView) spikes(t *tally, d Date) {
	limits := b.v.Tenant.Checks
	deletes := func(d Date) float64 {
		n := 0
		for _, r := range b.on(d) {
			if isDelete(r) && r.Successful() {
				n++
			}
		}
		return float64(n)
	}
	h := learn(d, func(d Date) (float64, bool) { return deletes(d), b.evaluated(d) })
	if n := deletes(d); h.enough() && n >= float64(limits["delete_spike"]) && h.spike(n, limits["deviations"]) {
		t.add("delete-spike", b.Name, "deletes", d, int64(n))
	}

	errors := func(d Date) (failed, all float64) {
		for _, r := range b.on(d) {
			if w := b.v.whois(r.Requester); !w.Mapped && !w.Backup || refused(r) {
				continue // no rate has requests of strangers in its denominator; refused ones have a check of their own
			}
			if all++; r.Failed() && !probe(r) {
				failed++
			}
		}
		return failed, all
	}
	h = learn(d, func(d Date) (float64, bool) {
		failed, all := errors(d)
		return failed / max(all, 1), b.evaluated(d)
	})
	failed, all := errors(d)
	least := float64(limits["error_rate_percent"]) / 100
	if rate := failed / max(all, 1); h.enough() && failed >= float64(limits["errors"]) && rate >= least &&
		h.spike(rate, limits["deviations"]) {
		t.add("error-rate", b.Name, "failed requests", d, int64(failed))
	}

	read := b.read
	bytes, count := read(d)
	alone, together, requests := false, 0.0, int64(0)
	for who, n := range bytes {
		h = learn(d, func(d Date) (float64, bool) {
			bytes, _ := read(d)
			return bytes[who], b.evaluated(d)
		})
		if h.enough() && n >= float64(limits["large_download"]) && h.spike(n, limits["deviations"]) {
			alone = true
			t.add("large-download", b.Name, nameless(who), d, count[who])
		}
		together += n
		requests += count[who]
	}
	h = learn(d, func(d Date) (sum float64, ok bool) {
		bytes, _ := read(d)
		for _, n := range bytes {
			sum += n
		}
		return sum, b.evaluated(d)
	})
	if !alone && h.enough() && together >= float64(limits["large_download"]) && h.spike(together, limits["deviations"]) {
		t.add("large-download", b.Name, "all together", d, requests)
	}

	share := func(who string, last Date) (sum float64, days int) {
		for i := range 28 {
			if x := last.Add(-i); b.evaluated(x) {
				bytes, _ := read(x)
				if days++; bytes[who] < float64(limits["large_download"]) {
					sum += bytes[who] // a larger day is left to large-download
				}
			}
		}
		return sum, days
	}
	whos := map[string]bool{}
	for i := range 28 {
		bytes, _ := read(d.Add(-i))
		for who := range bytes {
			whos[who] = true
		}
	}
	for who := range whos {
		if today, _ := read(d); today[who] == 0 || today[who] >= float64(limits["large_download"]) {
			continue // a day on which it read nothing has no row, and a larger one is large-download's
		}
		sum, days := share(who, d)
		before, known := share(who, d.Add(-28))
		if sum >= float64(limits["large_download"]) && known >= 7 && days > 0 && sum/float64(days) > 2*before/float64(known) {
			t.add("steady-download", b.Name, nameless(who), d, -1)
		}
	}
}
