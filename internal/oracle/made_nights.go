package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// backups makes up every night, with what happens on its day.
func (g *generator) backups(incidents map[Date][]string) {
	b := g.bucket
	weekly := g.chance(0.2)
	for d := g.first; !g.last.Before(d); d = d.Add(1) {
		kinds := incidents[d]
		w, due := window(b.window, d, b.zone)
		if due {
			for i, k := range b.backers {
				if slices.Contains(kinds, "one backer missing") && i == len(b.backers)-1 && i > 0 || slices.Contains(kinds, "missed") {
					continue
				}
				factor := 1.0
				if weekly && d.Weekday() == time.Saturday {
					factor = 6
				}
				g.night(d, w, k, kinds, factor)
			}
		}
		for _, kind := range kinds {
			g.incident(d, w, due, kind)
		}
	}
}

// night is one run of a backup tool.
func (g *generator) night(d Date, w interval, k backer, kinds []string, factor float64) {
	b := g.bucket
	at := w.from.Add(time.Duration(60+g.IntN(300)) * time.Second)
	room := w.to.Sub(at)
	step := func() { at = at.Add(time.Duration(1+g.IntN(max(1, min(20, int(room.Seconds())/400)))) * time.Second) }
	is := func(kind string) bool { return slices.Contains(kinds, kind) }
	if is("late") {
		at = w.to.Add(10 * time.Minute)
	}
	if is("huge") {
		factor *= 9
	}
	if is("tiny") {
		factor *= 0.01
	}
	send := func(r request) {
		step()
		r.at, r.who, r.agent = at, k.who, k.agent
		if r.kind == "" {
			r.kind = "backup"
		}
		g.log(r)
	}
	if k.locks {
		send(request{op: "REST.PUT.OBJECT", key: k.prefix + "locks/" + d.String(), size: "150", kind: "lock"})
	}
	if is("lock only") {
		return
	}
	session := b.runs[d]
	if session == nil {
		session = &backupRun{start: at}
		b.runs[d] = session
	}
	defer func() { session.end = at }()
	objects := k.objects
	var keys []string
	for i := range objects {
		key := fmt.Sprintf("%s%s-%02d.vbk", k.prefix, d, i)
		if k.folders {
			key = fmt.Sprintf("%shost-%d/%s.vbk", k.prefix, i%2, d)
			if i > 1 {
				key = fmt.Sprintf("%shost-%d/%s-%d.vbk", k.prefix, i%2, d, i)
			}
		}
		bytes := int64(k.size * factor * (1 + k.wobble*(2*g.Float64()-1)))
		if is("zero") {
			bytes = 0
		}
		size := number(bytes)
		if k.probes {
			send(request{op: "REST.HEAD.OBJECT", key: key, status: "404", code: "NoSuchKey", kind: "probe"})
		}
		if is("failed") || is("some fail") && i == 0 {
			send(request{op: "REST.PUT.OBJECT", key: key, status: "503", code: "SlowDown", size: size, kind: "failure"})
			continue
		}
		if is("200 with an error") {
			send(request{op: "REST.COPY.OBJECT", key: key, status: "200", code: "InternalError", size: size, kind: "failure"})
			continue
		}
		if k.retries && !g.calm && g.chance(0.02) {
			send(request{op: "REST.PUT.OBJECT", key: key, status: "500", code: "InternalError", size: size, kind: "retry"})
		}
		switch {
		case k.multipart:
			upload := fmt.Sprintf("?uploadId=up%d", g.serial)
			send(request{op: "REST.POST.UPLOADS", key: key, query: "?uploads", kind: "multipart"})
			for part := range 2 {
				send(request{op: "REST.PUT.PART", key: key, query: upload + fmt.Sprintf("&partNumber=%d", part+1),
					size: number(bytes / 2), kind: "multipart"})
			}
			if is("uncompleted") {
				continue
			}
			r := request{op: "REST.POST.UPLOAD", key: key, query: upload, kind: "multipart"}
			if g.chance(0.5) {
				r.size = number(bytes / 2 * 2)
			}
			send(r)
		case is("uncompleted"):
			continue
		case k.renames:
			send(request{op: "REST.PUT.OBJECT", key: key + ".new", size: size})
			send(request{op: "REST.COPY.OBJECT_GET", key: key + ".new", size: size, kind: "rename"})
			send(request{op: "REST.COPY.OBJECT", key: key, size: size, kind: "rename"})
			send(request{op: "REST.DELETE.OBJECT", key: key + ".new", status: "204", kind: "rename"})
		default:
			send(request{op: "REST.PUT.OBJECT", key: key, size: size})
		}
		if is("self copy") {
			send(request{op: "REST.COPY.OBJECT_GET", key: key, size: size, kind: "self copy"})
			send(request{op: "REST.COPY.OBJECT", key: key, size: size, kind: "self copy"})
		}
		keys = append(keys, key)
		b.keys[key] = at
		if session.bytes += bytes; k.multipart {
			session.bytes -= bytes % 2
		}
	}
	session.failed = session.failed || len(keys) == 0
	if k.catalogue {
		send(request{op: "REST.PUT.OBJECT", key: k.prefix + "catalogue.vbm", size: "40000", kind: "catalogue"})
		session.bytes += 40000
	}
	if k.prune > 0 {
		g.prune(k, send, &at)
	}
	if k.locks {
		send(request{op: "REST.DELETE.OBJECT", key: k.prefix + "locks/" + d.String(), status: "204", kind: "lock"})
	}
	switch {
	case is("removed"):
		g.remove(k.who, keys, at.Add(5*time.Minute), "removed")
	case is("removed by admin"):
		g.remove(adminUser, keys, at.Add(90*time.Minute), "removed")
	case is("removed by stranger"):
		g.remove(stranger, keys[:min(2, len(keys))], at.Add(3*time.Hour), "removed")
	case is("removed later"):
		g.remove(pick(g, adminUser, k.who), keys, at.Add(50*time.Hour), "removed")
	case is("expired early"):
		for i, key := range keys {
			g.log(request{at: at.Add(8*time.Hour + time.Duration(i)*time.Second), who: lifecycle,
				op: "S3.EXPIRE.OBJECT", key: key, status: "-", kind: "lifecycle"})
		}
	case is("emptied"):
		for i, key := range keys {
			g.log(request{at: at.Add(time.Hour + time.Duration(i)*time.Second), who: k.who, op: "REST.PUT.OBJECT",
				key: key, size: "0", agent: k.agent, kind: "emptied"})
		}
	case is("moved"):
		for i, key := range keys {
			t := at.Add(time.Hour + time.Duration(4*i)*time.Second)
			g.log(request{at: t, who: adminUser, op: "REST.COPY.OBJECT_GET", key: key, kind: "moved"})
			g.log(request{at: t.Add(time.Second), who: adminUser, op: "REST.COPY.OBJECT",
				key: k.prefix + "old/" + key[len(k.prefix):], kind: "moved"})
			g.log(request{at: t.Add(2 * time.Second), who: adminUser, op: "REST.DELETE.OBJECT", key: key,
				status: "204", kind: "moved"})
		}
	}
}

