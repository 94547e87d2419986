package objects

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestNoListing: what is no page of the listing that was asked for is none, and not an empty
// listing, which would say that nothing more was delivered.
func TestNoListing(t *testing.T) {
	page := func(inner string) string { return "<ListBucketResult>" + inner + "</ListBucketResult>" }
	whole := "<IsTruncated>false</IsTruncated>"
	for name, body := range map[string]string{
		"nothing":              "",
		"a page of a proxy":    "<html><body>Please log in</body></html>",
		"no word of the rest":  page("<Name>acme-logs</Name><Prefix>acme/</Prefix>"),
		"more, but no token":   page("<IsTruncated>true</IsTruncated><Contents><Key>acme/a</Key></Contents>"),
		"another bucket":       page("<Name>other</Name>" + whole),
		"another prefix":       page("<Name>acme-logs</Name><Prefix>beta/</Prefix>" + whole),
		"fewer keys than said": page("<KeyCount>25</KeyCount>" + whole),
		"keys of others":       page("<Contents><Key>beta/a</Key></Contents>" + whole),
	} {
		s := faulty(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		if err := listError(t, s); !errors.Is(err, ErrNoListing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := page("<Name>acme-logs</Name><Prefix>acme%2F</Prefix><KeyCount>1</KeyCount><EncodingType>url</EncodingType>" + whole +
		"<Contents><Key>acme%2Fa</Key></Contents>")
	s := faulty(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, good) })
	if got := keys(t, s, ""); len(got) != 1 || got[0] != "a" {
		t.Errorf("a good page has %q", got)
	}
}

// TestAnswersEnd: an answer that stops, trickles or grows without end is given up, and one from
// another host is not believed.
func TestAnswersEnd(t *testing.T) {
	defer func(before time.Duration) { stall = before }(stall)
	stall = 300 * time.Millisecond
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "forged") }))
	defer elsewhere.Close()
	flush := func(w http.ResponseWriter) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(http.ErrAbortHandler) // the client went away
		}
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"an error whose body hangs": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			flush(w)
			<-r.Context().Done()
		}, "access denied"},
		"an endless error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, "access denied"},
		"a body that trickles": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			tick := time.NewTicker(stall / 5)
			defer tick.Stop()
			for {
				if _, err := io.WriteString(w, "x"); err != nil {
					return
				}
				flush(w)
				select {
				case <-tick.C:
				case <-r.Context().Done():
					return
				}
			}
		}, "bytes a second"},
		"another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}, "is not asked"},
	} {
		s := faulty(t, tt.answer)
		c, err := s.Open(t.Context(), Info{Key: "k", Size: 1000, ETag: "0123"})
		if err == nil {
			_, err = io.ReadAll(c)
			err = errors.Join(err, c.Close())
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
