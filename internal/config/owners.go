package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// severities are those of findings, as [Tenant.Owners] names them.
var severities = []string{"low", "medium", "high"}

// readOwners reads who is responsible for the findings of a check or a severity.
func readOwners(t *table) map[string]string {
	owners := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(t.m)) {
		if owners[key] = strings.TrimSpace(t.str(key, "")); owners[key] == "" {
			t.problem(key, "is empty; name who is responsible, or remove it")
		}
	}
	t.done()
	return owners
}

// Responsible is who a finding begins with: who is named for its check, for its
// severity, for its bucket, or for the tenant; "" for nobody.
func (t *Tenant) Responsible(check, bucket, severity string) string {
	for _, key := range []string{check, severity} {
		if owner := t.Owners[key]; owner != "" {
			return owner
		}
	}
	return t.BucketOwner(bucket)
}

// BucketOwner is who is responsible for a bucket; "" for nobody.
func (t *Tenant) BucketOwner(bucket string) string {
	for _, b := range t.Buckets {
		if b.Name == bucket && b.Owner != "" {
			return b.Owner
		}
	}
	return t.Owner
}

// checkOwners lists the owners of what is neither a check nor a severity.
func (c *Config) checkOwners(i int, checks []string) []Problem {
	var out []Problem
	for _, key := range slices.Sorted(maps.Keys(c.Tenants[i].Owners)) {
		if !slices.Contains(severities, key) && !slices.Contains(checks, key) {
			out = append(out, Problem{Line: c.line(fmt.Sprintf("tenant[%d].owners.%s", i, key)), Key: "tenant.owners",
				Text: fmt.Sprintf("%q is neither a severity (low, medium, high) nor a check; known are %s", key,
					strings.Join(checks, ", "))})
		}
	}
	return out
}
