package analyze

import (
	"context"
	"fmt"
	"strings"

	"bucketproof/analyze/engine"
)

// Compared are the figures of a bucket's day, of requests in access log and trail.
type Compared struct {
	Bucket, Date string
	Both         int64 // of which Disagreeing say different things
	Disagreeing  int64
	OnlyLog      int64 // of which Known are by their nature in the log only
	Known        int64
	OnlyTrail    int64
	DataEvents   int64 // requests in the trail that are data events
}

// Share is how much of what both could have seen both have seen, from 0 to 1; false
// where there was nothing, or the trail has no data event of the day, so that it is
// not measurable.
func (c Compared) Share() (float64, bool) {
	all := c.Both + c.OnlyLog - c.Known + c.OnlyTrail
	if all == 0 || c.DataEvents == 0 {
		return 0, false
	}
	return float64(c.Both) / float64(all), true
}

// Difference is a request that only one side has, or about which they disagree.
type Difference struct {
	Bucket, Date, Time, RequestID, Operation, Requester, Key string
	What                                                     string
}

// mostDifferences is how many differences are named; all are counted.
const mostDifferences = 10_000

// Compare joins the requests of access log and trail in the range, bucket by bucket and
// day by day, and names the differences by time.
func (v *View) Compare(ctx context.Context) ([]Compared, []Difference, error) {
	base := v.data.Catalog.tables["compared"]
	if !v.readsItself {
		base = strings.Replace(base, "every_access", "access", 1)
	}
	ask := func(head, tail string) (*engine.Result, error) {
		s := &Statement{Name: "compared", SQL: head + " FROM (" + base + ") " + tail}
		if _, err := s.bind(); err != nil {
			return nil, err
		}
		return v.run(ctx, s, "")
	}
	result, err := ask(`SELECT bucket, date, count(*) FILTER (WHERE in_log AND in_trail), count(*) FILTER (WHERE disagreement <> ''), count(*) FILTER (WHERE NOT in_trail), count(*) FILTER (WHERE NOT in_trail AND known IS NOT NULL),
  count(*) FILTER (WHERE NOT in_log), count(*) FILTER (WHERE data_event)`, "GROUP BY bucket, date ORDER BY bucket, date")
	if err != nil {
		return nil, nil, err
	}
	days, err := comparedRows(result)
	if err != nil {
		return nil, nil, err
	}
	result, err = ask(`SELECT bucket, date, strftime(time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ'), request_id, operation, coalesce(requester, '-'), coalesce(key, ''),
  CASE WHEN NOT in_trail THEN 'only in the log' || coalesce(': ' || known, '') WHEN NOT in_log THEN 'only in the trail' ELSE disagreement END`,
		fmt.Sprintf("WHERE NOT (in_log AND in_trail AND disagreement = '') ORDER BY time, bucket, request_id LIMIT %d", mostDifferences))
	if err != nil {
		return nil, nil, err
	}
	var out []Difference
	for _, row := range result.Rows {
		var d Difference
		for i, to := range []*string{&d.Bucket, &d.Date, &d.Time, &d.RequestID, &d.Operation, &d.Requester, &d.Key, &d.What} {
			var ok bool
			if *to, ok = row[i].(string); !ok {
				return nil, nil, fmt.Errorf("compare log and trail: unexpected row %v", row)
			}
		}
		out = append(out, d)
	}
	return days, out, nil
}

func comparedRows(result *engine.Result) (out []Compared, err error) {
	for _, row := range result.Rows {
		var c Compared
		var ok bool
		if c.Bucket, ok = row[0].(string); !ok {
			return nil, fmt.Errorf("compare log and trail: unexpected row %v", row)
		}
		if c.Date, ok = row[1].(string); !ok {
			return nil, fmt.Errorf("compare log and trail: unexpected row %v", row)
		}
		for i, to := range []*int64{&c.Both, &c.Disagreeing, &c.OnlyLog, &c.Known, &c.OnlyTrail, &c.DataEvents} {
			if *to, ok = row[i+2].(int64); !ok {
				return nil, fmt.Errorf("compare log and trail: unexpected row %v", row)
			}
		}
		out = append(out, c)
	}
	return out, nil
}
