package state

import (
	"context"
	"database/sql"
	"time"
)

// Source is a log object as far as one bucket is concerned.
type Source struct {
	LogObject
	Bucket string
	ObjectCount
	Unattributed int64 // rejected lines that do not tell their bucket
}

// Damaged returns the log objects of a bucket with lines that can't be read, of records
// or delivery in from..to, by when they were delivered.
func (s *Ledger) Damaged(ctx context.Context, location, bucket string, from, to time.Time) ([]Source, error) {
	const query = `SELECT o.source, o.delivered, b.rejected, b.first, b.last FROM log_objects o JOIN log_object_buckets b ON b.object = o.id AND b.bucket = ?
WHERE o.location = ? AND o.kind = 'log' AND b.rejected > 0 AND coalesce(b.first, o.delivered) < ? AND coalesce(b.last, o.delivered) >= ? ORDER BY o.delivered, o.source`
	return list(ctx, s.db, "read the ledger", query, func(r *sql.Rows) (Source, error) {
		src := Source{Bucket: bucket}
		var delivered, first, last sql.NullInt64
		err := r.Scan(&src.LogObject.Source, &delivered, &src.Rejected, &first, &last)
		src.Delivered, src.First, src.Last = fromMillis(delivered), fromMillis(first), fromMillis(last)
		return src, err
	}, bucket, location, to.UnixMilli(), from.UnixMilli())
}

// Sources returns the log objects that were delivered, or hold records, in the
// interval from..to, with what they held for the bucket, and those of other locations
// that hold records of it: the configuration may have named them before. The order is
// by location and key. A log object of the location that holds nothing of the bucket, and no
// line that could be of any, is none of its sources.
func (s *Ledger) Sources(ctx context.Context, location, bucket string, from, to time.Time) ([]Source, error) {
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
	const query = columns + join + here + " UNION ALL " + columns + join + elsewhere + order
	return list(ctx, s.db, "read the ledger", query, func(r *sql.Rows) (Source, error) {
		src := Source{Bucket: bucket}
		var modified, delivered, first, last sql.NullInt64
		err := r.Scan(&src.Location, &src.Key, &src.ETag, &src.Size, &src.VersionID, &src.LogObject.Source,
			&src.SHA256, &src.Proof, &modified, &delivered, &src.Kind, &src.Records, &src.Duplicates, &src.Rejected,
			&first, &last, &src.Unattributed)
		src.Modified, src.Delivered, src.First, src.Last = fromMillis(modified), fromMillis(delivered), fromMillis(first), fromMillis(last)
		return src, err
	}, bucket, location, from.UnixMilli(), to.UnixMilli())
}
