package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/columnar"
)

// accessRow gives the schema its columns, in the order of the contract. Rows
// are written by [appendAccess], which keeps to this order.
type accessRow struct {
	BucketOwner        *string `parquet:"bucket_owner,optional"`
	Bucket             *string `parquet:"bucket,optional"`
	Time               int64   `parquet:"time,timestamp(millisecond)"`
	RemoteIP           *string `parquet:"remote_ip,optional"`
	Requester          *string `parquet:"requester,optional"`
	RequestID          *string `parquet:"request_id,optional"`
	Operation          *string `parquet:"operation,optional"`
	Key                *string `parquet:"key,optional"`
	RequestURI         *string `parquet:"request_uri,optional"`
	HTTPStatus         *int32  `parquet:"http_status,optional"`
	ErrorCode          *string `parquet:"error_code,optional"`
	BytesSent          *int64  `parquet:"bytes_sent,optional"`
	ObjectSize         *int64  `parquet:"object_size,optional"`
	TotalTimeMS        *int32  `parquet:"total_time_ms,optional"`
	TurnAroundTimeMS   *int32  `parquet:"turn_around_time_ms,optional"`
	Referer            *string `parquet:"referer,optional"`
	UserAgent          *string `parquet:"user_agent,optional"`
	VersionID          *string `parquet:"version_id,optional"`
	HostID             *string `parquet:"host_id,optional"`
	SignatureVersion   *string `parquet:"signature_version,optional"`
	CipherSuite        *string `parquet:"cipher_suite,optional"`
	AuthenticationType *string `parquet:"authentication_type,optional"`
	HostHeader         *string `parquet:"host_header,optional"`
	TLSVersion         *string `parquet:"tls_version,optional"`
	AccessPointARN     *string `parquet:"access_point_arn,optional"`
	ACLRequired        *bool   `parquet:"acl_required,optional"`
	SourceRegion       *string `parquet:"source_region,optional"`
	Extra              *string `parquet:"extra,optional"`
	SourceObject       string  `parquet:"source_object"`
	SourceLine         int64   `parquet:"source_line"`
}

// rejectedRow is a line that could not be read. Time is that of the line where
// it could be read, otherwise that of the nearest record of its object,
// otherwise of its delivery.
type rejectedRow struct {
	Bucket       string `parquet:"bucket"`
	Time         int64  `parquet:"time,timestamp(millisecond)"`
	SourceObject string `parquet:"source_object"`
	SourceLine   int64  `parquet:"source_line"`
	Reason       string `parquet:"reason"`
	Raw          string `parquet:"raw"`
}

// MoreRejected is the reason of a row that stands for lines which were only counted.
// templates/tables/line-count.sql reads it.
func MoreRejected(lines int64) string {
	return fmt.Sprintf("%d more lines of this object can't be read", lines)
}

// accessPlan says how each column of an access file is kept. Request IDs and
// host IDs are random: the compressor finds nothing in them and takes its time.
var accessPlan = []columnar.Column{
	{Kind: columnar.Text, Optional: true, Dictionary: true}, // bucket_owner
	{Kind: columnar.Text, Optional: true, Dictionary: true}, // bucket
	{Kind: columnar.Int64},                                       // time
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // remote_ip
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // requester
	{Kind: columnar.Text, Optional: true},                        // request_id
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // operation
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // key
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // request_uri
	{Kind: columnar.Int32, Optional: true},                       // http_status
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // error_code
	{Kind: columnar.Int64, Optional: true},                       // bytes_sent
	{Kind: columnar.Int64, Optional: true},                       // object_size
	{Kind: columnar.Int32, Optional: true},                       // total_time_ms
	{Kind: columnar.Int32, Optional: true},                       // turn_around_time_ms
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // referer
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // user_agent
	{Kind: columnar.Text, Optional: true, Codec: columnar.Small}, // version_id
	{Kind: columnar.Text, Optional: true},                        // host_id
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // signature_version
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // cipher_suite
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // authentication_type
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // host_header
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // tls_version
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // access_point_arn
	{Kind: columnar.Bool, Optional: true},                        // acl_required
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // source_region
	{Kind: columnar.Text, Optional: true, Codec: columnar.Small}, // extra
	{Kind: columnar.Text, Dictionary: true},                      // source_object
	{Kind: columnar.Int64},                                       // source_line
}

