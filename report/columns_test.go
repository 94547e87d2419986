package report

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Figures are read by the names of the columns, wherever these stand.
func TestOrderOfColumnsDoesNotCount(t *testing.T) {
	busy := func(p *Packet) {
		p.add("deletes", "acme-backups", "2026-10-03", "Backup", int64(5), int64(1), int64(2))
		p.add("top-requesters", "-", "-", "", int64(7), int64(1), int64(2), p.Range.Start(), p.Range.End())
		p.add("cross-account", "acme-backups", "444455556666", "arn:x", "REST.GET.OBJECT", int64(11), p.Range.Start(), p.Range.End())
	}
	want := packet(t, busy)
	got := packet(t, func(p *Packet) {
		busy(p)
		for _, table := range p.Tables {
			slices.Reverse(table.Columns)
			for _, row := range table.Rows {
				slices.Reverse(row)
			}
		}
	})
	if !reflect.DeepEqual(got.Totals, want.Totals) || !reflect.DeepEqual(got.Days, want.Days) || got.Hours != want.Hours {
		t.Errorf("got %+v\n%+v\n%v\nwant %+v\n%+v\n%v", got.Totals, got.Days, got.Hours, want.Totals, want.Days, want.Hours)
	}
	if !slices.Equal(got.requesters, want.requesters) || got.approvedForeign != 11 {
		t.Errorf("got requesters %+v and %d approved requests from other accounts, want %+v and 11",
			got.requesters, got.approvedForeign, want.requesters)
	}
}

func TestMissingAndMistypedColumns(t *testing.T) {
	for _, test := range []struct{ query, column, mistyped string }{
		{"backup-windows", "verdict", "a whole number, where a text is needed"},
		{"bytes-by-day", "bytes_written", "a text, where a whole number is needed"},
		{"deletes", "object_deletes", "a text, where a whole number is needed"},
		{"requests-by-hour", "weekday", "a text, where a whole number is needed"},
		{"top-requesters", "principal", "a whole number, where a text is needed"},
		{"cross-account", "requester", "a whole number, where a text is needed"},
		{"errors", "requests", "a text, where a whole number is needed"},
	} {
		t.Run(test.query, func(t *testing.T) {
			p := packet(t, func(p *Packet) {
				p.add("deletes", "acme-backups", "2026-10-03", "Backup", int64(5), int64(1), int64(2))
				p.add("errors", "acme-backups", "REST.GET.OBJECT", int64(404), "NoSuchKey", int64(1), p.Range.Start(), p.Range.End())
				p.add("cross-account", "acme-backups", "444455556666", "arn:x", "REST.GET.OBJECT", int64(11), p.Range.Start(),
					p.Range.End())
			})
			table := p.table(test.query)
			at := slices.Index(table.Columns, test.column)
			kept := table.Rows[0][at]
			table.Rows[0][at] = any(int64(1))
			if _, number := kept.(int64); number {
				table.Rows[0][at] = "1"
			}
			figures := func() error {
				return firstError(func() error { return p.addNights(nil) }, p.addDays, p.addHours, p.count)
			}
			want := "query " + test.query + ": column " + test.column + " is " + test.mistyped
			if err := figures(); err == nil || err.Error() != want {
				t.Errorf("of another type: got %v, want %q", err, want)
			}
			table.Rows[0][at] = kept
			table.Columns[at] = "other"
			want = "query " + test.query + ": it has no column " + test.column + ", which is needed"
			if err := figures(); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("missing: got %v, want %q", err, want)
			}
		})
	}
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
