// Package demo makes up a month of access logs for three tenants, as S3 would deliver them,
// with a configuration that fits. [Generate] is deterministic: the same seed gives the same
// files, byte for byte except for the signatures of the made-up trail. The [Truth] that it
// returns says what a correct reading must find in them.
package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Month is the month that the demo reports on.
const Month = "2026-10"

// Now is the clock of the demo: when its packets are made.
var Now = time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)

const seed = 20261001

// marker tells a folder that a demo made, whose parts may be replaced.
const marker = "made-by-bucketproof-demo"

// made are the parts of the folder that a demo replaces.
var made = []string{"config.toml", "truth.json", "logs", "data", "packets", "trail", "cloudtrail-keys.json",
	"metrics.csv", "reports", "changes.csv"}

// Truth is what the logs contain.
type Truth struct {
	Records    int64            // unique, of all buckets
	Buckets    map[string]int64 // records by bucket
	Objects    int              // log objects
	Duplicates int64            // records delivered a second time
	Unreadable map[string]int64 // lines that are no record, by bucket
	Planted    []Planted
}

// Planted is trouble that a check must find, once and with this count.
type Planted struct {
	Tenant, Bucket, Check, Subject string
	Count                          int64
}

// Generate writes config.toml, truth.json and logs/ to dir. It replaces what an earlier
// demo left there, and refuses a folder that has anything else in its place.
func Generate(dir string) (Truth, error) { return generate(dir, true) }

// GenerateLogs is Generate without the witnesses beside the access logs.
func GenerateLogs(dir string) (Truth, error) { return generate(dir, false) }

func generate(dir string, witnesses bool) (Truth, error) {
	if err := Claim(dir); err != nil {
		return Truth{}, err
	}
	for _, name := range made {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return Truth{}, err
		}
	}
	truth := Truth{Buckets: map[string]int64{}, Unreadable: map[string]int64{}}
	for i := range tenants {
		if err := generateTenant(dir, &tenants[i], uint64(i), witnesses, &truth); err != nil {
			return Truth{}, fmt.Errorf("make logs of %s: %w", tenants[i].id, err)
		}
	}
	slices.SortFunc(truth.Planted, func(a, b Planted) int {
		return strings.Compare(a.Tenant+a.Check+a.Bucket+a.Subject, b.Tenant+b.Check+b.Bucket+b.Subject)
	})
	text, err := json.MarshalIndent(truth, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "truth.json"), append(text, '\n'), 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.toml"), []byte(configText(witnesses)), 0o644)
	}
	return truth, err
}

// Claim makes dir a folder of demos. One that holds something and was not made
// by a demo is refused.
func Claim(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, marker)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is not empty and no demo made it; name another folder with --out", dir)
		} else if err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("`bucketproof demo` replaces what it made in this folder.\n"), 0o644)
}