var rejectedPlan = []columnar.Column{
	{Kind: columnar.Text, Dictionary: true},      // bucket
	{Kind: columnar.Int64},                       // time
	{Kind: columnar.Text, Dictionary: true},      // source_object
	{Kind: columnar.Int64},                       // source_line
	{Kind: columnar.Text, Dictionary: true},      // reason
	{Kind: columnar.Text, Codec: columnar.Small}, // raw
}

var (
	accessSchema   = mustSchema("access", accessRow{}, accessPlan)
	rejectedSchema = mustSchema("rejected", rejectedRow{}, rejectedPlan)
)

func mustSchema(name string, row any, plan []columnar.Column) *columnar.Schema {
	s, err := columnar.NewSchema(parquet.NewSchema(name, parquet.SchemaOf(row)), plan)
	if err != nil {
		panic(err) // the types above do not fit together
	}
	return s
}

// appendAccess adds a record whose text is UTF-8 to a group.
func appendAccess(g *columnar.Group, rec *Record, source []byte, line int64) {
	g.Text(0, rec.BucketOwner)
	g.Text(1, rec.Bucket)
	g.Int64(2, rec.TimeMS)
	g.Text(3, rec.RemoteIP)
	g.Text(4, rec.Requester)
	g.Text(5, rec.RequestID)
	g.Text(6, rec.Operation)
	g.Text(7, rec.Key)
	g.Text(8, rec.RequestURI)
	addInt32(g, 9, rec.HTTPStatus)
	g.Text(10, rec.ErrorCode)
	addInt64(g, 11, rec.BytesSent)
	addInt64(g, 12, rec.ObjectSize)
	addInt32(g, 13, rec.TotalTimeMS)
	addInt32(g, 14, rec.TurnAroundTimeMS)
	g.Text(15, rec.Referer)
	g.Text(16, rec.UserAgent)
	g.Text(17, rec.VersionID)
	g.Text(18, rec.HostID)
	g.Text(19, rec.SignatureVersion)
	g.Text(20, rec.CipherSuite)
	g.Text(21, rec.AuthenticationType)
	g.Text(22, rec.HostHeader)
	g.Text(23, rec.TLSVersion)
	g.Text(24, rec.AccessPointARN)
	if rec.ACLRequired == nil {
		g.Null(25)
	} else {
		g.Bool(25, string(rec.ACLRequired) == "Yes")
	}
	g.Text(26, rec.SourceRegion)
	g.Text(27, rec.Extra)
	g.Text(28, source)
	g.Int64(29, line)
	g.EndRow()
}

func addInt64(g *columnar.Group, i int, n int64) {
	if n == None {
		g.Null(i)
		return
	}
	g.Int64(i, n)
}

func addInt32(g *columnar.Group, i int, n int32) {
	if n == None {
		g.Null(i)
		return
	}
	g.Int32(i, n)
}

// text lists the text fields of a record.
func (rec *Record) text() [22]*[]byte {
	return [...]*[]byte{&rec.BucketOwner, &rec.Bucket, &rec.RemoteIP, &rec.Requester, &rec.RequestID, &rec.Operation, &rec.Key,
		&rec.RequestURI, &rec.ErrorCode, &rec.Referer, &rec.UserAgent, &rec.VersionID, &rec.HostID, &rec.SignatureVersion,
		&rec.CipherSuite, &rec.AuthenticationType, &rec.HostHeader, &rec.TLSVersion, &rec.AccessPointARN, &rec.ACLRequired,
		&rec.SourceRegion, &rec.Extra}
}

// Size is how many bytes the text of the record has.
func (rec *Record) Size() int {
	n := 0
	for _, field := range rec.text() {
		n += len(*field)
	}
	return n
}

// IsClean tells that text is ASCII without NUL, so that nothing in it needs to
// be replaced.
func IsClean(text []byte) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		w := binary.LittleEndian.Uint64(text)
		if (w|(w-low))&high != 0 { // a byte from 0x80, or a 0 that borrows
			return false
		}
	}
	for _, b := range text {
		if b == 0 || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
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
