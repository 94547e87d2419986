package delivery

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/transport/http"
)

// rules are the lifecycle rules of a bucket, with the text that S3 gave.
type rules struct {
	list    []types.LifecycleRule
	minimum types.TransitionDefaultMinimumObjectSize
	text    []byte
}

// lifecycle adds a rule that ends the logs, where none does. S3 can only replace all
// rules of a bucket together: so theirs are written back as they were read, and a bucket
// of which something would be lost by that is left alone.
func (e *enabling) lifecycle(ctx context.Context) error {
	const what = "retention"
	if e.options.Days <= 0 {
		return nil
	}
	now, err := e.readRules(ctx)
	if err != nil {
		e.asked(what, e.target, "s3:GetLifecycleConfiguration", err)
		return nil
	}
	for _, r := range now.list {
		if d := expires(r, e.prefix); d > 0 {
			e.add(what, e.target, Kept, nil, "logs end after %d days, by the rule %q", d, aws.ToString(r.ID))
			return nil
		}
	}
	if why, err := e.others(ctx, now.list); why != "" || err != nil {
		if err != nil {
			e.asked(what, e.target, "s3:ListBucket", err)
			return nil
		}
		e.add(what, e.target, Kept, nil,
			"no rule is added: %s, and a rule would end what is not a log of this bucket; keep logs below a prefix "+
				"of their own, or add a rule by hand", why)
		return nil
	}
	rule := e.rule(now.list)
	mend := fmt.Sprintf("add a rule by hand that ends objects below %q after %d days", e.prefix, e.options.Days)
	if unknown := unknownElements(now.text); len(unknown) > 0 {
		e.add(what, e.target, Kept, nil,
			"the rules of the bucket have elements that bucketproof would lose (%v), so they are left alone; %s", unknown, mend)
		return nil
	}
	if slices.ContainsFunc(now.list, func(r types.LifecycleRule) bool { return aws.ToString(r.ID) == *rule.ID }) {
		e.add(what, e.target, Kept, nil, "the rule %s is there and was changed by somebody, so it is left alone; %s", *rule.ID, mend)
		return nil
	}
	versions, err := e.api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &e.target})
	switch {
	case err != nil:
		e.asked(what, e.target, "s3:GetBucketVersioning", err)
		return nil
	case versions.MFADelete == types.MFADeleteStatusEnabled:
		e.add(what, e.target, Kept, nil, "the bucket has MFA delete, with which S3 takes no lifecycle rule, so logs are kept for ever")
		return nil
	case versions.Status != "": // otherwise a removed log stays as an old version
		rule.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)}
	}
	e.add(what, e.target, Change, func(ctx context.Context) error {
		again, err := e.readRules(ctx)
		if err != nil || !bytes.Equal(again.text, now.text) {
			return cmp.Or(err, ErrMeanwhile)
		}
		_, err = e.api.PutBucketLifecycleConfiguration(ctx,
			&s3.PutBucketLifecycleConfigurationInput{Bucket: &e.target, TransitionDefaultMinimumObjectSize: again.minimum,
				LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: append(slices.Clone(again.list), rule)}})
		return err
	}, "add the rule %s to %d that are there: objects below %q end after %d days", *rule.ID, len(now.list), e.prefix, e.options.Days)
	return nil
}

// others says what a rule below the prefix would end beside the logs of the source; ""
// where nothing is seen. S3 lets the shorter of two expirations win.
func (e *enabling) others(ctx context.Context, theirs []types.LifecycleRule) (string, error) {
	if e.prefix == "" {
		return "the whole bucket is the place of the logs", nil
	}
	for _, r := range theirs {
		//lint:ignore SA1019 rules that were made before filters have it alone
		at := aws.ToString(r.Prefix)
		if f := r.Filter; f != nil {
			at = aws.ToString(f.Prefix)
			if f.And != nil {
				at = aws.ToString(f.And.Prefix)
			}
		}
		if r.Status == types.ExpirationStatusEnabled && strings.HasPrefix(at, e.prefix) &&
			(r.Expiration != nil || r.NoncurrentVersionExpiration != nil || len(r.Transitions) > 0) {
			return fmt.Sprintf("the rule %q is about objects below %q", aws.ToString(r.ID), at), nil
		}
	}
	// The names of logs begin with the year, so that what is behind them is found
	// without listing them all.
	for _, after := range []string{"", e.prefix + "2100"} {
		in := &s3.ListObjectsV2Input{Bucket: &e.target, Prefix: &e.prefix}
		if after != "" {
			in.StartAfter = &after
		}
		out, err := e.api.ListObjectsV2(ctx, in)
		if err != nil {
			return "", err
		}
		for _, o := range out.Contents {
			if name := strings.TrimPrefix(aws.ToString(o.Key), e.prefix); !e.isLog(name) {
				return fmt.Sprintf("s3://%s/%s lies below it", e.target, aws.ToString(o.Key)), nil
			}
		}
	}
	return "", nil
}

