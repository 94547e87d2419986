// Package controlplane says what an event of CloudTrail changed, in words: [Describe].
//
// Names of events and the places of values in requestParameters are those of the
// CloudTrail records of S3, IAM, KMS and CloudTrail: S3 writes the body of a request
// under the name of its XML root, and an element that can be repeated as an object or
// as an array; IAM and KMS write a policy as JSON text.
package controlplane

import (
	"fmt"
	"strings"
)

// Event is what is needed of an event.
type Event struct {
	Source, Name, Bucket string
	Requester            string // its ARN
	Parameters           string // requestParameters as JSON; "" or null where there are none
	Resources            string // resources as JSON
}

// Change is what an event changed.
type Change struct {
	Check    string // of the findings: policy-changed, role-changed …
	Severity string // high or medium
	Thing    string // what was changed, such as "bucket policy"
	Which    string // of several such things of the target, such as the name of an inline policy; "" for the only one
	Target   string // of which bucket, role, user, policy, key or trail; "" where the event does not tell
	Role     string // the name of the role that it is about; "" for none
	User     string // as above, of a user
	// Delivery is that it is about a delivery of logs by CloudWatch; OfBucket, that the
	// target is the bucket of the source.
	Delivery, OfBucket bool
	What               string // the change as a sentence without a full stop
}

// The checks.
const (
	policy      = "policy-changed"
	role        = "role-changed"
	replication = "replication-changed"
	logging     = "logging-changed"
	setup       = "configuration-changed"
)

const (
	high   = "high"
	medium = "medium"
)

// unknown stands for what the event does not tell.
const unknown = "not told by the event"

// rule says what a kind of event changes.
type rule struct {
	check, severity, thing string
	// Say gives what the thing is now, and another severity or ""; or it is always the
	// same.
	say func(p any) (now, severity string)
	now string
	// only is whether an event of that name matters; nil for each.
	only func(e Event, p any) bool
}

// Describe tells what an event changed; false for one that changes nothing of interest.
// It must be of a call that succeeded. An event of a name that is not known, about a
// bucket, role or user, is told by its name: AWS adds names every year.
func Describe(e Event) (Change, bool) {
	service := serviceOf(e.Source)
	p, read := decode(e.Parameters)
	r, ok := rules[service+":"+e.Name]
	if !ok {
		if r, ok = named(service, e, p); !ok {
			return Change{}, false
		}
	}
	if r.only != nil && !r.only(e, p) {
		return Change{}, false
	}
	c := Change{Which: which(service, p), Check: r.check, Severity: r.severity, Thing: r.thing}
	now := r.now
	if r.say != nil {
		severity := ""
		if now, severity = r.say(p); severity != "" {
			c.Severity = severity
		}
		if !read {
			now = "changed, to what is " + unknown
		}
	}
	c.tell(service, e, p, strings.TrimSpace(r.thing+" "+now))
	return c, true
}

// which names the one of several things: a role has many policies, a user many keys.
func which(service string, p any) string {
	if service != "iam" {
		return text(p, "granteePrincipal")
	}
	return strings.Join([]string{text(p, "policyName"), text(p, "policyArn"), text(p, "accessKeyId"), text(p, "groupName")}, " ")
}

// serviceOf is the service of an event source; the parts of S3 are one.
func serviceOf(source string) string {
	service := strings.TrimSuffix(source, ".amazonaws.com")
	switch service {
	case "s3-control", "s3express", "s3-outposts":
		return "s3"
	}
	return service
}

// named is the rule for an event that has none.
func named(service string, e Event, p any) (rule, bool) {
	r := rule{severity: medium, thing: e.Name + ",", now: "of which bucketproof does not know what it changes"}
	switch {
	case service == "s3" && e.Bucket != "":
		r.check = setup
	case service == "iam" && text(p, "roleName")+text(p, "userName") != "":
		r.check = role
	default:
		return r, false
	}
	return r, true
}

