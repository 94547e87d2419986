package reports

import (
	"cmp"
	"strings"
	"time"
)

// aws reads a job of AWS Backup: an item of BACKUP_JOB_REPORT, COPY_JOB_REPORT or
// RESTORE_JOB_REPORT (AWS Backup developer guide, page "Audit Manager reports"; the
// same names are the columns of the CSV, of which there are two generations), or of
// what list-backup-jobs and list-copy-jobs answer.
func (p *parser) aws(o *object) bool {
	if !o.has("backupjobid", "copyjobid", "restorejobid") || !o.has("jobstatus", "state", "status") {
		return false
	}
	arn, kind := o.text("resourcearn"), o.text("resourcetype")
	r := record{zone: time.UTC, start: o.text("initiationdate", "creationdate"), end: o.text("completiondate"),
		Session: Session{Tool: AWSBackup, ID: o.text("backupjobid"), Line: o.line, Objects: Unknown,
			Bytes: Unknown}} // what a vault takes in is not written to the bucket
	if r.ID == "" || o.has("copyjobid") {
		r.ID, r.Copy = o.text("copyjobid"), true
	}
	r.Status, r.Message = o.text("jobstatus", "state", "status"), o.text("statusmessage")
	r.State = awsState(r.Status, r.Message)
	_, bucket, isBucket := strings.Cut(arn, ":s3:::")
	switch {
	case o.has("restorejobid"):
		r.Other = "a restore"
	case kind != "" && !strings.EqualFold(kind, "S3"), arn != "" && !isBucket:
		r.Other = cmp.Or(kind, arn)
	case isBucket:
		r.Bucket, _, _ = strings.Cut(bucket, "/")
	case strings.EqualFold(kind, "S3"):
		r.Bucket = o.text("resourcename")
	}
	by := o.child("createdby")
	plan := cmp.Or(o.text("backupplanname", "backupplanarn", "backupplanid"), by.text("backupplanname", "backupplanarn", "backupplanid"))
	r.Job = strings.Join([]string{cmp.Or(r.Bucket, "S3"), plan, cmp.Or(o.text("backuprulename", "backupruleid"),
		by.text("backuprulename", "backupruleid"))}, " ")
	if r.Copy {
		r.Job = strings.Join([]string{"copy", r.Job, o.text("destinationbackupvaultarn")}, " ")
	}
	p.add(r)
	return true
}

// awsState is what a state of AWS Backup means. "Completed with issues" is no state:
// the message says it, and what else it may say to a completed job is a warning too.
func awsState(status, message string) State {
	switch strings.ToUpper(status) {
	case "COMPLETED":
		lower := strings.ToLower(message)
		if message == "" || strings.Contains(lower, "success") && !saysTrouble(lower) {
			return Succeeded
		}
		return Warned
	case "PARTIAL":
		return Warned
	case "CREATED", "PENDING", "RUNNING", "ABORTING":
		return Running
	case "FAILED", "ABORTED", "EXPIRED":
		return Failed
	}
	return stateOf(status)
}

func saysTrouble(lower string) bool {
	for _, word := range []string{"issue", "fail", "error", "not ", "skip", "partial", "unable", "denied", "missing", "warn", "unsuccess"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
