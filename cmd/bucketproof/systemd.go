package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"bucketproof/internal/config"
	"bucketproof/templates"
)

const (
	unitPath = "/etc/systemd/system/" + serviceName + ".service"
	// systemdRuns is there where systemd runs the machine (sd_booted(3)).
	systemdRuns = "/run/systemd/system"
)

// unit writes the unit of systemd for a configuration.
func unit(c *config.Config, binary, path, owner string) (string, error) {
	if !filepath.IsAbs(c.DataDir) {
		return "", usage("data_dir is %q; a service has no working directory, write data_dir = %q", c.DataDir, defaultData())
	}
	data := struct {
		Binary, Config, User string
		Writable             []string
	}{Binary: quoteUnit(binary), Config: quoteUnit(path), User: owner}
	if c.DataDir != defaultData() && !strings.HasPrefix(c.DataDir, defaultData()+"/") {
		if owner == "" {
			return "", usage("data_dir is %q, where the user that systemd makes up may not write; write data_dir = "+
				"%q, or name a user with --user", c.DataDir, defaultData())
		}
		data.Writable = append(data.Writable, quoteUnit(c.DataDir))
	}
	if c.Evidence.URL.Scheme == "file" {
		if owner == "" {
			return "", usage("evidence.url is the folder %s, where the user that systemd makes up may not write; "+
				"name a user who may with --user", c.Evidence.URL.Path)
		}
		place, err := filepath.Abs(c.Evidence.URL.Path)
		if err != nil {
			return "", err
		}
		data.Writable = append(data.Writable, quoteUnit(place))
	}
	t, err := template.New("unit").Parse(templates.Unit)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.String(), err
}

// quoteUnit quotes a path for a unit (systemd.service(5), command lines): % begins
// a specifier, $ a variable.
func quoteUnit(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(s) + `"`
}

// installUnit writes the unit and starts it, or only prints it.
func (a *app) installUnit(ctx context.Context, c *config.Config, binary, path, owner string, show bool) error {
	text, err := unit(c, binary, path, owner)
	if err != nil {
		return err
	}
	if show {
		fmt.Fprint(a.out, text)
		return nil
	}
	if _, err := os.Stat(systemdRuns); err != nil {
		return fmt.Errorf("systemd does not run this machine, so there is nothing to install into; run `%s "+
			"--config %s serve` under what does", filepath.Base(binary), path)
	}
	for _, p := range []string{binary, path} {
		for _, hidden := range []string{"/home/", "/root/", "/tmp/", "/var/tmp/", "/run/user/"} {
			if strings.HasPrefix(p, hidden) {
				return usage("%s lies under %s, which the hardened service does not see; put the program under "+
					"/usr/local/bin and the configuration under /etc/bucketproof", p, strings.TrimSuffix(hidden, "/"))
			}
		}
	}
	if err := makeFolders(c, owner); err != nil {
		return err
	}
	if err := os.WriteFile(unitPath, []byte(text), 0o644); err != nil {
		return fmt.Errorf("install the service: %w; it takes the rights of root", err)
	}
	// A service that runs already gets the new unit, too.
	for _, args := range [][]string{{"daemon-reload"}, {"enable", serviceName}, {"restart", serviceName}} {
		if err := systemctl(ctx, args...); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "%s is written, enabled and started; its log: journalctl -u %s\n", unitPath, serviceName)
	return nil
}

// makeFolders makes the folders that the unit lets the service write to, where they are
// not there yet: systemd starts no service with a folder that is missing, and the
// service itself could not make one. Those that are there stay as they are.
func makeFolders(c *config.Config, name string) error {
	folders := []string{}
	if c.DataDir != defaultData() { // that one systemd makes
		folders = append(folders, c.DataDir)
	}
	if c.Evidence.URL.Scheme == "file" {
		folders = append(folders, c.Evidence.URL.Path)
	}
	for _, path := range folders {
		if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
			continue
		}
		owner, err := user.Lookup(name)
		if err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
		uid, uerr := strconv.Atoi(owner.Uid)
		gid, gerr := strconv.Atoi(owner.Gid)
		if err := errors.Join(uerr, gerr); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
		if err := errors.Join(os.MkdirAll(path, 0o700), os.Chown(path, uid, gid)); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
	}
	return nil
}

func (a *app) uninstallUnit(ctx context.Context) error {
	if _, err := os.Stat(unitPath); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the service is not installed: %w", err)
	}
	if err := systemctl(ctx, "disable", "--now", serviceName); err != nil {
		return err
	}
	if err := os.Remove(unitPath); err != nil {
		return err
	}
	if err := systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "the service is stopped and removed; configuration and data stay\n")
	return nil
}

func systemctl(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "systemctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

func unitStatus(ctx context.Context) (string, bool, error) {
	if _, err := os.Stat(unitPath); errors.Is(err, os.ErrNotExist) {
		return "not installed", false, nil
	}
	out, err := exec.CommandContext(ctx, "systemctl", "is-active", serviceName).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", false, fmt.Errorf("systemctl is-active: %w", err)
	}
	status := strings.TrimSpace(string(out))
	return status, status == "active", nil
}
