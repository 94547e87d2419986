package oracle

import (
	"slices"
	"time"
)

// change chooses log objects that somebody changes after they were collected.
func (g *generator) change() {
	if !g.chance(0.15) {
		return
	}
	for range pick(g, 1, 1, 2) {
		if l := g.made.Lines[g.IntN(len(g.made.Lines))]; !l.Packed && l.Text != "" {
			g.tell("the log object %s/%s is changed after it was collected", l.Bucket, l.Object)
			g.made.Changed = append(g.made.Changed, "logs/"+l.Bucket+"/"+l.Object)
		}
	}
}

// damage takes log objects away, breaks them, delivers them late or twice.
func (g *generator) damage() {
	for range pick(g, 0, 0, 1, 1, 2) {
		b := g.made.Tenants[0].Buckets[g.IntN(len(g.made.Tenants[0].Buckets))].Name
		d := Date{g.made.Year, g.made.Month, 1}.Add(g.IntN(28) - 5)
		from := day(d, g.zone).from.Add(time.Duration(g.IntN(24)) * time.Hour)
		length := time.Duration(pick(g, 3, 6, 9, 14, 20, 30, 60, 24*7)) * time.Hour
		kind := pick(g, "gap", "gap", "thinned", "every second hour", "late", "twice", "broken lines", "empty object",
			"packed", "future", "truncated")
		g.tell("%s: %s from %s for %s", b, kind, from.Format(time.RFC3339), length)
		in := func(l MadeLine) bool { return l.Bucket == b && (interval{from, from.Add(length)}).has(l.At) }
		drop := func(lost func(MadeLine) bool) {
			g.made.Lines = slices.DeleteFunc(g.made.Lines, func(l MadeLine) bool { return in(l) && lost(l) })
		}
		switch kind {
		case "gap":
			drop(func(MadeLine) bool { return true })
		case "thinned":
			drop(func(MadeLine) bool { return g.chance(0.9) })
		case "every second hour":
			drop(func(l MadeLine) bool { return l.At.Hour()%2 == 0 })
		case "late":
			for i, l := range g.made.Lines {
				if in(l) {
					g.made.Lines[i].Object = objectName(l.At.Truncate(24*time.Hour).Add(50*time.Hour), b+"late")
				}
			}
		case "twice":
			var again []MadeLine
			for _, l := range g.made.Lines {
				if in(l) {
					l.Object = objectName(l.At.Truncate(24*time.Hour).Add(30*time.Hour), b+"twice")
					again = append(again, l)
				}
			}
			g.made.Lines = append(g.made.Lines, again...)
		case "packed":
			for i, l := range g.made.Lines {
				if in(l) {
					g.made.Lines[i].Object = objectName(l.At.Truncate(24*time.Hour).Add(30*time.Hour), b+"packed")
					g.made.Lines[i].Packed = true
				}
			}
		case "broken lines", "truncated":
			n := 0
			for i, l := range g.made.Lines {
				if in(l) && n < 6 && g.chance(0.2) {
					n++
					g.made.Lines[i].Text = l.Text[:20+g.IntN(80)]
					if kind == "broken lines" {
						g.made.Lines[i].Text = "\x01\x02 " + g.made.Lines[i].Text[10:]
					}
					g.made.Lines[i].Kind = "broken"
				}
			}
		case "empty object":
			g.made.Lines = append(g.made.Lines, MadeLine{Bucket: b, Object: objectName(from.Add(time.Second), b+"empty"), At: from,
				Kind: "empty", Raw: true})
		case "future":
			at := from.Add(20 * time.Hour)
			g.bucket = &lively{MadeBucket: MadeBucket{Name: b}}
			g.log(request{at: at, who: monitor, op: "REST.HEAD.OBJECT", key: "veeam/x", kind: "future", agent: "monitor/1"})
			g.made.Lines[len(g.made.Lines)-1].Object = objectName(from, b+"future")
		}
	}
}
