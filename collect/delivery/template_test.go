package delivery

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"bucketproof/internal/objects"
)

// awkward are buckets whose names and prefixes mean something else in a template.
func awkward() []Bucket {
	logs := func(bucket, prefix string) objects.URL {
		return objects.URL{Text: "s3://" + bucket + "/" + prefix, Scheme: "s3", Bucket: bucket, Prefix: prefix}
	}
	return []Bucket{
		{Name: "acme-backups", Logs: logs("acme-logs", "acme-backups/")},
		{Name: "acme.backups", Logs: logs("acme-logs", "a ${b} %{c} \"d\" \\ *?/")},
		{Name: "111-numbers", Logs: logs("other.logs", "")},
		{Name: "a-folder", Logs: objects.URL{Text: "file:logs", Scheme: "file"}},
	}
}

// TestCloudFormation: the template holds what it must, and its own linter has nothing
// to say about it.
func TestCloudFormation(t *testing.T) {
	for _, form := range Forms {
		text, err := Template(CloudFormation, awkward(), Options{Form: form, Days: 400})
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Resources map[string]struct{ Type string }
			Metadata  struct {
				LoggedBuckets struct {
					Properties map[string]struct {
						LoggingConfiguration struct{ LogFilePrefix string }
					}
				}
			}
		}
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if len(v.Resources) != 4 || v.Resources["LogBucket2Policy"].Type != "AWS::S3::BucketPolicy" ||
			v.Metadata.LoggedBuckets.Properties["acme.backups"].LoggingConfiguration.LogFilePrefix != "a ${b} %{c} \"d\" \\ *?/" {
			t.Errorf("%+v", v)
		}
		if os.Getenv("BUCKETPROOF_TEST_CFN_LINT") == "" {
			t.Skip("BUCKETPROOF_TEST_CFN_LINT is not set: cfn-lint is not asked; .ci/run does")
		}
		file := filepath.Join(t.TempDir(), "logs.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "cfn-lint", "--", file).CombinedOutput(); err != nil ||
			len(strings.TrimSpace(string(out))) > 0 {
			t.Errorf("cfn-lint: %v\n%s", err, out)
		}
	}
	if _, err := Template(CloudFormation,
		[]Bucket{{Name: "b", Logs: objects.URL{Scheme: "s3", Bucket: "l", Prefix: "{{resolve:x}}"}}}, Options{}); err == nil {
		t.Error("a dynamic reference is taken")
	}
	if _, err := Template(CloudFormation, awkward()[3:], Options{}); err == nil {
		t.Error("of a folder there is a template")
	}
}

// terraformNames are what a resource of the AWS provider may hold, as its documentation
// has it (v5.35 to v6): no Terraform runs here to ask.
var terraformNames = map[string][]string{
	"aws_s3_bucket": {"bucket"}, "aws_s3_bucket_ownership_controls": {"bucket", "rule", "object_ownership"},
	"aws_s3_bucket_public_access_block": {"bucket", "block_public_acls", "block_public_policy",
		"ignore_public_acls", "restrict_public_buckets"},
	"aws_s3_bucket_server_side_encryption_configuration": {"bucket", "rule", "apply_server_side_encryption_by_default", "sse_algorithm"},
	"aws_s3_bucket_lifecycle_configuration": {"bucket", "rule", "id", "status", "filter", "prefix",
		"expiration", "days", "abort_incomplete_multipart_upload", "days_after_initiation"},
	"aws_s3_bucket_policy": {"bucket", "policy", "depends_on"},
	"aws_s3_bucket_logging": {"bucket", "target_bucket", "target_prefix", "target_object_key_format",
		"partitioned_prefix", "partition_date_source", "simple_prefix", "depends_on"},
}

// TestTerraform reads the template with Terraform's own parser: what awkward names hold
// comes back as it was, and the policy is the one that Enable writes.
func TestTerraform(t *testing.T) {
	for _, form := range Forms {
		text, err := Template(Terraform, awkward(), Options{Form: form, Days: 400})
		if err != nil {
			t.Fatal(err)
		}
		file, problems := hclsyntax.ParseConfig(text, "logs.tf", hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatalf("%s\n%s", problems, text)
		}
		scope := &hcl.EvalContext{Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc},
			Variables: map[string]cty.Value{
				"data": cty.ObjectVal(map[string]cty.Value{
					"aws_partition":       current("partition", "aws"),
					"aws_caller_identity": current("account_id", "123456789012")}),
				"aws_s3_bucket": cty.ObjectVal(map[string]cty.Value{
					"acme_logs": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("acme-logs"),
						"arn": cty.StringVal("arn:aws:s3:::acme-logs")}),
					"other_logs": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("other.logs"),
						"arn": cty.StringVal("arn:aws:s3:::other.logs")})})}}
		text1 := func(b *hclsyntax.Body, name string) string {
			t.Helper()
			v, problems := b.Attributes[name].Expr.Value(scope)
			if problems.HasErrors() {
				t.Fatalf("%s: %s\n%s", name, problems, text)
			}
			return v.AsString()
		}
		seen := map[string]bool{}
		prefixes := map[string]string{}
		var policies []string
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			if b.Type != "resource" {
				continue
			}
			if id := strings.Join(b.Labels, "."); seen[id] {
				t.Errorf("%s is there twice", id)
			} else {
				seen[id] = true
			}
			known(t, b.Body, terraformNames[b.Labels[0]])
			switch b.Labels[0] {
			case "aws_s3_bucket_logging":
				prefixes[text1(b.Body, "bucket")] = text1(b.Body, "target_prefix")
			case "aws_s3_bucket_policy":
				policies = append(policies, text1(b.Body, "policy"))
			}
		}
		for _, b := range awkward()[:3] {
			if prefixes[b.Name] != b.Logs.Prefix {
				t.Errorf("%s: the prefix comes back as %q, want %q", b.Name, prefixes[b.Name], b.Logs.Prefix)
			}
			s := source{Bucket: b.Name, Account: "123456789012", Partition: "aws", Target: b.Logs.Bucket, Prefix: b.Logs.Prefix}
			want, err := s.statement()
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			if b.Logs.Bucket == "other.logs" {
				i = 1
			}
			if !holds(t, policies[i], want) {
				t.Errorf("%s\nlacks\n%s", policies[i], want)
			}
		}
		if len(prefixes) != 3 || len(policies) != 2 {
			t.Errorf("%v %v", prefixes, policies)
		}
	}
}

// holds tells whether a policy has a statement.
func holds(t *testing.T, policy, statement string) bool {
	t.Helper()
	canonical := func(v any) string {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	var p struct{ Statement []any }
	var s any
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(statement), &s); err != nil {
		t.Fatal(err)
	}
	for _, x := range p.Statement {
		if canonical(x) == canonical(s) {
			return true
		}
	}
	return false
}

func known(t *testing.T, b *hclsyntax.Body, names []string) {
	t.Helper()
	is := func(name string) {
		for _, n := range names {
			if n == name {
				return
			}
		}
		t.Errorf("%s is no argument here; there are %v", name, names)
	}
	for name := range b.Attributes {
		is(name)
	}
	for _, x := range b.Blocks {
		is(x.Type)
		known(t, x.Body, names)
	}
}

// current is what a data source of Terraform says of one attribute.
func current(attribute, value string) cty.Value {
	source := cty.ObjectVal(map[string]cty.Value{attribute: cty.StringVal(value)})
	return cty.ObjectVal(map[string]cty.Value{"current": source})
}
