package dataset

// Event is one CloudTrail event. Nil slices stand for what the event does not have.
// Text is as CloudTrail writes it, with JSON's escapes resolved: a key is not
// URL-encoded, as it is in a [Record].
type Event struct {
	TimeMS   int64  // milliseconds since 1970 UTC, when the request was completed; CloudTrail knows whole seconds
	Name     []byte // PutObject, PutBucketPolicy …
	Source   []byte // s3.amazonaws.com, iam.amazonaws.com …
	Region   []byte
	Account  []byte // the account that received the event: 12 digits
	UserType []byte // AssumedRole, IAMUser, Root, AWSService, AWSAccount …
	// Requester is who asked, in the form in which access logs name the same one: an
	// ARN, svc:SERVICE, or the account of one of which CloudTrail tells no more; nil is
	// anonymous.
	Requester   []byte
	UserAccount []byte // of the requester
	Issuer      []byte // ARN of the role behind a session
	SourceIP    []byte // or the name of a service
	UserAgent   []byte
	RequestID   []byte // that of the access log record about the same request
	HostID      []byte // additionalEventData x-amz-id-2, as above
	EventID     []byte
	SharedID    []byte // sharedEventID: the same in the copies that two accounts get
	Type        []byte // AwsApiCall …
	Category    []byte // Management, Data …
	ErrorCode   []byte // nil where the request succeeded
	Error       []byte
	Bucket      []byte
	Key         []byte
	VersionID   []byte // of the request, or else of the response
	ReadOnly    Tristate
	Management  Tristate
	Status      int32 // HTTP status, which CloudTrail tells since 2026; None where it does not
	BytesIn     int64
	BytesOut    int64
	TLSVersion  []byte
	CipherSuite []byte
	Signature   []byte // SigV4
	AuthType    []byte // AuthHeader, QueryString
	// Resources, Parameters and Response are JSON text.
	Resources, Parameters, Response []byte
}

// Tristate is yes, no or not told.
type Tristate int8

// The values of a Tristate.
const (
	Untold Tristate = iota
	No
	Yes
)
