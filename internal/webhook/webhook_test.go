package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)

// receiver is a server that answers as it is told, and remembers the last request.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request)
	last   *http.Request
	body   string
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	out := &receiver{answer: answer}
	out.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		out.last, out.body = r, string(body)
		if out.answer != nil {
			out.answer(w, r)
		}
	}))
	t.Cleanup(out.Close)
	return out
}

func (r *receiver) post(t *testing.T) error {
	t.Helper()
	h := Hook{URL: r.URL + "/hooks/T0PSECRET?key=5ECRET", Secret: "shared", Client: NewClient(), Now: func() time.Time { return at }}
	return h.Post(t.Context(), "alert", "key-1", []byte(`{"a":1}`))
}

// TestPost: a receiver can tell from the headers what came, whether it has it already, and
// who sent it.
func TestPost(t *testing.T) {
	r := newReceiver(t, nil)
	if err := r.post(t); err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("shared"))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), `{"a":1}`)
	want := map[string]string{"Content-Type": "application/json", "User-Agent": "bucketproof", "Idempotency-Key": "key-1",
		"X-Bucketproof-Event": "alert", "X-Bucketproof-Signature": fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))}
	for name, value := range want {
		if got := r.last.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if r.last.Method != http.MethodPost || r.body != `{"a":1}` {
		t.Errorf("%s %q came", r.last.Method, r.body)
	}
}

// TestSecretAddress: no error holds the address, which may be a secret: neither where the
// receiver repeats it, nor where nobody answers.
func TestSecretAddress(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no hook at http://"+r.Host+r.URL.String()+", path "+r.URL.Path+", query "+r.URL.RawQuery, http.StatusNotFound)
	})
	answered := r.post(t)
	r.Close()
	for _, err := range []error{answered, r.post(t)} {
		if err == nil || strings.Contains(err.Error(), "5ECRET") || strings.Contains(err.Error(), "T0PSECRET") {
			t.Errorf("the error is %v", err)
		}
	}
	if want := "answered 404: no hook at …, path …, query …"; !strings.HasPrefix(answered.Error(), want) {
		t.Errorf("%q, want %q", answered, want)
	}
	bad := Hook{URL: "http://5ECRET\x7f/", Client: NewClient(), Now: func() time.Time { return at }}
	if err := bad.Post(t.Context(), "", "", nil); err == nil || strings.Contains(err.Error(), "5ECRET") {
		t.Errorf("the error of an address that is none is %v", err)
	}
	if err := Ping(t.Context(), "http://5ECRET\x7f/"); err == nil || strings.Contains(err.Error(), "5ECRET") {
		t.Errorf("the error of a ping to an address that is none is %v", err)
	}
	if err := Ping(t.Context(), r.URL+"/5ECRET"); err == nil || strings.Contains(err.Error(), "5ECRET") {
		t.Errorf("the error of a ping that nobody answers is %v", err)
	}
}

// TestRedirect: what carries secrets is not sent on to where a receiver points.
func TestRedirect(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	var refused *Error
	if err := r.post(t); !errors.As(err, &refused) || refused.Status != http.StatusTemporaryRedirect || elsewhere.last != nil {
		t.Errorf("%v; the other place was asked: %t", err, elsewhere.last != nil)
	}
	if NewClient().Timeout != Patience {
		t.Error("the client has no bound on its time")
	}
}

// TestAnswers: what is no success is an error with the beginning of what the receiver said,
// how long it asked to wait, and whether the same would be refused again.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status    int
		header    []string
		wait      time.Duration
		permanent bool
	}{
		{200, nil, -1, false},
		{299, nil, -1, false},
		{300, nil, 0, false},
		{400, nil, 0, true},
		{401, nil, 0, false},
		{404, nil, 0, false},
		{413, nil, 0, true},
		{415, nil, 0, true},
		{429, []string{"Retry-After", "1"}, time.Second, false},
		{429, []string{"Retry-After", "90"}, 90 * time.Second, false},
		{429, []string{"Retry-After", "-1"}, 0, false},
		{503, []string{"Retry-After", "99999999999"}, 2 * time.Hour, false},
		{503, []string{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}, 0, false},
		{403, []string{"X-RateLimit-Reset", "1", "X-RateLimit-Remaining", "0"}, time.Second, false},
		{403, []string{"X-RateLimit-Reset", "99999999999", "X-RateLimit-Remaining", "0"}, 2 * time.Hour, false},
		{403, []string{"X-RateLimit-Reset", "99999999999", "X-RateLimit-Remaining", "7"}, 0, false},
	} {
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(c.header); i += 2 {
				w.Header().Set(c.header[i], c.header[i+1])
			}
			w.WriteHeader(c.status)
			if _, err := io.WriteString(w, strings.Repeat("x", 301)); err != nil {
				t.Error(err)
			}
		})
		err := r.post(t)
		var e *Error
		switch {
		case c.wait < 0 && err != nil:
			t.Errorf("%d: %v", c.status, err)
		case c.wait < 0:
		case !errors.As(err, &e):
			t.Errorf("%d is no error of a receiver: %v", c.status, err)
		case e.Status != c.status || e.RetryAfter != c.wait || e.Permanent() != c.permanent:
			t.Errorf("%d %v: %+v, permanent %t; want to wait %s, permanent %t", c.status, c.header, e, e.Permanent(), c.wait, c.permanent)
		case e.Body != strings.Repeat("x", 300)+"…":
			t.Errorf("%d: the body is %q", c.status, e.Body)
		}
	}
}

// TestAnswerBody: the body of a success, and of nothing else, is handed on.
func TestAnswerBody(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusTeapot)
		}
		if _, err := io.WriteString(w, "body"); err != nil {
			t.Error(err)
		}
	})
	wrong := errors.New("wrong")
	for path, want := range map[string]string{"/yes": "body", "/no": ""} {
		resp, err := http.Get(r.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		err = Answer(resp, func(body []byte) error {
			got = string(body)
			return wrong
		})
		if got != want || errors.Is(err, wrong) != (want != "") {
			t.Errorf("%s handed on %q, and returned %v", path, got, err)
		}
	}
	if err := Ping(t.Context(), r.URL+"/yes"); err != nil || r.last.Header.Get("User-Agent") != "bucketproof" {
		t.Errorf("ping: %v, by %q", err, r.last.Header.Get("User-Agent"))
	}
	if err := Ping(t.Context(), r.URL+"/no"); err == nil {
		t.Error("a ping takes any answer")
	}
}
