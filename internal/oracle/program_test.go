package oracle

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var built string // the folder of the program, where a test has built it

var program = sync.OnceValues(func() (string, error) {
	if ready := os.Getenv("BUCKETPROOF_TEST_PROGRAM"); ready != "" {
		return ready, nil
	}
	dir, err := os.MkdirTemp("", "oracle-program-")
	if err != nil {
		return "", err
	}
	built = dir
	name := filepath.Join(dir, "bucketproof")
	out, err := exec.Command("go", "build", "-o", name, "bucketproof/cmd/bucketproof").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// run runs the program. Exit code 3 is one that found something.
func run(dir string, args ...string) ([]byte, error) {
	name, err := program()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, append([]string{"--config", filepath.Join(dir, "config.toml")}, args...)...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 3 {
		return nil, fmt.Errorf("bucketproof %s: %w: %s", strings.Join(args, " "), err, errors.Bytes())
	}
	return out, nil
}
