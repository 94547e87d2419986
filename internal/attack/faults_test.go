//go:build linux

package attack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// faulty stands between the program and an S3 server, and now and then does to an answer
// what servers, proxies and networks do.
type faulty struct {
	mu    sync.Mutex
	rng   *rand.Rand
	rate  float64 // of the answers that have a fault; 0 for none
	done  map[string]int
	other []byte // a log object to give out in place of another
}

// fault is what is done to an answer: to that of a listing, of an object, or of both.
type fault struct {
	name         string
	list, object bool
	before       func(w http.ResponseWriter, r *http.Request) // instead of asking the server
	after        func(f *faulty, body []byte) []byte          // what is sent for the body
	cut          bool                                         // the connection ends behind half of it
}

func answer(status int, code string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
	}
}

var contents = regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)

var faults = []fault{
	{name: "503", list: true, object: true, before: answer(503, "SlowDown")},
	{name: "500", list: true, object: true, before: answer(500, "InternalError")},
	{name: "403", list: true, object: true, before: answer(403, "AccessDenied")},
	{name: "404", object: true, before: answer(404, "NoSuchKey")},
	{name: "a page of HTML", list: true, object: true, after: func(*faulty, []byte) []byte {
		return []byte("<html><body>Log in</body></html>")
	}},
	{name: "nothing", list: true, object: true, after: func(*faulty, []byte) []byte { return nil }},
	{name: "half, and its length", list: true, object: true, after: func(_ *faulty, b []byte) []byte { return b[:len(b)/2] }},
	{name: "half, then the end", list: true, object: true, cut: true},
	{name: "another object", object: true, after: func(f *faulty, _ []byte) []byte { return f.other }},
	{name: "other bytes of this length", object: true, after: func(_ *faulty, b []byte) []byte {
		return bytes.ReplaceAll(b, []byte("veeam"), []byte("vaeam"))
	}},
	{name: "lines doubled in this length", object: true, after: func(_ *faulty, b []byte) []byte { // as many bytes, fewer records
		half := b[:bytes.LastIndexByte(b[:len(b)/2], '\n')+1]
		return append(append(bytes.Clone(half), half...), bytes.Repeat([]byte{'\n'}, max(0, len(b)-2*len(half)))...)
	}},
	{name: "a listing without its end", list: true, after: func(_ *faulty, b []byte) []byte {
		all := contents.FindAllIndex(b, -1)
		if len(all) < 2 {
			return b
		}
		return append(bytes.Clone(b[:all[len(all)/2][0]]), b[all[len(all)-1][1]:]...)
	}},
	{name: "a listing of nothing", list: true, after: func(_ *faulty, b []byte) []byte { return contents.ReplaceAll(b, nil) }},
	{name: "other sizes and tags", list: true, after: func(_ *faulty, b []byte) []byte {
		return regexp.MustCompile(`<ETag>[^<]*</ETag>`).ReplaceAll(b, []byte("<ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag>"))
	}},
	{name: "a page again and again", list: true, after: func(_ *faulty, b []byte) []byte {
		b = bytes.Replace(b, []byte("<IsTruncated>false<"), []byte("<IsTruncated>true<"), 1)
		return bytes.Replace(b, []byte("</ListBucketResult>"),
			[]byte("<NextContinuationToken>again</NextContinuationToken></ListBucketResult>"), 1)
	}},
}

// pick is the fault of an answer, nil for none.
func (f *faulty) pick(list bool) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.Float64() >= f.rate {
		return nil
	}
	for {
		x := &faults[f.rng.IntN(len(faults))]
		if list && x.list || !list && x.object {
			f.done[x.name]++
			return x
		}
	}
}

