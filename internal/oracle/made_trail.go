package oracle

import (
	"bytes"
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
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// trail makes up the events of the first tenant, without a few. Most trails have digests, and begin shortly
// before the month.
func (g *generator) trail() {
	if !g.chance(0.2) {
		return
	}
	g.made.Tenants[0].Trail = true
	signed := g.chance(0.7)
	var from time.Time
	if signed {
		from = Date{g.made.Year, g.made.Month, 1}.utc().AddDate(0, 0, -2).Add(time.Duration(g.IntN(60)) * time.Minute)
	}
	g.tell("a trail, with digests: %v", signed)
	for i, l := range g.made.Lines {
		r, ok := parseLine(l.Text)
		name := eventName(r.Operation)
		if !ok || name == "" || strings.Contains(l.Text, betaRole) || r.Time.Before(from) {
			continue
		}
		if !g.calm && g.chance(0.001) {
			g.tell("%s: the trail lacks %s by %s at %s", l.Bucket, r.Operation, r.Requester, moment(r.Time))
			continue
		}
		if !g.calm && g.chance(0.0005) {
			g.tell("%s: the log lacks %s by %s at %s", l.Bucket, r.Operation, r.Requester, moment(r.Time))
			g.made.Lines[i].Kind = "lost"
		}
		g.made.Events = append(g.made.Events, MadeEvent{At: r.Time, Bucket: l.Bucket, Text: g.event(i, r, name)})
	}
	g.made.Lines = slices.DeleteFunc(g.made.Lines, func(l MadeLine) bool { return l.Kind == "lost" })
	if signed {
		g.deliver(from)
	}
}

// event is the data event of a request.
func (g *generator) event(i int, r Record, name string) string {
	who := fmt.Sprintf(`"type":"IAMUser","arn":%q,"accountId":%q`, r.Requester, accountOf(r.Requester))
	switch {
	case r.Requester == "":
		who = `"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"`
	case strings.Contains(r.Requester, ":sts:"):
		who = strings.Replace(who, "IAMUser", "AssumedRole", 1)
	}
	key := ""
	if r.Key != "" {
		key = fmt.Sprintf(`,"key":%q`, r.object())
	}
	failed := ""
	if r.Error != "" {
		failed = fmt.Sprintf(`"errorCode":%q,`, r.Error)
	}
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{%s},`+
		`"eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":%q,`+
		`"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7",%s"requestParameters":{"bucketName":%q%s},`+
		`"requestID":%q,"eventID":"%08x-0000-4000-8000-%012x","readOnly":%t,`+
		`"managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","eventType":"AwsApiCall"}`,
		who, moment(r.Time), name, failed, r.Bucket, key,
		r.RequestID, g.made.Seed&0xffffffff, i, readEvent(name))
}

// place is where a trail delivers, and how it is called.
type place struct{ dir, bucket, prefix, org, name string }

// key is that of a file of the trail in its bucket.
func (p place) key(kind string, at time.Time, rest string) string {
	return path.Join(p.prefix, "AWSLogs", p.org, "111122223333", kind, "eu-west-1", at.Format("2006/01/02"),
		"111122223333_"+kind+"_eu-west-1_"+rest+".json.gz")
}

// deliver makes the log files of each hour and the digest that names them, while the trail is moved, and then lets
// something happen to the files.
func (g *generator) deliver(from time.Time) {
	first := Date{g.made.Year, g.made.Month, 1}
	end := Date{first.Y, first.M + 1, 1}.utc().AddDate(0, 0, 2)
	if g.chance(0.8) { // events of the account that no log has
		for at := from.Add(time.Minute); at.Before(end); at = at.Add(time.Hour) {
			g.made.Events = append(g.made.Events,
				MadeEvent{At: at, Text: fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser",`+
					`"arn":%q,"accountId":"111122223333"},"eventTime":%q,"eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity",`+
					`"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","requestID":"H%015X","eventID":"%08x-0000-4000-9000-%012x","readOnly":true,`+
					`"managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","eventType":"AwsApiCall"}`,
					adminUser, moment(at), at.Unix(), g.made.Seed&0xffffffff, at.Unix())})
		}
	}
	slices.SortStableFunc(g.made.Events, func(a, b MadeEvent) int { return a.At.Compare(b.At) })
	hours := int(end.Sub(from) / time.Hour)
	here := place{dir: "trail", bucket: "acme-trail", name: "evidence"}
	t := &g.made.Tenants[0]
	t.Trails = []string{"trail/"}
	moves := map[int]string{}
	if !g.calm {
		for range pick(g, 0, 1, 1, 2) {
			kind := pick(g, "prefix", "bucket", "from elsewhere", "organization", "name", "stopped", "away")
			hour := 50 + g.IntN(hours-120)
			moves[hour] = kind
			g.tell("the trail moves at %s: %s", moment(from.Add(time.Duration(hour)*time.Hour)), kind)
		}
	}
	files := map[string][]byte{}
	var before struct{ bucket, object, sum, signature string }
	var logs, digests []string // their names, by time
	rest := g.made.Events
	pause := 0
	for hour := range hours {
		at := from.Add(time.Duration(hour) * time.Hour)
		to := at.Add(time.Hour)
		n, _ := slices.BinarySearchFunc(rest, to.Add(-10*time.Minute), func(e MadeEvent, t time.Time) int { return e.At.Compare(t) })
		events := rest[:n]
		rest = rest[n:]
		switch moves[hour] {
		case "prefix":
			here.prefix += "moved"
		case "organization":
			here.org = "o-abc123def4"
		case "bucket":
			here.dir, here.bucket = "trail2", "acme-trail-2"
			if !slices.Contains(t.Trails, "trail2/") {
				t.Trails = append(t.Trails, "trail2/")
			}
		case "from elsewhere":
			here.dir, here.bucket = "trail3", "acme-trail-3"
			t.Trails = []string{"trail3/"}
		case "away":
			here.dir, here.bucket = "trail4", "acme-trail-4"
		case "name":
			here.name += "-2"
			before.object = ""
		case "stopped":
			pause = pick(g, 1, 2, 30, 60)
		}
		if pause > 0 { // what happens then is in no trail
			pause--
			before.object = ""
			continue
		}
		digest := map[string]any{"awsAccountId": "111122223333", "digestStartTime": moment(at), "digestEndTime": moment(to),
			"digestS3Bucket": here.bucket, "digestPublicKeyFingerprint": signer().fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
			"logFiles": []any{}, "previousDigestS3Bucket": nil, "previousDigestS3Object": nil}
		if len(events) > 0 {
			var texts []string
			for _, e := range events {
				texts = append(texts, e.Text)
			}
			name := to.Add(-5 * time.Minute)
			key := here.key("CloudTrail", name, fmt.Sprintf("%s_%016X", name.Format("20060102T1504Z"), hour+1))
			body := []byte(`{"Records":[` + strings.Join(texts, ",") + `]}`)
			digest["logFiles"] = []any{map[string]any{"s3Bucket": here.bucket, "s3Object": key, "hashAlgorithm": "SHA-256",
				"hashValue": sum(body), "oldestEventTime": moment(events[0].At), "newestEventTime": moment(events[len(events)-1].At)}}
			files[here.dir+"/"+key] = packed(body)
			logs = append(logs, here.dir+"/"+key)
		}
		key := here.key("CloudTrail-Digest", to, here.name+"_eu-west-1_"+to.Format("20060102T150405Z"))
		digest["digestS3Object"] = key
		previous := "null"
		if before.object != "" {
			digest["previousDigestS3Bucket"], digest["previousDigestS3Object"] = before.bucket, before.object
			digest["previousDigestHashValue"], digest["previousDigestSignature"] = before.sum, before.signature
			digest["previousDigestHashAlgorithm"] = "SHA-256"
			previous = before.signature
		}
		body, err := json.Marshal(digest)
		if err != nil {
			panic(err)
		}
		before.bucket, before.object, before.sum = here.bucket, key, sum(body)
		before.signature = signer().sign(moment(to) + "\n" + here.bucket + "/" + key + "\n" + before.sum + "\n" + previous)
		name := here.dir + "/" + key
		files[name] = packed(body)
		files[name+".metadata.json"] = fmt.Appendf(nil,
			`{"Metadata":{"signature":%q,"signature-algorithm":"SHA256withRSA"}}`, before.signature)
		digests = append(digests, name)
	}
	if !g.calm {
		for range pick(g, 0, 0, 1, 1, 2) {
			g.meddle(files, logs, digests)
		}
	}
	for name, body := range files {
		g.made.Trail = append(g.made.Trail, MadeFile{name, body})
	}
	slices.SortFunc(g.made.Trail, func(a, b MadeFile) int { return strings.Compare(a.Name, b.Name) })
	g.made.Events = nil // the files have them
}

