package report

import (
	"context"
	"fmt"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// RevisionDue is a published packet that lacks records of its month: they were
// collected after it. The packet itself is never changed.
type RevisionDue struct {
	state.Published
	Objects, Lines int64 // log objects since, and the lines that they held
}

// RevisionsDue returns those of all tenants, in the order of the configuration
// and the months.
func RevisionsDue(ctx context.Context, c *config.Config, s *state.State) ([]RevisionDue, error) {
	var out []RevisionDue
	for _, t := range c.Tenants {
		packets, err := s.Packets.Latest(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range packets {
			r, err := analyze.Month(t.Location, p.Month)
			if err != nil {
				return nil, fmt.Errorf("packet of %s: %w", t.ID, err)
			}
			d := RevisionDue{Published: p}
			for _, b := range t.Buckets {
				objects, lines, err := s.Ledger.Late(ctx, b.Logs.Text, b.Name, r.Start(), r.End(), p.At)
				if err != nil {
					return nil, err
				}
				d.Objects += objects
				d.Lines += lines
			}
			if d.Objects > 0 {
				out = append(out, d)
			}
		}
	}
	return out, nil
}
