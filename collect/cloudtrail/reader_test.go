package cloudtrail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"bucketproof/internal/dataset"
)

// put is a data event as CloudTrail writes it.
const put = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA1:job","arn":"arn:aws:sts::111122223333:assumed-role/BackupRole/job","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA1","arn":"arn:aws:iam::111122223333:role/BackupRole","accountId":"111122223333","userName":"BackupRole"},"attributes":{"creationDate":"2026-10-01T00:00:00Z","mfaAuthenticated":"false"}}},` +
	`"eventTime":"2026-10-01T22:15:07Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"[APN/1.0 Veeam/1.0 \"Backup\"]","requestParameters":{"bucketName":"acme-backups","Host":"acme-backups.s3.amazonaws.com","key":"veeam/Jo\u0308b 1/\u00e4.vbk"},"responseElements":{"x-amz-server-side-encryption":"AES256","x-amz-version-id":"v1"},` +
	`"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":1048576.0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"host=","bytesTransferredOut":0,"httpStatusCode":200},"requestID":"7Q0X7Q0X7Q0X7Q0X","eventID":"11111111-2222-3333-4444-555555555555","readOnly":false,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::acme-backups/veeam/x"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::acme-backups"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"acme-backups.s3.amazonaws.com"}}`

// change is a configuration change of 2019, with what was different then.
const change = `{"eventVersion":"1.05","userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"},"eventTime":"2019-09-17T16:04:02Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.1","userAgent":"[S3Console/0.4]","errorCode":"AccessDenied","errorMessage":"Access Denied","requestParameters":{"host":["s3.amazonaws.com"],"bucketName":"acme-backups","bucketPolicy":{"Version":"2012-10-17","Statement":[]},"policy":[""]},"responseElements":null,"requestID":"R2","eventID":"e2","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`

