package doctor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/report/deliver/link"
)

// Policy is the least that an identity of AWS must be allowed.
type Policy struct {
	Who      string // ARN of a role, "profile NAME", or "" for the credentials that the program finds
	Document []byte // IAM's JSON
}

// LargestPolicy is how many characters IAM takes of a managed policy, white space not
// counted (IAM user guide, page "IAM and AWS STS quotas").
const LargestPolicy = 6144

// Size is how many of those a policy has.
func (p Policy) Size() int {
	return len(bytes.Join(bytes.Fields(p.Document), nil))
}

// Policies are those that the configuration asks for, for the tenants that are named
// and for what they share: each statement names its buckets, prefixes and keys. Actions
// are those of the service authorization reference.
func Policies(c *config.Config, tenants []config.Tenant) ([]Policy, error) {
	w := wants{}
	for _, t := range tenants {
		for _, s := range collect.Sources(c, t.ID) {
			w.read(s.Access, s.Logs)
		}
		if t.BackupReports.Scheme != "" {
			w.read(t.AWS, t.BackupReports)
		}
		if t.CloudWatch {
			w.of(t.AWS).add("Metrics", []string{"cloudwatch:GetMetricData", "cloudwatch:ListMetrics"}, "*") // neither takes a resource
		}
		inS3 := slices.ContainsFunc(t.Trails(), func(u objects.URL) bool { return u.Scheme == "s3" })
		if inS3 && t.CloudTrailKeys == "" {
			w.of(t.AWS).add("TrailKeys", []string{"cloudtrail:ListPublicKeys"}, "*")
		}
		for _, b := range t.Buckets {
			if b.Logs.Scheme == "s3" {
				w.status(t.AWS, b)
			}
		}
	}
	w.evidence(c)
	if c.Signing.KMSKey != "" {
		w.of(c.AWS).key("Sign", []string{"kms:GetPublicKey", "kms:Sign"}, c.AWS, c.Signing.KMSKey)
	}
	var roles []string
	for a := range w {
		if role := a.RoleARN; role != "" {
			roles = append(roles, role)
		}
	}
	for _, a := range roles {
		w.of(objects.Access{}).add("Roles", []string{"sts:AssumeRole"}, a)
	}
	return w.policies()
}

// wants are the statements by identity, of whose access only role and profile count.
type wants map[objects.Access]*statements

type statements map[string]*statement // by Sid

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

func (w wants) of(a objects.Access) statements {
	who := objects.Access{RoleARN: a.RoleARN, Profile: a.Profile}
	if who.RoleARN != "" {
		who.Profile = "" // it only takes the role up
	}
	if w[who] == nil {
		w[who] = &statements{}
	}
	return *w[who]
}

