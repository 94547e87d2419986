package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/demo"
	"bucketproof/report"
)

// runDemo runs the demo into a folder and returns what it printed.
func runDemo(t *testing.T, dir string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	a := &app{out: &out, err: &errs}
	if err := a.demo(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String()
}

func readTruth(t *testing.T, dir string) demo.Truth {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth demo.Truth
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

func readCSV(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestDemo(t *testing.T) {
	t.Parallel()
	dir := made(t)
	s := sharedDemo()
	stdout, stderr := strings.ReplaceAll(s.stdout, s.dir, dir), s.stderr
	truth := readTruth(t, dir)

	t.Run("every record once", func(t *testing.T) { everyRecordOnce(t, dir, truth) })
	t.Run("every planted trouble in its tenant's packet", func(t *testing.T) { everyPlantedTrouble(t, dir, truth) })
	t.Run("verdicts", func(t *testing.T) {
		for tenant, want := range map[string]string{"acme": "attention", "lodz": "attention", "zurich-cafe": "ok"} {
			m := readManifest(t, filepath.Join(dir, "packets", tenant, demo.Month))
			if m.Verdict != want {
				t.Errorf("%s is %q, want %q", tenant, m.Verdict, want)
			}
			if !strings.Contains(stdout, m.Tenant.Name) ||
				!strings.Contains(stdout, filepath.Join(dir, "packets", tenant, demo.Month, "packet.pdf")) {
				t.Errorf("%s and its packet are not in the output:\n%s", tenant, stdout)
			}
		}
		if rows := readCSV(t, filepath.Join(dir, "packets", "zurich-cafe", demo.Month, "findings.csv")); len(rows) > 0 {
			t.Errorf("the clean tenant has findings: %v", rows)
		}
	})
	t.Run("no secret and no other tenant in any output", func(t *testing.T) { nothingForeign(t, dir, stdout+stderr) })
	t.Run("same bytes again", func(t *testing.T) {
		if os.Getenv("BUCKETPROOF_TEST_S3") != "" {
			return // .ci/run has compared two demos before
		}
		again := filepath.Join(t.TempDir(), "again")
		runDemo(t, again)
		compareTrees(t, filepath.Join(dir, "packets"), filepath.Join(again, "packets"))
	})
	t.Run("a folder that no demo made is left alone", func(t *testing.T) {
		other := t.TempDir()
		if err := os.WriteFile(filepath.Join(other, "mine"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		a := &app{out: io.Discard, err: io.Discard}
		if err := a.demo(context.Background(), other); err == nil || !strings.Contains(err.Error(), "no demo made it") {
			t.Errorf("got %v", err)
		}
	})
}

// everyRecordOnce compares the dataset with the lines of the log objects,
// record for record.
func everyRecordOnce(t *testing.T, dir string, truth demo.Truth) {
	type row struct {
		Bucket       string `parquet:"bucket,optional"`
		RequestID    string `parquet:"request_id,optional"`
		Operation    string `parquet:"operation,optional"`
		Key          string `parquet:"key,optional"`
		SourceObject string `parquet:"source_object"`
		SourceLine   int64  `parquet:"source_line"`
	}
	stored := map[string]row{}
	counts := map[string]int64{}
	walk(t, filepath.Join(dir, "data", "dataset", "access"), func(path string) {
		rows, err := parquet.ReadFile[row](path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			place := r.SourceObject + ":" + strconv.FormatInt(r.SourceLine, 10)
			if _, twice := stored[place]; twice {
				t.Fatalf("%s is stored twice", place)
			}
			stored[place] = r
			counts[r.Bucket]++
		}
	})
	for bucket, want := range truth.Buckets {
		if counts[bucket] != want {
			t.Errorf("%s has %d records, want %d", bucket, counts[bucket], want)
		}
	}
	var lines, duplicates, unreadable int64
	walk(t, filepath.Join(dir, "logs"), func(path string) {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range readLines(t, path) {
			lines++
			r, ok := stored["file:"+filepath.ToSlash(rel)+":"+strconv.Itoa(n+1)]
			switch {
			case ok:
				if r.Key == "" {
					r.Key = "-"
				}
				if !strings.Contains(line, " "+r.RequestID+" "+r.Operation+" "+r.Key+" ") || !strings.Contains(line, " "+r.Bucket+" [") {
					t.Fatalf("%s:%d is stored as %+v", rel, n+1, r)
				}
			case strings.Contains(line, " acme-backups "):
				duplicates++
			default:
				unreadable++
			}
		}
	})
	if duplicates != truth.Duplicates || unreadable != truth.Unreadable["acme-sql-dumps"] || lines != truth.Records+duplicates+unreadable {
		t.Errorf("%d lines, %d duplicates, %d unreadable; the truth is %+v", lines, duplicates, unreadable, truth)
	}
}

func everyPlantedTrouble(t *testing.T, dir string, truth demo.Truth) {
	type key struct{ tenant, bucket, check, subject string }
	want := map[key]string{}
	for _, p := range truth.Planted {
		want[key{p.Tenant, p.Bucket, p.Check, p.Subject}] = strconv.FormatInt(p.Count, 10)
	}
	if len(want) != 21 {
		t.Errorf("%d troubles are planted", len(want))
	}
	for _, tenant := range []string{"acme", "lodz", "zurich-cafe"} {
		for _, row := range readCSV(t, filepath.Join(dir, "packets", tenant, demo.Month, "findings.csv")) {
			k := key{row["tenant"], row["bucket"], row["check"], row["subject"]}
			if row["tenant"] != tenant || want[k] != row["count"] {
				t.Errorf("%s has the finding %v with count %s, want %q", tenant, k, row["count"], want[k])
			}
			if row["samples"] == "" && row["check"] != "backup-missed" && row["check"] != "metrics-differ" {
				t.Errorf("%v names no sample record", k)
			}
			delete(want, k)
		}
	}
	for k := range want {
		t.Errorf("not found: %v", k)
	}
}

// nothingForeign looks for secrets and for the names of other tenants in all
// files that can be read as text. That of the PDF is looked at by the
// integration tests.
func nothingForeign(t *testing.T, dir, printed string) {
	names := map[string][]string{
		"acme":        {"acme", "111122223333", "Acme"},
		"lodz":        {"lodz", "222233334444", "444455556666", "Łódź"},
		"zurich-cafe": {"zuerich", "zurich-cafe", "555566667777", "Zürich"},
	}
	for tenant := range names {
		walk(t, filepath.Join(dir, "packets", tenant), func(path string) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range demo.Secrets {
				if strings.Contains(string(body), s) {
					t.Errorf("%s holds the secret %s", path, s)
				}
			}
			for other, list := range names {
				for _, name := range list {
					if other != tenant && strings.Contains(string(body), name) {
						t.Errorf("%s names %s", path, name)
					}
				}
			}
		})
	}
	for _, s := range demo.Secrets {
		if strings.Contains(printed, s) {
			t.Errorf("the output holds the secret %s", s)
		}
	}
}

func readManifest(t *testing.T, folder string) report.Manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m report.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	// Each statement can be run by who has the manifest alone.
	for _, q := range m.Queries {
		for _, p := range regexp.MustCompile(`[ (]:([a-z_]+)\b`).FindAllStringSubmatch(q.SQL, -1) {
			if _, ok := q.Parameters[p[1]]; !ok {
				t.Errorf("%s: the manifest lacks the parameter %s of %s", folder, p[1], q.Name)
			}
		}
	}
	return m
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func walk(t *testing.T, dir string, do func(path string)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files++
			do(path)
		}
		return err
	})
	if err == nil && files == 0 {
		err = errors.New("no file")
	}
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
}

func compareTrees(t *testing.T, a, b string) {
	t.Helper()
	walk(t, a, func(path string) {
		rel, err := filepath.Rel(a, path)
		if err != nil {
			t.Fatal(err)
		}
		one, err1 := os.ReadFile(path)
		two, err2 := os.ReadFile(filepath.Join(b, rel))
		if err := errors.Join(err1, err2); err != nil || string(one) != string(two) {
			t.Errorf("%s differs (%v)", rel, err)
		}
	})
}
