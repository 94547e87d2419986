package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// trailFiles are those of a trail of collect/cloudtrail/integrity/testdata.
func trailFiles(t *testing.T, name string) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readFile(t, "../../collect/cloudtrail/integrity/testdata/trails.tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		path, ok := strings.CutPrefix(h.Name, "./"+name+"/")
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		if out[path], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTrailVerify validates a trail in a bucket of a real S3 server, with the
// signatures in the metadata of its objects.
func TestTrailVerify(t *testing.T) {
	endpoint := s3Endpoint(t)
	client := s3Client(t, endpoint)
	path := binary(t)
	dir, _ := demoLogs(t)
	var owned *types.BucketAlreadyOwnedByYou
	bucket := "acme-trail" // the digests name it
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil && !errors.As(err, &owned) {
		t.Fatal(err)
	}
	writeS3Config(t, dir, endpoint, "no-logs", "no-packets")
	conf := filepath.Join(dir, "s3.toml")
	replaceIn(t, conf, "id = \"acme\"", "id = \"acme\"\ncloudtrail = \"s3://acme-trail/AWSLogs/111122223333/\"")
	keys := filepath.Join(dir, "keys.json")
	for _, tt := range []struct {
		trail string
		want  []string
	}{
		// from midnight in Chicago; the rest of the month has none
		{"clean", []string{"8 of 8 digests are valid, 11 of 11 log files are as they were delivered", "chain-ended"}},
		{"tampered-log", []string{"10 of 11 log files", "log-modified"}},
		{"unlisted-log", []string{"11 of 11 log files", "log-unlisted"}},
	} {
		files := trailFiles(t, tt.trail)
		var meta map[string]map[string]string
		if err := json.Unmarshal(files["metadata.json"], &meta); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(keys, files["public-keys.json"], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, key := range listBucket(t, client, bucket) {
			if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
				t.Fatal(err)
			}
		}
		for key, body := range files {
			if !strings.HasSuffix(key, ".gz") {
				continue
			}
			if _, err := client.PutObject(t.Context(),
				&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), Metadata: meta[key]}); err != nil {
				t.Fatal(err)
			}
		}
		out, stderr, code := command(t, dir, path, nil, "--config", "s3.toml", "trail", "verify", "--month",
			"2026-10", "--tenant", "acme", "--keys", keys, "--format", "json")
		if code != exitAttention {
			t.Errorf("%s: %d: %s", tt.trail, code, stderr)
		}
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", tt.trail, want, out)
			}
		}
		for _, kind := range []string{"log-modified", "log-unlisted", "digest-invalid", "digest-missing", "chain-broken", "unread"} {
			if strings.Contains(out, `"`+kind+`"`) != strings.Contains(strings.Join(tt.want, " "), kind) {
				t.Errorf("%s: %q in %s", tt.trail, kind, out)
			}
		}
	}
	out, stderr, code := command(t, dir, path, nil, "--config", "s3.toml", "trail", "verify", "--month", "2026-10", "--keys", keys)
	if code != exitAttention || strings.Count(out, "not measurable") != 2 {
		t.Errorf("the tenants without a trail: %d: %s%s", code, out, stderr)
	}
}

