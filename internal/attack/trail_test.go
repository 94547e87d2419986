package attack

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
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const region = "eu-west-1"

// trail is a trail that records management events and data events of all buckets.
type trail struct {
	first  time.Time // the day on which it begins
	data   func(at time.Time) bool
	events []event                // management events, and what the log does not have
	edit   func(map[string]*file) // what was done to its files after they were delivered, by key
	moves  []location             // where it was moved, by time
}

// location is where a trail's files lie from some time on, and how it is called. Anew tells
// that its chain of digests begins there, as that of another trail does.
type location struct {
	from                             time.Time
	bucket, prefix, org, home, title string
	anew                             bool
}

// at is where the trail's files lie at a time.
func (tr *trail) at(at time.Time) location {
	p := location{bucket: "acme-trail", home: region, title: "evidence"}
	for _, m := range tr.moves {
		if !at.Before(m.from) {
			p = m
		}
	}
	return p
}

// key is that of a file of the trail, below what all have.
func (p location) key(kind string, at time.Time, rest string) string {
	return path.Join(p.prefix, "AWSLogs", p.org, account, kind, region, at.Format("2006/01/02"),
		account+"_"+kind+"_"+region+"_"+rest+".json.gz")
}

// event is an event that no record of the log stands for.
type event struct {
	at           time.Time
	id           string // of the request; "" for one of its own
	source, name string
	who          string
	bucket, key  string
	parameters   map[string]any
	data         bool
}

// withTrail gives a month a trail from two days before it on, in which somebody assumes a
// role each night.
func (m *month) withTrail() *month {
	m.trail = &trail{first: m.d(1).AddDate(0, 0, -2)}
	for d := m.trail.first; !d.After(m.last); d = d.AddDate(0, 0, 1) {
		m.trail.events = append(m.trail.events, event{at: m.at(d, 0, 59), source: "sts", name: "AssumeRole", who: admin,
			parameters: map[string]any{"roleArn": "arn:aws:iam::111122223333:role/BackupRole", "roleSessionName": "veeam"}})
	}
	return m
}

// names are the events of requests. Lifecycle rules and the children of a multi-object
// delete have none; a copy is one event of its destination.
var names = map[string]string{
	"REST.GET.BUCKET": "ListObjects", "REST.GET.OBJECT": "GetObject", "REST.HEAD.OBJECT": "HeadObject", "REST.PUT.OBJECT": "PutObject",
	"REST.DELETE.OBJECT": "DeleteObject", "REST.COPY.OBJECT": "CopyObject", "REST.PUT.PART": "UploadPart",
	"REST.POST.UPLOADS": "CreateMultipartUpload",
	"REST.POST.UPLOAD":  "CompleteMultipartUpload", "REST.DELETE.UPLOAD": "AbortMultipartUpload",
	"REST.POST.MULTI_OBJECT_DELETE":  "DeleteObjects",
	"REST.PUT.OBJECT_LOCK_RETENTION": "PutObjectRetention", "REST.PUT.OBJECT_LOCK_LEGAL_HOLD": "PutObjectLegalHold",
}

var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // small, because a month has 900 digests
	if err != nil {
		panic(err)
	}
	return key
})

const fingerprint = "0123456789abcdef0123456789abcdef"

