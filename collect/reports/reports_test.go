package reports

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

var berlin = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return loc
}()

// options are those of a tenant in Berlin whose CSV has the columns of an MSP.
func options() Options {
	return Options{File: "jobs/report.csv", Modified: time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC), Location: berlin,
		Columns: Columns{ID: "Session", Bucket: "Repository", Start: "Start Time", End: "End Time", Bytes: "Transferred", Status: "Result"}}
}

// say is what a report told, a session or problem a line: tool, state and when, and
// then what else is known.
func say(sessions []Session, problems []Problem) string {
	var out []string
	for _, s := range sessions {
		line := fmt.Sprintf("%s %s", s.Tool, s.State)
		if s.Date != "" {
			line += " on " + s.Date
		} else {
			line += " " + s.Start.Format("01-02T15:04:05")
			if s.End.After(s.Start) {
				line += s.End.Format("-15:04:05")
			}
		}
		if s.Estimated {
			line += " estimated"
		}
		if s.Bucket != "" {
			line += " bucket=" + s.Bucket
		}
		if s.Named {
			line += " job=" + s.Job
		}
		if s.Bytes != Unknown {
			line += fmt.Sprintf(" bytes=%d", s.Bytes)
		}
		if s.Objects != Unknown {
			line += fmt.Sprintf(" objects=%d", s.Objects)
		}
		out = append(out, line)
	}
	for _, p := range problems {
		line := fmt.Sprintf("! %d %s", p.Line, p.Reason)
		if !p.At.IsZero() {
			line += p.At.Format(" @01-02")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

type form struct {
	name, text, want string
	set              func(*Options)
}

func parse(t testing.TB, text string, o Options) ([]Session, []Problem) {
	t.Helper()
	sessions, problems, err := Parse(t.Context(), []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return sessions, problems
}

func run(t *testing.T, forms []form) {
	t.Helper()
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			o := options()
			if f.set != nil {
				f.set(&o)
			}
			if got := say(parse(t, f.text, o)); got != f.want {
				t.Errorf("got\n%s\nwant\n%s", got, f.want)
			}
		})
	}
}

func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

const (
	resticSummary = `{"message_type":"summary","files_new":3,"data_added":900,"data_added_packed":500,"backup_start":"2026-10-01T22:00:00.123+02:00","backup_end":"2026-10-01T22:10:00+02:00","snapshot_id":"abc"}`
	resticOld     = `{"message_type":"summary","files_new":3,"data_added":900,"total_duration":60.5,"snapshot_id":"old"}`
	resticStatus  = `{"message_type":"status","percent_done":1,"error_count":0}`
)

func TestRestic(t *testing.T) {
	run(t, []form{
		{name: "0.17.4 and later", text: lines(resticStatus, resticSummary,
			`{"message_type":"summary","dry_run":true,"backup_start":"2026-10-01T22:00:00Z"}`),
			want: "restic succeeded 10-01T20:00:00-20:10:00 bytes=500"},
		{name: "before: the file's time and the duration", text: lines(resticStatus, resticOld),
			want: "restic succeeded 11-02T05:58:59-06:00:00 estimated bytes=900"},
		{name: "before, in a file that was copied later", text: resticOld, set: func(o *Options) { o.File = "2026-10-01.json" },
			want: "! 1 it tells no time, and the file was written long after the date in its name; copy reports with their times"},
		{name: "only the last of several is dated by the file", text: lines(strings.ReplaceAll(resticOld, "old", "older"), resticOld),
			want: "restic succeeded 11-02T05:58:59-06:00:00 estimated bytes=900\n! 1 it tells no time, and only " +
				"the last session of a file is dated by the file; write one file a session"},
		{name: "error lines in front of the summary",
			text: lines(`{"message_type":"error","error":{"message":"permission denied"},"during":"scan","item":"/x"}`, resticSummary),
			want: "restic with warnings 10-01T20:00:00-20:10:00 bytes=500"},
		{name: "the count of errors in a status",
			text: lines(`{"message_type":"status","percent_done":0.9,"error_count":2}`, resticSummary),
			want: "restic with warnings 10-01T20:00:00-20:10:00 bytes=500"},
		{name: "exit code 3 behind the summary",
			text: lines(resticSummary,
				`{"message_type":"exit_error","code":3,"message":"Warning: at least one source file could not be read"}`),
			want: "restic with warnings 10-01T20:00:00-20:10:00 bytes=500"},
		{name: "another exit code behind the summary",
			text: lines(resticSummary, `{"message_type":"exit_error","code":1,"message":"Fatal: x"}`),
			want: "restic failed 10-01T20:00:00-20:10:00 bytes=500"},
		{name: "exit_error alone", text: `{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}`,
			want: "restic failed 11-02T06:00:00 estimated"},
		{name: "Fatal as text, among the others of a log",
			text: lines(resticSummary, "Fatal: unable to open repository",
				strings.NewReplacer("abc", "def", "10-01T22", "10-03T22").Replace(resticSummary)),
			want: "restic succeeded 10-01T20:00:00-20:10:00 bytes=500\nrestic failed 10-02T20:10:00 " +
				"estimated\nrestic succeeded 10-03T20:00:00-20:10:00 bytes=500"},
		{name: "Fatal as text, alone", text: "Fatal: unable to open config file\n", want: "restic failed 11-02T06:00:00 estimated"},
		{name: "no summary yet", text: lines(resticSummary, resticStatus),
			want: "restic succeeded 10-01T20:00:00-20:10:00 bytes=500\nrestic running 11-02T06:00:00 estimated"},
		{name: "a line that was cut", text: lines(resticStatus, `{"message_type":"err`, resticSummary),
			want: "restic with warnings 10-01T20:00:00-20:10:00 bytes=500\n! 2 no JSON; was the line written to its end?"},
	})
}

func rcloneStats(at string, elapsed float64, size, errors int) string {
	return fmt.Sprintf(`{"time":"2026-10-%s+00:00","level":"info","msg":"x","stats":{"bytes":%d,"errors":%d,"fatalError":false,"elapsedTime":%g,"transfers":1}}`, at, size, errors, elapsed)
}

func rcloneLog(at, level string) string {
	return fmt.Sprintf(`{"time":"2026-10-%s+00:00","level":%q,"msg":"Failed to copy: AccessDenied","source":"x"}`, at, level)
}

func TestRclone(t *testing.T) {
	run(t, []form{
		{name: "figures add up in a run",
			text: lines(rcloneLog("01T01:00:00", "info"), rcloneStats("01T01:01:00", 60, 5, 0), rcloneStats("01T01:02:00", 120, 9, 0)),
			want: "rclone succeeded 10-01T01:00:00-01:02:00 bytes=9"},
		{name: "a run each night in one file",
			text: lines(rcloneStats("01T01:00:30", 30, 5, 0), rcloneStats("02T01:00:30", 30, 5, 7), rcloneStats("03T01:00:30", 30, 5, 0)),
			want: "rclone succeeded 10-01T01:00:00-01:00:30 bytes=5\nrclone failed 10-02T01:00:00-01:00:30 " +
				"bytes=5\nrclone succeeded 10-03T01:00:00-01:00:30 bytes=5"},
		{name: "a retry a minute later is another run",
			text: lines(rcloneStats("01T01:00:30", 30, 5, 1), rcloneStats("01T01:01:30", 20, 9, 0)),
			want: "rclone failed 10-01T01:00:00-01:00:30 bytes=5\nrclone succeeded 10-01T01:01:10-01:01:30 bytes=9"},
		{name: "errors without statistics",
			text: lines(rcloneLog("01T01:00:00", "error"), rcloneLog("01T01:00:01", "critical"),
				rcloneStats("02T01:00:30", 30, 5, 0), rcloneLog("03T01:00:00", "error")),
			want: "rclone failed 10-01T01:00:00-01:00:01\nrclone succeeded 10-02T01:00:00-01:00:30 bytes=5\nrclone failed 10-03T01:00:00"},
		{name: "an error that a later attempt mended",
			text: lines(rcloneLog("01T01:00:10", "error"), rcloneStats("01T01:00:30", 30, 5, 0)),
			want: "rclone succeeded 10-01T01:00:00-01:00:30 bytes=5"},
		{name: "an error behind the statistics",
			text: lines(rcloneStats("01T01:00:30", 30, 5, 0), rcloneLog("01T01:00:31", "error")),
			want: "rclone failed 10-01T01:00:00-01:00:31 bytes=5"},
		{name: "nothing but notices", text: lines(rcloneLog("01T01:00:00", "notice"),
			rcloneLog("01T01:00:01", "info")), want: "rclone running 10-01T01:00:00-01:00:01"},
		{name: "one line", text: rcloneStats("01T01:00:30", 30, 5, 0), want: "rclone succeeded 10-01T01:00:00-01:00:30 bytes=5"},
		{name: "rubbish between", text: lines(rcloneStats("01T01:00:30", 30, 5, 0), "rubbish"),
			want: "rclone succeeded 10-01T01:00:00-01:00:30 bytes=5\n! 2 no JSON: rubbish @10-01"},
	})
}

func TestAWSBackup(t *testing.T) {
	item := func(id, status, message, kind, arn string) string {
		return fmt.Sprintf(`{"backupJobId":%q,"jobStatus":%q,"statusMessage":%q,"resourceType":%q,"resourceArn":%q,"creationDate":"2026-10-01T22:00:00Z","completionDate":"2026-10-01T23:00:00.5Z","backupSizeInBytes":"123"}`, id, status, message, kind, arn)
	}
	report := func(items ...string) string { return `{"reportItems":[` + strings.Join(items, ",\n") + `]}` }
	const ours = "arn:aws:s3:::acme"
	run(t, []form{
		{name: "completed", text: report(item("J1", "COMPLETED", "", "S3", ours)),
			want: "aws-backup succeeded 10-01T22:00:00-23:00:00 bucket=acme job=acme"},
		{name: "completed with issues",
			text: report(item("J1", "COMPLETED", "Completed with issues: 3 objects", "S3", ours)),
			want: "aws-backup with warnings 10-01T22:00:00-23:00:00 bucket=acme job=acme"},
		{name: "states", text: report(item("1", "CREATED", "", "S3", ours), item("2", "PENDING", "", "S3", ours),
			item("3", "RUNNING", "", "S3", ours), item("4", "PARTIAL", "", "S3", ours),
			item("5", "EXPIRED", "", "S3", ours), item("6", "ABORTED", "", "", ours), item("7", "SOMETHING", "", "S3", ours)),
			want: "aws-backup " + strings.ReplaceAll("running;running;running;with warnings;failed;failed;unknown",
				";", " 10-01T22:00:00-23:00:00 bucket=acme job=acme\naws-backup ") +
				" 10-01T22:00:00-23:00:00 bucket=acme job=acme"},
		{name: "other resources are not ours",
			text: report(item("1", "FAILED", "", "EC2", "arn:aws:ec2:eu-west-1:1:instance/i-1"),
				item("2", "FAILED", "", "", "arn:aws:rds:x")), want: ""},
		{name: "newer columns",
			text: "backupJobId,jobStatus,resourceArn,initiationDate,backupPlanName,backupRuleName\nJ1,EXPIRED,arn:aws-cn:s3:::acme,2026-10-01T22:00:00Z,Gold,nightly\n",
			want: "aws-backup failed 10-01T22:00:00 bucket=acme job=acme Gold nightly"},
		{name: "copies and restores", text: lines("copyJobId,jobStatus,resourceType,resourceArn,creationDate",
			"C1,COMPLETED,S3,arn:aws:s3:::acme,2026-10-01T22:00:00Z"),
			want: "aws-backup succeeded 10-01T22:00:00 bucket=acme job=copy acme"},
		{name: "restores are no backup",
			text: lines("restoreJobId,jobStatus,resourceType,creationDate", "R1,FAILED,S3,2026-10-01T22:00:00Z"), want: ""},
		{name: "list-backup-jobs",
			text: `{"BackupJobs":[{"BackupJobId":"x","State":"COMPLETED","ResourceArn":"arn:aws:s3:::acme","ResourceType":"S3","CreationDate":1790892000.5}]}`,
			want: "aws-backup succeeded 10-01T22:00:00 bucket=acme job=acme"},
		{name: "nothing to tell", text: `{"reportItems":[]}`, want: ""},
		{name: "an item without its status", text: report(item("1", "COMPLETED", "", "S3", ours), `{"backupJobId":"2","jobStatus":""}`),
			want: "aws-backup succeeded 10-01T22:00:00-23:00:00 bucket=acme job=acme\n! 2 an item of the list " +
				"lacks what the others have: its ID, start or status @10-01"},
		{name: "cut off", text: report(item("1", "COMPLETED", "", "S3", ours), item("2", "FAILED", "", "S3", ours))[:300],
			want: "aws-backup succeeded 10-01T22:00:00-23:00:00 bucket=acme job=acme\n! 2 it ends in the middle of " +
				"its JSON; was it written to the end? @10-01"},
	})
}

func TestVeeam(t *testing.T) {
	const session = `{"id":"v1","jobId":"j","name":"Nightly","sessionType":"BackupJob","creationTime":"2026-10-01T22:00:00.0+02:00","endTime":"2026-10-01T23:00:00+02:00","state":"%s","result":{"result":"%s","message":"m","isCanceled":%s}}`
	rest := func(state, result, canceled string) string {
		return `{"data":[` + fmt.Sprintf(session, state, result, canceled) + `],"pagination":{"total":1}}`
	}
	const when = " 10-01T20:00:00-21:00:00 job=Nightly"
	run(t, []form{
		{name: "REST", text: rest("Stopped", "Success", "false"), want: "veeam succeeded" + when},
		{name: "REST, warning", text: rest("Stopped", "Warning", "false"), want: "veeam with warnings" + when},
		{name: "a warning that the configuration accepts", text: rest("Stopped", "Warning", "false"),
			want: "veeam succeeded" + when, set: func(o *Options) {
				o.Success = []string{"Success", "Warning"}
			}},
		{name: "REST, canceled", text: rest("Stopped", "Success", "true"), want: "veeam failed" + when},
		{name: "REST, running", text: rest("Working", "None", "false"), want: "veeam running" + when},
		{name: "REST, ended with nothing", text: rest("Stopped", "None", "false"), want: "veeam unknown" + when},
		{name: "REST, other kinds of sessions",
			text: strings.ReplaceAll(rest("Stopped", "Failed", "false"), `"BackupJob"`, `"RestoreVm"`), want: ""},
		{name: "PowerShell 5.1: numbers and dates in milliseconds",
			text: `[{"Id":"a","JobName":"Nightly","Name":"Nightly (Incremental)","CreationTime":"\/Date(1790884800000)\/","EndTime":"\/Date(1790888400000)\/","Result":2,"State":-1},
{"Id":"b","JobName":"Nightly","CreationTime":{"value":"\/Date(1790971200000)\/","DateTime":"x"},"EndTime":"\/Date(-2208992400000)\/","Result":-1,"State":3}]`,
			want: "veeam failed 10-01T20:00:00-21:00:00 job=Nightly\n! 2 end: \"/Date(-2208992400000)/\" is no time of a backup @10-02"},
		{name: "PowerShell 7: one session",
			text: `{"Id":"a","JobName":"Nightly","CreationTime":"2026-10-01T22:00:00.123+02:00","EndTime":"2026-10-01T23:00:00+02:00","Result":0,"State":"Stopped","Progress":{"TransferedSize":77}}`,
			want: "veeam succeeded" + when + " bytes=77"},
		{name: "PowerShell: Export-Csv",
			text: "#TYPE Veeam.Backup.Core.CBackupSession\r\n\"Id\",\"JobName\",\"CreationTime\",\"EndTime\",\"Result\",\"State\"\r\n\"a\",\"Nightly\",\"10/1/2026 10:00:00 PM\",\"10/1/2026 11:00:00 PM\",\"Success\",\"Stopped\"\r\n\"b\",\"Nightly\",\"10/13/2026 10:00:00 PM\",\"10/13/2026 11:00:00 PM\",\"Failed\",\"Stopped\"\r\n",
			want: "veeam succeeded" + when + "\nveeam failed 10-13T20:00:00-21:00:00 job=Nightly", set: func(o *Options) {
				o.Columns = Columns{}
			}},
		{name: "Microsoft 365",
			text: `{"offset":0,"results":[{"id":"v1","creationTime":"2026-10-01T20:00:00.1Z","endTime":"2026-10-01T21:00:00Z","status":"Success","statistics":{"transferredDataBytes":77}},{"id":"v2","creationTime":"2026-10-02T20:00:00Z","status":"Running"}]}`,
			want: "veeam succeeded 10-01T20:00:00-21:00:00 bytes=77\nveeam running 10-02T20:00:00"},
		{name: "Enterprise Manager",
			text: `{"BackupJobSessions":[{"Name":"Nightly@2026-10-01 22:00:00","UID":"urn:x","JobName":"Nightly","CreationTimeUTC":"2026-10-01T20:00:00","EndTimeUTC":"2026-10-01T21:00:00Z","State":"Stopped","Result":"Failed"}]}`,
			want: "veeam failed" + when},
	})
}

func TestOtherTools(t *testing.T) {
	kopia := `{"id":"k1","source":{"host":"h","userName":"u","path":"/srv"},"startTime":"2026-10-01T20:00:00.123Z","endTime":"2026-10-01T21:00:00Z","stats":{"totalSize":5,"errorCount":%d,"ignoredErrorCount":%d},"incomplete":%q,"rootEntry":{"name":"srv","summ":{"size":5,"numFailed":0}}}`
	duplicati := `{"Data":{"MainOperation":%q,"ParsedResult":%q,"BeginTime":"2026-10-01T20:00:00.8732928Z","EndTime":"2026-10-01T21:00:00.8281115Z","Interrupted":%s,"PartialBackup":false,"CompactResults":{"MainOperation":"Compact","ParsedResult":"Success","BeginTime":"2026-10-01T20:30:00Z"},"BackendStatistics":{"BytesUploaded":77},"Errors":["e"]},"Extra":{"OperationName":"Backup","backup-name":"files","machine-id":"m"},"LogLines":[]}`
	const when, file = " 10-01T20:00:00-21:00:00", " job=u@h:/srv"
	run(t, []form{
		{name: "kopia", text: fmt.Sprintf(kopia, 0, 0, ""), want: "kopia succeeded" + when + file},
		{name: "kopia: a list", text: "[" + fmt.Sprintf(kopia, 1, 0, "") + ",\n" + fmt.Sprintf(kopia, 0, 2, "") + "]",
			want: "kopia failed" + when + file + "\nkopia with warnings" + when + file},
		{name: "kopia: checkpoint and canceled", text: fmt.Sprintf(kopia, 0, 0, "checkpoint") + "\n" +
			fmt.Sprintf(kopia, 0, 0, "canceled"), want: "kopia running" + when + file + "\nkopia failed" + when + file},
		{name: "Duplicati", text: fmt.Sprintf(duplicati, "Backup", "Success", "false"), want: "duplicati succeeded" +
			when + " job=m files bytes=77"},
		{name: "Duplicati: warning", text: fmt.Sprintf(duplicati, "Backup", "Warning", "false"),
			want: "duplicati with warnings" + when + " job=m files bytes=77"},
		{name: "Duplicati: error", text: fmt.Sprintf(duplicati, "Backup", "Error", "false"),
			want: "duplicati failed" + when + " job=m files bytes=77"},
		{name: "Duplicati: interrupted", text: fmt.Sprintf(duplicati, "Backup", "Success", "true"),
			want: "duplicati failed" + when + " job=m files bytes=77"},
		{name: "Duplicati: a test is no backup", text: fmt.Sprintf(duplicati, "Test", "Error", "false"), want: ""},
		{name: "Duplicati: an exception",
			text: `{"Data":{"Message":"no space"},"Extra":{"OperationName":"Backup","backup-name":"files"}}`,
			want: "duplicati failed 11-02T06:00:00 estimated job=files"},
		{name: "Borg: create, local times",
			text: `{"archive":{"name":"srv-2026-10-01","id":"b1","start":"2026-10-01T22:00:00.000000","end":"2026-10-01T23:00:00","stats":{"deduplicated_size":77,"original_size":900}},"repository":{"location":"ssh://x/acme","id":"r"}}`,
			want: "borg succeeded" + when + " job=ssh://x/acme srv bytes=77"},
		{name: "Borg: with its log",
			text: lines(`{"type":"log_message","levelname":"WARNING","message":"/x: permission denied","time":1.5}`,
				`{"archive":{"name":"srv-2026-10-01","id":"b1","start":"2026-10-01T22:00:00","end":"2026-10-01T23:00:00","stats":{"deduplicated_size":77}},"repository":{"location":"/r"}}`,
				`{"type":"log_message","levelname":"ERROR","message":"Repository locked","time":1.5}`),
			want: "borg with warnings" + when + " job=/r srv bytes=77\nborg failed 11-02T06:00:00 estimated"},
		{name: "Borg: a list",
			text: `{"archives":[{"name":"srv-2026-10-01","id":"b1","start":"2026-10-01T22:00:00"}],"repository":{"location":"/r"}}`,
			want: "borg succeeded 10-01T20:00:00 job=/r srv"},
		{name: "MSP360: Monitoring",
			text: `[{"PlanName":"nightly","ComputerName":"pc","LastStart":"2026-10-01T22:00:00","Status":"Success","FilesFailed":0,"DataCopied":77,"PlanType":"Backup Files"},{"PlanName":"nightly","ComputerName":"pc","LastStart":"2026-10-02T22:00:00","Status":"Warning","DataCopied":7},{"PlanName":"r","LastStart":"2026-10-02T22:00:00","Status":"Failed","PlanType":"Restore Files"}]`,
			want: "msp360 succeeded 10-01T20:00:00 job=pc nightly bytes=77\nmsp360 with warnings 10-02T20:00:00 job=pc nightly bytes=7"},
		{name: "MSP360: CSV", text: "Computer;Plan Name;Last Start;Status;Data Copied\npc;nightly;01.10.2026 22:00;Fehlgeschlagen;1,5 GB\n",
			want: "msp360 failed 10-01T20:00:00 job=pc nightly bytes=1610612736", set: func(o *Options) { o.Columns = Columns{} }},
	})
}

func TestTables(t *testing.T) {
	const head = "Session;Repository;Start Time;End Time;Transferred;Result\n"
	run(t, []form{
		{name: "configured columns, binary units", text: head +
			"1;acme;2026-10-01 22:00:00;2026-10-01 23:00:00;1.5 GB;Success\r\n2;acme;gestern;;;Success\r\n",
			want: "table succeeded 10-01T20:00:00-21:00:00 bucket=acme bytes=1610612736\n! 3 start: \"gestern\" is " +
				"no time; write one like 2026-10-01T22:00:00Z @10-01"},
		{name: "decimal commas", text: head + "1;acme;01.10.2026 22:00;;1,5 TB;Success\n2;acme;02.10.2026 22:00;;1.048.576;Success\n",
			want: "table succeeded 10-01T20:00:00 bucket=acme bytes=1649267441664\ntable succeeded 10-02T20:00:00 " +
				"bucket=acme bytes=1048576"},
		{name: "thousands with commas",
			text: "Session,Repository,Start Time,End Time,Transferred,Result\n1,acme,2026-10-01 22:00,,\"1,048,576\",Success\n",
			want: "table succeeded 10-01T20:00:00 bucket=acme bytes=1048576"},
		{name: "states in words", text: head +
			"1;;2026-10-01 22:00;;;Warnung\n2;;2026-10-01 22:00;;;Läuft\n3;;2026-10-01 " +
			"22:00;;;whatever\n4;;2026-10-01 22:00;;;\n5;;2026-10-01 22:00;;;Completed with errors\n",
			want: strings.ReplaceAll("table with warnings;table running;table unknown;table unknown;table with warnings", ";",
				" 10-01T20:00:00\n") + " 10-01T20:00:00"},
		{name: "statuses of the configuration", text: head +
			"1;;2026-10-01 22:00;;;Gut\n2;;2026-10-01 22:00;;;Success\n",
			want: "table succeeded 10-01T20:00:00\ntable unknown 10-01T20:00:00", set: func(o *Options) {
				o.Success = []string{"gut"}
			}},
		{name: "a status column that is not there", text: "Session;Start Time;Ergebnis\n1;2026-10-01 22:00;Success\n",
			want: "table unknown 10-01T20:00:00\n" +
				"! 1 it has no column \"Repository\", which tenant.report_columns.bucket names\n! 1 it has no " +
				"column \"End Time\", which tenant.report_columns.end names\n" +
				"! 1 it has no column \"Transferred\", which tenant.report_columns.bytes names\n! 1 it has no " +
				"column \"Result\", which tenant.report_columns.status names"},
		{name: "a status that nobody configured counts all the same",
			text: "Start Time,Result\n2026-10-01 22:00,Failed\n", want: "table failed 10-01T20:00:00", set: func(o *Options) {
				o.Columns = Columns{Start: "Start Time"}
			}},
		{name: "a row that was cut", text: head + "1;acme;2026-10-01 22:00;;5;Success\n2;acme;2026-10-02 22:0",
			want: "table succeeded 10-01T20:00:00 bucket=acme bytes=5\n! 3 the row has 3 columns and the head 6; " +
				"was it written to its end? @10-02"},
		{name: "a row with too many columns",
			text: "Session,Repository,Start Time,End Time,Transferred,Result\n1,acme,2026-10-01 22:00,,1,5 GB,Success\n",
			want: "! 2 the row has 7 columns and the head 6; put texts with the separator in quotes @10-01"},
		{name: "appended with its head", text: head + "1;acme;2026-10-01 22:00;;5;Success\n" + head +
			"2;acme;2026-10-02 22:00;;5;Success\n",
			want: "table succeeded 10-01T20:00:00 bucket=acme bytes=5\ntable succeeded 10-02T20:00:00 bucket=acme bytes=5"},
		{name: "a quote that is never closed", text: head +
			"1;acme;2026-10-01 22:00;;5;\"Success\n2;acme;2026-10-02 22:00;;5;Failed\n",
			want: "! 2 extraneous or missing \" in quoted-field @10-01"},
		{name: "plain",
			text: "\ufeffdate,bucket,objects,bytes\n2026-10-01,acme,3,400\n2026-10-02,acme,,\n1.10.2026,acme,1,1\n2026-10-03,acme,-1,5\n",
			want: "plain succeeded on 2026-10-01 bucket=acme bytes=400 objects=3\nplain succeeded on 2026-10-02 " +
				"bucket=acme\n! 4 date is \"1.10.2026\"; write YYYY-MM-DD, the day on which the night begins " +
				"@10-01\n! 5 objects: \"-1\" is no number @10-03"},
		{name: "plain, with jobs and states",
			text: "date,bucket,job,status,bytes\n2026-10-01,acme,A,Success,400\n2026-10-01,acme,B,Failed,0\n",
			want: "plain succeeded on 2026-10-01 bucket=acme job=A bytes=400\nplain failed on 2026-10-01 bucket=acme job=B bytes=0"},
	})
}

// A file has one layout of dates, which all its rows tell together.
func TestDates(t *testing.T) {
	const head = "Start Time\n"
	only := func(o *Options) { o.Columns = Columns{Start: "Start Time"} }
	with := func(order string) func(*Options) { return func(o *Options) { only(o); o.Order = order } }
	const refused = "day and month can't be told apart in this file; name the order in report_columns.layout, " +
		"\"DD/MM/YYYY\" or \"MM/DD/YYYY\""
	run(t, []form{
		{name: "day first, as one row tells", text: head + "01/10/2026 22:00\n13/10/2026 22:00\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-13T20:00:00", set: only},
		{name: "month first, as one row tells", text: head + "10/01/2026 10:00 PM\n10/13/2026 10:00 PM\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-13T20:00:00", set: only},
		{name: "a row that can't be is no row of another layout", text: head +
			"01/10/2026 22:00\n13/10/2026 22:00\n14/10/2026 22:00\n10/15/2026 22:00\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-13T20:00:00\ntable succeeded " +
				"10-14T20:00:00\n! 5 start: \"10/15/2026 22:00\" is no time that exists, with the order of day and " +
				"month that the file has @10-15", set: only},
		{name: "ambiguous", text: head + "01/10/2026 22:00\n02/10/2026 22:00\n",
			want: "! 2 start: \"01/10/2026 22:00\": " + refused + " @10-01\n! 3 start: \"02/10/2026 22:00\": " +
				refused + " @10-02", set: only},
		{name: "named", text: head + "01/10/2026 22:00\n02/10/2026 22:00\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-02T20:00:00", set: with("dmy")},
		{name: "named otherwise", text: head + "10/01/2026 22:00\n13/10/2026 22:00\n",
			want: "table succeeded 10-01T20:00:00\n! 3 start: \"13/10/2026 22:00\" is no time that exists, with " +
				"the order of day and month that the file has @10-13", set: with("mdy")},
		{name: "the same day and month need no order", text: head + "10/10/2026 22:00\n",
			want: "table succeeded 10-10T20:00:00", set: only},
		{name: "points and years in front need none", text: head +
			"01.10.2026 22:00\n2026/10/02 22:00\n2026-10-03T22:00:00+02:00\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-02T20:00:00\ntable succeeded 10-03T20:00:00", set: only},
		{name: "no such day", text: head + "2026-02-30 22:00\n",
			want: "! 2 start: \"2026-02-30 22:00\" is no time that exists, with the order of day and month that the file has", set: only},
		{name: "months in words", text: head + "1 Oct 2026 22:00\n\"Oct 2, 2026 10:00 PM\"\n",
			want: "table succeeded 10-01T20:00:00\ntable succeeded 10-02T20:00:00", set: only},
		{name: "summer and winter time", text: head + "2026-10-24 22:00\n2026-10-25 22:00\n",
			want: "table succeeded 10-24T20:00:00\ntable succeeded 10-25T21:00:00", set: only},
	})
}

func TestUnreadable(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "blank": " \r\n", "unknown CSV": "a,b\n1,2\n",
		"unknown JSON": `{"a":1}`, "a list of numbers": "[1]", "text": "rubbish", "binary": "\x00\x01",
		"cut": "{", "a text": `"x"`, "unknown lines": "{\"a\":1}\n{\"b\":2}\n"} {
		t.Run(name, func(t *testing.T) {
			sessions, problems := parse(t, text, Options{})
			if len(sessions) != 0 || len(problems) == 0 {
				t.Errorf("%v, %v; want a problem", sessions, problems)
			}
		})
	}
	run(t, []form{{name: "dates in what can't be read", text: `{"what":"2026-10-03T11:00:00Z","and":"2026-10-05"}`,
		want: "! 0 " + unknownForm + " @10-03\n! 0 " + unknownForm + " @10-05"}})
}

