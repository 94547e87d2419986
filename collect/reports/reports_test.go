package reports

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	columns := Columns{ID: "Session", Bucket: "Repository", Start: "Start Time", End: "End Time", Bytes: "Transferred", Status: "Result", Success: []string{"OK"}, Location: berlin}
	tests := []struct{ name, text, want string }{
		{"AWS Backup JSON", `{"reportItems":[{"backupJobId":"J1","jobStatus":"COMPLETED","resourceArn":"arn:aws:s3:::acme","creationDate":"2026-10-01T22:00:00Z","completionDate":"2026-10-01T23:00:00.5Z","backupSizeInBytes":"123"},{"backupJobId":"J2","jobStatus":"FAILED","resourceArn":"arn:aws:ec2:x","creationDate":"soon"}]}`,
			"aws-backup J1 acme 2026-10-01T22:00:00Z 2026-10-01T23:00:00Z -1 -1 true COMPLETED; !item 2: creationDate"},
		{"AWS Backup CSV, newer names", "backupJobId,jobStatus,resourceArn,initiationDate,backupSizeInBytes\nJ1,EXPIRED,arn:aws:s3:::acme,2026-10-01T22:00:00Z,5\n",
			"aws-backup J1 acme 2026-10-01T22:00:00Z 2026-10-01T22:00:00Z -1 -1 false EXPIRED"},
		{"restic", `{"message_type":"status","percent_done":1}` + "\n" + `{"message_type":"summary","data_added":900,"data_added_packed":500,"backup_start":"2026-10-01T22:00:00.123+02:00","backup_end":"2026-10-01T22:10:00+02:00","snapshot_id":"abc"}` + "\n" + `{"message_type":"summary","dry_run":true,"backup_start":"2026-10-01T22:00:00Z"}`,
			"restic abc  2026-10-01T20:00:00Z 2026-10-01T20:10:00Z -1 500 true summary"},
		{"rclone adds up", `{"time":"2026-10-01T22:00:00Z","level":"info","msg":"x"}` + "\n" + `{"time":"2026-10-01T22:01:00Z","level":"info","msg":"","stats":{"bytes":5,"errors":0}}` + "\nrubbish\n" + `{"time":"2026-10-01T22:02:00Z","level":"error","msg":"","stats":{"bytes":9,"errors":2}}`,
			"rclone 2026-10-01T22:00:00Z  2026-10-01T22:00:00Z 2026-10-01T22:02:00Z -1 9 false 2 errors; !line 3: no JSON"},
		{"Veeam JSON", `{"results":[{"id":"v1","creationTime":"2026-10-01T22:00:00Z","endTime":"2026-10-01T23:00:00Z","status":"Success","statistics":{"transferredDataBytes":77}}]}`,
			"veeam v1  2026-10-01T22:00:00Z 2026-10-01T23:00:00Z -1 77 true Success"},
		{"configured columns", "Session;Repository;Start Time;End Time;Transferred;Result\r\n1;acme;2026-10-01 22:00:00;2026-10-01 23:00:00;1.5 GB;OK\r\n2;acme;gestern;;;OK\r\n",
			"veeam 1 acme 2026-10-01T20:00:00Z 2026-10-01T21:00:00Z -1 1500000000 true OK; !line 3: Start Time"},
		{"plain", "\ufeffdate,bucket,objects,bytes\n2026-10-01,acme,3,400\n2026-10-02,acme,,\n1.10.2026,acme,1,1\n2026-10-03,acme,-1,5\n",
			"plain 2026-10-01 acme acme 2026-10-01 3 400 true reported; plain 2026-10-02 acme acme 2026-10-02 -1 -1 true reported; !line 4: date; !line 5: objects"},
		{"empty", " \n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sessions, problems, err := Parse([]byte(tt.text), columns)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range sessions {
				when := s.Date
				if when == "" {
					when = s.Start.Format(time.RFC3339) + " " + s.End.Truncate(time.Second).Format(time.RFC3339)
				}
				got = append(got, fmt.Sprint(s.Tool, " ", s.ID, " ", s.Bucket, " ", when, " ", s.Objects, " ", s.Bytes, " ", s.OK, " ", s.Status))
			}
			for _, p := range problems {
				got = append(got, "!"+strings.Join(strings.SplitN(p, ": ", 3)[:2], ": "))
			}
			for i, p := range got {
				if strings.HasPrefix(p, "!") && strings.Contains(p, "date is") {
					got[i] = "!line 4: date"
				}
			}
			if text := strings.Join(got, "; "); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
	for _, text := range []string{"a,b\n1,2\n", `{"a":1}`, `[1]`, "rubbish", "{", `"x"`} {
		if _, _, err := Parse([]byte(text), Columns{}); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("date,bucket,objects,bytes\n2026-10-01,acme,3,400\n"))
	f.Add([]byte(`{"message_type":"summary","backup_start":"2026-10-01T22:00:00Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		sessions, _, err := Parse(text, Columns{Start: "start"})
		for _, s := range sessions {
			if err != nil || s.Objects < Unknown || s.Bytes < Unknown || s.Date == "" && s.Start.IsZero() {
				t.Errorf("%+v, %v", s, err)
			}
		}
	})
}
