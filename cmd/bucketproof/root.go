package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
	"bucketproof/internal/wallclock"
	"bucketproof/scheduler"
)

// app is what the commands share.
type app struct {
	out, err   io.Writer
	now        func() time.Time
	clock      scheduler.Clock // of the service; nil for that of the machine
	hangups    chan os.Signal  // of SIGHUP; nil where none are heard
	configPath string
	format     string
	tenant     string
	actor      string // who triages, for the history
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "bucketproof",
		Short: "Turn Amazon S3 access logs into evidence that an auditor accepts",
		Long: `bucketproof reads Amazon S3 server access logs and turns them, month by month
and tenant by tenant, into an evidence packet: proof that the backups ran, that
only the approved principals touched only the approved prefixes, and that what
did not fit was noticed.

Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 it ran, and
found what a person must look at.`,
		Example: `  bucketproof demo                      see it work, offline
  bucketproof init                      write a config.toml to start from
  bucketproof collect                   bring new log objects in
  bucketproof check                     check yesterday
  bucketproof report --month 2026-10    build and store the packets of a month
  bucketproof verify packets/acme/2026-10    check a packet`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.PersistentFlags().StringVar(&a.configPath, "config", "config.toml", "configuration `file`")
	root.AddCommand(newDemo(a), newInit(a), newCollect(a), newCheck(a), newReport(a), newVerify(a), newQuery(a),
		newFindings(a), newImport(a), newServe(a), newRuns(a), newMail(a), newLinks(a), newDoctor(a), newBackup(a),
		newLogging(a), newTrail(a), newService(a), newVersion(a))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; see `%s --help`", err, cmd.CommandPath())
	})
	// Cobra's own complaints about arguments are faults of usage.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	addExamples(root)
	wrapArgs(root)
	return root
}

// addExamples gives the commands that cobra makes the example that ours have.
func addExamples(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		addExamples(sub)
	}
	if cmd.Example != "" {
		return
	}
	switch cmd.Name() {
	case "help":
		cmd.Example = "  bucketproof help collect"
	case "completion":
		cmd.Example = "  bucketproof completion bash"
	case "bash":
		cmd.Example = "  source <(bucketproof completion bash)"
	case "zsh":
		cmd.Example = "  bucketproof completion zsh > \"${fpath[1]}/_bucketproof\""
	case "fish":
		cmd.Example = "  bucketproof completion fish | source"
	case "powershell":
		cmd.Example = "  bucketproof completion powershell | Out-String | Invoke-Expression"
	}
}

func wrapArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%w; see `%s --help`", err, cmd.CommandPath())
		}
		return nil
	}
}

// tenantFlag adds --tenant, which completes to the ids of the configuration.
func (a *app) tenantFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.tenant, "tenant", "", "only the tenant with this `id`")
	a.complete(cmd, "tenant", func(c *config.Config) []string {
		ids := make([]string, len(c.Tenants))
		for i, t := range c.Tenants {
			ids[i] = t.ID + "\t" + t.Name
		}
		return ids
	})
}

func (a *app) formatFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.format, "format", tabular.FormatTable, "table, csv or json")
	a.complete(cmd, "format", func(*config.Config) []string {
		return []string{tabular.FormatTable, tabular.FormatCSV, tabular.FormatJSON}
	})
}

// complete offers values for a flag; without a readable configuration those
// that need one offer none.
func (a *app) complete(cmd *cobra.Command, flag string, values func(*config.Config) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := config.Load(a.configPath)
		if err != nil {
			c = &config.Config{}
		}
		return values(c), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is registered on the line above
	}
}

func (a *app) checkFormat() error {
	if !slices.Contains([]string{tabular.FormatTable, tabular.FormatCSV, tabular.FormatJSON}, a.format) {
		return usage("--format is %q; write table, csv or json", a.format)
	}
	return nil
}

func (a *app) print(t tabular.Table) error {
	return tabular.Write(a.out, t, a.format, terminalWidth(a.out))
}

// stream prints the rows that each hands on, of which there can be more than memory holds. It
// prints nothing where there is an error before the first.
func (a *app) stream(each func(row func(columns []string, cells []any) error) ([]string, error)) error {
	var out *tabular.Writer
	begin := func(columns []string) (err error) {
		if out == nil {
			out, err = tabular.NewWriter(a.out, columns, a.format, terminalWidth(a.out))
		}
		return err
	}
	columns, err := each(func(columns []string, cells []any) error {
		if err := begin(columns); err != nil {
			return err
		}
		return out.Row(cells)
	})
	if err != nil {
		return err
	}
	if err := begin(columns); err != nil {
		return err
	}
	return out.Close()
}

// printDone prints what was done; where nothing was, because of an error, the
// error alone.
func (a *app) printDone(t tabular.Table, err error) error {
	if err != nil && len(t.Rows) == 0 {
		return err
	}
	return errors.Join(a.print(t), err)
}

func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func (a *app) log() *slog.Logger { return newLog(a.err) }

func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// parts are the rooms of one configuration, and the tenants that --tenant
// selects.
type parts struct {
	*jobs.Parts
	tenants []config.Tenant
}

// open reads the configuration and opens the state.
func (a *app) open(ctx context.Context) (*parts, error) {
	c, err := config.Load(a.configPath)
	if err != nil {
		return nil, err
	}
	tenants, err := c.Select(a.tenant)
	if err != nil {
		return nil, err
	}
	p, err := jobs.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	p.Now, p.Log, p.Version, p.RunBy = a.now, a.log(), version, whoami()
	return &parts{Parts: p, tenants: tenants}, nil
}

// with opens the parts for do and closes them.
func (a *app) with(ctx context.Context, do func(*parts) error) error {
	p, err := a.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(p), p.State.Close())
}

// days reads --from and --to for a tenant; both default to yesterday there.
func days(t config.Tenant, from, to string, now time.Time) (analyze.Range, error) {
	yesterday := wallclock.Day(t.Location, now, -1)
	switch {
	case from == "" && to == "":
		from, to = yesterday, yesterday
	case from == "":
		from = to
	case to == "":
		to = max(from, yesterday)
	}
	for _, d := range [][2]string{{"--from", from}, {"--to", to}} {
		if _, err := time.Parse(time.DateOnly, d[1]); err != nil {
			return analyze.Range{}, usage("%s is %q; write a day as YYYY-MM-DD", d[0], d[1])
		}
	}
	if from > to {
		return analyze.Range{}, usage("--from %s is after --to %s", from, to)
	}
	return analyze.NewRange(t.Location, from, to)
}