// prune deletes what is older than the retention.
func (g *generator) prune(k backer, send func(request), at *time.Time) {
	var old []string
	for key, since := range g.bucket.keys {
		if strings.HasPrefix(key, k.prefix) && at.Sub(since) > time.Duration(k.prune)*24*time.Hour {
			old = append(old, key)
		}
	}
	slices.Sort(old)
	for _, key := range old {
		delete(g.bucket.keys, key)
	}
	if k.batch && len(old) > 0 {
		g.remove(k.who, old, at.Add(time.Second), "prune")
		return
	}
	for _, key := range old {
		send(request{op: "REST.DELETE.OBJECT", key: key, status: "204", kind: "prune"})
	}
}

// remove deletes keys by one multi-object delete.
func (g *generator) remove(who string, keys []string, at time.Time, kind string) {
	g.serial++
	id := fmt.Sprintf("%08XBA%06X", g.made.Seed&0xffffffff, g.serial)
	g.log(request{at: at, who: who, op: "REST.POST.MULTI_OBJECT_DELETE", id: id, query: "?delete", kind: kind,
		agent: "APN/1.0 MyBackup/12"})
	for _, key := range keys {
		g.log(request{at: at, who: who, op: "BATCH.DELETE.OBJECT", key: key, status: "204", id: id, kind: kind})
	}
}
