package controlplane

import (
	"strings"
	"testing"
)

// TestDescribe has events as CloudTrail writes them: shapes are those of published
// records, and for what none was found those of the API's own model.
func TestDescribe(t *testing.T) {
	const xmlns = `"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"`
	const trust = `"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::193672423079:root\"}, \"Action\": \"sts:AssumeRole\"}]}"`
	for _, tt := range []struct{ source, name, parameters, check, severity, target, what string }{
		{"s3", "PutBucketPolicy",
			`{"bucketName":"b","Host":"s3.amazonaws.com","policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Condition":{}}}}`,
			policy, high, "b", "bucket policy set: Allow everyone s3:GetObject, s3:ListBucket on conditions"},
		{"s3", "PutBucketPolicy",
			`{"bucketName":"b","policy":[""],"bucketPolicy":{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["a","b"]},"NotAction":"s3:*"}]}}`, policy, high, "b", "bucket policy set: Deny all but a, b all but s3:*"},
		{"s3", "PutBucketPolicy", `null`, policy, high, "b", "bucket policy changed, to what is not told by the event"},
		{"s3", "PutBucketPolicy", `{"omitted":true,"originalSize":300000}`, policy, high, "b",
			"bucket policy changed, to what is not told by the event"},
		{"s3", "DeleteBucketPolicy", `null`, policy, high, "b", "bucket policy removed"},
		{"s3", "PutBucketAcl", `{"acl":[""],"x-amz-acl":["public-read"]}`, policy, high, "b", "access list set to public-read"},
		{"s3", "PutBucketAcl", `{"acl":"","x-amz-acl":"private"}`, policy, medium, "b", "access list set to private"},
		{"s3", "PutBucketAcl", `{"acl":"","x-amz-grant-read":"uri=http://acs.amazonaws.com/groups/global/AllUsers"}`,
			policy, high, "b", "access list set: read for uri=http://acs.amazonaws.com/groups/global/AllUsers"},
		{"s3", "PutBucketAcl",
			`{"AccessControlPolicy":{"AccessControlList":{"Grant":[{"Grantee":{"xsi:type":"CanonicalUser","ID":"12345"},"Permission":"FULL_CONTROL"},{"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/global/AuthenticatedUsers"},"Permission":"READ_ACP"}]}}}`,
			policy, high, "b", "access list set: FULL_CONTROL for 12345; READ_ACP for AuthenticatedUsers"},
		{"s3", "PutBucketPublicAccessBlock", `{"publicAccessBlock":[""],"PublicAccessBlockConfiguration":{` + xmlns +
			`,"RestrictPublicBuckets":true,"BlockPublicPolicy":false,"IgnorePublicAcls":true}}`,
			policy, high, "b", "public access block set: BlockPublicAcls, BlockPublicPolicy off"},
		{"s3", "PutBucketPublicAccessBlock",
			`{"PublicAccessBlockConfiguration":{"RestrictPublicBuckets":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"BlockPublicAcls":true}}`, policy, medium, "b", "public access block set: all four on"},
		{"s3", "DeleteBucketPublicAccessBlock", `{}`, policy, high, "b", "public access block removed"},
		{"s3-control", "PutAccountPublicAccessBlock", `{"PublicAccessBlockConfiguration":{}}`, policy, high, "",
			"public access block of the account set: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets off"},
		{"s3", "PutBucketVersioning", `{"versioning":[""],"VersioningConfiguration":{"Status":"Enabled",` + xmlns +
			`,"MfaDelete":"Enabled"}}`, setup, medium, "b", "versioning set to Enabled"},
		{"s3", "PutBucketVersioning", `{"VersioningConfiguration":{"Status":"Suspended"}}`, setup, high, "b",
			"versioning set to Suspended"},
		{"s3", "PutBucketObjectLockConfiguration",
			`{"object-lock":"","ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Days":30}}}}`, setup, high, "b", "Object Lock set: GOVERNANCE, 30 days"},
		{"s3", "PutBucketObjectLockConfiguration", `{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"}}`,
			setup, high, "b", "Object Lock set without default retention"},
		{"s3", "PutBucketLifecycle", `{"LifecycleConfiguration":{` + xmlns +
			`,"Rule":{"ID":"nuke-after-1-day","Status":"Enabled","Filter":{"Prefix":"logs/"},"Expiration":{"Days":1}}}}`, setup, high, "b",
			"lifecycle set: nuke-after-1-day on logs/ expires after 1 d"},
		{"s3", "PutBucketLifecycle",
			`{"LifecycleConfiguration":{"Rule":[{"ID":"a","Status":"Disabled","Filter":"","NoncurrentVersionExpiration":{"NoncurrentDays":7}},{"ID":"c","Status":"Enabled","Expiration":{"Date":"2026-12-01T00:00:00Z"}}]}}`,
			setup, high, "b", "lifecycle set: a (Disabled) old versions expire after 7 d; c expires on 2026-12-01T00:00:00Z"},
		{"s3", "PutBucketEncryption",
			`{"ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"alias/x"}}}}`, setup, medium, "b", "default encryption set to aws:kms with alias/x"},
		{"s3", "PutBucketLogging", `{"logging":"","bucketName":"b","BucketLoggingStatus":{` + xmlns + `}}`, logging,
			high, "b", "access logging switched off"},
		{"s3", "PutBucketLogging", `{"logging":"","bucketName":"b","BucketLoggingStatus":""}`, logging, high, "b",
			"access logging switched off"},
		{"s3", "PutBucketLogging", `{"logging":"","bucketName":"b"}`, logging, high, "b",
			"access logging set, to what is not told by the event"},
		{"s3", "PutBucketLogging", `{"logging":"","BucketLoggingStatus":{"LoggingEnabled":{"TargetBucket":"logs","TargetPrefix":"b/"}}}`,
			logging, medium, "b", "access logging set to logs/b/"},
		{"s3", "PutBucketReplication",
			`{"ReplicationConfiguration":{"Rule":[{"Status":"Enabled","Destination":{"Bucket":"arn:aws:s3:::d1","Account":12345678901}},{"Status":"Disabled","Destination":{"Bucket":"arn:aws:s3:::d2"}}]}}`,
			replication, medium, "b", "replication set: to d1 of account 012345678901; to d2 (Disabled)"},
		{"s3", "DeleteBucketReplication", `{}`, replication, high, "b", "replication removed"},
		{"s3", "DeleteBucket", `{"bucketName":"b"}`, setup, high, "b", "bucket deleted"},
		{"s3", "PutBucketAbac", `{"bucketName":"b"}`, setup, medium, "b",
			"PutBucketAbac, of which bucketproof does not know what it changes"},
		{"iam", "UpdateAssumeRolePolicy", `{"roleName":"r","policyDocument":` + trust + `}`, role, high, "r",
			"role r: trust policy set: Allow arn:aws:iam::193672423079:root sts:AssumeRole"},
		{"iam", "UpdateAssumeRolePolicy",
			`{"roleName":"r","policyDocument":"%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%7D%7D"}`, role,
			high, "r", "role r: trust policy set: Allow *"},
		{"iam", "CreateRole", `{"roleName":"r","assumeRolePolicyDocument":` + trust + `}`, role, high, "r",
			"role r: role created, trust policy: Allow arn:aws:iam::193672423079:root sts:AssumeRole"},
		{"iam", "AttachRolePolicy", `{"policyArn":"arn:aws:iam::aws:policy/AdministratorAccess","roleName":"r"}`,
			role, high, "r", "role r: policy AdministratorAccess attached"},
		{"iam", "PutRolePolicy", `{"roleName":"r","policyName":"p","policyDocument":"no JSON"}`, role, high, "r",
			"role r: inline policy p set: not told by the event"},
		{"iam", "TagRole", `{"roleName":"r"}`, role, medium, "r", "role r: TagRole, of which bucketproof does not know what it changes"},
		{"iam", "CreateAccessKey", `{"userName":"u"}`, role, high, "u", "user u: access key created"},
		{"iam", "CreateAccessKey", `null`, role, high, "me", "user me: access key created"},
		{"iam", "UpdateAccessKey", `{"status":"Inactive","accessKeyId":"EXAMPLE_KEY_ID","userName":"Bob"}`, role,
			medium, "Bob", "user Bob: access key set to Inactive"},
		{"iam", "PutGroupPolicy", `{"groupName":"g","policyName":"p","policyDocument":` + trust + `}`, role, medium,
			"g", "group g: inline policy p set: Allow arn:aws:iam::193672423079:root sts:AssumeRole"},
		{"iam", "SetDefaultPolicyVersion",
			`{"policyArn":"arn:aws:iam::111122223333:policy/path/name","versionId":"v2"}`, role, medium, "name",
			"policy name: default version set to v2"},
		{"kms", "PutKeyPolicy", `{"keyId":"1234","policyName":"default","policy":` + trust + `}`, policy, high,
			"1234", "key 1234: key policy set: Allow arn:aws:iam::193672423079:root sts:AssumeRole"},
		{"kms", "ScheduleKeyDeletion", `{"pendingWindowInDays":20,"keyId":"1234"}`, setup, high, "1234",
			"key 1234: deletion scheduled in 20 days"},
		{"kms", "DeleteKey", `null`, setup, high, "", "key not told by the event: key deleted for good"},
		{"cloudtrail", "StopLogging", `{"name":"arn:aws:cloudtrail:us-west-2:111122223333:trail/main"}`, logging,
			high, "main", "trail main: logging stopped"},
		{"cloudtrail", "UpdateTrail",
			`{"name":"main","s3BucketName":"c","snsTopicName":"","isMultiRegionTrail":true,"enableLogFileValidation":false,"kmsKeyId":""}`,
			logging, high, "main",
			"trail main: settings set: bucket c, all Regions true, log file validation false"},
		{"cloudtrail", "PutEventSelectors",
			`{"eventSelectors":[{"dataResources":[{"type":"AWS::S3::Object","values":[]}],"excludeManagementEventSources":[],"includeManagementEvents":false,"readWriteType":"ReadOnly"}],"trailName":"main"}`, logging, high, "main",
			"trail main: event selectors set: no management events, no data events"},
		{"cloudtrail", "PutEventSelectors", `{"advancedEventSelectors":[{"fieldSelectors":[]}],"trailName":"main"}`,
			logging, high, "main", "trail main: event selectors set: events whose selector is not told by the event"},
		{"cloudtrail", "PutEventSelectors",
			`{"advancedEventSelectors":[{"name":"n","fieldSelectors":[{"field":"eventCategory","equals":["Data"]},{"field":"readOnly","equals":["true"]},{"field":"resources.ARN","notStartsWith":["arn:aws:s3:::a/","arn:aws:s3:::b/"]}]}],"trailName":"main"}`, logging, high, "main",
			"trail main: event selectors set: events whose eventCategory is Data and readOnly is true and " +
				"resources.ARN does not begin with arn:aws:s3:::a/ or arn:aws:s3:::b/"},
		{"iam", "DetachGroupPolicy", `{"groupName":"g","policyArn":"arn:aws:iam::aws:policy/AWSDenyAll"}`, role,
			medium, "g", "group g: policy AWSDenyAll detached"},
		{"iam", "DeletePolicyVersion", `{"policyArn":"arn:aws:iam::111122223333:policy/name","versionId":"v1"}`, role,
			medium, "name", "policy name: version v1 deleted"},
		{"kms", "CreateGrant",
			`{"keyId":"arn:aws:kms:us-west-2:111122223333:key/k","granteePrincipal":"arn:aws:iam::999988887777:root","operations":["Decrypt","DescribeKey"]}`, policy, high, "arn:aws:kms:us-west-2:111122223333:key/k",
			"key arn:aws:kms:us-west-2:111122223333:key/k: key grant to arn:aws:iam::999988887777:root: Decrypt, DescribeKey"},
		{"logs", "PutDeliverySource", `{"name":"s","resourceArn":"arn:aws:s3:::b","logType":"S3_SERVER_ACCESS_LOGS"}`,
			logging, medium, "b", "delivery of logs, b: source set"},
		{"logs", "DeleteDelivery", `{"id":"abc"}`, logging, high, "abc", "delivery of logs, abc: delivery deleted"},
	} {
		e := Event{Source: tt.source + ".amazonaws.com", Name: tt.name, Parameters: tt.parameters,
			Requester: "arn:aws:iam::111122223333:user/path/me"}
		if strings.HasPrefix(tt.source, "s3") && tt.target != "" {
			e.Bucket = "b"
		}
		got, ok := Describe(e)
		if !ok || got.Check != tt.check || got.Severity != tt.severity || got.Target != tt.target || got.What != tt.what {
			t.Errorf("%s %s:\n  %v %s %s %q %q\nwant\n  %s %s %q %q", tt.name, tt.parameters, ok, got.Check,
				got.Severity, got.Target, got.What, tt.check, tt.severity, tt.target, tt.what)
		}
	}
	for _, e := range []Event{{Source: "s3.amazonaws.com", Name: "SomethingNew"},
		{Source: "ec2.amazonaws.com", Name: "RunInstances", Bucket: "b"}, {Source: "kms.amazonaws.com", Name: "CreateGrant"},
		{Source: "kms.amazonaws.com", Name: "CreateGrant",
			Parameters: `{"keyId":"arn:aws:kms:us-west-2:111122223333:key/k","granteePrincipal":"arn:aws:iam::111122223333:role/r"}`},
		{Source: "iam.amazonaws.com", Name: "CreateInstanceProfile", Parameters: "{}"}} {
		if c, ok := Describe(e); ok {
			t.Errorf("%+v is a change: %+v", e, c)
		}
	}
	old, _ := Describe(Event{Source: "kms.amazonaws.com", Name: "DisableKey",
		Resources: `[{"ARN":"arn:aws:kms:us-west-2:111122223333:alias/a"},{"ARN":"arn:aws:kms:us-west-2:111122223333:key/k"}]`})
	if old.Target != "arn:aws:kms:us-west-2:111122223333:key/k" {
		t.Errorf("the key is %q", old.Target)
	}
}

// FuzzDescribe: what a caller can put into parameters breaks nothing.
func FuzzDescribe(f *testing.F) {
	f.Add("PutBucketPolicy", `{"bucketPolicy":{"Statement":[[[{}]]]}}`)
	f.Add("PutEventSelectors", `{"eventSelectors":{"dataResources":{"values":{}}}}`)
	f.Fuzz(func(t *testing.T, name, parameters string) {
		for _, service := range []string{"s3", "iam", "kms", "cloudtrail", "logs"} {
			c, ok := Describe(Event{Source: service + ".amazonaws.com", Name: name, Bucket: "b", Parameters: parameters})
			if ok && (c.What == "" || c.Check == "" || c.Severity == "") {
				t.Errorf("%s %s: %+v", name, parameters, c)
			}
		}
	})
}
