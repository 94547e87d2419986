// Package page is the download page behind a link: /p/TOKEN shows what a packet
// says and names its files, a POST to it shows the links to them as well, and
// /p/TOKEN/FILE gives one out. There is no other route. Scanners of mail follow
// links and send no forms, so that they find no file. A token that is wrong, has
// ended or was revoked gets the same answer after the same time. [New] makes the
// handler, [Server] serves it.
package page

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/deliver/letter"
	"bucketproof/report/deliver/link"
	"bucketproof/report/language"
)

const (
	// refusal is how long every answer to a link that does not work takes, so that
	// its time tells nothing.
	refusal = 200 * time.Millisecond
	// held bounds the files that are held in memory while they are sent, in bytes; a
	// larger one is sent alone.
	held = 256 << 20
	// perLink is how many files one link gives out at the same time, so that a slow
	// line holds nobody else back.
	perLink = 4
	// queue is how long a file waits for its turn.
	queue = 10 * time.Second
	// perRequest bounds how long an answer may take, for a slow line.
	perRequest = 10 * time.Minute
	// A part of a file must be taken within some time; a line that is slower than that
	// is none.
	partSize = 64 << 10
	perPart  = 30 * time.Second
)

// Handler serves the page.
type Handler struct {
	Links  *state.Links
	Config func() *config.Config // asked at each request
	Now    func() time.Time
	Log    *slog.Logger

	files  *semaphore.Weighted
	limits *limits
	mu     sync.Mutex
	opened map[string]*deliver.Opened // packets by their name
	giving map[string]int             // files on their way, by the ID of their link
}

// New makes a handler.
func New(links *state.Links, c func() *config.Config, now func() time.Time, log *slog.Logger) *Handler {
	return &Handler{Links: links, Config: c, Now: now, Log: log, files: semaphore.NewWeighted(held),
		limits: newLimits(now), opened: map[string]*deliver.Opened{}, giving: map[string]int{}}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	nonce := rand.Text()
	setHeaders(w, nonce, strings.HasPrefix(h.Config().Links.PublicURL, "https:"))
	address := clientAddress(r, h.Config().Links.Proxies)
	if !h.limits.allow(address) {
		w.Header().Set("Retry-After", "60")
		h.plain(w, http.StatusTooManyRequests, nonce)
		return
	}
	err := h.serve(w, r, address, nonce)
	switch {
	case err == nil:
	case errors.Is(err, state.ErrNoLink) && !h.limits.failed(address):
		// A link that works is not held back by the wrong ones of others behind the
		// same address.
		w.Header().Set("Retry-After", "60")
		h.plain(w, http.StatusTooManyRequests, nonce)
	case errors.Is(err, state.ErrNoLink):
		wait(r.Context(), began.Add(refusal))
		h.plain(w, http.StatusNotFound, nonce)
	case r.Context().Err() != nil: // the client went away
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "15")
		http.Error(w,
			"Other files are being sent at the moment. Please try again in some seconds. / Gerade werden andere "+
				"Dateien gesendet. Bitte versuchen Sie es in einigen Sekunden noch einmal.", http.StatusServiceUnavailable)
	default:
		h.Log.Error("the download page could not give out a packet", "error", err)
		w.Header().Set("Retry-After", "300")
		http.Error(w,
			"This packet can't be read at the moment. Please try again later. / Dieses Paket kann gerade nicht "+
				"gelesen werden. Bitte versuchen Sie es später noch einmal.", http.StatusServiceUnavailable)
	}
}

