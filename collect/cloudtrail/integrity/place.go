package integrity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"bucketproof/internal/objects"
)

// ErrNoMetadata means that a place does not keep the signatures of digests.
var ErrNoMetadata = errors.New("a folder does not keep the metadata of objects, in which CloudTrail signs its digests; name the trail's bucket (s3://…)")

// Bucket is the bucket of a trail in S3, with whole keys whatever the prefix is.
type Bucket struct {
	name   string
	access objects.Access
	root   objects.Store
}

// OpenBucket opens the bucket of a URL.
func OpenBucket(ctx context.Context, u objects.URL, access objects.Access) (*Bucket, error) {
	if u.Scheme != "s3" {
		return nil, fmt.Errorf("%s: %w", u.Text, ErrNoMetadata)
	}
	root, err := objects.Open(ctx, objects.URL{Text: "s3://" + u.Bucket + "/", Scheme: "s3", Bucket: u.Bucket}, access)
	return &Bucket{u.Bucket, access, root}, err
}

// List lists the keys with a prefix. It asks for no more than that prefix, which may
// be all that the permissions allow.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		store, err := objects.Open(ctx, objects.URL{Text: "s3://" + b.name + "/" + prefix, Scheme: "s3", Bucket: b.name, Prefix: prefix}, b.access)
		if err != nil {
			yield("", err)
			return
		}
		if len(after) < len(prefix) {
			after = prefix
		}
		for info, err := range store.List(ctx, after[len(prefix):]) {
			if !yield(prefix+info.Key, err) || err != nil {
				return
			}
		}
	}
}

// Get reads an object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, map[string]string, error) {
	c, err := b.root.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return nil, nil, err
	}
	return c, c.Metadata, nil
}
