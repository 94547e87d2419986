package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"bucketproof/internal/objects"
)

// TestLogGroup collects access logs that CloudWatch Logs holds, as vended delivery
// writes them, from moto.
func TestLogGroup(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS is not set: no CloudWatch Logs to test with; .ci/run starts one")
	}
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", endpoint)
	dir := t.TempDir()
	path, err := quick() // its clock can be set
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprint(time.Now().UnixNano())
	group := "/aws/vendedlogs/s3/acme" + tag
	conf := fmt.Sprintf("[aws]\nregion = \"eu-west-1\"\n[evidence]\nurl = \"file:evidence\"\n[[tenant]]\nid = "+
		"\"acme\"\nname = \"Acme\"\nbucket = [{ name = \"acme-backups\", logs = \"cloudwatch:%s\", prefixes = [\"\"] }]\n", group)
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, stderr, code := command(t, dir, path, []string{clockVariable + "=0s"}, "collect"); code != exitFailed ||
		!strings.Contains(stderr, "there is no log group "+group) {
		t.Errorf("a group that is not there: %d: %s%s", code, out, stderr)
	}
	c, err := objects.AWS(t.Context(), objects.Access{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	api := cloudwatchlogs.NewFromConfig(c)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}))
	must(api.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")}))
	at := time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour) // yesterday, long enough ago to be whole
	event := func(n int, bucket, operation string) types.InputLogEvent {
		when := at.Add(time.Duration(n) * time.Second)
		text := fmt.Sprintf(`{"schema_version_id":"V_1_0","bucket_name":%q,"request_time":%q,"bucket_owner_id":"o","remote_ip":"192.0.2.1","requester":null,"request_id":"R%d","operation":%q,"key_name":"a b/%d","request_uri":"GET / HTTP/1.1","http_status":200,"bytes_sent_size":7,"version_id":null}`,
			bucket, when.Format("2006-01-02T15:04:05.000Z"), n, operation, n)
		return types.InputLogEvent{Timestamp: aws.Int64(when.UnixMilli()), Message: &text}
	}
	must(api.PutLogEvents(t.Context(),
		&cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("s"), LogEvents: []types.InputLogEvent{
			event(1, "acme-backups", "REST.PUT.OBJECT"), event(2, "acme-backups", "REST.PUT.OBJECT"),
			event(2, "acme-backups", "REST.PUT.OBJECT"), event(3, "another-bucket", "REST.GET.OBJECT"),
			{Timestamp: aws.Int64(at.Add(4 * time.Second).UnixMilli()), Message: aws.String("no record")}}}))
	// moto takes the events in now, so they are as late as a day: the clock goes on.
	later := func(by string) []string { return []string{clockVariable + "=" + by} }
	out, stderr, code := command(t, dir, path, later("48h"), "collect", "--format", "json")
	if code != exitDone || !strings.Contains(out, `"records": 2, "duplicates": 1, "rejected": 1, "other_records": 1`) {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	out, stderr, code = command(t, dir, path, later("49h"), "collect", "--format", "json")
	if code != exitDone || !strings.Contains(out, `"records": 0, "duplicates": 0, "rejected": 0`) {
		t.Errorf("again: %d: %s%s", code, out, stderr)
	}
	day := at.Format(time.DateOnly)
	if out, stderr, code := command(t, dir, path, later("49h"), "query", "operations", "--from", day, "--to", day,
		"--format", "csv"); code != exitDone || !strings.Contains(out, "acme-backups,REST.PUT.OBJECT,2,14") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	if out, stderr, code := command(t, dir, path, later("49h"), "doctor", "--policy"); code != exitDone ||
		!strings.Contains(out, `"logs:FilterLogEvents"`) {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
}
