package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"bucketproof/collect/accesslog"
)

// child runs a contender of this program: logs is the folder of the log
// objects, dir the place for results.
func child(name string, args []string) error {
	logs, dir := args[0], args[1]
	switch name {
	case "duckdb":
		return duckdb(logs, dir)
	case "regexp":
		return count(logs, filepath.Join(dir, "regexp.json"), matchAll, 2)
	case "parse":
		return count(logs, filepath.Join(dir, "parse.json"), parseAll, 1)
	case "newlines":
		return count(logs, filepath.Join(dir, "newlines.json"), func(text []byte) int64 {
			return int64(bytes.Count(text, []byte("\n")))
		}, 2)
	case "fetch":
		return fetch(args[2])
	}
	return fmt.Errorf("no contender %q", name)
}

// duckdb reads the logs as CSV with spaces and writes Parquet. It takes no hash,
// knows no duplicates, and bends the hard lines.
func duckdb(logs, dir string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var columns []string
	for i := range 32 {
		columns = append(columns, fmt.Sprintf("'c%d': 'VARCHAR'", i))
	}
	_, err = db.Exec(fmt.Sprintf("COPY (SELECT * FROM read_csv('%s/*', delim=' ', header=false, quote='\"', "+
		"escape='\"', auto_detect=false, columns={%s}, null_padding=true, ignore_errors=true, strict_mode=false)) "+
		"TO '%s/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)",
		logs, strings.Join(columns, ", "), dir))
	return err
}

// pattern is the expression that the S3 user guide publishes for Athena (page
// using-s3-access-logs-to-identify-requests).
var pattern = regexp.MustCompile(`^([^ ]*) ([^ ]*) \[(.*?)\] ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) (-|[0-9]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ("[^"]*"|-) ([^ ]*)(?: ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*))?.*$`)

func matchAll(text []byte) (n int64) {
	for line := range bytes.Lines(text) {
		if pattern.FindSubmatchIndex(bytes.TrimSuffix(line, []byte("\n"))) != nil {
			n++
		}
	}
	return n
}

func parseAll(text []byte) (n int64) {
	r := accesslog.ReadBytes(text)
	var rec accesslog.Record
	for {
		_, rejected, err := r.Next(&rec)
		if err != nil {
			return n
		}
		if rejected == nil {
			n++
		}
	}
}

// count lets of hands on the content of each object, on cores at a time, and
// notes the sum.
func count(logs, out string, of func([]byte) int64, cores int) error {
	paths, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil {
		return err
	}
	var sum atomic.Int64
	var group errgroup.Group
	group.SetLimit(cores)
	work := make(chan string)
	for range cores {
		group.Go(func() error {
			var text bytes.Buffer
			for path := range work {
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				text.Reset()
				_, err = text.ReadFrom(f)
				if err = errors.Join(err, f.Close()); err != nil {
					return err
				}
				sum.Add(of(text.Bytes()))
			}
			return nil
		})
	}
	for _, path := range paths {
		work <- path
	}
	close(work)
	if err := group.Wait(); err != nil {
		return err
	}
	body, err := json.Marshal(result{Read: sum.Load()})
	if err != nil {
		return err
	}
	return os.WriteFile(out, body, 0o644)
}

// fetch gets presigned URLs, one a line of a file, and throws the bodies away.
func fetch(list string) error {
	body, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	const concurrency = 16
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = concurrency
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, url := range strings.Fields(string(body)) {
		group.Go(func() error {
			resp, err := http.Get(url)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode != http.StatusOK {
				err = errors.New(resp.Status)
			}
			return err
		})
	}
	return group.Wait()
}
