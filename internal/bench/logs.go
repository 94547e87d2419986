// Package bench makes access logs to measure with: deterministic, of any size, with the
// hard lines that real logs hold. The programs in cmd/bench run bucketproof and its peers
// over them (docs/BENCHMARKS.md).
package bench

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Bucket is the bucket of all records.
const Bucket = "acme-backups"

// Configuration is one that reads [Logs] from the folder logs beside it, keeps its data in
// another, and has further lines about the tenant.
func Configuration(data, tenant string) string {
	return fmt.Sprintf(`data_dir = %q
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
%s
[[tenant.bucket]]
name = %q
logs = "file:logs"
prefixes = ["veeam/"]
[[tenant.principal]]
match = "arn:aws:sts::111122223333:assumed-role/BackupRole/*"
name = "Nightly backup role"
role = "backup"
`, data, tenant, Bucket)
}

// hardOf is one in how many records is hard to read: quotes in the user agent,
// a requester with spaces, bare dashes where quotes are usual.
const hardOf = 50

// Truth is what the logs contain.
type Truth struct {
	Objects, Bytes, Records, Hard int64
	Rows                          map[uint64]struct{} // Row of each record
}

var rowSeed = maphash.MakeSeed()

// Row is a hash of what a reader must get right: request ID, operation, key, status and
// user agent, as logged; "" stands for "-".
func Row(requestID, operation, key, status, userAgent string) uint64 {
	var h maphash.Hash
	h.SetSeed(rowSeed)
	for _, f := range []string{requestID, operation, key, status, userAgent} {
		h.WriteString(f)
		h.WriteByte(0)
	}
	return h.Sum64()
}

// Logs writes objects of about objectBytes each into dir until they have bytes in all, and
// tells what they contain. It keeps the rows if rows is set.
func Logs(dir string, bytes, objectBytes int64, rows bool) (Truth, error) {
	return logs(dir, bytes, objectBytes, rows, nil)
}

func logs(dir string, bytes, objectBytes int64, rows bool, trail *trailWriter) (Truth, error) {
	t := Truth{}
	if rows {
		t.Rows = map[uint64]struct{}{}
	}
	g := generator{rng: rand.New(rand.NewPCG(1, 2)), at: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), truth: &t, trail: trail}
	// A month of delivery, however many objects.
	step := 30 * 24 * time.Hour / time.Duration(max(bytes/objectBytes, 1))
	var text []byte
	for t.Bytes < bytes {
		g.at = g.at.Add(step)
		text = text[:0]
		for int64(len(text)) < objectBytes {
			text = g.line(text)
		}
		name := g.at.Format("2006-01-02-15-04-05-") + fmt.Sprintf("%016X", t.Objects)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return t, err
		}
		if trail != nil {
			if err := trail.flush(g.at, t.Objects); err != nil {
				return t, err
			}
		}
		t.Objects++
		t.Bytes += int64(len(text))
	}
	return t, nil
}

type generator struct {
	rng   *rand.Rand
	at    time.Time
	truth *Truth
	trail *trailWriter // nil for none
}

func (g *generator) random(b []byte, n int, digits string) []byte {
	for range n {
		b = append(b, digits[g.rng.IntN(len(digits))])
	}
	return b
}

const (
	hexDigits = "0123456789ABCDEF"
	urlSafe   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."
	base64    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	owner     = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
)

