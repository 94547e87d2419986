package integrity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"bucketproof/internal/objects"
)

// ErrNoMetadata means that a place does not have the signatures of the digests.
var ErrNoMetadata = errors.New("the metadata of the digests is not there, in which CloudTrail signs them; name the " +
	"trail's bucket (s3://…), or put what `aws s3api head-object` prints of each digest beside it as KEY" + MetadataSuffix)

// MetadataSuffix ends the name of the file that holds the metadata of an object in a
// folder, as `aws s3api head-object` prints it.
const MetadataSuffix = ".metadata.json"

// maxMetadata bounds such a file, in bytes.
const maxMetadata = 1 << 20

// Place is the bucket of a trail in S3, or a folder with a copy of it. Its keys are
// complete, whatever the prefix is.
type Place struct {
	Name   string // of the bucket; "" for a folder
	Prefix string // of the keys that lie at the URL
	open   func(ctx context.Context, prefix string) (objects.Store, error)
	root   objects.Store
}

// OpenPlace opens the bucket or folder of a URL.
func OpenPlace(ctx context.Context, u objects.URL, access objects.Access) (*Place, error) {
	p := &Place{}
	if u.Scheme == "s3" {
		p.Name, p.Prefix = u.Bucket, u.Prefix
		p.open = func(ctx context.Context, prefix string) (objects.Store, error) {
			return objects.Open(ctx, objects.URL{Text: "s3://" + u.Bucket + "/" + prefix, Scheme: "s3",
				Bucket: u.Bucket, Prefix: prefix}, access)
		}
	} else {
		p.open = func(ctx context.Context, _ string) (objects.Store, error) { return objects.Open(ctx, u, access) }
	}
	var err error
	p.root, err = p.open(ctx, "")
	return p, err
}

// List lists the keys with a prefix. It asks a bucket for no more than that prefix, because
// the permissions may allow nothing else.
func (p *Place) List(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		after := max(after, prefix)
		at := prefix
		if p.Name == "" {
			at = "" // a folder is one store
		}
		store, err := p.open(ctx, prefix)
		if err != nil {
			yield("", err)
			return
		}
		for info, err := range store.List(ctx, after[len(at):]) {
			key := at + info.Key
			if err == nil && !strings.HasPrefix(key, prefix) { // of a folder, in the order of keys
				return
			}
			if !yield(key, err) || err != nil {
				return
			}
		}
	}
}

// Get reads an object.
func (p *Place) Get(ctx context.Context, key string) (io.ReadCloser, map[string]string, error) {
	c, err := p.root.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return nil, nil, err
	}
	if p.Name == "" && c.Metadata == nil {
		if c.Metadata, err = p.metadata(ctx, key); err != nil {
			return nil, nil, errors.Join(err, c.Close())
		}
	}
	return c, c.Metadata, nil
}

// metadata reads the file beside an object that holds its metadata; nil where there is
// none.
func (p *Place) metadata(ctx context.Context, key string) (map[string]string, error) {
	c, err := p.root.Open(ctx, objects.Info{Key: key + MetadataSuffix})
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var head struct{ Metadata map[string]string }
	err = json.NewDecoder(io.LimitReader(c, maxMetadata)).Decode(&head)
	if err = errors.Join(err, c.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", key+MetadataSuffix, err)
	}
	return head.Metadata, nil
}
