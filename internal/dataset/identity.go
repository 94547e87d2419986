package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// ID identifies a record within its bucket and UTC date: a 128-bit hash of
// request ID, operation, key and version ID. The request ID alone would not
// do, the children of a multi-object delete share it. Where the log has no
// request ID, time, address, requester, URI and user agent stand in. IDs hold
// within one process only.
type ID [16]byte

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// Identify gives the ID of a clean record.
func Identify(rec *Record) ID {
	var b [2048]byte
	buf := b[:0]
	for _, f := range [...][]byte{rec.RequestID, rec.Operation, rec.Key, rec.VersionID} {
		buf = appendField(buf, f)
	}
	if rec.RequestID == nil {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(rec.TimeMS))
		for _, f := range [...][]byte{rec.RemoteIP, rec.Requester, rec.RequestURI, rec.UserAgent} {
			buf = appendField(buf, f)
		}
	}
	var id ID
	binary.LittleEndian.PutUint64(id[:8], maphash.Bytes(seeds[0], buf))
	binary.LittleEndian.PutUint64(id[8:], maphash.Bytes(seeds[1], buf))
	return id
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
}

// AddIDs adds the IDs of all records of an access file to ids.
func (d Dataset) AddIDs(path string, ids map[ID]struct{}) (err error) {
	f, err := os.Open(d.Full(path))
	if err != nil {
		return fmt.Errorf("read the dataset: %w; it is damaged, restore it from a backup", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := parquet.NewGenericReader[identityRow](f)
	defer func() { err = errors.Join(err, r.Close()) }()
	rows := make([]identityRow, 1024)
	for {
		n, err := r.Read(rows)
		for i := range rows[:n] {
			ids[rows[i].id()] = struct{}{}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w; the file is damaged, restore it from a backup", path, err)
		}
	}
}

func (r *identityRow) id() ID {
	return Identify(&Record{TimeMS: r.Time, RemoteIP: bytesOf(r.RemoteIP), Requester: bytesOf(r.Requester), RequestID: bytesOf(r.RequestID),
		Operation: bytesOf(r.Operation), Key: bytesOf(r.Key), RequestURI: bytesOf(r.RequestURI), UserAgent: bytesOf(r.UserAgent), VersionID: bytesOf(r.VersionID)})
}

func bytesOf(s *string) []byte {
	if s == nil {
		return nil
	}
	return append([]byte{}, *s...)
}
