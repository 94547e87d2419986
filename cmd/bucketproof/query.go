package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/tabular"
)

func newQuery(a *app) *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "query [NAME]",
		Short: "Run one saved query; without NAME list them",
		Long: `Runs a saved query over the days, by default yesterday in the tenant's zone.
Where the configuration has several tenants, --tenant says which one.`,
		Example: `  bucketproof query
  bucketproof query top-requesters --tenant acme --from 2026-10-01 --to 2026-10-31
  bucketproof query errors --tenant acme --bucket acme-backups --format csv
  bucketproof query object-history --tenant acme --key veeam/job/full.vbk
  bucketproof query deletes --tenant acme --sql`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return queryNames(cmd.Context(), a), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if len(args) == 0 {
				return a.listQueries(cmd.Context())
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.query(cmd.Context(), p, args[0], o) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&o.bucket, "bucket", "", "only this `bucket`")
	cmd.Flags().StringVar(&o.from, "from", "", "first `day`, YYYY-MM-DD in the tenant's zone (default yesterday)")
	cmd.Flags().StringVar(&o.to, "to", "", "last `day`, inclusive (default yesterday)")
	cmd.Flags().StringVar(&o.key, "key", "", "the `object` that object-history asks about")
	cmd.Flags().BoolVar(&o.sql, "sql", false, "print the SQL with its parameters instead of running it")
	cmd.Flags().BoolVar(&o.explain, "explain", false, "print how the engine would run it")
	cmd.MarkFlagsMutuallyExclusive("sql", "explain")
	a.complete(cmd, "bucket", func(c *config.Config) []string {
		var names []string
		for _, t := range c.Tenants {
			for _, b := range t.Buckets {
				names = append(names, b.Name)
			}
		}
		return names
	})
	return cmd
}

// catalog reads the statements; a configuration that can't be read leaves the
// built-in ones.
func (a *app) catalog(ctx context.Context) (*analyze.Catalog, error) {
	dir := ""
	if c, err := config.Load(a.configPath); err == nil {
		dir = c.QueriesDir
	}
	return analyze.LoadCatalog(ctx, dir)
}

func queryNames(ctx context.Context, a *app) []string {
	catalog, err := a.catalog(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range catalog.Queries {
		names = append(names, s.Name+"\t"+s.Title)
	}
	return names
}

func (a *app) listQueries(ctx context.Context) error {
	catalog, err := a.catalog(ctx)
	if err != nil {
		return &config.Error{Path: a.configPath, Problems: []config.Problem{{Key: "queries_dir", Text: err.Error()}}}
	}
	t := tabular.Table{Columns: []string{"name", "origin", "title", "question"}}
	for _, s := range catalog.Queries {
		origin := "built-in"
		if s.Own {
			origin = "queries_dir"
		}
		t.Rows = append(t.Rows, []any{s.Name, origin, s.Title, s.Question})
	}
	return a.print(t)
}

type queryOptions struct {
	bucket, from, to, key string
	sql, explain          bool
}

func (a *app) query(ctx context.Context, p *parts, name string, o queryOptions) (err error) {
	bucket := o.bucket
	data, err := p.Analysis(ctx)
	if err != nil {
		return err
	}
	statement, err := data.Catalog.Query(name)
	if err != nil {
		return usageError{err}
	}
	if len(p.tenants) > 1 && bucket != "" { // a bucket of one tenant names it
		p.tenants = slices.DeleteFunc(slices.Clone(p.tenants), func(t config.Tenant) bool {
			return !slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Name == bucket })
		})
	}
	switch {
	case len(p.tenants) == 0:
		return usage("no tenant has the bucket %q", bucket)
	case len(p.tenants) == 1 && bucket != "" && !slices.ContainsFunc(p.tenants[0].Buckets, func(b config.Bucket) bool {
		return b.Name == bucket
	}):
		return usage("tenant %s has no bucket %q", p.tenants[0].ID, bucket)
	case len(p.tenants) > 1:
		return usage("the configuration has %d tenants; say which with --tenant", len(p.tenants))
	}
	t := p.tenants[0]
	r, err := days(t, o.from, o.to, a.now())
	if err != nil {
		return err
	}
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	v.Key = o.key
	switch {
	case o.sql:
		_, err := fmt.Fprintln(a.out, v.Final(statement, bucket)+";")
		return err
	case o.explain:
		plan, err := v.Plan(ctx, statement, bucket)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, plan)
		return err
	case o.key != "" && !statement.Asks("key"):
		return usage("query %s does not ask about one object; leave --key out", name)
	case o.key == "" && statement.Asks("key"):
		return usage("query %s asks about one object; name it with --key", name)
	}
	for _, d := range v.Coverage {
		if !d.Gap.None() && (bucket == "" || d.Bucket == bucket) {
			fmt.Fprintf(a.err, "not evaluated: %s, %s: %s\n", d.Bucket, d.Date, d.Gap)
		}
	}
	return a.stream(func(row func([]string, []any) error) ([]string, error) { return v.Each(ctx, statement, bucket, row) })
}
