package loggroup

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"bucketproof/internal/objects"
)

// fake speaks the part of CloudWatch Logs that is asked here (JSON 1.1): pages of two
// events, an empty one in between, an end of time that is inclusive.
type fake struct {
	made      time.Time
	retention int
	class     string
	events    []fakeEvent
	calls     int
}

type fakeEvent struct {
	at, taken       time.Time
	stream, message string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		StartTime, EndTime int64
		NextToken          string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	out := map[string]any{}
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "DescribeLogGroups") {
		group := map[string]any{"logGroupName": "/aws/g", "creationTime": f.made.UnixMilli(), "logGroupClass": f.class}
		if f.retention > 0 {
			group["retentionInDays"] = f.retention
		}
		out["logGroups"] = []any{map[string]any{"logGroupName": "/aws/g-other", "creationTime": 1}, group}
	} else {
		f.calls++
		var list []fakeEvent
		for _, e := range f.events {
			if ms := e.at.UnixMilli(); ms >= in.StartTime && ms <= in.EndTime {
				list = append(list, e)
			}
		}
		from := 0
		fmt.Sscan(in.NextToken, &from)
		events := []any{}
		switch {
		case from == 2 && in.NextToken == "2": // a page without events, and with more behind it
			out["nextToken"] = "2.0"
		default:
			for _, e := range list[min(from, len(list)):min(from+2, len(list))] {
				events = append(events, map[string]any{"timestamp": e.at.UnixMilli(),
					"ingestionTime": e.taken.UnixMilli(), "message": e.message, "logStreamName": e.stream, "eventId": "x"})
			}
			if from+2 < len(list) {
				out["nextToken"] = fmt.Sprint(from + 2)
			}
		}
		out["events"] = events
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out) // a test server
}

func credentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// contents are the lines of the files in a folder, by their names.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(e.Name(), err)
		}
		body, err := io.ReadAll(z)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if len(body) > 0 {
			out[e.Name()] = string(body)
		}
	}
	return out
}

// TestPull: every event comes once, in the file of its hour and of when CloudWatch took
// it in, however late it is and however often it is asked.
func TestPull(t *testing.T) {
	credentials(t)
	hour := time.Date(2026, 10, 5, 13, 0, 0, 0, time.UTC)
	at := func(offset time.Duration) time.Time { return hour.Add(offset) }
	f := &fake{made: hour.Add(-30 * time.Minute)}
	add := func(message string, when, taken time.Duration) {
		f.events = append(f.events, fakeEvent{at(when), at(taken), "s", message})
	}
	add("in time", 0, 10*time.Minute)
	add("at the last moment", time.Hour-time.Millisecond, time.Hour)
	add("next hour", time.Hour, time.Hour)
	add("two\nlines", 30*time.Minute, 40*time.Minute)
	add(`{"a":`+"\n"+`1}`, 31*time.Minute, 41*time.Minute)
	add("some hours late", 5*time.Minute, 5*time.Hour)
	add("at a cutoff", 6*time.Minute, 2*time.Hour)
	add("a week late", 7*time.Minute, 7*24*time.Hour)
	f.events = append(f.events, fakeEvent{at(0), at(0), validation, "Permissions are set correctly"})
	server := httptest.NewServer(f)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", server.URL)
	dir := filepath.Join(t.TempDir(), "log-groups", "g")
	now := hour
	pull := func() {
		t.Helper()
		if err := Pull(t.Context(), Group{Name: "/aws/g", Dir: dir, Access: objects.Access{Region: "eu-west-1"}, Now: func() time.Time {
			return now
		}}); err != nil {
			t.Fatal(err)
		}
	}
	seen := func() []string {
		var lines []string
		for _, body := range contents(t, dir) {
			lines = append(lines, strings.Split(strings.TrimSuffix(body, "\n"), "\n")...)
		}
		slices.Sort(lines)
		return lines
	}
	all := []string{"a week late", "at a cutoff", "at the last moment", "in time", "next hour", "some hours late", "two lines", `{"a":1}`}
	for _, step := range []struct {
		now  time.Duration
		want int
	}{{2 * time.Hour, 0}, {2*time.Hour + margin, 4}, {3*time.Hour + margin, 5}, {13*time.Hour + margin, 7},
		{36*time.Hour + margin, 7}, {15*24*time.Hour + margin, 8}, {40 * 24 * time.Hour, 8}} {
		now = at(step.now)
		pull()
		if got := seen(); len(got) != step.want {
			t.Errorf("%s behind the hour began: %q; want %d", step.now, got, step.want)
		}
		calls := f.calls
		if pull(); f.calls != calls {
			t.Errorf("%s: the same was asked again", step.now)
		}
	}
	if got := seen(); !slices.Equal(got, all) {
		t.Errorf("%q", got)
	}
	if body := contents(t, dir)["2026-10-05-15-00-00-"+
		fmt.Sprintf("%08X01.gz", hour.Unix()/3600)]; body != "in time\nat the last moment\ntwo lines\n{\"a\":1}\n" {
		t.Errorf("the first file of the hour holds %q", body)
	}
	// Who comes late to all of it gets the same events, in fewer files.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	pull()
	if got := seen(); !slices.Equal(got, all) || len(contents(t, dir)) != 1 {
		t.Errorf("at once: %q in %d files", got, len(contents(t, dir)))
	}
	// What a killed run left is removed, and nothing else.
	left := filepath.Join(filepath.Dir(dir), unfinished+"g-123")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pull()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an unfinished file is left: %v", err)
	}
}

