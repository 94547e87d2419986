package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/dataset"
	"bucketproof/internal/identity"
)

// Ledger is which log objects of the log locations are in the dataset, with what each held for which
// bucket, and what happened to them.
type Ledger struct {
	db     *database
	copies *sql.Stmt // copiesOfObject
}

// Kinds of log objects.
const (
	KindLog     = "log"
	KindForeign = "foreign" // something else that lies in the log location
	KindEmpty   = "empty"   // no byte
	KindChanged = "changed" // another content than the one collected; left alone
)

// LogObject is one object of a log location that has been looked at.
type LogObject struct {
	Location       string // URL as configured
	Key            string // relative to Location
	ETag           string
	Size           int64
	VersionID      string // "" where the bucket has no versions
	Source         string // full name
	SHA256         string // hex
	Proof          string // by what its bytes were compared with those that are stored; "" not noted
	Modified       time.Time
	Delivered      time.Time
	Kind           string
	Reader         int
	Took           []string // the buckets whose records were taken, sorted
	ForeignRecords int64    // records of other buckets
	Buckets        map[string]ObjectCount
}

// ObjectCount is what an object held for one bucket.
type ObjectCount struct {
	Records, Duplicates, Rejected int64
	First, Last                   time.Time // of its records; zero without any
}

// ObjectID names a version of a log object in its location.
type ObjectID struct {
	Key, ETag string
	Size      int64
}

// KnownObject is a version of a log object that was looked at.
type KnownObject struct {
	ObjectID
	Kind   string
	Reader int
	SHA256 string
	Proof  string
	// Took are the buckets whose records were taken, Foreign is how many records
	// of others it holds.
	Took    []string
	Foreign int64
}

// Lacks tells whether the object may hold records of buckets that were not
// taken.
func (o *KnownObject) Lacks(buckets []string) bool {
	return o.Foreign > 0 && slices.ContainsFunc(buckets, func(b string) bool { return !slices.Contains(o.Took, b) })
}

// Known returns what is known of the objects of a location with these keys, by
// key, the version that was collected first in front.
func (s *Ledger) Known(ctx context.Context, location string, keys []string) (map[string][]KnownObject, error) {
	known := map[string][]KnownObject{}
	if len(keys) == 0 {
		return known, nil
	}
	args := []any{location}
	for _, k := range keys {
		args = append(args, k)
	}
	query := "SELECT key, etag, size, kind, reader, sha256, proof, buckets, foreign_records FROM log_objects WHERE " +
		"location = ? AND key IN (?" + strings.Repeat(", ?", len(keys)-1) + ") ORDER BY id"
	err := each(ctx, s.db, query, func(r *sql.Rows) error {
		var o KnownObject
		var buckets string
		err := r.Scan(&o.Key, &o.ETag, &o.Size, &o.Kind, &o.Reader, &o.SHA256, &o.Proof, &buckets, &o.Foreign)
		o.Took = strings.Split(buckets, ",")
		known[o.Key] = append(known[o.Key], o)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return known, nil
}

// NextBatch gives out a number that no batch has had.
func (s *Ledger) NextBatch(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO sequences VALUES ('batch', 1)
ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("take a batch number: %w", err)
	}
	return n, nil
}

// LastBatch is the highest number that NextBatch has given out, 0 for none.
func (s *Ledger) LastBatch(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(value), 0) FROM sequences WHERE name = 'batch'").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the ledger: %w", err)
	}
	return n, nil
}

// copiesOfObject is asked for each log object, and so prepared once.
const copiesOfObject = "SELECT buckets FROM log_objects WHERE location = ? AND sha256 = ? AND kind = 'log' AND NOT (key = ? AND " +
	"etag = ? AND size = ?)"

// Copies returns the buckets whose records were taken from other objects of the
// location with this content, and whether there is one.
func (s *Ledger) Copies(ctx context.Context, o *LogObject) (took []string, found bool, err error) {
	rows, err := s.copies.QueryContext(ctx, o.Location, o.SHA256, o.Key, o.ETag, o.Size)
	if err == nil {
		for rows.Next() {
			var buckets string
			if err = rows.Scan(&buckets); err != nil {
				break
			}
			took, found = append(took, strings.Split(buckets, ",")...), true
		}
		err = errors.Join(err, rows.Err(), rows.Close())
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the ledger: %w", err)
	}
	return took, found, nil
}

