package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"bucketproof/analyze/engine"
)

// version is that of the changelog. It stands in every manifest.
const version = "0.1.0"

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print version, commit, Go and engine",
		Example: "  bucketproof version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			duckdb, err := engine.Version(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "bucketproof %s\ncommit      %s\ngo          %s %s/%s\nengine      DuckDB %s\n", version, commit(),
				runtime.Version(), runtime.GOOS, runtime.GOARCH, duckdb)
			return err
		},
	}
}

// commit is what the binary was built from, as far as the build knew it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " (modified)"
		}
	}
	return revision + dirty
}
