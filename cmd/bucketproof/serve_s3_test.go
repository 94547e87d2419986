package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bucketproof/internal/inbox"
)

// onS3 moves the evidence place of a service folder to a new bucket.
func onS3(t *testing.T, dir, endpoint, bucket, more string) {
	t.Helper()
	path := filepath.Join(dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := strings.Replace(string(text), "url = \"file:packets\"\nlock_mode = \"\"",
		fmt.Sprintf("url = \"s3://%s/packets\"\n%s\n\n[aws]\nregion = \"us-east-1\"\nendpoint = %q", bucket, more, endpoint), 1)
	if s == string(text) {
		t.Fatal("the configuration has no [evidence] as expected")
	}
	if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newBucketName(kind string) string {
	return kind + strings.ToLower(strings.ReplaceAll(time.Now().UTC().Format("-20060102-150405.000000"), ".", "-"))
}

// TestServeS3: the packets of a service lie locked in a bucket, and the links of
// its mails are presigned ones that work.
func TestServeS3(t *testing.T) {
	endpoint := s3Endpoint(t)
	client := s3Client(t, endpoint)
	in := inbox.New(t, nil, "")
	dir := serviceDir(t, mailSettings(in, ""))
	bucket := newBucketName("serve")
	makeBucket(t, client, bucket, true)
	onS3(t, dir, endpoint, bucket, "lock_mode = \"GOVERNANCE\"\nlock_days = 36500")

	must(t, program(t, dir, "serve", "--once", "--since", "2026-11-02"))
	mails := in.All()
	if len(mails) != 2*len(demoTenants) {
		t.Fatalf("%d mails; want %d", len(mails), 2*len(demoTenants))
	}
	for _, m := range mails {
		text, _ := mailParts(t, m.Message)
		link := regexp.MustCompile(`http://[^\s]+X-Amz-Signature=[0-9a-f]{64}[^\s]*`).FindString(text)
		sum := regexp.MustCompile(`(?m)^[0-9a-f]{64}$`).FindString(text)
		if link == "" || sum == "" || !strings.Contains(text, "10 Nov 2026") && !strings.Contains(text, "10. Nov. 2026") {
			t.Fatalf("the mail to %s has no presigned link, hash or end:\n%s", m.To, text)
		}
		got := ask(t, http.MethodGet, link)
		body := sha256.Sum256([]byte(got.body))
		if got.status != http.StatusOK || hex.EncodeToString(body[:]) != sum ||
			!strings.Contains(got.head.Get("Content-Disposition"), "-2026-10-packet.pdf") {
			t.Errorf("the link of %s gives %d, %v", m.To, got.status, got.head)
		}
	}
	leases := 0
	for _, o := range listBucket(t, client, bucket) {
		if strings.Contains(fmt.Sprint(o), ".leases/") {
			leases++
		}
	}
	if leases == 0 {
		t.Error("no lease stands in the evidence bucket")
	}
	if log, err := program(t, dir, "mail", "list", "--format", "json").Output(); err != nil ||
		bytes.Contains(log, []byte("X-Amz-Signature")) {
		t.Errorf("the ledger of mails holds a link (%v)", err)
	}
}

type examined struct{ What, Subject, Outcome, Detail string }

func doctorSays(t *testing.T, dir string, wantCode int) (list []examined) {
	t.Helper()
	cmd := program(t, dir, "doctor", "--format", "json")
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != wantCode {
		t.Fatalf("doctor ended with %v, want %d: %s", err, wantCode, out)
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func find(list []examined, what string) examined {
	for _, e := range list {
		if e.What == what {
			return e
		}
	}
	return examined{}
}

// TestDoctorS3 proves what doctor says of an evidence bucket: with Object Lock,
// without, with a key, with wrong credentials.
func TestDoctorS3(t *testing.T) {
	endpoint := s3Endpoint(t)
	client := s3Client(t, endpoint)
	in := inbox.New(t, nil, "")
	locked, open := newBucketName("locked"), newBucketName("open")
	makeBucket(t, client, locked, true)
	makeBucket(t, client, open, false)

	dir := serviceDir(t, mailSettings(in, ""))
	onS3(t, dir, endpoint, locked, "lock_mode = \"GOVERNANCE\"")
	list := doctorSays(t, dir, exitDone)
	for what, want := range map[string]string{"evidence: write once": "refused", "evidence: read": "checksum",
		"evidence: tags": "as written", "evidence: Object Lock": "could not be removed",
		"evidence: remove": "is removed", "mail": "nothing was sent", "links: presigned": "7 days"} {
		if got := find(list, what); got.Outcome != "ok" || !strings.Contains(got.Detail, want) {
			t.Errorf("%s: %+v; want %q", what, got, want)
		}
	}
	out, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &locked})
	if err != nil || len(out.Versions)+len(out.DeleteMarkers) > 0 {
		t.Errorf("doctor left %d objects (%v)", len(out.Versions)+len(out.DeleteMarkers), err)
	}
	if n := len(in.All()); n > 0 {
		t.Errorf("doctor sent %d mails", n)
	}

	dir = serviceDir(t, mailSettings(in, ""))
	onS3(t, dir, endpoint, open, "lock_mode = \"GOVERNANCE\"")
	if got := find(doctorSays(t, dir, exitAttention), "evidence: Object Lock"); got.Outcome != "FAULT" ||
		!strings.Contains(got.Detail, "use a bucket that has it") {
		t.Errorf("a bucket without Object Lock: %+v", got)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if got := find(doctorSays(t, dir, exitAttention), "evidence: write"); got.Outcome != "FAULT" ||
		!strings.Contains(got.Detail, "check the credentials") {
		t.Errorf("wrong credentials: %+v", got)
	}
}

// TestDoctorKMS: what is stored is encrypted with the key of the configuration.
func TestDoctorKMS(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS is not set: no server with SSE-KMS to test with; .ci/run starts one")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	client := s3Client(t, endpoint)
	bucket := newBucketName("kms")
	makeBucket(t, client, bucket, false)
	dir := serviceDir(t, mailSettings(inbox.New(t, nil, ""), ""))
	const key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
	onS3(t, dir, endpoint, bucket, fmt.Sprintf("lock_mode = \"\"\nkms_key = %q", key))
	if got := find(doctorSays(t, dir, exitDone), "evidence: read"); got.Outcome != "ok" ||
		!strings.Contains(got.Detail, "encrypted with "+key) {
		t.Errorf("%+v", got)
	}
	must(t, program(t, dir, "serve", "--once", "--since", "2026-11-02"))
	k := "packets/acme/2026-10/packet.pdf"
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &k})
	if err != nil || head.SSEKMSKeyId == nil || *head.SSEKMSKeyId != key ||
		!strings.Contains(*head.ContentDisposition, "acme-2026-10-packet.pdf") {
		t.Errorf("packet.pdf is stored with %+v (%v)", head, err)
	}
}
