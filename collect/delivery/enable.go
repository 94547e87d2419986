package delivery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bucketproof/internal/objects"
)

// Forms of the keys of log objects.
const (
	FormSimple       = "simple"
	FormEventTime    = "event-time"
	FormDeliveryTime = "delivery-time"
)

// Forms are all of them.
var Forms = []string{FormEventTime, FormDeliveryTime, FormSimple}

// Options say how logging is to be set up.
type Options struct {
	Form    string // of the keys, where logging is turned on
	Days    int32  // for which logs are kept, where no rule ends them yet; 0 adds no rule
	Replace bool   // logging that leads elsewhere is turned to the configured place
}

// Outcomes of a [Step].
const (
	Kept    = "as it is" // nothing is to be done
	Change  = "change"
	Refused = "refused" // it is left alone; Detail says why, and the mend
)

// Step is one change that turning logging on needs.
type Step struct {
	What, Bucket, Outcome, Detail string
	do                            func(context.Context) error
}

// Plan is everything that turning the logging of a bucket on needs.
type Plan struct {
	Steps []Step
}

// Can tells whether the plan can be applied.
func (p *Plan) Can() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Outcome == Refused })
}

// ErrMeanwhile means that a setting has changed since it was read.
var ErrMeanwhile = errors.New("it was changed meanwhile by somebody else; run it again")

// Apply makes the changes, in order. S3 can't write a setting on the condition that it is
// still as it was read. So each is read again right before it is written, and refused if it
// differs.
func (p *Plan) Apply(ctx context.Context) error {
	if !p.Can() {
		return errors.New("a step was refused, so nothing is changed")
	}
	for _, s := range p.Steps {
		if s.do == nil {
			continue
		}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s of %s: %w", s.What, s.Bucket, err)
		}
	}
	return nil
}

// Enable plans how to turn on the logging of a bucket so that its logs go to where the
// configuration looks for them. It only reads. What others have set up stays: statements,
// rules and settings are added, and none is removed or replaced.
func Enable(ctx context.Context, access objects.Access, b Bucket, o Options) (*Plan, error) {
	if b.Logs.Scheme != "s3" {
		return nil, fmt.Errorf("%s: the logs are read from a folder (%s), so there is no delivery to turn on", b.Name, b.Logs.Text)
	}
	api, err := objects.S3(ctx, access)
	if err != nil {
		return nil, err
	}
	e := &enabling{api: api, source: b, options: o, target: b.Logs.Bucket, prefix: b.Logs.Prefix}
	for _, step := range []func(context.Context) error{e.fits, e.policy, e.public, e.lifecycle, e.logging} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &e.plan, ctx.Err()
}

type enabling struct {
	api            *s3.Client
	source         Bucket
	options        Options
	target, prefix string
	region         string
	plan           Plan
}

func (e *enabling) add(what, bucket, outcome string, do func(context.Context) error, format string, args ...any) {
	e.plan.Steps = append(e.plan.Steps, Step{what, bucket, outcome, fmt.Sprintf(format, args...), do})
}

// asked notes what could not be asked: a setting that can't be read is never taken for
// one that is not there.
func (e *enabling) asked(what, bucket, permission string, err error) {
	e.add(what, bucket, Refused, nil, "%s (it takes %s on %s)", brief(err), permission, bucket)
}

// fits looks at what of the target would keep S3 from delivering.
func (e *enabling) fits(ctx context.Context) error {
	if e.target == e.source.Name {
		e.add("target", e.target, Refused, nil, "the bucket would log into itself, every delivery again; name another place in logs")
		return nil
	}
	x := &examination{api: e.api, source: e.source}
	e.region = x.regions(ctx, e.target)
	x.payer(ctx, e.target)
	x.lock(ctx, e.target)
	x.encryption(ctx, e.target)
	x.loop(ctx, e.target)
	for _, f := range x.out {
		if f.Outcome == Fault || f.Outcome == Unknown {
			e.add(f.What, e.target, Refused, nil, "%s", f.Detail)
		}
	}
	return nil
}

