package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"bucketproof/internal/config"
	"bucketproof/internal/tabular"
)

func newImport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add approved identities from a CSV of match,name,role,tenant",
		Long: `Adds the identities of a CSV to the identities file beside the configuration
(identities.csv, or what the key identities names), which every command reads as
further [[tenant.principal]] blocks. The first line names the columns match, name,
role and tenant; match is a pattern over ARNs, account IDs, canonical user IDs and
svc: names, role is one of backup, restore, admin, audit and service.

A line that is there already is left alone. A match that is there under another
name or role, an unknown tenant or a tie between two patterns is an error, and
then nothing is changed.`,
		Example: "  bucketproof import identities-from-the-password-manager.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.importIdentities(args[0])
		},
	}
	a.formatFlag(cmd)
	return cmd
}

func (a *app) importIdentities(path string) (err error) {
	c, err := config.Load(a.configPath)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return usageError{err}
	}
	incoming, err := config.ReadIdentities(path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	// One import at a time: the next one begins with what this one wrote.
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(c.DataDir, "identities.lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock the identities: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if c, err = config.Load(a.configPath); err != nil {
		return err
	}
	table, added, err := merge(c, path, incoming)
	if err != nil {
		return err
	}
	if len(added) > 0 {
		if err := appendIdentities(c.IdentitiesPath, added); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "%d added to %s\n", len(added), c.IdentitiesPath)
	}
	return a.print(table)
}

// merge says what becomes of each line, and which are new.
func merge(c *config.Config, path string, incoming []config.Identity) (table tabular.Table, added []config.Identity, err error) {
	table.Columns = []string{"match", "name", "role", "tenant", "outcome"}
	bad := &config.Error{Path: path}
	problem := func(id config.Identity, format string, args ...any) {
		bad.Problems = append(bad.Problems, config.Problem{Line: id.Line, Text: fmt.Sprintf(format, args...)})
	}
	there := map[[2]string]config.Principal{}
	all := map[string][]config.Principal{}
	for _, t := range c.Tenants {
		all[t.ID] = slices.Clone(t.Principals)
		for _, p := range t.Principals {
			there[[2]string{t.ID, p.Match}] = p
		}
	}
	lines := map[[2]string]config.Identity{}
	for _, id := range incoming {
		k := [2]string{id.Tenant, id.Match}
		p, known := there[k]
		_, tenant := c.Tenant(id.Tenant)
		switch {
		case !tenant:
			problem(id, "no tenant %q in %s", id.Tenant, c.Path)
			continue
		case known && p != id.Principal:
			problem(id, "%q is %q with role %s already; change it there", id.Match, p.Name, p.Role)
			continue
		case known:
			table.Rows = append(table.Rows, []any{id.Match, id.Name, id.Role, id.Tenant, "there already"})
			continue
		}
		there[k], lines[k] = id.Principal, id
		all[id.Tenant] = append(all[id.Tenant], id.Principal)
		added = append(added, id)
		table.Rows = append(table.Rows, []any{id.Match, id.Name, id.Role, id.Tenant, "added"})
	}
	for tenant, principals := range all {
		for _, tie := range config.Ties(principals) {
			if id, ok := lines[[2]string{tenant, tie[1].Match}]; ok {
				problem(id, "%q and %q can match the same requester and neither is more specific; make one of them longer", tie[1].Match,
					tie[0].Match)
			}
		}
	}
	if len(bad.Problems) > 0 {
		slices.SortStableFunc(bad.Problems, func(a, b config.Problem) int { return a.Line - b.Line })
		return table, nil, bad
	}
	return table, added, nil
}

// appendIdentities adds lines to the file, or begins it, in one step. Columns of
// the file that are none of ours stay.
func appendIdentities(path string, added []config.Identity) (err error) {
	rows := [][]string{{"match", "name", "role", "tenant"}}
	mode := fs.FileMode(0o644)
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	switch content, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
		r.FieldsPerRecord = -1
		if rows, err = r.ReadAll(); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
	}
	for _, id := range added {
		row := make([]string, len(rows[0]))
		for i, name := range rows[0] {
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "match":
				row[i] = id.Match
			case "name":
				row[i] = id.Name
			case "role":
				row[i] = id.Role
			case "tenant":
				row[i] = id.Tenant
			}
		}
		rows = append(rows, row)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".identities-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(csv.NewWriter(f).WriteAll(rows), f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