func file(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

// read reads a file to its end.
func read(t *testing.T, src io.Reader) (events []dataset.Event, rejected []string, err error) {
	t.Helper()
	r := NewReader(src)
	for {
		var ev dataset.Event
		rec, why, err := r.Next(&ev)
		if errors.Is(err, io.EOF) {
			return events, rejected, nil
		}
		if err != nil {
			return events, rejected, err
		}
		if rec.Number != int64(len(events)+len(rejected)+1) || !json.Valid(rec.Text) {
			t.Fatalf("record %d: %q", rec.Number, rec.Text)
		}
		if why != nil {
			rejected = append(rejected, why.Error())
			continue
		}
		events = append(events, clone(ev))
	}
}

// clone keeps an event beyond the next one.
func clone(ev dataset.Event) dataset.Event {
	for _, f := range []*[]byte{&ev.Name, &ev.Source, &ev.Region, &ev.Account, &ev.UserType, &ev.Requester,
		&ev.UserAccount, &ev.Issuer, &ev.SourceIP, &ev.UserAgent, &ev.RequestID, &ev.HostID, &ev.EventID,
		&ev.SharedID, &ev.Type, &ev.Category,
		&ev.ErrorCode, &ev.Error, &ev.Bucket, &ev.Key, &ev.VersionID, &ev.TLSVersion, &ev.CipherSuite, &ev.Signature,
		&ev.AuthType, &ev.Resources, &ev.Parameters, &ev.Response} {
		*f = bytes.Clone(*f)
	}
	return ev
}

func TestEvent(t *testing.T) {
	events, rejected, err := read(t, strings.NewReader(file(put, change)))
	if err != nil || len(events) != 2 || len(rejected) > 0 {
		t.Fatalf("%d events, %v, %v", len(events), rejected, err)
	}
	ev := events[0]
	for _, tt := range []struct{ name, got, want string }{
		{"time", time.UnixMilli(ev.TimeMS).UTC().Format(time.RFC3339), "2026-10-01T22:15:07Z"},
		{"name", string(ev.Name), "PutObject"}, {"source", string(ev.Source), "s3.amazonaws.com"},
		{"region", string(ev.Region), "us-east-1"}, {"account", string(ev.Account), "111122223333"},
		{"type", string(ev.UserType), "AssumedRole"},
		{"requester", string(ev.Requester), "arn:aws:sts::111122223333:assumed-role/BackupRole/job"},
		{"issuer", string(ev.Issuer), "arn:aws:iam::111122223333:role/BackupRole"},
		{"ip", string(ev.SourceIP), "203.0.113.7"},
		{"user agent", string(ev.UserAgent), `[APN/1.0 Veeam/1.0 "Backup"]`},
		{"request", string(ev.RequestID), "7Q0X7Q0X7Q0X7Q0X"}, {"host", string(ev.HostID), "host="},
		{"event", string(ev.EventID), "11111111-2222-3333-4444-555555555555"},
		{"bucket", string(ev.Bucket), "acme-backups"}, {"key", string(ev.Key), "veeam/Jo\u0308b 1/ä.vbk"},
		{"version", string(ev.VersionID), "v1"},
		{"tls", string(ev.TLSVersion), "TLSv1.3"}, {"suite", string(ev.CipherSuite), "TLS_AES_128_GCM_SHA256"},
		{"signature", string(ev.Signature), "SigV4"}, {"auth", string(ev.AuthType), "AuthHeader"},
		{"category", string(ev.Category), "Data"},
		{"figures", fmt.Sprint(ev.BytesIn, ev.BytesOut, ev.Status, ev.ReadOnly == dataset.No,
			ev.Management == dataset.No), "1048576 0 200 true true"},
		{"error", string(ev.ErrorCode), ""},
		{"parameters", string(ev.Parameters),
			`{"bucketName":"acme-backups","Host":"acme-backups.s3.amazonaws.com","key":"veeam/Jo\u0308b 1/\u00e4.vbk"}`},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if ev := events[1]; string(ev.ErrorCode) != "AccessDenied" || ev.Response != nil || ev.Status != dataset.None ||
		ev.ReadOnly != dataset.Untold || !bytes.Contains(ev.Parameters, []byte(`"bucketPolicy":{`)) {
		t.Errorf("the change of 2019: %+v", ev)
	}
}

// TestRequester: the same one is named as in access logs.
func TestRequester(t *testing.T) {
	for identity, want := range map[string]string{
		`{"type":"AWSService","invokedBy":"backup.amazonaws.com"}`:                                         "svc:backup.amazonaws.com",
		`{"accountId":"111122223333","invokedBy":"secretsmanager.amazonaws.com"}`:                          "svc:secretsmanager.amazonaws.com",
		`{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`:                                   "",
		`{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}`:                         "",
		`{"type":"AWSAccount","principalId":"AIDA1","accountId":"444455556666"}`:                           "444455556666",
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ops","invokedBy":"signin.amazonaws.com"}`: "arn:aws:iam::111122223333:user/ops",
		`{"type":"SAMLUser","principalId":"x:y"}`:                                                          "x:y",
		`null`: "",
		`{"type":"AssumedRole","arn":null,"accountId":null,"principalId":"AROA:x","sessionContext":null}`: "AROA:x",
	} {
		record := `{"userIdentity":` + identity +
			`,"eventTime":"2026-10-01T00:00:00Z","eventName":"X","eventSource":"y","eventID":"z","recipientAccountId":"111122223333"}`
		events, rejected, err := read(t, strings.NewReader(file(record)))
		if err != nil || len(events) != 1 || string(events[0].Requester) != want || (want == "") != (events[0].Requester == nil) {
			t.Errorf("%s: %+v, %v, %v; want %q", identity, events, rejected, err, want)
		}
	}
}

// TestTarget: bucket and key come from the resources where the parameters are null or
// omitted.
func TestTarget(t *testing.T) {
	head := `{"eventTime":"2026-10-01T00:00:00Z","eventName":"X","eventSource":"s3.amazonaws.com","eventID":"z","recipientAccountId":"111122223333",`
	for rest, want := range map[string]string{
		`"requestParameters":null,"resources":[{"type":"AWS::S3::Bucket","ARN":"arn:aws-cn:s3:::b"},{"type":"AWS::S3::Object","ARN":"arn:aws-cn:s3:::b/a/b:c"}]}`: "b a/b:c",
		`"requestParameters":{"omitted":true},"resources":[{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b"}]}`:                                                   "b ",
		`"requestParameters":{"bucketName":"x","key":""},"resources":null}`:                                                                                       "x ",
		`"requestParameters":{"bucketName":["x"],"key":7},"resources":{}}`:                                                                                        " ",
		`"requestParameters":"none","resources":[1,null,{"type":5,"ARN":"arn:aws:s3:::b"},{"ARN":"arn"}]}`:                                                        " ",
		`"resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"},{"ARN":"arn:aws:s3:::b","type":"AWS::S3::Bucket"}]}`:                               "b ",
	} {
		events, rejected, err := read(t, strings.NewReader(file(head+rest)))
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %v, %v", rest, rejected, err)
			continue
		}
		if got := string(events[0].Bucket) + " " + string(events[0].Key); got != want {
			t.Errorf("%s: %q, want %q", rest, got, want)
		}
	}
}

// TestPieces: how a file comes does not matter.
func TestPieces(t *testing.T) {
	text := "\n{ \"x\": [1, {\"a\":null}], \"Records\" : [ " + strings.Repeat(put+"\n,", 300) + change + " ] , \"more\":{}} \n"
	want, _, err := read(t, strings.NewReader(text))
	if err != nil || len(want) != 301 {
		t.Fatal(len(want), err)
	}
	for name, src := range map[string]io.Reader{"bytes": iotest.OneByteReader(strings.NewReader(text)),
		"halves": iotest.HalfReader(strings.NewReader(text)), "end with data": iotest.DataErrReader(strings.NewReader(text))} {
		got, _, err := read(t, src)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d events, %v", name, len(got), err)
		}
		for i := range got {
			if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
				t.Fatalf("%s: event %d is %+v", name, i, got[i])
			}
		}
	}
	if events, _, err := read(t, io.MultiReader(strings.NewReader(text[:len(text)/2]),
		iotest.ErrReader(io.ErrClosedPipe))); !errors.Is(err, io.ErrClosedPipe) || len(events) < 140 {
		t.Errorf("a source that fails: %d events, %v", len(events), err)
	}
}

