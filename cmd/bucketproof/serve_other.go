//go:build !windows

package main

import "context"

// runService runs the service as a plain process, which systemd and launchd ask
// for.
func runService(ctx context.Context, run func(context.Context) error) error {
	return endInTime(ctx, run)
}
