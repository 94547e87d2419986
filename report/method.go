package report

import (
	"fmt"
	"strings"

	"bucketproof/internal/state"
)

// sources lists what the packet was made from.
func (d *document) sources(number int, hashes map[string]string, root string) {
	p := d.packet
	d.section(number, "Sources", "From which log objects was this made, and can they be checked?", 0)
	type place struct {
		location             string
		objects, foreign     int64
		size, records, wrong int64
	}
	var places []*place
	at := map[string]*place{}
	for _, s := range p.Sources {
		pl := at[s.Location]
		if pl == nil {
			pl = &place{location: s.Location}
			at[s.Location] = pl
			places = append(places, pl)
		}
		if s.Kind != state.KindLog {
			pl.foreign++
			continue
		}
		pl.objects++
		pl.size += s.Size
		pl.records += s.Records
		pl.wrong += s.Rejected
	}
	if len(places) == 0 {
		d.paragraph(regular, textSize, ink, column, "No log object of this month was found.")
	} else {
		var rows [][]cell
		for _, pl := range places {
			rows = append(rows, plain(pl.location, integer(pl.objects), bytesName(pl.size), integer(pl.records), integer(pl.wrong), integer(pl.foreign)))
		}
		d.table([]col{{head: "Log location", width: 80, face: mono}, {head: "Log objects", width: 20, right: true}, {head: "Size", width: 18, right: true},
			{head: "Records", width: 20, right: true}, {head: "Unreadable lines", width: 20, right: true}, {head: "Other objects", width: 18, right: true}}, rows)
	}
	d.note(fmt.Sprintf("Every object with key, size, ETag and SHA-256 is in sources.csv, SHA-256 %s. Over the SHA-256 of the log objects, in its order, the Merkle root (RFC 6962) is %s. An object that holds records of two months is counted here in both; records that were delivered twice are counted once (%s were duplicates).", hashes[sourcesFile], root, integer(p.Totals.Duplicates)))
}

// method says how it was made and what it does not prove.
func (d *document) method(number int) {
	p := d.packet
	d.section(number, "Method and limits", "How was this found, and what does it not prove?", 0)
	for _, text := range []string{
		"Every log object was read whole, its SHA-256 taken, and every line either stored as a record or kept as unreadable with its place and the reason. A record that S3 delivered again is counted once: records are the same where bucket, request ID, operation, key and version ID agree.",
		fmt.Sprintf("A day is a calendar day in %s, a backup window is read on the clocks there, and both are right across a change of daylight saving. A window belongs to the day on which it starts; one that starts on the last day of the month ends in the next month and is counted whole.", p.Range.Location),
		"Principals are matched by the patterns in section 1; of several that match, the most specific holds. An assumed role is one principal, whatever the name of its session. Keys are compared with the approved prefixes in the forms in which S3 logs them, URL-encoded once or twice.",
		"S3 delivers server access logs on a best-effort basis: a request can be logged late, twice or never. A silence of 18 hours or more that is longer than usual for the bucket, or more than 1 in 100 unreadable lines, makes a day or a window not evaluated. A shorter gap in the log can't be told from a time without requests.",
		p.ownReadsNote(),
		"A verdict has three values. Attention: a night was missed or odd, or a check found something. Not evaluated: the log does not allow an answer. Ok: neither. What is not evaluated is never counted as clean.",
		"Secrets in request URIs, such as the signatures of presigned URLs, are left out of every file of this packet.",
		fmt.Sprintf("Made by bucketproof %s. The same log objects, configuration, findings and version give the same files, byte for byte.", p.Version),
	} {
		if text != "" {
			d.paragraph(regular, textSize, ink, column*0.86, text)
			d.space(2)
		}
	}
}

// ownReadsNote discloses the requests that are left out.
func (p *Packet) ownReadsNote() string {
	if len(p.OwnReads) == 0 {
		return ""
	}
	parts := make([]string, len(p.OwnReads))
	for i, o := range p.OwnReads {
		parts[i] = integer(o.Requests) + " to " + o.Bucket
	}
	return "Left out everywhere are the requests by which bucketproof itself read how the buckets are set up: made by the role " + p.Tenant.AWS.RoleARN + " and under its user agent, reading, and naming no object. In this month " + strings.Join(parts, ", ") + "."
}

// statements prints the SQL of every query.
func (d *document) statements(number int) {
	p := d.packet
	d.section(number, "Queries", "Which questions were asked, word for word?", 0)
	d.paragraph(regular, textSize, muted, column, fmt.Sprintf("Parameters: :from %s, :to %s, :bucket '' for all buckets, :large_put %d bytes. The tables principals, prefixes, windows, days and buckets are made from the configuration. The manifest holds the same text.",
		p.Range.Start().Format("2006-01-02T15:04:05Z"), p.Range.End().Format("2006-01-02T15:04:05Z"), p.Tenant.LargePut))
	step := monoSize * 1.45 * mmPerPoint
	for _, t := range p.Tables {
		d.heading(t.Statement.Name)
		type indented struct {
			by   float64
			text string
		}
		var lines []indented
		for _, line := range strings.Split(t.Statement.SQL, "\n") {
			text := strings.TrimLeft(line, " ")
			by := d.width(mono, monoSize, " ") * float64(len(line)-len(text))
			for n, part := range d.lines(mono, monoSize, column-8-by-4, text) {
				lines = append(lines, indented{by + 4*float64(min(n, 1)), part})
			}
		}
		for _, line := range lines {
			d.need(step + 1)
			d.box(margin, d.y, column, step+0.05, panel, panel, 0)
			d.at(margin+4+line.by, d.y+0.3, mono, monoSize, ink, line.text)
			d.y += step
		}
	}
}
