package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bucketproof/internal/objects"
)

// TestLoggingEnable turns logging on as a technician would: looks, plans, does it, does
// it again, and looks again.
func TestLoggingEnable(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS is not set: no server with S3's control API to test with; .ci/run starts one")
	}
	path := binary(t)
	dir, _ := demoLogs(t)
	tag := fmt.Sprint(time.Now().UnixNano())
	logs := "logs-" + tag
	writeS3Config(t, dir, endpoint, logs, "no-packets")
	conf := filepath.Join(dir, "s3.toml")
	api, err := objects.S3(t.Context(), objects.Access{Endpoint: endpoint, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	replaceIn(t, conf, "lodz-archiwum\"", "lodz-archiwum-"+tag+"\"")
	replaceIn(t, conf, `region = "eu-central-1"`, `region = "us-east-1"`)
	replaceIn(t, conf, `accounts = ["222233334444"]`, `accounts = ["123456789012"]`)
	for _, bucket := range []string{logs, "lodz-archiwum-" + tag} {
		if _, err := api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, args ...string) string {
		t.Helper()
		out, stderr, code := command(t, dir, path, nil,
			append([]string{"--config", conf, "logging"}, append(args, "--tenant", "lodz")...)...)
		if code != want {
			t.Errorf("%v: %d, want %d: %s%s", args, code, want, out, stderr)
		}
		return out + stderr
	}
	if out := run(exitAttention, "status"); !strings.Contains(out, "it is off") {
		t.Error(out)
	}
	if out := run(exitDone, "enable", "--keys", "simple"); strings.Count(out, " change ") != 4 ||
		!strings.Contains(out, "nothing was changed; --yes") {
		t.Error(out)
	}
	if out := run(exitAttention, "status"); !strings.Contains(out, "it is off") {
		t.Error(out)
	}
	if out := run(exitDone, "enable", "--keys", "simple", "--yes"); strings.Count(out, " done ") != 4 {
		t.Error(out)
	}
	if out := run(exitDone, "enable", "--keys", "simple", "--yes"); strings.Count(out, "as it is") != 4 {
		t.Error(out)
	}
	if out := run(exitDone, "status"); strings.Contains(out, "FAULT") || !strings.Contains(out, "logs end after 400 days") {
		t.Error(out)
	}
	for args, want := range map[string]string{"--keys odd": "write one of event-time", "--days -1": "write 0 or more",
		"--yes --dry-run": "the opposite of each other"} {
		if out := run(exitUsage, append([]string{"enable"}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s: %s", args, out)
		}
	}
	if out := run(exitDone, "template"); !strings.Contains(out, `"AWS::S3::BucketPolicy"`) || !strings.Contains(out, "lodz-archiwum-"+tag) {
		t.Error(out)
	}
	if out := run(exitDone, "template", "--as", "terraform"); !strings.Contains(out,
		`resource "aws_s3_bucket_logging" "lodz_archiwum_`+tag) {
		t.Error(out)
	}
	if out := run(exitUsage, "template", "--as", "pulumi"); !strings.Contains(out, "write cloudformation or terraform") {
		t.Error(out)
	}
	// On logs in a folder there is nothing to turn on.
	out, stderr, code := command(t, dir, path, nil, "logging", "enable", "--tenant", "lodz")
	if code != exitDone || !strings.Contains(out, "read from a folder") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	if _, stderr, code := command(t, dir, path, nil, "logging", "template", "--tenant", "lodz"); code != exitFailed ||
		!strings.Contains(stderr, "nothing to set up") {
		t.Errorf("%d: %s", code, stderr)
	}
}
