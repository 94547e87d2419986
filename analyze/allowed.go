package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bucketproof/analyze/engine"
)

// open are the tables and views that a query of the user's own may read: what is the tenant's
// own, whatever buckets it shares with others. The records before they are divided, and who
// the others are, are not among them.
var open = []string{"access", "rejected", "trail", "compared", "changes", "shared_changes", "principals", "buckets",
	"prefixes", "prefix_roots", "days", "coverage",
	"windows", "window_quarters", "business_hours", "quarters", "nights", "log_objects", "log_incidents",
	"log_places", "agent_patterns", "user_agents", "addresses",
	"key_forms", "key_patterns", "reconciled", "report_problems", "figures", "witness_states", "missing_parts",
	"month_trends", "trail_proof", "trail_problems",
	"trail_files", "metric_days", "logging_found", "logged_days", "writes", "removals", "night_keys", "fates", "taken"}

// closed are the tables that hold more than the tenant's own.
var closed = []string{"delivered", "delivered_events", "rejected_lines", "every_access", "every_principal",
	"other_prefixes", "other_requesters", "strangers",
	"usual_requesters", "own_requesters", "misdated"}

// rowMakers are functions that stand for a table and read none.
var rowMakers = []string{"unnest", "range", "generate_series", "generate_subscripts", "repeat", "repeat_row"}

var (
	// reaching are functions that read files, settings or the engine, or run other SQL. Files
	// that are not the tenant's, the network and the settings are closed to the engine itself.
	reaching = regexp.MustCompile(`^(?:(?:enable|disable|pragma|duckdb|read|parquet|sniff|which|storage|scan|from_substrait|json_execute|json_serialize)_\w*|glob|checkpoint|force_checkpoint|query|query_table|getenv|current_setting)$`)
	// plainName are names that stand for no file and nothing of the engine's own.
	plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	ofEngine  = regexp.MustCompile(`^(?:duckdb|pragma|sqlite)_|^information_schema$`)
)

// allowed tells what in a statement is not for a query of the user's own, by what it names.
func allowed(n engine.Names) error {
	if n.Shows {
		return fmt.Errorf("it describes or lists tables, which is not for a saved query; docs/DATASET.md tells what they hold")
	}
	for _, name := range n.Local {
		switch {
		case !plainName.MatchString(name) || ofEngine.MatchString(name):
			return fmt.Errorf("WITH names %q; use a name of letters, digits and _", name)
		case slices.Contains(closed, name):
			return fmt.Errorf("WITH names %q, which is a table of bucketproof; use another name", name)
		}
	}
	for _, name := range n.Tables {
		switch {
		case slices.Contains(open, name) || slices.Contains(n.Local, name):
		case slices.Contains(closed, name):
			return fmt.Errorf("it names %s, which holds more than the tenant's own; use the view access or rejected", name)
		case strings.Contains(name, ".") && plainName.MatchString(strings.ReplaceAll(name, ".", "")):
			return fmt.Errorf("it names %s; write the table alone, without what it lies in", name)
		default:
			return fmt.Errorf("it reads %q, which is no table for a saved query; use access, rejected, trail or compared", name)
		}
	}
	for _, name := range n.TableFunctions {
		if !slices.Contains(rowMakers, name) {
			return fmt.Errorf("it calls %s for a table, which is not for a saved query", name)
		}
	}
	for _, name := range n.Functions {
		if reaching.MatchString(name) {
			return fmt.Errorf("it calls %s, which is not for a saved query", name)
		}
	}
	return nil
}