// writeTrail writes the log files of each hour and the digest that names them, the
// digest's signature beside it, and the key.
func (m *month) writeTrail(dir string) error {
	type stamped struct {
		at   time.Time
		body map[string]any
	}
	hours := map[int64][]stamped{}
	put := func(e event, id, failure, ip, agent string) {
		hour := e.at.Unix() / 3600
		hours[hour] = append(hours[hour], stamped{e.at,
			m.eventBody(e, id, failure, ip, agent, fmt.Sprintf("%08x-%04x", hour, len(hours[hour])))})
	}
	for _, r := range m.records {
		name := names[r.op]
		if r.noTrail || name == "" || r.at.Before(m.trail.first) || m.trail.data != nil && !m.trail.data(r.at) {
			continue
		}
		key := r.key
		if key == "-" {
			key = ""
		}
		put(event{at: r.at, source: "s3", name: name, who: r.who, bucket: r.bucket, key: key, data: true}, r.id, r.fault, r.ip, r.agent)
	}
	for i, e := range m.trail.events {
		put(e, cmp.Or(e.id, fmt.Sprintf("E%015X", i)), "", "203.0.113.40", "aws-cli/2.17.0")
	}
	files := map[string]*file{}
	var before struct{ bucket, object, sum, signature string }
	for at := m.trail.first; at.Before(m.last.AddDate(0, 0, 2)); at = at.Add(time.Hour) {
		list := hours[at.Unix()/3600-1] // delivered some minutes behind
		end := at.Add(time.Hour)
		here := m.trail.at(at)
		digest := map[string]any{"awsAccountId": account, "digestStartTime": at.Format(time.RFC3339),
			"digestEndTime":  end.Format(time.RFC3339),
			"digestS3Bucket": here.bucket, "digestPublicKeyFingerprint": fingerprint,
			"digestSignatureAlgorithm": "SHA256withRSA", "logFiles": []any{}}
		if len(list) > 0 {
			slices.SortStableFunc(list, func(a, b stamped) int { return a.at.Compare(b.at) })
			bodies := []any{}
			for _, e := range list {
				bodies = append(bodies, e.body)
			}
			text := encode(map[string]any{"Records": bodies})
			delivered := at.Add(4 * time.Minute)
			key := here.key("CloudTrail", delivered, fmt.Sprintf("%s_%016X", delivered.Format("20060102T1504Z"), delivered.Unix()))
			files[key] = &file{"trail/" + key, zipped(text), delivered}
			sum := sha256.Sum256([]byte(text))
			digest["logFiles"] = []any{map[string]any{"s3Bucket": here.bucket, "s3Object": key,
				"hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256",
				"newestEventTime": list[len(list)-1].at.Format(time.RFC3339), "oldestEventTime": list[0].at.Format(time.RFC3339)}}
		}
		key := here.key("CloudTrail-Digest", end, here.title+"_"+here.home+"_"+end.Format("20060102T150405Z"))
		digest["digestS3Object"] = key
		previous := "null"
		if before.object != "" && !(here.anew && at.Equal(here.from)) {
			maps.Copy(digest, map[string]any{"previousDigestS3Bucket": before.bucket,
				"previousDigestS3Object": before.object, "previousDigestHashValue": before.sum,
				"previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": before.signature})
			previous = before.signature
		}
		text := encode(digest)
		sum := sha256.Sum256([]byte(text))
		hashed := sha256.Sum256([]byte(end.Format(time.RFC3339) + "\n" + here.bucket + "/" + key + "\n" +
			hex.EncodeToString(sum[:]) + "\n" + previous))
		signature, err := rsa.SignPKCS1v15(nil, signer(), crypto.SHA256, hashed[:])
		if err != nil {
			return err
		}
		before.bucket, before.object, before.sum, before.signature = here.bucket, key, hex.EncodeToString(sum[:]),
			hex.EncodeToString(signature)
		delivered := end.Add(20 * time.Minute)
		files[key] = &file{"trail/" + key, zipped(text), delivered}
		metadata := encode(map[string]any{"Metadata": map[string]string{"signature": before.signature,
			"signature-algorithm": "SHA256withRSA"}})
		files[key+".metadata.json"] = &file{"trail/" + key + ".metadata.json", metadata, delivered}
	}
	if m.trail.edit != nil {
		m.trail.edit(files)
	}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if err := writeFile(dir, *files[key]); err != nil {
			return err
		}
	}
	public := x509.MarshalPKCS1PublicKey(&signer().PublicKey)
	keys := encode(map[string]any{"PublicKeyList": []any{map[string]any{"Value": base64.StdEncoding.EncodeToString(public),
		"Fingerprint": fingerprint, "ValidityStartTime": "2025-01-01T00:00:00Z", "ValidityEndTime": "2028-01-01T00:00:00Z"}}})
	if err := os.MkdirAll(filepath.Join(dir, "trail"), 0o755); err != nil { // which may be empty
		return err
	}
	return writeFile(dir, file{"keys.json", keys, time.Time{}})
}

// eventBody is an event as CloudTrail writes it.
func (m *month) eventBody(e event, id, failure, ip, agent, number string) map[string]any {
	who := map[string]any{"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
	if parts := strings.Split(e.who, ":"); len(parts) > 5 {
		who = map[string]any{"type": "IAMUser", "arn": e.who, "accountId": parts[4]}
		if parts[2] == "sts" {
			who["type"] = "AssumedRole"
		}
	} else if strings.HasPrefix(e.who, "svc:") {
		who = map[string]any{"type": "AWSService", "invokedBy": strings.TrimPrefix(e.who, "svc:")}
	}
	category, parameters, resources := "Management", map[string]any{}, []any{}
	if e.data {
		category = "Data"
	}
	if e.bucket != "" {
		parameters["bucketName"] = e.bucket
		parameters["Host"] = e.bucket + ".s3." + region + ".amazonaws.com"
		resources = append(resources, map[string]any{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::" + e.bucket, "accountId": account})
	}
	if e.key != "" {
		key := e.key
		if decoded, err := url.PathUnescape(key); err == nil { // the log has it encoded
			key = decoded
		}
		parameters["key"] = key
		resources = append(resources, map[string]any{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::" + e.bucket + "/" + key})
	}
	maps.Copy(parameters, e.parameters)
	readOnly := strings.HasPrefix(e.name, "Get") || strings.HasPrefix(e.name, "Head") ||
		strings.HasPrefix(e.name, "List") || e.name == "AssumeRole"
	body := map[string]any{"eventVersion": "1.11", "eventTime": e.at.UTC().Format(time.RFC3339), "awsRegion": region,
		"userIdentity": who, "eventType": "AwsApiCall",
		"recipientAccountId": account, "eventID": "0000aaaa-bbbb-4ccc-8ddd-" + number, "eventSource": e.source +
			".amazonaws.com", "eventName": e.name,
		"eventCategory": category, "managementEvent": !e.data, "readOnly": readOnly, "requestParameters": parameters,
		"responseElements": nil, "resources": resources,
		"sourceIPAddress": ip, "userAgent": "[" + agent + "]", "requestID": id,
		"additionalEventData": map[string]any{"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader"}}
	if failure != "" {
		body["errorCode"], body["errorMessage"] = failure, failure
	}
	return body
}

// zippers are kept, because a new one costs more than what it packs.
var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return z
}}

func zipped(text string) string {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// digestsEnding are the keys of the digests whose hour ends in [from, to).
func digestsEnding(files map[string]*file, from, to time.Time) (keys []string) {
	for end := from; end.Before(to); end = end.Add(time.Hour) {
		for key := range files {
			if strings.HasSuffix(key, "_"+end.Format("20060102T150405Z")+".json.gz") && strings.Contains(key, "/CloudTrail-Digest/") {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// logFilesOf are the keys of the log files that were delivered in [from, to).
func logFilesOf(files map[string]*file, from, to time.Time) (keys []string) {
	for key, f := range files {
		if strings.Contains(key, "/CloudTrail/") && !f.at.Before(from) && f.at.Before(to) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
