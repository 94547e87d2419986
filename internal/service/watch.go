package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// watch lets the service be watched: /healthz, /readyz and /metrics. What it
// shows of the state is read when something has happened, not when it is asked.
type watch struct {
	*Service
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	seconds  *prometheus.GaugeVec

	mu       sync.Mutex
	figures  figures
	success  map[[2]string]time.Time // ends of the last good runs, by job and tenant
	ready    bool
	once     bool    // RunOnce asks for failures
	failures []error // of runs
}

// figures are what the state says.
type figures struct {
	buckets  []state.BucketFigures
	findings []state.Count
	packets  []state.Count
	mails    []state.Count
	messages []state.Count
	alerts   int
}

var (
	lastSuccess = prometheus.NewDesc("bucketproof_last_success_timestamp_seconds",
		"End of the last run that did what it should, in seconds since 1970.", []string{"job", "tenant"}, nil)
	logAge = prometheus.NewDesc("bucketproof_log_age_seconds",
		"Time since the newest log object of a bucket was delivered.", []string{"bucket"}, nil)
	records  = prometheus.NewDesc("bucketproof_records_total", "Records of a bucket that were collected.", []string{"bucket"}, nil)
	rejected = prometheus.NewDesc("bucketproof_rejected_lines_total",
		"Lines of a bucket's log that could not be read.", []string{"bucket"}, nil)
	open    = prometheus.NewDesc("bucketproof_open_findings", "Findings that are not resolved.", []string{"tenant", "severity"}, nil)
	packets = prometheus.NewDesc("bucketproof_packets_published_total",
		"Packets that were published, with their revisions.", []string{"tenant"}, nil)
	mails    = prometheus.NewDesc("bucketproof_mails", "Mails that announce packets, by what became of them.", []string{"status"}, nil)
	messages = prometheus.NewDesc("bucketproof_messages", "Messages to other systems, by what became of them.",
		[]string{"kind", "status"}, nil)
	alerts = prometheus.NewDesc("bucketproof_alerts", "Alerts that last.", nil, nil)
)

func newWatch(s *Service) *watch {
	w := &watch{Service: s, registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bucketproof_runs_total",
			Help: "Runs since the service started, by how they ended."}, []string{"job", "outcome"}),
		seconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bucketproof_last_run_end_timestamp_seconds",
			Help: "End of the last run, however it ended, in seconds since 1970."}, []string{"job"}),
	}
	w.registry.MustRegister(w, w.runs, w.seconds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "bucketproof_build_info", Help: "1, with the version.",
		ConstLabels: prometheus.Labels{"version": s.parts.Version}})
	build.Set(1)
	w.registry.MustRegister(build)
	return w
}

// Describe names what the state says.
func (w *watch) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lastSuccess, logAge, records, rejected, open, packets, mails, messages, alerts} {
		ch <- d
	}
}

// Collect gives what the state said last.
func (w *watch) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	f, success := w.figures, maps.Clone(w.success)
	w.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for of, at := range success {
		gauge(lastSuccess, float64(at.UnixMilli())/1000, of[0], of[1])
	}
	for _, b := range f.buckets {
		counter(records, b.Records, b.Bucket)
		counter(rejected, b.Rejected, b.Bucket)
		if !b.Newest.IsZero() {
			gauge(logAge, w.clock.Now().Sub(b.Newest).Seconds(), b.Bucket)
		}
	}
	for _, c := range f.findings {
		gauge(open, float64(c.N), c.Of...)
	}
	for _, c := range f.packets {
		counter(packets, c.N, c.Of...)
	}
	for _, c := range f.mails {
		gauge(mails, float64(c.N), c.Of...)
	}
	for _, c := range f.messages {
		gauge(messages, float64(c.N), c.Of...)
	}
	gauge(alerts, float64(f.alerts))
}

// refresh reads the state. What the ledger of log objects says takes long where it
// is large, so it is read only when deep is set.
func (w *watch) refresh(ctx context.Context, deep bool) error {
	var f figures
	var errs []error
	get := func(into *[]state.Count, from func(context.Context) ([]state.Count, error)) {
		c, err := from(ctx)
		*into, errs = c, append(errs, err)
	}
	s := w.parts.State
	get(&f.findings, s.Findings.CountOpen)
	get(&f.packets, s.Packets.Count)
	get(&f.mails, s.Mails.Count)
	get(&f.messages, s.Outbox.Count)
	var err error
	if deep {
		f.buckets, err = s.Ledger.Figures(ctx)
		errs = append(errs, err)
	}
	lasting, err := s.Alerts.Active(ctx)
	f.alerts = len(lasting)
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !deep {
		f.buckets = w.figures.buckets
	}
	w.figures, w.ready = f, true
	return nil
}

// begin reads what is only followed from then on.
func (w *watch) begin(ctx context.Context) error {
	list, err := w.parts.State.Runs.LastSuccesses(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.success = map[[2]string]time.Time{}
	for _, s := range list {
		w.success[[2]string{s.Job, s.Tenant}] = s.Ended
	}
	w.mu.Unlock()
	return w.refresh(ctx, true)
}

// heard notes a run that has ended.
func (w *watch) heard(t scheduler.Task, r scheduler.Result) {
	if o := r.Outcome(); o == scheduler.Done || o == scheduler.Attention {
		w.mu.Lock()
		w.success[[2]string{t.Job, t.Tenant}] = w.clock.Now()
		w.mu.Unlock()
	}
	w.runs.WithLabelValues(t.Job, r.Outcome()).Inc()
	w.seconds.WithLabelValues(t.Job).Set(float64(w.clock.Now().UnixMilli()) / 1000)
	if r.Err != nil && w.once {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failures = append(w.failures, r.Err)
	}
}

// failure joins the errors of the runs so far.
func (w *watch) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.failures...)
}

// serve serves the endpoints until ctx ends.
func (w *watch) serve(ctx context.Context, listen string) (address string, wait func() error, err error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", nil, fmt.Errorf("health and metrics: %w; choose another service.listen, or stop what uses it", err)
	}
	srv := &http.Server{Handler: w.handler(listen), ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	return l.Addr().String(), func() error {
		select {
		case err := <-done:
			return fmt.Errorf("health and metrics: %w", err)
		case <-ctx.Done():
		}
		err := srv.Close()
		if end := <-done; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	}, nil
}

// handler answers the endpoints, and only where they are asked for by an address of the
// machine: a site in a browser could give its own name this address and read them.
func (w *watch) handler(listen string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	mux.HandleFunc("GET /readyz", w.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}))
	own := hostOf(listen)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		_, err := netip.ParseAddr(host)
		if err != nil && !strings.EqualFold(host, "localhost") && (host == "" || !strings.EqualFold(host, own)) {
			http.Error(rw, "Health and metrics are not served under this name; "+
				"ask for them by an IP address, localhost, or the host of service.listen.", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(rw, r)
	})
}

// hostOf is the host of an address with or without a port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
}

// readyz tells whether the state can be read.
func (w *watch) readyz(rw http.ResponseWriter, r *http.Request) {
	if _, err := w.parts.State.Notes.Get(r.Context(), instanceNote); err != nil {
		http.Error(rw, "the state can't be read", http.StatusServiceUnavailable)
		return
	}
	w.mu.Lock()
	ready := w.ready
	w.mu.Unlock()
	if !ready {
		http.Error(rw, "starting", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(rw, "ready")
}
