package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/dataset"
)

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
func (s *State) Known(ctx context.Context, location string, keys []string) (map[string][]KnownObject, error) {
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
	err := s.rows(ctx, query, func(r *sql.Rows) error {
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
func (s *State) NextBatch(ctx context.Context) (int64, error) {
	var n int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO sequences VALUES ('batch', 1)
ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("take a batch number: %w", err)
	}
	return n, nil
}

// LastBatch is the highest number that NextBatch has given out, 0 for none.
func (s *State) LastBatch(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(value), 0) FROM sequences WHERE name = 'batch'").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the ledger: %w", err)
	}
	return n, nil
}

// Copies returns the buckets whose records were taken from other objects of the
// location with this content, and whether there is one.
func (s *State) Copies(ctx context.Context, o *LogObject) (took []string, found bool, err error) {
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
func (s *State) Commit(ctx context.Context, objects []LogObject, files []dataset.File, incidents []Incident, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
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

func commitFiles(ctx context.Context, tx *sql.Tx, files []dataset.File) error {
	for _, f := range files {
		if _, err := tx.ExecContext(ctx,
			"INSERT INTO dataset_files (path, kind, bucket, date, rows, bytes) VALUES (?, ?, ?, ?, ?, ?)", f.Path,
			f.Kind, f.Bucket, f.Date, f.Rows, f.Bytes); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
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

// Files returns the files of the dataset of one kind and bucket with UTC dates
// from and to, both inclusive, in the order of their paths. Bucket "" holds the
// rejected lines that do not tell theirs.
func (s *State) Files(ctx context.Context, kind, bucket, from, to string) ([]dataset.File, error) {
	var files []dataset.File
	err := s.rows(ctx,
		"SELECT path, kind, bucket, date, rows, bytes FROM dataset_files WHERE kind = ? AND bucket = ? AND date >= "+
			"? AND date <= ? AND retired IS NULL ORDER BY path", func(r *sql.Rows) error {
			var f dataset.File
			err := r.Scan(&f.Path, &f.Kind, &f.Bucket, &f.Date, &f.Rows, &f.Bytes)
			files = append(files, f)
			return err
		}, kind, bucket, from, to)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return files, nil
}

// AllFiles returns the paths of all files of the dataset, with those that were
// replaced and may still be read.
func (s *State) AllFiles(ctx context.Context) (map[string]bool, error) {
	paths := map[string]bool{}
	err := s.rows(ctx, "SELECT path FROM dataset_files", func(r *sql.Rows) error {
		var p string
		err := r.Scan(&p)
		paths[p] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return paths, nil
}

// Source is a log object as far as one bucket is concerned.
type Source struct {
	LogObject
	Bucket string
	ObjectCount
	Unattributed int64 // rejected lines that do not tell their bucket
}

// Damaged returns the log objects of a bucket with lines that can't be read, of records
// or delivery in from..to, by when they were delivered.
func (s *State) Damaged(ctx context.Context, location, bucket string, from, to time.Time) ([]Source, error) {
	var out []Source
	err := s.rows(ctx,
		`SELECT o.source, o.delivered, b.rejected, b.first, b.last FROM log_objects o JOIN log_object_buckets b ON b.object = o.id AND b.bucket = ?
WHERE o.location = ? AND o.kind = 'log' AND b.rejected > 0 AND coalesce(b.first, o.delivered) < ? AND coalesce(b.last, o.delivered) >= ? ORDER BY o.delivered, o.source`, func(r *sql.Rows) error {
			src := Source{Bucket: bucket}
			var delivered, first, last sql.NullInt64
			err := r.Scan(&src.LogObject.Source, &delivered, &src.Rejected, &first, &last)
			src.Delivered, src.First, src.Last = fromMillis(delivered), fromMillis(first), fromMillis(last)
			out = append(out, src)
			return err
		}, bucket, location, to.UnixMilli(), from.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}

// longObject is more time than a log object reaches over.
const longObject = 48 * time.Hour

// RecordsAround returns when the records of a bucket end before a time and begin
// again behind another, as far as the log objects tell; zero where they don't.
// Of an object that reaches over such a time only its ends are known.
func (s *State) RecordsAround(ctx context.Context, bucket string, before, behind time.Time) (last, next time.Time, err error) {
	var ended, from, began, to sql.NullInt64
	err = s.db.QueryRowContext(ctx, `SELECT
  (SELECT max(last) FROM log_object_buckets WHERE bucket = ?1 AND last < ?2 AND records > 0),
  (SELECT max(first) FROM log_object_buckets WHERE bucket = ?1 AND last >= ?2 AND last < ?2 + ?4 AND first < ?2 AND records > 0),
  (SELECT min(first) FROM log_object_buckets WHERE bucket = ?1 AND first > ?3 AND records > 0),
  (SELECT min(last) FROM log_object_buckets WHERE bucket = ?1 AND first <= ?3 AND first > ?3 - ?4 AND last > ?3 AND records > 0)`,
		bucket, before.UnixMilli(), behind.UnixMilli(), longObject.Milliseconds()).Scan(&ended, &from, &began, &to)
	if err != nil {
		return last, next, fmt.Errorf("read the records around: %w", err)
	}
	last, next = fromMillis(ended), fromMillis(began)
	if t := fromMillis(from); t.After(last) {
		last = t
	}
	if t := fromMillis(to); !t.IsZero() && (next.IsZero() || t.Before(next)) {
		next = t
	}
	return last, next, nil
}

// Sources returns the log objects that were delivered, or hold records, in the
// interval from..to, with what they held for the bucket, and those of other locations
// that hold records of it: the configuration may have named them before. The order is
// by location and key. A log object of the location that holds nothing of the bucket, and no
// line that could be of any, is none of its sources.
func (s *State) Sources(ctx context.Context, location, bucket string, from, to time.Time) ([]Source, error) {
	const columns = "SELECT o.location, o.key, o.etag, o.size, o.version_id, o.source, o.sha256, o.proof, " +
		"o.modified, o.delivered, o.kind, coalesce(b.records, 0), coalesce(b.duplicates, 0), coalesce(b.rejected, " +
		"0), b.first, b.last, coalesce(u.rejected, 0)"
	const join = " FROM log_objects o LEFT JOIN log_object_buckets b ON b.object = o.id AND b.bucket = ?1 LEFT " +
		"JOIN log_object_buckets u ON u.object = o.id AND u.bucket = ''"
	const here = " WHERE o.location = ?2 AND ((o.delivered >= ?3 AND o.delivered < ?4) OR (b.first < ?4 AND b.last " +
		">= ?3)) AND (b.object IS NOT NULL OR u.object IS NOT NULL OR o.kind <> 'log')"
	const elsewhere = " WHERE o.location <> ?2 AND o.id IN (SELECT object FROM log_object_buckets WHERE bucket = " +
		"?1 AND records > 0 AND first < ?4 AND last >= ?3)"
	const order = " ORDER BY location, key, etag, size"
	var out []Source
	err := s.rows(ctx, columns+join+here+" UNION ALL "+columns+join+elsewhere+order, func(r *sql.Rows) error {
		src := Source{Bucket: bucket}
		var modified, delivered, first, last sql.NullInt64
		err := r.Scan(&src.Location, &src.Key, &src.ETag, &src.Size, &src.VersionID, &src.LogObject.Source,
			&src.SHA256, &src.Proof, &modified, &delivered, &src.Kind, &src.Records, &src.Duplicates, &src.Rejected,
			&first, &last, &src.Unattributed)
		src.Modified, src.Delivered, src.First, src.Last = fromMillis(modified), fromMillis(delivered), fromMillis(first), fromMillis(last)
		out = append(out, src)
		return err
	}, bucket, location, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}
