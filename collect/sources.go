package collect

import (
	"regexp"
	"slices"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
)

// Source is one log location and the buckets whose logs are delivered there.
type Source struct {
	Logs    objects.URL
	Access  objects.Access
	Buckets []string // sorted
	// Trail tells that it is a CloudTrail trail, whose Buckets are the owners of the
	// tenants' accounts (dataset.TrailOwner).
	Trail bool
	// Except are the prefixes of keys that belong to another configured location,
	// which lies in this one.
	Except []string
}

// Sources returns the log locations of a configuration, each once, in order. With a tenant
// ID it returns only those that the tenant uses, still with the buckets of every tenant,
// because an object is read only once.
func Sources(c *config.Config, tenant string) []Source {
	var out []Source
	used := map[string]bool{}
	for _, t := range c.Tenants {
		for _, b := range t.Buckets {
			i := slices.IndexFunc(out, func(s Source) bool { return s.Logs.Text == b.Logs.Text })
			if i < 0 {
				i = len(out)
				out = append(out, Source{Logs: b.Logs, Access: t.AWS})
			}
			if !slices.Contains(out[i].Buckets, b.Name) {
				out[i].Buckets = append(out[i].Buckets, b.Name)
				slices.Sort(out[i].Buckets)
			}
			if t.ID == tenant {
				used[b.Logs.Text] = true
			}
		}
	}
	for _, t := range c.Tenants {
		for _, place := range t.Trails() {
			i := slices.IndexFunc(out, func(s Source) bool { return s.Logs.Text == place.Text })
			if i < 0 {
				i = len(out)
				out = append(out, Source{Logs: place, Access: t.AWS, Trail: true})
			}
			for _, account := range t.Accounts {
				out[i].Buckets = union(out[i].Buckets, []string{dataset.TrailOwner(account)})
			}
			if t.ID == tenant {
				used[place.Text] = true
			}
		}
	}
	for i := range out {
		for _, o := range out {
			if key, ok := o.Logs.Within(out[i].Logs); ok {
				out[i].Except = append(out[i].Except, key)
			}
		}
	}
	if tenant == "" {
		return out
	}
	return slices.DeleteFunc(out, func(s Source) bool { return !used[s.Logs.Text] })
}

// trailName is the name of a log file of a trail (CloudTrail user guide, page "CloudTrail
// log file name format").
var trailName = regexp.MustCompile(`(?:^|/)(\d{12})_CloudTrail_[a-z0-9-]+_\d{8}T\d{4}Z_?[A-Za-z0-9]+\.json(?:\.gz|\.zst)?$`)

// ownerOf is the owner of a trail's log file; "" for other objects.
func (s Source) ownerOf(key string) string {
	if !s.Trail {
		return ""
	}
	m := trailName.FindStringSubmatch(key)
	if m == nil {
		return ""
	}
	return dataset.TrailOwner(m[1])
}
