package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// asked reads the answer of a query.
func asked(body []byte, columns []string) ([][]string, error) {
	var rows []map[string]any
	if err := json.Unmarshal(body, &rows); err != nil {
		return nil, fmt.Errorf("read the answer of a query: %w", err)
	}
	var out [][]string
	for _, row := range rows {
		var line []string
		for _, c := range columns {
			line = append(line, shown(row[c]))
		}
		out = append(out, line)
	}
	return out, nil
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// sameRows compares tables without regard to the order of rows.
func sameRows(kind string, want Table, got [][]string) []difference {
	if strings.Contains(kind, "backup-windows") { // the verdicts of nights are compared for themselves
		want.Rows, got = slices.Clone(want.Rows), slices.Clone(got)
		for _, rows := range [][][]string{want.Rows, got} {
			for i, row := range rows {
				rows[i] = row[:len(row)-1]
			}
		}
	}
	count := map[string]int{}
	for _, row := range want.Rows {
		count[strings.Join(row, " | ")]++
	}
	for _, row := range got {
		count[strings.Join(row, " | ")]--
	}
	var out []difference
	for _, row := range slices.Sorted(keys(count)) {
		switch n := count[row]; {
		case n > 0:
			out = append(out, difference{kind, "the program lacks   " + row})
		case n < 0:
			out = append(out, difference{kind, "the program invents " + row})
		}
	}
	return out
}
