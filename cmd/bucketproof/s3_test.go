package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"bucketproof/internal/demo"
	"bucketproof/report"
)

// s3Endpoint is the S3 server that .ci/run starts; its credentials are in the
// environment, as for every AWS tool.
func s3Endpoint(t *testing.T) string {
	t.Helper()
	endpoint := os.Getenv("BUCKETPROOF_TEST_S3")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_S3 is not set: no S3 server to test with; .ci/run starts one")
	}
	return endpoint
}

func s3Client(t *testing.T, endpoint string) *s3.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint), true
	})
}

// binary is the program, built when it is first asked for.
func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var built = sync.OnceValues(func() (string, error) {
	var err error
	if builtDir, err = os.MkdirTemp("", "bucketproof-built"); err != nil {
		return "", err
	}
	path := filepath.Join(builtDir, "bucketproof")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var builtDir string

// command runs the built program and returns what it printed and its exit code.
func command(t *testing.T, dir, path string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestS3 is the main job on a real S3 server: log objects in one bucket, the
// packets in another, and the built program between them.
func TestS3(t *testing.T) {
	endpoint := s3Endpoint(t)
	client := s3Client(t, endpoint)
	dir, _ := demoLogs(t)
	unique := strings.ToLower(strings.ReplaceAll(time.Now().UTC().Format("20060102-150405.000"), ".", "-"))
	logs, evidence := "logs-"+unique, "evidence-"+unique
	makeBucket(t, client, logs, false)
	makeBucket(t, client, evidence, true)
	if _, err := client.PutBucketVersioning(t.Context(),
		&s3.PutBucketVersioningInput{Bucket: &logs,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	uploadLogs(t, client, logs, filepath.Join(dir, "logs"))
	writeS3Config(t, dir, endpoint, logs, evidence)
	if err := os.RemoveAll(filepath.Join(dir, "logs")); err != nil {
		t.Fatal(err)
	}
	path := binary(t)
	bp := func(wantCode int, args ...string) string {
		t.Helper()
		stdout, stderr, code := command(t, dir, path, nil, append([]string{"--config", "s3.toml"}, args...)...)
		if code != wantCode {
			t.Fatalf("%v ended with %d, want %d\n%s\n%s", args, code, wantCode, stdout, stderr)
		}
		return stdout
	}

	truth := readTruth(t, dir)
	type row struct{ Objects, Records, Duplicates, Rejected int64 }
	sum := func(text string) (r row) {
		var rows []row
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for _, x := range rows {
			r.Objects += x.Objects
			r.Records += x.Records
			r.Duplicates += x.Duplicates
			r.Rejected += x.Rejected
		}
		return r
	}
	if got, want := sum(bp(exitDone, "collect", "--format", "json")),
		(row{int64(truth.Objects), truth.Records, truth.Duplicates, 5}); got != want {
		t.Errorf("collected %+v, want %+v", got, want)
	}
	if got := sum(bp(exitDone, "collect", "--format", "json")); got != (row{}) {
		t.Errorf("a second collect found %+v", got)
	}
	bp(exitAttention, "check", "--from", demo.Month+"-01", "--to", demo.Month+"-31")
	bp(exitDone, "check", "--from", demo.Month+"-01", "--to", demo.Month+"-31") // nothing is new
	var findings []map[string]any
	if err := json.Unmarshal([]byte(bp(exitDone, "findings", "list", "--format", "json")), &findings); err != nil ||
		len(findings) != len(truth.Planted) {
		t.Errorf("%d findings, want %d (%v)", len(findings), len(truth.Planted), err)
	}
	bp(exitDone, "report", "--month", demo.Month)
	before := listBucket(t, client, evidence)
	for _, tenant := range []string{"acme", "lodz", "zurich-cafe"} {
		checkStoredPacket(t, client, evidence, "packets/"+tenant+"/"+demo.Month+"/", tenant)
	}
	if out := bp(exitDone, "report", "--month", demo.Month); strings.Count(out, "unchanged") != 3 {
		t.Errorf("a second report wrote again:\n%s", out)
	}
	if after := listBucket(t, client, evidence); len(after) != len(before) {
		t.Errorf("%d objects before and %d after a second report", len(before), len(after))
	}
	if n := len(listBucket(t, client, logs)); n != truth.Objects {
		t.Errorf("the log bucket has %d objects, want %d: nothing may write there", n, truth.Objects)
	}
	out := bp(exitDone, "verify", "s3://"+evidence+"/packets/acme/"+demo.Month, "--recompute", "--format", "csv")
	for _, want := range []string{`ok,log objects,"3562 of 3562`, "ok,made again", "ok,attachments of the PDF"} {
		if !strings.Contains(out, want) {
			t.Errorf("verify does not say %q:\n%s", want, out)
		}
	}
	t.Run("a changed mapping makes a revision", func(t *testing.T) {
		replaceIn(t, filepath.Join(dir, "s3.toml"), "Restore operator", "Operator of restores")
		if out := bp(exitDone, "report", "--month", demo.Month, "--tenant", "acme"); !strings.Contains(out, "acme/2026-10.r2/") {
			t.Fatalf("no revision:\n%s", out)
		}
		m := checkStoredPacket(t, client, evidence, "packets/acme/"+demo.Month+".r2/", "acme")
		if m.Revision != 2 || m.Supersedes == nil || m.Supersedes.Packet != demo.Month {
			t.Errorf("the manifest says revision %d, supersedes %+v", m.Revision, m.Supersedes)
		}
		if out := bp(exitDone, "report", "--month", demo.Month, "--tenant", "acme"); !strings.Contains(out, "unchanged") {
			t.Errorf("the revision is not stable:\n%s", out)
		}
	})
	t.Run("provenance", func(t *testing.T) {
		rows, err := csv.NewReader(bytes.NewReader(getObject(t, client, evidence, "packets/acme/"+demo.Month+"/sources.csv"))).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatal(len(rows), err)
		}
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		for _, r := range rows[1:] {
			if r[at["kind"]] == "log" && (r[at["version_id"]] == "" || len(r[at["sha256"]]) != 64 || r[at["etag"]] == "") {
				t.Fatalf("a log object without version, hash or ETag: %v", r)
			}
		}
	})
	t.Run("a late and a changed log object", func(t *testing.T) {
		keys := listBucket(t, client, logs)
		old := keys[len(keys)-1]
		body := getObject(t, client, logs, old)
		for key, text := range map[string][]byte{old: append(body, body...), old[:len(old)-1] + "Z": body} {
			if _, err := client.PutObject(t.Context(),
				&s3.PutObjectInput{Bucket: &logs, Key: &key, Body: bytes.NewReader(text)}); err != nil {
				t.Fatal(err)
			}
		}
		var rows []struct{ Objects, Records, Duplicates, Changed int64 }
		if err := json.Unmarshal([]byte(bp(exitDone, "collect", "--format", "json")), &rows); err != nil {
			t.Fatal(err)
		}
		var objects, records, duplicates, changed int64
		for _, r := range rows {
			objects, records, duplicates, changed = objects+r.Objects, records+r.Records, duplicates+r.Duplicates, changed+r.Changed
		}
		if objects != 2 || records != 0 || duplicates == 0 || changed != 1 {
			t.Errorf("%d objects, %d records, %d duplicates, %d changed", objects, records, duplicates, changed)
		}
	})
	t.Run("faults name their mend", func(t *testing.T) {
		_, stderr, code := command(t, dir, path, []string{"AWS_SECRET_ACCESS_KEY=wrong"}, "--config", "s3.toml", "collect")
		if code != exitFailed || !strings.Contains(stderr, "access denied: SignatureDoesNotMatch; check the credentials") {
			t.Errorf("%d: %s", code, stderr)
		}
		replaceIn(t, filepath.Join(dir, "s3.toml"), "s3://"+logs+"/", "s3://no-such-bucket-here/")
		_, stderr, code = command(t, dir, path, nil, "--config", "s3.toml", "collect")
		if code != exitFailed || !strings.Contains(stderr, "the bucket no-such-bucket-here does not exist; correct the URL") {
			t.Errorf("%d: %s", code, stderr)
		}
	})
}

func makeBucket(t *testing.T, client *s3.Client, name string, lock bool) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: &lock}); err != nil {
		t.Fatal(err)
	}
}

func uploadLogs(t *testing.T, client *s3.Client, bucket, dir string) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(16)
	walk(t, dir, func(path string) {
		g.Go(func() error { return upload(ctx, client, bucket, dir, path) })
	})
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func upload(ctx context.Context, client *s3.Client, bucket, dir, path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(filepath.ToSlash(rel)), Body: bytes.NewReader(body)})
	return err
}

