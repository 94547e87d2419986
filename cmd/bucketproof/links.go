package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
	"bucketproof/report"
)

func newLinks(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "links",
		Short: "List, revoke and renew links to the download page",
		Long: "Links to the download page are personal, end, and can be taken back. Presigned links\nof S3 are " +
			"not listed: they live as long as they were signed for.",
		Example: "  bucketproof links list\n  bucketproof links revoke k3j5m7q2ab\n  bucketproof links renew k3j5m7q2ab --days 7",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLinksList(a), newLinksRevoke(a), newLinksRenew(a))
	return cmd
}

func newLinksList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the links, the newest first",
		Example: "  bucketproof links list --tenant acme --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.listLinks(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

func (a *app) listLinks(ctx context.Context, p *parts) error {
	list, err := p.State.Links.Of(ctx, a.tenant)
	if err != nil {
		return err
	}
	t := tabular.Table{Columns: []string{"link", "tenant", "packet", "contact", "email", "created", "ends",
		"downloads", "max_downloads", "status"}}
	for _, l := range list {
		status := "works"
		switch {
		case !l.Revoked.IsZero():
			status = "revoked"
		case !l.Works(a.now()):
			status = "ended"
		case l.Downloads >= l.MaxDownloads:
			status = "used up"
		}
		stamp := func(at time.Time) string { return at.In(p.Config.Location).Format(time.RFC3339) }
		t.Rows = append(t.Rows, []any{l.ID, l.Tenant, report.PacketName(l.Month, l.Revision), l.Name, l.Email,
			stamp(l.Created), stamp(l.Ends), int64(l.Downloads), int64(l.MaxDownloads), status})
	}
	return a.print(t)
}

func newLinksRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke LINK...", Short: "End links at once",
		Example: "  bucketproof links revoke k3j5m7q2ab",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachLink(cmd.Context(), args, func(p *parts, l state.Link) error {
				if err := p.State.Links.Revoke(cmd.Context(), l.ID, a.now()); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s of %s for %s does not work any more\n", l.ID, l.Tenant, l.Email)
				return nil
			})
		},
	}
}

// longestLink is how far ahead a link may be renewed, in days.
const longestLink = 90

func newLinksRenew(a *app) *cobra.Command {
	days := 7
	cmd := &cobra.Command{
		Use: "renew LINK...", Short: "Let links work for some days more, with their downloads anew",
		Long: "Gives links another end and counts their downloads anew; a link that was revoked works\nagain. " +
			"The address in the mail stays the same.",
		Example: "  bucketproof links renew k3j5m7q2ab --days 7",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if days < 1 || days > longestLink {
				return usage("--days is %d; write a number from 1 to %d", days, longestLink)
			}
			return a.eachLink(cmd.Context(), args, func(p *parts, l state.Link) error {
				ends := a.now().AddDate(0, 0, days).Truncate(time.Second)
				if l.Ends.After(ends) { // it would be no renewal
					ends = l.Ends
				}
				if err := p.State.Links.Renew(cmd.Context(), l.ID, ends); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s of %s for %s works until %s\n", l.ID, l.Tenant, l.Email,
					ends.In(p.Config.Location).Format(time.RFC3339))
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&days, "days", days, "for how many days from now on; a link that works longer keeps its end")
	return cmd
}

// eachLink looks all links up before anything is done to one.
func (a *app) eachLink(ctx context.Context, ids []string, do func(*parts, state.Link) error) error {
	return a.with(ctx, func(p *parts) error {
		var list []state.Link
		for _, id := range ids {
			l, err := p.State.Links.ByID(ctx, id)
			if errors.Is(err, state.ErrNoLink) {
				return usage("%w; `bucketproof links list` shows them", err)
			}
			if err != nil {
				return err
			}
			list = append(list, l)
		}
		for _, l := range list {
			if err := do(p, l); err != nil {
				return err
			}
		}
		return nil
	})
}
