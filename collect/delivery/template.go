package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Kinds of templates.
const (
	CloudFormation = "cloudformation"
	Terraform      = "terraform"
)

// Template writes how the logging of buckets is set up, for CloudFormation or Terraform:
// the buckets that receive the logs, with policy, retention, encryption and without public
// access. It is for buckets that do not exist yet, because both tools would take over the
// whole policy and all rules of an existing one, which [Enable] does not do.
//
// Terraform also turns logging on at the buckets themselves. CloudFormation can do that
// only in the stack that owns them, so the template says what belongs there.
func Template(kind string, buckets []Bucket, o Options) ([]byte, error) {
	var targets []target
	for _, b := range buckets {
		if b.Logs.Scheme != "s3" {
			continue
		}
		i := slices.IndexFunc(targets, func(t target) bool { return t.bucket == b.Logs.Bucket })
		if i < 0 {
			i = len(targets)
			targets = append(targets, target{bucket: b.Logs.Bucket})
		}
		targets[i].sources = append(targets[i].sources, b)
	}
	switch {
	case len(targets) == 0:
		return nil, fmt.Errorf("no bucket's logs go to S3, so there is nothing to set up")
	case kind == Terraform:
		return terraform(targets, o), nil
	}
	return cloudFormation(targets, o)
}

// target is a bucket in which logs go.
type target struct {
	bucket  string
	sources []Bucket
}

// object is a JSON object; its keys are written in their order.
type object = map[string]any

