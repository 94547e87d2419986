package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/report/draw"
)

// writtenChart draws what each night wrote, by the day on which its window
// starts.
func (d *pages) writtenChart(height float64) error {
	p := d.p
	var bars []draw.Bar
	s := series{p: p}
	for _, day := range p.Days {
		b := draw.Bar{Label: p.Text.Day(day.Date)}
		missed, sum := 0, int64(0)
		for _, n := range p.Nights {
			if n.Date == day.Date {
				sum += n.Bytes
				b.Known = b.Known || n.Verdict != verdictNotEvaluated
				if n.Verdict == verdictMissed {
					missed++
				}
			}
		}
		b.Value = float64(sum)
		if missed > 0 && p.Totals.NightsMissed <= 3 {
			key := "chart.written.missed"
			if len(p.Tenant.Buckets) > 1 {
				key = "chart.written.missed-one"
			}
			b.Mark = p.say(key, "date", p.Text.Day(day.Date))
		}
		s.add(day.Date, sum, b.Known)
		bars = append(bars, b)
	}
	if err := d.Bars(height, bars, func(v float64) string { return p.Text.Round(int64(v)) }); err != nil {
		return err
	}
	d.Note(p.say("chart.written.note") + " " + s.sentence(p.Text.Bytes) + p.trendSentences())
	return nil
}

// maxTrends is of how many buckets the months are compared in words; packet.json has all.
const maxTrends = 2

// trendSentences tell what the median night wrote in the month and in those before, of the
// buckets in which that changed most.
func (p *Packet) trendSentences() string {
	change := func(bucket string) float64 {
		most := 1.0
		for _, m := range p.Trends[bucket][1:] {
			now, then := p.Trends[bucket][0].Bytes, m.Bytes
			most = max(most, (now+1)/(then+1), (then+1)/(now+1))
		}
		return most
	}
	var buckets []string
	for _, b := range p.Tenant.Buckets {
		if len(p.Trends[b.Name]) > 1 {
			buckets = append(buckets, b.Name)
		}
	}
	slices.SortStableFunc(buckets, func(a, b string) int { return cmp.Compare(change(b), change(a)) })
	text := ""
	for _, b := range buckets[:min(len(buckets), maxTrends)] {
		var list []string
		for _, m := range p.Trends[b] {
			at, err := time.Parse("2006-01", m.Month)
			if err != nil {
				continue // months of ours are months
			}
			list = append(list, p.Text.Bytes(int64(m.Bytes))+" ("+p.say("mon."+strconv.Itoa(int(at.Month())))+")")
		}
		text += " " + p.say("chart.written.trend", "bucket", b, "list", strings.Join(list, ", "))
	}
	return text
}

// dayChart draws one figure of the days.
func (d *pages) dayChart(key string, value func(Day) int64, shown, axis func(int64) string) error {
	p := d.p
	const height = 25.0
	d.Heading(p.say(key+".title"), draw.BarsHeight(height, nil)+8)
	var bars []draw.Bar
	s := series{p: p}
	for _, day := range p.Days {
		n := value(day)
		s.add(day.Date, n, day.Known)
		bars = append(bars, draw.Bar{Label: p.Text.Day(day.Date), Value: float64(n), Known: day.Known})
	}
	if err := d.Bars(height, bars, func(v float64) string { return axis(int64(v)) }); err != nil {
		return err
	}
	d.Note(p.say(key+".note") + " " + s.sentence(shown))
	return nil
}

// series says in words what a chart of days shows.
type series struct {
	p                   *Packet
	known, days         int
	most, least, sum    int64
	mostDate, leastDate string
}

func (s *series) add(date string, n int64, known bool) {
	s.days++
	if !known {
		return
	}
	if s.known == 0 || n > s.most {
		s.most, s.mostDate = n, date
	}
	if s.known == 0 || n < s.least {
		s.least, s.leastDate = n, date
	}
	s.sum += n
	s.known++
}

func (s *series) sentence(shown func(int64) string) string {
	p := s.p
	key := "chart.range"
	switch {
	case s.known == 0:
		key = "chart.nothing"
	case s.sum == 0:
		key = "chart.zero"
	case s.known == 1:
		key = "chart.single"
	case s.most == s.least:
		key = "chart.equal"
	}
	text := p.say(key, "most", shown(s.most), "most-date", p.Text.Day(s.mostDate), "least", shown(s.least),
		"least-date", p.Text.Day(s.leastDate), "sum", shown(s.sum))
	if gaps := s.days - s.known; gaps > 0 && s.known > 0 {
		text += " " + p.say("chart.gaps", "n", gaps)
	}
	return text
}

// heatMap draws the requests by hour and weekday.
func (d *pages) heatMap() {
	p := d.p
	h := draw.HeatRows{Low: p.say("chart.hours.low")}
	most, hour, weekday, sum := int64(0), 0, 0, int64(0)
	for j := range 24 {
		h.Columns = append(h.Columns, p.Text.Integer(int64(j)))
	}
	for i := range 7 {
		h.Rows = append(h.Rows, p.weekday(i))
		row := make([]float64, 24)
		for j, n := range p.Hours[i] {
			row[j] = float64(n)
			sum += n
			if n > most {
				most, weekday, hour = n, i, j
			}
		}
		h.Values = append(h.Values, row)
	}
	h.High = p.say("chart.hours.high", "n", most)
	d.Heading(p.say("chart.hours.title"), draw.HeatHeight(h)+6)
	d.Heat(h)
	note := p.say("chart.hours.note", "zone", p.Range.Location.String()) + " "
	if sum == 0 {
		note += p.say("chart.nothing")
	} else {
		note += p.say("chart.hours.most", "weekday", p.weekday(weekday), "hour", hour, "end", hour+1, "n", most,
			"share", p.Text.Percent(most, sum))
	}
	d.Note(note)
}

// weekday is the name of a day of the week that begins with Monday.
func (p *Packet) weekday(i int) string { return p.say("weekday." + string(rune('0'+(i+1)%7))) }

// maxShares is how many principals a chart has.
const maxShares = 8

// principalsChart draws who made the most requests.
func (d *pages) principalsChart() {
	p := d.p
	type user struct {
		name  string
		n     int64
		named bool
	}
	var users []user
	at := map[string]int{}
	for _, r := range p.requesters {
		name := p.shown("", r.Principal)
		if name == "-" {
			name = p.say("word.anonymous")
		}
		i, ok := at[name]
		if !ok {
			i = len(users)
			at[name] = i
			users = append(users, user{name: name, named: p.approved(r)})
		}
		users[i].n += r.Requests
	}
	sortBy(users, func(u user) int64 { return -u.n })
	shown := users[:min(len(users), maxShares)]
	d.Heading(p.say("chart.principals.title"), draw.SharesHeight(len(shown))+6)
	var rows []draw.Share
	for _, u := range shown {
		mark := draw.OK
		if !u.named {
			mark = draw.Attention
		}
		rows = append(rows, draw.Share{Label: u.name, Value: p.Text.Integer(u.n), Amount: float64(u.n), Mark: mark})
	}
	d.Shares(rows)
	if len(users) == 0 {
		d.Note(p.say("chart.nothing"))
		return
	}
	d.Note(p.say("chart.principals.note", "n", len(shown), "all", len(users), "first",
		short([]string{users[0].name})[0], "share", p.Text.Percent(users[0].n, p.requests)))
}
