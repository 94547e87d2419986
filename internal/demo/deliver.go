package demo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func generateTenant(dir string, t *tenant, n uint64, witnesses bool, truth *Truth) error {
	tr := &traffic{t: t, rng: rand.New(rand.NewPCG(seed, n)), loc: t.location(), truth: truth,
		skip: map[string]bool{}, witnesses: witnesses && t.witnesses}
	t.trouble(tr)
	tr.normal()
	tr.spike()
	for b := range t.buckets {
		if err := tr.deliver(dir, b); err != nil {
			return err
		}
	}
	if tr.witnesses {
		return tr.witness(dir, n)
	}
	return nil
}

// logObject is the lines that are delivered together.
type logObject struct {
	at      time.Time
	lines   []string
	spoiled bool
}

// deliver writes the records of a bucket as log objects: best effort, some
// minutes to hours after the request, several objects an hour, in no order.
func (tr *traffic) deliver(dir string, b int) error {
	slots := map[int64]*logObject{}
	put := func(at time.Time, line string, bad bool) {
		delay := 5*time.Minute + time.Duration(tr.rng.Int64N(int64(55*time.Minute)))
		if tr.rng.IntN(200) == 0 {
			delay += time.Duration(tr.rng.Int64N(int64(20 * time.Hour)))
		}
		const slot = 20 * time.Minute
		delivered := at.Add(delay).UTC().Truncate(slot).Add(slot)
		o := slots[delivered.Unix()]
		if o == nil {
			o = &logObject{at: delivered.Add(time.Duration(tr.rng.IntN(240)) * time.Second)}
			slots[delivered.Unix()] = o
		}
		o.lines = append(o.lines, line)
		o.spoiled = o.spoiled || bad
	}
	for i := range tr.records {
		if r := &tr.records[i]; r.bucket == b {
			put(r.at, tr.line(r), false)
		}
	}
	for _, s := range tr.spoiled {
		if s.bucket == b {
			put(s.at, s.line, true)
		}
	}
	keys := make([]int64, 0, len(slots))
	for k := range slots {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	again := slices.Contains(tr.twice, tr.t.buckets[b].name)
	for n, k := range keys {
		o := slots[k]
		tr.rng.Shuffle(len(o.lines), func(i, j int) { o.lines[i], o.lines[j] = o.lines[j], o.lines[i] })
		if err := tr.write(dir, b, o); err != nil {
			return err
		}
		if again && n >= len(keys)/2 && len(o.lines) > 40 && !o.spoiled {
			again = false
			tr.truth.Duplicates += int64(len(o.lines))
			late := *o
			late.at = o.at.Add(7 * time.Hour)
			if err := tr.write(dir, b, &late); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tr *traffic) write(dir string, b int, o *logObject) error {
	bk := tr.t.buckets[b]
	name := o.at.Format("2006-01-02-15-04-05-") + tr.hex(16)
	folder := filepath.Join(dir, "logs", filepath.FromSlash(bk.logs))
	if bk.partitioned {
		folder = filepath.Join(folder, tr.t.account, tr.t.region, bk.name, o.at.Format("2006"), o.at.Format("01"), o.at.Format("02"))
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(strings.Join(o.lines, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	tr.truth.Objects++
	return os.Chtimes(path, o.at, o.at)
}

// line writes a record as S3 does. Older lines of the month have 26 fields,
// later ones the source region as well.
func (tr *traffic) line(r *record) string {
	bk := tr.t.buckets[r.bucket]
	uri, agents, status := "-", `"-" "-"`, "-"
	if r.uri != "" {
		uri = `"` + strings.ReplaceAll(r.uri, "//", "/") + `"`
		agents = `"-" "` + r.agent + `"`
	} else if strings.HasPrefix(r.operation, "BATCH.") {
		agents = "- -"
	}
	if r.status > 0 {
		status = strconv.Itoa(r.status)
	}
	signature, cipher, auth, host, tls := "SigV4", "TLS_AES_128_GCM_SHA256", "AuthHeader", bk.name+".s3."+tr.t.region+
		".amazonaws.com", "TLSv1.3"
	switch {
	case r.anonymous:
		signature, auth = "-", "-"
	case r.query:
		auth = "QueryString"
	case r.ip == "":
		signature, cipher, auth, host, tls = "-", "-", "-", "-", "-"
	}
	line := fmt.Sprintf("%s %s [%s] %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s - Yes", tr.t.owner, bk.name,
		r.at.UTC().Format("02/Jan/2006:15:04:05 +0000"), dash(r.ip), r.requester, r.id, r.operation, dash(r.key), uri,
		status, dash(r.errorCode),
		number(r.sent), number(r.size), number(r.total), number(r.total/2), agents, dash(r.version), tr.hex(48),
		signature, cipher, auth, host, tls)
	if r.at.Day() > 6 {
		line += " " + tr.t.region
	}
	return line
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func number(n int64) string {
	if n <= 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}