func (f *faulty) handler(server *url.URL) http.Handler {
	chosen := func(r *http.Request) *fault {
		x, _ := r.Context().Value(faultKey{}).(*fault)
		return x
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			x := chosen(r.Request)
			if x == nil || x.after == nil {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body = x.after(f, body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.ContentLength = int64(len(body))
			r.Header.Set("Content-Length", fmt.Sprint(len(body)))
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := f.pick(r.URL.Query().Get("list-type") == "2")
		switch {
		case x != nil && x.before != nil:
			x.before(w, r)
		case x != nil && x.cut:
			rec := httptest.NewRecorder()
			proxy.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.WriteHeader(rec.Code)
			if _, err := w.Write(rec.Body.Bytes()[:rec.Body.Len()/2]); err == nil {
				panic(http.ErrAbortHandler)
			}
		default:
			proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, x)))
		}
	})
}

type faultKey struct{}

// TestFaultyServer: whatever a server or a proxy answers, collecting ends, a packet is ok only
// where all records are in it, and once the answers are right again every record is there once.
func TestFaultyServer(t *testing.T) {
	server := os.Getenv("BUCKETPROOF_TEST_S3")
	if server == "" {
		t.Skip("BUCKETPROOF_TEST_S3 is not set: no S3 server to test with; .ci/run starts one")
	}
	seeds := 4
	if asked == "every" {
		seeds = 40
	}
	at, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = aws.String(server), true })
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := plain()
			w := place(t, m)
			logs := fmt.Sprintf("faulty-%d-%d", time.Now().UnixNano(), seed)
			if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &logs}); err != nil {
				t.Fatal(err)
			}
			f := &faulty{rng: rand.New(rand.NewPCG(uint64(seed), 7)), done: map[string]int{}}
			upload(t, client, logs, w.dir, f)
			proxy := httptest.NewServer(f.handler(at))
			defer proxy.Close()
			throughS3(t, w, proxy.URL, logs)

			truth := int64(0)
			for _, r := range m.records {
				if r.raw == "" && !r.at.Before(m.at(m.d(1), 0, 0)) && r.at.Before(m.at(m.d(1).AddDate(0, 1, 0), 0, 0)) {
					truth++
				}
			}
			for _, rate := range []float64{0.05, 0.3, 0.9} {
				f.rate = rate
				w.run("collect")
				if strings.Contains(w.said, "goroutine ") {
					t.Fatalf("it crashed: %s", w.said)
				}
				w.run("report", "--month", m.name, "--uncollected")
				if got := w.newest(); got.Verdict == "ok" && got.Totals.Records != truth {
					t.Errorf("ok with %d of %d records, behind %v", got.Totals.Records, truth, f.done)
				}
			}
			f.rate = 0
			w.run("collect")
			if !strings.Contains(w.said, "msg=collected") {
				t.Errorf("collecting through a server that is well again: %s", w.said)
			}
			said := w.said
			w.check()
			w.run("report", "--month", m.name)
			if got := w.newest(); got.Totals.Records != truth || got.Verdict != "ok" {
				t.Errorf("%s with %d of %d records, behind %v: %v\n%s", got.Verdict, got.Totals.Records, truth, f.done, got.Reasons, said)
			}
		})
	}
}

// upload puts the log objects of a folder into a bucket.
func upload(t *testing.T, client *s3.Client, bucket, dir string, f *faulty) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "logs", "*", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d log objects, %v", len(paths), err)
	}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f.other = body
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.PutObject(t.Context(),
			&s3.PutObjectInput{Bucket: &bucket, Key: aws.String(filepath.ToSlash(rel)), Body: bytes.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
}

// throughS3 makes the configuration read the logs from a bucket, by way of an endpoint.
func throughS3(t *testing.T, w *world, endpoint, bucket string) {
	t.Helper()
	path := filepath.Join(w.dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := strings.ReplaceAll(string(text), `"file:logs/`, `"s3://`+bucket+`/logs/`)
	out = strings.Replace(out, "[evidence]", fmt.Sprintf("[aws]\nregion = \"us-east-1\"\nendpoint = %q\n[evidence]", endpoint), 1)
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
}
