package page

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one address may do: so many requests at once and in the long run, and so
// many links that do not work. A person who clicks meets none of these.
const (
	requestBurst = 300
	requestRate  = rate.Limit(20) // a second
	failureBurst = 20
	failureRate  = rate.Limit(1.0 / 15)
	// maxAddresses bounds the memory of the limits.
	maxAddresses = 20000
)

// limits keep guessing and hammering off.
type limits struct {
	now func() time.Time
	mu  sync.Mutex
	of  map[string]*limit
}

type limit struct {
	requests, failures *rate.Limiter
	used               time.Time
}

func newLimits(now func() time.Time) *limits { return &limits{now: now, of: map[string]*limit{}} }

// get returns the limit of an address. Where there are too many addresses those
// go first that have not been heard of for longest.
func (l *limits) get(address string) *limit {
	key := network(address)
	x := l.of[key]
	if x == nil {
		if len(l.of) >= maxAddresses {
			l.forget()
		}
		x = &limit{requests: rate.NewLimiter(requestRate, requestBurst), failures: rate.NewLimiter(failureRate, failureBurst)}
		l.of[key] = x
	}
	x.used = l.now()
	return x
}

// forget drops those addresses whose limits are whole again, and where that is
// not enough the older half.
func (l *limits) forget() {
	now := l.now()
	oldest := now
	for k, x := range l.of {
		if x.failures.TokensAt(now) >= failureBurst && x.requests.TokensAt(now) >= requestBurst {
			delete(l.of, k)
		} else if x.used.Before(oldest) {
			oldest = x.used
		}
	}
	if len(l.of) < maxAddresses/2 {
		return
	}
	middle := oldest.Add(now.Sub(oldest) / 2)
	for k, x := range l.of {
		if !x.used.After(middle) {
			delete(l.of, k)
		}
	}
	if len(l.of) >= maxAddresses {
		clear(l.of)
	}
}

// allow tells whether an address may ask now.
func (l *limits) allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, now := l.get(address), l.now()
	return x.requests.AllowN(now, 1)
}

// failed notes a link that did not work, and tells whether that is still within the
// limit.
func (l *limits) failed(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.get(address).failures.AllowN(l.now(), 1)
}

// network is what counts as one client: an IPv4 address, or the /64 in which an
// IPv6 client can choose its addresses at will.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// clientAddress is the address of the client: that of the connection, or where
// this is a trusted proxy the last one that it names and that is none.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	trusted := func(text string) bool {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return false
		}
		for _, p := range proxies {
			if p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
	if !trusted(host) {
		return host
	}
	named := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(named) - 1; i >= 0; i-- {
		text := strings.TrimSpace(named[i])
		a, err := netip.ParseAddr(text)
		if err != nil {
			break
		}
		if host = a.Unmap().String(); !trusted(host) {
			break
		}
	}
	return host
}