func cloudFormation(targets []target, o Options) ([]byte, error) {
	resources, onSources := object{}, object{}
	var names []string
	for i, t := range targets {
		name := fmt.Sprintf("LogBucket%d", i+1)
		names = append(names, t.bucket)
		var rules, statements []any
		for _, b := range t.sources {
			if strings.Contains(b.Logs.Prefix, "{{resolve:") {
				return nil, fmt.Errorf("%s: the prefix %q would be a dynamic reference of CloudFormation; choose another", b.Name,
					b.Logs.Prefix)
			}
			s := source{Bucket: b.Name, Target: t.bucket, Prefix: b.Logs.Prefix}
			arn := func(rest ...any) object {
				return object{"Fn::Join": []any{"", append([]any{"arn:", object{"Ref": "AWS::Partition"}, ":s3:::"}, rest...)}}
			}
			statements = append(statements,
				object{"Sid": s.sid(), "Effect": "Allow", "Principal": object{"Service": loggingService},
					"Action": "s3:PutObject", "Resource": arn(object{"Ref": name}, "/"+literal(b.Logs.Prefix)+"*"),
					"Condition": object{"ArnLike": object{"aws:SourceArn": arn(b.Name)},
						"StringEquals": object{"aws:SourceAccount": object{"Ref": "AWS::AccountId"}}}})
			if o.Days > 0 {
				rules = append(rules, object{"Id": "bucketproof-" + s.sid()[len("BucketproofLogs"):],
					"Status": "Enabled", "Prefix": b.Logs.Prefix, "ExpirationInDays": o.Days,
					"AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 7}})
			}
			logging := object{"DestinationBucketName": t.bucket, "LogFilePrefix": b.Logs.Prefix}
			switch o.Form {
			case FormEventTime:
				logging["TargetObjectKeyFormat"] = object{"PartitionedPrefix": object{"PartitionDateSource": "EventTime"}}
			case FormDeliveryTime:
				logging["TargetObjectKeyFormat"] = object{"PartitionedPrefix": object{"PartitionDateSource": "DeliveryTime"}}
			}
			onSources[b.Name] = object{"LoggingConfiguration": logging}
		}
		properties := object{"BucketName": t.bucket,
			"OwnershipControls": object{"Rules": []any{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
			"PublicAccessBlockConfiguration": object{"BlockPublicAcls": true, "BlockPublicPolicy": true,
				"IgnorePublicAcls": true, "RestrictPublicBuckets": true},
			"BucketEncryption": object{"ServerSideEncryptionConfiguration": []any{
				object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"}}}}}
		if len(rules) > 0 {
			properties["LifecycleConfiguration"] = object{"Rules": rules}
		}
		resources[name] = object{"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain",
			"UpdateReplacePolicy": "Retain", "Properties": properties}
		resources[name+"Policy"] = object{"Type": "AWS::S3::BucketPolicy", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
			"Properties": object{"Bucket": object{"Ref": name}, "PolicyDocument": object{"Version": "2012-10-17", "Statement": statements}}}
	}
	out := object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description": cut("Buckets for S3 server access logs: "+strings.Join(names, ", ")+
			". For buckets that do not exist yet; see Metadata for the buckets whose logs come.", 1024),
		"Metadata": object{"LoggedBuckets": object{
			"Note": "These exist already, and only the stack that owns one can set its properties. Put each " +
				"into that stack when the policies here are in place, or run `bucketproof logging enable`.",
			"Properties": onSources}},
		"Resources": resources,
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(out)
	return b.Bytes(), err
}

// cut shortens ASCII text.
func cut(s string, n int) string {
	if len(s) > n {
		return s[:n-3] + "..."
	}
	return s
}

func terraform(targets []target, o Options) []byte {
	f := hclwrite.NewEmptyFile()
	labels := map[string]bool{}
	put := func(b *hclwrite.Body, name, value string) { b.SetAttributeValue(name, cty.StringVal(value)) }
	refer := func(b *hclwrite.Body, name string, way ...string) {
		t := hcl.Traversal{hcl.TraverseRoot{Name: way[0]}}
		for _, w := range way[1:] {
			t = append(t, hcl.TraverseAttr{Name: w})
		}
		b.SetAttributeTraversal(name, t)
	}
	add := func(kind string, names ...string) *hclwrite.Body {
		b := f.Body().AppendNewBlock(kind, names).Body()
		f.Body().AppendNewline()
		return b
	}
	sub := func(b *hclwrite.Body, names ...string) *hclwrite.Body {
		for _, n := range names {
			b = b.AppendNewBlock(n, nil).Body()
		}
		return b
	}
	aws := sub(add("terraform"), "required_providers")
	aws.SetAttributeValue("aws", cty.ObjectVal(map[string]cty.Value{"source": cty.StringVal("hashicorp/aws"),
		"version": cty.StringVal(">= 5.35, < 7.0")}))
	add("data", "aws_partition", "current")
	add("data", "aws_caller_identity", "current")
	for _, t := range targets {
		l := label(t.bucket, labels)
		put(add("resource", "aws_s3_bucket", l), "bucket", t.bucket)
		of := func(kind string) *hclwrite.Body {
			b := add("resource", kind, l)
			refer(b, "bucket", "aws_s3_bucket", l, "id")
			return b
		}
		put(sub(of("aws_s3_bucket_ownership_controls"), "rule"), "object_ownership", "BucketOwnerEnforced")
		public := of("aws_s3_bucket_public_access_block")
		for _, name := range []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"} {
			public.SetAttributeValue(name, cty.True)
		}
		put(sub(of("aws_s3_bucket_server_side_encryption_configuration"), "rule",
			"apply_server_side_encryption_by_default"), "sse_algorithm", "AES256")
		if o.Days > 0 {
			rules := of("aws_s3_bucket_lifecycle_configuration")
			for _, b := range t.sources {
				s := source{Bucket: b.Name, Target: t.bucket, Prefix: b.Logs.Prefix}
				r := sub(rules, "rule")
				put(r, "id", "bucketproof-"+s.sid()[len("BucketproofLogs"):])
				put(r, "status", "Enabled")
				put(sub(r, "filter"), "prefix", b.Logs.Prefix)
				sub(r, "expiration").SetAttributeValue("days", cty.NumberIntVal(int64(o.Days)))
				sub(r, "abort_incomplete_multipart_upload").SetAttributeValue("days_after_initiation", cty.NumberIntVal(7))
			}
		}
		policy := of("aws_s3_bucket_policy")
		policy.SetAttributeRaw("policy", policyTokens(l, t))
		dependOn(policy, "aws_s3_bucket_public_access_block", l)
		for _, b := range t.sources {
			on := add("resource", "aws_s3_bucket_logging", label(b.Name, labels))
			put(on, "bucket", b.Name)
			refer(on, "target_bucket", "aws_s3_bucket", l, "id")
			put(on, "target_prefix", b.Logs.Prefix)
			form := sub(on, "target_object_key_format")
			switch o.Form {
			case FormEventTime:
				put(sub(form, "partitioned_prefix"), "partition_date_source", "EventTime")
			case FormDeliveryTime:
				put(sub(form, "partitioned_prefix"), "partition_date_source", "DeliveryTime")
			default:
				sub(form, "simple_prefix")
			}
			dependOn(on, "aws_s3_bucket_policy", l)
		}
	}
	note := "# Buckets for S3 server access logs, for buckets that do not exist yet: Terraform would\n# take over " +
		"the whole policy and all rules of an existing one, and remove them with its\n# own. There, run " +
		"`bucketproof logging enable` instead.\n#\n" +
		"# aws_s3_bucket_logging needs no other resource for the buckets whose logs come. It sets\n# logging " +
		"whatever it leads to now, and turns it off when it is destroyed.\n\n"
	return append([]byte(note), hclwrite.Format(bytes.TrimRight(f.Bytes(), "\n"))...)
}

// label names a resource; no two get the same.
func label(bucket string, taken map[string]bool) string {
	l := strings.NewReplacer(".", "_", "-", "_").Replace(bucket)
	if l[0] >= '0' && l[0] <= '9' {
		l = "b_" + l
	}
	name := l
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", l, n)
	}
	taken[name] = true
	return name
}

// policyTokens are jsonencode(…) of the policy of a target.
func policyTokens(label string, t target) hclwrite.Tokens {
	text := func(parts ...hclwrite.Tokens) hclwrite.Tokens { // "${…}…": references and literal text
		out := hclwrite.Tokens{{Type: hclsyntax.TokenOQuote, Bytes: []byte(`"`)}}
		for _, p := range parts {
			out = append(out, p...)
		}
		return append(out, &hclwrite.Token{Type: hclsyntax.TokenCQuote, Bytes: []byte(`"`)})
	}
	reference := func(name string) hclwrite.Tokens {
		return hclwrite.Tokens{{Type: hclsyntax.TokenTemplateInterp, Bytes: []byte("${")},
			{Type: hclsyntax.TokenIdent, Bytes: []byte(name)}, {Type: hclsyntax.TokenTemplateSeqEnd, Bytes: []byte("}")}}
	}
	quoted := func(s string) hclwrite.Tokens { // without its quotes
		tokens := hclwrite.TokensForValue(cty.StringVal(s))
		return tokens[1 : len(tokens)-1]
	}
	word := func(s string) hclwrite.Tokens { return hclwrite.TokensForValue(cty.StringVal(s)) }
	name := func(s string) hclwrite.Tokens { return hclwrite.TokensForIdentifier(s) }
	attributes := func(pairs ...hclwrite.Tokens) hclwrite.Tokens {
		var list []hclwrite.ObjectAttrTokens
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, hclwrite.ObjectAttrTokens{Name: pairs[i], Value: pairs[i+1]})
		}
		return hclwrite.TokensForObject(list)
	}
	var statements []hclwrite.Tokens
	for _, b := range t.sources {
		s := source{Bucket: b.Name, Target: t.bucket, Prefix: b.Logs.Prefix}
		statements = append(statements, attributes(
			name("Sid"), word(s.sid()), name("Effect"), word("Allow"), name("Principal"),
			attributes(name("Service"), word(loggingService)), name("Action"), word("s3:PutObject"),
			name("Resource"), text(reference("aws_s3_bucket."+label+".arn"), quoted("/"+literal(b.Logs.Prefix)+"*")),
			name("Condition"), attributes(
				name("ArnLike"), attributes(word("aws:SourceArn"),
					text(quoted("arn:"), reference("data.aws_partition.current.partition"), quoted(":s3:::"+b.Name))),
				name("StringEquals"), attributes(word("aws:SourceAccount"),
					hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte("data.aws_caller_identity.current.account_id")}}))))
	}
	return hclwrite.TokensForFunctionCall("jsonencode",
		attributes(name("Version"), word("2012-10-17"), name("Statement"), hclwrite.TokensForTuple(statements)))
}

// dependOn makes a block wait for a resource.
func dependOn(block *hclwrite.Body, kind, name string) {
	resource := hclwrite.TokensForTraversal(hcl.Traversal{hcl.TraverseRoot{Name: kind}, hcl.TraverseAttr{Name: name}})
	block.SetAttributeRaw("depends_on", hclwrite.TokensForTuple([]hclwrite.Tokens{resource}))
}
