package accesslog

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const (
	owner  = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	head   = owner + " acme-backups [06/Feb/2019:00:00:38 +0000] 192.0.2.3 "
	arn    = "arn:aws:sts::111122223333:assumed-role/BackupRole/nightly-1"
	hostID = "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234="
	tail24 = " - " + hostID + " SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader acme-backups.s3.us-west-1.amazonaws.com TLSV1.2"
	tail27 = tail24 + " arn:aws:s3:us-west-1:111122223333:accesspoint/ap Yes eu-west-1"
	put    = arn + ` 3E57427F3EXAMPLE REST.PUT.OBJECT veeam/a%2520b "PUT /veeam/a%20b HTTP/1.1" 200 - - 4406 41 28 `
)

// fields names the fields that a test looks at.
func fields(r Record) map[string]string {
	m := map[string]string{}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		f := v.Field(i)
		name := v.Type().Field(i).Name
		switch {
		case f.Kind() == reflect.Slice && f.IsNil():
			m[name] = "-"
		case f.Kind() == reflect.Slice:
			m[name] = `"` + string(f.Bytes()) + `"`
		default:
			m[name] = fmt.Sprint(f.Int())
		}
	}
	return m
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, line string
		want       map[string]string
	}{
		{"24 fields, every one", head + put + `"-" "S3Console/0.4"` + tail24, map[string]string{
			"BucketOwner": `"` + owner + `"`, "Bucket": `"acme-backups"`,
			"TimeMS":   fmt.Sprint(time.Date(2019, 2, 6, 0, 0, 38, 0, time.UTC).UnixMilli()),
			"RemoteIP": `"192.0.2.3"`, "Requester": `"` + arn + `"`, "RequestID": `"3E57427F3EXAMPLE"`, "Operation": `"REST.PUT.OBJECT"`,
			"Key": `"veeam/a%2520b"`, "RequestURI": `"PUT /veeam/a%20b HTTP/1.1"`, "HTTPStatus": "200", "ErrorCode": "-", "BytesSent": "-1",
			"ObjectSize": "4406", "TotalTimeMS": "41", "TurnAroundTimeMS": "28", "Referer": "-",
			"UserAgent": `"S3Console/0.4"`, "VersionID": "-",
			"HostID": `"` + hostID + `"`, "SignatureVersion": `"SigV4"`,
			"CipherSuite": `"ECDHE-RSA-AES128-GCM-SHA256"`, "AuthenticationType": `"AuthHeader"`,
			"HostHeader": `"acme-backups.s3.us-west-1.amazonaws.com"`, "TLSVersion": `"TLSV1.2"`,
			"AccessPointARN": "-", "ACLRequired": "-", "SourceRegion": "-", "Extra": "-", "Fields": "24"}},
		{"18 fields", head + put + `"-" "x" 3HL4kqtJlcpXroDTDmJ`,
			map[string]string{"VersionID": `"3HL4kqtJlcpXroDTDmJ"`, "HostID": "-", "Fields": "18"}},
		{"25 fields", head + put + `"-" "x"` + tail24 + " -", map[string]string{"AccessPointARN": "-", "Fields": "25"}},
		{"26 fields", head + put + `"-" "x"` + tail24 + " - Yes", map[string]string{"ACLRequired": `"Yes"`, "Fields": "26"}},
		{"27 fields and CRLF", head + put + `"-" "x"` + tail27 + "\r", map[string]string{"SourceRegion": `"eu-west-1"`, "Fields": "27"}},
		{"fields of the future", head + put + `"-" "x"` + tail27 + ` 17 "quoted new"`,
			map[string]string{"UserAgent": `"x"`, "SourceRegion": `"eu-west-1"`, "Extra": `"17 "quoted new""`}},
		{"lifecycle, bare dashes", head[:len(head)-10] +
			"- AmazonS3 B6A1E0D3 S3.EXPIRE.OBJECT veeam/old - - - - 4406 - - - - 3HL4 " + hostID + " - - - - -",
			map[string]string{"RemoteIP": "-", "Requester": `"AmazonS3"`, "Operation": `"S3.EXPIRE.OBJECT"`,
				"RequestURI": "-", "HTTPStatus": "-1", "ObjectSize": "4406", "UserAgent": "-", "VersionID": `"3HL4"`, "Fields": "24"}},
		{"lifecycle, quoted dashes", head +
			`AmazonS3 B6A1E0D3 S3.CREATE.DELETEMARKER veeam/old "-" - - - - - - "-" "-"` + tail24,
			map[string]string{"RequestURI": "-", "Referer": "-", "UserAgent": "-", "HTTPStatus": "-1"}},
		{"child of a multi-object delete", head + arn + ` 3E57 BATCH.DELETE.OBJECT veeam/k - 204 - - 4406 - - - -` +
			tail24, map[string]string{"Operation": `"BATCH.DELETE.OBJECT"`, "HTTPStatus": "204", "UserAgent": "-"}},
		{"quoted referer, bare user agent", head + put + `"http://r" -` + tail24,
			map[string]string{"Referer": `"http://r"`, "UserAgent": "-"}},
		{"bare referer, quoted user agent", head + put + `- "x y"` + tail24, map[string]string{"Referer": "-", "UserAgent": `"x y"`}},
		{"anonymous website", head + `- 3E57 WEBSITE.GET.OBJECT index.html "GET /?x=%22 HTTP/1.1" 403 AccessDenied 231 - 7 - "-" "curl/8"` +
			tail24, map[string]string{"Requester": "-", "ErrorCode": `"AccessDenied"`, "HTTPStatus": "403"}},
		{"requester with spaces", head +
			`arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2ABC 3E57 REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x"` + tail24,
			map[string]string{"Requester": `"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2ABC"`,
				"RequestID": `"3E57"`}},
		{"IPv6", strings.Replace(head, "192.0.2.3", "2001:db8::17", 1) + put + `"-" "x"` + tail24,
			map[string]string{"RemoteIP": `"2001:db8::17"`}},
		{"quotes and brackets in the user agent", head + put +
			`"-" "Mozilla "x" [06/Feb/2019:00:00:38 +0000] \" - - 'y'"` + tail24,
			map[string]string{"Referer": "-", "UserAgent": `"Mozilla "x" [06/Feb/2019:00:00:38 +0000] \" - - 'y'"`}},
		{"user agent that plays the tail", head + put + `"-" "x" - H SigV4 C AuthHeader h TLSv1.2"` + tail24,
			map[string]string{"UserAgent": `"x" - H SigV4 C AuthHeader h TLSv1.2"`}},
		{"user agent that plays the numbers", head + put + `"-" "GET /x HTTP/1.1" 200 - 1 1 1 1 "-" "y"` + tail24,
			map[string]string{"RequestURI": `"PUT /veeam/a%20b HTTP/1.1"`, "ObjectSize": "4406",
				"UserAgent": `"GET /x HTTP/1.1" 200 - 1 1 1 1 "-" "y"`}},
		{"empty referer and user agent", head + put + `"" ""` + tail24, map[string]string{"Referer": `""`, "UserAgent": `""`}},
		{"quote and space in the URI", head + arn +
			` 3E57 REST.GET.OBJECT a"b "GET /a" 200 - b HTTP/1.1" 404 NoSuchKey 9 - 1 - "-" "x"` + tail24,
			map[string]string{"RequestURI": `"GET /a" 200 - b HTTP/1.1"`, "HTTPStatus": "404"}},
		{"URI without protocol", head + arn + ` 3E57 REST.GET.OBJECT a "GET /a" 404 NoSuchKey 9 - 1 - "-" "x"` +
			tail24, map[string]string{"RequestURI": `"GET /a"`, "HTTPStatus": "404"}},
		{"space in the key", head + arn + ` 3E57 REST.GET.OBJECT a b "c "GET /a HTTP/1.1" 200 - 9 - 1 - "-" "x"` +
			tail24, map[string]string{"Key": `"a b "c"`, "RequestURI": `"GET /a HTTP/1.1"`}},
		{"control bytes and broken UTF-8", head + put + "\"\x00\xff\" \"\x01\xfe\t\"" + tail24,
			map[string]string{"Referer": "\"\x00\xff\"", "UserAgent": "\"\x01\xfe\t\""}},
		{"quote in front of a word of the key", head + arn +
			` 3E57 REST.GET.OBJECT a "b c "GET /a HTTP/1.1" 200 - 9 - 1 - "-" "x"` + tail24,
			map[string]string{"Key": `"a "b c"`, "RequestURI": `"GET /a HTTP/1.1"`}},
		{"space in the key, no URI", head + arn + ` 3E57 REST.GET.OBJECT a b "-" 200 - 9 - 1 - "-" "x"` + tail24,
			map[string]string{"Key": `"a b"`, "RequestURI": "-"}},
		{"URI without method", head + arn + ` 3E57 REST.GET.OBJECT a "get /a" 404 NoSuchKey 9 - 1 - "-" "x"` + tail24,
			map[string]string{"Key": `"a"`, "RequestURI": `"get /a"`}},
		{"no URI, user agent that plays one", head + arn +
			` 3E57 REST.GET.OBJECT a "-" 200 - 9 - 1 - "-" "x HTTP/1.1" 403 - 1 1 1 1 "-" "y"` + tail24,
			map[string]string{"RequestURI": "-", "HTTPStatus": "200", "UserAgent": `"x HTTP/1.1" 403 - 1 1 1 1 "-" "y"`}},
		{"no key", head + arn + ` 3E57 REST.GET.LOCATION - "GET /?location HTTP/1.1" 200 - 9 - 1 - "-" "x"` + tail24,
			map[string]string{"Key": "-", "Operation": `"REST.GET.LOCATION"`}},
		{"transition with underscore", head + `AmazonS3 3E57 S3.TRANSITION_SIA.OBJECT a - - - - 9 - - - -` + tail24,
			map[string]string{"Operation": `"S3.TRANSITION_SIA.OBJECT"`}},
		{"SOAP", head + arn + ` 3E57 SOAP.GetObject a "POST /soap HTTP/1.1" 200 - 9 9 1 - "-" "x" -`,
			map[string]string{"Operation": `"SOAP.GetObject"`}},
		{"leap day", strings.Replace(head, "06/Feb/2019:00:00:38", "29/Feb/2028:23:59:59", 1) + put + `"-" "x"` +
			tail24, map[string]string{"TimeMS": fmt.Sprint(time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC).UnixMilli())}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			if err := Parse([]byte(tt.line), &r); err != nil {
				t.Fatal(err)
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

func TestParseRejects(t *testing.T) {
	ok := head + put + `"-" "x"` + tail24
	tests := []struct {
		name, line string
		want       error
	}{
		{"blank", "  \r\n", errEmpty},
		{"not a log", `{"Records":[{"eventTime":"2026-10-01T00:00:00Z"}]}`, errTime},
		{"month of no calendar", strings.Replace(ok, "Feb", "Feb"[:2]+"x", 1), errTime},
		{"30 February", strings.Replace(ok, "06/Feb", "30/Feb", 1), errTime},
		{"day 0", strings.Replace(ok, "06/Feb", "00/Feb", 1), errTime},
		{"IP of letters", strings.Replace(ok, "192.0.2.3", "localhost", 1), errIP},
		{"no operation", strings.Replace(ok, "REST.PUT.OBJECT", "put", 1), errOperation},
		{"ends in the key", ok[:strings.Index(ok, ` "PUT`)], errShort},
		{"ends in the URI", ok[:strings.Index(ok, ` HTTP`)], errURI},
		{"status of words", strings.Replace(ok, `" 200 `, `" ok `, 1), errStatus},
		{"status 999", strings.Replace(ok, `" 200 `, `" 999 `, 1), errStatus},
		{"size of words", strings.Replace(ok, " 4406 ", " 4k ", 1), errNumber},
		{"size past int64", strings.Replace(ok, " 4406 ", " 9223372036854775808 ", 1), errNumber},
		{"time past int32", strings.Replace(ok, " 41 28 ", " 2147483648 28 ", 1), errNumber},
		{"ends behind the user agent", head + put + `"-" "x"`, errTail},
		{"ends in the user agent", head + put + `"-" "x`, errTail},
		{"ends in the host ID", head + put + `"-" "x" - s9lzHY`, errTail},
		{"two ways to read it", head + arn +
			` 3E57 REST.GET.OBJECT a "GET /a" 200 - 9 - 1 - "-" "x HTTP/1.1" 403 - 1 1 1 1 "-" "y"` + tail24, errTwoWays},
		{"ends in the user agent behind a quote", head + put + `"-" "Mozilla "X11" (Lin`, errTail},
		{"22 fields", ok[:strings.LastIndex(ok, " acme")], errTail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			if err := Parse([]byte(tt.line), &r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTimeAgreesWithTheStandardLibrary(t *testing.T) {
	for at := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2105; at = at.Add(17*time.Hour + 61*time.Second) {
		got, ok := parseTime([]byte(at.Format("[02/Jan/2006:15:04:05 -0700]")))
		if !ok || got != at.UnixMilli() {
			t.Fatalf("%s came out as %d, %t", at, got, ok)
		}
	}
}

// collectAll reads text and says for each line what came of it.
func collectAll(t *testing.T, src io.Reader) []string {
	t.Helper()
	var out []string
	var rec Record
	for r := NewReader(src); ; {
		line, rejected, err := r.Next(&rec)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if rejected != nil {
			out = append(out, fmt.Sprintf("%d: %v", line.Number, rejected))
		} else {
			out = append(out, fmt.Sprintf("%d: %s", line.Number, rec.Operation))
		}
	}
}

func TestReader(t *testing.T) {
	ok := head + put + `"-" "x"` + tail27
	long := strings.Repeat("x", 100<<20)
	incomplete := ErrIncomplete.Error()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"no newline at the end", ok + "\n" + ok, []string{"1: REST.PUT.OBJECT", "2: REST.PUT.OBJECT"}},
		{"blank lines keep their number", "\n \r\n" + ok + "\r\n\n", []string{"3: REST.PUT.OBJECT"}},
		{"cut behind the version ID", ok + "\n" + head + put + `"-" "x" 3HL4`, []string{"1: REST.PUT.OBJECT", "2: " + incomplete}},
		{"cut inside the last field", ok + "\n" + ok[:len(ok)-3], []string{"1: REST.PUT.OBJECT", "2: " + incomplete}},
		{"only line, whole", ok, []string{"1: REST.PUT.OBJECT"}},
		{"only line, cut behind the version ID", head + put + `"-" "x" 3HL4`, []string{"1: " + incomplete}},
		{"only line, cut inside the region", ok[:len(ok)-2], []string{"1: " + incomplete}},
		{"only line, cut inside the TLS version", ok[:strings.Index(ok, "TLSV1")+5], []string{"1: " + incomplete}},
		{"cut inside the URI", ok + "\n" + ok[:200], []string{"1: REST.PUT.OBJECT", "2: " + incomplete}},
		{"100 MB line", ok + "\n" + long + "\n" + ok + "\n",
			[]string{"1: REST.PUT.OBJECT", "2: " + ErrTooLong.Error(), "3: REST.PUT.OBJECT"}},
		{"100 MB line at the end", ok + "\n" + long, []string{"1: REST.PUT.OBJECT", "2: " + ErrTooLong.Error()}},
		{"rubbish between", ok + "\n\x00\xff\n" + ok + "\n", []string{"1: REST.PUT.OBJECT", "2: " + errTime.Error(), "3: REST.PUT.OBJECT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := collectAll(t, strings.NewReader(tt.text)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestLinesBoundsMemory(t *testing.T) {
	l := NewLines(io.LimitReader(endless{}, 300<<20))
	line, err := l.Next()
	if err != nil || !line.TooLong || len(line.Text) != keptOfLong {
		t.Fatalf("got %d bytes, too long %t, %v", len(line.Text), line.TooLong, err)
	}
	if len(l.buf) > 4*MaxLine {
		t.Errorf("the buffer grew to %d bytes", len(l.buf))
	}
}

// What was read before an error of the source is handed out.
func TestLinesBeforeAnError(t *testing.T) {
	broken := errors.New("broken")
	l := NewLines(io.MultiReader(strings.NewReader("a\nb\nc"), iotest.ErrReader(broken)))
	var got []string
	for {
		line, err := l.Next()
		if err != nil {
			if err != broken {
				t.Errorf("it ends with %v", err)
			}
			break
		}
		got = append(got, string(line.Text))
	}
	if strings.Join(got, " ") != "a b c" {
		t.Errorf("got %v", got)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestParseOfHostileLinesEnds would run for hours were the search for the
// anchors quadratic.
func TestParseOfHostileLinesEnds(t *testing.T) {
	for _, unit := range []string{`"A `, `" `, `" "`, `"A HTTP/1.1" `, `"A HTTP/1.1" 200 - 1 1 1 1 "`, `- `, ` `, `" x`} {
		for _, start := range []string{head, head + arn + " 3E57 REST.GET.OBJECT ", head + put, head + put + `"`} {
			var r Record
			line := start + strings.Repeat(unit, MaxLine/len(unit))
			if err := Parse([]byte(line), &r); err == nil && r.Fields < fieldsToVersion {
				t.Errorf("%q: %d fields", unit, r.Fields)
			}
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	line := []byte(head + put + `"-" "x"` + tail27)
	var r Record
	if n := testing.AllocsPerRun(100, func() {
		if err := Parse(line, &r); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%g allocations a record", n)
	}
}

// A Parser that remembers reads every line as one that does not.
func TestParserRemembersNothingWrong(t *testing.T) {
	var lines []string
	for _, tt := range append(hardLines, decided...) {
		lines = append(lines, tt.line)
	}
	for _, tail := range []string{tail24, tail27, tail27 + " more", tail27[:len(tail27)-1], " - H - - - - - - - -",
		" v H - - - - - - - -", " - H - - - - -"} {
		lines = append(lines, head+put+`"-" "x"`+tail, strings.Replace(head, "acme", "acm", 1)+put+`"-" "x"`+tail)
	}
	for from := range lines {
		var p Parser
		for i := range lines {
			line := lines[(i*(from+1)+from)%len(lines)]
			var alone, after Record
			want, got := Parse([]byte(line), &alone), p.Parse([]byte(line), &after)
			if want != got || want == nil && !reflect.DeepEqual(fields(alone), fields(after)) {
				t.Fatalf("%q: %v, %v\n%v\n%v", line, want, got, fields(alone), fields(after))
			}
		}
	}
}

// BenchmarkReader reads 64 KiB of different lines.
func BenchmarkReader(b *testing.B) {
	var text []byte
	for i := 0; len(text) < 64<<10; i++ {
		line := head + put + `"-" "aws-sdk-go/1.44 (go1.19; linux; amd64)"` + tail27 + "\n"
		line = strings.Replace(line, hostID, fmt.Sprintf("%x", sha512.Sum384(fmt.Append(nil, i)))[:76], 1)
		text = append(text, strings.Replace(line, " 4406 ", fmt.Sprintf(" %d ", i*i*i*7919), 1)...)
	}
	b.SetBytes(int64(len(text)))
	var rec Record
	for b.Loop() {
		r := ReadBytes(text)
		for {
			_, rejected, err := r.Next(&rec)
			if err == io.EOF {
				break
			}
			if rejected != nil || err != nil {
				b.Fatal(rejected, err)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	line := []byte(head + put + `"-" "aws-sdk-go/1.44 (go1.19; linux; amd64)"` + tail27)
	b.SetBytes(int64(len(line) + 1))
	var r Record
	for b.Loop() {
		if err := Parse(line, &r); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParse checks that what is read was in the line: every field is found in
// it, from left to right.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + put + `"-" "x"` + tail27))
	f.Add([]byte(head + arn + ` 3E57 BATCH.DELETE.OBJECT veeam/k - 204 - - 4406 - - - -` + tail24))
	f.Add([]byte(head + put + `"r" "a" "b"` + tail27 + " more"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r, again Record
		var p Parser
		if err := p.Parse([]byte(head+put+`"-" "x"`+tail27), &again); err != nil {
			t.Fatal(err)
		}
		err := Parse(line, &r)
		if got := p.Parse(line, &again); got != err || err == nil && !reflect.DeepEqual(fields(r), fields(again)) {
			t.Fatalf("behind another line %q is %v, alone it is %v", line, got, err)
		}
		if err != nil {
			return
		}
		rest := line
		for _, field := range [][]byte{r.BucketOwner, r.Bucket, r.RemoteIP, r.Requester, r.RequestID, r.Operation,
			r.Key, r.RequestURI, r.ErrorCode,
			r.Referer, r.UserAgent, r.VersionID, r.HostID, r.SignatureVersion, r.CipherSuite, r.AuthenticationType,
			r.HostHeader, r.TLSVersion,
			r.AccessPointARN, r.ACLRequired, r.SourceRegion, r.Extra} {
			i := bytes.Index(rest, field)
			if i < 0 {
				t.Fatalf("%q is not behind the field before it in %q", field, line)
			}
			rest = rest[i+len(field):]
		}
		if r.Fields < fieldsToVersion {
			t.Fatalf("%d fields in %q", r.Fields, line)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(head + put + `"-" "x"` + tail27 + "\n\n\x00\n" + head))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := 0
		for _, line := range bytes.Split(text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		if got := collectAll(t, bytes.NewReader(text)); len(got) != want {
			t.Fatalf("%d lines are accounted for, want %d", len(got), want)
		}
	})
}
