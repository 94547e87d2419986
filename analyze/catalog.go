package analyze

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"bucketproof/analyze/engine"
	"bucketproof/templates"
)

// Catalog holds the saved queries and the checks.
type Catalog struct {
	Queries []*Statement      // in the order of their names, the packet's own first
	Checks  []*Statement      // in the order of their names
	tables  map[string]string // statements behind the bound tables and views
}

// LoadCatalog reads the built-in statements, and the queries of a folder of the
// user's own, which add to them or replace one by name. Dir "" is no folder.
func LoadCatalog(ctx context.Context, dir string) (*Catalog, error) {
	c := &Catalog{tables: map[string]string{}}
	var err error
	if c.Queries, err = readStatements(templates.Queries, "queries", false); err != nil {
		return nil, err
	}
	for _, s := range c.Queries {
		if s.Place, err = readPlace("queries/"+s.Name+".sql", s.header); err != nil {
			return nil, err
		}
	}
	if c.Checks, err = readStatements(templates.Checks, "checks", true); err != nil {
		return nil, err
	}
	tables, err := fs.Glob(templates.Tables, "tables/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range tables {
		text, err := templates.Tables.ReadFile(name)
		if err != nil {
			return nil, err
		}
		c.tables[strings.TrimSuffix(path.Base(name), ".sql")] = string(text)
	}
	if dir != "" {
		own, err := readStatements(os.DirFS(dir), ".", false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if err := allow(ctx, dir, own); err != nil {
			return nil, err
		}
		for _, s := range own {
			s.Own, s.Place = true, Place{}
			if i := slices.IndexFunc(c.Queries, func(q *Statement) bool { return q.Name == s.Name }); i >= 0 {
				s.Place = c.Queries[i].Place
				c.Queries = slices.Delete(c.Queries, i, i+1)
			}
			c.Queries = append(c.Queries, s)
		}
	}
	slices.SortFunc(c.Queries, func(a, b *Statement) int {
		if d := a.Place.order() - b.Place.order(); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return c, nil
}

// allow refuses statements of a folder that are no SELECT, or name what is not for them.
func allow(ctx context.Context, dir string, own []*Statement) (err error) {
	if len(own) == 0 {
		return nil
	}
	parser, err := engine.NewParser()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parser.Close()) }()
	for _, s := range own {
		names, err := parser.Parse(ctx, s.sql)
		if err == nil {
			err = allowed(names)
		}
		if err != nil {
			return fmt.Errorf("%s: %s.sql: %w", dir, s.Name, err)
		}
	}
	return nil
}

// Named returns the saved queries of these names, in their order; names that no
// query has are left out.
func (c *Catalog) Named(names []string) []*Statement {
	var out []*Statement
	for _, n := range names {
		if i := slices.IndexFunc(c.Queries, func(s *Statement) bool { return s.Name == n }); i >= 0 {
			out = append(out, c.Queries[i])
		}
	}
	return out
}

// BuiltIn returns a saved query that comes with the program, whatever a folder
// of the user's own puts in its place.
func (c *Catalog) BuiltIn(name string) (*Statement, error) {
	list, err := readStatements(templates.Queries, "queries", false)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(s *Statement) bool { return s.Name == name }); i >= 0 {
		return list[i], nil
	}
	return nil, fmt.Errorf("%w %q", ErrNoQuery, name)
}

// Query returns the saved query with this name. The error names the known ones.
func (c *Catalog) Query(name string) (*Statement, error) {
	names := make([]string, len(c.Queries))
	for i, s := range c.Queries {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	slices.Sort(names)
	return nil, fmt.Errorf("%w %q; known are %s", ErrNoQuery, name, strings.Join(names, ", "))
}

// Check returns the check with this name, or nil.
func (c *Catalog) Check(name string) *Statement {
	for _, s := range c.Checks {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// ErrNoQuery is a name that no saved query has.
var ErrNoQuery = errors.New("no saved query")

var queryName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

func readStatements(files fs.FS, dir string, check bool) ([]*Statement, error) {
	names, err := fs.Glob(files, path.Join(dir, "*.sql"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if _, err := fs.Stat(files, dir); err != nil {
			return nil, err
		}
	}
	var out []*Statement
	for _, name := range names {
		switch info, err := fs.Stat(files, name); {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s: it is no file", name)
		case !queryName.MatchString(strings.TrimSuffix(path.Base(name), ".sql")):
			return nil, fmt.Errorf("%q: the name of a query has small letters, digits, - and _, and begins with a letter", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		s, err := parseStatement(name, strings.TrimSuffix(path.Base(name), ".sql"), string(text), check)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