// writeS3Config is the demo's configuration with s3:// places.
func writeS3Config(t *testing.T, dir, endpoint, logs, evidence string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	out := strings.ReplaceAll(string(text), `"file:logs/`, `"s3://`+logs+`/`)
	out = strings.Replace(out, `url = "file:packets"`, `url = "s3://`+evidence+`/packets"`, 1)
	out = strings.Replace(out, `lock_mode = ""`, `lock_mode = "GOVERNANCE"`+"\nlock_days = 1", 1)
	out = strings.Replace(out, "\n[evidence]", fmt.Sprintf("\n[aws]\nregion = \"us-east-1\"\nendpoint = %q\n\n[evidence]", endpoint), 1)
	if err := os.WriteFile(filepath.Join(dir, "s3.toml"), []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replaceIn(t *testing.T, path, old, with string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, with)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func getObject(t *testing.T, client *s3.Client, bucket, key string) []byte {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err := errors.Join(err, out.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return body
}

func listBucket(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys
}

// checkStoredPacket reads a packet back through the API: every file of the
// manifest, its hash, its tags and its lock.
func checkStoredPacket(t *testing.T, client *s3.Client, bucket, prefix, tenant string) report.Manifest {
	t.Helper()
	get := func(path string) []byte {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(prefix + path)})
		if err != nil {
			t.Fatalf("%s%s: %v", prefix, path, err)
		}
		defer out.Body.Close()
		body, err := io.ReadAll(out.Body)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := client.GetObjectRetention(t.Context(), &s3.GetObjectRetentionInput{Bucket: &bucket, Key: aws.String(prefix + path)})
		if err != nil || kept.Retention == nil || kept.Retention.Mode != types.ObjectLockRetentionModeGovernance {
			t.Errorf("%s%s is not locked: %v", prefix, path, err)
		}
		return body
	}
	var m report.Manifest
	if err := json.Unmarshal(get("manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != 19 || len(m.Queries) != 15 || m.Tenant.ID != tenant {
		t.Errorf("%s: %d files, %d queries, tenant %s", prefix, len(m.Files), len(m.Queries), m.Tenant.ID)
	}
	for _, f := range m.Files {
		body := get(f.Path)
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f.SHA256 || len(body) != f.Size {
			t.Errorf("%s%s does not match its manifest", prefix, f.Path)
		}
		tags, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &bucket, Key: aws.String(prefix + f.Path)})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, tag := range tags.TagSet {
			got[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		want := map[string]string{"tenant": tenant, "period": demo.Month, "kind": f.Kind,
			"buckets": strings.Join(m.Tenant.Buckets, " "), "sha256": f.SHA256}
		for k, v := range want {
			if got[k] != v || f.Tags[k] != v {
				t.Errorf("%s%s: tag %s is %q, want %q", prefix, f.Path, k, got[k], v)
			}
		}
	}
	return m
}

// TestPDFTools reads the demo's PDFs with poppler and qpdf.
func TestPDFTools(t *testing.T) {
	if os.Getenv("BUCKETPROOF_TEST_PDFTOOLS") == "" {
		t.Skip("BUCKETPROOF_TEST_PDFTOOLS is not set: poppler-utils and qpdf may not be here; .ci/run installs them")
	}
	dir := made(t)
	names := map[string]string{"acme": "Acme Dental", "lodz": "Łódź & Ελλάς Logistics", "zurich-cafe": "Zürich Café"}
	foreign := map[string][]string{"acme": {"lodz", "zuerich", "222233334444"},
		"lodz": {"acme", "zuerich", "111122223333"}, "zurich-cafe": {"acme", "lodz", "111122223333"}}
	for tenant, name := range names {
		pdf := filepath.Join(dir, "packets", tenant, demo.Month, "packet.pdf")
		if out := tool(t, "qpdf", "--check", pdf); !strings.Contains(out, "No syntax or stream encoding errors found") {
			t.Errorf("qpdf: %s", out)
		}
		if out := tool(t, "pdfinfo", pdf); !strings.Contains(out, name) || strings.Contains(out, "Error") {
			t.Errorf("pdfinfo: %s", out)
		}
		for _, line := range strings.Split(strings.TrimSpace(tool(t, "pdffonts", pdf)), "\n")[2:] {
			if f := strings.Fields(line); len(f) < 5 || f[len(f)-5] != "yes" {
				t.Errorf("a font is not embedded: %s", line)
			}
		}
		text := tool(t, "pdftotext", "-layout", pdf, "-")
		if !strings.Contains(text, name) {
			t.Errorf("%s is not in the text of its packet", name)
		}
		for _, s := range append(foreign[tenant], demo.Secrets...) {
			if strings.Contains(text, s) {
				t.Errorf("the packet of %s holds %s", tenant, s)
			}
		}
		if tenant == "lodz" && !strings.Contains(text, `\u{1F600}`) {
			t.Error("the emoji of a user agent is not shown as its code point")
		}
	}
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