func TestEncodings(t *testing.T) {
	const text = "Auftrag;Start Time;Result\r\nMüller – Büro;01.10.2026 22:00;Fehlgeschlagen\r\n"
	encode := func(order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	windows := strings.NewReplacer("ü", "\xfc", "–", "\x96").Replace(text)
	var forms []form
	for name, text := range map[string]string{"UTF-8": text, "with a mark": "\ufeff" + text,
		"UTF-16, little": encode(binary.LittleEndian), "UTF-16, big": encode(binary.BigEndian),
		"UTF-16, little, with a mark": "\xff\xfe" + encode(binary.LittleEndian),
		"UTF-16, big, with a mark":    "\xfe\xff" + encode(binary.BigEndian), "Windows-1252": windows} {
		forms = append(forms, form{name: name, text: text, want: "table failed 10-01T20:00:00 job=Müller – Büro",
			set: func(o *Options) { o.Columns = Columns{Start: "Start Time", Status: "Result", Job: "Auftrag"} }})
	}
	run(t, forms)
}

func TestJobOfFile(t *testing.T) {
	for _, tt := range [][2]string{{"rclone.log", "rclone.log"}, {"rclone.log.1", "rclone.log"},
		{"rclone.log.12.gz", "rclone.log"}, {"rclone.log-20261001", "rclone.log"}, {"rclone-2026-10-01.log", "rclone.log"},
		{"2026-10-01.json", "*.json"}, {"2026/10/31/job.csv", "*/job.csv"},
		{"restic-2026-10-01T01-00-00Z.json", "restic.json"}, {"restic_20261001_010203.json", "restic.json"},
		{"job1.log", "job1.log"}, {"job2.log", "job2.log"}, {"host.1", "host.1"}, {"a/b.csv", "a/b.csv"}} {
		if got := JobOfFile(tt[0]); got != tt[1] {
			t.Errorf("%s: %s, want %s", tt[0], got, tt[1])
		}
	}
}

func TestDateInName(t *testing.T) {
	for name, want := range map[string]string{"2026-10-01.json": "2026-10-01", "x/2026/10/31/job.csv": "2026-10-31",
		"r_20261001.log": "2026-10-01", "01.10.2026.csv": "2026-10-01", "20261399.json": "", "a.json": ""} {
		if got := DateInName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// The IDs of sessions stay the same when a log grows, so that what was told before is
// not told twice.
func TestGrowingLogs(t *testing.T) {
	logs := map[string][]string{
		"rclone": {rcloneLog("01T01:00:00", "info"), rcloneStats("01T01:00:30", 30, 5, 0),
			rcloneLog("02T01:00:10", "error"), rcloneStats("02T01:00:30", 30, 5, 1), rcloneLog("03T01:00:00", "error")},
		"restic": {resticSummary, `{"message_type":"exit_error","code":1,"message":"x"}`,
			strings.ReplaceAll(resticSummary, "abc", "def"), resticStatus, `{"message_type":"exit_error","code":1,"message":"x"}`},
	}
	for name, all := range logs {
		t.Run(name, func(t *testing.T) {
			whole := map[string]bool{}
			sessions, _ := parse(t, lines(all...), options())
			for _, s := range sessions {
				whole[s.ID] = true
			}
			for n := range all {
				part, _ := parse(t, lines(all[:n+1]...), options())
				for _, s := range part {
					if !whole[s.ID] && s.State != Running {
						t.Errorf("after %d lines there was a session %q, and in the end there is none", n+1, s.ID)
					}
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"date,bucket,objects,bytes\n2026-10-01,acme,3,400\n",
		lines(resticStatus, resticSummary), lines(rcloneLog("01T01:00:10", "error"), rcloneStats("01T01:00:30", 30, 5, 0)),
		`{"reportItems":[{"backupJobId":"J1","jobStatus":"COMPLETED","resourceArn":"arn:aws:s3:::acme","creationDate":"2026-10-01T22:00:00Z"}]}`, "start;Result\n01/10/2026;1,5 GB\n",
		`[{"Id":"a","JobName":"N","CreationTime":"\/Date(1790884800000)\/","Result":2,"State":-1}]`, "\xff\xfea\x00",
		`{"archives":[{"start":"2026-10-01T22:00:00"}],"repository":{"location":" "}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o := options()
		o.Columns.Start = "start"
		sessions, problems := parse(t, string(text), o)
		for _, s := range sessions {
			if s.Objects < Unknown || s.Bytes < Unknown || s.Date == "" && s.Start.IsZero() ||
				s.End.Before(s.Start) || s.ID == "" || s.Job == "" || s.State == "" {
				t.Errorf("%+v", s)
			}
		}
		for _, p := range problems {
			if p.Reason == "" || p.Line < 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
