package objects

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

const (
	// maxAttempts bounds the SDK's retries with backoff and jitter of throttled
	// and broken requests.
	maxAttempts = 6
	// maxConnections is how many idle connections to a server are kept.
	maxConnections = 64
	// patience is how long one answer that is not an object may take, with
	// retries: a page of a listing, a write.
	patience = 10 * time.Minute
)

// stall is how long a server may be silent before a request is given up. Tests make it shorter.
var stall = 60 * time.Second

type s3Store struct {
	url    URL
	client *s3.Client
}

func openS3(ctx context.Context, u URL, a Access) (Store, error) {
	client, err := S3(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", u.Text, err)
	}
	return &s3Store{url: u, client: client}, nil
}

// S3 is a client of S3 for what a [Store] does not do, such as reading how a bucket is set
// up.
func S3(ctx context.Context, a Access) (*s3.Client, error) {
	cfg, err := AWS(ctx, a)
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if a.Endpoint != "" {
			o.BaseEndpoint = aws.String(a.Endpoint)
			o.UsePathStyle = true
		}
		o.DisableLogOutputChecksumValidationSkipped = true // what was compared stands in the ledger
	}), nil
}

// Partition is the partition of a Region, as ARNs name it.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// AWS is the configuration of the AWS SDK for an access: region, credentials, and retries
// for a server that is busy.
func AWS(ctx context.Context, a Access) (aws.Config, error) {
	opts := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRetryer(func() aws.Retryer {
			// Beside backing off with jitter, the adaptive mode sends fewer
			// requests for a while after the server has asked to slow down.
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) { o.MaxAttempts = maxAttempts })
			})
		}),
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = stall
			t.MaxIdleConnsPerHost = maxConnections // one for each object in flight, used again
		})),
		// Access logs show this, so that our own requests can be told apart.
		awsconfig.WithAppID("bucketproof"),
		awsconfig.WithLogger(logging.Nop{}), // what goes wrong comes as an error
		awsconfig.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		awsconfig.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if a.Region != "" {
		opts = append(opts, awsconfig.WithRegion(a.Region))
	}
	if a.Profile != "" {
		opts = append(opts, awsconfig.WithSharedConfigProfile(a.Profile))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, fmt.Errorf("AWS configuration: %w", err)
	}
	cfg.HTTPClient = guard{cfg.HTTPClient}
	if cfg.Region == "" {
		if a.Endpoint == "" {
			return cfg, errors.New("no AWS region is set; write aws.region in the configuration or set AWS_REGION")
		}
		cfg.Region = "us-east-1" // what S3-compatible servers sign for by default
	}
	if a.RoleARN != "" {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "bucketproof"
			if a.ExternalID != "" {
				o.ExternalID = aws.String(a.ExternalID)
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
	return cfg, nil
}

func (s *s3Store) key(key string) *string { return aws.String(s.url.Prefix + key) }

func (s *s3Store) List(ctx context.Context, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		// A key can hold characters that XML can't, so they come URL-encoded.
		in := &s3.ListObjectsV2Input{Bucket: &s.url.Bucket, Prefix: &s.url.Prefix, EncodingType: types.EncodingTypeUrl}
		if after != "" {
			in.StartAfter = s.key(after)
		}
		last, empty := "", 0
		for pages := s3.NewListObjectsV2Paginator(s.client, in); pages.HasMorePages(); {
			page, err := nextPage(ctx, pages)
			if err != nil {
				yield(Info{}, s.wrap("list", "", "s3:ListBucket", err))
				return
			}
			keys, err := names(page)
			if err == nil {
				err = s.listing(page, keys)
			}
			if err != nil {
				yield(Info{}, s.wrap("list", "", "s3:ListBucket", err))
				return
			}
			// Keys come in their order, so a page that ends before the last one brings nothing
			// new: a server that gives it would be asked for ever.
			switch n := len(keys); {
			case n == 0:
				empty++
			case keys[n-1] > last:
				last, empty = keys[n-1], 0
			default:
				empty = maxEmptyPages
			}
			if empty >= maxEmptyPages && pages.HasMorePages() {
				yield(Info{}, s.wrap("list", "", "s3:ListBucket", fmt.Errorf("%w behind the key %q", ErrNoProgress, last)))
				return
			}
			for i, o := range page.Contents {
				key := keys[i]
				if key = strings.TrimPrefix(key, s.url.Prefix); key == "" { // the marker of the folder itself
					continue
				}
				info := Info{Key: key, Size: aws.ToInt64(o.Size), ETag: strings.Trim(aws.ToString(o.ETag), `"`),
					Modified: aws.ToTime(o.LastModified).UTC()}
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

// ErrNoListing means that an answer is not the listing that was asked for. The SDK takes an
// answer in which it finds nothing, such as the page of a proxy, for an empty listing.
var ErrNoListing = errors.New("the answer is no listing of S3")

// listing tells what is wrong with a page, with the keys in it.
func (s *s3Store) listing(page *s3.ListObjectsV2Output, keys []string) error {
	prefix := aws.ToString(page.Prefix)
	if page.EncodingType == types.EncodingTypeUrl {
		var err error
		if prefix, err = url.QueryUnescape(prefix); err != nil {
			return err
		}
	}
	switch {
	case page.IsTruncated == nil:
		return fmt.Errorf("%w: it does not say whether it is the whole", ErrNoListing)
	case *page.IsTruncated && aws.ToString(page.NextContinuationToken) == "":
		return fmt.Errorf("%w: it is not the whole, and does not say how it goes on", ErrNoListing)
	case page.Name != nil && *page.Name != s.url.Bucket:
		return fmt.Errorf("%w: it is of the bucket %q", ErrNoListing, *page.Name)
	case page.Prefix != nil && prefix != s.url.Prefix:
		return fmt.Errorf("%w: it is of the prefix %q", ErrNoListing, prefix)
	case page.KeyCount != nil && int(*page.KeyCount) != len(keys)+len(page.CommonPrefixes):
		return fmt.Errorf("%w: it counts %d keys and has %d", ErrNoListing, *page.KeyCount, len(keys))
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, s.url.Prefix) {
			return fmt.Errorf("%w: the key %q is not below %q", ErrNoListing, key, s.url.Prefix)
		}
	}
	return nil
}

// names are the keys of a page.
func names(page *s3.ListObjectsV2Output) ([]string, error) {
	keys := make([]string, len(page.Contents))
	for i, o := range page.Contents {
		keys[i] = aws.ToString(o.Key)
		if page.EncodingType == types.EncodingTypeUrl {
			var err error
			if keys[i], err = url.QueryUnescape(keys[i]); err != nil {
				return nil, err
			}
		}
	}
	return keys, nil
}

// maxEmptyPages is how many pages in a row may bring no name and say that more follow, as
// where S3 passes over keys that it no longer has.
const maxEmptyPages = 100

func nextPage(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pages.NextPage(ctx)
}

func (s *s3Store) Open(ctx context.Context, info Info) (*Content, error) {
	in := &s3.GetObjectInput{Bucket: &s.url.Bucket, Key: s.key(info.Key), ChecksumMode: types.ChecksumModeEnabled}
	if info.ETag != "" {
		in.IfMatch = aws.String(`"` + info.ETag + `"`)
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return nil, s.wrap("read", info.Key, "s3:GetObject", err)
	}
	r := &wholeReader{body: out.Body, store: s, info: info}
	encrypted := out.SSECustomerAlgorithm != nil || out.ServerSideEncryption != "" &&
		out.ServerSideEncryption != types.ServerSideEncryptionAes256
	if md5Text.MatchString(info.ETag) && !encrypted {
		r.md5 = md5.New()
	}
	if m, ok := s3.GetChecksumValidationMetadata(out.ResultMetadata); ok {
		r.checksums = m.AlgorithmsUsed
	}
	return &Content{ReadCloser: r, VersionID: aws.ToString(out.VersionId), Metadata: out.Metadata, Proof: r.proof}, nil
}

// md5Text is an ETag that is an MD5: that of an object which was sent in one part, and is
// encrypted with keys of S3 at the most (Amazon S3 API reference, page API_Object).
var md5Text = regexp.MustCompile(`^[0-9a-f]{32}$`)

// wholeReader compares what a server sends with what it listed.
type wholeReader struct {
	body  io.ReadCloser
	store *s3Store
	info  Info
	read  int64

	md5       hash.Hash // where the ETag is one
	checksums []string  // of S3, that the SDK compares
}

// proof says by what the bytes were compared with those that are stored.
func (r *wholeReader) proof() string {
	switch {
	case r.md5 != nil:
		return ProofETag
	case len(r.checksums) > 0:
		return strings.ToLower(strings.Join(r.checksums, " "))
	}
	return ProofLength
}

func (r *wholeReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.read += int64(n)
	if r.md5 != nil {
		r.md5.Write(p[:n])
	}
	switch {
	case err != io.EOF || r.info.ETag == "":
	case r.read != r.info.Size:
		err = fmt.Errorf("%d of %d bytes: %w", r.read, r.info.Size, io.ErrUnexpectedEOF)
	case r.md5 != nil && hex.EncodeToString(r.md5.Sum(nil)) != r.info.ETag:
		if len(r.checksums) > 0 { // it has held, so the ETag is no MD5
			r.md5 = nil
			break
		}
		err = fmt.Errorf("%w: their MD5 is %x and not the ETag %s", ErrBody, r.md5.Sum(nil), r.info.ETag)
	}
	if err != nil && err != io.EOF {
		err = r.store.wrap("read", r.info.Key, "s3:GetObject", err)
	}
	return n, err
}

func (r *wholeReader) Close() error { return r.body.Close() }

func (s *s3Store) Put(ctx context.Context, key string, body []byte, opts PutOptions) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in, permission := s.putInput(key, body, opts)
	if _, err := s.client.PutObject(ctx, in); err != nil {
		return s.wrap("write", key, permission, err)
	}
	return nil
}

// putInput is the request that writes an object once, and the permissions that
// it takes.
func (s *s3Store) putInput(key string, body []byte, opts PutOptions) (*s3.PutObjectInput, string) {
	sum := sha256.Sum256(body)
	in := &s3.PutObjectInput{
		Bucket: &s.url.Bucket, Key: s.key(key),
		Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
		IfNoneMatch:       aws.String("*"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumSHA256:    aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
	if opts.FileName != "" {
		in.ContentDisposition = aws.String(Disposition(opts.FileName))
	}
	if opts.ContentType != "" {
		in.ContentType = &opts.ContentType
	}
	if len(opts.Tags) > 0 {
		tags := url.Values{}
		for k, v := range opts.Tags {
			tags.Set(k, v)
		}
		in.Tagging = aws.String(strings.ReplaceAll(tags.Encode(), "+", "%20"))
	}
	permission := "s3:PutObject and s3:PutObjectTagging"
	if opts.LockMode != "" {
		in.ObjectLockMode = types.ObjectLockMode(opts.LockMode)
		in.ObjectLockRetainUntilDate = aws.Time(opts.RetainUntil)
		permission += " and s3:PutObjectRetention"
	}
	if opts.KMSKey != "" {
		in.ServerSideEncryption = types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &opts.KMSKey
		permission += " (and kms:GenerateDataKey on " + opts.KMSKey + ")"
	}
	return in, permission
}

func (s *s3Store) Stat(ctx context.Context, key string) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.url.Bucket, Key: s.key(key)})
	if err != nil {
		return Info{}, s.wrap("stat", key, "s3:GetObject and s3:ListBucket", err)
	}
	return Info{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: strings.Trim(aws.ToString(out.ETag), `"`),
		Modified: aws.ToTime(out.LastModified).UTC()}, nil
}

// Clock is the server's time, to the second; zero if the server does not tell it.
func (s *s3Store) Clock(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.url.Bucket, Prefix: &s.url.Prefix, MaxKeys: aws.Int32(1)})
	if err != nil {
		return time.Time{}, s.wrap("list", "", "s3:ListBucket", err)
	}
	at, _ := middleware.GetServerTime(out.ResultMetadata)
	return at, nil
}

