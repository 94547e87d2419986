package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
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
