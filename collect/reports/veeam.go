package reports

import (
	"cmp"
	"regexp"
	"strings"
)

// veeam reads a job session of Veeam: Backup & Replication's REST API (data, whose
// result is an object), Enterprise Manager (BackupJobSessions), PowerShell's
// VBRBackupSession by ConvertTo-Json or Export-Csv, in which enumerations may be
// numbers, and Microsoft 365 (results).
func (p *parser) veeam(o *object) bool {
	if !o.has("creationtime", "creationtimeutc", "starttime") || !o.has("result", "status", "state") {
		return false
	}
	if !o.has("creationtime", "creationtimeutc") && !o.has("jobid", "jobname", "sessiontype", "jobuid") {
		return false
	}
	result := o.child("result")
	r := record{start: o.text("creationtimeutc", "creationtime", "starttime"), end: o.text("endtimeutc", "endtime"),
		Session: Session{Tool: Veeam, ID: o.text("id", "uid", "sessionid"), Line: o.line, Objects: Unknown,
			Job: veeamJob(o), Message: cmp.Or(result.text("message"), o.text("message", "reason", "description"))}}
	if strings.HasPrefix(r.Job, "#") {
		r.Job = ""
	}
	if strings.EqualFold(o.text("creationtimeutc"), r.start) && needsUTC(r.start) {
		r.start += "Z"
		if r.end != "" && needsUTC(r.end) {
			r.end += "Z"
		}
	}
	statistics := o.child("statistics", "progress", "backupstats")
	r.Bytes = statistics.count("transferreddatabytes", "transferedsize", "transferredsize")
	if r.Bytes == Unknown {
		r.Bytes = o.count("transferreddatabytes", "transferedsize", "transferredsize")
	}
	r.State, r.Status = p.veeamState(o, cmp.Or(result.text("result"), o.text("result")), result.text("iscanceled") == "true")
	if kind := o.text("sessiontype", "jobtypestring", "jobtype"); !isBackup(kind) {
		r.Other = "Veeam " + kind
	}
	p.add(r)
	return true
}

// needsUTC tells whether a time of Enterprise Manager lacks the zone that the name of
// its member has.
func needsUTC(text string) bool {
	m := numeric.FindStringSubmatch(text)
	return m != nil && m[6] != "" && m[11] == ""
}

var sessionName = regexp.MustCompile(`(?i)@[0-9T:. -]+$|\s*\((?:full|incremental|active full|synthetic full|retry ?\d*)\)$`)

// veeamJob is the name of a session's job. A session without one is called like its
// job and how it ran.
func veeamJob(o *object) string {
	return cmp.Or(o.text("jobname"), sessionName.ReplaceAllString(o.text("name"), ""), o.text("jobid", "jobuid"))
}

var backupKind = regexp.MustCompile(`(?i)backup|copy|replica|tape|archiv|offload|agent|^-?\d*$`)

// isBackup tells whether a kind of session writes restore points, or may: sessions of
// restores, scans and maintenance stand in the same list.
func isBackup(kind string) bool {
	if strings.Contains(strings.ToLower(kind), "restore") {
		return false
	}
	return kind == "" || backupKind.MatchString(kind)
}

// veeamState reads state and result. PowerShell 5.1 writes their numbers: results
// are None -1, Success 0, Warning 1 and Failed 2, and -1 is the state Stopped.
func (p *parser) veeamState(o *object, result string, canceled bool) (State, string) {
	state := o.text("state")
	status := cmp.Or(result, o.text("status"), state)
	if name, ok := map[string]string{"-1": "None", "0": "Success", "1": "Warning", "2": "Failed"}[status]; ok && result != "" {
		status = name
	}
	busy := state != "" && state != "-1" && !p.ends(state)
	switch ended := p.status(status); {
	case canceled:
		return Failed, cmp.Or(status, "canceled")
	case busy && ended != Failed:
		return Running, state
	case strings.EqualFold(status, "none"):
		if state == "" {
			return Running, status
		}
		return Unclear, status
	default:
		return ended, status
	}
}

// ends tells whether a state of Veeam is that of a session that has ended.
func (p *parser) ends(state string) bool {
	switch strings.ToLower(state) {
	case "stopped", "completed", "finished", "ended", "success", "warning", "failed":
		return true
	}
	return false
}
