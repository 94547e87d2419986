package delivery

import (
	"encoding/json"
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
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bucketproof/internal/objects"
)

// TestAddStatement: a policy keeps every byte of what others wrote.
func TestAddStatement(t *testing.T) {
	const ours = `{"Sid":"O"}`
	for policy, want := range map[string]string{
		"":                 `{"Version":"2012-10-17","Statement":[{"Sid":"O"}]}`,
		`{"Statement":[]}`: `{"Statement":[{"Sid":"O"}]}`,
		`{"Statement":[{"Sid":"A","Condition":{"NumericLessThan":{"s3:TlsVersion":1.20}}}],"Id":"x"}`:     `{"Statement":[{"Sid":"A","Condition":{"NumericLessThan":{"s3:TlsVersion":1.20}}},{"Sid":"O"}],"Id":"x"}`,
		"{ \"Id\" : \"\\u003c\",\n \"Statement\" : [ {\"Sid\":\"A\"} ,\n {\"Sid\":\"Statement\"}\n ] }\n": "{ \"Id\" : \"\\u003c\",\n \"Statement\" : [ {\"Sid\":\"A\"} ,\n {\"Sid\":\"Statement\"},{\"Sid\":\"O\"}\n ] }\n",
		`{"Statement": {"Sid":"A"} }`: `{"Statement": [{"Sid":"A"},{"Sid":"O"}] }`,
	} {
		got, err := addStatement(policy, ours)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", policy, got, err, want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%q is no JSON", got)
		}
	}
	for _, policy := range []string{"[]", "{}", `{"Statement":1}`, `{"Statement":[{}`,
		`{"Statement":[],"Statement":[]}`, `{"Statement":[]} {}`, "no JSON", `{"Statement":[{"a":"` +
			strings.Repeat("x", maxPolicy) + `"}]}`} {
		if got, err := addStatement(policy, ours); err == nil {
			t.Errorf("%.40q becomes %.60q", policy, got)
		}
	}
}

func FuzzAddStatement(f *testing.F) {
	f.Add(`{"Statement":[{"Sid":"A"}]}`)
	f.Add(`{"Statement":{"Sid":"A"}}`)
	f.Fuzz(func(t *testing.T, policy string) {
		got, err := addStatement(policy, `{"Sid":"O"}`)
		if err != nil || strings.TrimSpace(policy) == "" {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%q becomes %q, which is no JSON", policy, got)
		}
		// Without what was added it is as it was.
		for _, added := range []string{`,{"Sid":"O"}`, `{"Sid":"O"}`} {
			if i := strings.LastIndex(got, added); i >= 0 &&
				(got[:i]+got[i+len(added):] == policy ||
					strings.NewReplacer("[", "", "]", "").Replace(got[:i]+
						got[i+len(added):]) == strings.NewReplacer("[", "", "]", "").Replace(policy)) {
				return
			}
		}
		t.Errorf("%q becomes %q", policy, got)
	})
}