// policy lets the logging service in, for this source alone.
func (e *enabling) policy(ctx context.Context) error {
	const what = "target policy"
	text, err := e.readPolicy(ctx)
	if err != nil {
		e.asked(what, e.target, "s3:GetBucketPolicy", err)
		return nil
	}
	s := source{Bucket: e.source.Name, Account: e.source.Account, Partition: objects.Partition(e.region),
		Target: e.target, Prefix: e.prefix}
	var p policy
	if text != "" {
		if p, err = readPolicy(text); err != nil {
			e.add(what, e.target, Refused, nil, "%s; mend it first", err)
			return nil
		}
	}
	if ok, _ := p.admits(s); ok {
		e.add(what, e.target, Kept, nil, "%s may write there for %s", loggingService, e.source.Name)
		return nil
	}
	statement, err := s.statement()
	if err != nil {
		return err
	}
	next, err := addStatement(text, statement)
	if err != nil {
		e.add(what, e.target, Refused, nil, "the bucket policy: %s; add the statement by hand: %s", err, statement)
		return nil
	}
	if after, err := readPolicy(next); err != nil {
		return err
	} else if ok, why := after.admits(s); !ok { // a denial stays one
		e.add(what, e.target, Refused, nil, "%s; take it out, or choose another target", why)
		return nil
	}
	e.add(what, e.target, Change, func(ctx context.Context) error {
		if now, err := e.readPolicy(ctx); err != nil || now != text {
			return cmp.Or(err, ErrMeanwhile)
		}
		if _, err := e.api.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &e.target, Policy: &next}); err != nil {
			return err
		}
		now, err := e.readPolicy(ctx)
		if err != nil {
			return err
		}
		written, err := readPolicy(now)
		if err != nil {
			return err
		}
		if ok, why := written.admits(s); !ok {
			return fmt.Errorf("S3 took it, and %s", why)
		}
		return nil
	}, "add the statement %s", statement)
	return nil
}

func (e *enabling) readPolicy(ctx context.Context) (string, error) {
	out, err := e.api.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &e.target})
	if isCode(err, "NoSuchBucketPolicy") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Policy), nil
}

// Sid names the statement for a source and its place in a target.
func (s source) sid() string {
	sum := sha256.Sum256([]byte(s.Bucket + " " + s.Target + "/" + s.Prefix))
	return "BucketproofLogs" + hex.EncodeToString(sum[:8])
}

// statement is the one of the S3 user guide (page enable-server-access-logging).
func (s source) statement() (string, error) {
	type conditions map[string]map[string]string
	c := conditions{"ArnLike": {"aws:SourceArn": s.arn(s.Bucket)}}
	if s.Account != "" {
		c["StringEquals"] = map[string]string{"aws:SourceAccount": s.Account}
	}
	text, err := json.Marshal(struct {
		Sid, Effect string
		Principal   map[string]string
		Action      string
		Resource    string
		Condition   conditions
	}{s.sid(), "Allow", map[string]string{"Service": loggingService}, "s3:PutObject", s.arn(s.Target + "/" + literal(s.Prefix) + "*"), c})
	return string(text), err
}

// literal writes a prefix such that IAM takes every character of it for itself.
func literal(prefix string) string {
	return strings.NewReplacer("${", "${$}{", "*", "${*}", "?", "${?}").Replace(prefix)
}

// public blocks public access where nothing is set, and nobody is let in by it.
func (e *enabling) public(ctx context.Context) error {
	const what = "public access"
	out, err := e.api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &e.target})
	switch {
	case isCode(err, "NoSuchPublicAccessBlockConfiguration"):
	case err != nil:
		e.asked(what, e.target, "s3:GetBucketPublicAccessBlock", err)
		return nil
	default:
		c := out.PublicAccessBlockConfiguration
		if c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.IgnorePublicAcls) &&
			aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.RestrictPublicBuckets) {
			e.add(what, e.target, Kept, nil, "blocked")
		} else {
			e.add(what, e.target, Kept, nil, "only a part of it is blocked, by somebody's own setting, which is left alone")
		}
		return nil
	}
	status, err := e.api.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &e.target})
	if err != nil && !isCode(err, "NoSuchBucketPolicy") {
		e.asked(what, e.target, "s3:GetBucketPolicyStatus", err)
		return nil
	}
	if err == nil && status.PolicyStatus != nil && aws.ToBool(status.PolicyStatus.IsPublic) {
		e.add(what, e.target, Kept, nil,
			"the bucket's policy lets the public in, which is left alone: logs do not belong into a public bucket")
		return nil
	}
	acl, err := e.api.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &e.target})
	if err != nil {
		e.asked(what, e.target, "s3:GetBucketAcl", err)
		return nil
	}
	if slices.ContainsFunc(acl.Grants, toPublic) {
		e.add(what, e.target, Kept, nil,
			"the bucket's access control list lets the public in, which is left alone: logs do not belong into a public bucket")
		return nil
	}
	all := aws.Bool(true)
	e.add(what, e.target, Change, func(ctx context.Context) error {
		_, err := e.api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &e.target})
		if !isCode(err, "NoSuchPublicAccessBlockConfiguration") {
			return cmp.Or(err, ErrMeanwhile)
		}
		_, err = e.api.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &e.target,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: all,
				IgnorePublicAcls: all, BlockPublicPolicy: all, RestrictPublicBuckets: all}})
		return err
	}, "block it, by all four settings")
	return nil
}

