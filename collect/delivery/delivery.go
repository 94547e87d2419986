// Package delivery is about how S3 is set up to deliver the access logs of a bucket.
// [Examine] looks at it, [Enable] plans how to turn it on, and [Template] writes it for
// CloudFormation or Terraform. The requirements are those of the S3 user guide, pages
// ServerLogs and enable-server-access-logging.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"bucketproof/internal/objects"
)

// Outcomes of a [Finding].
const (
	OK      = "ok"
	Warning = "warning"
	Fault   = "FAULT"
	// Unknown is what may not be asked, or could not be answered.
	Unknown = "not known"
)

// Finding is what was found out about one thing, and how to fix it if something is wrong.
type Finding struct{ What, Outcome, Detail string }

// Bucket is a bucket whose logs are to be delivered.
type Bucket struct {
	Name    string
	Logs    objects.URL // where the configuration looks for them
	Account string      // of the bucket; "" where it is not known
}

// mostHops is how far logs about logs are followed.
const mostHops = 10

type examination struct {
	api    *s3.Client
	source Bucket
	out    []Finding
}

func (e *examination) add(what, outcome, format string, args ...any) {
	e.out = append(e.out, Finding{what, outcome, fmt.Sprintf(format, args...)})
}

// unknown notes what could not be asked.
func (e *examination) unknown(what, permission string, err error) {
	e.add(what, Unknown, "%s (it takes %s)", brief(err), permission)
}

// brief is the error of an API call in few words.
func brief(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if api.ErrorMessage() == "" {
			return api.ErrorCode()
		}
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

func isCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}

// Examine looks at the logging of a bucket and at the bucket that receives its logs. It
// only reads.
func Examine(ctx context.Context, access objects.Access, b Bucket) ([]Finding, error) {
	if b.Logs.Scheme != "s3" {
		return []Finding{{"logging", Unknown, "the logs are read from a folder (" + b.Logs.Text +
			"), so there is no delivery to look at"}}, nil
	}
	api, err := objects.S3(ctx, access)
	if err != nil {
		return nil, err
	}
	e := &examination{api: api, source: b}
	e.run(ctx)
	return e.out, ctx.Err()
}

func (e *examination) run(ctx context.Context) {
	logging, err := e.logging(ctx, e.source.Name)
	if err != nil {
		e.unknown("logging", "s3:GetBucketLogging on "+e.source.Name, err)
		return
	}
	if logging == nil {
		e.add("logging", Fault, "it is off; turn it on with the target %s", e.source.Logs.Text)
		return
	}
	target, prefix := aws.ToString(logging.TargetBucket), aws.ToString(logging.TargetPrefix)
	e.add("logging", OK, "on, to s3://%s/%s, %s", target, prefix, format(logging.TargetObjectKeyFormat))
	e.place(target, prefix, logging.TargetObjectKeyFormat)
	e.loop(ctx, target)
	region := e.regions(ctx, target)
	e.policy(ctx, target, prefix, region)
	e.payer(ctx, target)
	e.public(ctx, target)
	e.lock(ctx, target)
	e.encryption(ctx, target)
	e.lifecycle(ctx, target, prefix)
}

func (e *examination) logging(ctx context.Context, bucket string) (*types.LoggingEnabled, error) {
	out, err := e.api.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	return out.LoggingEnabled, nil
}

// format names the form of the keys.
func format(f *types.TargetObjectKeyFormat) string {
	switch {
	case f != nil && f.PartitionedPrefix != nil && f.PartitionedPrefix.PartitionDateSource == types.PartitionDateSourceDeliveryTime:
		return "partitioned by delivery time"
	case f != nil && f.PartitionedPrefix != nil: // the default, too (S3 API reference, page PartitionedPrefix)
		return "partitioned by event time"
	}
	return "simple prefix"
}

// place compares the target with where the configuration looks.
func (e *examination) place(target, prefix string, f *types.TargetObjectKeyFormat) {
	logs := e.source.Logs
	switch {
	case target == e.source.Name:
		e.add("target", Fault, "the bucket logs into itself, so every delivery is logged again; choose another target")
	case logs.Bucket != target || !strings.HasPrefix(prefix, logs.Prefix):
		e.add("target", Fault,
			"the configuration looks for the logs at %s, which is another place; correct logs of the bucket, or the target", logs.Text)
	case prefix != logs.Prefix && (f == nil || f.PartitionedPrefix == nil):
		e.add("target", Warning,
			"the configuration looks at all of %s, the logs come below s3://%s/%s only; set logs to that, so that nothing else is read",
			logs.Text, target, prefix)
	default:
		e.add("target", OK, "it is where the configuration looks")
	}
}