// TestEnable turns logging on at a server that has S3's control API (moto), for two
// sources with one target that has a policy, rules and tags of its own: what others have
// set up is as it was, and ours is there once, however often it is done.
func TestEnable(t *testing.T) {
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
	one, two, logs := bucket("one-"), bucket("two-"), bucket("logs-")
	theirs := fmt.Sprintf("{ \"Version\":\"2012-10-17\", \"Id\":\"theirs\",\n "+
		"\"Statement\":{\"Sid\":\"TLS\",\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::%s/*\",\"Condition\":{\"NumericLessThan\":{\"s3:TlsVersion\":1.20}}} }", logs)
	must(api.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &logs, Policy: &theirs}))
	must(api.PutBucketTagging(t.Context(),
		&s3.PutBucketTaggingInput{Bucket: &logs,
			Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("backup")}}}}))
	must(api.PutBucketLifecycleConfiguration(t.Context(),
		&s3.PutBucketLifecycleConfigurationInput{Bucket: &logs,
			LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{
				{ID: aws.String("tmp"), Status: types.ExpirationStatusEnabled,
					Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("tmp/"),
						Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}},
					Expiration: &types.LifecycleExpiration{Days: aws.Int32(3)}},
				{ID: aws.String("ia"), Status: types.ExpirationStatusDisabled,
					Filter:      &types.LifecycleRuleFilter{Prefix: aws.String("")},
					Transitions: []types.Transition{{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa}}}}}}))
	rulesOf := func() []types.LifecycleRule {
		t.Helper()
		out, err := api.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &logs})
		must(nil, err)
		return out.Rules
	}
	before := rulesOf()
	enable := func(source string, o Options) *Plan {
		t.Helper()
		u, err := objects.ParseURL("s3://" + logs + "/" + source + "/")
		must(nil, err)
		p, err := Enable(t.Context(), access, Bucket{Name: source, Logs: u, Account: "123456789012"}, o)
		must(nil, err)
		return p
	}
	say := func(p *Plan) string {
		var out []string
		for _, s := range p.Steps {
			out = append(out, s.What+"="+s.Outcome)
		}
		return strings.Join(out, " ")
	}
	options := Options{Form: FormSimple, Days: 400}
	const all = "target policy=change public access=change retention=change logging=change"
	if p := enable(one, options); say(p) != all {
		t.Errorf("the plan is %s", say(p))
	}
	if out, err := api.GetBucketLogging(t.Context(), &s3.GetBucketLoggingInput{Bucket: &one}); err != nil || out.LoggingEnabled != nil {
		t.Errorf("a plan has turned logging on, %v", err)
	}
	for _, source := range []string{one, two, one, two} {
		must(nil, enable(source, options).Apply(t.Context()))
	}
	for _, source := range []string{one, two} {
		if p := enable(source, options); say(p) != "target policy=as it is public access=as it is retention=as it is logging=as it is" {
			t.Errorf("done: %s", say(p))
		}
		u, err := objects.ParseURL("s3://" + logs + "/" + source + "/")
		must(nil, err)
		found, err := Examine(t.Context(), access, Bucket{Name: source, Logs: u, Account: "123456789012"})
		must(nil, err)
		for _, f := range found {
			if f.Outcome != OK {
				t.Errorf("%s: %s is %s: %s", source, f.What, f.Outcome, f.Detail)
			}
		}
	}
	policy, err := api.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &logs})
	must(nil, err)
	text := *policy.Policy
	head, tail, _ := strings.Cut(theirs, `{"Sid":"TLS"`)
	body := `{"Sid":"TLS"` + strings.TrimSuffix(tail, " }")
	if !strings.HasPrefix(text, head+"["+body+",") || !strings.HasSuffix(text, "] }") || strings.Count(text, `"Sid"`) != 3 {
		t.Errorf("the policy is\n%s\nand was\n%s", text, theirs)
	}
	after := rulesOf()
	if len(after) != 4 {
		t.Fatalf("%d rules", len(after))
	}
	was, err := json.Marshal(before)
	must(nil, err)
	is, err := json.Marshal(after[:2])
	must(nil, err)
	if string(was) != string(is) {
		t.Errorf("the rules are\n%s\nand were\n%s", is, was)
	}
	tags, err := api.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: &logs})
	if err != nil || len(tags.TagSet) != 1 {
		t.Errorf("%+v, %v", tags, err)
	}
	// Logging that leads elsewhere is not taken away without being asked.
	other := bucket("other-")
	elsewhere := func(o Options) *Plan {
		t.Helper()
		u, err := objects.ParseURL("s3://" + other + "/x/")
		must(nil, err)
		p, err := Enable(t.Context(), access, Bucket{Name: one, Logs: u, Account: "123456789012"}, o)
		must(nil, err)
		return p
	}
	p := elsewhere(options)
	if p.Can() || !strings.HasSuffix(say(p), "logging=refused") || p.Apply(t.Context()) == nil {
		t.Errorf("logging that leads elsewhere: %s", say(p))
	}
	options.Replace = true
	must(nil, elsewhere(options).Apply(t.Context()))
	if out, err := api.GetBucketLogging(t.Context(), &s3.GetBucketLoggingInput{Bucket: &one}); err != nil ||
		*out.LoggingEnabled.TargetBucket != other {
		t.Errorf("%+v, %v", out, err)
	}
	// A denial by somebody else stays, and is told.
	deny := bucket("deny-")
	must(api.PutBucketPolicy(t.Context(),
		&s3.PutBucketPolicyInput{Bucket: &deny,
			Policy: aws.String(fmt.Sprintf(`{"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/*"}]}`, deny))}))
	u, err := objects.ParseURL("s3://" + deny + "/x/")
	must(nil, err)
	p, err = Enable(t.Context(), access, Bucket{Name: two, Logs: u}, options)
	if err != nil || p.Can() || !strings.Contains(fmt.Sprint(p.Steps), "the statement No denies it") {
		t.Errorf("%+v, %v", p, err)
	}
	// What can't be read is never taken for what is not there.
	u, err = objects.ParseURL("s3://no-such-" + tag + "/x/")
	must(nil, err)
	p, err = Enable(t.Context(), access, Bucket{Name: two, Logs: u}, options)
	if err != nil || p.Can() {
		t.Errorf("a target that is not there: %+v, %v", p, err)
	}
}

