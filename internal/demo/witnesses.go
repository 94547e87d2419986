package demo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Witnesses beside the access log: a CloudTrail trail with its digests, the metrics of
// CloudWatch, reports of the backup tool and the list of approved changes. They tell of
// the same month as the log; each has one disagreement with it planted.

// event is one event of the trail.
type event struct {
	at   time.Time
	body map[string]any
}

// eventNames are the data events of the operations that the demo makes. Lifecycle and
// the children of multi-object deletes have none.
var eventNames = map[string]string{"REST.HEAD.BUCKET": "HeadBucket", "REST.GET.BUCKET": "ListObjects",
	"REST.GET.OBJECT": "GetObject", "REST.HEAD.OBJECT": "HeadObject", "REST.PUT.OBJECT": "PutObject",
	"REST.PUT.PART": "UploadPart", "REST.POST.UPLOADS": "CreateMultipartUpload",
	"REST.POST.UPLOAD": "CompleteMultipartUpload", "REST.POST.MULTI_OBJECT_DELETE": "DeleteObjects"}

// change is a change of how things are set up, which CloudTrail records.
type change struct {
	at                time.Time
	service, name, id string
	parameters        map[string]any
}

// witness writes the trail, the metrics, the reports and the approved changes of a
// tenant. Its traffic is complete.
func (tr *traffic) witness(dir string, n uint64) error {
	w := &witness{traffic: tr, dir: dir, rng: mathrand.New(mathrand.NewPCG(seed+1, n))}
	w.trouble()
	for _, do := range []func() error{w.trail, w.metrics, w.reports, w.approved} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

type witness struct {
	*traffic
	dir     string
	rng     *mathrand.Rand // of its own, so that the logs do not depend on it
	events  []event
	tamper  string // request ID of the event that is taken out of the trail when it is signed
	reduced int    // day of which CloudWatch counts more than the log holds
	wrong   int    // night of which the backup tool reports more
}

// random is upper-case hexadecimal.
func (w *witness) random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = hexDigits[w.rng.IntN(16)]
	}
	return string(b)
}

// trouble plants what the witnesses disagree about.
func (w *witness) trouble() {
	for i := range w.records {
		r := &w.records[i]
		if name := eventNames[r.operation]; name != "" {
			w.events = append(w.events, w.dataEvent(r.at, r.bucket, name, r.requester, r.key, r.id, r.ip, r.agent, r.errorCode))
		}
	}
	for _, c := range w.changes {
		w.events = append(w.events, w.changeEvent(c))
	}
	const archive = 0
	admin := w.t.admin()
	// An object that was removed, of which the log has no record.
	w.events = append(w.events, w.dataEvent(w.clock(11, 15, 30), archive, "DeleteObject", admin,
		w.t.buckets[archive].prefix+"2026-10-03/0f3a.blk", w.random(16), "203.0.113.40", "aws-cli/2.17.0 Python/3.11.8", ""))
	w.plant(archive, "unlogged-request", "DeleteObject by "+admin, 1)
	// A log file of the trail that was changed after CloudTrail had delivered it.
	for _, r := range w.records {
		if strings.Contains(r.requester, "444455556666") && r.status == 200 {
			w.tamper = r.id
			w.plant(archive, "unrecorded-request", "REST.GET.OBJECT by arn:aws:sts::444455556666:assumed-role/DataScience", 1)
			break
		}
	}
	w.reduced, w.wrong = 25, 19
	w.plant(archive, "backup-report-mismatch", "bytes differ", 1)
}

