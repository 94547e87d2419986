package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"bucketproof/internal/objects"
)

// credentials are made up; nobody checks them.
func credentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func daysOf(t *testing.T, zone string, first time.Time, n int) []Day {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	var out []Day
	for i := range n {
		at := time.Date(first.Year(), first.Month(), first.Day()+i, 0, 0, 0, 0, loc)
		out = append(out, Day{at.Format(time.DateOnly), at, time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, loc)})
	}
	return out
}

// TestMoto puts points into moto's CloudWatch and reads them by day, in zones whose
// days begin at whole hours and not, and over a change of the clocks.
func TestMoto(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("needs moto's server: set BUCKETPROOF_TEST_KMS to its address; .ci/run does")
	}
	credentials(t)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", endpoint)
	// moto does not speak the SDK's own protocol, only the older ones that AWS still takes.
	older := func(o *cloudwatch.Options) {
		o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
	}
	now := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	c, err := Open(t.Context(), objects.Access{Region: "eu-west-1"}, func() time.Time { return now }, older)
	if err != nil {
		t.Fatal(err)
	}
	bucket := fmt.Sprintf("metrics-%d", time.Now().UnixNano())
	put := func(metric, name, value string, at time.Time, v float64) {
		t.Helper()
		_, err := c.api.PutMetricData(t.Context(),
			&cloudwatch.PutMetricDataInput{Namespace: aws.String(namespace),
				MetricData: []types.MetricDatum{{MetricName: &metric, Timestamp: &at, Value: &v,
					Dimensions: []types.Dimension{dimension("BucketName", bucket), dimension(name, value)}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for h := range 72 { // one request in the middle of each hour of three days of UTC
		put("AllRequests", "FilterId", "Whole", time.Date(2026, 10, 24, h, 30, 0, 0, time.UTC), 1)
	}
	put("AllRequests", "FilterId", "Other", time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC), 1000)
	put("4xxErrors", "FilterId", "Whole", time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC), 3)
	put(Objects, "StorageType", "AllStorageTypes", time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), 42)
	put(Bytes, "StorageType", "StandardStorage", time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), 1000)
	put(Bytes, "StorageType", "SomethingNew", time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), 24)
	for zone, want := range map[string]string{
		// Clocks go back on the 25th: that day of Berlin has 25 hours.
		"UTC":                            "24/24/24",
		"Europe/Berlin":                  "22/25/24",
		"Asia/Kolkata":                   "18/24/24",
		"Asia/Kathmandu":                 "18/24/24",
		"America/Argentina/Buenos_Aires": "24/24/21",
	} {
		counted, err := c.Read(t.Context(), []Bucket{{bucket, "Whole"}}, daysOf(t, zone, time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), 3))
		if err != nil {
			t.Errorf("%s: %v", zone, err)
			continue
		}
		var got []string
		for _, d := range counted {
			got = append(got, fmt.Sprint(d.Values["AllRequests"]))
		}
		if s := strings.Join(got, "/"); s != want {
			t.Errorf("%s: %s requests, want %s", zone, s, want)
		}
		if d := counted[1]; d.Values[Objects] != 42 || d.Values[Bytes] != 1024 || d.Values["4xxErrors"] != 3 || d.Date != "2026-10-25" {
			t.Errorf("%s: %+v", zone, d)
		}
		if _, ok := counted[0].Values[Objects]; ok {
			t.Errorf("%s: a day without a point has a value", zone)
		}
	}
}

// answer is one page of a made-up CloudWatch.
type answer struct {
	points  map[string]float64 // by time, RFC 3339, of the query q0
	status  string
	token   string
	message string
}

// fake speaks CloudWatch's own protocol (Smithy RPC v2 CBOR): it gives its answers in
// their order to GetMetricData, and nothing to ListMetrics. A call that the SDK sends
// again, as where a connection was closed under it, is counted once.
func fake(t *testing.T, answers ...answer) (url string, calls *int) {
	calls = new(int)
	next := 0
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get("Amz-Sdk-Invocation-Id"); id == "" || !seen[id] {
			seen[id] = true
			*calls++
		}
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
		out := cbor.Map{}
		if strings.HasSuffix(r.URL.Path, "/GetMetricData") {
			a := answer{status: "Complete"}
			if next < len(answers) {
				a, next = answers[next], next+1
			}
			if a.status == "throttled" {
				w.Header().Set("X-Amzn-Query-Error", "Throttling;Sender")
				w.WriteHeader(http.StatusBadRequest)
				out = cbor.Map{"__type": cbor.String("ThrottlingException"), "message": cbor.String("Rate exceeded")}
				_, _ = w.Write(cbor.Encode(out)) // a test server
				return
			}
			var results cbor.List
			ids, points := askedOf(t, r)
			if len(ids) > mostQueries || len(ids)*points > mostPoints {
				t.Errorf("%d queries of %d points in one call", len(ids), points)
			}
			for _, id := range ids {
				times, values := cbor.List{}, cbor.List{}
				if id == "q0" {
					for at, v := range a.points {
						when, err := time.Parse(time.RFC3339, at)
						if err != nil {
							t.Error(err)
						}
						times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(float64(when.Unix()))})
						values = append(values, cbor.Float64(v))
					}
				}
				status := a.status
				if id != "q0" {
					status = "Complete"
				}
				results = append(results, cbor.Map{"Id": cbor.String(id), "StatusCode": cbor.String(status),
					"Timestamps": times, "Values": values})
			}
			out = cbor.Map{"MetricDataResults": results}
			if a.token != "" {
				out["NextToken"] = cbor.String(a.token)
			}
			if a.message != "" {
				out["Messages"] = cbor.List{cbor.Map{"Code": cbor.String("TooMany"), "Value": cbor.String(a.message)}}
			}
		}
		_, _ = w.Write(cbor.Encode(out)) // a test server
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