// loop follows the logs of the target.
func (e *examination) loop(ctx context.Context, target string) {
	way := []string{e.source.Name, target}
	for at := target; len(way) <= mostHops; {
		l, err := e.logging(ctx, at)
		if err != nil {
			e.unknown("logs about logs", "s3:GetBucketLogging on "+at, err)
			return
		}
		if l == nil {
			if len(way) == 2 {
				e.add("logs about logs", OK, "the target is not logged itself")
			} else {
				e.add("logs about logs", OK, "%s, which ends", strings.Join(way, " logs into "))
			}
			return
		}
		at = aws.ToString(l.TargetBucket)
		way = append(way, at)
		if slices.Contains(way[:len(way)-1], at) {
			break
		}
	}
	e.add("logs about logs", Fault,
		"%s: every delivery is logged again without end; turn logging of the last one off", strings.Join(way, " logs into "))
}

// regions compares the Regions and returns that of the target; "" where it is not
// known. S3 asks that both buckets have one Region and one account, and refuses the
// setting otherwise; a bucket that was made anew may have another.
func (e *examination) regions(ctx context.Context, target string) string {
	region := func(bucket string) (string, error) {
		out, err := e.api.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &bucket})
		if err != nil {
			return "", err
		}
		switch r := string(out.LocationConstraint); r {
		case "":
			return "us-east-1", nil
		case "EU":
			return "eu-west-1", nil
		default:
			return r, nil
		}
	}
	from, err := region(e.source.Name)
	if err != nil {
		e.unknown("Region", "s3:GetBucketLocation on "+e.source.Name, err)
		return ""
	}
	to, err := region(target)
	switch {
	case isCode(err, "NoSuchBucket"):
		e.add("target", Fault, "the bucket %s does not exist, so every log is lost; make it, or choose another target", target)
		return from
	case err != nil:
		e.unknown("Region", "s3:GetBucketLocation on "+target, err)
		return ""
	case from != to:
		e.add("Region", Fault, "%s is in %s and its target in %s, so nothing is delivered; choose a target in %s",
			e.source.Name, from, to, from)
	default:
		e.add("Region", OK, "%s, both", from)
	}
	return to
}

func (e *examination) policy(ctx context.Context, target, prefix, region string) {
	s := source{Bucket: e.source.Name, Account: e.source.Account, Partition: objects.Partition(region), Target: target, Prefix: prefix}
	out, err := e.api.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &target})
	if isCode(err, "NoSuchBucketPolicy") {
		e.add("target policy", Fault, "%s has none, so %s may not write there unless an ACL lets it; allow it s3:PutObject on %s", target,
			loggingService, s.arn(target+"/"+prefix+"*"))
		return
	}
	if err != nil {
		e.unknown("target policy", "s3:GetBucketPolicy on "+target, err)
		return
	}
	p, err := readPolicy(aws.ToString(out.Policy))
	if err != nil {
		e.add("target policy", Fault, "%s: %s", target, err)
		return
	}
	if ok, why := p.admits(s); ok {
		e.add("target policy", OK, "%s may write there for %s", loggingService, e.source.Name)
	} else {
		e.add("target policy", Fault, "%s; allow it s3:PutObject on %s where aws:SourceArn is %s", why,
			s.arn(target+"/"+prefix+"*"), s.arn(e.source.Name))
	}
	if others := p.others(s); len(others) > 0 {
		e.add("target writers", Warning,
			"the policy of %s lets others write or delete, who could forge or remove logs: %s; take them out", target,
			strings.Join(others, "; "))
	} else {
		e.add("target writers", OK, "the policy lets nobody else write or delete")
	}
}

// payer looks for Requester Pays, with which S3 delivers no log.
func (e *examination) payer(ctx context.Context, target string) {
	out, err := e.api.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: &target})
	switch {
	case err != nil:
		e.unknown("payer", "s3:GetBucketRequestPayment on "+target, err)
	case out.Payer == types.PayerRequester:
		e.add("payer", Fault, "%s has Requester Pays, with which S3 delivers no log; turn it off, or choose another target", target)
	default:
		e.add("payer", OK, "the owner pays")
	}
}

