package dataset

import "bucketproof/internal/columnar"

// These tables are all that is known of the columns of the dataset: the schema of its files,
// the writing of rows, the cleaning of text and the declarations of the engine follow from
// them, and a test holds docs/DATASET.md to them.
var (
	accessTable   = newTable("access", accessColumns)
	trailTable    = newTable("trail", eventColumns)
	rejectedTable = newTable("rejected", rejectedColumns)
)

// Columns are the columns of the files of a kind, in their order.
func Columns(kind string) []columnar.Column { return schemas[kind].Columns() }

var schemas = map[string]*columnar.Schema{
	Access: accessTable.schema, Trail: trailTable.schema, Rejected: rejectedTable.schema,
}

// accessColumns are those of an access log record, in the order of the log.
var accessColumns = []column[Record]{
	text("bucket_owner", repeated, func(r *Record) *[]byte { return &r.BucketOwner }),
	text("bucket", repeated, func(r *Record) *[]byte { return &r.Bucket }),
	timeMS(func(r *Record) *int64 { return &r.TimeMS }),
	text("remote_ip", repeated, func(r *Record) *[]byte { return &r.RemoteIP }),
	text("requester", repeated, func(r *Record) *[]byte { return &r.Requester }),
	text("request_id", random, func(r *Record) *[]byte { return &r.RequestID }),
	text("operation", repeated, func(r *Record) *[]byte { return &r.Operation }),
	text("key", long, func(r *Record) *[]byte { return &r.Key }),
	text("request_uri", long, func(r *Record) *[]byte { return &r.RequestURI }),
	number32("http_status", func(r *Record) *int32 { return &r.HTTPStatus }),
	text("error_code", repeated, func(r *Record) *[]byte { return &r.ErrorCode }),
	number64("bytes_sent", func(r *Record) *int64 { return &r.BytesSent }),
	number64("object_size", func(r *Record) *int64 { return &r.ObjectSize }),
	number32("total_time_ms", func(r *Record) *int32 { return &r.TotalTimeMS }),
	number32("turn_around_time_ms", func(r *Record) *int32 { return &r.TurnAroundTimeMS }),
	text("referer", repeated, func(r *Record) *[]byte { return &r.Referer }),
	text("user_agent", repeated, func(r *Record) *[]byte { return &r.UserAgent }),
	text("version_id", seldom, func(r *Record) *[]byte { return &r.VersionID }),
	text("host_id", random, func(r *Record) *[]byte { return &r.HostID }),
	text("signature_version", repeated, func(r *Record) *[]byte { return &r.SignatureVersion }),
	text("cipher_suite", repeated, func(r *Record) *[]byte { return &r.CipherSuite }),
	text("authentication_type", repeated, func(r *Record) *[]byte { return &r.AuthenticationType }),
	text("host_header", repeated, func(r *Record) *[]byte { return &r.HostHeader }),
	text("tls_version", repeated, func(r *Record) *[]byte { return &r.TLSVersion }),
	text("access_point_arn", repeated, func(r *Record) *[]byte { return &r.AccessPointARN }),
	yes("acl_required", func(r *Record) *[]byte { return &r.ACLRequired }),
	text("source_region", repeated, func(r *Record) *[]byte { return &r.SourceRegion }),
	text("extra", seldom, func(r *Record) *[]byte { return &r.Extra }),
	sourceObject[Record](),
	sourceNumber[Record]("source_line"),
}

// eventColumns are those of a CloudTrail event.
var eventColumns = []column[Event]{
	text("account", repeated, func(e *Event) *[]byte { return &e.Account }),
	timeMS(func(e *Event) *int64 { return &e.TimeMS }),
	text("event_name", repeated, func(e *Event) *[]byte { return &e.Name }),
	text("event_source", repeated, func(e *Event) *[]byte { return &e.Source }),
	text("region", repeated, func(e *Event) *[]byte { return &e.Region }),
	text("user_type", repeated, func(e *Event) *[]byte { return &e.UserType }),
	text("requester", repeated, func(e *Event) *[]byte { return &e.Requester }),
	text("user_account", repeated, func(e *Event) *[]byte { return &e.UserAccount }),
	text("issuer", repeated, func(e *Event) *[]byte { return &e.Issuer }),
	text("source_ip", repeated, func(e *Event) *[]byte { return &e.SourceIP }),
	text("user_agent", repeated, func(e *Event) *[]byte { return &e.UserAgent }),
	text("request_id", random, func(e *Event) *[]byte { return &e.RequestID }),
	text("host_id", random, func(e *Event) *[]byte { return &e.HostID }),
	text("event_id", random, func(e *Event) *[]byte { return &e.EventID }),
	text("shared_event_id", random, func(e *Event) *[]byte { return &e.SharedID }),
	text("event_type", repeated, func(e *Event) *[]byte { return &e.Type }),
	text("category", repeated, func(e *Event) *[]byte { return &e.Category }),
	text("error_code", repeated, func(e *Event) *[]byte { return &e.ErrorCode }),
	text("error_message", long, func(e *Event) *[]byte { return &e.Error }),
	text("bucket", repeated, func(e *Event) *[]byte { return &e.Bucket }),
	text("key", long, func(e *Event) *[]byte { return &e.Key }),
	text("version_id", seldom, func(e *Event) *[]byte { return &e.VersionID }),
	tristate("read_only", func(e *Event) *Tristate { return &e.ReadOnly }),
	tristate("management", func(e *Event) *Tristate { return &e.Management }),
	number32("http_status", func(e *Event) *int32 { return &e.Status }),
	number64("bytes_in", func(e *Event) *int64 { return &e.BytesIn }),
	number64("bytes_out", func(e *Event) *int64 { return &e.BytesOut }),
	text("tls_version", repeated, func(e *Event) *[]byte { return &e.TLSVersion }),
	text("cipher_suite", repeated, func(e *Event) *[]byte { return &e.CipherSuite }),
	text("signature_version", repeated, func(e *Event) *[]byte { return &e.Signature }),
	text("authentication_type", repeated, func(e *Event) *[]byte { return &e.AuthType }),
	text("resources", long, func(e *Event) *[]byte { return &e.Resources }),
	text("request_parameters", long, func(e *Event) *[]byte { return &e.Parameters }),
	text("response_elements", long, func(e *Event) *[]byte { return &e.Response }),
	sourceObject[Event](),
	sourceNumber[Event]("source_record"),
}

// rejectedLine is a line that could not be read. Its time is that of the line where
// it could be read, otherwise that of the nearest record of its object,
// otherwise of its delivery.
type rejectedLine struct {
	bucket []byte // never nil
	timeMS int64
	reason []byte
	raw    []byte
}

var rejectedColumns = []column[rejectedLine]{
	required(text("bucket", repeated, func(l *rejectedLine) *[]byte { return &l.bucket })),
	timeMS(func(l *rejectedLine) *int64 { return &l.timeMS }),
	sourceObject[rejectedLine](),
	sourceNumber[rejectedLine]("source_line"),
	required(text("reason", repeated, func(l *rejectedLine) *[]byte { return &l.reason })),
	required(text("raw", seldom, func(l *rejectedLine) *[]byte { return &l.raw })),
}
