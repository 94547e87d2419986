package collect

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"bucketproof/internal/bench"
	"bucketproof/internal/dataset"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkCollect brings log objects of file:// in: listing, SHA-256, parsing,
// identities, Parquet and the ledger; once 256 objects of 1 MiB, once 3,300 of
// 20 KB. Its peers run in cmd/bench/compare.
func BenchmarkCollect(b *testing.B) {
	b.Run("large", func(b *testing.B) { benchCollect(b, 256<<20, 1<<20) })
	b.Run("small", func(b *testing.B) { benchCollect(b, 64<<20, 20_000) })
}

func benchCollect(b *testing.B, bytes, object int64) {
	logs := newSite(b, bench.Bucket)
	truth, err := bench.Logs(logs.dir+"/logs", bytes, object, false)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(truth.Bytes)
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, bench.Bucket)
		b.StartTimer()
		sums, err := s.c.Collect(b.Context(), logs.srcs)
		if err != nil || sums[0].Records != truth.Records {
			b.Fatalf("%+v, %v", sums, err)
		}
	}
}

// BenchmarkTrail brings log files of a CloudTrail trail in, gzip of some 6 MB of JSON
// each. Bytes are those of the JSON.
func BenchmarkTrail(b *testing.B) {
	logs := newSite(b, dataset.TrailOwner("111122223333"))
	logs.srcs[0].Trail = true
	const files, records = 40, 3000
	var size int64
	for n := range files {
		var text strings.Builder
		text.WriteString(`{"Records":[`)
		for i := range records {
			if i > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, dataEvent, n*records+i, i%60)
		}
		text.WriteString("]}")
		size += int64(text.Len())
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write([]byte(text.String())); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		logs.put(fmt.Sprintf("111122223333_CloudTrail_us-east-1_20261001T%02d00Z_%016d.json.gz", n%24, n), packed.String())
	}
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		s := newSite(b, dataset.TrailOwner("111122223333"))
		b.StartTimer()
		sums, err := s.c.Collect(b.Context(), logs.srcs)
		if err != nil || sums[0].Records != files*records {
			b.Fatalf("%+v, %v", sums, err)
		}
	}
}

// dataEvent is a data event, with a number and a second.
const dataEvent = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEID:night","arn":"arn:aws:sts::111122223333:assumed-role/BackupRole/night","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEID","arn":"arn:aws:iam::111122223333:role/BackupRole","accountId":"111122223333","userName":"BackupRole"},"attributes":{"creationDate":"2026-10-01T00:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-10-01T22:15:%02[2]dZ","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"[APN/1.0 Veeam/1.0 Backup/12.1]","requestParameters":{"bucketName":"acme-backups","Host":"acme-backups.s3.us-east-1.amazonaws.com","key":"veeam/job-1/%012[1]d.blk"},"responseElements":{"x-amz-server-side-encryption":"AES256","x-amz-version-id":"v%031[1]d"},"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":1048576,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"h%075[1]d","bytesTransferredOut":0},"requestID":"R%015[1]d","eventID":"11111111-2222-3333-4444-%012[1]d","readOnly":false,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::acme-backups/veeam/job-1/%012[1]d.blk"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::acme-backups"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"acme-backups.s3.us-east-1.amazonaws.com"}}`
