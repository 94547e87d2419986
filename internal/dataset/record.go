package dataset

// None stands in the numeric fields of a [Record] where the log says "-".
const None = -1

// ValidTime tells whether a time in milliseconds since 1970 UTC lies in the years
// 1970 to 9999.
func ValidTime(ms int64) bool { return ms >= 0 && ms < 253402300800000 }

// Record is one access log record, whatever form it was delivered in. Nil
// slices stand where the log says "-". Text is as logged: keys are
// URL-encoded, in some operations twice, and query strings can hold live
// signatures, which is why they leave the dataset through package redact only.
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

	// Fields is how many fields the line has: 18, 24, 25, 26, 27 or more. It is
	// not stored.
	Fields int
}