// TestTrailVerifyNeeds: what is missing is named, and never reads as proven.
func TestTrailVerifyNeeds(t *testing.T) {
	path := binary(t)
	dir, _ := demoLogs(t)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--month", "2026-10", "--tenant", "acme"}, exitFailed, "tenant.cloudtrail is not set"},
		{[]string{"--month", "2026-1"}, exitUsage, "write a month as YYYY-MM"},
		{[]string{"--month", "2126-10"}, exitUsage, "has not begun"},
		{[]string{"--month", "2026-10", "--keys", "config.toml"}, exitUsage, "holds no public keys"},
	} {
		_, stderr, code := command(t, dir, path, nil, append([]string{"trail", "verify"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: %d: %s", tt.args, code, stderr)
		}
	}
}

// TestTrailInAFolder validates a copy of a trail, with the metadata of its digests in
// files beside them; what is wrong becomes a finding.
func TestTrailInAFolder(t *testing.T) {
	path := binary(t)
	dir, _ := demoLogs(t)
	replaceIn(t, filepath.Join(dir, "config.toml"), "id = \"acme\"",
		"id = \"acme\"\ncloudtrail = \"file:trail/\"\ncloudtrail_keys = \"keys.json\"")
	files := trailFiles(t, "tampered-log")
	var meta map[string]map[string]string
	if err := json.Unmarshal(files["metadata.json"], &meta); err != nil {
		t.Fatal(err)
	}
	write := func(name string, body []byte) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range files {
		if strings.HasPrefix(name, "AWSLogs/") {
			write("trail/"+name, body)
		}
	}
	check := func() string {
		t.Helper()
		if _, stderr, code := command(t, dir, path, nil, "check", "--tenant", "acme", "--from", "2026-10-01", "--to",
			"2026-10-01"); code != exitDone && code != exitAttention {
			t.Fatalf("check: %d: %s", code, stderr)
		}
		out, stderr, code := command(t, dir, path, nil, "findings", "list", "--tenant", "acme", "--format", "csv")
		if code != exitDone {
			t.Fatal(code, stderr)
		}
		return out
	}
	_, stderr, code := command(t, dir, path, nil, "trail", "verify", "--month", "2026-10", "--tenant", "acme")
	if code != exitFailed || !strings.Contains(stderr, "tenant.cloudtrail_keys") {
		t.Errorf("a file of keys that is not there: %d: %s", code, stderr)
	}
	write("keys.json", files["public-keys.json"])
	if out, stderr, code := command(t, dir, path, nil, "trail", "verify", "--month", "2026-10", "--tenant",
		"acme"); code != exitAttention || !strings.Contains(out, "head-object") || !strings.Contains(out, "0 of 8 digests are valid") {
		t.Errorf("a folder without metadata: %d: %s%s", code, out, stderr)
	}
	if out := check(); strings.Contains(out, "digest-invalid") || strings.Contains(out, "log-modified") {
		t.Errorf("what could not be looked at is a finding:\n%s", out)
	}
	for key, m := range meta {
		body, err := json.Marshal(map[string]any{"ContentLength": 1, "Metadata": m})
		if err != nil {
			t.Fatal(err)
		}
		write("trail/"+key+".metadata.json", body)
	}
	if out, stderr, code := command(t, dir, path, nil, "trail", "verify", "--month", "2026-10", "--tenant",
		"acme"); code != exitAttention || !strings.Contains(out, "8 of 8 digests are valid, 10 of 11 log files") ||
		!strings.Contains(out, "log-modified") {
		t.Errorf("a folder with metadata: %d: %s%s", code, out, stderr)
	}
	if out := check(); !strings.Contains(out,
		`trail-integrity,high,acme,,"log-modified, AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/01/`) {
		t.Errorf("the findings are\n%s", out)
	}
	out, stderr, code := command(t, dir, path, nil, "query", "trail-days", "--tenant", "acme", "--from", "2026-10-01",
		"--to", "2026-10-02", "--format", "csv")
	if code != exitDone || !strings.Contains(out, "2026-10-01,111122223333,us-east-1,management,8,8,11,10,") ||
		!strings.Contains(out, "2026-10-02,,,,0,0,0,0,0,0,not evaluated") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
}

// TestLoggingStatus: of logs in a folder nothing is known but when they came.
func TestLoggingStatus(t *testing.T) {
	path := binary(t)
	dir, _ := demoLogs(t)
	out, stderr, code := command(t, dir, path, nil, "logging", "status", "--tenant", "lodz")
	if code != exitDone || !strings.Contains(out, "not known") || !strings.Contains(out, "none was ever collected") {
		t.Errorf("before a collection: %d: %s%s", code, out, stderr)
	}
	if _, stderr, code := command(t, dir, path, nil, "collect", "--tenant", "lodz"); code != exitDone {
		t.Fatal(stderr)
	}
	out, stderr, code = command(t, dir, path, nil, "logging", "status", "--tenant", "lodz")
	if code != exitDone || !strings.Contains(out, "the first came at 2026-10-01T") || !strings.Contains(out, "behind their last record") {
		t.Errorf("behind a collection: %d: %s%s", code, out, stderr)
	}
}

// TestTrailCompare collects a trail beside access logs and compares them.
func TestTrailCompare(t *testing.T) {
	path := binary(t)
	dir, _ := demoLogs(t)
	replaceIn(t, filepath.Join(dir, "config.toml"), "id = \"lodz\"", "id = \"lodz\"\ncloudtrail = \"file:trail/\"")
	if _, stderr, code := command(t, dir, path, nil, "collect", "--tenant", "lodz"); code == exitDone ||
		!strings.Contains(stderr, "trail") {
		t.Errorf("a trail that is not there: %d: %s", code, stderr)
	}
	body := `{"Records":[{"eventTime":"2026-10-05T12:00:00Z","eventName":"PutBucketPolicy","eventSource":"s3.amazonaws.com","userIdentity":{"arn":"arn:aws:iam::222233334444:user/ops"},"requestParameters":{"bucketName":"lodz-archiwum"},"requestID":"TRAILONLY1234567","eventID":"e1","eventCategory":"Management","recipientAccountId":"222233334444"}]}`
	if err := os.MkdirAll(filepath.Join(dir, "trail"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "trail",
		"222233334444_CloudTrail_eu-central-1_20261005T1205Z_ABCDEFGHIJKLMNOP.json"), []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, stderr, code := command(t, dir, path, nil, "collect", "--tenant", "lodz"); code != exitDone ||
		!strings.Contains(out, "file:trail/") {
		t.Fatalf("%d: %s%s", code, out, stderr)
	}
	out, stderr, code := command(t, dir, path, nil, "trail", "compare", "--month", "2026-10", "--tenant", "lodz")
	if code != exitAttention || !strings.Contains(out, "not evaluated") || strings.Contains(out, "100.00") {
		t.Errorf("a trail without data events: %d: %s%s", code, out, stderr)
	}
	out, _, _ = command(t, dir, path, nil, "trail", "compare", "--month", "2026-10", "--tenant", "lodz", "--differences", "--format", "csv")
	if !strings.Contains(out, "TRAILONLY1234567,PutBucketPolicy,arn:aws:iam::222233334444:user/ops,,only in the trail") ||
		strings.Count(out, "\n") != 2 {
		t.Errorf("the differences have %d lines, without the policy change", strings.Count(out, "\n"))
	}
	if out, stderr, code := command(t, dir, path, nil, "trail", "compare", "--month", "2026-10", "--tenant",
		"acme"); code != exitDone || !strings.Contains(stderr, "acme: not measurable") {
		t.Errorf("without a trail: %d: %s%s", code, out, stderr)
	}
}
