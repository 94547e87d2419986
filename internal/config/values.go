package config

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/robfig/cron/v3"
)

func readZone(t *table, key string, def *time.Location) *time.Location {
	name := t.str(key, "")
	if name == "" {
		return def
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		t.problem(key, "is %q, which is no IANA time zone; write one like \"Europe/Paris\"", name)
		return def
	}
	return loc
}

func readCron(t *table, key, def string) string {
	line := t.str(key, def)
	if strings.HasPrefix(strings.TrimSpace(line), "TZ=") || strings.HasPrefix(strings.TrimSpace(line), "CRON_TZ=") {
		t.problem(key, "is %q; the zone comes from timezone, remove it here", line)
		return def
	}
	s, err := cron.ParseStandard(line)
	if err != nil {
		t.problem(key, "is %q, which is no cron line (%s); write minute hour day month weekday, like %q", line, err, def)
		return def
	}
	if _, ok := s.(*cron.SpecSchedule); !ok {
		t.problem(key, "is %q, a distance; what was missed is made up for by times of day, write minute hour day month weekday, like %q",
			line, def)
		return def
	}
	if s.Next(time.Now()).IsZero() {
		t.problem(key, "is %q, a time that never comes; write one like %q", line, def)
		return def
	}
	return line
}

// readSize reads bytes as a number or as "1GiB", "500MB".
func readSize(t *table, key string, def int64) int64 {
	v, ok := t.get(key)
	if !ok {
		return def
	}
	switch v := v.(type) {
	case int64:
		if v > 0 {
			return v
		}
	case string:
		if n, err := humanize.ParseBytes(v); err == nil && n > 0 && n < 1<<62 {
			return int64(n)
		}
	}
	t.problem(key, "is %s, which is no size; write one like \"1GiB\" or \"500MB\"", kindOf(v))
	return def
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func readWindow(t *table, def Window) Window {
	w := Window{Start: readClock(t, "start", def.Start), End: readClock(t, "end", def.End), Days: def.Days}
	if days, ok := t.stringList("days"); ok {
		w.Days = [7]bool{}
		if len(days) == 0 {
			t.problem("days", "is empty; write the days on which it starts, [\"mon\", …]")
		}
		for _, d := range days {
			i := slices.Index(weekdays, d)
			switch {
			case i < 0:
				t.problem("days", "holds %q; write %s", d, quoteList(weekdays))
			case w.Days[i]:
				t.problem("days", "holds %q twice; remove one", d)
			default:
				w.Days[i] = true
			}
		}
	}
	t.done()
	return w
}

func readClock(t *table, key string, def Clock) Clock {
	s := t.str(key, def.String())
	h, m, ok := strings.Cut(s, ":")
	hours, herr := strconv.Atoi(h)
	minutes, merr := strconv.Atoi(m)
	if !ok || len(h) != 2 || len(m) != 2 || herr != nil || merr != nil || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		t.problem(key, "is %q; write a time of day as HH:MM, 00:00 to 23:59", s)
		return def
	}
	return Clock(hours*60 + minutes)
}

func checkAddress(t *table, key, s string) {
	if a, err := mail.ParseAddress(s); err != nil || !strings.Contains(a.Address, "@") {
		t.problem(key, "is %q, which is no mail address; write one like name@example.com", s)
	}
}

func readMail(t *table) Mail {
	m := Mail{
		SMTP:        t.str("smtp", ""),
		PasswordEnv: t.str("password_env", ""),
		From:        t.str("from", ""),
		ReplyTo:     t.str("reply_to", ""),
		LinkDays:    int(t.integer("link_days", 7, 1, 7)),
		Roles:       readRoles(t),
	}
	if m.SMTP != "" {
		u, err := url.Parse(m.SMTP)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "smtp" && u.Scheme != "smtps":
			// The text may hold a password, so it is not repeated.
			t.problem("smtp", "is no SMTP server; write smtp://user@host:587 or smtps://user@host:465")
		default:
			if _, has := u.User.Password(); has {
				t.problem("smtp", "holds a password; remove it, and name the variable that holds it in mail.password_env")
			}
		}
		if m.From == "" {
			t.problem("from", "is missing; write the sender, \"Backup evidence <evidence@msp.example>\"")
		}
	}
	if m.From != "" {
		checkAddress(t, "from", m.From)
	}
	if m.ReplyTo != "" {
		checkAddress(t, "reply_to", m.ReplyTo)
	}
	if m.PasswordEnv != "" && !isEnvName(m.PasswordEnv) {
		t.problem("password_env", "is no name of an environment variable; write the name, not the secret")
	}
	t.done()
	return m
}
