package oracle

import (
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Record is a line of an access log. Text that the log does not tell ("-") is "".
type Record struct {
	Bucket    string
	Time      time.Time
	Requester string // as logged
	RequestID string
	Operation string
	Key       string // as logged
	URI       string
	Status    int // 0 where the log has none
	Error     string
	Sent      int64
	Size      int64
	HasSize   bool
	Agent     string
	Version   string
	Address   string // of the client
	Signature string // SigV2, SigV4
	Cipher    string
	Host      string
	TLS       string

	Nobodys   bool      // in a shared bucket; see shown
	Object    string    // the log object's name
	Line      int       // from 1
	Delivered time.Time // when the log object was delivered, by its name
}

// Successful: status 200 to 299 and no error code, or no status, but for writes.
func (r *Record) Successful() bool {
	none := r.Status == 0 && !writes.MatchString(r.Operation)
	return r.Error == "" && (none || r.Status >= 200 && r.Status <= 299)
}

var writes = regexp.MustCompile(`^[A-Z]+\.(PUT|POST|COPY)\.(OBJECT|PART|UPLOADS?)$`)

// Failed: a status of 400 or more, or an error code; what was not modified is no failure.
func (r *Record) Failed() bool { return r.Status != 304 && (r.Status >= 400 || r.Error != "") }

// Is tells whether the operation is one of these.
func (r *Record) Is(operations ...string) bool {
	for _, op := range operations {
		if r.Operation == op {
			return true
		}
	}
	return false
}

// A line is anchored at both ends. The URI ends at the first quote with a status,
// an error and four numbers behind it, the user agent at the last quote with the
// fields in their order behind it.
var line = regexp.MustCompile(`^(\S+) (\S+) \[([^\]]*)\] ([0-9a-fA-F.:]+|-) ` + // owner, bucket, time, address
	`(arn:aws[a-z-]*:iam::cloudfront:user/CloudFront Origin Access Identity \S+|\S+) (\S+) (\S+) (\S+) ` +
	// URI, status, error, sent, size, times
	`(-|".*?") ([1-5][0-9][0-9]|-) ([A-Za-z0-9.]+|-) ([0-9]+|-) ([0-9]+|-) ([0-9]+|-) ([0-9]+|-) ` +
	`(-|".*?") (-|".*") (\S+)( \S+)*$`) // referer, agent, version and what newer lines have

// parseLine reads a line, and says false of one that can't be read.
func parseLine(text string) (Record, bool) {
	m := line.FindStringSubmatch(text)
	if m == nil || len(m[1]) != 64 && m[1] != "-" {
		return Record{}, false
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[3])
	if err != nil {
		return Record{}, false
	}
	r := Record{Bucket: m[2], Time: at.UTC(), Requester: known(m[5]), RequestID: known(m[6]),
		Address: known(m[4]), Operation: known(m[7]), Key: known(m[8]), URI: unquoted(m[9]),
		Error: known(m[11]), Agent: unquoted(m[17]), Version: known(m[18])}
	r.Status, _ = strconv.Atoi(m[10])
	r.Sent, _ = strconv.ParseInt(m[12], 10, 64)
	if m[13] != "-" {
		r.Size, _ = strconv.ParseInt(m[13], 10, 64)
		r.HasSize = true
	}
	// Behind the version: host ID, signature, cipher, authentication, host, TLS.
	tail := strings.Fields(text[strings.LastIndex(text, `"`)+1:])
	if m[17] == "-" {
		tail = strings.Fields(text)[18:]
	}
	if len(tail) >= 7 {
		r.Signature, r.Cipher, r.Host, r.TLS = known(tail[2]), known(tail[3]), known(tail[5]), known(tail[6])
	}
	return r, true
}

func known(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	return known(s)
}

// LogObject is a file that S3 delivered.
type LogObject struct {
	Name      string
	Delivered time.Time
	Empty     bool // without a byte
	Records   []Record
	Rejected  []time.Time // the time that stands for each line that can't be read
}

var logName = regexp.MustCompile(`(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-[^/-]+$`)

// parseObject reads a log object, packed by gzip or not. False is for what is not
// named like one.
func parseObject(name string, body []byte) (LogObject, bool) {
	m := logName.FindStringSubmatch(path.Base(name))
	if m == nil {
		return LogObject{}, false
	}
	at, err := time.Parse("2006-01-02-15-04-05", m[1])
	if err != nil {
		return LogObject{}, false
	}
	o := LogObject{Name: name, Delivered: at, Empty: len(body) == 0}
	if bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(z)
		}
	}
	var waiting int // lines before the first record
	for i, text := range strings.Split(string(body), "\n") {
		text = strings.TrimSuffix(text, "\r")
		if text == "" {
			continue
		}
		r, ok := parseLine(text)
		switch {
		case ok:
			r.Object, r.Line, r.Delivered = name, i+1, at
			o.Records = append(o.Records, r)
			for ; waiting > 0; waiting-- {
				o.Rejected = append(o.Rejected, r.Time)
			}
		case len(o.Records) > 0:
			// Assumed: "dated as their neighbours" is the record in front, and behind
			// it where none is in front.
			o.Rejected = append(o.Rejected, o.Records[len(o.Records)-1].Time)
		default:
			waiting++
		}
	}
	for ; waiting > 0; waiting-- {
		o.Rejected = append(o.Rejected, at) // Assumed: no neighbour, so its delivery
	}
	return o, true
}
