package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table is the answer of a query of the contract. Rows are in no order.
type Table struct {
	Columns []string
	Rows    [][]string
}

// moment writes a time as the tables do.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func number[T ~int | ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// group adds up rows that share their first columns.
type group struct {
	key         []string
	n           []int64
	first, last time.Time
	sample      string
	names       map[string]bool
}

type groups struct{ byKey map[string]*group }

func (g *groups) add(r *Record, key ...string) *group {
	if g.byKey == nil {
		g.byKey = map[string]*group{}
	}
	id := strings.Join(key, "\x00")
	x := g.byKey[id]
	if x == nil {
		x = &group{key: key, n: make([]int64, 4), first: r.Time, last: r.Time, names: map[string]bool{}}
		g.byKey[id] = x
	}
	if r.Time.Before(x.first) {
		x.first = r.Time
	}
	if r.Time.After(x.last) {
		x.last = r.Time
	}
	return x
}

// table writes a row for each group: its key, and what tail says.
func (g *groups) table(columns string, tail func(*group) []string) Table {
	t := Table{Columns: strings.Split(columns, ", ")}
	for _, x := range g.byKey {
		t.Rows = append(t.Rows, append(slices.Clone(x.key), tail(x)...))
	}
	slices.SortFunc(t.Rows, func(a, b []string) int { return slices.Compare(a, b) })
	return t
}

// written are the bytes of puts, posts, copies and parts of multipart uploads.
func written(r *Record) int64 {
	if r.Successful() && r.Is("REST.PUT.OBJECT", "REST.POST.OBJECT", "REST.COPY.OBJECT", "REST.PUT.PART", "REST.COPY.PART") {
		return r.Size
	}
	return 0
}

// dash stands for what the log does not tell.
func dash(s string) string { return cmp.Or(s, "-") }

// Tables are the ten queries of the contract over the month.
func (v *View) tables() map[string]Table {
	var operations, requesters, prefixes, deletes, errors, accounts, agents groups
	puts := Table{Columns: strings.Split("time, bucket, key, principal, requester, object_size", ", ")}
	month := interval{day(v.Month[0], v.Zone).from, day(v.Month[len(v.Month)-1], v.Zone).to}
	for _, b := range v.buckets {
		for i := range b.records {
			r := &b.records[i]
			if !month.has(r.Time) {
				continue
			}
			w := v.whois(r.Requester)
			x := operations.add(r, b.Name, r.Operation)
			x.n[0]++
			x.n[1] += r.Sent

			x = requesters.add(r, w.Label(), dash(w.Requester), w.Account)
			x.n[0]++
			x.n[1] += r.Sent
			x.n[2] += written(r)

			if r.Key != "" && !under(r.object(), b.Prefixes) {
				folder := r.Key
				if i := strings.Index(folder, "/"); i >= 0 {
					folder = folder[:i+1]
				}
				x = prefixes.add(r, b.Name, folder, w.Label(), dash(w.Requester), r.Operation)
				x.n[0]++
				if x.sample == "" || r.Key < x.sample {
					x.sample = r.Key
				}
			}
			if r.Successful() && (isDelete(r) || r.Is("REST.POST.MULTI_OBJECT_DELETE", "S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER")) {
				x = deletes.add(r, b.Name, dateOf(r.Time, v.Zone).String(), w.Label())
				switch {
				case isDelete(r):
					x.n[0]++
				case r.Is("REST.POST.MULTI_OBJECT_DELETE"):
					x.n[1]++
				default:
					x.n[2]++
				}
			}
			if r.Failed() {
				errors.add(r, b.Name, r.Operation, number(r.Status), dash(r.Error)).n[0]++
			}
			if w.Account != "" && !slices.Contains(v.Tenant.Accounts, w.Account) {
				accounts.add(r, b.Name, w.Account, w.Requester, r.Operation).n[0]++
			}
			x = agents.add(r, b.Name, dash(r.Agent))
			x.n[0]++
			x.names[w.Label()] = true
			if isTry(r) && r.Successful() && r.Size >= v.Tenant.LargePut && v.inBusinessHours(r.Time) {
				puts.Rows = append(puts.Rows, []string{moment(r.Time), b.Name, r.Key, w.Label(), dash(w.Requester), number(r.Size)})
			}
		}
	}
	seen := func(x *group) []string { return []string{number(x.n[0]), moment(x.first), moment(x.last)} }
	out := map[string]Table{
		"operations": operations.table("bucket, operation, requests, bytes_sent",
			func(x *group) []string { return []string{number(x.n[0]), number(x.n[1])} }),
		"top-requesters": requesters.table("principal, requester, account, requests, bytes_sent, "+
			"bytes_written, first_seen, last_seen", func(x *group) []string {
			return []string{number(x.n[0]), number(x.n[1]), number(x.n[2]), moment(x.first), moment(x.last)}
		}),
		"unapproved-prefixes": prefixes.table("bucket, prefix, principal, requester, operation, requests, "+
			"first_seen, last_seen, sample_key", func(x *group) []string {
			return append(seen(x), x.sample)
		}),
		"deletes": deletes.table("bucket, date, principal, object_deletes, multi_object_deletes, lifecycle_expirations",
			func(x *group) []string {
				return []string{number(x.n[0]), number(x.n[1]), number(x.n[2])}
			}),
		"errors":        errors.table("bucket, operation, http_status, error_code, requests, first_seen, last_seen", seen),
		"cross-account": accounts.table("bucket, account, requester, operation, requests, first_seen, last_seen", seen),
		"user-agents": agents.table("bucket, user_agent, expected, requests, principals, first_seen, last_seen",
			func(x *group) []string {
				return append([]string{number(x.n[0]), number(len(x.names))}, seen(x)[1:]...)
			}),
		"large-puts-business-hours": puts,
		"backup-windows":            v.windowsTable(),
		"log-delivery":              v.deliveryTable(),
	}
	if len(v.Tenant.Accounts) == 0 {
		out["cross-account"] = Table{Columns: out["cross-account"].Columns}
	}
	slices.SortFunc(puts.Rows, func(a, b []string) int { return slices.Compare(a, b) })
	list := out["user-agents"]
	for i, row := range list.Rows { // what is expected stands behind the agent
		expected := ""
		if len(v.Tenant.UserAgents) > 0 && row[1] != "-" {
			expected = fmt.Sprint(slices.ContainsFunc(v.Tenant.UserAgents, func(p string) bool { return wild(p, row[1]) }))
		}
		list.Rows[i] = slices.Insert(row, 2, expected)
	}
	return out
}

