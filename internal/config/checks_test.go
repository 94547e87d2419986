package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The state keeps configurations by the hash of these bytes, those of earlier versions too.
func TestNotedThresholds(t *testing.T) {
	const old = `{"Deviations":8,"DeleteSpike":50,"ErrorRate":0.29,"Errors":20,"LargeDownload":4611686018427387903,` +
		`"BackupVolume":1048576,"AccessDeniedBurst":10,"MetricsDiffer":0` // and what came later
	checks := defaultChecks()
	checks["error_rate_percent"], checks["large_download"], checks["metrics_differ_percent"] = 29, 1<<62-1, 0
	body, err := json.Marshal(Tenant{Checks: checks})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `"Checks":`+old) {
		t.Errorf("noted is %s, want %s in it", body, old)
	}
	var back Tenant
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back.Checks) != fmt.Sprint(checks) {
		t.Errorf("read back is %v, want %v", back.Checks, checks)
	}
	part := Tenant{Checks: defaultChecks()} // what a configuration of before did not know stays
	if err := json.Unmarshal([]byte(`{"Checks":{"Errors":7}}`), &part); err != nil {
		t.Fatal(err)
	}
	if part.Checks["errors"] != 7 || part.Checks["delete_spike"] != 50 {
		t.Errorf("read over the defaults is %v", part.Checks)
	}
}

func TestThresholds(t *testing.T) {
	for line, want := range map[string]string{
		"delete_spike = 0":           "c.toml:2: checks.delete_spike: is 0; write a number from 1 to 1099511627776",
		"deviations = 1001":          "c.toml:2: checks.deviations: is 1001; write a number from 1 to 1000",
		"error_rate_percent = 101":   "c.toml:2: checks.error_rate_percent: is 101; write a number from 1 to 100",
		"metrics_differ_percent=-1":  "c.toml:2: checks.metrics_differ_percent: is -1; write a number from 0 to 100",
		"access_denied_burst = 1":    "c.toml:2: checks.access_denied_burst: is 1; write a number from 2 to 1099511627776",
		"errors = \"20\"":            "c.toml:2: checks.errors: is the string \"20\"; write a whole number without quotes",
		"large_download = \"much\"":  "c.toml:2: checks.large_download: is the string \"much\", which is no size; write one like",
		"backup_volume = 0":          "c.toml:2: checks.backup_volume: is the number 0, which is no size; write one like",
		"delete_spikes = 1":          "c.toml:2: checks.delete_spikes: is not a key here; did you mean \"delete_spike\"?",
		"something_different = true": "c.toml:2: checks.something_different: is not a key here; known are access_denied_burst, ",
	} {
		_, err := Parse("c.toml", []byte("[checks]\n"+line+"\n"+minimal))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	c, err := Parse("c.toml", []byte("[checks]\nerrors = 7\nerror_rate_percent = 50\n"+
		strings.Replace(minimal, "[[tenant.bucket]]", "checks = { errors = 9, large_download = \"1MB\" }\n[[tenant.bucket]]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	have := c.Tenants[0].Checks.Parameters()
	for name, want := range map[string]any{"errors": int64(9), "error_rate": 0.5, "large_download": int64(1_000_000),
		"deviations": int64(8), "metrics_differ": 0.05} {
		if have[name] != want {
			t.Errorf(":%s is %v, want %v", name, have[name], want)
		}
	}
}
