package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"bucketproof/templates"
)

func newInit(a *app) *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "Write a commented config.toml to start from",
		Long:    "Writes a configuration that shows every key with its default or an example.\nAn existing file is left as it is.",
		Example: "  bucketproof init\n  bucketproof init --out /etc/bucketproof/config.toml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
			if errors.Is(err, fs.ErrExist) {
				return usage("%s exists and is left as it is; name another file with --out", out)
			}
			if err != nil {
				return err
			}
			_, err = f.Write(templates.Config)
			if err = errors.Join(err, f.Close()); err != nil {
				return errors.Join(err, os.Remove(out))
			}
			_, err = fmt.Fprintf(a.out, "wrote %s; replace the examples in it, then run `bucketproof --config %s collect`\n", out, out)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "config.toml", "the `file` to write")
	return cmd
}
