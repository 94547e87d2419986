// Package accesslog reads Amazon S3 server access logs in their text form (S3 user guide,
// page LogFormat). [Parse] turns one line into a [Record], and [Lines] splits a log object
// into lines in bounded memory.
//
// The client controls the user agent, the referer and parts of the URI, and S3 does not
// escape them, so a line can't be split at quotes. Parse anchors at both ends: the fields
// up to the operation hold no client text, and the fields after the user agent hold no
// quotes. A line that does not fit between the anchors is an error with a reason; no field
// is ever guessed.
package accesslog

import (
	"errors"

	"bucketproof/internal/dataset"
)

// None stands in the numeric fields of a [Record] where the log says "-".
const None = dataset.None

// Record is one line. Its slices point into the line that was parsed.
type Record = dataset.Record

// Reasons why a line is not a record.
var (
	errEmpty      = errors.New("empty line")
	errShort      = errors.New("the line ends before the request URI")
	errTime       = errors.New("no time in brackets as the third field")
	errBucket     = errors.New("the line names no bucket")
	errIP         = errors.New("the remote IP is not an address")
	errOperation  = errors.New("no operation as the seventh field")
	errKey        = errors.New("a space stands at an end of the key, or two between fields")
	errTwoRecords = errors.New("two records stand on one line")
	errURI        = errors.New("no end of the request URI with status, error and four numbers behind it")
	errTwoWays    = errors.New("the line can be read in two ways, because the client's text looks like fields")
	errStatus     = errors.New("the HTTP status is not a number from 100 to 599")
	errNumber     = errors.New("a size or time is not a number")
	errAgents     = errors.New("no referer and user agent behind the numbers")
	errTail       = errors.New("the fields after the user agent are cut off or not in their order")
	ErrTooLong    = errors.New("the line is longer than 1 MiB")
	ErrIncomplete = errors.New("the log object ends in the middle of this line")
)
