package objects

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Proof is one thing that [Probe] tried.
type Proof struct {
	What string
	Note string // what was seen
	Err  error  // nil where it is as it should be; names the mend otherwise
}

// probeLock is how long the test object is locked: long enough to try to remove
// it, short enough to wait for.
const probeLock = 8 * time.Second

// Probe tries at an evidence place all that storing a packet needs: writing once, checksum,
// tags, file name, encryption, Object Lock. It uses a test object of its own under .doctor/
// and removes it. Opts are those of packets; only the mode of its lock counts.
func Probe(ctx context.Context, u URL, a Access, opts PutOptions) []Proof {
	key := ".doctor/" + rand.Text()
	if u.Scheme != "s3" {
		return probeFile(ctx, u, key)
	}
	store, err := openS3(ctx, u, a)
	if err != nil {
		return []Proof{{What: "open", Err: err}}
	}
	p := &probe{s: store.(*s3Store), key: key, opts: opts, body: []byte("a test object of bucketproof doctor\n")}
	p.run(ctx)
	return p.proofs
}

func probeFile(ctx context.Context, u URL, key string) []Proof {
	s := &fileStore{url: u}
	path, err := s.path(key)
	if err == nil {
		err = s.Put(ctx, key, []byte("a test file of bucketproof doctor\n"), PutOptions{})
	}
	proofs := []Proof{{What: "write", Note: "a test file was written", Err: err}}
	if err == nil {
		err := s.Put(ctx, key, nil, PutOptions{})
		if errors.Is(err, ErrExists) {
			err = nil
		} else {
			err = fmt.Errorf("a file that is there was written again (%w)", err)
		}
		proofs = append(proofs, Proof{What: "write once", Note: "a second write was refused", Err: err})
		proofs = append(proofs, Proof{What: "remove", Note: "the test file is removed",
			Err: errors.Join(os.Remove(path), removeEmpty(filepath.Dir(path)))})
	}
	return proofs
}

// removeEmpty removes a folder where nothing is left in it.
func removeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(dir)
}

type probe struct {
	s      *s3Store
	key    string
	opts   PutOptions
	body   []byte
	proofs []Proof
}

func (p *probe) add(what, note string, err error) bool {
	p.proofs = append(p.proofs, Proof{what, note, err})
	return err == nil
}

func (p *probe) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, err := range p.s.List(ctx, "") {
		p.add("list", "", err)
		break
	}
	locks, err := p.s.Locks(ctx)
	p.add("Object Lock of the bucket", "read", err)
	if p.opts.LockMode != "" && err == nil && !locks {
		p.add("Object Lock", "",
			errors.New("the bucket has no Object Lock, so that packets can be changed and deleted there; use a "+
				"bucket that has it, or set evidence.lock_mode = \"\" to accept that"))
		p.opts.LockMode = ""
	}
	if !locks {
		p.opts.LockMode = ""
	}
	p.opts.RetainUntil = time.Now().Add(probeLock)
	p.opts.Tags = map[string]string{"kind": "doctor"}
	p.opts.ContentType = "text/plain; charset=utf-8"
	in, permission := p.s.putInput(p.key, p.body, p.opts)
	out, err := p.s.client.PutObject(ctx, in)
	if err != nil {
		err = p.s.wrap("write", p.key, permission, err)
	}
	if !p.add("write", "a test object was written, its SHA-256 checked by S3", err) {
		return
	}
	version := out.VersionId
	defer p.remove(ctx, version)
	p.once(ctx)
	p.look(ctx, in)
	if p.opts.LockMode != "" {
		p.lock(ctx, version)
	}
}

// once proves that nothing is overwritten.
func (p *probe) once(ctx context.Context) {
	err := p.s.Put(ctx, p.key, []byte("another"), PutOptions{})
	switch {
	case errors.Is(err, ErrExists):
		err = nil
	case err == nil:
		err = errors.New("the server wrote an object again that is there (it ignores If-None-Match), so that " +
			"packets could be overwritten; use another server or version")
	}
	p.add("write once", "a second write was refused", err)
}

func (p *probe) look(ctx context.Context, in *s3.PutObjectInput) {
	head, err := p.s.client.HeadObject(ctx,
		&s3.HeadObjectInput{Bucket: &p.s.url.Bucket, Key: in.Key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		p.add("read", "", p.s.wrap("stat", p.key, "s3:GetObject", err))
		return
	}
	var wrong []string
	if got := aws.ToString(head.ChecksumSHA256); got != "" && got != aws.ToString(in.ChecksumSHA256) {
		wrong = append(wrong, "its SHA-256 is another one")
	}
	if want := aws.ToString(in.ContentDisposition); want != "" && aws.ToString(head.ContentDisposition) != want {
		wrong = append(wrong, "its file name is lost")
	}
	if p.opts.KMSKey != "" && head.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		wrong = append(wrong, "it is not encrypted with evidence.kms_key")
	}
	err = nil
	if len(wrong) > 0 {
		err = fmt.Errorf("the test object is not as it was written: %s", strings.Join(wrong, "; "))
	}
	note := "checksum and file name are as written"
	if aws.ToString(head.ChecksumSHA256) == "" {
		note = "file name is as written; the server keeps no SHA-256"
	}
	if p.opts.KMSKey != "" {
		note += "; encrypted with " + aws.ToString(head.SSEKMSKeyId)
	}
	p.add("read", note, err)
	tags, err := p.s.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &p.s.url.Bucket, Key: in.Key})
	if err != nil {
		err = p.s.wrap("read the tags of", p.key, "s3:GetObjectTagging", err)
	} else if len(tags.TagSet) != 1 {
		err = errors.New("the tags of the test object are lost")
	}
	p.add("tags", "tags are as written", err)
}

// lock proves that a locked object can't be removed before its time.
func (p *probe) lock(ctx context.Context, version *string) {
	_, err := p.s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.s.url.Bucket, Key: p.s.key(p.key), VersionId: version})
	if err == nil {
		p.add("Object Lock", "",
			fmt.Errorf("the locked test object could be removed: these credentials bypass %s, or the server does not keep locks",
				p.opts.LockMode))
		return
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" && api.ErrorCode() != "ObjectLocked" {
		p.add("Object Lock", "", p.s.wrap("try to remove the locked", p.key, "s3:DeleteObjectVersion", err))
		return
	}
	p.add("Object Lock", "a locked test object could not be removed ("+p.opts.LockMode+")", nil)
}

// remove removes the test object, once its lock has ended.
func (p *probe) remove(ctx context.Context, version *string) {
	ctx = context.WithoutCancel(ctx)
	if p.opts.LockMode != "" {
		timer := time.NewTimer(time.Until(p.opts.RetainUntil.Add(time.Second)))
		defer timer.Stop()
		<-timer.C
	}
	_, err := p.s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.s.url.Bucket, Key: p.s.key(p.key), VersionId: version})
	if err != nil {
		err = p.s.wrap("remove", p.key, "s3:DeleteObject (and s3:DeleteObjectVersion), for "+p.s.url.Join(".doctor/")+"* only,", err)
		err = fmt.Errorf("%w; the test object is left there and harms nothing", err)
	}
	p.add("remove", "the test object is removed", err)
}