// line adds a record: a backup's parts and objects, its reads and lists, a few
// deletes, lifecycle.
func (g *generator) line(b []byte) []byte {
	r := g.rng
	at := g.at.Add(-time.Duration(r.IntN(3600)) * time.Second)
	key := fmt.Sprintf("veeam/Server%02d/%s/", r.IntN(20), at.Format(time.DateOnly)) + string(g.random(nil, 12, hexDigits)) + ".blk"
	id := string(g.random(nil, 16, hexDigits))
	requester := "arn:aws:sts::111122223333:assumed-role/BackupRole/nightly-" + strconv.Itoa(at.Day())
	agent := "APN/1.0 Veeam/1.0 VeeamBackup/12.1.2"
	operation, uri, status, code, sent, size, version := "", "", "200", "-", "-", strconv.Itoa(r.IntN(1<<26)), "-"
	switch n := r.IntN(100); {
	case n < 55:
		operation, uri = "REST.PUT.PART",
			fmt.Sprintf("PUT /%s/%s?partNumber=%d&uploadId=%s HTTP/1.1", Bucket, key, r.IntN(900), g.random(nil, 32, urlSafe))
	case n < 75:
		operation, uri, version = "REST.PUT.OBJECT", "PUT /"+Bucket+"/"+key+" HTTP/1.1", string(g.random(nil, 32, urlSafe))
	case n < 85:
		operation, uri, sent = "REST.GET.OBJECT", "GET /"+Bucket+"/"+key+" HTTP/1.1", size
	case n < 92:
		operation, uri, code, status = "REST.HEAD.OBJECT", "HEAD /"+Bucket+"/"+key+" HTTP/1.1", "NoSuchKey", "404"
	case n < 97:
		operation, key, size, sent = "REST.GET.BUCKET", "-", "-", "4711"
		uri = "GET /" + Bucket + "/?list-type=2&prefix=veeam%2F HTTP/1.1"
	default:
		operation, uri, status, size = "REST.DELETE.OBJECT", "DELETE /"+Bucket+"/"+key+" HTTP/1.1", "204", "-"
	}
	uri, referer, quotedAgent := `"`+uri+`"`, `"-"`, `"`+agent+`"`
	if r.IntN(hardOf) == 0 {
		g.truth.Hard++
		switch r.IntN(4) {
		case 0:
			agent = `Mozilla/5.0 "quoted" (X11; [x86_64]) - -`
			quotedAgent = `"` + agent + `"`
		case 1:
			requester = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2ABC"
		case 2: // lifecycle: bare dashes
			operation, uri, status, code, sent, agent = "S3.EXPIRE.OBJECT", "-", "-", "-", "-", ""
			requester, referer, quotedAgent = "AmazonS3", "-", "-"
			if key == "-" {
				key = "veeam/old"
			}
		case 3:
			operation, uri, status, code, sent, agent = "BATCH.DELETE.OBJECT", "-", "204", "-", "-", ""
			referer, quotedAgent = "-", "-"
			if key == "-" {
				key = "veeam/old"
			}
		}
	}
	address := "192.0.2." + strconv.Itoa(r.IntN(200))
	if g.trail != nil {
		g.trail.add(at, operation, requester, address, id, key, status, agent)
	}
	g.truth.Records++
	if g.truth.Rows != nil {
		g.truth.Rows[Row(id, operation, dash(key), dash(status), agent)] = struct{}{}
	}
	b = append(b, owner+" "+Bucket+" "...)
	b = at.AppendFormat(b, "[02/Jan/2006:15:04:05 +0000] ")
	b = fmt.Appendf(b, "%s %s %s %s %s %s %s %s %s %s %d %d %s %s %s ", address, requester, id, operation,
		key, uri, status, code, sent, size, r.IntN(400), r.IntN(90), referer, quotedAgent, version)
	b = g.random(b, 75, base64)
	return append(b, "= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader acme-backups.s3.us-east-1.amazonaws.com TLSv1.3 - Yes us-east-1\n"...)
}

// Run runs a command in dir and returns its wall time in seconds and its peak memory in
// megabytes, as the operating system tells it. Exit code 3 is an answer.
func Run(ctx context.Context, dir string, args ...string) (seconds float64, peak int64, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	start := time.Now()
	err = cmd.Run()
	seconds = time.Since(start).Seconds()
	if err != nil && cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3 {
		err = nil
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = usage.Maxrss >> 10
	}
	return seconds, peak, err
}

func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
