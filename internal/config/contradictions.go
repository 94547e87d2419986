package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"bucketproof/internal/objects"
)

// placed is a bucket with the table that it was read from.
type placed struct {
	tenant Tenant
	bucket Bucket
	table  *table
}

// checkTenants reports what is wrong between blocks that are right alone.
func checkTenants(root *table, c *Config, tables []*table) {
	seen := map[string]bool{}
	var all []placed
	for i, t := range c.Tenants {
		if t.ID != "" && seen[t.ID] {
			tables[i].problem("id", "%q is taken by another tenant; every tenant has its own id", t.ID)
		}
		seen[t.ID] = true
		checkPrincipals(tables[i], t)
		own := map[string]bool{}
		for j, bt := range tables[i].list("bucket") {
			b := t.Buckets[j]
			if b.Name != "" && own[b.Name] {
				bt.problem("name", "%q stands twice in this tenant; put its prefixes into one block", b.Name)
			}
			own[b.Name] = true
			all = append(all, placed{t, b, bt})
		}
	}
	checkPrefixes(all)
	checkServers(all)
	checkPlaces(root, c, all)
}

func checkPrincipals(t *table, n Tenant) {
	tables := t.list("principal")
	seen := map[string]bool{}
	for i, p := range n.Principals {
		if p.Match != "" && seen[p.Match] {
			text := fmt.Sprintf("%q stands twice in this tenant; which name holds would be a guess, remove one", p.Match)
			if i < len(tables) {
				tables[i].problem("match", "%s", text)
			} else {
				t.problem("id", "identities file: %s", text)
			}
		}
		seen[p.Match] = true
	}
	for _, tie := range Ties(n.Principals) {
		if tie[0].Match == tie[1].Match {
			continue
		}
		i := slices.Index(n.Principals, tie[1])
		at, key := t, "id"
		if i < len(tables) {
			at, key = tables[i], "match"
		}
		at.problem(key, "%q and %q can match the same requester and neither is more specific; make one of them longer", tie[1].Match,
			tie[0].Match)
	}
}

// checkPrefixes reports prefixes of two tenants that cover the same keys: a
// record there would belong to both packets.
func checkPrefixes(all []placed) {
	for i, b := range all {
		for _, a := range all[:i] {
			if a.bucket.Name != b.bucket.Name || a.bucket.Name == "" || a.tenant.ID == b.tenant.ID {
				continue
			}
			for _, p := range b.bucket.Prefixes {
				for _, q := range a.bucket.Prefixes {
					if strings.HasPrefix(p, q) || strings.HasPrefix(q, p) {
						b.table.problem("prefixes", "%q overlaps %q of tenant %s in the same bucket; a key must belong to one tenant", p, q,
							a.tenant.ID)
					}
				}
			}
			if a.bucket.Logs.Text != b.bucket.Logs.Text {
				b.table.problem("logs", "differs from %q of tenant %s for the same bucket; S3 delivers the logs of a bucket to one place",
					a.bucket.Logs.Text, a.tenant.ID)
			}
		}
	}
}

// checkServers reports names that stand for two things because two tenants use
// different S3 servers: the dataset knows a bucket and a log location by name.
func checkServers(all []placed) {
	for i, b := range all {
		for _, a := range all[:i] {
			if a.tenant.AWS.Endpoint == b.tenant.AWS.Endpoint {
				continue
			}
			switch {
			case a.bucket.Name == b.bucket.Name && a.bucket.Name != "":
				b.table.problem("name",
					"%q is also a bucket of tenant %s on another server (aws.endpoint); use one data_dir and configuration for each server",
					b.bucket.Name, a.tenant.ID)
			case a.bucket.Logs.Scheme == "s3" && a.bucket.Logs.Text == b.bucket.Logs.Text:
				b.table.problem("logs",
					"%q is also a log location of tenant %s on another server (aws.endpoint); use one data_dir and "+
						"configuration for each server", b.bucket.Logs.Text, a.tenant.ID)
			}
		}
	}
}

// checkPlaces reports log locations and an evidence location that would feed
// on themselves: S3 would write logs about logs, and a log bucket can't have
// the Object Lock that evidence needs.
func checkPlaces(root *table, c *Config, all []placed) {
	evidence := c.Evidence.URL
	sources := map[string]string{} // source bucket -> log bucket
	for _, b := range all {
		logs := b.bucket.Logs
		if logs.Scheme == "s3" {
			sources[b.bucket.Name] = logs.Bucket
		}
		if logs.Scheme == "s3" && logs.Bucket == b.bucket.Name {
			b.table.problem("logs", "lies inside its own source bucket, so every log delivery would be logged again; use another bucket")
		}
		if evidence.Scheme == "s3" && evidence.Bucket == b.bucket.Name {
			b.table.problem("name", "%q is also the evidence bucket; evidence about a bucket can't stand in it", b.bucket.Name)
		}
		if overlap(evidence, logs) {
			b.table.problem("logs",
				"and evidence.url are in one place (%s); a log bucket can't have Object Lock, use another one for the evidence",
				evidence.Text)
		}
	}
	for _, b := range all {
		if cycle := loggingCycle(sources, b.bucket.Name); len(cycle) > 2 {
			b.table.problem("logs", "%s: logs about logs without end; use a bucket that is not logged", strings.Join(cycle, " logs into "))
		}
		if b.bucket.Logs.Scheme == "file" && (within(c.DataDir, b.bucket.Logs.Path) || within(b.bucket.Logs.Path, c.DataDir)) {
			b.table.problem("logs", "and data_dir (%s) are one inside the other; choose folders apart", shortPath(c.Dir, c.DataDir))
		}
	}
	if evidence.Scheme == "file" && within(c.DataDir, evidence.Path) {
		root.sub("evidence").problem("url", "lies inside data_dir (%s); choose a folder outside it", shortPath(c.Dir, c.DataDir))
	}
}

// loggingCycle follows the log deliveries from a bucket and returns the way back
// to it, or nil.
func loggingCycle(targets map[string]string, from string) []string {
	way := []string{from}
	for at := targets[from]; at != ""; at = targets[at] {
		way = append(way, at)
		if at == from {
			return way
		}
		if len(way) > len(targets)+1 {
			break
		}
	}
	return nil
}

func overlap(a, b objects.URL) bool {
	switch {
	case a.Scheme == "s3" && b.Scheme == "s3":
		return a.Bucket == b.Bucket
	case a.Scheme == "file" && b.Scheme == "file":
		return within(a.Path, b.Path) || within(b.Path, a.Path)
	}
	return false
}

// within tells whether path is dir or lies in it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

func shortPath(base, path string) string {
	if rel, err := filepath.Rel(base, path); err == nil {
		return rel
	}
	return path
}
