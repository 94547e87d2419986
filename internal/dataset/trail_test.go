package dataset

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// eventContract is the columns of the dataset of trails.
type eventContract struct {
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

// TestEventsComeBack: each field of an event stands in the column of its name, and what an
// event does not tell is null.
func TestEventsComeBack(t *testing.T) {
	d := Dataset{Dir: t.TempDir()}
	b := d.NewBatch(1)
	e := Event{TimeMS: 1790895638000, ReadOnly: Yes, Management: No, Status: 206, BytesIn: 11, BytesOut: 22}
	fields := reflect.ValueOf(&e).Elem()
	for i := range fields.NumField() {
		if fields.Field(i).Type() == reflect.TypeFor[[]byte]() {
			fields.Field(i).SetBytes([]byte("of " + fields.Type().Field(i).Name))
		}
	}
	none := Event{TimeMS: 1790895638000, Status: None, BytesIn: None, BytesOut: None}
	for i, e := range []*Event{&e, &none} {
		if err := b.Event(TrailOwner("111122223333"), e, []byte("s3://t/o"), int64(7+i)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := b.Close()
	if err != nil || len(files) != 1 || files[0].Rows != 2 {
		t.Fatalf("%+v, %v", files, err)
	}
	rows, err := parquet.ReadFile[eventContract](d.Full(files[0].Path))
	if err != nil {
		t.Fatal(err)
	}
	// Where a column has another name than the field.
	renamed := map[string]string{"EventName": "Name", "EventSource": "Source", "SharedEventID": "SharedID", "EventType": "Type",
		"ErrorMessage": "Error", "SignatureVersion": "Signature", "AuthenticationType": "AuthType", "RequestParameters": "Parameters",
		"ResponseElements": "Response"}
	full, empty := reflect.ValueOf(rows[0]), reflect.ValueOf(rows[1])
	for i := range full.NumField() {
		name := full.Type().Field(i).Name
		if text, ok := full.Field(i).Interface().(*string); ok {
			want := "of " + name
			if other := renamed[name]; other != "" {
				want = "of " + other
			}
			if text == nil || *text != want {
				t.Errorf("the column of %s holds %v, want %q", name, text, want)
			}
		}
		if k := full.Field(i); k.Kind() == reflect.Pointer && !empty.Field(i).IsNil() {
			t.Errorf("the column of %s is not null where the event does not tell it", name)
		}
	}
	a := rows[0]
	if !*a.ReadOnly || *a.Management || *a.HTTPStatus != 206 || *a.BytesIn != 11 || *a.BytesOut != 22 || a.Time != 1790895638000 ||
		a.SourceObject != "s3://t/o" || a.SourceRecord != 7 || rows[1].SourceRecord != 8 {
		t.Errorf("%+v", a)
	}
	if got := strings.Split(files[0].Path, "/"); got[0] != "trail" || got[1] != "account=111122223333" || files[0].Kind != Trail {
		t.Errorf("%+v", files[0])
	}
}

// TestDetach: an event outlives the text that it was read from.
func TestDetach(t *testing.T) {
	read := []byte("PutObjectacme-backupsRESPONSE")
	e := Event{Name: read[:9], Bucket: read[9:21], Response: read[21:]}
	room := e.Detach([]byte("before"))
	for i := range read {
		read[i] = 'x'
	}
	if string(e.Name) != "PutObject" || string(e.Bucket) != "acme-backups" || string(e.Response) != "RESPONSE" || e.Key != nil {
		t.Errorf("it holds %q, %q, %q, %q", e.Name, e.Bucket, e.Response, e.Key)
	}
	if string(room) != "beforePutObjectacme-backupsRESPONSE" {
		t.Errorf("the room holds %q", room)
	}
	if e.Name = append(e.Name, '!'); string(e.Bucket) != "acme-backups" {
		t.Error("one field can be written into the next")
	}
}