func (e *examination) public(ctx context.Context, target string) {
	out, err := e.api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &target})
	switch {
	case isCode(err, "NoSuchPublicAccessBlockConfiguration"):
		e.add("public access", Warning, "%s does not block it (the account may); turn all four settings of Block Public Access on", target)
	case err != nil:
		e.unknown("public access", "s3:GetBucketPublicAccessBlock on "+target, err)
	default:
		c := out.PublicAccessBlockConfiguration
		if c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.IgnorePublicAcls) &&
			aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.RestrictPublicBuckets) {
			e.add("public access", OK, "blocked")
		} else {
			e.add("public access", Warning, "%s blocks only a part of it; turn all four settings of Block Public Access on", target)
		}
	}
}

func (e *examination) lock(ctx context.Context, target string) {
	out, err := e.api.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &target})
	switch {
	case isCode(err, "ObjectLockConfigurationNotFoundError"):
		e.add("Object Lock", OK, "the target has none, as log delivery needs it")
	case err != nil:
		e.unknown("Object Lock", "s3:GetBucketObjectLockConfiguration on "+target, err)
	case out.ObjectLockConfiguration != nil && out.ObjectLockConfiguration.Rule != nil &&
		out.ObjectLockConfiguration.Rule.DefaultRetention != nil:
		e.add("Object Lock", Fault,
			"%s has a default retention, with which S3 delivers no log; remove the default, or choose another target", target)
	default:
		e.add("Object Lock", Warning, "%s has Object Lock, which AWS does not support for targets of access logs; choose another target",
			target)
	}
}

func (e *examination) encryption(ctx context.Context, target string) {
	out, err := e.api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &target})
	if isCode(err, "ServerSideEncryptionConfigurationNotFoundError") {
		e.add("encryption", OK, "the default of S3 (SSE-S3)")
		return
	}
	if err != nil {
		e.unknown("encryption", "s3:GetEncryptionConfiguration on "+target, err)
		return
	}
	for _, r := range out.ServerSideEncryptionConfiguration.Rules {
		if d := r.ApplyServerSideEncryptionByDefault; d != nil && d.SSEAlgorithm != types.ServerSideEncryptionAes256 {
			e.add("encryption", Fault, "the default of %s is %s, with which S3 delivers no log; set it to SSE-S3 (AES256)", target,
				d.SSEAlgorithm)
			return
		}
	}
	e.add("encryption", OK, "SSE-S3")
}

// lifecycle looks whether logs are kept for some time and not for ever.
func (e *examination) lifecycle(ctx context.Context, target, prefix string) {
	out, err := e.api.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &target})
	if err != nil && !isCode(err, "NoSuchLifecycleConfiguration") {
		e.unknown("retention", "s3:GetLifecycleConfiguration on "+target, err)
		return
	}
	var days int32
	if err == nil {
		for _, r := range out.Rules {
			if d := expires(r, prefix); d > 0 && (days == 0 || d < days) {
				days = d
			}
		}
	}
	switch {
	case days == 0:
		e.add("retention", Warning,
			"no lifecycle rule of %s ends logs below %q, so they are kept and paid for without end; add one with "+
				"the retention that was agreed", target, prefix)
	case days < leastDays:
		e.add("retention", Warning,
			"logs end after %d days, before a packet of their month may have been checked against them; keep them for %d at least", days,
			leastDays)
	default:
		e.add("retention", OK, "logs end after %d days", days)
	}
}

// leastDays is how long logs are needed: their month, its packet and a quarterly
// review of it.
const leastDays = 120

// expires is after how many days a rule ends all objects below a prefix; 0 for never.
func expires(r types.LifecycleRule, prefix string) int32 {
	if r.Status != types.ExpirationStatusEnabled || r.Expiration == nil {
		return 0
	}
	//lint:ignore SA1019 rules that were made before filters have it alone
	below := aws.ToString(r.Prefix)
	if f := r.Filter; f != nil {
		if f.Tag != nil || f.And != nil && len(f.And.Tags) > 0 { // delivered logs have no tags
			return 0
		}
		if f.ObjectSizeGreaterThan != nil || f.ObjectSizeLessThan != nil || f.And != nil &&
			(f.And.ObjectSizeGreaterThan != nil || f.And.ObjectSizeLessThan != nil) {
			return 0 // it ends some of them
		}
		if f.Prefix != nil {
			below = *f.Prefix
		} else if f.And != nil {
			below = aws.ToString(f.And.Prefix)
		}
	}
	if !strings.HasPrefix(prefix, below) {
		return 0
	}
	return aws.ToInt32(r.Expiration.Days)
}
