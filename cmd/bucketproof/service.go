package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"bucketproof/internal/config"
)

// serviceName is that of the service in every system.
const serviceName = "bucketproof"

func newService(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Install the background service of this machine: systemd, Windows or launchd",
		Long: `Makes "bucketproof serve" a service that starts with the machine. Under systemd it
gets a hardened unit with its data in /var/lib/bucketproof; the configuration
belongs into /etc/bucketproof/config.toml, secrets into
/etc/bucketproof/environment. Under Windows and launchd the configuration named by
--config is used where it is.`,
		Example: "  sudo bucketproof --config /etc/bucketproof/config.toml service install\n  bucketproof service status",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newServiceInstall(a), newServiceUninstall(a), newServiceStatus(a))
	return cmd
}

func newServiceInstall(a *app) *cobra.Command {
	user, show := "", false
	cmd := &cobra.Command{
		Use: "install", Short: "Install the service and start it",
		Long: `Checks the configuration, writes the service and starts it. With --print the unit of
systemd is only printed.`,
		Example: "  sudo bucketproof --config /etc/bucketproof/config.toml service install\n  bucketproof --config " +
			"/etc/bucketproof/config.toml service install --print",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(a.configPath)
			if err != nil {
				return err
			}
			path, err := filepath.Abs(a.configPath)
			if err != nil {
				return err
			}
			binary, err := os.Executable()
			if err != nil {
				return err
			}
			if show || runtime.GOOS == "linux" {
				return a.installUnit(cmd.Context(), c, binary, path, user, show)
			}
			if !filepath.IsAbs(c.DataDir) {
				return usage("data_dir is %q; a service has no working directory, write an absolute path like %q", c.DataDir, defaultData())
			}
			return a.controlService("install", binary, path)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "run as this `user` (default: one that systemd makes up, with no rights elsewhere)")
	cmd.Flags().BoolVar(&show, "print", false, "print the unit of systemd, and do nothing")
	return cmd
}

// defaultData is where a service keeps its data by the conventions of the system.
func defaultData() string {
	switch runtime.GOOS {
	case "windows":
		return filepath.Join(os.Getenv("ProgramData"), serviceName)
	case "darwin":
		return "/Library/Application Support/" + serviceName
	}
	return "/var/lib/" + serviceName
}

// defaultLog is where a service of Windows or launchd keeps its log by the conventions of
// the system; under systemd the journal has it.
func defaultLog() string {
	if runtime.GOOS == "darwin" {
		return "/Library/Logs/" + serviceName + "/" + serviceName + ".log"
	}
	return filepath.Join(defaultData(), "logs", serviceName+".log")
}

func newServiceUninstall(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Short: "Stop the service and remove it; configuration and data stay",
		Example: "  sudo bucketproof service uninstall",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runtime.GOOS == "linux" {
				return a.uninstallUnit(cmd.Context())
			}
			return a.controlService("uninstall", "", "")
		},
	}
}

func newServiceStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tell whether the service is installed and runs",
		Long:    "Tells whether the service is installed and runs. Exits with 3 where it does not run.",
		Example: "  bucketproof service status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, runs, err := serviceStatus(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, status)
			if !runs {
				return errAttention
			}
			return nil
		},
	}
}

func serviceStatus(ctx context.Context) (string, bool, error) {
	if runtime.GOOS == "linux" {
		return unitStatus(ctx)
	}
	s, err := service.New(nothing{}, serviceConfig("", ""))
	if err != nil {
		return "", false, err
	}
	st, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return "not installed", false, nil
	case err != nil:
		return "", false, err
	case st == service.StatusRunning:
		return "running", true, nil
	}
	return "stopped", false, nil
}

// nothing is a service that is only controlled from here.
type nothing struct{}

func (nothing) Start(service.Service) error { return nil }
func (nothing) Stop(service.Service) error  { return nil }

// serviceConfig describes the service to Windows and launchd.
func serviceConfig(binary, path string) *service.Config {
	return &service.Config{
		Name: serviceName, DisplayName: "bucketproof", Description: "Backup evidence from Amazon S3 access logs",
		Executable: binary, Arguments: []string{"--config", path, "serve", "--log-file", defaultLog()},
		Option: service.KeyValue{
			"RunAtLoad": true, "KeepAlive": true, // launchd
			"DelayedAutoStart": true, "OnFailure": "restart", "OnFailureDelayDuration": "30s", // Windows
		},
	}
}

// controlService installs or uninstalls the service of Windows or launchd.
func (a *app) controlService(action, binary, path string) error {
	s, err := service.New(nothing{}, serviceConfig(binary, path))
	if err != nil {
		return err
	}
	if action == "uninstall" {
		if err := s.Stop(); err != nil && !errors.Is(err, service.ErrNotInstalled) {
			fmt.Fprintf(a.err, "it could not be stopped first: %v\n", err)
		}
	}
	if err := service.Control(s, action); err != nil {
		return fmt.Errorf("%s the service: %w; it takes the rights of an administrator", action, err)
	}
	if action == "install" {
		if err := s.Start(); err != nil {
			return fmt.Errorf("the service is installed and could not be started: %w", err)
		}
	}
	fmt.Fprintf(a.out, "the service %s is %sed (%s)\n", serviceName, strings.TrimSuffix(action, "e"), service.Platform())
	return nil
}
