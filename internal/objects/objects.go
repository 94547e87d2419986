// Package objects reads and writes objects at s3:// and file:// URLs through one interface.
// [ParseURL] turns the text of a configuration into a [URL], and [Open] gives the [Store]
// there. Keys are relative to the URL, so a caller never needs to know which kind of place
// it is.
//
// A store never deletes and never overwrites: [Store.Put] writes once.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Errors that a caller decides on. Errors of a store wrap one of them where it
// applies, beside the place and the mend.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrDenied   = errors.New("access denied")
	ErrChanged  = errors.New("changed since it was listed")
	ErrSlowDown = errors.New("the server asks to slow down")
	// ErrBody means that other bytes came than those that are stored.
	ErrBody = errors.New("the bytes that came are not those of the object; something between here and S3 changes them")
	// ErrNoProgress means that a listing brings no new name.
	ErrNoProgress = errors.New("the server says that more follow and gives nothing new; the listing is not complete")
)

// Info is what a store knows about an object without reading it.
type Info struct {
	Key      string // relative to the store's URL
	Size     int64  // bytes
	ETag     string // without quotes; for a file made of modification time and size
	Modified time.Time
}

// Content is an object that is being read. The reader must close it.
type Content struct {
	io.ReadCloser
	VersionID string            // "" where the place keeps no versions
	Metadata  map[string]string // the user's, names in lower case without x-amz-meta-; nil where the place keeps none
	// Proof says, once all is read, by what the bytes were compared with those that are
	// stored; nil is ProofLength.
	Proof func() string
}

// What the bytes of an object were compared with, beside the names of the checksums of S3
// (crc64nvme, crc32, crc32c, sha1, sha256).
const (
	ProofETag   = "etag"   // the MD5 that the listing names
	ProofLength = "length" // nothing but their number
	// ProofTwice is for who has read an object with no other proof twice, and got the same.
	ProofTwice = "read twice"
)

// PutOptions say how an object is stored. A file:// place has neither tags nor
// locks; it ignores them.
type PutOptions struct {
	ContentType string
	FileName    string // under which a browser saves it; "" for the last part of the key
	KMSKey      string // ARN, ID or alias of the AWS KMS key that encrypts it; "" for the bucket's own encryption
	Tags        map[string]string
	LockMode    string    // GOVERNANCE, COMPLIANCE or "" for no lock
	RetainUntil time.Time // meaningful with LockMode
}

// Store is one place that holds objects.
type Store interface {
	// List yields the objects whose key sorts after the key after, in the
	// order of the keys' bytes. The first error ends the sequence. A place
	// that does not exist is ErrNotFound, an empty one yields nothing.
	List(ctx context.Context, after string) iter.Seq2[Info, error]
	// Open reads the object as it was listed: where ETag is set and the object
	// is another one by now, the error is ErrChanged.
	Open(ctx context.Context, info Info) (*Content, error)
	// Put stores body under key, checked by SHA-256 in transit. Where the key
	// exists the error is ErrExists, and what is there stays as it is.
	Put(ctx context.Context, key string, body []byte, opts PutOptions) error
	// Stat tells about one object, or ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Locks tells whether objects written here can be locked (S3 Object Lock).
	Locks(ctx context.Context) (bool, error)
}

// Access is how to reach AWS or an S3-compatible server. An empty field takes the default
// of the AWS tools.
type Access struct {
	Region, Endpoint, Profile, RoleARN, ExternalID string
}

// Open gives the store at u. It does not connect to anything.
func Open(ctx context.Context, u URL, access Access) (Store, error) {
	switch {
	case u.Scheme == "file":
		return &fileStore{url: u}, nil
	case u.Scheme == "cloudwatch" && u.Path == "":
		return nil, fmt.Errorf("%s is no place of objects; what was taken out of it lies in the data folder of the configuration", u.Text)
	case u.Scheme == "cloudwatch":
		return &fileStore{url: u}, nil
	}
	return openS3(ctx, u, access)
}

// URL is a place that holds objects: s3://bucket/prefix or file:///folder. The zero URL
// means that there is none.
type URL struct {
	Text   string // as configured
	Scheme string // "s3", "file" or "cloudwatch"
	Bucket string // of s3
	Prefix string // of s3; a key begins with it as it stands, / or not
	// of file: the folder; a relative one starts where Resolve says. Of cloudwatch: the folder into which its events are taken
	Path  string
	Group string // of cloudwatch: the log group
}

