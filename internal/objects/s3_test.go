package objects

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// faulty opens a store on a server that speaks as much S3 as the faults need.
func faulty(t *testing.T, handler http.HandlerFunc) Store {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	u, err := ParseURL("s3://acme-logs/acme/")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), u, Access{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
}

// Another writer at the same key is a reason to try again, whichever code says so.
func TestConflictIsTriedAgain(t *testing.T) {
	for _, code := range []string{"ConditionalRequestConflict", "OperationAborted"} {
		s := faulty(t, func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusConflict, code) })
		err := s.Put(t.Context(), "claim", []byte("x"), PutOptions{})
		if !errors.Is(err, ErrSlowDown) || !strings.Contains(err.Error(), "another writer is at the same object") {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func listError(t *testing.T, s Store) error {
	t.Helper()
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestThrottlingIsRetried(t *testing.T) {
	var calls atomic.Int32
	s := faulty(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			fail(w, http.StatusServiceUnavailable, "SlowDown")
			return
		}
		fmt.Fprint(w,
			`<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>acme/k</Key><Size>1</Size><ETag>"e"</ETag></Contents></ListBucketResult>`)
	})
	if got := keys(t, s, ""); len(got) != 1 || got[0] != "k" {
		t.Errorf("got %q after %d calls", got, calls.Load())
	}
}

func TestFaultsNameTheMend(t *testing.T) {
	tests := []struct {
		status   int
		code     string
		sentinel error
		want     string
	}{
		{http.StatusForbidden, "AccessDenied", ErrDenied,
			"list s3://acme-logs/acme/: access denied: the permission s3:ListBucket is missing on acme-logs (AccessDenied)"},
		{http.StatusForbidden, "InvalidAccessKeyId", ErrDenied, "InvalidAccessKeyId; check the credentials"},
		{http.StatusNotFound, "NoSuchBucket", ErrNotFound, "the bucket acme-logs does not exist; correct the URL or create it"},
		{http.StatusBadRequest, "AuthorizationHeaderMalformed", nil, "the bucket is in another region; correct aws.region"},
	}
	for _, tt := range tests {
		err := listError(t, faulty(t, func(w http.ResponseWriter, _ *http.Request) { fail(w, tt.status, tt.code) }))
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.sentinel != nil && !errors.Is(err, tt.sentinel) {
			t.Errorf("%s gave %v, want … %s", tt.code, err, tt.want)
		}
	}
}