// Commit makes a batch part of the dataset: its objects, its files and what was
// noticed become known in one transaction, or not at all.
func (s *Ledger) Commit(ctx context.Context, objects []LogObject, files []dataset.File, incidents []Incident, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		if err := commitFiles(ctx, tx, files); err != nil {
			return err
		}
		for _, i := range incidents {
			_, err := tx.ExecContext(ctx,
				`INSERT INTO log_incidents (location, key, kind, etag, size, source, noticed, sha256, before, buckets, named)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				i.Location, i.Key, i.Kind, i.ETag, i.Size, i.Source, at.UnixMilli(), i.SHA256, i.Before,
				strings.Join(i.Buckets, ","), millis(i.Named))
			if err != nil {
				return fmt.Errorf("%s: %w", i.Source, err)
			}
		}
		if err := commitObjects(ctx, tx, objects, at); err != nil {
			return err
		}
		// What has come back was not gone.
		_, err := tx.ExecContext(ctx,
			"DELETE FROM log_incidents AS i WHERE kind = 'gone' AND EXISTS (SELECT 1 FROM log_objects o WHERE "+
				"o.location = i.location AND o.key = i.key AND o.collected >= i.noticed)")
		return err
	})
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

func commitObjects(ctx context.Context, tx *sql.Tx, objects []LogObject, at time.Time) (err error) {
	// An object is taken again for buckets that were not configured before, one that was
	// foreign by a reader that knows more forms, and one that was read anew because
	// nothing had proven its bytes. Where that only proved them, nothing new came in.
	const again = ` ON CONFLICT (location, key, etag, size) DO UPDATE SET kind = excluded.kind, reader = excluded.reader, sha256 = excluded.sha256, proof = excluded.proof,
buckets = excluded.buckets, foreign_records = excluded.foreign_records, version_id = excluded.version_id,
collected = CASE WHEN kind = excluded.kind AND sha256 = excluded.sha256 AND buckets = excluded.buckets THEN collected ELSE excluded.collected END
WHERE kind <> 'log' OR buckets <> excluded.buckets OR sha256 <> excluded.sha256 OR proof <> excluded.proof RETURNING id`
	object, err := tx.PrepareContext(ctx,
		"INSERT INTO log_objects (location, key, etag, size, source, sha256, modified, delivered, kind, reader, "+
			"buckets, foreign_records, collected, version_id, proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+again)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, object.Close()) }()
	count, err := tx.PrepareContext(ctx, `INSERT INTO log_object_buckets VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
records = records + excluded.records, rejected = max(rejected, excluded.rejected),
first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)), last = max(coalesce(last, excluded.last), coalesce(excluded.last, last))`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, count.Close()) }()
	for i := range objects {
		o := &objects[i]
		var id int64
		err := object.QueryRowContext(ctx, o.Location, o.Key, o.ETag, o.Size, o.Source, o.SHA256, o.Modified.UnixMilli(),
			o.Delivered.UnixMilli(), o.Kind, o.Reader, strings.Join(o.Took, ","), o.ForeignRecords, at.UnixMilli(),
			o.VersionID, o.Proof).Scan(&id)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Source, err)
		}
		for bucket, n := range o.Buckets {
			if _, err := count.ExecContext(ctx, id, bucket, n.Records, n.Duplicates, n.Rejected, millis(n.First),
				millis(n.Last)); err != nil {
				return fmt.Errorf("%s: %w", o.Source, err)
			}
		}
	}
	return nil
}

// IdentityKey is the key of the record identities of this dataset, made at the
// first call.
func (s *Ledger) IdentityKey(ctx context.Context) (key identity.Key, err error) {
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	if _, err := s.db.ExecContext(ctx, "INSERT INTO settings VALUES ('identity_key', ?) ON CONFLICT DO NOTHING", key[:]); err != nil {
		return key, fmt.Errorf("make the identity key: %w", err)
	}
	var stored []byte
	if err := s.db.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = 'identity_key'").Scan(&stored); err != nil {
		return key, fmt.Errorf("read the identity key: %w", err)
	}
	if len(stored) != len(key) {
		return key, fmt.Errorf("the identity key in the state has %d bytes, not %d; restore state.db from a backup", len(stored), len(key))
	}
	copy(key[:], stored)
	return key, nil
}
