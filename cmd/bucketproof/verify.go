package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/tabular"
	"bucketproof/report"
	"bucketproof/report/verify"
)

func newVerify(a *app) *cobra.Command {
	v := verifier{app: a}
	cmd := &cobra.Command{
		Use:   "verify PACKET",
		Short: "Check a packet against its manifest, its signatures and the log objects",
		Long: `Checks a packet: the folder with its manifest (a path or s3://…), or a packet.pdf
alone, by what is attached to it. Every file is compared with its SHA-256, every
signature verified, the Merkle root computed again, and every log object read
again where it can be reached. What is gone is told apart from what was changed.

It needs no configuration. Where one is there, the log objects are read from the
locations that it names; without one only with --logs, as the packet says. docs/VERIFYING.md shows how to check the same without bucketproof.

Exit code 3 means that something is not what the packet says.`,
		Example: "  bucketproof verify packets/acme/2026-10\n  bucketproof verify " +
			"s3://msp-evidence/packets/acme/2026-10 --trust roots.pem\n  bucketproof verify packet.pdf --offline",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			v.configNamed = cmd.Flags().Changed("config")
			r, err := v.verify(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.print(verifyTable(r)); err != nil {
				return err
			}
			return v.conclude(r)
		},
	}
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&v.trust, "trust", "", "a PEM `file` with the root certificates that signatures must lead to")
	cmd.Flags().BoolVar(&v.offline, "offline", false, "do not read the log objects again")
	cmd.Flags().BoolVar(&v.logs, "logs", false, "without a configuration: read the log objects where the packet says that they lie")
	cmd.Flags().BoolVar(&v.recompute, "recompute", false, "run the queries again on the dataset of the configuration, and compare")
	return cmd
}

type verifier struct {
	*app
	trust              string
	offline, recompute bool
	logs               bool // read log objects where the packet says, without a configuration
	configNamed        bool // --config was given
}

func (v *verifier) verify(ctx context.Context, packet string) (*verify.Report, error) {
	roots, err := v.roots()
	if err != nil {
		return nil, err
	}
	trust := verify.Trust{Roots: roots, Now: v.now()}
	c, err := v.configuration()
	if err != nil {
		return nil, err
	}
	r, err := v.open(ctx, packet, c, trust)
	if err != nil {
		return nil, err
	}
	switch {
	case v.offline:
		r.Skip("--offline was asked for")
	case c == nil && !v.logs:
		r.Skip("without a configuration they are read only with --logs, because the packet says where they lie; " +
			"give it for a packet that you trust")
	default:
		err := r.Sources(ctx, func(location string) (objects.Store, error) { return openLocation(ctx, c, r.Tenant, location) })
		if err != nil {
			return nil, err
		}
	}
	if v.recompute {
		if err := v.again(ctx, c, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (v *verifier) roots() (*x509.CertPool, error) {
	if v.trust == "" {
		return nil, nil
	}
	body, err := os.ReadFile(v.trust)
	if err != nil {
		return nil, usage("--trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(body) {
		return nil, usage("--trust: %s holds no certificate in PEM form", v.trust)
	}
	return pool, nil
}

// configuration is nil where there is none: an auditor has none.
func (v *verifier) configuration() (*config.Config, error) {
	if _, err := os.Stat(v.configPath); errors.Is(err, fs.ErrNotExist) && !v.configNamed {
		if v.recompute {
			return nil, usage("--recompute needs the dataset; name the configuration with --config")
		}
		return nil, nil
	}
	return config.Load(v.configPath)
}

// open checks what the argument names: a PDF with or without its manifest beside
// it, a folder, or a prefix.
func (v *verifier) open(ctx context.Context, packet string, c *config.Config, trust verify.Trust) (*verify.Report, error) {
	if !strings.Contains(packet, "://") && !strings.HasPrefix(packet, "file:") {
		info, err := os.Stat(packet)
		if err != nil {
			return nil, usage("%w; name the folder of a packet or a packet.pdf", err)
		}
		if !info.IsDir() {
			if filepath.Base(packet) == report.ManifestName {
				return v.open(ctx, filepath.Dir(packet), c, trust)
			}
			if verify.SavedManifest(filepath.Base(packet)) {
				return v.downloads(ctx, packet, trust)
			}
			if saved := verify.SavedBeside(packet); saved != "" {
				if _, err := os.Stat(saved); err == nil {
					return v.downloads(ctx, saved, trust)
				}
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(packet), report.ManifestName)); err == nil &&
				filepath.Base(packet) == report.PDFName {
				return v.open(ctx, filepath.Dir(packet), c, trust)
			}
			body, err := os.ReadFile(packet)
			if err != nil {
				return nil, err
			}
			r, err := verify.PDF(body, trust)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", packet, err)
			}
			return r, nil
		}
		if packet, err = filepath.Abs(packet); err != nil {
			return nil, err
		}
		packet = "file://" + filepath.ToSlash(packet)
	}
	u, err := objects.ParseURL(packet)
	if err != nil {
		return nil, usage("%w", err)
	}
	access := objects.Access{}
	if c != nil {
		access = c.AWS
	}
	store, err := objects.Open(ctx, u.Resolve(".").Folder(), access)
	if err != nil {
		return nil, err
	}
	r, err := verify.Folder(ctx, store, trust)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", packet, err)
	}
	evidence := u.Scheme == "s3"
	if c != nil && !evidence {
		_, evidence = u.Within(c.Evidence.URL)
	}
	r.Place(u.Text, evidence)
	return r, nil
}

// downloads checks a packet whose files were saved one by one, by its manifest.
func (v *verifier) downloads(ctx context.Context, manifest string, trust verify.Trust) (*verify.Report, error) {
	dir, err := filepath.Abs(filepath.Dir(manifest))
	if err != nil {
		return nil, err
	}
	u, err := objects.ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		return nil, err
	}
	store, err := objects.Open(ctx, u.Folder(), objects.Access{})
	if err != nil {
		return nil, err
	}
	saved, err := verify.Downloads(ctx, store, filepath.Base(manifest))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifest, err)
	}
	r, err := verify.Folder(ctx, saved, trust)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifest, err)
	}
	return r, nil
}

