package dataset

import (
	"strings"

	"bucketproof/internal/columnar"
	"bucketproof/internal/identity"
)

// TrailOwner is what stands in the place of a bucket in files and in the ledger for the
// CloudTrail events of an account. No bucket has such a name.
func TrailOwner(account string) string { return trailOwner + account }

const trailOwner = "trail="

// KindOf is the kind of the files with the records of a bucket, or of a [TrailOwner].
func KindOf(bucket string) string {
	if strings.HasPrefix(bucket, trailOwner) {
		return Trail
	}
	return Access
}

// folderOf is the partition's folder of a bucket or a [TrailOwner].
func folderOf(bucket string) string {
	if account, ok := strings.CutPrefix(bucket, trailOwner); ok {
		return "account=" + account
	}
	if bucket == "" {
		bucket = "-" // no bucket has this name
	}
	return "bucket=" + bucket
}

// trailRow gives the schema of events its columns. Rows are written by [appendEvent],
// which keeps to this order.
type trailRow struct {
	Account            *string `parquet:"account,optional"`
	Time               int64   `parquet:"time,timestamp(millisecond)"`
	EventName          *string `parquet:"event_name,optional"`
	EventSource        *string `parquet:"event_source,optional"`
	Region             *string `parquet:"region,optional"`
	UserType           *string `parquet:"user_type,optional"`
	Requester          *string `parquet:"requester,optional"`
	UserAccount        *string `parquet:"user_account,optional"`
	Issuer             *string `parquet:"issuer,optional"`
	SourceIP           *string `parquet:"source_ip,optional"`
	UserAgent          *string `parquet:"user_agent,optional"`
	RequestID          *string `parquet:"request_id,optional"`
	HostID             *string `parquet:"host_id,optional"`
	EventID            *string `parquet:"event_id,optional"`
	SharedEventID      *string `parquet:"shared_event_id,optional"`
	EventType          *string `parquet:"event_type,optional"`
	Category           *string `parquet:"category,optional"`
	ErrorCode          *string `parquet:"error_code,optional"`
	ErrorMessage       *string `parquet:"error_message,optional"`
	Bucket             *string `parquet:"bucket,optional"`
	Key                *string `parquet:"key,optional"`
	VersionID          *string `parquet:"version_id,optional"`
	ReadOnly           *bool   `parquet:"read_only,optional"`
	Management         *bool   `parquet:"management,optional"`
	HTTPStatus         *int32  `parquet:"http_status,optional"`
	BytesIn            *int64  `parquet:"bytes_in,optional"`
	BytesOut           *int64  `parquet:"bytes_out,optional"`
	TLSVersion         *string `parquet:"tls_version,optional"`
	CipherSuite        *string `parquet:"cipher_suite,optional"`
	SignatureVersion   *string `parquet:"signature_version,optional"`
	AuthenticationType *string `parquet:"authentication_type,optional"`
	Resources          *string `parquet:"resources,optional"`
	RequestParameters  *string `parquet:"request_parameters,optional"`
	ResponseElements   *string `parquet:"response_elements,optional"`
	SourceObject       string  `parquet:"source_object"`
	SourceRecord       int64   `parquet:"source_record"`
}

var trailPlan = []columnar.Column{
	{Kind: columnar.Text, Optional: true, Dictionary: true}, // account
	{Kind: columnar.Int64},                                       // time
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // event_name
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // event_source
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // region
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // user_type
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // requester
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // user_account
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // issuer
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // source_ip
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // user_agent
	{Kind: columnar.Text, Optional: true},                        // request_id
	{Kind: columnar.Text, Optional: true},                        // host_id
	{Kind: columnar.Text, Optional: true},                        // event_id
	{Kind: columnar.Text, Optional: true},                        // shared_event_id
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // event_type
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // category
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // error_code
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // error_message
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // bucket
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // key
	{Kind: columnar.Text, Optional: true, Codec: columnar.Small}, // version_id
	{Kind: columnar.Bool, Optional: true},                        // read_only
	{Kind: columnar.Bool, Optional: true},                        // management
	{Kind: columnar.Int32, Optional: true},                       // http_status
	{Kind: columnar.Int64, Optional: true},                       // bytes_in
	{Kind: columnar.Int64, Optional: true},                       // bytes_out
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // tls_version
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // cipher_suite
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // signature_version
	{Kind: columnar.Text, Optional: true, Dictionary: true},      // authentication_type
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // resources
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // request_parameters
	{Kind: columnar.Text, Optional: true, Codec: columnar.Fast},  // response_elements
	{Kind: columnar.Text, Dictionary: true},                      // source_object
	{Kind: columnar.Int64},                                       // source_record
}

