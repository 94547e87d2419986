package dataset

import (
	"bytes"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// accessRow gives the schema its columns, in the order of the contract. Rows
// are written as values, by [appendAccess], which keeps to this order.
type accessRow struct {
	BucketOwner        *string `parquet:"bucket_owner,optional,dict"`
	Bucket             *string `parquet:"bucket,optional,dict"`
	Time               int64   `parquet:"time,timestamp(millisecond)"`
	RemoteIP           *string `parquet:"remote_ip,optional,dict"`
	Requester          *string `parquet:"requester,optional,dict"`
	RequestID          *string `parquet:"request_id,optional"`
	Operation          *string `parquet:"operation,optional,dict"`
	Key                *string `parquet:"key,optional"`
	RequestURI         *string `parquet:"request_uri,optional"`
	HTTPStatus         *int32  `parquet:"http_status,optional,dict"`
	ErrorCode          *string `parquet:"error_code,optional,dict"`
	BytesSent          *int64  `parquet:"bytes_sent,optional"`
	ObjectSize         *int64  `parquet:"object_size,optional"`
	TotalTimeMS        *int32  `parquet:"total_time_ms,optional"`
	TurnAroundTimeMS   *int32  `parquet:"turn_around_time_ms,optional"`
	Referer            *string `parquet:"referer,optional,dict"`
	UserAgent          *string `parquet:"user_agent,optional,dict"`
	VersionID          *string `parquet:"version_id,optional"`
	HostID             *string `parquet:"host_id,optional"`
	SignatureVersion   *string `parquet:"signature_version,optional,dict"`
	CipherSuite        *string `parquet:"cipher_suite,optional,dict"`
	AuthenticationType *string `parquet:"authentication_type,optional,dict"`
	HostHeader         *string `parquet:"host_header,optional,dict"`
	TLSVersion         *string `parquet:"tls_version,optional,dict"`
	AccessPointARN     *string `parquet:"access_point_arn,optional,dict"`
	ACLRequired        *bool   `parquet:"acl_required,optional"`
	SourceRegion       *string `parquet:"source_region,optional,dict"`
	Extra              *string `parquet:"extra,optional"`
	SourceObject       string  `parquet:"source_object,dict"`
	SourceLine         int64   `parquet:"source_line"`
}

// rejectedRow is a line that could not be read. Time is that of the line where
// it could be read, otherwise that of the nearest record of its object,
// otherwise of its delivery.
type rejectedRow struct {
	Bucket       string `parquet:"bucket,dict"`
	Time         int64  `parquet:"time,timestamp(millisecond)"`
	SourceObject string `parquet:"source_object,dict"`
	SourceLine   int64  `parquet:"source_line"`
	Reason       string `parquet:"reason,dict"`
	Raw          string `parquet:"raw"`
}

var (
	accessSchema   = parquet.NewSchema("access", parquet.SchemaOf(accessRow{}))
	rejectedSchema = parquet.NewSchema("rejected", parquet.SchemaOf(rejectedRow{}))
)

// accessColumns is how many columns a record has.
var accessColumns = len(accessSchema.Columns())

// row builds the values of one row, column by column.
type row struct {
	values []parquet.Value
	first  int // where its values begin
}

func (r *row) add(v parquet.Value, optional bool) {
	level := 0
	if optional && !v.IsNull() {
		level = 1
	}
	r.values = append(r.values, v.Level(0, level, len(r.values)-r.first))
}

func (r *row) text(b []byte) {
	if b == nil {
		r.add(parquet.NullValue(), true)
		return
	}
	r.add(parquet.ByteArrayValue(b), true)
}

func (r *row) int64(n int64) {
	if n == None {
		r.add(parquet.NullValue(), true)
		return
	}
	r.add(parquet.Int64Value(n), true)
}

func (r *row) int32(n int32) {
	if n == None {
		r.add(parquet.NullValue(), true)
		return
	}
	r.add(parquet.Int32Value(n), true)
}

// appendAccess appends the values of a record whose text is UTF-8.
func appendAccess(values []parquet.Value, rec *Record, source []byte, line int64) []parquet.Value {
	r := row{values: values, first: len(values)}
	r.text(rec.BucketOwner)
	r.text(rec.Bucket)
	r.add(parquet.Int64Value(rec.TimeMS), false)
	r.text(rec.RemoteIP)
	r.text(rec.Requester)
	r.text(rec.RequestID)
	r.text(rec.Operation)
	r.text(rec.Key)
	r.text(rec.RequestURI)
	r.int32(rec.HTTPStatus)
	r.text(rec.ErrorCode)
	r.int64(rec.BytesSent)
	r.int64(rec.ObjectSize)
	r.int32(rec.TotalTimeMS)
	r.int32(rec.TurnAroundTimeMS)
	r.text(rec.Referer)
	r.text(rec.UserAgent)
	r.text(rec.VersionID)
	r.text(rec.HostID)
	r.text(rec.SignatureVersion)
	r.text(rec.CipherSuite)
	r.text(rec.AuthenticationType)
	r.text(rec.HostHeader)
	r.text(rec.TLSVersion)
	r.text(rec.AccessPointARN)
	if rec.ACLRequired == nil {
		r.add(parquet.NullValue(), true)
	} else {
		r.add(parquet.BooleanValue(string(rec.ACLRequired) == "Yes"), true)
	}
	r.text(rec.SourceRegion)
	r.text(rec.Extra)
	r.add(parquet.ByteArrayValue(source), false)
	r.add(parquet.Int64Value(line), false)
	return r.values
}

// text lists the text fields of a record.
func (rec *Record) text() [22]*[]byte {
	return [...]*[]byte{&rec.BucketOwner, &rec.Bucket, &rec.RemoteIP, &rec.Requester, &rec.RequestID, &rec.Operation, &rec.Key,
		&rec.RequestURI, &rec.ErrorCode, &rec.Referer, &rec.UserAgent, &rec.VersionID, &rec.HostID, &rec.SignatureVersion,
		&rec.CipherSuite, &rec.AuthenticationType, &rec.HostHeader, &rec.TLSVersion, &rec.AccessPointARN, &rec.ACLRequired,
		&rec.SourceRegion, &rec.Extra}
}

// Clean replaces what a Parquet string can't hold: each byte that is not UTF-8,
// and NUL, becomes \xNN. It is idempotent.
func (rec *Record) Clean() {
	for _, field := range rec.text() {
		*field = cleanText(*field)
	}
}

func cleanText(b []byte) []byte {
	bad := -1
	for i := 0; i < len(b); i++ {
		if b[i] == 0 || b[i] >= utf8.RuneSelf {
			bad = i
			break
		}
	}
	if bad < 0 || utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return b
	}
	const hex = "0123456789abcdef"
	out := append(make([]byte, 0, len(b)+16), b[:bad]...)
	for i := bad; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if b[i] == 0 || r == utf8.RuneError && n == 1 {
			out = append(out, '\\', 'x', hex[b[i]>>4], hex[b[i]&15])
			i++
			continue
		}
		out = append(out, b[i:i+n]...)
		i += n
	}
	return out
}