// isLog tells whether a log object of the source is named so, behind the prefix (S3 user
// guide, page "Logging requests with server access logging", Log object key format).
func (e *enabling) isLog(name string) bool {
	if name == "" { // the folder itself, as the console makes it
		return true
	}
	m := logName.FindStringSubmatch(name)
	return m != nil && (m[1] == "" || m[1] == e.source.Name)
}

var logName = regexp.MustCompile(`^(?:[0-9]{12}/[a-z0-9-]+/([^/]+)/[0-9]{4}/[0-9]{2}/[0-9]{2}/)?[0-9]{4}(?:-[0-9]{2}){5}-[0-9A-F]+$`)

// rule is ours, in the older form where one of theirs is: S3 does not take both.
func (e *enabling) rule(theirs []types.LifecycleRule) types.LifecycleRule {
	s := source{Bucket: e.source.Name, Target: e.target, Prefix: e.prefix}
	r := types.LifecycleRule{ID: aws.String("bucketproof-" + s.sid()[len("BucketproofLogs"):]),
		Status: types.ExpirationStatusEnabled, Expiration: &types.LifecycleExpiration{Days: &e.options.Days}}
	//lint:ignore SA1019 rules that were made before filters have it alone
	if slices.ContainsFunc(theirs, func(t types.LifecycleRule) bool { return t.Prefix != nil }) {
		//lint:ignore SA1019 as theirs
		r.Prefix = &e.prefix
	} else {
		r.Filter = &types.LifecycleRuleFilter{Prefix: &e.prefix}
	}
	return r
}

func (e *enabling) readRules(ctx context.Context) (r rules, err error) {
	out, err := e.api.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &e.target}, keepBody(&r.text))
	if isCode(err, "NoSuchLifecycleConfiguration") {
		return rules{}, nil
	}
	if err != nil {
		return r, err
	}
	r.list, r.minimum = out.Rules, out.TransitionDefaultMinimumObjectSize
	return r, nil
}

// keepBody keeps the text of an answer beside what is read from it.
func keepBody(into *[]byte) func(*s3.Options) {
	return s3.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("keepBody",
			func(ctx context.Context, in middleware.DeserializeInput,
				next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, meta, err := next.HandleDeserialize(ctx, in)
				r, ok := out.RawResponse.(*http.Response)
				if err != nil || !ok {
					return out, meta, err
				}
				body, err := io.ReadAll(r.Body)
				if err = errors.Join(err, r.Body.Close()); err != nil {
					return out, meta, err
				}
				*into = body
				r.Body = io.NopCloser(bytes.NewReader(body))
				return out, meta, nil
			}), middleware.After)
	})
}

// knownElements are those of a lifecycle configuration, by what they stand in, that are
// written back as they were read (S3 API reference, page PutBucketLifecycleConfiguration).
var knownElements = map[string][]string{
	"":                       {"LifecycleConfiguration"},
	"LifecycleConfiguration": {"Rule"},
	"Rule": {"ID", "Prefix", "Filter", "Status", "Expiration", "Transition",
		"NoncurrentVersionTransition", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"},
	"Filter":                         {"And", "Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"},
	"And":                            {"Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"},
	"Tag":                            {"Key", "Value"},
	"Expiration":                     {"Days", "Date", "ExpiredObjectDeleteMarker"},
	"Transition":                     {"Days", "Date", "StorageClass"},
	"NoncurrentVersionTransition":    {"NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"},
	"NoncurrentVersionExpiration":    {"NoncurrentDays", "NewerNoncurrentVersions"},
	"AbortIncompleteMultipartUpload": {"DaysAfterInitiation"},
}

// unknownElements are the elements of rules that are not among them.
func unknownElements(text []byte) (out []string) {
	d := xml.NewDecoder(bytes.NewReader(text))
	way := []string{""}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return append(out, "unreadable XML")
		}
		switch t := t.(type) {
		case xml.StartElement:
			in := way[len(way)-1]
			if name := in + "/" + t.Name.Local; !slices.Contains(knownElements[in], t.Name.Local) && !slices.Contains(out, name) {
				out = append(out, name)
			}
			way = append(way, t.Name.Local)
		case xml.EndElement:
			way = way[:len(way)-1]
		}
	}
}
