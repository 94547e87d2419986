package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// kopia reads a snapshot manifest, as `kopia snapshot create --json` and `kopia
// snapshot list --json` write it (kopia, snapshot/manifest.go). It counts what was
// read, and what was written only with --storage-stats.
func (p *parser) kopia(o *object) bool {
	source := o.child("source")
	if source == nil || !source.has("path", "host") || !o.has("starttime") {
		return false
	}
	stats, summary := o.child("stats"), o.child("rootentry").child("summ")
	r := record{start: o.text("starttime"), end: o.text("endtime"), zone: time.UTC,
		Session: Session{Tool: Kopia, ID: o.text("id"), Line: o.line, State: Succeeded, Status: "snapshot", Objects: Unknown,
			Job:   source.text("username") + "@" + source.text("host") + ":" + source.text("path"),
			Bytes: o.child("storagestats").child("newdata").count("packedcontentbytes")}}
	fatal := max(stats.count("errorcount"), summary.count("numfailed"))
	ignored := max(stats.count("ignorederrorcount"), summary.count("numignorederrors"))
	switch reason := o.text("incomplete"); {
	case reason == "checkpoint":
		r.State, r.Status = Running, reason
	case reason != "":
		r.State, r.Status = Failed, reason
	case fatal > 0:
		r.State, r.Status = Failed, fmt.Sprintf("%d errors", fatal)
	case ignored > 0:
		r.State, r.Status = Warned, fmt.Sprintf("%d ignored errors", ignored)
	}
	p.add(r)
	return true
}

// duplicati reads a result as Duplicati posts it (send-http-result-output-format or
// --send-http-json-urls: Data, Extra and LogLines), or as its log keeps it.
// Compacting and testing have results of their own.
func (p *parser) duplicati(o *object) bool {
	data, extra := o, o.child("extra")
	if d := o.child("data"); d != nil && (d.has("mainoperation", "parsedresult", "begintime") || extra.has("operationname")) {
		data = d
	}
	if !data.has("mainoperation") && !extra.has("operationname") || !data.has("begintime", "parsedresult") && data == o {
		return false
	}
	operation := cmp.Or(data.text("mainoperation"), extra.text("operationname"))
	r := record{start: data.text("begintime"), end: data.text("endtime"), zone: time.UTC,
		Session: Session{Tool: Duplicati, Line: o.line, Objects: Unknown, Status: cmp.Or(data.text("parsedresult"), "no result"),
			Bytes: data.child("backendstatistics").count("bytesuploaded")}}
	if name := extra.text("backup-name", "backupname"); name != "" {
		r.Job = strings.TrimSpace(extra.text("machine-name", "machinename", "machine-id", "machineid") + " " + name)
	}
	if list := data.list("errors"); len(list) > 0 {
		r.Message, _ = list[0].(string)
	} else if list := data.list("warnings"); len(list) > 0 {
		r.Message, _ = list[0].(string)
	}
	r.Message = cmp.Or(r.Message, data.text("message", "exception"))
	switch r.State = stateOf(r.Status); {
	case data.text("interrupted") == "true":
		r.State, r.Status = Failed, "interrupted"
	case r.State == Succeeded && (data.text("partialbackup") == "true" || data.count("fileswitherror") > 0):
		r.State, r.Status = Warned, "partial"
	case r.Status == "no result":
		r.State = Failed // an exception ended it
	}
	if r.start == "" {
		r.undated, r.ID = true, p.after("result")
	}
	if !strings.EqualFold(operation, "backup") || data.text("dryrun") == "true" {
		r.Other = "Duplicati " + operation
	}
	p.add(r)
	return true
}

// borg reads what `borg create --json` writes, and the archives of `borg info --json`
// and `borg list --json` (borg, docs/internals/frontends.rst). Its times are local.
func (p *parser) borg(o *object) bool {
	repository := o.child("repository")
	if repository == nil || o.child("archive") == nil && o.members["archives"] == nil {
		return false
	}
	created := o.child("archive")
	archives := o.list("archives")
	if created != nil {
		archives = append(archives, created)
	}
	for _, a := range archives {
		archive, ok := a.(*object)
		if !ok || !archive.has("start", "time") {
			continue
		}
		name := archive.text("name", "archive")
		r := record{start: archive.text("start", "time"), end: archive.text("end"),
			Session: Session{Tool: Borg, ID: cmp.Or(archive.text("id"), name), Line: archive.line, State: Succeeded,
				Status: "archive", Objects: Unknown, Bytes: Unknown,
				Place: repository.text("location"), Job: repository.text("location") + " " + JobOfFile(name)}}
		if archive == created {
			// Later the size against the rest of the repository is another one.
			r.Bytes = archive.child("stats").count("deduplicatedsize")
			if p.lines.borg != "" {
				r.State, r.Status, r.Message = p.lines.borg, "errors", p.lines.borgSay
				if r.State == Failed {
					r.State = Warned // the archive was written all the same
				}
			}
			p.lines.borg = ""
		}
		if strings.Contains(name, ".checkpoint") {
			r.State, r.Status = Running, "checkpoint"
		}
		p.add(r)
	}
	return true
}

// msp360 reads the last run of a plan, as the API of MSP360 Managed Backup lists them
// (GET api/Monitoring), or the same columns as CSV.
func (p *parser) msp360(o *object) bool {
	if !o.has("planname") || !o.has("laststart", "starttime", "start") || !o.has("status", "laststatus", "result") {
		return false
	}
	r := record{start: o.text("laststart", "starttime", "start"), end: o.text("lastend", "endtime", "finishtime"),
		Session: Session{Tool: MSP360, ID: o.text("sessionid"), Line: o.line, Objects: Unknown,
			Bytes: o.count("datacopied", "copied", "datauploaded"),
			Job: strings.TrimSpace(strings.Join([]string{o.text("companyname"), o.text("computername",
				"computer"), o.text("planname")}, " ")),
			Message: o.text("errormessage", "message"), Status: o.text("status", "laststatus", "result")}}
	switch r.State = stateOf(r.Status); {
	case strings.EqualFold(r.Status, "overdue"):
		r.State = Failed
	case r.State == Succeeded && o.count("filesfailed") > 0:
		r.State = Warned
	}
	if kind := o.text("plantype"); !isBackup(kind) || strings.Contains(strings.ToLower(kind), "consistency") {
		r.Other = "MSP360 " + kind
	}
	p.add(r)
	return true
}