// toPublic tells whether a grant is to everybody, or to everybody with an AWS account.
func toPublic(g types.Grant) bool {
	return g.Grantee != nil && (strings.HasSuffix(aws.ToString(g.Grantee.URI), "/AllUsers") ||
		strings.HasSuffix(aws.ToString(g.Grantee.URI), "/AuthenticatedUsers"))
}

// logging turns the logging of the source on.
func (e *enabling) logging(ctx context.Context) error {
	const what = "logging"
	now, err := e.readLogging(ctx)
	if err != nil {
		e.asked(what, e.source.Name, "s3:GetBucketLogging", err)
		return nil
	}
	if now != nil {
		at := fmt.Sprintf("s3://%s/%s", aws.ToString(now.TargetBucket), aws.ToString(now.TargetPrefix))
		switch {
		case aws.ToString(now.TargetBucket) == e.target && strings.HasPrefix(aws.ToString(now.TargetPrefix), e.prefix):
			e.add(what, e.source.Name, Kept, nil, "on, to %s, %s", at, format(now.TargetObjectKeyFormat))
			return nil
		case !e.options.Replace:
			e.add(what, e.source.Name, Refused, nil,
				"it is on and leads to %s, from where somebody may read it; set logs to that place, or turn it to %s with --replace", at,
				e.source.Logs.Text)
			return nil
		}
	}
	next := &types.LoggingEnabled{TargetBucket: &e.target, TargetPrefix: &e.prefix, TargetObjectKeyFormat: keyFormat(e.options.Form)}
	from := "off"
	if now != nil {
		from = "s3://" + aws.ToString(now.TargetBucket) + "/" + aws.ToString(now.TargetPrefix)
		if n := len(now.TargetGrants); n > 0 {
			from += fmt.Sprintf(" (with %d target grants, which end)", n)
		}
	}
	e.add(what, e.source.Name, Change, func(ctx context.Context) error {
		again, err := e.readLogging(ctx)
		if err != nil || !sameTarget(again, now) {
			return cmp.Or(err, ErrMeanwhile)
		}
		_, err = e.api.PutBucketLogging(ctx,
			&s3.PutBucketLoggingInput{Bucket: &e.source.Name, BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: next}})
		return err
	}, "from %s to %s, %s; the first logs come after an hour or more", from, e.source.Logs.Text, format(next.TargetObjectKeyFormat))
	return nil
}

func (e *enabling) readLogging(ctx context.Context) (*types.LoggingEnabled, error) {
	out, err := e.api.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &e.source.Name})
	if err != nil {
		return nil, err
	}
	return out.LoggingEnabled, nil
}

func sameTarget(a, b *types.LoggingEnabled) bool {
	if a == nil || b == nil {
		return a == b
	}
	return aws.ToString(a.TargetBucket) == aws.ToString(b.TargetBucket) && aws.ToString(a.TargetPrefix) == aws.ToString(b.TargetPrefix)
}

func keyFormat(form string) *types.TargetObjectKeyFormat {
	switch form {
	case FormEventTime:
		return partitioned(types.PartitionDateSourceEventTime)
	case FormDeliveryTime:
		return partitioned(types.PartitionDateSourceDeliveryTime)
	}
	return &types.TargetObjectKeyFormat{SimplePrefix: &types.SimplePrefix{}}
}

func partitioned(by types.PartitionDateSource) *types.TargetObjectKeyFormat {
	return &types.TargetObjectKeyFormat{PartitionedPrefix: &types.PartitionedPrefix{PartitionDateSource: by}}
}
