package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Account is the account of the trail.
const Account = "111122223333"

// Witnesses writes logs as [Logs] does, and a trail that records the same requests: one file
// an object, at the places where CloudTrail puts them. As in a real trail, what lifecycle
// does and each object of a batch delete has no event.
func Witnesses(logsDir, trailDir string, bytes, objectBytes int64) (t Truth, events int64, err error) {
	w := &trailWriter{dir: trailDir}
	t, err = logs(logsDir, bytes, objectBytes, false, w)
	return t, w.events, err
}

var eventNames = map[string]string{"REST.PUT.PART": "UploadPart", "REST.PUT.OBJECT": "PutObject", "REST.GET.OBJECT": "GetObject",
	"REST.HEAD.OBJECT": "HeadObject", "REST.GET.BUCKET": "ListObjects", "REST.DELETE.OBJECT": "DeleteObject"}

type trailWriter struct {
	dir    string
	text   bytes.Buffer // of the file that is filled
	events int64
}

func (w *trailWriter) add(at time.Time, operation, requester, address, id, key, status, agent string) {
	name, ok := eventNames[operation]
	if !ok {
		return
	}
	parameters := fmt.Sprintf(`{"bucketName":%q,"Host":"acme-backups.s3.us-east-1.amazonaws.com"`, Bucket)
	if key != "-" {
		parameters += fmt.Sprintf(`,"key":%q`, key)
	}
	failed := ""
	if status == "404" {
		failed = `"errorCode":"NoSuchKey","errorMessage":"The specified key does not exist.",`
	}
	quoted, err := json.Marshal("[" + agent + "]")
	if err != nil {
		panic(err) // a string has a form in JSON
	}
	if w.text.Len() > 0 {
		w.text.WriteByte(',')
	}
	fmt.Fprintf(&w.text, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEID:nightly",`+
		`"arn":%q,"accountId":%q},"eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":%q,"awsRegion":"us-east-1",`+
		`"sourceIPAddress":%q,"userAgent":%s,%s"requestParameters":%s},"responseElements":null,`+
		`"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,`+
		`"AuthenticationMethod":"AuthHeader","bytesTransferredOut":0,"httpStatusCode":%s},"requestID":%q,`+
		`"eventID":"%08x-0000-4000-8000-000000000000","readOnly":%t,"resources":[{"accountId":%q,"type":"AWS::S3::Bucket",`+
		`"ARN":"arn:aws:s3:::%s"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":%q,`+
		`"eventCategory":"Data"}`,
		requester, Account, at.UTC().Format(time.RFC3339), name, address, quoted, failed, parameters, status, id, w.events,
		name[0] == 'G' || name[0] == 'H' || name[0] == 'L', Account, Bucket, Account)
	w.events++
}

// flush writes the file of what was added.
func (w *trailWriter) flush(at time.Time, number int64) (err error) {
	path := filepath.Join(w.dir, fmt.Sprintf("AWSLogs/%s/CloudTrail/us-east-1/%s/%s_CloudTrail_us-east-1_%s_%016x.json.gz", Account,
		at.Format("2006/01/02"), Account, at.Format("20060102T1504Z"), number))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{[]byte(`{"Records":[`), w.text.Bytes(), []byte(`]}`)} {
		if _, err := z.Write(part); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.text.Reset()
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
