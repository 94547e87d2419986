package analyze

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"bucketproof/templates"
)

// A check has one of two forms. In the longer one its SQL returns the rows of its findings,
// with the columns of [checkRow]. In the other, which the header declares, it selects
// records, and templates/selected.sql counts them and takes the samples:
//
//	-- selects: records
//	-- selects: records with who, expected, severity
//
// A record has bucket, subject, date, time, source_object and source_line, and those of the
// three others that the header names: who did it, what was to be expected, and a severity,
// where '' is that of the check.

// selectable are the columns that a record can have besides.
var selectable = []string{"who", "expected", "severity"}

var selected = template.Must(template.New("selected.sql").Parse(templates.Selected))

// readSelects reads the columns that a header names.
func readSelects(value string) ([]string, error) {
	kind, list, more := strings.Cut(value, " with ")
	columns := []string{}
	if more {
		columns = strings.Split(list, ", ")
	}
	unknown := func(c string) bool { return !slices.Contains(selectable, c) }
	if kind != "records" || slices.ContainsFunc(columns, unknown) {
		return nil, fmt.Errorf("selects is %q; write records, or records with some of %s", value, strings.Join(selectable, ", "))
	}
	return columns, nil
}

// gather makes the rows of findings of the records that a check selects.
func (s *Statement) gather() error {
	var b strings.Builder
	has := func(column string) bool { return slices.Contains(s.records, column) }
	err := selected.Execute(&b, struct {
		SQL, Declared           string
		Who, Expected, Severity bool
	}{s.sql, s.Severity, has("who"), has("expected"), has("severity")})
	s.sql = b.String()
	return err
}