// TestPullRefuses tells what is in the way.
func TestPullRefuses(t *testing.T) {
	credentials(t)
	f := &fake{made: time.Now(), class: "INFREQUENT_ACCESS"}
	server := httptest.NewServer(f)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", server.URL)
	for name, want := range map[string]string{"/aws/g": "Infrequent Access", "/aws/none": "there is no log group /aws/none in eu-west-1"} {
		g := Group{Name: name, Dir: filepath.Join(t.TempDir(), "g"), Access: objects.Access{Region: "eu-west-1"}, Now: time.Now}
		if err := Pull(t.Context(), g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := Check(t.Context(), g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPullMoto reads a log group of moto's CloudWatch Logs.
func TestPullMoto(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS is not set: no CloudWatch Logs to test with; .ci/run starts one")
	}
	credentials(t)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", endpoint)
	name := fmt.Sprintf("/aws/vendedlogs/s3/b%d", time.Now().UnixNano())
	c, err := objects.AWS(context.Background(), objects.Access{Region: "eu-west-1"})
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
	must(api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}))
	must(api.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: aws.String("s")}))
	began := time.Now().Add(-5 * time.Hour)
	var events []types.InputLogEvent
	for i := range 300 {
		events = append(events,
			types.InputLogEvent{Timestamp: aws.Int64(began.Add(time.Duration(i) * time.Minute).UnixMilli()),
				Message: aws.String(fmt.Sprintf(`{"n":%d}`, i))})
	}
	must(api.PutLogEvents(t.Context(),
		&cloudwatchlogs.PutLogEventsInput{LogGroupName: &name, LogStreamName: aws.String("s"), LogEvents: events}))
	dir := filepath.Join(t.TempDir(), "g")
	for _, later := range []time.Duration{2 * time.Hour, 3 * 24 * time.Hour, 20 * 24 * time.Hour} {
		must(nil, Pull(t.Context(), Group{Name: name, Dir: dir, Access: objects.Access{Region: "eu-west-1"}, Now: func() time.Time {
			return time.Now().Add(later)
		}}))
	}
	seen := map[string]int{}
	for _, body := range contents(t, dir) {
		for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
			seen[line]++
		}
	}
	if len(seen) != 300 {
		t.Errorf("%d of 300 events came", len(seen))
	}
	for line, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", line, n)
		}
	}
}
