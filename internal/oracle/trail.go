package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"bucketproof/internal/config"
)

// Event is a data event of a trail.
type Event struct {
	ID        string
	Time      time.Time
	Name      string
	Bucket    string
	Key       string
	RequestID string
	Requester string
	Error     string
	Status    int
}

// readTrail reads the log files of a trail in all its places.
func (e *Evidence) readTrail(t config.Tenant) error {
	location := t.CloudTrail.Text
	if location == "" || e.Events[location] != nil {
		return nil
	}
	e.Events[location] = []Event{}
	seen := map[string]bool{}
	for _, place := range t.Trails() {
		if err := e.readPlace(location, place.Text, seen); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evidence) readPlace(location, place string, seen map[string]bool) error {
	return files(place, func(name string, body []byte) error {
		if !strings.Contains(name, "_CloudTrail_") || strings.Contains(name, "CloudTrail-Digest") {
			return nil
		}
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(z)
		}
		var file struct {
			Records []struct {
				EventID, EventName, RequestID, ErrorCode string
				EventTime                                time.Time
				UserIdentity                             struct{ Type, ARN, AccountID, InvokedBy string }
				RequestParameters                        struct{ BucketName, Key string }
				AdditionalEventData                      struct{ HTTPStatus int }
			}
		}
		if json.Unmarshal(body, &file) != nil {
			return nil // Assumed: the generator makes whole files alone
		}
		for _, r := range file.Records {
			if seen[r.EventID] {
				continue
			}
			seen[r.EventID] = true
			e.Events[location] = append(e.Events[location], Event{ID: r.EventID, Time: r.EventTime, Name: r.EventName,
				Bucket: r.RequestParameters.BucketName,
				Key:    r.RequestParameters.Key, RequestID: r.RequestID, Requester: r.UserIdentity.ARN, Error: r.ErrorCode})
		}
		return nil
	})
}

// trailChecks compare the requests of log and trail, by bucket and request ID.
func (b *bucketView) trailChecks(t *tally) {
	if b.v.Tenant.CloudTrail.Scheme == "" {
		return
	}
	logged, told := map[string]bool{}, map[string]bool{}
	kinds := map[bool]Date{} // the first day on which the trail tells of a read, or of a write, in the bucket
	for i := range b.all {
		logged[b.all[i].RequestID] = true
	}
	for _, e := range b.v.Events[b.v.Tenant.CloudTrail.Text] {
		if e.Bucket != b.Name {
			continue
		}
		told[e.RequestID] = true
		if d, ok := kinds[readEvent(e.Name)]; !ok || dateOf(e.Time, b.v.Zone).Before(d) {
			kinds[readEvent(e.Name)] = dateOf(e.Time, b.v.Zone)
		}
	}
	for _, e := range b.v.Events[b.v.Tenant.CloudTrail.Text] {
		d := dateOf(e.Time, b.v.Zone)
		if e.Bucket == b.Name && b.v.belongsTo(e.Bucket, e.Key, e.Requester, b.v.Tenant) && !logged[e.RequestID] &&
			b.v.inMonth(d) && b.evaluated(d) && b.v.trail.day(d) == "" {
			t.add("unlogged-request", b.Name, fmt.Sprintf("%s by %s", e.Name, nameless(withoutSession(e.Requester))), d, 1)
		}
	}
	parents, children := map[string]bool{}, map[string]bool{}
	for i := range b.records {
		parents[b.records[i].RequestID] = parents[b.records[i].RequestID] || !b.records[i].Is("BATCH.DELETE.OBJECT")
	}
	for i := range b.records {
		r := &b.records[i]
		d := dateOf(r.Time, b.v.Zone)
		name := eventName(r.Operation)
		if r.Is("BATCH.DELETE.OBJECT") { // a request of which the log lacks all but its objects
			if parents[r.RequestID] || children[r.RequestID] {
				continue
			}
			children[r.RequestID], name = true, "DeleteObjects"
		}
		first, kind := kinds[readEvent(name)]
		if name != "" && kind && !d.Before(first) && !told[r.RequestID] && b.v.inMonth(d) && b.evaluated(d) &&
			b.v.trail.day(d) == "" {
			t.add("unrecorded-request", b.Name, r.Operation+" by "+nameless(withoutSession(r.Requester)), d, 1)
		}
	}
}

// readEvent: CloudTrail records data events of reads, of writes, or of both.
func readEvent(name string) bool { return hasAnyPrefix(name, "Get", "Head") }

// eventName is the name of the data event of an operation, as CloudTrail has it.
func eventName(operation string) string {
	return map[string]string{"REST.PUT.OBJECT": "PutObject", "REST.GET.OBJECT": "GetObject",
		"REST.HEAD.OBJECT": "HeadObject", "REST.DELETE.OBJECT": "DeleteObject",
		"REST.COPY.OBJECT": "CopyObject", "REST.POST.UPLOAD": "CompleteMultipartUpload",
		"REST.POST.UPLOADS": "CreateMultipartUpload", "REST.PUT.PART": "UploadPart", "REST.COPY.PART": "UploadPartCopy",
		"REST.POST.OBJECT": "PostObject", "REST.POST.MULTI_OBJECT_DELETE": "DeleteObjects"}[operation]
}