// windowsTable has a row for each night.
func (v *View) windowsTable() Table {
	t := Table{Columns: strings.Split("bucket, date, window_start, window_end, objects_written, "+
		"bytes_written, backup_requests, other_requests, errors, verdict", ", ")}
	for _, b := range v.buckets {
		for _, n := range b.nights {
			if !v.inMonth(n.Date) {
				continue
			}
			objects, backup, errors := 0, 0, 0
			var bytes int64
			for _, w := range b.objects.writes {
				if n.Window.has(w.Time) {
					objects++
					bytes += w.Bytes
				}
			}
			for _, r := range n.records {
				if v.whois(r.Requester).Backup {
					backup++
				}
				if r.Failed() {
					errors++
				}
			}
			t.Rows = append(t.Rows, []string{b.Name, n.Date.String(), moment(n.Window.from), moment(n.Window.to),
				number(objects), number(bytes),
				number(backup), number(len(n.records) - backup), number(errors), n.Verdict})
		}
	}
	return t
}

// deliveryTable has a row for each day, also for one without a record.
func (v *View) deliveryTable() Table {
	t := Table{Columns: strings.Split("bucket, date, log_objects, records, rejected, first_record, last_record, max_delay_s", ", ")}
	for _, b := range v.buckets {
		for _, d := range v.Month {
			today, objects, rejected := day(d, v.Zone), map[string]bool{}, 0
			var first, last string
			delay := -forever.to.Sub(forever.from)
			records := b.on(d)
			for _, r := range records {
				objects[r.Object] = true
				first, last = cmp.Or(first, moment(r.Time)), moment(r.Time)
				delay = max(delay, r.Delivered.Sub(r.Time))
			}
			for _, o := range v.Objects[b.Logs.Text] {
				for _, at := range o.Rejected {
					if today.has(at) {
						rejected++
					}
				}
			}
			row := []string{b.Name, d.String(), number(len(objects)), number(len(records)), number(rejected), first, last, ""}
			if len(records) > 0 {
				row[7] = number(int64(delay / time.Second))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