func wait(ctx context.Context, until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// plain answers every link that does not work.
func (h *Handler) plain(w http.ResponseWriter, status int, nonce string) {
	body, err := letter.HTML("gone", struct{ Nonce string }{nonce})
	if err != nil {
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func setHeaders(w http.ResponseWriter, nonce string, tls bool) {
	for k, v := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'nonce-" + nonce +
			"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cache-Control":                "no-store",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
		"X-Robots-Tag":                 "noindex, nofollow",
	} {
		w.Header().Set(k, v)
	}
	if tls {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// serve answers a link that works. Every other one is state.ErrNoLink, found out
// by the same steps.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, address, nonce string) error {
	rest, ok := strings.CutPrefix(r.URL.Path, link.Path)
	text, file, named := strings.Cut(rest, "/")
	token, whole := link.Decode(text)
	l, err := h.Links.ByToken(r.Context(), token)
	if err != nil {
		return err
	}
	if !ok || !whole || !l.Works(h.Now()) || !allowed(r.Method, named) || named && file == "" {
		return state.ErrNoLink
	}
	o, err := h.open(r.Context(), l)
	if err != nil {
		return err
	}
	use := state.LinkUse{Link: l, At: h.Now(), Address: address, File: file}
	if named {
		return h.file(w, r, o, use)
	}
	if r.Method != http.MethodHead {
		if err := h.Links.Use(r.Context(), use); err != nil {
			return err
		}
	}
	return h.page(w, o, l, text, nonce, r.Method == http.MethodPost)
}

// allowed tells whether a method is one of a file, or of the page.
func allowed(method string, file bool) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodPost && !file
}

// maxOpened is how many packets are remembered.
const maxOpened = 100

// open reads the packet of a link; a packet that is finished never changes.
func (h *Handler) open(ctx context.Context, l state.Link) (*deliver.Opened, error) {
	name := l.Tenant + "/" + report.PacketName(l.Month, l.Revision)
	h.mu.Lock()
	o := h.opened[name]
	h.mu.Unlock()
	if o != nil {
		return o, nil
	}
	c := h.Config()
	o, err := deliver.OpenPacket(ctx, c.Evidence.URL, c.AWS, l.Tenant, l.Month, l.Revision)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.opened) >= maxOpened {
		clear(h.opened)
	}
	h.opened[name] = o
	return o, nil
}

// file gives one file out. It is read and compared with the manifest before a
// byte of it is sent, and only then counts as a download.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, o *deliver.Opened, use state.LinkUse) error {
	_, known := o.Listed(use.File)
	unlisted := use.File == report.ManifestName || o.Manifest.Signature != nil && use.File == o.Manifest.Signature.File
	if !known && !unlisted {
		return state.ErrNoLink
	}
	size := int64(o.ManifestSize)
	if known {
		listed, _ := o.Listed(use.File)
		if size = int64(listed.Size); r.Method == http.MethodHead { // a look, and no download
			h.fileHead(w, o, use.File, listed.Size)
			return nil
		}
	}
	if err := h.Links.MayUse(r.Context(), use); err != nil { // before anything is read for a link that is used up
		return err
	}
	release, err := h.take(r.Context(), use.Link.ID, size)
	if err != nil {
		return err
	}
	defer release()
	var body []byte
	if known {
		body, err = o.File(r.Context(), use.File)
	} else {
		body, err = o.Unlisted(r.Context(), use.File)
	}
	if errors.Is(err, objects.ErrNotFound) {
		return fmt.Errorf("%s: %w", use.File, err)
	}
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		h.fileHead(w, o, use.File, len(body))
		return nil
	}
	if err := h.Links.Use(r.Context(), use); err != nil {
		return err
	}
	h.Log.Info("a file was given out", "tenant", use.Link.Tenant, "link", use.Link.ID, "contact", use.Link.Email,
		"file", use.File, "address", use.Address)
	h.fileHead(w, o, use.File, len(body))
	if err := send(w, body); err != nil {
		h.Log.Info("a download broke off", "link", use.Link.ID, "file", use.File, "error", err)
	}
	return nil
}

// errBusy means that a file can't be given out now.
var errBusy = errors.New("other files are being sent")

// take waits for a file's turn: for room in memory, and of one link for one of few.
func (h *Handler) take(ctx context.Context, id string, size int64) (release func(), err error) {
	h.mu.Lock()
	if h.giving[id] >= perLink {
		h.mu.Unlock()
		return nil, errBusy
	}
	h.giving[id]++
	h.mu.Unlock()
	done := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.giving[id]--; h.giving[id] == 0 {
			delete(h.giving, id)
		}
	}
	size = min(size, held)
	wait, stop := context.WithTimeout(ctx, queue)
	defer stop()
	if err := h.files.Acquire(wait, size); err != nil {
		done()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errBusy
	}
	return func() { h.files.Release(size); done() }, nil
}

