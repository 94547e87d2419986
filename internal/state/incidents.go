package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Kinds of incidents.
const (
	IncidentChanged = "changed" // its content is another one than was collected
	IncidentGone    = "gone"    // removed between listing and reading
)

// Incident is what happened to a log object that it may not happen to.
type Incident struct {
	Location, Key, Kind, ETag string
	Size                      int64
	Source                    string // full name
	Noticed                   time.Time
	SHA256                    string   // of the content found; "" for gone
	Before                    string   // of the content collected; "" for gone
	Buckets                   []string // whose records it holds or may hold
	// Named is the time in its name, or when it was stored; zero where that tells
	// nothing about its records.
	Named time.Time
	// First and Last are the times that it is about: of the records that were
	// collected from it, or else Named, or else Noticed.
	First, Last time.Time
}

// Incidents returns what was noticed about the log objects of a bucket that are about
// from..to, in the order of their names.
func (s *Ledger) Incidents(ctx context.Context, location, bucket string, from, to time.Time) ([]Incident, error) {
	var out []Incident
	const records = `SELECT %s FROM log_objects o JOIN log_object_buckets b ON b.object = o.id
  WHERE o.location = i.location AND o.key = i.key AND b.bucket = ?1 AND b.records + b.duplicates > 0`
	const stored = "SELECT o.delivered FROM log_objects o WHERE o.location = i.location AND o.key = i.key AND " +
		"o.kind <> 'changed' ORDER BY o.id LIMIT 1"
	query := fmt.Sprintf(`SELECT location, key, kind, etag, size, source, noticed, sha256, before, buckets, named, (%s), (%s), (%s)
FROM log_incidents i WHERE location = ?2 AND ',' || buckets || ',' LIKE '%%,' || ?1 || ',%%' ORDER BY source, etag`,
		fmt.Sprintf(records, "min(b.first)"), fmt.Sprintf(records, "max(b.last)"), stored)
	err := each(ctx, s.db, query, func(r *sql.Rows) error {
		var i Incident
		var noticed, named, first, last, delivered sql.NullInt64
		var buckets string
		err := r.Scan(&i.Location, &i.Key, &i.Kind, &i.ETag, &i.Size, &i.Source, &noticed, &i.SHA256, &i.Before,
			&buckets, &named, &first, &last, &delivered)
		i.Noticed, i.Named, i.Buckets = fromMillis(noticed), fromMillis(named), strings.Split(buckets, ",")
		for _, at := range []sql.NullInt64{named, delivered, noticed} { // the first one that is known
			if !first.Valid || !last.Valid {
				first, last = at, at
			}
		}
		i.First, i.Last = fromMillis(first), fromMillis(last)
		if i.First.Before(to) && !i.Last.Before(from) {
			out = append(out, i)
		}
		return err
	}, bucket, location)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}
