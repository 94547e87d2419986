// Package vended reads S3 server access logs as CloudWatch Logs has delivered them to S3
// since June 2026: JSON, one object per line, or Parquet (S3 user guide, page
// sal-cw-log-format). Fields are found by name, in any order. A missing field, null, "" and
// "-" all mean unknown. The page gives names and types for JSON. A field may also come as
// text where a number is expected, because other log types of the same service do that.
package vended

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/dataset"
)

// Reasons why something is not a record.
var (
	errObject    = errors.New("the line is not a JSON object")
	errNoTime    = errors.New("request_time is missing")
	errTime      = errors.New("no time from 1970 to 9999")
	errBucket    = errors.New("neither bucket_name nor bucket_arn names a bucket")
	errOperation = errors.New("operation is missing")
	errStatus    = errors.New("not a number from 100 to 599")
	errIP        = errors.New("not an address")
	errNumber    = errors.New("not a number")
)

// value is what a field holds.
type value struct {
	kind kind
	text []byte // of a text, a number or a boolean, as written
	ms   int64  // of an instant: milliseconds since 1970 UTC
}

type kind int

const (
	unknown kind = iota
	text
	number
	boolean
	instant
	other
)

// IsRecord tells whether a JSON object looks like an access log record, whether or not it
// can be read.
func IsRecord(line []byte) bool {
	return IsJSON(line) && bytes.Contains(line, []byte(`"request_time"`)) && bytes.Contains(line, []byte(`"operation"`)) &&
		(bytes.Contains(line, []byte(`"bucket_name"`)) || bytes.Contains(line, []byte(`"bucket_arn"`)))
}

// record fills a Record from fields. What a later field tells about the bucket
// counts also when an earlier one can't be read.
type record struct {
	*dataset.Record
	err error // the first
}

func begin(rec *dataset.Record) record {
	*rec = dataset.Record{HTTPStatus: dataset.None, BytesSent: dataset.None, ObjectSize: dataset.None,
		TotalTimeMS: dataset.None, TurnAroundTimeMS: dataset.None}
	return record{Record: rec}
}

// set puts a field into the record; it returns false for a name that is not of
// the format.
func (r *record) set(name []byte, v value) (known bool) {
	if v.kind == text && (len(v.text) == 0 || len(v.text) == 1 && v.text[0] == '-') {
		v = value{}
	}
	var err error
	switch string(name) {
	case "schema_version_id":
	case "bucket_arn": // arn:aws:s3:::name
		if r.Bucket == nil && v.kind == text && strings.HasPrefix(string(v.text), "arn:") {
			r.Bucket = v.text[bytes.LastIndexByte(v.text, ':')+1:]
		}
	case "bucket_name":
		if v.kind == text {
			r.Bucket = v.text
		}
	case "request_time":
		r.TimeMS, err = v.time()
	case "bucket_owner_id":
		r.BucketOwner, err = v.string()
	case "remote_ip":
		if r.RemoteIP, err = v.string(); err == nil && r.RemoteIP != nil {
			if at, perr := netip.ParseAddr(string(r.RemoteIP)); perr != nil || at.Zone() != "" {
				err = errIP
			}
		}
	case "requester":
		r.Requester, err = v.string()
	case "request_id":
		r.RequestID, err = v.string()
	case "operation":
		r.Operation, err = v.string()
	case "key_name":
		r.Key, err = v.string()
	case "request_uri":
		r.RequestURI, err = v.string()
	case "http_status":
		var n int64
		n, err = v.integer(999)
		if err != nil || n != dataset.None && (n < 100 || n > 599) {
			err = errStatus
		}
		r.HTTPStatus = int32(n)
	case "error_code":
		r.ErrorCode, err = v.string()
	case "bytes_sent_size":
		r.BytesSent, err = v.integer(math.MaxInt64)
	case "object_size":
		r.ObjectSize, err = v.integer(math.MaxInt64)
	case "total_duration":
		var n int64
		n, err = v.integer(math.MaxInt32)
		r.TotalTimeMS = int32(n)
	case "turn_around_duration":
		var n int64
		n, err = v.integer(math.MaxInt32)
		r.TurnAroundTimeMS = int32(n)
	case "referer":
		r.Referer, err = v.string()
	case "user_agent":
		r.UserAgent, err = v.string()
	case "version_id":
		r.VersionID, err = v.string()
	case "host_id":
		r.HostID, err = v.string()
	case "signature_version":
		r.SignatureVersion, err = v.string()
	case "cipher_suite":
		r.CipherSuite, err = v.string()
	case "authentication_type":
		r.AuthenticationType, err = v.string()
	case "host_header":
		r.HostHeader, err = v.string()
	case "tls_version":
		r.TLSVersion, err = v.string()
	case "access_point_arn":
		r.AccessPointARN, err = v.string()
	case "acl_required":
		r.ACLRequired, err = v.yes()
	case "source_region":
		r.SourceRegion, err = v.string()
	default:
		return false
	}
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
	return true
}

// end tells why the fields are no record.
func (r *record) end() error {
	switch {
	case r.err != nil:
		return r.err
	case r.TimeMS == 0:
		return errNoTime
	case len(r.Bucket) == 0:
		return errBucket
	case len(r.Operation) == 0:
		return errOperation
	}
	return nil
}

func (v value) string() ([]byte, error) {
	switch v.kind {
	case unknown:
		return nil, nil
	case text, number:
		return v.text, nil
	}
	return nil, errors.New("not a text")
}

func (v value) integer(most int64) (int64, error) {
	switch v.kind {
	case unknown:
		return dataset.None, nil
	case text, number:
	default:
		return 0, errNumber
	}
	n, err := strconv.ParseInt(string(v.text), 10, 64)
	if err != nil && v.kind == number { // 1e3, 200.0
		f, ferr := strconv.ParseFloat(string(v.text), 64)
		if ferr == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			n, err = int64(f), nil
		}
	}
	if err != nil || n < 0 || n > most {
		return 0, errNumber
	}
	return n, nil
}

func (v value) yes() ([]byte, error) {
	is := func(words ...string) bool {
		for _, w := range words {
			if (v.kind == boolean || v.kind == text) && strings.EqualFold(string(v.text), w) {
				return true
			}
		}
		return false
	}
	switch {
	case v.kind == unknown:
		return nil, nil
	case is("true", "yes"):
		return []byte("Yes"), nil
	case is("false", "no"):
		return []byte("No"), nil
	}
	return nil, errors.New("not true or false")
}

// time reads ISO 8601, or what a Parquet timestamp holds.
func (v value) time() (int64, error) {
	ms := v.ms
	switch v.kind {
	case instant:
	case text:
		at, err := time.Parse(time.RFC3339Nano, string(v.text))
		if err != nil {
			return 0, errTime
		}
		ms = at.UnixMilli()
	case unknown:
		return 0, nil
	default:
		return 0, errTime
	}
	if !dataset.ValidTime(ms) {
		return 0, errTime
	}
	return ms, nil
}