var trailSchema = mustSchema("trail", trailRow{}, trailPlan)

// appendEvent adds an event whose text is UTF-8 to a group.
func appendEvent(g *columnar.Group, ev *Event, source []byte, record int64) {
	g.Text(0, ev.Account)
	g.Int64(1, ev.TimeMS)
	g.Text(2, ev.Name)
	g.Text(3, ev.Source)
	g.Text(4, ev.Region)
	g.Text(5, ev.UserType)
	g.Text(6, ev.Requester)
	g.Text(7, ev.UserAccount)
	g.Text(8, ev.Issuer)
	g.Text(9, ev.SourceIP)
	g.Text(10, ev.UserAgent)
	g.Text(11, ev.RequestID)
	g.Text(12, ev.HostID)
	g.Text(13, ev.EventID)
	g.Text(14, ev.SharedID)
	g.Text(15, ev.Type)
	g.Text(16, ev.Category)
	g.Text(17, ev.ErrorCode)
	g.Text(18, ev.Error)
	g.Text(19, ev.Bucket)
	g.Text(20, ev.Key)
	g.Text(21, ev.VersionID)
	addTristate(g, 22, ev.ReadOnly)
	addTristate(g, 23, ev.Management)
	addInt32(g, 24, ev.Status)
	addInt64(g, 25, ev.BytesIn)
	addInt64(g, 26, ev.BytesOut)
	g.Text(27, ev.TLSVersion)
	g.Text(28, ev.CipherSuite)
	g.Text(29, ev.Signature)
	g.Text(30, ev.AuthType)
	g.Text(31, ev.Resources)
	g.Text(32, ev.Parameters)
	g.Text(33, ev.Response)
	g.Text(34, source)
	g.Int64(35, record)
	g.EndRow()
}

func addTristate(g *columnar.Group, i int, t Tristate) {
	if t == Untold {
		g.Null(i)
		return
	}
	g.Bool(i, t == Yes)
}

// Event adds an event of an account's trail. Its text must be clean (see
// [Event.Clean]); it is copied.
func (b *Batch) Event(owner string, ev *Event, source []byte, record int64) error {
	p := b.last
	if p == nil || ev.TimeMS < p.msFrom || ev.TimeMS >= p.msTo || p.bucket != owner {
		var err error
		if p, err = b.part(Trail, owner, ev.TimeMS, trailSchema); err != nil {
			return err
		}
		b.last = p
	}
	if p.group == nil {
		p.group = newGroup(p.schema)
	}
	before := p.group.Bytes()
	appendEvent(p.group, ev, source, record)
	b.grew(p, before)
	return nil
}

// text lists the text fields of an event.
func (ev *Event) text() [28]*[]byte {
	return [...]*[]byte{&ev.Name, &ev.Source, &ev.Region, &ev.Account, &ev.UserType, &ev.Requester, &ev.UserAccount,
		&ev.Issuer, &ev.SourceIP, &ev.UserAgent,
		&ev.RequestID, &ev.HostID, &ev.EventID, &ev.SharedID, &ev.Type, &ev.Category, &ev.ErrorCode, &ev.Error,
		&ev.Bucket, &ev.Key, &ev.VersionID,
		&ev.TLSVersion, &ev.CipherSuite, &ev.Signature, &ev.AuthType, &ev.Resources, &ev.Parameters, &ev.Response}
}

// Clean replaces what a Parquet string can't hold, as [Record.Clean] does.
func (ev *Event) Clean() {
	for _, field := range ev.text() {
		*field = cleanText(*field)
	}
}

// Detach copies the text of the event to the end of room, which it returns, so that it
// outlives what it was read from.
func (ev *Event) Detach(room []byte) []byte {
	for _, field := range ev.text() {
		if *field == nil {
			continue
		}
		begin := len(room)
		room = append(room, *field...)
		*field = room[begin:len(room):len(room)]
	}
	return room
}

// IdentifyEvent gives the ID of an event: a hash of its eventID. CloudTrail may deliver
// an event more than once.
func IdentifyEvent(key identity.Key, eventID []byte) identity.ID {
	var b [64]byte
	return key.Hash(appendField(append(b[:0], "event"...), eventID))
}

// eventRow is the part of an event that identifies it.
type eventRow struct {
	EventID *string `parquet:"event_id,optional"`
}

func (r *eventRow) id(key identity.Key) identity.ID { return IdentifyEvent(key, bytesOf(r.EventID)) }
