package delivery

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bucketproof/internal/objects"
)

// TestExamine sets buckets up on a server that has S3's control API (moto), and looks
// at them.
func TestExamine(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS is not set: no server with S3's control API to test with; .ci/run starts one")
	}
	access := objects.Access{Endpoint: endpoint, Region: "us-east-1"}
	api, err := objects.S3(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprint(time.Now().UnixNano())
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bucket := func(name string) string {
		name += tag
		_, err := api.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
		must(nil, err)
		return name
	}
	source, logs, bare := bucket("src-"), bucket("logs-"), bucket("bare-")
	find := func(url string) string {
		t.Helper()
		u, err := objects.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Examine(t.Context(), access, Bucket{Name: source, Logs: u, Account: "123456789012"})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range found {
			out = append(out, f.What+"="+f.Outcome)
			if f.Outcome != OK && len(f.Detail) < 30 {
				t.Errorf("%s: %q names no mend", f.What, f.Detail)
			}
		}
		return strings.Join(out, " ")
	}
	place := "s3://" + logs + "/acme/"
	if got := find(place); got != "logging=FAULT" {
		t.Errorf("off: %s", got)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":["s3:PutObject"],"Resource":"arn:aws:s3:::%s/acme/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::%s"},"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}`, logs, source)
	must(api.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &logs, Policy: &policy}))
	must(api.PutBucketLogging(t.Context(),
		&s3.PutBucketLoggingInput{Bucket: &source,
			BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: &types.LoggingEnabled{TargetBucket: &logs,
				TargetPrefix: aws.String("acme/")}}}))
	if got, want := find(place),
		"logging=ok target=ok logs about logs=ok Region=ok target policy=ok target writers=ok payer=ok public "+
			"access=warning Object Lock=ok encryption=ok retention=warning"; got != want {
		t.Errorf("as the user guide sets it up:\n%s\nwant\n%s", got, want)
	}
	if got := find("s3://" + bare + "/acme/"); !strings.Contains(got, "target=FAULT") {
		t.Errorf("another place in the configuration: %s", got)
	}
	if got := find("s3://" + logs + "/"); !strings.Contains(got, "target=warning") {
		t.Errorf("a wider place in the configuration: %s", got)
	}
	all := aws.Bool(true)
	must(api.PutPublicAccessBlock(t.Context(),
		&s3.PutPublicAccessBlockInput{Bucket: &logs,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: all,
				IgnorePublicAcls: all, BlockPublicPolicy: all, RestrictPublicBuckets: all}}))
	rule := func(prefix string, days int32) {
		t.Helper()
		must(api.PutBucketLifecycleConfiguration(t.Context(),
			&s3.PutBucketLifecycleConfigurationInput{Bucket: &logs,
				LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{ID: aws.String("end"),
					Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: &prefix},
					Expiration: &types.LifecycleExpiration{Days: &days}}}}}))
	}
	for _, tt := range []struct {
		prefix string
		days   int32
		want   string
	}{{"acme/", 400, "retention=ok"}, {"", 30, "retention=warning"}, {"other/", 400, "retention=warning"}} {
		rule(tt.prefix, tt.days)
		if got := find(place); !strings.Contains(got, "public access=ok") || !strings.HasSuffix(got, tt.want) {
			t.Errorf("logs below %q end after %d days: %s", tt.prefix, tt.days, got)
		}
	}
	must(api.PutBucketEncryption(t.Context(),
		&s3.PutBucketEncryptionInput{Bucket: &logs,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{
				{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
					SSEAlgorithm: types.ServerSideEncryptionAwsKms}}}}}))
	if got := find(place); !strings.Contains(got, "encryption=FAULT") {
		t.Errorf("SSE-KMS: %s", got)
	}
	// The target logs back into the source.
	back := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(policy, source, "X"), logs, source), "X", logs)
	must(api.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &source, Policy: &back}))
	must(api.PutBucketLogging(t.Context(),
		&s3.PutBucketLoggingInput{Bucket: &logs,
			BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: &types.LoggingEnabled{TargetBucket: &source,
				TargetPrefix: aws.String("acme/")}}}))
	if got := find(place); !strings.Contains(got, "logs about logs=FAULT") {
		t.Errorf("a loop: %s", got)
	}
	must(api.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &logs}))
	if got := find(place); !strings.Contains(got, "target policy=FAULT") {
		t.Errorf("without a policy: %s", got)
	}
	source = "no-such-bucket-" + tag
	if got := find(place); got != "logging=not known" {
		t.Errorf("no bucket: %s", got)
	}
	if got := find("file:logs"); got != "logging=not known" {
		t.Errorf("a folder: %s", got)
	}
}
