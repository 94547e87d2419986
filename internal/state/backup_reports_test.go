package state

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Of what several reports tell of a session, how it ended counts before that it ran,
// and then what was written last, in whatever order the reports are read.
func TestTellings(t *testing.T) {
	type telling struct {
		file, state string
		day         int // on which the file was written
	}
	tests := []struct {
		name     string
		tellings []telling
		want     string
	}{
		{"ran, then ended", []telling{{"a", "running", 1}, {"b", "succeeded", 2}}, "succeeded"},
		{"ended, and an older listing says that it runs", []telling{{"a", "failed", 1}, {"b", "running", 2}}, "failed"},
		{"failed, and told anew as succeeded", []telling{{"a", "failed", 1}, {"b", "succeeded", 2}}, "succeeded"},
		{"succeeded, and told anew as failed", []telling{{"a", "succeeded", 1}, {"b", "failed", 2}}, "failed"},
		{"the same file, which ran", []telling{{"a", "succeeded", 1}, {"a", "running", 2}}, "succeeded"},
	}
	for _, tt := range tests {
		for _, turned := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", turned ", turned), func(t *testing.T) {
				s := open(t, filepath.Join(t.TempDir(), "state.db"))
				list := slices.Clone(tt.tellings)
				if turned && list[0].file != list[1].file {
					slices.Reverse(list)
				}
				for i, x := range list {
					b := BackupReport{Source: x.file, SHA256: fmt.Sprint(i), Modified: at.AddDate(0, 0, x.day)}
					session := BackupSession{Tool: "veeam", ID: "1", Bucket: "b", Start: at, End: at, State: x.state}
					if err := s.BackupReports.Put(t.Context(), "acme", b, []BackupSession{session}, nil, at); err != nil {
						t.Fatal(err)
					}
				}
				got, err := s.BackupReports.Sessions(t.Context(), "acme", at, at.Add(time.Hour), "", "")
				if err != nil || len(got) != 1 || got[0].State != tt.want {
					t.Errorf("%+v, %v; want %s", got, err, tt.want)
				}
			})
		}
	}
}

// What a content told in one way of reading is gone when it is read in another; what
// an earlier content told stays.
func TestReadAgain(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	put := func(content string, ids ...string) {
		t.Helper()
		var list []BackupSession
		for _, id := range ids {
			list = append(list, BackupSession{Tool: "table", ID: id, Bucket: "b", Start: at, End: at, State: "succeeded"})
		}
		report := BackupReport{Source: "f", SHA256: content, Modified: at}
		if err := s.BackupReports.Put(t.Context(), "acme", report, list, nil, at); err != nil {
			t.Fatal(err)
		}
	}
	put("first", "1", "2")
	put("second", "2", "x")
	put("second", "2", "3")
	got, err := s.BackupReports.Sessions(t.Context(), "acme", at, at.Add(time.Hour), "", "")
	if err != nil || len(got) != 3 || got[0].ID != "1" || got[1].ID != "2" || got[2].ID != "3" {
		t.Errorf("%+v, %v; want 1, 2 and 3", got, err)
	}
}

// A state of before has its sessions, and reads each report again.
func TestSessionsMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"0001", "0002", "0003", "0004", "0005_service", "0006_mails", "0007_witnesses"} {
		text, err := migrations.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(text) + fmt.Sprintf(";PRAGMA user_version = %d", i+1)); err != nil {
			t.Fatal(name, err)
		}
	}
	_, err = db.Exec(fmt.Sprintf(`INSERT INTO backup_reports VALUES ('acme', 'f', 'e', 1, 'sum', 2, 'line 3: x', 5);
INSERT INTO backup_sessions VALUES ('acme', 'restic', '1', 'b', '', %d, %d, -1, 5, 1, 'summary', 'f', 1), ('acme', 'veeam', '2', 'b', '', %d, %d, -1, 5, 0, 'Failed', 'f', 2)`,
		at.UnixMilli(), at.UnixMilli(), at.UnixMilli(), at.UnixMilli()))
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	got, err := s.BackupReports.Sessions(t.Context(), "acme", at, at.Add(time.Hour), "", "")
	if err != nil || len(got) != 2 || got[0].State != "succeeded" || got[1].State != "failed" {
		t.Errorf("%+v, %v", got, err)
	}
	known, err := s.BackupReports.Known(t.Context(), "acme")
	if err != nil || known["f"].Reader != "" || known["f"].SHA256 != "sum" {
		t.Errorf("%+v, %v", known, err)
	}
}
