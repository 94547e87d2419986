// Package doctor tries what an unattended service needs, before it is needed:
// [Examine].
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"bucketproof/analyze"
	"bucketproof/collect"
	"bucketproof/collect/loggroup"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/mailer"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report/deliver/link"
	"bucketproof/report/signing"
	"bucketproof/scheduler"
)

// Outcomes.
const (
	OK      = "ok"
	Warning = "warning" // it works, and could be better
	Fault   = "FAULT"
)

// Finding is what was found out about one thing.
type Finding struct {
	What, Subject, Outcome, Detail string
}

type examination struct {
	*jobs.Parts
	tenants []config.Tenant
	out     []Finding
}

func (e *examination) add(what, subject, outcome, format string, args ...any) {
	e.out = append(e.out, Finding{what, subject, outcome, fmt.Sprintf(format, args...)})
}

// tried adds OK with a note, or a fault with the error.
func (e *examination) tried(what, subject, note string, err error) bool {
	if err != nil {
		e.add(what, subject, Fault, "%s", err)
		return false
	}
	e.add(what, subject, OK, "%s", note)
	return true
}

// Examine tries everything for the tenants, in the order in which it is needed.
func Examine(ctx context.Context, p *jobs.Parts, tenants []config.Tenant) []Finding {
	e := &examination{Parts: p, tenants: tenants}
	e.add("configuration", p.Config.Path, OK, "%d tenants", len(p.Config.Tenants))
	_, err := p.Analysis(ctx)
	e.tried("queries", p.Config.QueriesDir, "queries and checks can be read", err)
	e.schedule()
	e.dataFolder(ctx)
	for _, s := range e.sources() {
		e.logs(ctx, s)
	}
	e.reports(ctx)
	e.silent(ctx)
	e.unchecked(ctx)
	e.evidence(ctx)
	e.signing(ctx)
	e.mail(ctx)
	e.links(ctx)
	e.secrets()
	return e.out
}

