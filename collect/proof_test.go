package collect

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// wire is an S3 server with one object, behind something that may change what it sends.
type wire struct {
	key, body, etag string
	change          func(body string) string
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("ETag", `"`+w.etag+`"`)
	switch {
	case r.URL.Query().Get("list-type") == "2":
		type content struct {
			Key, ETag, LastModified string
			Size                    int
		}
		type result struct {
			XMLName     xml.Name  `xml:"ListBucketResult"`
			IsTruncated bool      // false: it is the whole
			Contents    []content `xml:"Contents"`
		}
		_ = xml.NewEncoder(out).Encode(result{Contents: []content{{w.key, w.etag, "2026-10-01T23:30:00Z", len(w.body)}}}) // a test server
	case r.Method == http.MethodHead:
		out.Header().Set("Content-Length", fmt.Sprint(len(w.body)))
	default:
		fmt.Fprint(out, w.change(w.body))
	}
}

// onWire is a collector of a bucket behind a wire.
func onWire(t *testing.T, w *wire) *site {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	s := newSite(t, "acme-backups")
	u, err := objects.ParseURL("s3://acme-logs/")
	if err != nil {
		t.Fatal(err)
	}
	s.srcs[0].Logs, s.srcs[0].Access = u, objects.Access{Endpoint: server.URL}
	return s
}

// blanked replaces the request ID of a line by another one of the same length.
func blanked(body string) string { return strings.Replace(body, " R1 ", " X1 ", 1) }

func asIs(body string) string { return body }

// TestOtherBytes: what was changed on the way is not collected, and read again until it
// comes as it is stored.
func TestOtherBytes(t *testing.T) {
	body := line("acme-backups", "R1", "REST.PUT.OBJECT", "a") + line("acme-backups", "R2", "REST.PUT.OBJECT", "b")
	sum := md5.Sum([]byte(body))
	w := &wire{"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", body, hex.EncodeToString(sum[:]), blanked}
	s := onWire(t, w)
	for range 2 {
		sums, err := s.c.Collect(t.Context(), s.srcs)
		if err == nil || !strings.Contains(err.Error(), objects.ErrBody.Error()) || len(sums) != 1 || sums[0].Records != 0 {
			t.Fatalf("%v, %+v; want %v", err, sums, objects.ErrBody)
		}
	}
	w.change = asIs
	wantSummary(t, s.collect(), 1, 2, 0, 0)
	if got := s.proof(t); got != objects.ProofETag {
		t.Errorf("it is proven by %q", got)
	}
	s.c.Full = true
	wantSummary(t, s.collect(), 0, 0, 0, 0) // what is proven is not read again
}

// TestOtherLength: an object that comes with more or fewer bytes than it was listed with is
// not collected, and read again.
func TestOtherLength(t *testing.T) {
	body := line("acme-backups", "R1", "REST.PUT.OBJECT", "a")
	for name, change := range map[string]func(string) string{
		"one byte more":    func(body string) string { return body + "\n" },
		"a line more":      func(body string) string { return body + blanked(body) },
		"one byte less":    func(body string) string { return body[:len(body)-1] },
		"nothing":          func(string) string { return "" },
		"all of it twice":  func(body string) string { return body + body },
		"half of it twice": func(body string) string { return body[:len(body)/2] + body[:len(body)/2] },
	} {
		w := &wire{"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", body, "0123456789abcdef0123456789abcdef-2", change}
		s := onWire(t, w)
		if sums, err := s.c.Collect(t.Context(), s.srcs); err == nil || len(sums) != 1 || sums[0].Records != 0 {
			t.Errorf("%s: %+v, %v", name, sums, err)
		}
		w.change = asIs
		wantSummary(t, s.collect(), 1, 1, 0, 0)
	}
}

func (s *site) proof(t *testing.T) string {
	t.Helper()
	known, err := s.c.State.Ledger.Known(t.Context(), s.srcs[0].Logs.Text, []string{"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"})
	if err != nil || len(known) != 1 || len(known["2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"]) != 1 {
		t.Fatalf("%v, %v", known, err)
	}
	return known["2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"][0].Proof
}

// TestUnprovenBytes: an object whose bytes nothing could prove is read again by a full
// collection. What it holds beside what was taken is taken, and that it differs is told.
func TestUnprovenBytes(t *testing.T) {
	body := line("acme-backups", "R1", "REST.PUT.OBJECT", "a") + line("acme-backups", "R2", "REST.PUT.OBJECT", "b")
	w := &wire{"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", body, "0123456789abcdef0123456789abcdef-2", blanked}
	s := onWire(t, w)
	wantSummary(t, s.collect(), 1, 2, 0, 0)
	if got := s.proof(t); got != objects.ProofLength {
		t.Errorf("it is proven by %q", got)
	}
	w.change = asIs
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	s.c.Full = true
	sum := s.collect()
	wantSummary(t, sum, 1, 1, 1, 0) // R1, which was lost; R2 is there; X1 stays and is told of
	incidents, err := s.c.State.Ledger.Incidents(t.Context(), s.srcs[0].Logs.Text, "acme-backups",
		now.AddDate(0, -3, 0), now.AddDate(0, 1, 0))
	if err != nil || len(incidents) != 1 || incidents[0].Kind != state.IncidentChanged || incidents[0].Before == incidents[0].SHA256 {
		t.Errorf("%+v, %v", incidents, err)
	}
	wantSummary(t, s.collect(), 1, 0, 0, 0)
	if got := s.proof(t); got != objects.ProofTwice {
		t.Errorf("it is proven by %q", got)
	}
	wantSummary(t, s.collect(), 0, 0, 0, 0) // and not read a third time
}