// TestBroken: what comes before a fault is read, the fault is named by its place, and
// nothing behind it counts.
func TestBroken(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		events     int
		want       string
	}{
		{"cut off", file(put, put)[:len(put)+40], 1, "record 2: the JSON is broken at byte " +
			fmt.Sprint(len(put)+40) + ": the JSON ends in the middle"},
		{"cut off behind a record", `{"Records":[` + put, 1, "record 2"},
		{"cut off behind the records", `{"Records":[` + put + "]", 1, "ends in the middle"},
		{"no comma", `{"Records":[` + put + put + "]}", 1, `record 2: the JSON is broken at byte ` +
			fmt.Sprint(12+len(put)) + `: byte '{' where a comma`},
		{"comma at the end", `{"Records":[` + put + ",]}", 1, "byte ']' where a value"},
		{"control byte", file(put, strings.Replace(put, "Veeam", "Vee\x00am", 1), put), 1, `byte '\x00' where a byte of a string`},
		{"bad escape", file(strings.Replace(put, `\"Backup`, `\qBackup`, 1)), 0, "where an escape"},
		{"bad number", file(strings.Replace(put, "1048576.0", "01", 1)), 0, "where a comma"},
		{"rubbish behind", file(put) + "x", 1, "something stands behind"},
		{"two objects", file(put) + file(put), 1, "something stands behind"},
		{"records twice", strings.TrimSuffix(file(put), "}") + `,"Records":[` + put + "]}", 1, "twice"},
		{"too deep", file(put, `{"a":`+strings.Repeat("[", 300)+strings.Repeat("]", 300)+"}"), 1, "more than 200 values"},
		{"too large", file(put, `{"a":"`+strings.Repeat("x", MaxRecord)+`"}`), 1, "more than 16777216 bytes"},
	} {
		events, rejected, err := read(t, strings.NewReader(tt.text))
		var broken *BrokenError
		if !errors.As(err, &broken) || !strings.Contains(err.Error(), tt.want) || len(events) != tt.events || len(rejected) > 0 {
			t.Errorf("%s: %d events, %v; want %d, %q", tt.name, len(events), err, tt.events, tt.want)
		}
	}
	for _, text := range []string{"", "x", "[]", "{}", `{"Records":{}}`, `{"logFiles":[]}`,
		"79a59df900b949e5 b [06/Feb/2019:00:00:38 +0000]", "\x1f\x8b"} {
		if _, _, err := read(t, strings.NewReader(text)); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v; want that it is foreign", text, err)
		}
	}
}

