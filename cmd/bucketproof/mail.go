package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/service"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/deliver/letter"
	"bucketproof/report/deliver/link"
	"bucketproof/scheduler"
)

func newMail(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mail",
		Short: "List, preview and send the mails that bring packets",
		Example: "  bucketproof mail list\n  bucketproof mail preview --tenant acme --month 2026-10 --out " +
			"preview\n  bucketproof mail send --tenant acme --month 2026-10",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMailList(a), newMailPreview(a), newMailSend(a))
	return cmd
}

func newMailList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the mails, the newest packets first",
		Example: "  bucketproof mail list --tenant acme",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.listMails(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

func (a *app) listMails(ctx context.Context, p *parts) error {
	list, err := p.State.Mails.Of(ctx, a.tenant)
	if err != nil {
		return err
	}
	t := tabular.Table{Columns: []string{"tenant", "packet", "email", "sending", "role", "status", "attempts",
		"queued", "ended", "link", "link_ends", "message_id", "detail"}}
	for _, m := range list {
		stamp := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.In(p.Config.Location).Format(time.RFC3339)
		}
		t.Rows = append(t.Rows, []any{m.Tenant, report.PacketName(m.Month, m.Revision), m.Email, int64(m.Sending),
			m.Role, m.Status, int64(m.Attempts), stamp(m.Queued), stamp(m.Ended), m.Link, stamp(m.LinkEnds), m.MessageID, m.Detail})
	}
	return a.print(t)
}

// packetFlags are --month and --tenant of a command about one packet.
func (a *app) packetFlags(cmd *cobra.Command, month *string) {
	a.tenantFlag(cmd)
	cmd.Flags().StringVar(month, "month", "", "the `month` of the packet, YYYY-MM")
}

func checkMonth(month string) error {
	if at, err := time.Parse("2006-01", month); err != nil || at.Year() < firstYear {
		return usage("--month is %q; write a month as YYYY-MM, %d or later", month, firstYear)
	}
	return nil
}

// latestPacket opens the latest revision of a tenant's month.
func latestPacket(ctx context.Context, c *config.Config, t config.Tenant, month string) (*deliver.Opened, error) {
	store, err := objects.Open(ctx, c.Evidence.URL, c.AWS)
	if err != nil {
		return nil, err
	}
	revision, err := deliver.Latest(ctx, store, t.ID, month)
	if err != nil {
		return nil, err
	}
	if revision == 0 {
		return nil, usage("%s has no packet of %s; make it with `bucketproof report --month %s --tenant %s`", t.ID, month, month, t.ID)
	}
	return deliver.OpenPacket(ctx, c.Evidence.URL, c.AWS, t.ID, month, revision)
}

