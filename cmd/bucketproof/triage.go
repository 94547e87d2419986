package main

import (
	"context"
	"errors"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/internal/redact"
	"bucketproof/internal/state"
)

func newFindingsAssign(a *app) *cobra.Command {
	var t state.Triage
	cmd := &cobra.Command{
		Use:     "assign ID",
		Short:   "Give a finding an owner and a due date",
		Example: "  bucketproof findings assign 4f1c2a9b0d3e --owner \"Sam Ito\" --due 2026-11-30",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.Owner = strings.TrimSpace(t.Owner); t.Owner == "" && t.Due == "" {
				return usage("say who owns it with --owner, until when with --due, or both")
			}
			if _, err := time.Parse(time.DateOnly, t.Due); err != nil && t.Due != "" {
				return usage("--due is %q; write a day as YYYY-MM-DD", t.Due)
			}
			return a.triage(cmd.Context(), args[0], t)
		},
	}
	cmd.Flags().StringVar(&t.Owner, "owner", "", "the `name` of who looks into it")
	cmd.Flags().StringVar(&t.Due, "due", "", "the `day` by which it is done, YYYY-MM-DD")
	a.findingArgument(cmd)
	return cmd
}

func newFindingsNote(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "note ID TEXT",
		Short:   "Add a note to a finding's history",
		Example: "  bucketproof findings note 4f1c2a9b0d3e \"Called the client, they test a restore\"",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			note := strings.TrimSpace(strings.Join(args[1:], " "))
			if note == "" {
				return usage("the note is empty")
			}
			return a.triage(cmd.Context(), args[0], state.Triage{Note: note})
		},
	}
	a.findingArgument(cmd)
	return cmd
}

func newFindingsResolve(a *app) *cobra.Command {
	t := state.Triage{Resolve: true}
	cmd := &cobra.Command{
		Use:   "resolve ID",
		Short: "Close a finding with its cause and what was done",
		Long: `Closes a finding. Cause and resolution stand in the packet as they are written
here. A finding that shows up again on another day reopens.`,
		Example: "  bucketproof findings resolve 4f1c2a9b0d3e --cause \"A restore test that nobody announced\" " +
			"--resolution \"Role added to the mapping\"",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(t.Cause) == "" || strings.TrimSpace(t.Resolution) == "" {
				return usage("say why it happened with --cause and what was done with --resolution")
			}
			return a.triage(cmd.Context(), args[0], t)
		},
	}
	cmd.Flags().StringVar(&t.Cause, "cause", "", "why it happened, a `sentence` for the packet")
	cmd.Flags().StringVar(&t.Resolution, "resolution", "", "what was done about it, a `sentence` for the packet")
	a.findingArgument(cmd)
	return cmd
}

// findingArgument completes the ids of findings, and says whose name the history
// gets.
func (a *app) findingArgument(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.actor, "by", "", "the `name` for the history (default: the user of this machine)")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var ids []string
		if len(args) == 0 {
			_ = a.with(cmd.Context(), func(p *parts) error { // without a state there is nothing to offer
				findings, err := p.State.Findings.Of(cmd.Context(), "")
				for _, f := range findings {
					ids = append(ids, f.ID+"\t"+f.Check+" "+f.Subject)
				}
				return err
			})
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) triage(ctx context.Context, id string, t state.Triage) error {
	for _, text := range []string{t.Owner, t.Note, t.Cause, t.Resolution, a.actor} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) {
			return usage("%q holds a control character; remove it", text)
		}
	}
	for _, text := range []*string{&t.Owner, &t.Note, &t.Cause, &t.Resolution} {
		*text = redact.Text(*text) // a link that someone pastes can hold a secret
	}
	if t.Actor = a.actor; t.Actor == "" {
		t.Actor = whoami()
	}
	return a.with(ctx, func(p *parts) error {
		id, err := p.State.Findings.CompleteID(ctx, id)
		if err == nil {
			err = p.State.Findings.Triage(ctx, id, t, a.now())
		}
		if errors.Is(err, state.ErrNoFinding) {
			return usage("%w; `bucketproof findings list` shows their ids", err)
		}
		if err != nil {
			return err
		}
		return a.showFinding(ctx, p, id)
	})
}

// whoami is the name of who runs the program.
func whoami() string {
	for _, name := range []string{os.Getenv("SUDO_USER"), os.Getenv("USER")} {
		if name != "" {
			return name
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// findingFilter is what `findings list` is narrowed to; an empty field is no
// filter.
type findingFilter struct{ status, severity, check, bucket, owner, subject string }

func (f findingFilter) valid() error {
	switch {
	case f.status != "" && !slices.Contains([]string{state.StatusOpen, state.StatusInvestigating, state.StatusResolved}, f.status):
		return usage("--status is %q; write open, investigating or resolved", f.status)
	case f.severity != "" && !slices.Contains(state.Severities, f.severity):
		return usage("--severity is %q; write low, medium or high", f.severity)
	}
	return nil
}

func (f findingFilter) matches(x state.Finding) bool {
	same := func(want, is string) bool { return want == "" || want == is }
	return same(f.status, x.Status) && same(f.severity, x.Severity) && same(f.check, x.Check) &&
		same(f.bucket, x.Bucket) && same(f.owner, x.Owner) &&
		strings.Contains(x.Subject, f.subject)
}
