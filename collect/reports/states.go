package reports

import (
	"slices"
	"strings"
)

// Words that tools use for how a session ended. What none of them is, is unclear.
var stateWords = []struct {
	state State
	words []string
}{
	{Succeeded, []string{"success", "succeeded", "successful", "completed", "complete", "ok", "finished", "done",
		"passed", "completed successfully", "backed up",
		"erfolg", "erfolgreich", "abgeschlossen", "erfolgreich abgeschlossen", "fertig"}},
	{Running, []string{"running", "in progress", "inprogress", "working", "pending", "created", "queued", "starting",
		"started", "active", "waiting", "stopping", "pausing",
		"resuming", "postprocessing", "idle", "scheduled", "wird ausgeführt", "läuft", "ausstehend", "wartend"}},
	{Failed, []string{"failed", "failure", "fail", "error", "errors", "fatal", "aborted", "canceled", "cancelled",
		"stopped", "expired", "missed", "interrupted", "terminated",
		"unsuccessful", "fehler", "fehlgeschlagen", "fehlerhaft", "abgebrochen", "verpasst"}},
	{Warned, []string{"warning", "warnings", "warn", "partial", "warnung", "warnungen", "teilweise"}},
}

// stateOf reads a status in words. "Completed with …" says that something is left.
func stateOf(status string) State {
	lower := strings.ToLower(strings.TrimSpace(status))
	for _, s := range stateWords {
		if slices.Contains(s.words, lower) {
			return s.state
		}
	}
	first, rest, _ := strings.Cut(lower, " ")
	switch {
	case slices.Contains(stateWords[2].words, strings.Trim(first, ":;,.")):
		return Failed // "Failed: network error"
	case strings.Contains(lower, "warn"), strings.HasPrefix(rest, "with "), strings.HasPrefix(rest, "mit "),
		strings.Contains(lower, "partial"):
		return Warned
	}
	return Unclear
}

// status reads a status in words; where the configuration names those that mean
// that all went well, nothing else means that.
func (p *parser) status(text string) State {
	if slices.ContainsFunc(p.Success, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(text)) }) {
		return Succeeded
	}
	s := stateOf(text)
	if s == Succeeded && len(p.Success) > 0 {
		return Unclear
	}
	return s
}
