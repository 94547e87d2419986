package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // a peer, and the reader of what comes out

	"bucketproof/internal/bench"
)

func contenders(s *site) []contender {
	list := []contender{
		{"bucketproof, `file://`", collect("file://" + s.logs + "/"),
			parquet("data", "file", "request_id, operation, key, http_status, user_agent")},
		{"DuckDB `COPY`", self("duckdb"), parquet("duckdb.parquet", "", "c6, c7, c8, c10, c17")},
	}
	if _, err := exec.LookPath("goaccess"); err == nil {
		list = append(list, contender{"GoAccess, AWSS3", goaccess, goaccessRead})
	}
	list = append(list,
		contender{"Go regexp, AWS's pattern", self("regexp"), counted("regexp.json")},
		contender{"parsing alone, one core", self("parse"), counted("parse.json")},
		contender{"finding newlines", self("newlines"), nil})
	if s.s3 != nil {
		list = append(list,
			contender{"bucketproof, versitygw", collect(s.s3.url()),
				parquet("data", "s3", "request_id, operation, key, http_status, user_agent")},
			contender{"bare `net/http`, versitygw", self("fetch"), nil})
	}
	return list
}

const config = `data_dir = %q
[aws]
region = "us-east-1"
endpoint = %q
[evidence]
url = %q
lock_mode = ""
[[tenant]]
id = "acme"
name = "Acme"
  [[tenant.bucket]]
  name = %q
  logs = %q
  prefixes = ["veeam/"]
`

// place is the data folder of a log location.
func (s *site) place(logs string) string {
	if strings.HasPrefix(logs, "file:") {
		return filepath.Join(s.dir, "data-file")
	}
	return filepath.Join(s.dir, "data-s3")
}

func collect(logs string) func(context.Context, *site) (*exec.Cmd, error) {
	return func(ctx context.Context, s *site) (*exec.Cmd, error) {
		data := s.place(logs)
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
		endpoint := ""
		if s.s3 != nil {
			endpoint = s.s3.endpoint
		}
		path := data + ".toml"
		if err := os.WriteFile(path, fmt.Appendf(nil, config, data, endpoint, "file://"+s.dir+"/evidence",
			bench.Bucket, logs), 0o644); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, s.binary, "--config", path, "collect")
		cmd.Env = append(os.Environ(), credentials...)
		return cmd, nil
	}
}

// self runs a contender of this program.
func self(name string) func(context.Context, *site) (*exec.Cmd, error) {
	return func(ctx context.Context, s *site) (*exec.Cmd, error) {
		me, err := os.Executable()
		if err != nil {
			return nil, err
		}
		args := []string{"child", name, s.logs, s.dir}
		if name == "fetch" {
			args = append(args, s.s3.list)
		}
		return exec.CommandContext(ctx, me, args...), nil
	}
}

func goaccess(ctx context.Context, s *site) (*exec.Cmd, error) {
	logs, err := filepath.Glob(filepath.Join(s.logs, "*"))
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, "goaccess",
		append([]string{"--log-format=AWSS3", "--no-global-config", "--no-progress", "-o",
			filepath.Join(s.dir, "goaccess.json")}, logs...)...), nil
}

func goaccessRead(_ context.Context, s *site) (right, read int64, err error) {
	body, err := os.ReadFile(filepath.Join(s.dir, "goaccess.json"))
	if err != nil {
		return 0, 0, err
	}
	var out struct {
		General struct {
			Valid int64 `json:"valid_requests"`
		} `json:"general"`
	}
	err = json.Unmarshal(body, &out)
	return -1, out.General.Valid, err
}

// result is what a contender of this program says about its records.
type result struct{ Read, Right int64 }

// counted compares the rows that a contender of this program has left.
func counted(name string) func(context.Context, *site) (int64, int64, error) {
	return func(_ context.Context, s *site) (right, read int64, err error) {
		body, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			return 0, 0, err
		}
		var r result
		err = json.Unmarshal(body, &r)
		return -1, r.Read, err
	}
}

// parquet counts the rows of Parquet files that are in the truth.
func parquet(name, source, columns string) func(context.Context, *site) (int64, int64, error) {
	return func(ctx context.Context, s *site) (right, read int64, err error) {
		path := filepath.Join(s.dir, name)
		switch source {
		case "file":
			path = filepath.Join(s.dir, "data-file", "dataset", "access", "*", "*", "*.parquet")
		case "s3":
			path = filepath.Join(s.dir, "data-s3", "dataset", "access", "*", "*", "*.parquet")
		}
		db, err := sql.Open("duckdb", "")
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		texts := ""
		for i, c := range strings.Split(columns, ", ") {
			if i > 0 {
				texts += ", "
			}
			texts += "coalesce(nullif(cast(" + c + " as varchar), '-'), '')"
		}
		rows, err := db.QueryContext(ctx, "SELECT "+texts+" FROM read_parquet('"+path+"', hive_partitioning = false)")
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		seen := map[uint64]struct{}{}
		for rows.Next() {
			var f [5]string
			if err := rows.Scan(&f[0], &f[1], &f[2], &f[3], &f[4]); err != nil {
				return 0, 0, err
			}
			read++
			row := bench.Row(f[0], f[1], f[2], f[3], f[4])
			if _, ok := s.truth.Rows[row]; ok {
				seen[row] = struct{}{}
			}
		}
		if right = int64(len(seen)); s.truth.Rows == nil {
			right = -1
		}
		return right, read, rows.Err()
	}
}
