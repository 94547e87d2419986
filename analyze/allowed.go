package analyze

import (
	"fmt"
	"regexp"
	"strings"
)

// What a query of the user's own may not name: the records before they are
// divided between the tenants of a shared bucket, files, and what would change or
// tell about the engine. Files that are not the tenant's, the network and the
// settings are closed to the engine itself.
var (
	undivided = regexp.MustCompile(`(?i)\b(delivered|delivered_events|rejected_lines|every_access)\b`)
	reaching  = regexp.MustCompile(`(?i)\b((?:enable|disable|pragma|duckdb|read|parquet|sniff|which|storage)_\w+|glob|checkpoint|force_checkpoint|query|query_table|getenv|current_setting)\s*\(`)
	fileName  = regexp.MustCompile(`(?i)\.(parquet|csv|tsv|json|ndjson|txt|db|duckdb)\b`)
	literals  = regexp.MustCompile(`'(?:[^']|'')*'`)
	sources   = regexp.MustCompile(`(?i)(?:\bfrom|\bjoin|,)\s*('(?:[^']|'')*'|"[^"]*")`)
)

// allowed tells what in a statement is not for a query of the user's own.
func (s *Statement) allowed() error {
	unquoted := strings.ReplaceAll(literals.ReplaceAllString(s.sql, "''"), `"`, "")
	if m := undivided.FindString(unquoted); m != "" {
		return fmt.Errorf("it names %s, which holds more than the tenant's own; use the view access or rejected", m)
	}
	if m := reaching.FindStringSubmatch(unquoted); m != nil {
		return fmt.Errorf("it calls %s, which is not for a saved query", m[1])
	}
	for _, m := range sources.FindAllStringSubmatch(s.sql, -1) {
		if fileName.MatchString(m[1]) {
			return fmt.Errorf("it reads the file %s; use the view access", m[1])
		}
	}
	return nil
}
