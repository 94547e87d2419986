package cloudtrail

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"bucketproof/internal/dataset"
)

// Reasons why a record is not an event.
var (
	errNoTime    = errors.New("eventTime is missing or no time from 1970 to 9999")
	errNoName    = errors.New("eventName or eventSource is missing")
	errNoID      = errors.New("eventID is missing")
	errNoAccount = errors.New("neither recipientAccountId nor userIdentity.accountId is an account of 12 digits")
)

// fields are what an event is made from.
type fields struct {
	ev                        *dataset.Event
	time                      []byte
	arn, principal, invokedBy []byte
	bucketARN, objectARN      []byte
	responseVersion           []byte
}

// event reads the record that begins at s.i. A fault of the JSON is err, with errShort
// where it goes on; rejected is why a sound record is no event.
func (s *scanner) event(ev *dataset.Event) (rejected, err error) {
	*ev = dataset.Event{Status: dataset.None, BytesIn: dataset.None, BytesOut: dataset.None}
	f := fields{ev: ev}
	err = s.object(func(key []byte) error {
		switch string(key) {
		case "eventTime":
			return s.into(&f.time)
		case "eventName":
			return s.into(&ev.Name)
		case "eventSource":
			return s.into(&ev.Source)
		case "awsRegion":
			return s.into(&ev.Region)
		case "recipientAccountId":
			return s.into(&ev.Account)
		case "userIdentity":
			return s.inside(func(key []byte) error { return s.identity(&f, key) })
		case "sourceIPAddress":
			return s.into(&ev.SourceIP)
		case "userAgent":
			return s.into(&ev.UserAgent)
		case "requestID":
			return s.into(&ev.RequestID)
		case "eventID":
			return s.into(&ev.EventID)
		case "sharedEventID":
			return s.into(&ev.SharedID)
		case "eventType":
			return s.into(&ev.Type)
		case "eventCategory":
			return s.into(&ev.Category)
		case "errorCode":
			return s.into(&ev.ErrorCode)
		case "errorMessage":
			return s.into(&ev.Error)
		case "readOnly":
			return s.tristate(&ev.ReadOnly)
		case "managementEvent":
			return s.tristate(&ev.Management)
		case "requestParameters":
			return s.whole(&ev.Parameters, func(key []byte) error {
				switch string(key) {
				case "bucketName":
					return s.into(&ev.Bucket)
				case "key":
					return s.into(&ev.Key)
				case "versionId":
					return s.into(&ev.VersionID)
				}
				return s.pass()
			})
		case "responseElements":
			return s.whole(&ev.Response, func(key []byte) error {
				if string(key) == "x-amz-version-id" {
					return s.into(&f.responseVersion)
				}
				return s.pass()
			})
		case "additionalEventData":
			return s.inside(func(key []byte) error { return s.additional(ev, key) })
		case "resources":
			return s.resources(&f)
		case "tlsDetails":
			return s.inside(func(key []byte) error {
				switch string(key) {
				case "tlsVersion":
					return s.into(&ev.TLSVersion)
				case "cipherSuite":
					return s.into(&ev.CipherSuite)
				}
				return s.pass()
			})
		}
		return s.pass()
	})
	if err != nil {
		return nil, err
	}
	return f.finish(), nil
}

func (s *scanner) identity(f *fields, key []byte) error {
	switch string(key) {
	case "type":
		return s.into(&f.ev.UserType)
	case "arn":
		return s.into(&f.arn)
	case "principalId":
		return s.into(&f.principal)
	case "accountId":
		return s.into(&f.ev.UserAccount)
	case "invokedBy":
		return s.into(&f.invokedBy)
	case "sessionContext":
		return s.inside(func(key []byte) error {
			if string(key) != "sessionIssuer" {
				return s.pass()
			}
			return s.inside(func(key []byte) error {
				if string(key) == "arn" {
					return s.into(&f.ev.Issuer)
				}
				return s.pass()
			})
		})
	}
	return s.pass()
}

func (s *scanner) additional(ev *dataset.Event, key []byte) error {
	switch string(key) {
	case "x-amz-id-2":
		return s.into(&ev.HostID)
	case "SignatureVersion":
		return s.into(&ev.Signature)
	case "AuthenticationMethod":
		return s.into(&ev.AuthType)
	case "CipherSuite":
		var suite []byte
		err := s.into(&suite)
		if ev.CipherSuite == nil { // tlsDetails tell it, too
			ev.CipherSuite = suite
		}
		return err
	case "bytesTransferredIn":
		return s.amount(&ev.BytesIn)
	case "bytesTransferredOut":
		return s.amount(&ev.BytesOut)
	case "httpStatusCode":
		status := int64(dataset.None)
		err := s.amount(&status)
		if 100 <= status && status <= 599 {
			ev.Status = int32(status)
		}
		return err
	}
	return s.pass()
}

