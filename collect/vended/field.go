// Package vended reads S3 server access logs as CloudWatch Logs delivers them
// to S3 since June 2026: JSON, one object a line, or Parquet (S3 user guide,
// page sal-cw-log-format). Fields are found by name, in any order; a missing
// field, null and "-" all stand for unknown. The page gives names and types for
// JSON; that a field may come as text where a number is expected, as other log
// types of the same service do it, is allowed for.
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
	errTime      = errors.New("request_time is missing or no time")
	errBucket    = errors.New("neither bucket_name nor bucket_arn names a bucket")
	errOperation = errors.New("operation is missing")
	errStatus    = errors.New("http_status is not a number from 100 to 599")
	errIP        = errors.New("remote_ip is not an address")
)

// value is what a field holds.
type value struct {
	text   []byte // of a string, otherwise nil
	number float64
	kind   kind
}

type kind int

const (
	unknown kind = iota
	text
	number
	boolean // number is 1 or 0
	instant // number is milliseconds since 1970 UTC
	other
)

const arnOfBucket = "arn:"

// set puts a field into the record; known is false for a name that is not of
// the format.
func set(rec *dataset.Record, name []byte, v value) (known bool, err error) {
	if v.kind == text && len(v.text) == 1 && v.text[0] == '-' {
		v = value{}
	}
	switch string(name) {
	case "schema_version_id":
	case "bucket_arn":
		// arn:aws:s3:::name
		if rec.Bucket == nil && v.kind == text && strings.HasPrefix(string(v.text), arnOfBucket) {
			rec.Bucket = v.text[bytes.LastIndexByte(v.text, ':')+1:]
		}
	case "bucket_name":
		if v.kind == text {
			rec.Bucket = v.text
		}
	case "request_time":
		if rec.TimeMS, err = v.time(); err != nil {
			return true, err
		}
	case "bucket_owner_id":
		rec.BucketOwner, err = v.string()
	case "remote_ip":
		if rec.RemoteIP, err = v.string(); err == nil && rec.RemoteIP != nil {
			if _, perr := netip.ParseAddr(string(rec.RemoteIP)); perr != nil {
				err = errIP
			}
		}
	case "requester":
		rec.Requester, err = v.string()
	case "request_id":
		rec.RequestID, err = v.string()
	case "operation":
		rec.Operation, err = v.string()
	case "key_name":
		rec.Key, err = v.string()
	case "request_uri":
		rec.RequestURI, err = v.string()
	case "http_status":
		var n int64
		n, err = v.integer(999)
		if err != nil || n != dataset.None && (n < 100 || n > 599) {
			return true, errStatus
		}
		rec.HTTPStatus = int32(n)
	case "error_code":
		rec.ErrorCode, err = v.string()
	case "bytes_sent_size":
		rec.BytesSent, err = v.integer(math.MaxInt64)
	case "object_size":
		rec.ObjectSize, err = v.integer(math.MaxInt64)
	case "total_duration":
		var n int64
		n, err = v.integer(math.MaxInt32)
		rec.TotalTimeMS = int32(n)
	case "turn_around_duration":
		var n int64
		n, err = v.integer(math.MaxInt32)
		rec.TurnAroundTimeMS = int32(n)
	case "referer":
		rec.Referer, err = v.string()
	case "user_agent":
		rec.UserAgent, err = v.string()
	case "version_id":
		rec.VersionID, err = v.string()
	case "host_id":
		rec.HostID, err = v.string()
	case "signature_version":
		rec.SignatureVersion, err = v.string()
	case "cipher_suite":
		rec.CipherSuite, err = v.string()
	case "authentication_type":
		rec.AuthenticationType, err = v.string()
	case "host_header":
		rec.HostHeader, err = v.string()
	case "tls_version":
		rec.TLSVersion, err = v.string()
	case "access_point_arn":
		rec.AccessPointARN, err = v.string()
	case "acl_required":
		rec.ACLRequired, err = v.yes()
	case "source_region":
		rec.SourceRegion, err = v.string()
	default:
		return false, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return true, err
}

// begin empties a record.
func begin(rec *dataset.Record) {
	*rec = dataset.Record{HTTPStatus: dataset.None, BytesSent: dataset.None, ObjectSize: dataset.None, TotalTimeMS: dataset.None, TurnAroundTimeMS: dataset.None}
}

// complete tells what the record lacks.
func complete(rec *dataset.Record) error {
	switch {
	case rec.TimeMS == 0:
		return errTime
	case len(rec.Bucket) == 0:
		return errBucket
	case len(rec.Operation) == 0:
		return errOperation
	}
	return nil
}

func (v value) string() ([]byte, error) {
	switch v.kind {
	case unknown:
		return nil, nil
	case text:
		return v.text, nil
	case number:
		return strconv.AppendFloat(nil, v.number, 'f', -1, 64), nil
	}
	return nil, errors.New("not a text")
}

func (v value) integer(most int64) (int64, error) {
	switch v.kind {
	case unknown:
		return dataset.None, nil
	case text:
		n, err := strconv.ParseInt(string(v.text), 10, 64)
		if err != nil || n < 0 || n > most {
			return 0, errors.New("not a number")
		}
		return n, nil
	case number:
		// A float64 holds whole numbers to 2^53, which is 9 petabytes.
		if v.number < 0 || v.number != math.Trunc(v.number) || v.number > 1<<53 || int64(v.number) > most {
			return 0, errors.New("not a number")
		}
		return int64(v.number), nil
	}
	return 0, errors.New("not a number")
}

func (v value) yes() ([]byte, error) {
	switch {
	case v.kind == unknown:
		return nil, nil
	case v.kind == boolean && v.number == 1, v.kind == text && (bytes.EqualFold(v.text, []byte("true")) || bytes.EqualFold(v.text, []byte("yes"))):
		return []byte("Yes"), nil
	case v.kind == boolean, v.kind == text && (bytes.EqualFold(v.text, []byte("false")) || bytes.EqualFold(v.text, []byte("no"))):
		return []byte("No"), nil
	}
	return nil, errors.New("not true or false")
}

// time reads ISO 8601, or what a Parquet timestamp holds.
func (v value) time() (int64, error) {
	switch v.kind {
	case instant:
		return int64(v.number), nil
	case text:
		at, err := time.Parse(time.RFC3339Nano, string(v.text))
		if err != nil || at.Year() < 1970 || at.Year() > 9999 {
			return 0, errTime
		}
		return at.UnixMilli(), nil
	}
	return 0, errTime
}
