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

func (a *app) importIdentities(path string) error {
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
	present, err := readIdentitiesFile(c.IdentitiesPath)
	if err != nil {
		return err
	}
	table := tabular.Table{Columns: []string{"match", "name", "role", "tenant", "outcome"}}
	bad := &config.Error{Path: path}
	problem := func(id config.Identity, format string, args ...any) {
		bad.Problems = append(bad.Problems, config.Problem{Line: id.Line, Text: fmt.Sprintf(format, args...)})
	}
	added := 0
	for _, id := range incoming {
		t, ok := c.Tenant(id.Tenant)
		if !ok {
			problem(id, "no tenant %q in %s", id.Tenant, c.Path)
			continue
		}
		outcome := "added"
		if i := slices.IndexFunc(t.Principals, func(p config.Principal) bool { return p.Match == id.Match }); i >= 0 {
			if t.Principals[i] != id.Principal {
				problem(id, "%q is %q with role %s already; change it there", id.Match, t.Principals[i].Name, t.Principals[i].Role)
				continue
			}
			outcome = "there already"
		} else {
			for _, tie := range config.Ties(append(slices.Clone(t.Principals), id.Principal)) {
				problem(id, "%q and %q can match the same requester and neither is more specific; make one of them longer", tie[1].Match, tie[0].Match)
			}
			added++
			present = append(present, id)
			for i := range c.Tenants {
				if c.Tenants[i].ID == id.Tenant {
					c.Tenants[i].Principals = append(c.Tenants[i].Principals, id.Principal)
				}
			}
		}
		table.Rows = append(table.Rows, []any{id.Match, id.Name, id.Role, id.Tenant, outcome})
	}
	if len(bad.Problems) > 0 {
		return bad
	}
	if added > 0 {
		if err := writeIdentities(c.IdentitiesPath, present); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "%d added to %s\n", added, c.IdentitiesPath)
	}
	return a.print(table)
}

// readIdentitiesFile reads the identities that are there; no file has none.
func readIdentitiesFile(path string) ([]config.Identity, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := config.ReadIdentities(path, f)
	return list, errors.Join(err, f.Close())
}

// writeIdentities replaces the file in one step.
func writeIdentities(path string, list []config.Identity) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".identities-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := csv.NewWriter(f)
	rows := [][]string{{"match", "name", "role", "tenant"}}
	for _, id := range list {
		rows = append(rows, []string{id.Match, id.Name, id.Role, id.Tenant})
	}
	err = w.WriteAll(rows)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