// resources finds the bucket and object among the resources, for events whose
// parameters do not name them.
func (s *scanner) resources(f *fields) error {
	s.space()
	begin := s.i
	if s.i < len(s.b) && s.b[s.i] != '[' {
		return s.pass()
	}
	err := s.array(func() error {
		var kind, arn []byte
		err := s.inside(func(key []byte) error {
			switch string(key) {
			case "type":
				return s.into(&kind)
			case "ARN":
				return s.into(&arn)
			}
			return s.pass()
		})
		switch string(kind) {
		case "AWS::S3::Bucket":
			f.bucketARN = arn
		case "AWS::S3::Object":
			f.objectARN = arn
		}
		return err
	})
	f.ev.Resources = s.b[begin:s.i]
	return err
}

// pass passes a value by.
func (s *scanner) pass() error {
	_, err := s.skip()
	return err
}

// into reads a string; null and values that are none leave it as it is, for they tell
// nothing that could be understood.
func (s *scanner) into(to *[]byte) error {
	if s.space() != '"' {
		return s.pass()
	}
	text, err := s.text()
	if err == nil && len(text) > 0 {
		*to = text
	}
	return err
}

// inside reads an object; another value is passed by.
func (s *scanner) inside(each func(key []byte) error) error {
	if c := s.space(); c != '{' {
		return s.pass()
	}
	return s.object(each)
}

// whole reads an object as inside does, and keeps its text.
func (s *scanner) whole(to *[]byte, each func(key []byte) error) error {
	c := s.space()
	begin := s.i
	err := s.inside(each)
	if text := s.b[begin:s.i]; err == nil && c != 'n' { // not null
		*to = text
	}
	return err
}

func (s *scanner) tristate(to *dataset.Tristate) error {
	text, err := s.skip()
	switch string(bytes.Trim(text, `"`)) {
	case "true":
		*to = dataset.Yes
	case "false":
		*to = dataset.No
	}
	return err
}

// amount reads a whole number, which CloudTrail writes as 12 or 12.0.
func (s *scanner) amount(to *int64) error {
	text, err := s.skip()
	if err != nil || len(text) == 0 || text[0] == '"' {
		return err
	}
	if n, perr := strconv.ParseInt(string(text), 10, 64); perr == nil {
		if n >= 0 {
			*to = n
		}
	} else if n, perr := strconv.ParseFloat(string(text), 64); perr == nil && 0 <= n && n < 1<<53 {
		*to = int64(n)
	}
	return nil
}

// finish concludes what the fields do not say themselves.
func (f *fields) finish() error {
	ev := f.ev
	at, ok := parseTime(f.time)
	if !ok {
		return errNoTime
	}
	ev.TimeMS = at
	if ev.Name == nil || ev.Source == nil {
		return errNoName
	}
	if ev.EventID == nil {
		return errNoID
	}
	if !isAccount(ev.Account) {
		if ev.Account = ev.UserAccount; !isAccount(ev.Account) {
			return errNoAccount
		}
	}
	ev.Requester = f.requester()
	if ev.VersionID == nil {
		ev.VersionID = f.responseVersion
	}
	if name := afterARN(f.objectARN); name != nil {
		bucket, key, _ := bytes.Cut(name, []byte("/"))
		if ev.Bucket == nil {
			ev.Bucket = bucket
		}
		if ev.Key == nil && len(key) > 0 && bytes.Equal(ev.Bucket, bucket) {
			ev.Key = key
		}
	}
	if name := afterARN(f.bucketARN); name != nil && ev.Bucket == nil {
		ev.Bucket = name
	}
	return nil
}

// requester is who asked, as access logs say it.
func (f *fields) requester() []byte {
	switch {
	case f.arn != nil:
		return f.arn
	case f.invokedBy != nil && (string(f.ev.UserType) == "AWSService" || f.ev.UserType == nil):
		return append([]byte("svc:"), f.invokedBy...)
	case bytes.EqualFold(f.ev.UserAccount, []byte("anonymous")), string(f.ev.UserAccount) == "ANONYMOUS_PRINCIPAL":
		return nil
	case f.ev.UserAccount != nil:
		return f.ev.UserAccount
	}
	return f.principal
}

// afterARN is what follows arn:PARTITION:s3::: in an ARN.
func afterARN(arn []byte) []byte {
	parts := bytes.SplitN(arn, []byte(":"), 6)
	if len(parts) != 6 || string(parts[2]) != "s3" || len(parts[5]) == 0 {
		return nil
	}
	return parts[5]
}

func isAccount(b []byte) bool {
	if len(b) != 12 {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// parseTime reads 2026-10-01T00:10:34Z, or another form of RFC 3339, in milliseconds.
func parseTime(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 40 {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, string(b))
	ms := t.UnixMilli()
	return ms, err == nil && dataset.ValidTime(ms)
}
