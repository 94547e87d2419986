package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newBackup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the state to a file while everything runs",
		Long: `Writes a copy of the state as it is at this moment: the ledger of log objects,
findings with their history, runs, mails, links. It may run beside the service.
The file must not exist. To go back to a copy, stop the service and put the file
in the place of state.db in data_dir; remove state.db-wal and state.db-shm.

The records themselves are in data_dir/dataset, and the state names them, so the two
belong together: back both up while the service is stopped, or by one snapshot.
Where something was collected between the two copies, collect refuses the pair;
docs/OPERATING.md shows how to restore it.`,
		Example: "  bucketproof backup /var/backups/bucketproof-2026-11-24.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(p *parts) error {
				if err := p.State.Backup(cmd.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "the state is copied to", args[0])
				return nil
			})
		},
	}
}
