package oracle

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// digest is a digest file of a trail, as it lies there.
type digest struct {
	place, key string // of the configured places, and in the bucket
	name       string // of the trail, with its folder
	from, to   time.Time
	valid      bool
	sum, sign  string
	said       struct {
		Start     string `json:"digestStartTime"`
		End       string `json:"digestEndTime"`
		Bucket    string `json:"digestS3Bucket"`
		Object    string `json:"digestS3Object"`
		Key       string `json:"digestPublicKeyFingerprint"`
		Before    string `json:"previousDigestS3Object"`
		In        string `json:"previousDigestS3Bucket"`
		Hash      string `json:"previousDigestHashValue"`
		Signature string `json:"previousDigestSignature"`
		Logs      []struct {
			Bucket string `json:"s3Bucket"`
			Object string `json:"s3Object"`
			Hash   string `json:"hashValue"`
		} `json:"logFiles"`
	}
}

// fault is something that does not hold of a trail: an object that counts on the day of at,
// or time without digests.
type fault struct {
	kind string
	at   time.Time // of an object; zero for time
	interval
}

// proof is what the digests of a tenant's trail show.
type proof struct {
	faults []fault
	dark   []interval // of which nothing is known
	none   bool       // no digest is there at all
}

var (
	digestName = regexp.MustCompile(`^\d{12}_CloudTrail-Digest_[a-z0-9-]+?_(.+)_(\d{8}T\d{6}Z)\.json\.gz$`)
	trailName  = regexp.MustCompile(`^\d{12}_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_[A-Za-z0-9]+\.json\.gz$`)
)

func unpacked(body []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	out, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	return out
}