func (s *s3Store) Locks(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.url.Bucket})
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) && (api.ErrorCode() == "ObjectLockConfigurationNotFoundError" || api.ErrorCode() == "NotImplemented") {
			return false, nil
		}
		return false, s.wrap("read the Object Lock configuration of", "", "s3:GetBucketObjectLockConfiguration", err)
	}
	c := out.ObjectLockConfiguration
	return c != nil && c.ObjectLockEnabled == types.ObjectLockEnabledEnabled, nil
}

// wrap says what was being done and to what, adds the sentinel that callers
// decide on, and names the mend of the common faults.
func (s *s3Store) wrap(doing, key, permission string, err error) error {
	place := s.url.Text
	if key != "" {
		place = s.url.Join(key)
	}
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	var resp *awshttp.ResponseError
	status := 0
	if errors.As(err, &resp) {
		status = resp.HTTPStatusCode()
	}
	switch {
	case code == "NoSuchBucket":
		return fmt.Errorf("%s %s: %w: the bucket %s does not exist; correct the URL or create it", doing, place, ErrNotFound, s.url.Bucket)
	case code == "NoSuchKey" || status == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", doing, place, ErrNotFound)
	case code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId" || code == "ExpiredToken":
		return fmt.Errorf("%s %s: %w: %s; check the credentials", doing, place, ErrDenied, code)
	case code == "InvalidObjectState":
		return fmt.Errorf("%s %s: %w: the object is archived; restore it (s3:RestoreObject) to have it read", doing, place, ErrDenied)
	// Two wrote the same key at once: S3 user guide, page conditional-writes. Some servers, and S3 for
	// a bucket that is being changed, say OperationAborted instead.
	case code == "ConditionalRequestConflict" || code == "OperationAborted":
		return fmt.Errorf("%s %s: %w: another writer is at the same object; try again: %w", doing, place, ErrSlowDown, err)
	case code == "SlowDown" || status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		return fmt.Errorf("%s %s: %w, and did so %d times; collect again later: %w", doing, place, ErrSlowDown, maxAttempts, err)
	case status == http.StatusForbidden:
		return fmt.Errorf("%s %s: %w: the permission %s is missing on %s (%s)", doing, place, ErrDenied, permission, s.url.Bucket, code)
	case doing == "read" && key != "" && status >= 400 && status < 500 && status != http.StatusPreconditionFailed &&
		status != http.StatusRequestTimeout:
		return fmt.Errorf("%s %s: %w: the server does not give this object (%s): %w", doing, place, ErrDenied, code, err)
	case status == http.StatusPreconditionFailed && doing == "write":
		return fmt.Errorf("%s %s: %w", doing, place, ErrExists)
	case status == http.StatusPreconditionFailed:
		return fmt.Errorf("%s %s: %w", doing, place, ErrChanged)
	case status == http.StatusMovedPermanently || code == "AuthorizationHeaderMalformed":
		return fmt.Errorf("%s %s: the bucket is in another region; correct aws.region: %w", doing, place, err)
	}
	return fmt.Errorf("%s %s: %w", doing, place, err)
}