// dataEvent is what CloudTrail records of a request.
func (w *witness) dataEvent(at time.Time, b int, name, requester, key, id, ip, agent, failure string) event {
	bucket := w.t.buckets[b].name
	parameters := map[string]any{"bucketName": bucket, "Host": bucket + ".s3." + w.t.region + ".amazonaws.com"}
	resources := []any{map[string]any{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::" + bucket, "accountId": w.t.account}}
	if key != "" && key != "-" {
		if plain, err := url.PathUnescape(key); err == nil { // the log has it URL-encoded
			key = plain
		}
		parameters["key"] = key
		resources = append(resources, map[string]any{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::" + bucket + "/" + key})
	}
	body := map[string]any{"eventSource": "s3.amazonaws.com", "eventName": name, "eventCategory": "Data",
		"managementEvent": false, "readOnly": !strings.ContainsAny(name[:1], "PUCD"),
		"requestParameters": parameters, "responseElements": nil, "resources": resources, "sourceIPAddress": ip,
		"userAgent": "[" + agent + "]", "requestID": id,
		"additionalEventData": map[string]any{"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader",
			"x-amz-id-2": w.random(48)}}
	if failure != "" {
		body["errorCode"], body["errorMessage"] = failure, failure
	}
	return w.event(at, w.t.region, requester, body)
}

func (w *witness) changeEvent(c change) event {
	region := w.t.region
	body := map[string]any{"eventSource": c.service + ".amazonaws.com", "eventName": c.name,
		"eventCategory": "Management", "managementEvent": true, "readOnly": false, "requestParameters": c.parameters,
		"responseElements": nil, "sourceIPAddress": "203.0.113.40", "userAgent": "[aws-cli/2.17.0 Python/3.11.8]",
		"requestID": cmp.Or(c.id, w.random(16))}
	if c.service == "iam" {
		region = "us-east-1"
	} else {
		bucket := w.t.buckets[0].name
		body["resources"] = []any{map[string]any{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::" + bucket, "accountId": w.t.account}}
	}
	return w.event(c.at, region, w.t.admin(), body)
}

// event adds what all events have. CloudTrail notes when a request was completed.
func (w *witness) event(at time.Time, region, requester string, body map[string]any) event {
	at = at.UTC().Add(time.Duration(w.rng.IntN(2)) * time.Second)
	who := map[string]any{"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
	if parts := strings.Split(requester, ":"); len(parts) > 5 {
		who = map[string]any{"type": "IAMUser", "arn": requester, "accountId": parts[4]}
		if parts[2] == "sts" {
			who["type"] = "AssumedRole"
		}
	}
	maps.Copy(body, map[string]any{"eventVersion": "1.11", "eventTime": at.Format(time.RFC3339), "awsRegion": region,
		"userIdentity": who, "eventType": "AwsApiCall", "recipientAccountId": w.t.account,
		"eventID": strings.ToLower(w.random(8) + "-" + w.random(4) + "-" + w.random(4) + "-" + w.random(4) + "-" + w.random(12))})
	return event{at, body}
}

// trailName is that of the demo's trail.
const trailName = "evidence"

// trail writes the log files of each hour, and the digest of the hour, which CloudTrail
// signs. It is a trail of one Region that records global services, too. The keys and signatures are new each time; no packet shows them.
func (w *witness) trail() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	fingerprint := strings.ToLower(w.random(32))
	from, to := w.day(0).UTC(), w.day(days+1).UTC().Add(10*time.Hour)
	byHour := map[int64][]event{}
	for _, e := range w.events {
		byHour[e.at.Unix()/3600] = append(byHour[e.at.Unix()/3600], e)
	}
	d := digests{witness: w, key: key, fingerprint: fingerprint}
	for at := from.Truncate(time.Hour); at.Before(to); at = at.Add(time.Hour) {
		// What happened in an hour is delivered some minutes behind it.
		file, err := d.logFile(at, byHour[at.Unix()/3600-1])
		if err != nil {
			return err
		}
		if err := d.sign(at.Add(time.Hour), file); err != nil {
			return err
		}
	}
	public := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	list := map[string]any{"PublicKeyList": []any{map[string]any{"Value": public, "Fingerprint": fingerprint,
		"ValidityStartTime": "2026-01-01T00:00:00Z", "ValidityEndTime": "2027-01-01T00:00:00Z"}}}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, "cloudtrail-keys.json"), append(text, '\n'), 0o644)
}

// digests is the chain of the digests.
type digests struct {
	*witness
	key                    *rsa.PrivateKey
	fingerprint            string
	object, sum, signature string // of the digest before
}

const trailBucket = "lodz-trail"

// put writes an object of the trail's bucket.
func (d *digests) put(key string, body []byte, at time.Time) error {
	path := filepath.Join(d.dir, "trail", filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, at, at)
}

func pack(body []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// logFile writes the events of an hour; the JSON of what a digest says of it, nil for no
// events.
func (d *digests) logFile(hour time.Time, list []event) (map[string]any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(list, func(a, b event) int { return a.at.Compare(b.at) })
	write := func(without string) ([]byte, error) {
		records := []any{}
		for _, e := range list {
			if without == "" || e.body["requestID"] != without {
				records = append(records, e.body)
			}
		}
		return json.Marshal(map[string]any{"Records": records})
	}
	body, err := write("")
	if err != nil {
		return nil, err
	}
	at := hour.Add(4 * time.Minute)
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", d.t.account, d.t.region,
		at.Format("2006/01/02"), d.t.account, d.t.region, at.Format("20060102T1504Z"), d.random(16))
	sum := sha256.Sum256(body)
	if d.tamper != "" && slices.ContainsFunc(list, func(e event) bool { return e.body["requestID"] == d.tamper }) {
		if body, err = write(d.tamper); err != nil {
			return nil, err
		}
		d.truth.Planted = append(d.truth.Planted,
			Planted{Tenant: d.t.id, Check: "trail-integrity", Subject: "log-modified, " + key, Count: 1})
	}
	packed, err := pack(body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"s3Bucket": trailBucket, "s3Object": key, "hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256",
		"newestEventTime": list[len(list)-1].at.Format(time.RFC3339),
		"oldestEventTime": list[0].at.Format(time.RFC3339)}, d.put(key, packed, at)
}

// sign writes the digest of the hour that ends at a time, with its metadata beside it.
func (d *digests) sign(end time.Time, file map[string]any) error {
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail-Digest/%s/%s/%s_CloudTrail-Digest_%s_%s_%s_%s.json.gz", d.t.account,
		d.t.region, end.Format("2006/01/02"), d.t.account, d.t.region, trailName, d.t.region, end.Format("20060102T150405Z"))
	files := []any{}
	if file != nil {
		files = append(files, file)
	}
	digest := map[string]any{"awsAccountId": d.t.account, "digestStartTime": end.Add(-time.Hour).Format(time.RFC3339),
		"digestEndTime": end.Format(time.RFC3339), "digestS3Bucket": trailBucket, "digestS3Object": key,
		"digestPublicKeyFingerprint": d.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA", "logFiles": files}
	previous := "null"
	if d.object != "" {
		maps.Copy(digest, map[string]any{"previousDigestS3Bucket": trailBucket, "previousDigestS3Object": d.object,
			"previousDigestHashValue": d.sum, "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": d.signature})
		previous = d.signature
	}
	body, err := json.Marshal(digest)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	text := digest["digestEndTime"].(string) + "\n" + trailBucket + "/" + key + "\n" + hex.EncodeToString(sum[:]) + "\n" + previous
	hashed := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, d.key, crypto.SHA256, hashed[:])
	if err != nil {
		return err
	}
	d.object, d.sum, d.signature = key, hex.EncodeToString(sum[:]), hex.EncodeToString(signature)
	packed, err := pack(body)
	if err != nil {
		return err
	}
	metadata, err := json.Marshal(map[string]any{"Metadata": map[string]string{"signature": d.signature,
		"signature-algorithm": "SHA256withRSA"}})
	if err != nil {
		return err
	}
	at := end.Add(20 * time.Minute)
	if err := d.put(key, packed, at); err != nil {
		return err
	}
	return d.put(key+".metadata.json", metadata, at)
}

// metrics writes what CloudWatch counted of each day.
func (w *witness) metrics() error {
	var b strings.Builder
	b.WriteString("bucket,date,metric,value\n")
	for i, bk := range w.t.buckets {
		for day := 1; day <= days; day++ {
			var requests, errors4, sent int64
			for _, r := range w.records {
				if r.bucket != i || r.at.Before(w.day(day)) || !r.at.Before(w.day(day+1)) || !strings.HasPrefix(r.operation, "REST.") {
					continue
				}
				requests++
				sent += max(r.sent, 0)
				if r.status >= 400 && r.status < 500 {
					errors4++
				}
			}
			if i == 0 && day == w.reduced {
				more := requests / 5
				requests += more
				w.plant(i, "metrics-differ", "the log has fewer requests", more)
			}
			date := w.day(day).Format(time.DateOnly)
			for _, m := range []struct {
				name  string
				value int64
			}{{"AllRequests", requests}, {"4xxErrors", errors4}, {"5xxErrors", 0}, {"BytesDownloaded", sent},
				{"NumberOfObjects", 41_200 + int64(day)*130}, {"BucketSizeBytes", 1_420_000_000_000 + int64(day)*3_100_000_000}} {
				fmt.Fprintf(&b, "%s,%s,%s,%d\n", bk.name, date, m.name, m.value)
			}
		}
	}
	return os.WriteFile(filepath.Join(w.dir, "metrics.csv"), []byte(b.String()), 0o644)
}

// reports writes what the backup tool reports of each night.
func (w *witness) reports() error {
	var b strings.Builder
	b.WriteString("date,bucket,objects,bytes\n")
	for i, bk := range w.t.buckets {
		for day := 1; day <= days; day++ {
			var written int64
			for _, r := range w.records {
				if r.bucket == i && (r.operation == "REST.PUT.OBJECT" || r.operation == "REST.POST.UPLOAD") &&
					r.status == 200 && !r.at.Before(w.clock(day, 22, 0)) && r.at.Before(w.clock(day+1, 6, 0)) {
					written += r.size
				}
			}
			if i == 0 && day == w.wrong {
				written += written / 4
			}
			fmt.Fprintf(&b, "%s,%s,,%d\n", w.day(day).Format(time.DateOnly), bk.name, written)
		}
	}
	path := filepath.Join(w.dir, "reports", w.t.id)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	path = filepath.Join(path, "2026-10.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return err
	}
	at := w.day(days + 1).Add(8 * time.Hour)
	return os.Chtimes(path, at, at)
}

// approved writes the list of approved changes.
func (w *witness) approved() error {
	text := "from,to,principal,ticket,target\n2026-10-12,2026-10-12,Storage administrator,CHG-1042," + w.t.buckets[0].name + "\n"
	return os.WriteFile(filepath.Join(w.dir, "changes.csv"), []byte(text), 0o644)
}
