package oracle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"time"
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

// readTrail reads the log files of a trail's folder.
func (e *Evidence) readTrail(location string) error {
	if location == "" || e.Events[location] != nil {
		return nil
	}
	e.Events[location] = []Event{}
	seen := map[string]bool{}
	return files(location, func(name string, body []byte) error {
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