// prove reads the digests of a tenant's trail and judges a month by them. The places are
// folders with a copy of a bucket each, of one account in one Region.
func (v *View) prove() (*proof, error) {
	t := v.Tenant
	month := interval{day(v.Month[0], v.Zone).from, day(v.Month[len(v.Month)-1], v.Zone).to}
	key, fingerprint, err := publicKey(t.CloudTrailKeys)
	if err != nil {
		return nil, err
	}
	var digests []*digest
	logs := map[[2]string]string{} // by place and key: the SHA-256
	for _, place := range t.Trails() {
		heads := map[string]string{}
		var here []*digest
		err := files(place.Text, func(name string, body []byte) error {
			base := path.Base(name)
			switch {
			case strings.HasSuffix(name, ".metadata.json"):
				var head struct{ Metadata struct{ Signature string } }
				if err := json.Unmarshal(body, &head); err != nil {
					return err
				}
				heads[strings.TrimSuffix(name, ".metadata.json")] = head.Metadata.Signature
			case digestName.MatchString(base):
				m := digestName.FindStringSubmatch(base)
				d := &digest{place: place.Text, key: name, name: path.Dir(path.Dir(path.Dir(path.Dir(name)))) + " " +
					m[1], sum: hashed(unpacked(body))}
				if d.to, err = time.Parse("20060102T150405Z", m[2]); err != nil {
					return err
				}
				d.from = d.to.Add(-time.Hour)
				if json.Unmarshal(unpacked(body), &d.said) == nil {
					if from, err := time.Parse(time.RFC3339, d.said.Start); err == nil {
						d.from = from
					}
				}
				here = append(here, d)
			case trailName.MatchString(base):
				logs[[2]string{place.Text, name}] = hashed(unpacked(body))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, d := range here {
			d.sign = heads[d.key]
			d.valid = d.said.Object == d.key && d.said.End == moment(d.to) && d.said.Key == fingerprint && d.signed(key)
		}
		digests = append(digests, here...)
	}
	slices.SortFunc(digests, func(a, b *digest) int { return cmp.Or(a.to.Compare(b.to), strings.Compare(a.key, b.key)) })
	// A day on either side is looked at, too: it has the digest before the month and the one behind it.
	near := interval{month.from.Add(-24 * time.Hour), month.to.Add(24*time.Hour + 1)}
	digests = slices.DeleteFunc(digests, func(d *digest) bool { return !near.has(d.to) })
	p := &proof{none: len(digests) == 0}
	if p.none {
		return p, nil
	}
	p.follow(digests, month)
	p.compare(digests, logs, month)
	return p, nil
}

func hashed(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

// publicKey reads the one key of a file as `aws cloudtrail list-public-keys` prints it.
func publicKey(file string) (*rsa.PublicKey, string, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	var list struct {
		PublicKeyList []struct{ Value, Fingerprint string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, "", err
	}
	der, err := base64.StdEncoding.DecodeString(list.PublicKeyList[0].Value)
	if err != nil {
		return nil, "", err
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	return key, list.PublicKeyList[0].Fingerprint, err
}

func (d *digest) signed(key *rsa.PublicKey) bool {
	before := d.said.Signature
	if before == "" {
		before = "null"
	}
	text := sha256.Sum256([]byte(d.said.End + "\n" + d.said.Bucket + "/" + d.said.Object + "\n" + d.sum + "\n" + before))
	signature, err := hex.DecodeString(d.sign)
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, text[:], signature) == nil
}

// follow goes from each digest to the next. Assumed: there is one trail at a time, as a
// trail that moves is one.
func (p *proof) follow(digests []*digest, month interval) {
	buckets := map[string]bool{} // of which a place is a copy, as a valid digest of it tells
	for _, d := range digests {
		buckets[d.said.Bucket] = buckets[d.said.Bucket] || d.valid
	}
	lost := func(kind string, from, to time.Time) {
		i := interval{later(from, month.from), earlier(to, month.to)}
		if i.from.Before(i.to) {
			p.faults = append(p.faults, fault{kind: kind, interval: i})
		}
	}
	var before *digest
	for _, d := range digests {
		from := month.from
		if before != nil {
			from = before.to
		}
		within := d.to.After(month.from) && d.from.Before(month.to)
		object := func(kind string) {
			if within && !d.to.After(month.to) {
				p.faults = append(p.faults, fault{kind: kind, at: d.to})
			}
		}
		i := slices.IndexFunc(digests, func(o *digest) bool { return o.key == d.said.Before && (!o.valid || o.said.Bucket == d.said.In) })
		switch {
		case !d.to.After(month.from) && before == nil: // the first that is looked at
		case !d.valid:
			object("digest-invalid")
			if from.Before(d.from) {
				lost("digest-none", from, d.from)
			}
		case d.said.Before == "":
			kind := "digest-none"
			if before != nil && before.name == d.name {
				kind = "gap"
			}
			lost(kind, from, d.from)
		case i >= 0:
			if o := digests[i]; o.valid && (o.sum != d.said.Hash || o.sign != d.said.Signature || o != before) {
				object("chain-broken")
			}
		case buckets[d.said.In]:
			lost("digest-missing", from, d.from)
		default:
			p.dark = append(p.dark, interval{later(from, month.from), earlier(d.from, month.to)})
		}
		before = d
	}
	if before.to.Before(month.to) {
		lost("chain-ended", later(before.to, month.from), month.to)
	}
}

// compare looks at the log files.
func (p *proof) compare(digests []*digest, logs map[[2]string]string, month interval) {
	named := map[string]bool{} // by key: no two places of a generator's trail have the same
	for _, d := range digests {
		for _, l := range d.said.Logs {
			named[l.Object] = true
			if !d.valid || !d.to.After(month.from) || d.to.After(month.to) {
				continue
			}
			kind := "log-missing"
			for of, hash := range logs {
				if of[1] != l.Object {
					continue
				}
				if kind = "log-modified"; hash == l.Hash {
					kind = ""
					break
				}
			}
			if kind != "" {
				p.faults = append(p.faults, fault{kind: kind, at: d.to})
			}
		}
	}
	var doubt []interval
	for _, f := range p.faults {
		if f.at.IsZero() {
			doubt = append(doubt, f.interval)
		}
	}
	doubt = append(doubt, p.dark...)
	for _, d := range digests {
		if !d.valid {
			doubt = append(doubt, interval{d.from, d.to})
		}
	}
	for of := range logs {
		at, err := time.Parse("20060102T1504Z", trailName.FindStringSubmatch(path.Base(of[1]))[1])
		if err != nil || named[of[1]] || !month.has(at) {
			continue
		}
		if !slices.ContainsFunc(doubt, func(i interval) bool {
			return !at.Before(i.from.Add(-30*time.Minute)) && !at.After(i.to.Add(30*time.Minute))
		}) {
			p.faults = append(p.faults, fault{kind: "log-unlisted", at: at})
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// on tells which faults a day has, and whether nothing is known of it.
func (p *proof) on(d interval) (kinds []string, dark bool) {
	if p.none { // of a copy in a folder nobody knows
		return nil, true
	}
	for _, f := range p.faults {
		switch {
		case f.at.IsZero():
			if f.meets(d) {
				kinds = append(kinds, f.kind)
			}
		case f.kind == "log-unlisted":
			if d.has(f.at) {
				kinds = append(kinds, f.kind)
			}
		case f.at.After(d.from) && !f.at.After(d.to): // the day on which the digest ends
			kinds = append(kinds, f.kind)
		}
	}
	return kinds, slices.ContainsFunc(p.dark, func(i interval) bool { return i.meets(d) })
}
