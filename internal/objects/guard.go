package objects

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// leastRate is how many bytes a second a server must send, beside the time that it may be
	// silent. A narrow line that many objects share at once is faster.
	leastRate = 1 << 10
	// maxError and maxListing bound the answers that the SDK reads into memory: what stands
	// beside an error, and a page of a listing, a thousand keys of a kilobyte in XML.
	maxError   = 1 << 20
	maxListing = 64 << 20
)

// guard watches over the answers of a server: none may stop, trickle, grow without end,
// or come from another host than the one that was asked.
type guard struct{ aws.HTTPClient }

// Do sends a request.
func (g guard) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := g.HTTPClient.Do(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return resp, err
	}
	if from := resp.Request.URL; !sameServer(req.URL.Scheme, req.URL.Host, from.Scheme, from.Host) {
		cancel(nil)
		return misdirected(resp, fmt.Sprintf("%s sends the request on to %s, which is not asked", req.URL.Host, from.Host))
	}
	limit := int64(-1)
	switch {
	case resp.StatusCode >= http.StatusMultipleChoices:
		limit = maxError
	case req.URL.Query().Has("list-type"):
		limit = maxListing
	}
	resp.Body = newGuarded(ctx, cancel, resp.Body, limit)
	return resp, nil
}

// misdirected stands for an answer of another host. It is an answer and no error, because the SDK
// would ask again and again after one.
func misdirected(resp *http.Response, text string) (*http.Response, error) {
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	body := "<Error><Code>Misdirected</Code><Message>" + html.EscapeString(text) + "</Message></Error>"
	return &http.Response{StatusCode: http.StatusMisdirectedRequest, Status: http.StatusText(http.StatusMisdirectedRequest),
		Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor, Header: http.Header{},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: resp.Request}, nil
}

// sameServer tells whether an answer may come from a host. S3 itself sends requests on between
// its own, as to a bucket that was just made in another Region.
func sameServer(scheme, host, fromScheme, fromHost string) bool {
	amazon := func(host string) bool {
		return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
	}
	return scheme == fromScheme && (host == fromHost || amazon(host) && amazon(fromHost))
}

// guarded is the body of an answer.
type guarded struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  int64 // of bytes; negative for none
	read   int64
	waited time.Duration
	once   sync.Once
}

func newGuarded(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, limit int64) *guarded {
	timer := time.AfterFunc(stall, func() {
		cancel(fmt.Errorf("the server sent nothing for %s, or less than %d bytes a second", stall, leastRate))
	})
	timer.Stop() // it runs only while a read waits, not while the caller works
	return &guarded{body: body, ctx: ctx, cancel: cancel, timer: timer, limit: limit}
}

func (g *guarded) Read(p []byte) (int, error) {
	began := time.Now()
	g.timer.Reset(min(stall, stall+time.Duration(g.read)*time.Second/leastRate-g.waited))
	n, err := g.body.Read(p)
	g.timer.Stop()
	g.waited += time.Since(began)
	g.read += int64(n)
	if g.limit >= 0 && g.read > g.limit {
		return 0, fmt.Errorf("the answer has more than %d bytes", g.limit)
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(g.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (g *guarded) Close() error {
	var err error
	g.once.Do(func() {
		g.timer.Stop()
		err = g.body.Close()
		g.cancel(nil)
	})
	return err
}
