// Package accesslog reads Amazon S3 server access logs in their text form
// (S3 user guide, page LogFormat). [Parse] turns one line into a [Record],
// [Lines] cuts a log object into lines in bounded memory.
//
// The client controls the user agent, the referer and parts of the URI, and S3
// does not escape them, so a line can't be split at quotes. Parse anchors at
// both ends: the fields up to the operation hold no client text, the fields
// after the user agent hold no quotes. A line that does not hold between the
// anchors is an error with a reason; no field is ever guessed.
package accesslog

import "errors"

// None stands in the numeric fields of a [Record] where the log says "-".
const None = -1

// Record is one line. The slices point into the line that was parsed; nil
// stands where the log says "-". Text is as logged: keys are URL-encoded, in
// some operations twice, and query strings can hold live signatures.
type Record struct {
	BucketOwner        []byte // canonical user ID
	Bucket             []byte
	TimeMS             int64  // milliseconds since 1970 UTC; S3 logs whole seconds
	RemoteIP           []byte // IPv4 or IPv6
	Requester          []byte // ARN, canonical user ID or service; nil is anonymous
	RequestID          []byte
	Operation          []byte // REST.PUT.OBJECT, BATCH.DELETE.OBJECT, S3.EXPIRE.OBJECT …
	Key                []byte
	RequestURI         []byte
	HTTPStatus         int32
	ErrorCode          []byte
	BytesSent          int64
	ObjectSize         int64 // bytes
	TotalTimeMS        int32
	TurnAroundTimeMS   int32
	Referer            []byte
	UserAgent          []byte
	VersionID          []byte
	HostID             []byte
	SignatureVersion   []byte // SigV2, SigV4
	CipherSuite        []byte
	AuthenticationType []byte // AuthHeader, QueryString
	HostHeader         []byte
	TLSVersion         []byte // TLSv1.2 or TLSV1.2
	AccessPointARN     []byte
	ACLRequired        []byte // Yes
	SourceRegion       []byte
	Extra              []byte // what stands past the 27 known fields

	// Fields is how many fields the line has: 18, 24, 25, 26, 27 or more.
	Fields int
}

// Reasons why a line is not a record.
var (
	errEmpty      = errors.New("empty line")
	errShort      = errors.New("the line ends before the request URI")
	errTime       = errors.New("no time in brackets as the third field")
	errIP         = errors.New("the remote IP is not an address")
	errOperation  = errors.New("no operation as the seventh field")
	errURI        = errors.New("no end of the request URI with status, error and four numbers behind it")
	errStatus     = errors.New("the HTTP status is not a number from 100 to 599")
	errNumber     = errors.New("a size or time is not a number")
	errAgents     = errors.New("no referer and user agent behind the numbers")
	errTail       = errors.New("the fields after the user agent are cut off or not in their order")
	ErrTooLong    = errors.New("the line is longer than 1 MiB")
	ErrIncomplete = errors.New("the log object ends in the middle of this line")
)
