package engine

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"bucketproof/internal/dataset"
)

// TestDeclaredAsRead compares what is declared for a slice without files with what DuckDB
// reads in a file.
func TestDeclaredAsRead(t *testing.T) {
	d := dataset.Dataset{Dir: t.TempDir()}
	batch := d.NewBatch(1)
	const ms = 1790895638000
	if err := errors.Join(
		batch.Access(&dataset.Record{Bucket: []byte("b"), TimeMS: ms}, []byte("s"), 1),
		batch.Event(dataset.TrailOwner("111122223333"), &dataset.Event{TimeMS: ms}, []byte("s"), 1),
		batch.Reject("b", ms, "s", 1, "why", []byte("raw")),
	); err != nil {
		t.Fatal(err)
	}
	files, err := batch.Close()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var read, without string
		for into, files := range map[*string][]string{&read: {d.Full(f.Path)}, &without: nil} {
			const types = "SELECT string_agg(column_name || ' ' || column_type, chr(10)) FROM (DESCRIBE "
			if err := db.QueryRow(types + scan(files, declared(f.Kind), "") + ")").Scan(into); err != nil {
				t.Fatal(err)
			}
		}
		if read != without {
			t.Errorf("%s: declared are\n%s\nand the file has\n%s", f.Kind, without, read)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDocument compares the tables of columns in docs/DATASET.md with those of the files.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/DATASET.md")
	if err != nil {
		t.Fatal(err)
	}
	for kind, heading := range map[string]string{dataset.Access: "## The view `access`\n", dataset.Trail: "## The view `trail`\n"} {
		_, section, found := strings.Cut(string(text), heading)
		if !found {
			t.Errorf("docs/DATASET.md has no section %q", heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		if got, want := documented(section), listed(kind); got != want {
			t.Errorf("docs/DATASET.md, %sthe table says\n%s\nwhere internal/dataset/columns.go says\n%s", heading, got, want)
		}
	}
}

// documented are the columns of the table in a section and their types, a line each.
func documented(section string) string {
	var b strings.Builder
	for line := range strings.Lines(section) {
		names, rest, found := strings.Cut(strings.TrimPrefix(line, "| `"), "` | ")
		if !found || !strings.HasPrefix(line, "| `") {
			continue
		}
		kind, _, _ := strings.Cut(rest, " |")
		for name := range strings.SplitSeq(names, ", ") {
			b.WriteString(name + " " + kind + "\n")
		}
	}
	return b.String()
}

func listed(kind string) string {
	var b strings.Builder
	for _, c := range declared(kind) {
		b.WriteString(c.Name + " " + c.Type + "\n")
	}
	return b.String()
}