func newMailPreview(a *app) *cobra.Command {
	month, out := "", "preview"
	cmd := &cobra.Command{
		Use: "preview", Short: "Write the mails of a packet to files, without sending them",
		Long: "Writes for each contact the mail as it would be sent (.eml) and its HTML part, with a\nlink that " +
			"leads nowhere. Nothing is sent and no link is made.",
		Example: "  bucketproof mail preview --tenant acme --month 2026-10 --out preview",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkMonth(month); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error {
				for _, t := range p.tenants {
					if err := a.previewMails(cmd.Context(), p, t, month, out); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	a.packetFlags(cmd, &month)
	cmd.Flags().StringVar(&out, "out", out, "the `folder` to write to")
	return cmd
}

func (a *app) previewMails(ctx context.Context, p *parts, t config.Tenant, month, dir string) error {
	if len(t.Contacts) == 0 {
		fmt.Fprintf(a.out, "%s has no contact; write a [[tenant.contact]] block\n", t.ID)
		return nil
	}
	o, err := latestPacket(ctx, p.Config, t, month)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, c := range t.Contacts {
		at, err := mail.ParseAddress(c.Email)
		if err != nil {
			return err
		}
		l := link.Link{Kind: link.Presigned, URL: "https://link.example/PREVIEW", Ends: a.now().AddDate(0, 0, p.Config.Mail.LinkDays)}
		if p.Config.Links.Page() {
			l.Kind, l.URL, l.Downloads = link.Page, p.Config.Links.PublicURL+link.Path+"PREVIEW", p.Config.Links.MaxDownloads
		}
		m, err := letter.Packet(p.Config, o,
			state.Mail{Email: at.Address, Name: c.Name, Role: c.Role,
				MessageID: fmt.Sprintf("preview-%d@bucketproof.invalid", i+1)}, l, a.now())
		if err != nil {
			return err
		}
		if m.From == "" {
			m.From = "nobody@bucketproof.invalid"
		}
		name := filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%s", t.ID,
			report.PacketName(o.Manifest.Period.Month, o.Manifest.Revision), i+1, c.Role))
		var eml strings.Builder
		if _, err := m.WriteTo(&eml); err != nil {
			return err
		}
		if err := errors.Join(os.WriteFile(name+".eml", []byte(eml.String()), 0o600),
			os.WriteFile(name+".html", []byte(m.HTML), 0o600)); err != nil {
			return err
		}
		note := ""
		if !slices.Contains(p.Config.Mail.Roles, c.Role) {
			note = " (not sent: mail.roles does not have " + c.Role + ")"
		}
		fmt.Fprintf(a.out, "%s.eml  to %s, %s%s\n", name, at.Address, m.Subject, note)
	}
	return nil
}

func newMailSend(a *app) *cobra.Command {
	month, to := "", ""
	cmd := &cobra.Command{
		Use: "send", Short: "Send the mails of a packet, also once more",
		Long: `Sends the mails of the latest revision of a packet to the tenant's contacts, also
to those who got it already. Where the service runs on the data folder it sends
them within a minute.`,
		Example: "  bucketproof mail send --tenant acme --month 2026-10\n  bucketproof mail send --tenant acme " +
			"--month 2026-10 --to dana@acme.example",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkMonth(month); err != nil {
				return err
			}
			if a.tenant == "" {
				return usage("--tenant is missing; name the tenant whose packet is to be sent")
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.sendMails(cmd.Context(), p, month, to) })
		},
	}
	a.packetFlags(cmd, &month)
	cmd.Flags().StringVar(&to, "to", "", "only to this `address`")
	return cmd
}

func (a *app) sendMails(ctx context.Context, p *parts, month, to string) (err error) {
	if p.Config.Mail.SMTP == "" {
		return usage("mail.smtp names no mail server; set it")
	}
	t := p.tenants[0]
	o, err := latestPacket(ctx, p.Config, t, month)
	if err != nil {
		return err
	}
	if err := o.Fit(ctx); err != nil {
		return err
	}
	revision := o.Manifest.Revision
	published := state.Published{Tenant: t.ID, Month: month, Revision: revision, At: a.now(), Provisional: o.Manifest.Provisional}
	n, err := p.QueueMails(ctx, t, published, to)
	if err != nil {
		return err
	}
	if n == 0 {
		return usage("no contact of %s gets mail%s; look at [[tenant.contact]] and mail.roles", t.ID,
			map[bool]string{true: " at " + to}[to != ""])
	}
	release, err := scheduler.LockService(p.Config.DataDir)
	if errors.Is(err, scheduler.ErrServed) {
		fmt.Fprintf(a.out, "%d mails wait; the running service sends them within a minute. `bucketproof mail list` shows how it went\n", n)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := service.New(ctx, p.Parts, service.Options{})
	if err != nil {
		return err
	}
	if err := s.SendWaiting(ctx); err != nil {
		return err
	}
	return a.sayMails(ctx, p, t, month, revision)
}

// sayMails prints what became of the mails of a packet.
func (a *app) sayMails(ctx context.Context, p *parts, t config.Tenant, month string, revision int) error {
	list, err := p.State.Mails.Of(ctx, t.ID)
	if err != nil {
		return err
	}
	failed := 0
	said := map[string]bool{}
	for _, m := range list { // of each contact the last sending first
		if m.Month != month || m.Revision != revision || said[m.Email] {
			continue
		}
		said[m.Email] = true
		fmt.Fprintf(a.out, "%-10s %s %s\n", m.Status, m.Email, m.Detail)
		if m.Status != state.MailSent {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d mails were not sent; the next `bucketproof mail send` or the service tries those again that wait", failed)
	}
	return nil
}