// s3Server is a made-up S3 with one bucket's rules, for what moto does not do.
type s3Server struct {
	keys   []string // that it lists
	rules  string   // XML of the rules; "" for none
	header string   // x-amz-transition-default-minimum-object-size
	puts   []string
	sent   http.Header
}

func (s *s3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	answer := func(code int, body string) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // a test server
	}
	missing := func(code string) { answer(404, "<Error><Code>"+code+"</Code></Error>") }
	switch {
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		s.puts, s.sent = append(s.puts, r.URL.RawQuery+" "+string(body)), r.Header
	case q.Has("lifecycle") && s.rules == "":
		missing("NoSuchLifecycleConfiguration")
	case q.Has("lifecycle"):
		if s.header != "" {
			w.Header().Set("x-amz-transition-default-minimum-object-size", s.header)
		}
		answer(200, `<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
			s.rules+`</LifecycleConfiguration>`)
	case q.Get("list-type") == "2":
		out := "<ListBucketResult>"
		for _, k := range s.keys {
			if k > q.Get("start-after") {
				out += "<Contents><Key>" + k + "</Key></Contents>"
			}
		}
		answer(200, out+"</ListBucketResult>")
	case q.Has("versioning"):
		answer(200, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	}
}

// TestRetentionOfOthers: no rule is added where it would end what is no log of the bucket.
func TestRetentionOfOthers(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	const name = "2026-10-05-07-00-01-0123456789ABCDEF"
	for _, tt := range []struct {
		prefix  string
		keys    []string
		outcome string
	}{
		{"", nil, Kept},
		{"acme/", []string{"acme/", "acme/111122223333/eu-west-1/src/2026/10/05/" + name, "acme/" + name}, Change},
		{"acme/", []string{"acme/111122223333/eu-west-1/other/2026/10/05/" + name}, Kept},
		{"acme/", []string{"acme/" + name, "acme/ledger.csv"}, Kept},
		{"acme", []string{"acme-2/" + name}, Kept},
	} {
		h := httptest.NewServer(&s3Server{keys: tt.keys})
		defer h.Close()
		api, err := objects.S3(t.Context(), objects.Access{Endpoint: h.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		e := &enabling{api: api, source: Bucket{Name: "src"}, options: Options{Days: 400}, target: "logs", prefix: tt.prefix}
		if err := e.lifecycle(t.Context()); err != nil || len(e.plan.Steps) != 1 || e.plan.Steps[0].Outcome != tt.outcome {
			t.Errorf("%q with %v: %+v, %v", tt.prefix, tt.keys, e.plan.Steps, err)
		}
	}
}

// TestRetention: a rule is added to those of others as they are, in the form that theirs
// have; rules of which something would be lost are left alone.
func TestRetention(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	const v1 = `<Rule><ID>a</ID><Prefix>old/</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>`
	const v2 = `<Rule><ID>b</ID><Filter><And><Prefix/><Tag><Key>k</Key><Value/></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Status>Enabled</Status><Transition><Days>0</Days><StorageClass>NEW</StorageClass></Transition></Rule>`
	for name, tt := range map[string]struct {
		rules, header string
		want          []string // in what is written; nil where nothing is
		outcome       string
	}{
		"theirs within": {`<Rule><ID>c</ID><Filter><Prefix>acme/other/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>2555</Days></Expiration></Rule>`, "", nil, Kept},
		"none":          {"", "", []string{"<Filter><Prefix>acme/</Prefix></Filter>", "<NoncurrentDays>1</NoncurrentDays>"}, Change},
		"older form":    {v1, "varies_by_storage_class", []string{"<Prefix>old/</Prefix>", "<Prefix>acme/</Prefix>"}, Change},
		"newer form": {v2, "", []string{"<StorageClass>NEW</StorageClass>",
			"<ObjectSizeGreaterThan>5</ObjectSizeGreaterThan>", "<Value></Value>", "<Filter><Prefix>acme/</Prefix></Filter>"}, Change},
		"unknown action": {v2 + `<Rule><ID>c</ID><Filter/><Status>Enabled</Status><Future><Days>3</Days></Future></Rule>`, "", nil, Kept},
		"unknown filter": {`<Rule><ID>c</ID><Filter><StorageClass>X</StorageClass></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>`, "", nil, Kept},
		"ends them": {`<Rule><ID>c</ID><Filter/><Status>Enabled</Status><Expiration><Days>90</Days></Expiration></Rule>`, "", nil,
			Kept},
		"ends large ones": {`<Rule><ID>c</ID><Filter><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></Filter><Status>Enabled</Status><Expiration><Days>90</Days></Expiration></Rule>`, "", []string{"<Days>90</Days>", "<Days>400</Days>"}, Change},
	} {
		server := &s3Server{rules: tt.rules, header: tt.header}
		h := httptest.NewServer(server)
		defer h.Close()
		api, err := objects.S3(t.Context(), objects.Access{Endpoint: h.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		e := &enabling{api: api, source: Bucket{Name: "src"}, options: Options{Days: 400}, target: "logs", prefix: "acme/"}
		if err := e.lifecycle(t.Context()); err != nil || len(e.plan.Steps) != 1 || e.plan.Steps[0].Outcome != tt.outcome {
			t.Errorf("%s: %+v, %v", name, e.plan.Steps, err)
			continue
		}
		if err := e.plan.Apply(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(server.puts) > 1 || (len(server.puts) == 1) != (tt.want != nil) {
			t.Errorf("%s: written was %q", name, server.puts)
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(server.puts[0], w) {
				t.Errorf("%s: written was %s, without %s", name, server.puts[0], w)
			}
		}
		if tt.header != "" && server.sent.Get("x-amz-transition-default-minimum-object-size") != tt.header {
			t.Errorf("%s: the header is %q", name, server.sent)
		}
		if name == "older form" && strings.Contains(server.puts[0], "<Filter>") {
			t.Errorf("%s: %s", name, server.puts[0])
		}
	}
	// What changed between plan and writing is not overwritten.
	server := &s3Server{rules: v1}
	h := httptest.NewServer(server)
	defer h.Close()
	api, err := objects.S3(t.Context(), objects.Access{Endpoint: h.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	e := &enabling{api: api, source: Bucket{Name: "src"}, options: Options{Days: 400}, target: "logs", prefix: "acme/"}
	if err := e.lifecycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.rules = v1 + v1
	if err := e.plan.Apply(t.Context()); !errors.Is(err, ErrMeanwhile) || len(server.puts) != 0 {
		t.Errorf("%v, written was %q", err, server.puts)
	}
}

// TestPublicByList: access that an access control list gives to the public is told, and
// not taken away.
func TestPublicByList(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	const owner = `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>o</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>`
	for grants, want := range map[string]string{
		owner: Change,
		owner + `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>`: Kept,
	} {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := "<AccessControlPolicy><AccessControlList>" + grants + "</AccessControlList></AccessControlPolicy>"
			switch q := r.URL.Query(); {
			case q.Has("publicAccessBlock"):
				w.WriteHeader(http.StatusNotFound)
				body = "<Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>"
			case q.Has("policyStatus"):
				w.WriteHeader(http.StatusNotFound)
				body = "<Error><Code>NoSuchBucketPolicy</Code></Error>"
			}
			_, _ = io.WriteString(w, body) // a test server
		}))
		defer h.Close()
		api, err := objects.S3(t.Context(), objects.Access{Endpoint: h.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		e := &enabling{api: api, source: Bucket{Name: "src"}, target: "logs"}
		if err := e.public(t.Context()); err != nil || len(e.plan.Steps) != 1 || e.plan.Steps[0].Outcome != want {
			t.Errorf("%+v, %v; want %s", e.plan.Steps, err, want)
		}
	}
}
