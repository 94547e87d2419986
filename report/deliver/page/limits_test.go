package page

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// TestClientAddress: the client is who stands before the trusted proxies, and what it claims
// about itself counts for nothing.
func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}
	for _, c := range []struct {
		remote string
		named  []string
		want   string
	}{
		{"203.0.113.9:1000", nil, "203.0.113.9"},
		{"203.0.113.9:1000", []string{"198.51.100.1"}, "203.0.113.9"}, // no proxy of ours
		{"10.0.0.1:1000", nil, "10.0.0.1"},
		{"10.0.0.1:1000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1000", []string{"192.0.2.66, 198.51.100.1"}, "198.51.100.1"}, // the first is the client's own word
		{"10.0.0.1:1000", []string{"192.0.2.66", "198.51.100.1, 10.2.3.4"}, "198.51.100.1"},
		{"10.0.0.1:1000", []string{"198.51.100.1, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"[::ffff:10.0.0.1]:1000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"[2001:db8:f::1]:1000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"@", nil, "@"}, // a socket
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.named}}
		if got := clientAddress(r, proxies); got != c.want {
			t.Errorf("%s, X-Forwarded-For %q: %s, want %s", c.remote, c.named, got, c.want)
		}
	}
}

// TestLimits: who hammers or guesses is held off, by network; others are not, and with time
// one may ask again.
func TestLimits(t *testing.T) {
	now := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	l := newLimits(func() time.Time { return now })
	may := func(do func(string) bool, address func(int) string) int {
		for n := 0; ; n++ {
			if !do(address(n)) {
				return n
			}
		}
	}
	one := func(int) string { return "198.51.100.1" }
	if n := may(l.failed, one); n != failureBurst {
		t.Errorf("%d wrong links, want %d", n, failureBurst)
	}
	if n := may(l.allow, one); n != requestBurst {
		t.Errorf("%d requests, want %d", n, requestBurst)
	}
	if !l.failed("198.51.100.2") || !l.allow("198.51.100.2") {
		t.Error("another address is held off, too")
	}
	of64 := func(i int) string { return fmt.Sprintf("2001:db8:0:1::%x", i+1) }
	if n := may(l.failed, of64); n != failureBurst {
		t.Errorf("%d wrong links from one /64, want %d", n, failureBurst)
	}
	if !l.failed("2001:db8:0:2::1") {
		t.Error("another /64 is held off, too")
	}
	now = now.Add(time.Minute)
	if n := may(l.failed, one); n != 4 {
		t.Errorf("%d wrong links a minute later, want 4", n)
	}
}

// TestLimitsAreBounded: however many addresses ask, memory is bounded, and who is held off
// stays so while there is room.
func TestLimitsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	l := newLimits(func() time.Time { return now })
	for range failureBurst {
		l.failed("198.51.100.1")
	}
	for i := range maxAddresses + 10 {
		l.allow(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
		if i == maxAddresses/2 {
			now = now.Add(time.Second) // the requests of the first half are forgotten, and its wrong links not
		}
	}
	if len(l.of) > maxAddresses {
		t.Errorf("%d addresses are kept", len(l.of))
	}
	if l.failed("198.51.100.1") {
		t.Error("who guessed is let in again, for many others asked")
	}
}