// meddle does to the files of a trail what someone may do who can write to its bucket.
func (g *generator) meddle(files map[string][]byte, logs, digests []string) {
	kind := pick(g, "log changed", "log gone", "log added", "digest changed", "digest gone", "digests gone",
		"newest gone", "other signature")
	log, i := "", 1+g.IntN(len(digests)-3)
	if len(logs) > 0 {
		log = logs[g.IntN(len(logs))]
	}
	digest := digests[i]
	gone := func(name string) {
		delete(files, name)
		delete(files, name+".metadata.json")
	}
	switch body := files[log]; {
	case log == "" || body == nil || files[digest] == nil:
		return // something has happened to it
	case kind == "log changed":
		files[log] = packed(bytes.ReplaceAll(unpacked(body), []byte("203.0.113.7"), []byte("203.0.113.8")))
	case kind == "log gone":
		gone(log)
	case kind == "log added":
		added := strings.ReplaceAll(log, "Z_0", "Z_F")
		files[added] = packed([]byte(`{"Records":[]}`))
	case kind == "digest changed":
		files[digest] = packed(bytes.Replace(unpacked(files[digest]), []byte(`"logFiles"`), []byte(`"logfile":1,"logFiles"`), 1))
	case kind == "digest gone":
		gone(digest)
	case kind == "digests gone":
		gone(digest)
		gone(digests[i+1])
	case kind == "newest gone":
		for _, name := range digests[len(digests)-60-g.IntN(100):] {
			gone(name)
		}
	case kind == "other signature":
		files[digest+".metadata.json"] = fmt.Appendf(nil, `{"Metadata":{"signature":%q,"signature-algorithm":"SHA256withRSA"}}`,
			signer().sign("something else"))
	}
	g.tell("the trail: %s, %s, %s", kind, path.Base(log), path.Base(digest))
}

// signing is the key of made-up digests.
type signing struct {
	key         *rsa.PrivateKey
	fingerprint string
}

// signer is small, because a month has 800 digests.
var signer = sync.OnceValue(func() *signing {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return &signing{key, "0123456789abcdef0123456789abcdef"}
})

func (s *signing) sign(text string) string {
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(signature)
}

// list is what `aws cloudtrail list-public-keys` prints.
func (s *signing) list() []byte {
	return fmt.Appendf(nil,
		`{"PublicKeyList":[{"Value":%q,"Fingerprint":%q,"ValidityStartTime":"2022-01-01T00:00:00Z","ValidityEndTime":"2028-01-01T00:00:00Z"}]}`,
		base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&s.key.PublicKey)), s.fingerprint)
}

func sum(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

var packers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return z
}}

func packed(body []byte) []byte {
	var b bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&b)
	_, err := z.Write(body)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}
