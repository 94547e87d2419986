// Package webhook posts JSON to an address from the configuration, signed so that the
// receiver can tell who sent it: [Hook.Post].
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Hook is a receiver of posts.
type Hook struct {
	URL    string
	Secret string // the key of the signature
	Client *http.Client
	Now    func() time.Time
}

// Error is an answer that reports no success.
type Error struct {
	Status     int
	RetryAfter time.Duration // as the receiver asked; 0 where it did not
	Body       string        // its beginning
}

func (e *Error) Error() string { return fmt.Sprintf("answered %d: %s", e.Status, e.Body) }

// Permanent tells whether the same request would be refused again. Faults that someone may
// fix, such as a rejected key or a wrong address, are not permanent.
func (e *Error) Permanent() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}

// Patience is how long one request to another system may take.
const Patience = 30 * time.Second

// NewClient is a client for requests that carry secrets. It follows no redirect, which
// could carry them elsewhere, and gives up after [Patience].
func NewClient() *http.Client {
	return &http.Client{Timeout: Patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Sign is the value of the header X-Bucketproof-Signature: the time in seconds
// since 1970, and the HMAC-SHA256, in hex, of that number, a dot and the body.
func Sign(secret string, at time.Time, body []byte) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Post posts a JSON body. Key is the same each time that the same message is posted, so
// that a receiver can recognize a duplicate.
func (h Hook) Post(ctx context.Context, event, key string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return Scrub(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "bucketproof")
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("X-Bucketproof-Event", event)
	req.Header.Set("X-Bucketproof-Signature", Sign(h.Secret, h.Now(), body))
	resp, err := h.Client.Do(req)
	if err != nil {
		return Scrub(err)
	}
	return Answer(resp, nil)
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 4 << 20

// Answer reads and closes an answer. It passes the body of a success to into, unless that
// is nil. Any other answer is an [Error].
func Answer(resp *http.Response, into func(body []byte) error) (err error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	err = errors.Join(err, resp.Body.Close())
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		e := &Error{Status: resp.StatusCode, Body: beginning(hide(body, resp.Request.URL))}
		if n, aerr := strconv.Atoi(resp.Header.Get("Retry-After")); aerr == nil && n > 0 {
			e.RetryAfter = min(time.Duration(min(n, 1<<20))*time.Second, longestWait)
		} else if n, aerr := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); aerr == nil &&
			resp.Header.Get("X-RateLimit-Remaining") == "0" {
			e.RetryAfter = min(max(time.Second, time.Until(time.Unix(n, 0))), longestWait) // GitHub says it so
		}
		return e
	}
	if err != nil || into == nil {
		return err
	}
	return into(body)
}

// hide takes the address that was asked for out of an answer that repeats it: it
// may be a secret.
func hide(body []byte, u *url.URL) []byte {
	for _, s := range []string{u.String(), u.RequestURI(), u.Path, u.RawQuery} {
		if len(s) > 1 {
			body = bytes.ReplaceAll(body, []byte(s), []byte("…"))
		}
	}
	return body
}

// longestWait bounds how long a receiver may ask to wait.
const longestWait = 2 * time.Hour

func beginning(body []byte) string {
	const most = 300
	if len(body) > most {
		return string(body[:most]) + "…"
	}
	return string(body)
}

// Scrub removes the address from an error of net/http, because it may hold a secret.
func Scrub(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Ping sends a GET to an address and expects a success.
func Ping(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Scrub(err)
	}
	req.Header.Set("User-Agent", "bucketproof")
	resp, err := NewClient().Do(req)
	if err != nil {
		return Scrub(err)
	}
	return Answer(resp, nil)
}
