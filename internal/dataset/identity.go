package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/identity"
)

// Identify gives the ID of a clean record: a hash of request ID, operation, key and version
// ID, and of when, who and from where, how it ended and how much it moved. The request ID
// alone would not do, the children of a multi-object delete share it; and who may write to
// the place of the logs could hide a record behind one of the same request that says
// something else. Where the log has no request ID, URI and user agent stand in. What forms
// of the log write differently, such as milliseconds and the name of a TLS version, is left
// out.
func Identify(key identity.Key, rec *Record) identity.ID {
	var b [2048]byte
	buf := b[:0]
	for _, f := range [...][]byte{rec.RequestID, rec.Operation, rec.Key, rec.VersionID, rec.RemoteIP, rec.Requester, rec.ErrorCode} {
		buf = appendField(buf, f)
	}
	for _, n := range [...]int64{rec.TimeMS / 1000, int64(rec.HTTPStatus), rec.BytesSent, rec.ObjectSize} {
		buf = binary.AppendVarint(buf, max(n, 0)) // - and 0
	}
	if len(rec.RequestID) == 0 {
		buf = appendField(appendField(buf, rec.RequestURI), rec.UserAgent)
	}
	return key.Hash(buf)
}

// appendField adds a field with its length, so that no two lists of fields
// give the same bytes. Nil and empty differ.
func appendField(buf, f []byte) []byte {
	n := uint64(len(f)) + 1
	if f == nil {
		n = 0
	}
	return append(binary.AppendUvarint(buf, n), f...)
}

// identityRow is the part of a row that identifies it.
type identityRow struct {
	Time       int64   `parquet:"time,timestamp(millisecond)"`
	RemoteIP   *string `parquet:"remote_ip,optional"`
	Requester  *string `parquet:"requester,optional"`
	RequestID  *string `parquet:"request_id,optional"`
	Operation  *string `parquet:"operation,optional"`
	Key        *string `parquet:"key,optional"`
	RequestURI *string `parquet:"request_uri,optional"`
	UserAgent  *string `parquet:"user_agent,optional"`
	VersionID  *string `parquet:"version_id,optional"`
	HTTPStatus *int32  `parquet:"http_status,optional"`
	ErrorCode  *string `parquet:"error_code,optional"`
	BytesSent  *int64  `parquet:"bytes_sent,optional"`
	ObjectSize *int64  `parquet:"object_size,optional"`
}

// identified is a row that tells its ID.
type identified[T any] interface {
	*T
	id(key identity.Key) identity.ID
}

// Identities hands the ID of each record of an access file, or event of a trail's, to
// add.
func (d Dataset) Identities(path string, key identity.Key, add func(identity.ID) error) error {
	if strings.HasPrefix(path, Trail+"/") {
		return identities[eventRow](d, path, key, add)
	}
	return identities[identityRow](d, path, key, add)
}

func identities[T any, P identified[T]](d Dataset, path string, key identity.Key, add func(identity.ID) error) (err error) {
	f, err := os.Open(d.Full(path))
	if err != nil {
		return openError(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := parquet.NewGenericReader[T](f)
	defer func() { err = errors.Join(err, r.Close()) }()
	rows := make([]T, 64) // a row can be as long as a line
	for {
		n, err := r.Read(rows)
		for i := range rows[:n] {
			if err := add(P(&rows[i]).id(key)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w; the file is damaged, restore it from a backup", path, err)
		}
	}
}

// openError says what it means that a file of the dataset can't be opened.
func openError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the dataset: %w; it is damaged, restore it from a backup", err)
	}
	return fmt.Errorf("read the dataset: %w", err)
}

func (r *identityRow) id(key identity.Key) identity.ID {
	return Identify(key, &Record{TimeMS: r.Time, RemoteIP: bytesOf(r.RemoteIP), Requester: bytesOf(r.Requester),
		RequestID: bytesOf(r.RequestID),
		Operation: bytesOf(r.Operation), Key: bytesOf(r.Key), RequestURI: bytesOf(r.RequestURI),
		UserAgent: bytesOf(r.UserAgent), VersionID: bytesOf(r.VersionID),
		HTTPStatus: numberOf(r.HTTPStatus), ErrorCode: bytesOf(r.ErrorCode), BytesSent: numberOf(r.BytesSent),
		ObjectSize: numberOf(r.ObjectSize)})
}

func bytesOf(s *string) []byte {
	if s == nil {
		return nil
	}
	return append([]byte{}, *s...)
}

func numberOf[N int32 | int64](n *N) N {
	if n == nil {
		return None
	}
	return *n
}