// sources are the log locations of the tenants, each once.
func (e *examination) sources() (out []collect.Source) {
	for _, t := range e.tenants {
		for _, s := range collect.Sources(e.Config, t.ID) {
			if !slices.ContainsFunc(out, func(o collect.Source) bool { return o.Logs.Text == s.Logs.Text }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// reports looks at the places where backup products leave their reports.
func (e *examination) reports(ctx context.Context) {
	seen := map[string]bool{}
	for _, t := range e.tenants {
		u := t.BackupReports
		if u.Scheme == "" || seen[u.Text] {
			continue
		}
		seen[u.Text] = true
		e.first(ctx, "backup reports", u, t.AWS, "no report is there; is the backup product set to leave its reports of "+t.ID+" here?")
	}
	for _, t := range e.tenants {
		if t.BackupReports.Scheme == "" {
			continue
		}
		unreadable, err := e.UnreadableReports(ctx, t)
		if err != nil {
			e.add("backup reports", t.BackupReports.Text, Fault, "%s", err)
		}
		for _, r := range unreadable {
			e.add("backup report", r.Source, Fault, "it can't be read, so nobody knows what it tells of: %s", r.Reason)
		}
	}
}

// ofWitnesses are the checks whose findings are about a witness that did not speak.
var ofWitnesses = []string{"witness-silent", "logs-missing"}

// silent names the witnesses that the last checks could not hear, with why. A finding
// about one is resolved by the check that hears it again.
func (e *examination) silent(ctx context.Context) {
	for _, t := range e.tenants {
		found, err := e.State.Findings.Of(ctx, t.ID)
		if err != nil {
			e.add("witnesses", t.ID, Fault, "%s", err)
			continue
		}
		for _, f := range found {
			if f.Status == state.StatusResolved || !slices.Contains(ofWitnesses, f.Check) {
				continue
			}
			if f, err = e.State.Findings.ByID(ctx, f.ID); err != nil {
				e.add("witnesses", t.ID, Fault, "%s", err)
				continue
			}
			if len(f.Days) == 0 {
				continue // another configuration found them
			}
			last := f.Days[len(f.Days)-1]
			what := f.Subject
			if f.Check == "logs-missing" {
				what = analyze.WitnessLog
			}
			why := ""
			if !last.Expected.None() {
				why = ": " + last.Expected.String()
			}
			e.add("witness", t.ID+", "+f.Bucket, Warning, "%s did not speak on %s (%d in all)%s; see `bucketproof findings show %s`",
				what, last.Date, len(f.Days), why, f.ID)
		}
	}
}

// unchecked names the days that no check has looked at since the witness that it lacked
// spoke.
func (e *examination) unchecked(ctx context.Context) {
	data, err := e.Analysis(ctx)
	if err != nil {
		return // it is told already
	}
	for _, t := range e.tenants {
		days, err := analyze.Unchecked(ctx, data, t)
		switch first, last, checks := span(days); {
		case err != nil:
			e.add("checks", t.ID, Fault, "%s", err)
		case len(days) > 0:
			e.add("checks", t.ID, Warning,
				"%d checks have not looked at days since what they lacked came in; run `bucketproof check --tenant %s --from %s --to %s`",
				checks, t.ID, first, last)
		}
	}
}

// span is from when to when days are, and of how many checks.
func span(days []state.NotEvaluated) (first, last string, checks int) {
	names := map[string]bool{}
	for _, d := range days {
		if first == "" || d.Date < first {
			first = d.Date
		}
		last, names[d.Check] = max(last, d.Date), true
	}
	return first, last, len(names)
}

func (e *examination) schedule() {
	c := e.Config
	for _, j := range []struct{ job, line string }{{"collect", c.Schedule.Collect}, {"check", c.Schedule.Check},
		{"report", c.Schedule.Report}} {
		next, err := scheduler.Next(j.line, c.Location, e.Now())
		if err == nil && next.IsZero() {
			err = fmt.Errorf("schedule.%s is %q, a time that never comes; correct it", j.job, j.line)
		}
		e.tried("schedule", j.job, "next on "+next.Format("2 January 2006, 15:04 MST"), err)
	}
}

func (e *examination) dataFolder(ctx context.Context) {
	dir := e.Config.DataDir
	_, err := e.State.Runs.List(ctx, state.RunFilter{Limit: 1})
	if !e.tried("state", dir, "can be read and written", err) {
		return
	}
	if st, err := os.Stat(dir); err == nil && st.Mode().Perm()&0o007 != 0 && os.PathSeparator == '/' {
		e.add("data folder", dir, Warning, "everyone on this machine may look into it; chmod 750 %s", dir)
	}
	if !filepath.IsAbs(dir) {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
	}
	free, err := collect.Free(dir)
	switch {
	case err != nil:
		e.add("disk", dir, Fault, "%s", err)
	case free < e.Config.Collect.MinFree:
		e.add("disk", dir, Fault, "%s are free and collect.min_free keeps %s, so nothing is collected; make room",
			humanize.IBytes(uint64(free)), humanize.IBytes(uint64(e.Config.Collect.MinFree)))
	default:
		e.add("disk", dir, OK, "%s are free", humanize.IBytes(uint64(free)))
	}
}

// logs lists a log location and reads the first object there.
func (e *examination) logs(ctx context.Context, s collect.Source) {
	if s.Logs.Scheme == "cloudwatch" {
		err := loggroup.Check(ctx, loggroup.Group{Name: s.Logs.Group, Dir: s.Logs.Path, Access: s.Access, Now: e.Now})
		e.tried("log group", s.Logs.Text, "can be read", err)
		return
	}
	if s.Trail {
		e.first(ctx, "trail", s.Logs, s.Access, "nothing is there; does the trail deliver to this place?")
		return
	}
	e.first(ctx, "log location", s.Logs, s.Access, "nothing is there; is server access logging of "+
		strings.Join(s.Buckets, ", ")+" on, with this target?")
}

// first lists a place and reads the first byte of the first object there.
func (e *examination) first(ctx context.Context, what string, u objects.URL, access objects.Access, empty string) {
	store, err := objects.Open(ctx, u, access)
	if err != nil {
		e.add(what, u.Text, Fault, "%s", err)
		return
	}
	for info, err := range store.List(ctx, "") {
		if err != nil {
			e.add(what, u.Text, Fault, "%s", err)
			return
		}
		r, err := store.Open(ctx, info)
		if err == nil {
			_, err = r.Read(make([]byte, 1))
			if errors.Is(err, io.EOF) {
				err = nil
			}
			err = errors.Join(err, r.Close())
		}
		e.tried(what, u.Text, "can be listed and read", err)
		return
	}
	e.add(what, u.Text, Warning, "%s", empty)
}

func (e *examination) evidence(ctx context.Context) {
	c := e.Config.Evidence
	opts := objects.PutOptions{LockMode: c.LockMode, KMSKey: c.KMSKey, FileName: "doctor.txt"}
	for _, p := range objects.Probe(ctx, c.URL, e.Config.AWS, opts) {
		e.tried("evidence: "+p.What, c.URL.Text, p.Note, p.Err)
	}
	if c.URL.Scheme == "file" {
		e.add("evidence: Object Lock", c.URL.Text, Warning,
			"a folder has no Object Lock, so packets can be changed and deleted there; use an S3 bucket with Object Lock")
	} else if c.LockMode == "" {
		e.add("evidence: Object Lock", c.URL.Text, Warning, "evidence.lock_mode is \"\", so packets can be changed and deleted")
	}
}

func (e *examination) signing(ctx context.Context) {
	if !e.Config.Signing.Signs() {
		e.add("signing", "", Warning, "no key is configured, so packets carry no signature")
		return
	}
	signer, err := signing.Load(ctx, e.Config.Signing, e.Config.AWS, e.Now)
	if err != nil {
		e.add("signing", "", Fault, "%s", err)
		return
	}
	left := signer.Certificate.NotAfter.Sub(e.Now())
	switch {
	case left <= 0:
		e.add("signing", signer.Certificate.Subject.String(), Fault, "the certificate ended on %s; get another",
			signer.Certificate.NotAfter.Format(time.DateOnly))
	case left < 45*24*time.Hour:
		e.add("signing", signer.Certificate.Subject.String(), Warning, "the certificate ends on %s",
			signer.Certificate.NotAfter.Format(time.DateOnly))
	default:
		e.add("signing", signer.Certificate.Subject.String(), OK,
			"the key can be used; the certificate is valid until %s", signer.Certificate.NotAfter.Format(time.DateOnly))
	}
}

func (e *examination) mail(ctx context.Context) {
	c := e.Config.Mail
	if c.SMTP == "" {
		e.add("mail", "", Warning, "mail.smtp is \"\", so nobody is sent a packet")
		return
	}
	server, err := mailer.Open(c)
	name := ""
	if err == nil {
		name, err = server.Name(), server.Check(ctx)
	}
	e.tried("mail", name, "a session was opened and ended; nothing was sent", err)
	for _, t := range e.tenants {
		if len(t.Contacts) == 0 {
			e.add("mail", t.ID, Warning, "the tenant has no contact, so nobody is sent its packets; write a [[tenant.contact]] block")
		}
	}
}

// links tells which way a packet takes, and whether it lives long enough.
func (e *examination) links(ctx context.Context) {
	c := e.Config
	if c.Mail.SMTP == "" {
		return
	}
	wish := time.Duration(c.Mail.LinkDays) * 24 * time.Hour
	if c.Links.Page() {
		e.page(ctx)
	}
	if c.Links.Kind == link.Page {
		return
	}
	kind, reason, err := link.Maker{Links: c.Links, Now: e.Now}.Foresee(ctx, c.Evidence.URL, wish)
	switch {
	case err != nil:
		e.add("links: presigned", c.Evidence.URL.Text, Fault, "%s", err)
	case kind == "":
		e.add("links: presigned", c.Evidence.URL.Text, Fault,
			"%s, and links.public_url names no download page, so no mail can be sent; set it", reason)
	case kind == link.Page:
		e.add("links: presigned", c.Evidence.URL.Text, OK, "%s; the download page is taken instead", reason)
	case reason != "":
		e.add("links: presigned", c.Evidence.URL.Text, Warning, "%s; set links.public_url, or links.aws to an IAM user", reason)
	default:
		e.add("links: presigned", c.Evidence.URL.Text, OK, "links live for %d days", c.Mail.LinkDays)
	}
}

// page asks for the download page as a contact would.
func (e *examination) page(ctx context.Context) {
	c := e.Config.Links
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.PublicURL+link.Path+"doctor", nil)
	if err != nil {
		e.add("links: page", c.PublicURL, Fault, "%s", err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.add("links: page", c.PublicURL, Warning,
			"it does not answer from here (%s); start the service, and look at the proxy in front of it", err)
		return
	}
	if err := resp.Body.Close(); err != nil {
		e.add("links: page", c.PublicURL, Warning, "%s", err)
		return
	}
	ours := strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	if ours && resp.StatusCode == http.StatusTooManyRequests {
		e.add("links: page", c.PublicURL, OK,
			"the download page answers; it holds this address back for a minute, because of too many wrong links from here")
		return
	}
	if resp.StatusCode != http.StatusNotFound || !ours {
		e.add("links: page", c.PublicURL, Fault,
			"something else than the download page answers there (%s); correct links.public_url, or the proxy in front of %s", resp.Status,
			c.Listen)
		return
	}
	e.add("links: page", c.PublicURL, OK, "the download page answers")
	if len(c.Proxies) == 0 && c.Certificate == "" && strings.HasPrefix(c.PublicURL, "https:") {
		e.add("links: page", c.PublicURL, Warning,
			"a proxy stands in front of it and links.proxies names none, so that every client looks like that proxy; name its address")
	}
}

// secrets looks whether the variables that the configuration names are set.
func (e *examination) secrets() {
	c := e.Config
	type named struct{ key, name string }
	list := []named{{"alerts.webhook_env", c.Alerts.WebhookEnv}, {"alerts.secret_env", c.Alerts.SecretEnv},
		{"alerts.ping_env", c.Alerts.PingEnv}}
	for _, t := range e.tenants {
		list = append(list, named{"tickets.token_env", t.Tickets.TokenEnv}, named{"tickets.refresh_env", t.Tickets.RefreshEnv})
	}
	seen := map[named]bool{}
	for _, n := range list {
		if n.name == "" || seen[n] {
			continue
		}
		seen[n] = true
		_, err := config.Secret(n.key, n.name)
		e.tried("secret", n.key, "the variable is set", err)
	}
	if len(c.Alerts.Mail) == 0 && c.Alerts.WebhookEnv == "" {
		e.add("alerts", "", Warning,
			"alerts go to the log only; set alerts.mail or alerts.webhook_env, so that someone hears when logs stop or a job fails")
	}
	if c.Alerts.PingEnv == "" {
		e.add("alerts", "", Warning, "alerts.ping_env names no dead-man's switch, so nobody hears when this machine is off")
	}
}