// askedOf are the IDs of a call's queries, and how many points each has at the most.
func askedOf(t *testing.T, r *http.Request) (ids []string, points int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	v, err := cbor.Decode(body)
	if err != nil {
		t.Error(err)
		return nil, 0
	}
	in := v.(cbor.Map)
	at := func(name string) float64 { return float64(in[name].(*cbor.Tag).Value.(cbor.Float64)) }
	for _, q := range in["MetricDataQueries"].(cbor.List) {
		ids = append(ids, string(q.(cbor.Map)["Id"].(cbor.String)))
		period := q.(cbor.Map)["MetricStat"].(cbor.Map)["Period"].(cbor.Uint)
		points = int(at("EndTime")-at("StartTime")) / int(period)
	}
	return ids, points
}

// TestPages: points of several pages are put together; an answer that is not complete,
// or tells of what was not asked, is an error and never a figure.
func TestPages(t *testing.T) {
	credentials(t)
	const day = "2026-10-05T"
	for name, tt := range map[string]struct {
		answers []answer
		want    float64
		fault   string
	}{
		"pages": {[]answer{{points: map[string]float64{day + "01:00:00Z": 1}, status: "PartialData",
			token: "2"}, {points: map[string]float64{day + "02:00:00Z": 2}, status: "Complete"}}, 3, ""},
		"throttled": {[]answer{{status: "throttled"}, {points: map[string]float64{day + "02:00:00Z": 2}, status: "Complete"}}, 2, ""},
		"partial": {[]answer{{points: map[string]float64{day + "01:00:00Z": 1}, status: "PartialData"}}, 0,
			`is "PartialData" and not Complete`},
		"its error":  {[]answer{{status: "InternalError"}}, 0, `is "InternalError"`},
		"forbidden":  {[]answer{{status: "Forbidden"}}, 0, `is "Forbidden"`},
		"a message":  {[]answer{{status: "Complete", message: "Maximum number of allowed metrics exceeded"}}, 0, "Maximum number"},
		"half hours": {[]answer{{points: map[string]float64{day + "01:30:00Z": 1}, status: "Complete"}}, 0, "which was not asked for"},
		"another day": {[]answer{{points: map[string]float64{"2026-10-06T00:00:00Z": 1}, status: "Complete"}}, 0,
			"which was not asked for"},
		"same page again": {[]answer{{points: map[string]float64{day + "01:00:00Z": 1}, status: "PartialData",
			token: "1"}, {status: "PartialData", token: "1"}}, 0, "gives nothing new"},
	} {
		url, _ := fake(t, tt.answers...)
		t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", url)
		c, err := Open(t.Context(), objects.Access{Region: "eu-west-1"}, func() time.Time {
			return time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
		})
		if err != nil {
			t.Fatal(err)
		}
		counted, err := c.Read(t.Context(), []Bucket{{"b", "EntireBucket"}},
			daysOf(t, "UTC", time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC), 1))
		switch {
		case tt.fault != "":
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%s: %v; want %q", name, err, tt.fault)
			}
		case err != nil || counted[0].Values["AllRequests"] != tt.want:
			t.Errorf("%s: %+v, %v; want %v", name, counted, err, tt.want)
		}
	}
}

// TestBatches: many buckets of a month take several calls, none above the limits.
func TestBatches(t *testing.T) {
	credentials(t)
	url, calls := fake(t)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", url)
	c, err := Open(t.Context(), objects.Access{Region: "eu-west-1"}, func() time.Time {
		return time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	})
	if err != nil {
		t.Fatal(err)
	}
	var buckets []Bucket
	for i := range 40 {
		buckets = append(buckets, Bucket{fmt.Sprintf("b%d", i), "EntireBucket"})
	}
	counted, err := c.Read(t.Context(), buckets, daysOf(t, "UTC", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), 31))
	if err != nil || len(counted) != 40*31 {
		t.Errorf("%d days, %v", len(counted), err)
	}
	// 440 queries of 744 points are 4 calls of at most 135; 880 and more of 31 points are 2
	// of at most 500; and one asks for the storage types of each bucket.
	if *calls != 4+2+40 {
		t.Errorf("%d calls", *calls)
	}
}

// TestOldHalfHours: of days that CloudWatch can't tell any more, none is made up.
func TestOldHalfHours(t *testing.T) {
	c := &Client{now: func() time.Time { return time.Date(2026, 12, 10, 0, 0, 0, 0, time.UTC) }}
	_, err := c.Read(context.Background(), []Bucket{{"b", "x"}},
		daysOf(t, "Asia/Kolkata", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), 31))
	if !errors.Is(err, ErrZone) {
		t.Error(err)
	}
}