// add allows actions on resources, beside those that a statement has already.
func (s statements) add(sid string, actions []string, resources ...string) *statement {
	st := s[sid]
	if st == nil {
		st = &statement{Sid: sid, Effect: "Allow"}
		s[sid] = st
	}
	st.Action, st.Resource = union(st.Action, actions), union(st.Resource, resources)
	return st
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func arn(a objects.Access, resource string) string {
	return "arn:" + objects.Partition(a.Region) + ":s3:::" + resource
}

// list allows to list a place, and below its prefix alone.
func (s statements) list(a objects.Access, u objects.URL) {
	if u.Prefix == "" {
		s.add("ListWhole", []string{"s3:ListBucket"}, arn(a, u.Bucket))
		return
	}
	st := s.add("List"+sid(u.Bucket), []string{"s3:ListBucket"}, arn(a, u.Bucket))
	if st.Condition == nil {
		st.Condition = map[string]map[string][]string{"StringLike": {}}
	}
	st.Condition["StringLike"]["s3:prefix"] = union(st.Condition["StringLike"]["s3:prefix"], []string{u.Prefix + "*"})
}

// sid is a bucket's name as a Sid may have it: letters and digits.
func sid(bucket string) string {
	var out strings.Builder
	for _, part := range strings.FieldsFunc(bucket, func(r rune) bool { return r == '-' || r == '.' }) {
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}

func (w wants) read(a objects.Access, u objects.URL) {
	if u.Scheme == "cloudwatch" {
		group := "arn:" + objects.Partition(a.Region) + ":logs:*:*:log-group:" + u.Group
		w.of(a).add("LogGroups", []string{"logs:FilterLogEvents"}, group, group+":*")
		w.of(a).add("LogGroupList", []string{"logs:DescribeLogGroups"}, "*")
	}
	if u.Scheme != "s3" {
		return
	}
	s := w.of(a)
	s.list(a, u)
	s.add("Read", []string{"s3:GetObject"}, arn(a, u.Bucket+"/"+u.Prefix+"*"))
}

// status is what `logging status` asks.
func (w wants) status(a objects.Access, b config.Bucket) {
	s := w.of(a)
	s.add("LoggingStatus", []string{"s3:GetBucketLogging", "s3:GetBucketLocation"}, arn(a, b.Name), arn(a, b.Logs.Bucket))
	s.add("LoggingTarget", []string{"s3:GetBucketPolicy", "s3:GetBucketRequestPayment",
		"s3:GetBucketPublicAccessBlock", "s3:GetBucketObjectLockConfiguration", "s3:GetEncryptionConfiguration",
		"s3:GetLifecycleConfiguration"}, arn(a, b.Logs.Bucket))
}

func (w wants) evidence(c *config.Config) {
	u := c.Evidence.URL
	if u.Scheme != "s3" {
		return
	}
	s, folder := w.of(c.AWS), u.Prefix
	if folder != "" && !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	all := arn(c.AWS, u.Bucket+"/"+folder+"*")
	write := []string{"s3:PutObject", "s3:PutObjectTagging", "s3:GetObject"}
	if c.Evidence.LockMode != "" {
		write = append(write, "s3:PutObjectRetention")
	}
	s.add("Evidence", write, all)
	s.add("EvidenceLock", []string{"s3:GetBucketObjectLockConfiguration"}, arn(c.AWS, u.Bucket))
	s.list(c.AWS, objects.URL{Bucket: u.Bucket, Prefix: folder})
	s.add("Doctor", []string{"s3:GetObjectTagging", "s3:DeleteObject", "s3:DeleteObjectVersion"},
		arn(c.AWS, u.Bucket+"/"+folder+".doctor/*"))
	if c.Evidence.KMSKey != "" {
		s.key("EvidenceKey", []string{"kms:GenerateDataKey", "kms:Decrypt"}, c.AWS, c.Evidence.KMSKey)
	}
	if c.Mail.SMTP != "" && c.Links.Kind != link.Page {
		links := w.of(c.Links.AWS)
		links.add("Links", []string{"s3:GetObject"}, all)
		if c.Evidence.KMSKey != "" {
			links.key("LinksKey", []string{"kms:Decrypt"}, c.Links.AWS, c.Evidence.KMSKey)
		}
	}
}

// key allows actions on a key of AWS KMS, by ARN, ID or alias. A policy can't name an
// alias as a resource.
func (s statements) key(sid string, actions []string, a objects.Access, key string) {
	prefix := strings.TrimSuffix(arn(a, ""), "s3:::") + "kms:*:*:key/"
	alias := key[strings.LastIndexByte(key, ':')+1:]
	switch {
	case strings.HasPrefix(alias, "alias/"):
		st := s.add(sid, actions, prefix+"*")
		st.Condition = map[string]map[string][]string{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {alias}}}
	case strings.HasPrefix(key, "arn:"):
		s.add(sid, actions, key)
	default:
		s.add(sid, actions, prefix+key)
	}
}

func (w wants) policies() (out []Policy, err error) {
	for a, s := range w {
		who := a.RoleARN
		if who == "" && a.Profile != "" {
			who = "profile " + a.Profile
		}
		var list []*statement
		for _, st := range *s {
			list = append(list, st)
		}
		slices.SortFunc(list, func(a, b *statement) int { return cmp.Compare(a.Sid, b.Sid) })
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(struct {
			Version   string
			Statement []*statement
		}{"2012-10-17", list}); err != nil {
			return nil, err
		}
		out = append(out, Policy{who, b.Bytes()})
	}
	slices.SortFunc(out, func(a, b Policy) int { return cmp.Compare(a.Who, b.Who) })
	return out, nil
}
