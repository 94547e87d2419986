package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
)

func newFindings(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "findings",
		Short:   "What the checks have found",
		Example: "  bucketproof findings list\n  bucketproof findings show 4f1c2a9b0d3e",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFindingsList(a), newFindingsShow(a), newFindingsAssign(a), newFindingsNote(a), newFindingsResolve(a))
	return cmd
}

func newFindingsList(a *app) *cobra.Command {
	var filter findingFilter
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the findings, the gravest first",
		Example: "  bucketproof findings list --tenant acme\n  bucketproof findings list --status open --severity high --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(a.checkFormat(), filter.valid()); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error {
				findings, err := p.State.Findings.Of(cmd.Context(), a.tenant)
				if err != nil {
					return err
				}
				findings = slices.DeleteFunc(findings, func(f state.Finding) bool { return !filter.matches(f) })
				unchecked, err := a.unchecked(cmd.Context(), p)
				if err != nil {
					return err
				}
				return a.print(findingsTable(findings, unchecked))
			})
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&filter.status, "status", "", "only `open`, investigating or resolved")
	cmd.Flags().StringVar(&filter.severity, "severity", "", "only `low`, medium or high")
	cmd.Flags().StringVar(&filter.check, "check", "", "only of this `check`")
	cmd.Flags().StringVar(&filter.bucket, "bucket", "", "only of this `bucket`")
	cmd.Flags().StringVar(&filter.owner, "owner", "", "only of this `name`")
	cmd.Flags().StringVar(&filter.subject, "subject", "", "only where the subject holds this `text`")
	return cmd
}

// unchecked are the days of each tenant, check and bucket that a check has not looked at
// since the witness that it lacked spoke.
func (a *app) unchecked(ctx context.Context, p *parts) (map[[3]string][]string, error) {
	data, err := p.Analysis(ctx)
	if err != nil {
		return nil, err
	}
	out := map[[3]string][]string{}
	for _, t := range p.Config.Tenants {
		days, err := analyze.Unchecked(ctx, data, t)
		if err != nil {
			return nil, err
		}
		for _, d := range days {
			k := [3]string{t.ID, d.Check, d.Bucket}
			out[k] = append(out[k], d.Date)
		}
	}
	return out, nil
}

func findingsTable(findings []state.Finding, unchecked map[[3]string][]string) tabular.Table {
	t := tabular.Table{Columns: []string{"id", "check", "severity", "tenant", "bucket", "subject", "status", "count",
		"first_seen", "last_seen", "owner", "due", "withdrawn", "unchecked_days"}}
	for _, f := range findings {
		t.Rows = append(t.Rows, []any{f.ID, f.Check, f.Severity, f.Tenant, f.Bucket, f.Subject, f.Status, f.Count,
			f.First, f.Last, f.Owner, f.Due, f.Withdrawn,
			int64(len(unchecked[[3]string{f.Tenant, f.Check, f.Bucket}]))})
	}
	return t
}

func newFindingsShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one finding: its days, sample records and history",
		Example: "  bucketproof findings show 4f1c2a9b0d3e",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(p *parts) error { return a.showFinding(cmd.Context(), p, args[0]) })
		},
	}
	a.findingArgument(cmd)
	return cmd
}

func (a *app) showFinding(ctx context.Context, p *parts, id string) error {
	id, err := p.State.Findings.CompleteID(ctx, id)
	if errors.Is(err, state.ErrNoFinding) {
		return usage("%w; `bucketproof findings list` shows their ids", err)
	}
	if err != nil {
		return err
	}
	f, err := p.State.Findings.ByID(ctx, id)
	if err != nil {
		return err
	}
	data, err := p.Analysis(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	if s := data.Catalog.Check(f.Check); s != nil {
		fmt.Fprintf(&b, "%s\n%s\n\n", s.Title, s.Say(f.Count, len(f.Days)))
		if t, ok := p.Config.Tenant(f.Tenant); ok && f.Cause == "" && s.Draft != "" && len(f.Days) > 0 {
			fmt.Fprintf(&b, "Draft: %s\n\n", tabular.Printable(s.Narrative(f, t.Location)))
		}
	}
	for _, line := range [][2]string{{"id", f.ID}, {"check", f.Check}, {"severity", f.Severity}, {"tenant", f.Tenant}, {"bucket", f.Bucket},
		{"subject", f.Subject}, {"status", f.Status}, {"owner", orDash(f.Owner)}, {"due", orDash(f.Due)},
		{"first seen", tabular.Cell(f.First)}, {"last seen", tabular.Cell(f.Last)},
		{"cause", orDash(f.Cause)}, {"resolution", orDash(f.Resolution)}} {
		fmt.Fprintf(&b, "%-11s %s\n", line[0], tabular.Printable(line[1]))
	}
	b.WriteString("\ndays\n")
	for _, d := range f.Days {
		fmt.Fprintf(&b, "  %s  %d  %s to %s\n", d.Date, d.Count, tabular.Cell(d.First), tabular.Cell(d.Last))
		if d.Withdrawn.Reason != "" {
			fmt.Fprintf(&b, "    withdrawn: %s\n", tabular.Printable(d.Withdrawn.Text()))
		}
		if len(d.Who) > 0 {
			fmt.Fprintf(&b, "    by %s\n", tabular.Printable(strings.Join(d.Who, ", ")))
		}
		if !d.Expected.None() {
			fmt.Fprintf(&b, "    usual: %s\n", d.Expected)
		}
		for _, s := range d.Samples {
			fmt.Fprintf(&b, "    %s\n", tabular.Printable(s))
		}
	}
	unchecked, err := a.unchecked(ctx, p)
	if err != nil {
		return err
	}
	if days := unchecked[[3]string{f.Tenant, f.Check, f.Bucket}]; len(days) > 0 {
		fmt.Fprintf(&b, "\nnot checked again since its witness came back: %s\n  bucketproof check --tenant %s --from %s --to %s\n",
			strings.Join(days, ", "), f.Tenant, days[0], days[len(days)-1])
	}
	if f.Withdrawn == state.WithdrawnConfiguration && f.Status != state.StatusResolved {
		b.WriteString("\nthe configuration of today does not find it any more; it counts until a person closes " +
			"it\n  bucketproof findings resolve " + f.ID + " --cause … --resolution …\n")
	}
	b.WriteString("\nhistory\n")
	for _, e := range f.Events {
		actor := e.Actor
		if actor == "" {
			actor = "bucketproof"
		}
		fmt.Fprintf(&b, "  %s  %s  %s  %s\n", tabular.Cell(e.At), tabular.Printable(actor), e.Kind, tabular.Printable(e.Text))
	}
	if f.Check == "unapproved-principal" && f.Subject != analyze.OtherSubjects && f.Status != state.StatusResolved {
		fmt.Fprintf(&b, "\nfor config.toml, if it is approved\n%s", indent(analyze.ConfigLines(f.Subject)))
	}
	_, err = fmt.Fprint(a.out, b.String())
	return err
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
