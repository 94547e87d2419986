package oracle

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Made is a month that was made up: a configuration, lines of logs, reports, events. Each
// line says what it is for, so that a month can be made smaller by leaving things out.
type Made struct {
	Seed    uint64
	Year    int
	Month   time.Month
	Story   []string // what was made up, for who reads a failure
	Tenants []MadeTenant
	Lines   []MadeLine
	Reports []MadeReport
	Events  []MadeEvent
	Changed []string   // log objects that are changed after they were collected
	Trail   []MadeFile // of a trail with digests: its files, which hold the events
}

// MadeFile is a file in the month's folder.
type MadeFile struct {
	Name string // below the folder
	Body []byte
}

// MadeTenant is a tenant of the configuration.
type MadeTenant struct {
	ID, Zone   string
	Accounts   string // TOML
	Agents     string // TOML
	Principals []string
	Settings   []string // further lines of the tenant
	Reports    bool
	Trail      bool
	Trails     []string // folders of the trail; trail/ where it has none
	Buckets    []MadeBucket
}

// MadeBucket is a bucket of a tenant.
type MadeBucket struct {
	Name       string
	Prefixes   []string
	Start, End string
	Days       []string
	MinObjects int
	KeepDays   int // 0: the default
}

// MadeLine is a line of a log object, or all of it where Raw is set.
type MadeLine struct {
	Bucket, Object string
	At             time.Time
	Who, Kind      string
	Text           string
	Raw            bool // the content of the log object, not a line
	Packed         bool // the log object is packed by gzip
}

// MadeReport is a file that a backup tool left.
type MadeReport struct {
	Name, Body string
	At         time.Time
}

// MadeEvent is a data event of the trail.
type MadeEvent struct {
	At     time.Time
	Bucket string
	Text   string
}

// Write makes the folder: config.toml, logs, reports, trail. What was there is removed.
func (m *Made) Write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	put := func(name string, body []byte) error {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, body, 0o644)
	}
	for _, sub := range []string{"logs", "reports", "trail"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for _, t := range m.Tenants {
		for _, b := range t.Buckets {
			if err := os.MkdirAll(filepath.Join(dir, "logs", b.Name), 0o755); err != nil {
				return err
			}
		}
	}
	if err := put("config.toml", []byte(m.config(dir))); err != nil {
		return err
	}
	if err := put("keys.json", signer().list()); err != nil {
		return err
	}
	for _, f := range m.Trail {
		if err := put(f.Name, f.Body); err != nil {
			return err
		}
	}
	objects := map[string][]MadeLine{}
	for _, l := range m.Lines {
		objects["logs/"+l.Bucket+"/"+l.Object] = append(objects["logs/"+l.Bucket+"/"+l.Object], l)
	}
	for name, lines := range objects {
		slices.SortStableFunc(lines, func(a, b MadeLine) int { return a.At.Compare(b.At) })
		var body bytes.Buffer
		packed := false
		for _, l := range lines {
			packed = packed || l.Packed
			body.WriteString(l.Text)
			if !l.Raw {
				body.WriteByte('\n')
			}
		}
		content := body.Bytes()
		if packed {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			if _, err := w.Write(content); err != nil {
				return err
			}
			if err := w.Close(); err != nil {
				return err
			}
			content = z.Bytes()
		}
		if err := put(name, content); err != nil {
			return err
		}
		if at, err := time.Parse("2006-01-02-15-04-05", path.Base(name)[:19]); err == nil {
			if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(name)), at, at); err != nil {
				return err
			}
		}
	}
	for _, r := range m.Reports {
		if err := put("reports/"+r.Name, []byte(r.Body)); err != nil {
			return err
		}
		if err := os.Chtimes(filepath.Join(dir, "reports", filepath.FromSlash(r.Name)), r.At, r.At); err != nil {
			return err
		}
	}
	days := map[string][]string{}
	for _, e := range m.Events {
		hour := e.At.Truncate(time.Hour)
		name := fmt.Sprintf("trail/AWSLogs/111122223333/CloudTrail/eu-west-1/%s/111122223333_CloudTrail_eu-west-1_%s_%016X.json",
			hour.Format("2006/01/02"), hour.Format("20060102T1504Z"), hour.Unix())
		days[name] = append(days[name], e.Text)
	}
	for name, events := range days {
		if err := put(name, []byte(`{"Records":[`+strings.Join(events, ",")+`]}`)); err != nil {
			return err
		}
	}
	return nil
}

// Change changes the log objects that somebody changes after they were collected.
func (m *Made) Change(dir string) error {
	for _, name := range m.Changed {
		name = filepath.Join(dir, filepath.FromSlash(name))
		body, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // a smaller month has left it out
		}
		if err == nil {
			err = os.WriteFile(name, bytes.ToUpper(body), 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func quoted(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (m *Made) config(dir string) string {
	var s strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	say(`timezone = "UTC"`)
	say(`data_dir = "data"`)
	say("[[network]]\nname = \"Office\"\ncidr = [\"203.0.113.0/24\"]")
	say("[evidence]\nurl = %q\nlock_mode = \"\"", "file://"+dir+"/evidence")
	for _, t := range m.Tenants {
		say("\n[[tenant]]\nid = %q\nname = %q\ntimezone = %q", t.ID, "Tenant "+t.ID, t.Zone)
		if t.Accounts != "" {
			say("accounts = %s", t.Accounts)
		}
		if t.Agents != "" {
			say("user_agents = %s", t.Agents)
		}
		if t.Reports {
			say("backup_reports = %q", "file://"+dir+"/reports/")
		}
		if t.Trail {
			var places []string
			for _, sub := range t.Trails {
				places = append(places, "file://"+dir+"/"+sub)
			}
			if len(places) == 0 {
				places = []string{"file://" + dir + "/trail/"}
			}
			say("cloudtrail = %s\ncloudtrail_keys = \"keys.json\"", quoted(places))
		}
		for _, line := range t.Settings {
			say("%s", line)
		}
		for _, b := range t.Buckets {
			say("  [[tenant.bucket]]\n  name = %q\n  logs = %q\n  prefixes = %s", b.Name,
				"file://"+dir+"/logs/"+b.Name+"/", quoted(b.Prefixes))
			say("  window = { start = %q, end = %q, days = %s }\n  min_objects = %d\n  keep_days = %d", b.Start, b.End, quoted(b.Days),
				b.MinObjects, max(b.KeepDays, 1))
		}
		for _, p := range t.Principals {
			say("  [[tenant.principal]]\n  %s", p)
		}
	}
	return s.String()
}