// TestRejected: a sound record that is no event is rejected alone.
func TestRejected(t *testing.T) {
	_, rejected, err := read(t, strings.NewReader(file("7", "null", `"x"`, "{}",
		strings.Replace(put, "2026-10-01T22:15:07Z", "yesterday", 1), strings.ReplaceAll(put, "111122223333", "1"),
		strings.Replace(put, "eventID", "eventId", 1), strings.Replace(put, `"PutObject"`, "7", 1))))
	if err != nil || len(rejected) != 8 {
		t.Fatalf("%q, %v", rejected, err)
	}
	for i, want := range []string{"not a JSON object", "not a JSON object", "not a JSON object", "eventTime",
		"eventTime", "12 digits", "eventID", "eventName"} {
		if !strings.Contains(rejected[i], want) {
			t.Errorf("record %d: %s; want %q", i+1, rejected[i], want)
		}
	}
	if events, _, err := read(t, strings.NewReader(`{"Records":[]}`)); err != nil || len(events) != 0 {
		t.Errorf("a file without records: %v", err)
	}
}

// FuzzReader: a file is read to its end just when encoding/json takes it for sound, and
// has as many records.
func FuzzReader(f *testing.F) {
	for _, s := range []string{file(put, change), file(), `{"a":1,"Records":[1,{}],"b":[]}`, file(put)[:500],
		`{"Records":[{"a":"\ud83d\ude00\ud83d"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		events, rejected, err := read(t, iotest.HalfReader(bytes.NewReader(b)))
		var head struct{ Records []json.RawMessage }
		var keys map[string]json.RawMessage
		sound := json.Unmarshal(b, &keys) == nil && bytes.HasPrefix(bytes.TrimSpace(keys["Records"]), []byte("["))
		if err == nil {
			if !sound || json.Unmarshal(keys["Records"], &head.Records) != nil || len(head.Records) != len(events)+len(rejected) {
				t.Fatalf("it was read as %d events and %d others", len(events), len(rejected))
			}
			return
		}
		if sound && !errors.Is(err, errTwice) && !strings.Contains(err.Error(), "lie in each other") &&
			bytes.Count(b, []byte("Records")) == 1 && bytes.Count(b, []byte(`\u`)) == 0 {
			t.Fatalf("encoding/json takes it: %v", err)
		}
	})
}

// BenchmarkReader reads events, beside encoding/json decoding the same into a struct
// with the same fields.
func BenchmarkReader(b *testing.B) {
	text := []byte(file(strings.Split(strings.Repeat(put+"\x00", 8000), "\x00")[:8000]...))
	b.Run("bucketproof", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			r := NewReader(bytes.NewReader(text))
			var ev dataset.Event
			n := 0
			for {
				if _, _, err := r.Next(&ev); err != nil {
					break
				}
				n++
			}
			if n != 8000 {
				b.Fatal(n)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		type identity struct {
			Type, ARN, PrincipalID, AccountID, InvokedBy string
			SessionContext                               struct{ SessionIssuer struct{ ARN string } }
		}
		type record struct {
			EventTime, EventName, EventSource, AwsRegion, RecipientAccountID, SourceIPAddress string
			UserAgent, RequestID, EventID, SharedEventID, EventType, EventCategory            string
			ErrorCode, ErrorMessage                                                           string
			UserIdentity                                                                      identity
			RequestParameters, ResponseElements, Resources                                    json.RawMessage
			AdditionalEventData                                                               map[string]any
			ReadOnly, ManagementEvent                                                         *bool
			TLSDetails                                                                        struct{ TLSVersion, CipherSuite string }
		}
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			d := json.NewDecoder(bytes.NewReader(text))
			for range 3 { // {, "Records", [
				if _, err := d.Token(); err != nil {
					b.Fatal(err)
				}
			}
			n := 0
			for d.More() {
				var r record
				if err := d.Decode(&r); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 8000 {
				b.Fatal(n)
			}
		}
	})
}