// tell says what was changed, and of what.
func (c *Change) tell(service string, e Event, p any, what string) {
	switch service {
	case "s3":
		c.Target = e.Bucket
		c.What = what
	case "iam":
		c.Role, c.User = text(p, "roleName"), text(p, "userName")
		if i := strings.LastIndex(e.Requester, ":user/"); c.Role+c.User == "" && strings.HasSuffix(e.Name, "AccessKey") && i >= 0 {
			c.User = afterLast(e.Requester, "/") // who names no user means itself
		}
		switch {
		case c.Role != "":
			c.Target, c.What = c.Role, "role "+c.Role+": "
		case c.User != "":
			c.Target, c.What = c.User, "user "+c.User+": "
		case text(p, "groupName") != "":
			c.Target = text(p, "groupName")
			c.What = "group " + c.Target + ": "
		case text(p, "policyArn") != "":
			c.Target = afterLast(text(p, "policyArn"), "/")
			c.What = "policy " + c.Target + ": "
		case text(p, "policyName") != "":
			c.Target = text(p, "policyName")
			c.What = "policy " + c.Target + ": "
		default:
			c.What = "a principal that the event does not name: "
		}
		c.What += what
	case "kms":
		c.Target = keyOf(e.Resources)
		if c.Target == "" {
			c.Target = text(p, "keyId")
		}
		c.What = "key " + orUnknown(c.Target) + ": " + what
	case "logs":
		c.Delivery, c.OfBucket = true, strings.Contains(text(p, "resourceArn"), ":s3:::")
		c.Target = afterLast(text(p, "resourceArn"), ":")
		if c.Target == "" {
			c.Target = firstOf(text(p, "name"), text(p, "deliverySourceName"), text(p, "id"))
		}
		c.What = "delivery of logs, " + orUnknown(c.Target) + ": " + what
	default:
		c.Target = afterLast(firstOf(text(p, "name"), text(p, "trailName")), "/")
		c.What = "trail " + orUnknown(c.Target) + ": " + what
	}
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}

func afterLast(s, sep string) string { return s[strings.LastIndex(s, sep)+1:] }

// keyOf is the ARN of the key among the resources of an event.
func keyOf(resources string) string {
	list, _ := decode(resources)
	for _, r := range each(list) {
		if arn := text(r, "ARN"); strings.Contains(arn, ":key/") { // old events do not tell the type
			return arn
		}
	}
	return ""
}

// valued is for events with one value.
func valued(format string, path ...string) func(any) (string, string) {
	return func(p any) (string, string) { return fmt.Sprintf(format, orUnknown(text(p, path...))), "" }
}

