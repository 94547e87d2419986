package integrity

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/objects"
)

// digestJSON is the content of a digest file.
type digestJSON struct {
	Account           string    `json:"awsAccountId"`
	Start             string    `json:"digestStartTime"`
	End               string    `json:"digestEndTime"`
	Bucket            string    `json:"digestS3Bucket"`
	Object            string    `json:"digestS3Object"`
	Fingerprint       string    `json:"digestPublicKeyFingerprint"`
	Algorithm         string    `json:"digestSignatureAlgorithm"`
	PreviousBucket    string    `json:"previousDigestS3Bucket"`
	PreviousObject    string    `json:"previousDigestS3Object"`
	PreviousHash      string    `json:"previousDigestHashValue"`
	PreviousSignature string    `json:"previousDigestSignature"`
	Logs              []logFile `json:"logFiles"`
}

type logFile struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
}

const (
	signatureAlgorithm = "SHA256withRSA"
	hashAlgorithm      = "SHA-256"
	maxDigest          = 64 << 20 // bytes, unpacked
	maxLog             = 8 << 30  // bytes, unpacked
	// keySlack is by how much a key may be used outside its validity: a digest is
	// signed some time after its window.
	keySlack = 2 * time.Hour
)

// digest is a digest file.
type digest struct {
	folder      folder
	root        string // in a folder, the one with the copy of its bucket: "" or NAME/
	key         string
	at          time.Time // the end of its window
	trail, home string
	backfill    bool

	json      *digestJSON // nil where it can't be read
	sum       string      // hexadecimal SHA-256, unpacked
	signature string      // hexadecimal, as its metadata says
	began     time.Time   // zero where it is not known
	bad       *Problem    // why it is not valid; nil where it is

	window   Window    // with the log files that it names
	problems []Problem // of them

	link   link
	before *digest // the one that it names, where it was found
	thread *thread
}

// name is what tells the digests of one trail in one folder from others.
func (d *digest) name() [4]string {
	return [4]string{d.folder.digests(), d.folder.region, d.trail, d.home}
}

// place is where CloudTrail put it by its own word, or else where it lies.
func (d *digest) place() object {
	if d.json != nil && d.json.Object != "" {
		return object{d.json.Bucket, d.json.Object}
	}
	return object{d.folder.location.Bucket, d.key}
}

// start is the beginning of its window.
func (d *digest) start() time.Time {
	if d.began.IsZero() {
		return d.at.Add(-time.Hour)
	}
	return d.began
}

// read reads and validates the digest itself.
func (d *digest) read(ctx context.Context, v *verification) {
	fail := func(kind, format string, args ...any) {
		d.bad = &Problem{Kind: kind, Key: d.key, From: d.start(), To: d.at, Text: fmt.Sprintf(format, args...)}
	}
	body, meta, err := d.fetch(ctx, d.folder.location.Store)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		fail(MissingDigest, "it was listed and is not there any more")
		return
	case errors.Is(err, errPacked):
		fail(BadDigest, "%s", err)
		return
	case err != nil:
		fail(Unread, "%s", err)
		return
	}
	sum := sha256.Sum256(body)
	d.sum, d.signature = hex.EncodeToString(sum[:]), meta["signature"]
	var j digestJSON
	if err := json.Unmarshal(body, &j); err != nil {
		fail(BadDigest, "it is no digest (%s)", err)
		return
	}
	d.json = &j
	for _, l := range j.Logs {
		v.named[object{l.Bucket, l.Object}] = true
	}
	start, serr := time.Parse(time.RFC3339, j.Start)
	end, eerr := time.Parse(time.RFC3339, j.End)
	if err := errors.Join(serr, eerr); err != nil {
		fail(BadDigest, "its times can't be read")
		return
	}
	d.began = start
	if !start.Before(d.at) || d.at.Sub(start) > 25*time.Hour {
		d.began = time.Time{} // it is not believed
	}
	bucket := d.folder.location.Bucket
	if bucket == "" && strings.HasSuffix("/"+d.key, "/"+j.Object) {
		d.root = strings.TrimSuffix(d.key, j.Object)
	}
	switch {
	case bucket != "" && j.Bucket != bucket || d.root+j.Object != d.key:
		fail(BadDigest, "it was moved: it names its place as %s/%s", j.Bucket, j.Object)
	case j.Account != v.account || !end.Equal(d.at) || d.began.IsZero():
		fail(BadDigest, "its name and its content tell of another account or time")
	case j.Algorithm != signatureAlgorithm || meta != nil && meta["signature-algorithm"] != signatureAlgorithm:
		fail(BadDigest, "its signature algorithm is not %s", signatureAlgorithm)
	default:
		if problem, err := d.verify(ctx, v, meta); err != nil {
			fail(Unread, "%s", err)
		} else if problem != "" {
			fail(BadDigest, "%s", problem)
		} else {
			if l := d.folder.location; !slices.Contains(l.buckets[j.Bucket], d.root) {
				l.buckets[j.Bucket] = append(l.buckets[j.Bucket], d.root)
			}
		}
	}
}

// verify checks the signature.
func (d *digest) verify(ctx context.Context, v *verification, meta map[string]string) (problem string, err error) {
	if meta == nil {
		return "", ErrNoMetadata
	}
	signature, err := hex.DecodeString(d.signature)
	if err != nil || len(signature) == 0 {
		return "its metadata holds no signature", nil
	}
	signed := d.at
	if d.backfill {
		if signed, err = time.Parse(time.RFC3339, meta["backfill-generation-timestamp"]); err != nil {
			return "its metadata does not tell when it was made", nil
		}
	}
	key, err := v.Keys.Key(ctx, d.folder.region, d.json.Fingerprint, signed)
	if err != nil {
		return "", err
	}
	previous := d.json.PreviousSignature
	if previous == "" {
		previous = "null" // the AWS CLI writes it so for the first of a chain
	}
	text := d.json.End + "\n" + d.json.Bucket + "/" + d.json.Object + "\n" + d.sum + "\n" + previous
	if !key.verifies(text, signature) {
		return "its signature does not fit its content", nil
	}
	if signed.Before(key.From.Add(-keySlack)) || signed.After(key.To.Add(keySlack)) {
		return fmt.Sprintf("it is signed with a key that was valid from %s to %s", key.From.Format(time.RFC3339),
			key.To.Format(time.RFC3339)), nil
	}
	return "", nil
}

var errPacked = errors.New("it is no gzip file, or a damaged one")

func (d *digest) fetch(ctx context.Context, store Store) (body []byte, meta map[string]string, err error) {
	c, meta, err := store.Get(ctx, d.key)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var b bytes.Buffer
	if err := unpack(&b, c, maxDigest); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), meta, nil
}

// unpack writes what a gzip file holds. What is damaged, has something behind it or
// is too large is errPacked; other errors are of reading.
func unpack(w io.Writer, r io.Reader, most int64) error {
	source := &failing{Reader: r}
	z, err := gzip.NewReader(source)
	if err == nil {
		var n int64
		if n, err = io.Copy(w, io.LimitReader(z, most+1)); err == nil && n > most {
			err = fmt.Errorf("more than %d bytes", most)
		}
	}
	if source.err != nil {
		return source.err
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", errPacked, err)
	}
	return nil
}

// failing keeps the error of a reader, which a decompressor may change.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