func TestChangedAndTruncatedObjects(t *testing.T) {
	changed := faulty(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != `"e"` {
			t.Errorf("If-Match is %q", r.Header.Get("If-Match"))
		}
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
	})
	if _, err := changed.Open(t.Context(), Info{Key: "k", ETag: "e", Size: 3}); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	short := faulty(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ab") })
	r, err := short.Open(t.Context(), Info{Key: "k", ETag: "e", Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "s3://acme-logs/acme/k") {
		t.Errorf("got %v, want a short read of s3://acme-logs/acme/k", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// Objects that are read to their end leave their connection to the next one.
// TestOtherBytesOfTheSameLength: what something between here and S3 changes is no content.
func TestOtherBytesOfTheSameLength(t *testing.T) {
	const body, etag = "one line\n", "2af7d2a5b7a6d2a3f7d7d4b1a4c2b6f1"
	sum := md5.Sum([]byte(body))
	own := hex.EncodeToString(sum[:])
	for name, tt := range map[string]struct {
		etag, encryption, sent string
		checksum, fault        bool
		proof                  string
	}{
		"as listed":                  {own, "", body, false, false, ProofETag},
		"encrypted by S3":            {own, "AES256", body, false, false, ProofETag},
		"other bytes":                {own, "", "two line\n", false, true, ""},
		"its key is of KMS":          {etag, "aws:kms", body, false, false, ProofLength},
		"in parts":                   {etag + "-2", "", body, false, false, ProofLength},
		"a checksum":                 {etag, "aws:kms", body, true, false, "crc32"},
		"a checksum, other bytes":    {etag, "aws:kms", "two line\n", true, true, ""},
		"another ETag, a checksum":   {etag, "", body, true, false, "crc32"},
		"no ETag that is an MD5":     {"abc", "", body, false, false, ProofLength},
		"KMS with an ETag like MD5s": {etag, "aws:kms:dsse", "two line\n", false, false, ProofLength},
	} {
		s := faulty(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
				t.Errorf("%s: no checksum is asked for", name)
			}
			w.Header().Set("ETag", `"`+tt.etag+`"`)
			if tt.encryption != "" {
				w.Header().Set("X-Amz-Server-Side-Encryption", tt.encryption)
			}
			if tt.checksum {
				w.Header().Set("X-Amz-Checksum-Crc32", crc(body))
			}
			fmt.Fprint(w, tt.sent)
		})
		r, err := s.Open(t.Context(), Info{Key: "k", ETag: tt.etag, Size: int64(len(body))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(r)
		switch {
		case tt.fault != (err != nil):
			t.Errorf("%s: %v", name, err)
		case !tt.fault && r.Proof() != tt.proof:
			t.Errorf("%s: it is proven by %s, want %s", name, r.Proof(), tt.proof)
		}
		_ = r.Close()
	}
}

func crc(body string) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// TestListingWithoutProgress: a server that gives the same page again and again, or pages
// without a name, is not asked for ever, and what it gave is not taken for all.
func TestListingWithoutProgress(t *testing.T) {
	const page = `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>%d</NextContinuationToken>%s</ListBucketResult>`
	for name, contents := range map[string]string{
		"the same page": `<Contents><Key>acme/k</Key><Size>1</Size><ETag>"e"</ETag></Contents>`,
		"empty pages":   "",
	} {
		asked := 0
		s := faulty(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Content-Type", "application/xml")
			fmt.Fprintf(w, page, asked, contents)
		})
		var err error
		for _, err = range s.List(t.Context(), "") {
			if err != nil {
				break
			}
		}
		if !errors.Is(err, ErrNoProgress) || asked > maxEmptyPages {
			t.Errorf("%s: %v after %d requests", name, err, asked)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "abc") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	u, err := ParseURL("s3://acme-logs/acme/")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), u, Access{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	const readers = 8
	for range readers {
		group.Go(func() error {
			for range 200 {
				r, err := s.Open(t.Context(), Info{Key: "k", ETag: "e", Size: 3})
				if err != nil {
					return err
				}
				_, err = io.ReadAll(r)
				if err := errors.Join(err, r.Close()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := opened.Load(); n > 4*readers {
		t.Errorf("%d readers of 200 objects each took %d connections", readers, n)
	}
}

// A role is assumed with its external ID, and what it gives signs the request.
func TestAssumedRole(t *testing.T) {
	asked := make(chan string, 1)
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		asked <- r.Form.Get("Action") + " " + r.Form.Get("RoleArn") + " " + r.Form.Get("ExternalId") + " " + r.Form.Get("RoleSessionName")
		fmt.Fprintf(w,
			"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>ROLETOKEN</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(sts.Close)
	signed := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed <- r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token")
		fmt.Fprint(w, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "own")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "own")
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	u, err := ParseURL("s3://acme-logs/acme/")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), u,
		Access{Endpoint: server.URL, Region: "us-east-2", RoleARN: "arn:aws:iam::111122223333:role/Evidence", ExternalID: "msp-7f3a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := listError(t, s); err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != "AssumeRole arn:aws:iam::111122223333:role/Evidence msp-7f3a bucketproof" {
		t.Errorf("STS was asked for %q", got)
	}
	if got := <-signed; !strings.Contains(got, "Credential=ROLEKEY/") || !strings.Contains(got, "/us-east-2/s3/") ||
		!strings.HasSuffix(got, " ROLETOKEN") {
		t.Errorf("S3 got %q", got)
	}
}

// TestClock: the time is the server's.
func TestClock(t *testing.T) {
	s := faulty(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sat, 31 Oct 2026 22:59:00 GMT")
		fmt.Fprint(w, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
	})
	at, err := s.(*s3Store).Clock(t.Context())
	if err != nil || !at.Equal(time.Date(2026, 10, 31, 22, 59, 0, 0, time.UTC)) {
		t.Errorf("the server's clock shows %s, %v", at, err)
	}
}

// TestS3Server writes and reads on the server that .ci/run starts.
func TestS3Server(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_S3")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_S3 is not set: no S3 server to test with; .ci/run starts one")
	}
	ctx := t.Context()
	bucket := "objects-" + strings.ReplaceAll(time.Now().UTC().Format("20060102-150405.000"), ".", "-")
	u, err := ParseURL("s3://" + bucket + "/p-")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, u, Access{Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if err := listError(t, s); !errors.Is(err, ErrNotFound) {
		t.Errorf("a bucket that is not there gave %v", err)
	}
	if _, err := s.(*s3Store).client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("an empty bucket lists %q", got)
	}
	names := []string{"a b+c", "a/b", "ä%2F"}
	for _, k := range names {
		if err := s.Put(ctx, k, []byte(k),
			PutOptions{ContentType: "text/plain", Tags: map[string]string{"buckets": "a b", "kind": "query"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(ctx, k, []byte("other"), PutOptions{}); !errors.Is(err, ErrExists) {
			t.Errorf("a second write of %q gave %v", k, err)
		}
	}
	if got := keys(t, s, ""); strings.Join(got, "|") != strings.Join(names, "|") {
		t.Errorf("got %q, want %q", got, names)
	}
	if got := keys(t, s, "a b+c"); strings.Join(got, "|") != strings.Join(names[1:], "|") {
		t.Errorf("after the first come %q", got)
	}
	info, err := s.Stat(ctx, "a b+c")
	if err != nil || info.Size != 5 {
		t.Fatalf("%+v, %v", info, err)
	}
	r, err := s.Open(ctx, info)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || string(body) != "a b+c" {
		t.Errorf("%q, %v", body, err)
	}
	if _, err := s.Stat(ctx, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if locks, err := s.Locks(ctx); err != nil || locks {
		t.Errorf("a bucket without Object Lock says %t, %v", locks, err)
	}
}