var rules = map[string]rule{
	"s3:PutBucketPolicy": {check: policy, severity: high, thing: "bucket policy", say: func(p any) (string, string) {
		return "set: " + policyWords(dig(p, "bucketPolicy")), ""
	}},
	"s3:DeleteBucketPolicy": {check: policy, severity: high, thing: "bucket policy", now: "removed"},
	"s3:PutBucketAcl":       {check: policy, severity: high, thing: "access list", say: accessList},
	"s3:PutBucketPublicAccessBlock": {check: policy, severity: medium, thing: "public access block", say: func(p any) (string, string) {
		return publicAccess(dig(p, "PublicAccessBlockConfiguration"))
	}},
	"s3:DeleteBucketPublicAccessBlock": {check: policy, severity: high, thing: "public access block", now: "removed"},
	"s3:PutAccountPublicAccessBlock": {check: policy, severity: medium, thing: "public access block of the account",
		say: func(p any) (string, string) {
			return publicAccess(dig(p, "PublicAccessBlockConfiguration"))
		}},
	"s3:DeleteAccountPublicAccessBlock": {check: policy, severity: high, thing: "public access block of the account", now: "removed"},
	"s3:PutBucketOwnershipControls": {check: policy, severity: medium, thing: "object ownership",
		say: valued("set to %s", "OwnershipControls", "Rule", "ObjectOwnership")},
	"s3:DeleteBucketOwnershipControls": {check: policy, severity: medium, thing: "object ownership", now: "removed"},

	"s3:PutBucketVersioning": {check: setup, severity: medium, thing: "versioning", say: func(p any) (string, string) {
		status := text(p, "VersioningConfiguration", "Status")
		if status == "Enabled" {
			return "set to Enabled", ""
		}
		return "set to " + orUnknown(status), high
	}},
	"s3:PutBucketObjectLockConfiguration": {check: setup, severity: high, thing: "Object Lock", say: objectLock},
	"s3:PutObjectLockConfiguration":       {check: setup, severity: high, thing: "Object Lock", say: objectLock},
	"s3:PutBucketLifecycle":               {check: setup, severity: high, thing: "lifecycle", say: lifecycle},
	"s3:PutBucketLifecycleConfiguration":  {check: setup, severity: high, thing: "lifecycle", say: lifecycle},
	"s3:DeleteBucketLifecycle":            {check: setup, severity: medium, thing: "lifecycle", now: "removed"},
	"s3:PutBucketEncryption":              {check: setup, severity: medium, thing: "default encryption", say: encryption},
	"s3:DeleteBucketEncryption":           {check: setup, severity: high, thing: "default encryption", now: "removed"},
	"s3:CreateBucket":                     {check: setup, severity: medium, thing: "bucket", now: "created"},
	"s3:DeleteBucket":                     {check: setup, severity: high, thing: "bucket", now: "deleted"},
	"s3:PutBucketNotification":            {check: setup, severity: medium, thing: "event notifications", now: "set"},
	"s3:PutBucketCors":                    {check: setup, severity: medium, thing: "cross-origin rules", now: "set"},
	"s3:DeleteBucketCors":                 {check: setup, severity: medium, thing: "cross-origin rules", now: "removed"},
	"s3:PutBucketWebsite":                 {check: setup, severity: medium, thing: "website", now: "set"},
	"s3:DeleteBucketWebsite":              {check: setup, severity: medium, thing: "website", now: "removed"},
	"s3:PutBucketTagging":                 {check: setup, severity: medium, thing: "bucket tags", now: "set"},
	"s3:DeleteBucketTagging":              {check: setup, severity: medium, thing: "bucket tags", now: "removed"},
	"s3:PutBucketRequestPayment": {check: setup, severity: medium, thing: "request payment",
		say: valued("set to %s", "RequestPaymentConfiguration", "Payer")},

	"s3:PutBucketLogging":        {check: logging, severity: medium, thing: "access logging", say: accessLogging},
	"s3:PutBucketReplication":    {check: replication, severity: medium, thing: "replication", say: replicated},
	"s3:DeleteBucketReplication": {check: replication, severity: high, thing: "replication", now: "removed"},

	"iam:PutRolePolicy":          {check: role, severity: high, thing: "inline policy", say: inlinePolicy},
	"iam:DeleteRolePolicy":       {check: role, severity: medium, thing: "inline policy", say: valued("%s removed", "policyName")},
	"iam:AttachRolePolicy":       {check: role, severity: high, thing: "policy", say: attached("attached")},
	"iam:DetachRolePolicy":       {check: role, severity: medium, thing: "policy", say: attached("detached")},
	"iam:UpdateAssumeRolePolicy": {check: role, severity: high, thing: "trust policy", say: documentPolicy},
	"iam:UpdateRole":             {check: role, severity: medium, thing: "settings", now: "changed"},
	"iam:CreateRole": {check: role, severity: high, thing: "role", say: func(p any) (string, string) {
		return "created, trust policy: " + documentWords(p, "assumeRolePolicyDocument"), ""
	}},
	"iam:DeleteRole": {check: role, severity: high, thing: "role", now: "deleted"},
	"iam:PutRolePermissionsBoundary": {check: role, severity: high, thing: "permissions boundary",
		say: valued("set to %s", "permissionsBoundary")},
	"iam:DeleteRolePermissionsBoundary": {check: role, severity: high, thing: "permissions boundary", now: "removed"},
	"iam:CreateUser":                    {check: role, severity: medium, thing: "user", now: "created"},
	"iam:DeleteUser":                    {check: role, severity: medium, thing: "user", now: "deleted"},
	"iam:PutUserPolicy":                 {check: role, severity: high, thing: "inline policy", say: inlinePolicy},
	"iam:DeleteUserPolicy":              {check: role, severity: medium, thing: "inline policy", say: valued("%s removed", "policyName")},
	"iam:AttachUserPolicy":              {check: role, severity: high, thing: "policy", say: attached("attached")},
	"iam:DetachUserPolicy":              {check: role, severity: medium, thing: "policy", say: attached("detached")},
	"iam:AddUserToGroup":                {check: role, severity: high, thing: "group", say: valued("%s joined", "groupName")},
	"iam:RemoveUserFromGroup":           {check: role, severity: medium, thing: "group", say: valued("%s left", "groupName")},
	"iam:CreateLoginProfile":            {check: role, severity: high, thing: "console password", now: "set"},
	"iam:UpdateLoginProfile":            {check: role, severity: high, thing: "console password", now: "changed"},
	"iam:CreateAccessKey":               {check: role, severity: high, thing: "access key", now: "created"},
	"iam:UpdateAccessKey":               {check: role, severity: medium, thing: "access key", say: valued("set to %s", "status")},
	"iam:DeleteAccessKey":               {check: role, severity: medium, thing: "access key", now: "deleted"},
	"iam:PutUserPermissionsBoundary": {check: role, severity: high, thing: "permissions boundary",
		say: valued("set to %s", "permissionsBoundary")},
	"iam:DeleteUserPermissionsBoundary": {check: role, severity: high, thing: "permissions boundary", now: "removed"},
	"iam:PutGroupPolicy":                {check: role, severity: medium, thing: "inline policy", say: inlinePolicy},
	"iam:DeleteGroupPolicy":             {check: role, severity: medium, thing: "inline policy", say: valued("%s removed", "policyName")},
	"iam:AttachGroupPolicy":             {check: role, severity: medium, thing: "policy", say: attached("attached")},
	"iam:DetachGroupPolicy":             {check: role, severity: medium, thing: "policy", say: attached("detached")},
	"iam:DeleteGroup":                   {check: role, severity: medium, thing: "group", now: "deleted"},
	"iam:CreatePolicyVersion":           {check: role, severity: medium, thing: "new version,", say: documentPolicy},
	"iam:SetDefaultPolicyVersion":       {check: role, severity: medium, thing: "default version", say: valued("set to %s", "versionId")},
	"iam:DeletePolicyVersion":           {check: role, severity: medium, thing: "version", say: valued("%s deleted", "versionId")},
	"iam:DeletePolicy":                  {check: role, severity: medium, thing: "policy", now: "deleted"},

	"kms:PutKeyPolicy": {check: policy, severity: high, thing: "key policy", say: func(p any) (string, string) {
		return "set: " + documentWords(p, "policy"), ""
	}},
	// services make their own all day
	"kms:CreateGrant": {check: policy, severity: high, thing: "key grant", say: granted, only: foreignGrant},
	"kms:ScheduleKeyDeletion": {check: setup, severity: high, thing: "deletion", say: func(p any) (string, string) {
		if days := text(p, "pendingWindowInDays"); days != "" {
			return "scheduled in " + days + " days", ""
		}
		return "scheduled", ""
	}},
	"kms:CancelKeyDeletion":         {check: setup, severity: medium, thing: "deletion", now: "called off"},
	"kms:DeleteKey":                 {check: setup, severity: high, thing: "key", now: "deleted for good"},
	"kms:DeleteImportedKeyMaterial": {check: setup, severity: high, thing: "key material", now: "deleted"},
	"kms:DisableKey":                {check: setup, severity: high, thing: "key", now: "disabled"},
	"kms:EnableKey":                 {check: setup, severity: medium, thing: "key", now: "enabled"},
	"kms:DisableKeyRotation":        {check: setup, severity: medium, thing: "rotation", now: "switched off"},
	"kms:EnableKeyRotation":         {check: setup, severity: medium, thing: "rotation", now: "switched on"},

	"cloudtrail:StopLogging":           {check: logging, severity: high, thing: "logging", now: "stopped"},
	"cloudtrail:StartLogging":          {check: logging, severity: medium, thing: "logging", now: "started"},
	"cloudtrail:DeleteTrail":           {check: logging, severity: high, thing: "trail", now: "deleted"},
	"cloudtrail:CreateTrail":           {check: logging, severity: medium, thing: "trail", now: "created"},
	"cloudtrail:UpdateTrail":           {check: logging, severity: high, thing: "settings", say: trailSettings},
	"cloudtrail:PutEventSelectors":     {check: logging, severity: high, thing: "event selectors", say: selectors},
	"logs:PutDeliverySource":           {check: logging, severity: medium, thing: "source", now: "set"},
	"logs:CreateDelivery":              {check: logging, severity: medium, thing: "delivery", now: "created"},
	"logs:UpdateDeliveryConfiguration": {check: logging, severity: medium, thing: "fields", now: "changed"},
	"logs:DeleteDelivery":              {check: logging, severity: high, thing: "delivery", now: "deleted"},
	"logs:DeleteDeliverySource":        {check: logging, severity: high, thing: "source", now: "deleted"},
	"cloudtrail:PutInsightSelectors":   {check: logging, severity: medium, thing: "insight selectors", now: "set"},
}