// openLocation is the store of a log location, reached as the configuration
// says for the tenant, or as the AWS tools would.
func openLocation(ctx context.Context, c *config.Config, tenant, location string) (objects.Store, error) {
	u, err := objects.ParseURL(location)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return objects.Open(ctx, u.Resolve(".").Folder(), objects.Access{})
	}
	t, ok := c.Tenant(tenant)
	if !ok {
		return nil, fmt.Errorf("%s does not have the tenant %q, so its log locations are not read", c.Path, tenant)
	}
	i := slices.IndexFunc(t.Buckets, func(b config.Bucket) bool { return b.Logs.Text == location })
	if i < 0 {
		return nil, fmt.Errorf("%s is no log location of %s in %s, and is not read", location, tenant, c.Path)
	}
	return objects.Open(ctx, t.Buckets[i].Logs.Folder(), t.AWS)
}

// again runs the queries of the packet on the dataset.
func (v *verifier) again(ctx context.Context, c *config.Config, r *verify.Report) error {
	t, ok := c.Tenant(r.Tenant)
	if !ok {
		return usage("the packet is of the tenant %q, which %s does not have; --recompute needs its configuration", r.Tenant, c.Path)
	}
	return v.with(ctx, func(p *parts) error {
		data, err := p.Analysis(ctx)
		if err != nil {
			return err
		}
		packet, err := p.Build(ctx, data, t, r.Month, false)
		if err != nil {
			return err
		}
		revision := report.Revision{Number: 1}
		if m := r.Manifest; m != nil {
			revision = report.Revision{Number: m.Revision, Supersedes: m.Supersedes, Causes: m.Causes, Changes: m.Changes}
		}
		files, err := packet.Render(revision)
		if err != nil {
			return err
		}
		root, err := packet.Root()
		if err != nil {
			return err
		}
		r.Recomputed(files, root, version)
		return nil
	})
}

func verifyTable(r *verify.Report) tabular.Table {
	t := tabular.Table{Columns: []string{"outcome", "what", "detail"}}
	for _, s := range r.Steps {
		t.Rows = append(t.Rows, []any{s.Outcome, s.What, s.Detail})
	}
	return t
}

// conclude says in a sentence what the table means.
func (v *verifier) conclude(r *verify.Report) error {
	switch {
	case r.Failed():
		fmt.Fprintln(v.err, "the packet is NOT what it says: see the lines with MISMATCH")
		return errAttention
	case r.Complete():
		fmt.Fprintln(v.err, "everything was checked, and all of it holds")
	default:
		fmt.Fprintln(v.err, "what could be checked holds; the lines that are not ok say what could not be")
	}
	return nil
}
