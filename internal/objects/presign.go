package objects

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// LongestPresign is the longest time for which S3 honours a presigned link (Signature
// Version 4, user guide, page using-presigned-url).
const LongestPresign = 7 * 24 * time.Hour

// ErrNoPresign means that a place has no presigned links.
var ErrNoPresign = errors.New("only s3:// has presigned links")

// Presigned is a link that gives one object to anyone who has it.
type Presigned struct {
	URL  string
	Ends time.Time // the end that it was signed for, or that of the credentials where that is earlier
	// Unsure is set where the credentials are temporary ones whose end is not
	// known: the link may end before Ends.
	Unsure bool
}

// Presign signs a link to an object. It is valid for the duration wish, but at most for
// [LongestPresign] and no longer than the credentials live. FileName is the name under
// which a browser saves the object.
func Presign(ctx context.Context, u URL, a Access, key, fileName, contentType string, wish time.Duration,
	now time.Time) (Presigned, error) {
	if u.Scheme != "s3" {
		return Presigned{}, fmt.Errorf("presign %s: %w", u.Join(key), ErrNoPresign)
	}
	store, err := openS3(ctx, u, a)
	if err != nil {
		return Presigned{}, err
	}
	s := store.(*s3Store)
	ends, unsure, err := s.signerEnds(ctx)
	if err != nil {
		return Presigned{}, fmt.Errorf("presign %s: %w", u.Join(key), err)
	}
	p := Presigned{Ends: now.Add(min(wish, LongestPresign)).Truncate(time.Second), Unsure: unsure}
	lasts := p.Ends.Sub(now).Truncate(time.Second)
	if !ends.IsZero() && ends.Before(p.Ends) {
		p.Ends = ends
	}
	req, err := s3.NewPresignClient(s.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &u.Bucket, Key: s.key(key),
		ResponseContentDisposition: aws.String(Disposition(fileName)), ResponseContentType: &contentType,
	}, s3.WithPresignExpires(lasts))
	if err != nil {
		return Presigned{}, fmt.Errorf("presign %s: %w", u.Join(key), err)
	}
	p.URL = req.URL
	return p, nil
}

// signerEnds is when the credentials end: zero for never, or for an end that is
// not known.
func (s *s3Store) signerEnds(ctx context.Context) (ends time.Time, unsure bool, err error) {
	c, err := s.client.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("credentials: %w", err)
	}
	if c.CanExpire {
		return c.Expires, false, nil
	}
	return time.Time{}, c.SessionToken != "", nil
}

// SignerEnds is until when a link that is signed now with an access could be valid, by the
// rules of [Presign].
func SignerEnds(ctx context.Context, u URL, a Access) (ends time.Time, unsure bool, err error) {
	store, err := openS3(ctx, u, a)
	if err != nil {
		return time.Time{}, false, err
	}
	return store.(*s3Store).signerEnds(ctx)
}

// Disposition is the Content-Disposition that saves a file under a name (RFC 6266).
func Disposition(fileName string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": fileName})
}