// send writes a file part by part, each within its time.
func send(w http.ResponseWriter, body []byte) error {
	c := http.NewResponseController(w)
	began := time.Now()
	for len(body) > 0 {
		end := time.Now().Add(perPart)
		if last := began.Add(perRequest); last.Before(end) {
			end = last
		}
		if err := c.SetWriteDeadline(end); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		n, err := w.Write(body[:min(len(body), partSize)])
		if err != nil {
			return err
		}
		if err := c.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		body = body[n:]
	}
	return nil
}

// fileHead sets the headers of a file with a number of bytes.
func (h *Handler) fileHead(w http.ResponseWriter, o *deliver.Opened, path string, size int) {
	head := w.Header()
	head.Set("Content-Type", contentType(path))
	head.Set("Content-Disposition", objects.Disposition(o.Name(path)))
	head.Set("Content-Length", fmt.Sprint(size))
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Accept-Ranges", "none")
	if listed, ok := o.Listed(path); ok {
		head.Set("X-SHA256", listed.SHA256)
	}
}

func contentType(path string) string {
	switch {
	case strings.HasSuffix(path, ".pdf"):
		return "application/pdf"
	case strings.HasSuffix(path, ".csv"):
		return "text/csv; charset=utf-8"
	case strings.HasSuffix(path, ".json"):
		return "application/json"
	}
	return "application/octet-stream"
}

// fields are what the templates page.LANGUAGE.html can say.
type fields struct {
	MSP, Tenant, Period, Contact  string
	Verdict, VerdictKey, Sentence string
	Provisional                   bool
	Revision                      int
	Ends                          string
	Left                          int
	Linked                        bool // the files are links
	Accent, Nonce                 string
	Files                         []file
	Signed                        bool
	Signer                        string
	ManifestSHA256                string
}

type file struct {
	Name, What, Size, SHA256, Href string
	Main                           bool // the PDF
}

// page shows the page; where the form was sent, with links to the files while any
// download is left.
func (h *Handler) page(w http.ResponseWriter, o *deliver.Opened, l state.Link, token, nonce string, sent bool) error {
	text, err := language.Load(o.Model.Language)
	if err != nil {
		return err
	}
	m, c := o.Manifest, h.Config()
	f := fields{
		MSP: c.Report.MSP, Tenant: m.Tenant.Name, Contact: l.Name,
		Verdict: text.Say("verdict.label." + o.VerdictKey()), VerdictKey: o.VerdictKey(), Sentence: m.Sentence,
		Provisional: m.Provisional, Revision: m.Revision, Left: max(0, l.MaxDownloads-l.Downloads), Accent: letter.Accent(c), Nonce: nonce,
		Signed: m.Signature != nil, Signer: o.Signer(), ManifestSHA256: o.ManifestSHA256,
	}
	f.Linked = sent && f.Left > 0
	if f.Period, f.Ends, err = letter.Times(o, text, l.Ends); err != nil {
		return err
	}
	titles := map[string]string{}
	for _, q := range m.Queries {
		titles[q.File] = text.Or("query."+q.Name+".title", q.Title)
	}
	for _, listed := range m.Files {
		what := text.Or("file."+listed.Kind, titles[listed.Path])
		f.Files = append(f.Files, file{Name: o.Name(listed.Path), What: what, Size: text.Bytes(int64(listed.Size)),
			SHA256: listed.SHA256, Href: token + "/" + listed.Path, Main: listed.Path == report.PDFName})
	}
	f.Files = append(f.Files, file{Name: o.Name(report.ManifestName), What: text.Say("file.manifest"),
		Size: text.Bytes(int64(o.ManifestSize)), SHA256: o.ManifestSHA256, Href: token + "/" + report.ManifestName})
	body, err := letter.HTML("page."+o.Model.Language, f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = fmt.Fprint(w, body)
	if err != nil {
		h.Log.Debug("a page broke off", "link", l.ID, "error", err)
	}
	return nil
}
