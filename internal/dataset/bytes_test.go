package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func fullEvent() *Event {
	b := func(s string) []byte { return []byte(s) }
	return &Event{TimeMS: 1790895638000, Name: b("PutObject"), Source: b("s3.amazonaws.com"), Region: b("eu-west-1"),
		Account: b("111122223333"), UserType: b("AssumedRole"), Requester: b("arn:aws:sts::111122223333:assumed-role/r/s"),
		UserAccount: b("444455556666"), Issuer: b("arn:aws:iam::111122223333:role/r"), SourceIP: b("192.0.2.1"),
		UserAgent: b("agent"), RequestID: b("id"), HostID: b("host"), EventID: b("event"), SharedID: b("shared"),
		Type: b("AwsApiCall"), Category: b("Data"), ErrorCode: b("AccessDenied"), Error: b("Access Denied"),
		Bucket: b("acme-backups"), Key: b("k\x00\xff"), VersionID: b("v"), ReadOnly: No, Management: Yes, Status: 403,
		BytesIn: 1, BytesOut: 2, TLSVersion: b("TLSv1.3"), CipherSuite: b("cipher"), Signature: b("SigV4"),
		AuthType: b("AuthHeader"), Resources: b("[1]"), Parameters: b("{2}"), Response: b("{3}")}
}

// TestFilesAreTheSameBytes holds the files of a fixed batch to what they were: the same logs
// give the same files, whatever version wrote them. A newer compressor may change the
// hashes; a change here may not.
func TestFilesAreTheSameBytes(t *testing.T) {
	d := Dataset{Dir: t.TempDir()}
	batch := d.NewBatch(1)
	random := rand.New(rand.NewPCG(1, 2))
	text := func(field []byte) []byte { // of each field one of a few values, any value, "" or nothing
		switch n := random.IntN(10); {
		case n == 0:
			return nil
		case n == 1:
			return []byte{}
		case n < 7:
			return fmt.Appendf(nil, "%s-%d", field, random.IntN(5))
		}
		return fmt.Appendf(nil, "%s-%d\xff", field, random.Uint64())
	}
	number := func(n int64) int64 {
		if random.IntN(4) == 0 {
			return None
		}
		return random.Int64N(n)
	}
	for line := range int64(3000) {
		source := fmt.Appendf(nil, "s3://logs/%d", line/100)
		rec, ev := full(), fullEvent()
		for _, field := range []*[]byte{&rec.BucketOwner, &rec.RemoteIP, &rec.Requester, &rec.RequestID, &rec.Operation, &rec.Key,
			&rec.RequestURI, &rec.ErrorCode, &rec.Referer, &rec.UserAgent, &rec.VersionID, &rec.HostID, &rec.SignatureVersion,
			&rec.CipherSuite, &rec.AuthenticationType, &rec.HostHeader, &rec.TLSVersion, &rec.AccessPointARN,
			&rec.SourceRegion, &rec.Extra,
			&ev.Account, &ev.Name, &ev.Source, &ev.Region, &ev.UserType, &ev.Requester, &ev.UserAccount, &ev.Issuer, &ev.SourceIP,
			&ev.UserAgent, &ev.RequestID, &ev.HostID, &ev.EventID, &ev.SharedID, &ev.Type, &ev.Category, &ev.ErrorCode, &ev.Error,
			&ev.Bucket, &ev.Key, &ev.VersionID, &ev.TLSVersion, &ev.CipherSuite, &ev.Signature, &ev.AuthType, &ev.Resources,
			&ev.Parameters, &ev.Response} {
			*field = text(*field)
		}
		rec.TimeMS += random.Int64N(100_000)
		rec.HTTPStatus, rec.BytesSent, rec.ObjectSize = int32(number(600)), number(1<<40), number(1<<40)
		rec.TotalTimeMS, rec.TurnAroundTimeMS = int32(number(1000)), int32(number(1000))
		rec.ACLRequired = [][]byte{nil, []byte("Yes"), []byte("No")}[random.IntN(3)]
		ev.TimeMS += random.Int64N(100_000)
		ev.ReadOnly, ev.Management = Tristate(random.IntN(3)), Tristate(random.IntN(3))
		ev.Status, ev.BytesIn, ev.BytesOut = int32(number(600)), number(1<<40), number(1<<40)
		rec.Clean()
		ev.Clean()
		if err := batch.Access(rec, source, line); err != nil {
			t.Fatal(err)
		}
		if err := batch.Event(TrailOwner("111122223333"), ev, source, line); err != nil {
			t.Fatal(err)
		}
		if err := batch.Reject("acme-backups", rec.TimeMS, string(source), line, "why", append([]byte{}, rec.Key...)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := batch.Close()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(d.Full(f.Path))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		got[f.Kind] = hex.EncodeToString(sum[:])
	}
	want := map[string]string{
		Access:   "81730ba5fe54de7ed329ee8d2c31bb250ab34c213f0100f151645762e98d2e92",
		Rejected: "573aa10699ac61a98b216b1337a9d5e65018deb13a0c4e12a9e531ec9e53cb7d",
		Trail:    "39c170fbe0caf06e539b888d7d4c4693e14324eef7a42b83c18cb1f3ea46cccd",
	}
	for _, kind := range slices.Sorted(maps.Keys(want)) {
		if got[kind] != want[kind] {
			t.Errorf("%s: the file hashes to\n%s, want\n%s", kind, got[kind], want[kind])
		}
	}
}