// ParseURL reads s3://bucket/prefix, file:///folder, file:folder or
// cloudwatch:log-group.
func ParseURL(text string) (URL, error) {
	switch {
	case strings.HasPrefix(text, "s3://"):
		rest := strings.TrimPrefix(text, "s3://")
		bucket, prefix, _ := strings.Cut(rest, "/")
		if strings.ContainsAny(bucket, "@:?#") {
			return URL{},
				fmt.Errorf("%q holds more than a bucket and a prefix; write s3://bucket/prefix, credentials never stand in a URL", bucket)
		}
		if problem := BucketNameProblem(bucket); problem != "" {
			return URL{}, fmt.Errorf("bucket %q %s; write s3://bucket/prefix", bucket, problem)
		}
		return URL{Text: text, Scheme: "s3", Bucket: bucket, Prefix: prefix}, nil
	case strings.HasPrefix(text, "file:"):
		path := strings.TrimPrefix(text, "file:")
		if after, ok := strings.CutPrefix(path, "//"); ok {
			if !strings.HasPrefix(after, "/") {
				return URL{}, fmt.Errorf("%q names a host; write file:///folder, or file:folder for a relative one", text)
			}
			path = after
		}
		path, err := url.PathUnescape(path)
		if err != nil {
			return URL{}, fmt.Errorf("%q: %w; write %% as %%25", text, err)
		}
		if path == "" {
			return URL{}, fmt.Errorf("%q names no folder; write file:///folder", text)
		}
		return URL{Text: text, Scheme: "file", Path: filepath.Clean(path)}, nil
	case strings.HasPrefix(text, "cloudwatch:"):
		group := strings.TrimPrefix(text, "cloudwatch:")
		if !groupName.MatchString(group) {
			return URL{}, fmt.Errorf("%q names no log group; write cloudwatch:/aws/vendedlogs/s3/acme-backups/S3_SERVER_ACCESS_LOGS", text)
		}
		return URL{Text: text, Scheme: "cloudwatch", Group: group}, nil
	default:
		return URL{}, fmt.Errorf("%q is not a place that can be read; write s3://bucket/prefix or file:///folder", text)
	}
}

// groupName is what a log group may be called (CloudWatch Logs API reference, page
// CreateLogGroup).
var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// Resolve makes the relative path of a file URL start at dir. Text stays as configured, so
// that what is stored does not depend on the machine.
func (u URL) Resolve(dir string) URL {
	if u.Scheme == "file" && !filepath.IsAbs(u.Path) {
		u.Path = filepath.Join(dir, u.Path)
	}
	return u
}

// Folder is u with a / at its end, so that keys joined to it lie under it.
func (u URL) Folder() URL {
	if !strings.HasSuffix(u.Text, "/") {
		u.Text += "/"
	}
	if u.Prefix != "" && !strings.HasSuffix(u.Prefix, "/") {
		u.Prefix += "/"
	}
	return u
}

// Join is the full name of the object key at u.
func (u URL) Join(key string) string {
	if u.Scheme == "file" || (u.Prefix == "" && !strings.HasSuffix(u.Text, "/")) {
		u = u.Folder()
	}
	return u.Text + key
}

// Within tells whether u lies within o, and which prefix its keys have there.
func (u URL) Within(o URL) (prefix string, ok bool) {
	if u.Scheme != o.Scheme || u.Bucket != o.Bucket || u.Scheme == "cloudwatch" {
		return "", false
	}
	inner, outer := u.Prefix, o.Prefix
	if u.Scheme == "file" {
		inner, outer = filepath.ToSlash(u.Path)+"/", filepath.ToSlash(o.Path)+"/"
	}
	prefix, ok = strings.CutPrefix(inner, outer)
	return prefix, ok && prefix != ""
}

// Sub is the place under key at u, a folder.
func (u URL) Sub(key string) URL {
	f := u.Folder()
	f.Text += key + "/"
	if u.Scheme == "file" {
		f.Path = filepath.Join(u.Path, filepath.FromSlash(key))
	} else {
		f.Prefix += key + "/"
	}
	return f
}

// BucketNameProblem says what is wrong with an S3 bucket name; "" if nothing is. The rules
// are those of the S3 user guide, page bucketnamingrules.
func BucketNameProblem(name string) string {
	switch {
	case len(name) < 3 || len(name) > 63:
		return "has not 3 to 63 characters"
	case strings.Contains(name, ".."):
		return "holds two dots in a row"
	}
	for i, r := range name {
		alnum := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !alnum && (i == 0 || i == len(name)-1) {
			return "does not begin and end with a lower-case letter or digit"
		}
		if !alnum && r != '-' && r != '.' {
			return fmt.Sprintf("holds %q; a bucket name has lower-case letters, digits, - and .", r)
		}
	}
	return ""
}
