package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bucketproof/internal/config"
	"bucketproof/templates"
)

// Place is where a packet shows a saved query, and how its table looks. The header of the
// query declares it:
//
//	-- packet: 60, with cloudtrail
//	-- section: deletes
//	-- widths: 44, 18, 50
//	-- printed rows: 124
//	-- monospaced: token
//	-- translated: state
//
// A query of the user's own that has the name of one of ours takes its place; another has none.
type Place struct {
	Number     int       // in the order of the packet; 0 for a query that packets show only where they are told to
	With       string    // the packets of tenants that have this, as `needs` of a check names it; "" for every packet
	Section    string    // of the packet; "" for that on further queries
	ByCode     bool      // the section shows it at a place or in a form of its own
	Again      bool      // the section on further queries shows it, too
	Widths     []float64 // of its columns, as shares
	Rows       int       // how many are printed; 0 for as many as of any query
	Monospaced []string  // columns that hold what machines read, beside those of all queries
	Translated []string  // columns whose texts are words of ours, beside those of all queries
}

// readPlace reads the place that a header declares.
func readPlace(where string, header templates.Header) (p Place, err error) {
	for _, d := range header {
		list := strings.Split(d.Value, ", ")
		ok := true
		switch d.Key {
		case "packet":
			var number string
			if number, p.With, ok = strings.Cut(d.Value, ", with "); !ok {
				number, ok = d.Value, true
			}
			p.Number, err = strconv.Atoi(number)
			ok = err == nil && p.Number > 0
		case "section":
			p.Section = list[0]
			for _, how := range list[1:] {
				switch how {
				case "placed by code":
					p.ByCode = true
				case "and further":
					p.Again = true
				default:
					ok = false
				}
			}
		case "widths":
			p.Widths = make([]float64, len(list))
			for i, w := range list {
				if p.Widths[i], err = strconv.ParseFloat(w, 64); err != nil || p.Widths[i] <= 0 {
					ok = false
				}
			}
		case "printed rows":
			p.Rows, err = strconv.Atoi(d.Value)
			ok = err == nil && p.Rows > 0
		case "monospaced":
			p.Monospaced = list
		case "translated":
			p.Translated = list
		}
		if !ok {
			return p, fmt.Errorf("%s:%d: %s is %q, which does not read as in other queries", where, d.Line, d.Key, d.Value)
		}
	}
	return p, nil
}

// everywhere tells whether every packet shows it.
func (p Place) everywhere() bool { return p.Number > 0 && p.With == "" }

// order sorts what every packet shows before all else, which has no order.
func (p Place) order() int {
	if p.everywhere() {
		return p.Number
	}
	return 1 << 30
}

// Packet returns the queries that every packet shows, in its order.
func (c *Catalog) Packet() []*Statement {
	return slices.DeleteFunc(slices.Clone(c.Queries), func(s *Statement) bool { return !s.Place.everywhere() })
}

// PacketOf returns those that the packets of a tenant show besides, in their order, because
// of what its configuration has.
func (c *Catalog) PacketOf(t config.Tenant) []*Statement {
	list := slices.DeleteFunc(slices.Clone(c.Queries), func(s *Statement) bool {
		return s.Place.With == "" || !wanted(s.Place.With, t)
	})
	slices.SortStableFunc(list, func(a, b *Statement) int { return cmp.Compare(a.Place.Number, b.Place.Number) })
	return list
}

// InPacket tells whether every packet shows a query of this name.
func (c *Catalog) InPacket(name string) bool {
	return slices.ContainsFunc(c.Queries, func(s *Statement) bool { return s.Name == name && s.Place.everywhere() })
}
