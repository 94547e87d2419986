package report

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Revision numbers the packets of a month, from 1. A later one says which one
// it supersedes, what it says differently and why.
type Revision struct {
	Number     int
	Supersedes *Superseded
	Causes     []string // keys of messages below "cause.", the likeliest first
	Changes    []Change
}

// Superseded names an earlier packet of the month.
type Superseded struct {
	Packet         string `json:"packet"`
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Change is one thing that a revision says differently: a total by its name in
// the manifest, the verdict, or the status of a finding by its ID.
type Change struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Causes of a revision.
const (
	causeLogs     = "logs"     // log objects came after the packet was made
	causeFindings = "findings" // people worked on findings, or checks found others
	causeTool     = "tool"     // another version of the program made it
	causeFinal    = "final"    // nothing more is waited for
	causeSigned   = "signed"   // a signature was added
	causeConfig   = "config"   // what remains: the configuration
)

// Succeed is the revision that follows a stored packet: it supersedes it, and
// tells what it says differently. Manifest is the stored one, model its
// packet.json, which may be missing.
func (p *Packet) Succeed(number int, folder string, manifest *Manifest, sha256 string, model []byte) (Revision, error) {
	r := Revision{Number: number, Supersedes: &Superseded{Packet: folder, ManifestSHA256: sha256}}
	root, _, err := p.sourcesRoot()
	if err != nil {
		return r, err
	}
	cause := func(key string, is bool) {
		if is {
			r.Causes = append(r.Causes, key)
		}
	}
	r.add("verdict", manifest.Verdict, p.Verdict)
	before, err := totalsByName(manifest.Totals)
	if err != nil {
		return r, err
	}
	after, err := totalsByName(p.Totals)
	if err != nil {
		return r, err
	}
	for _, name := range totalNames() {
		r.add(name, before[name], after[name])
	}
	findings, err := p.changedFindings(model)
	if err != nil {
		return r, fmt.Errorf("the packet.json of %s: %w", folder, err)
	}
	r.Changes = append(r.Changes, findings...)
	cause(causeLogs, root != manifest.Sources.MerkleRoot)
	cause(causeFindings, len(findings) > 0)
	cause(causeTool, manifest.Tool.Version != p.Version)
	cause(causeFinal, manifest.Provisional && !p.Provisional)
	cause(causeSigned, p.Signed && manifest.Signature == nil)
	cause(causeConfig, len(r.Causes) == 0)
	return r, nil
}

func (r *Revision) add(what, before, after string) {
	if before != after {
		r.Changes = append(r.Changes, Change{what, before, after})
	}
}

// totalNames are the names of the totals in the order of their struct.
func totalNames() []string {
	var names []string
	t := reflect.TypeFor[Totals]()
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("json"))
	}
	return names
}

func totalsByName(t Totals) (map[string]string, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var m map[string]json.Number
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for k, v := range m {
		out[k] = v.String()
	}
	return out, nil
}

// changedFindings compares the findings with those of a stored packet.json.
func (p *Packet) changedFindings(model []byte) ([]Change, error) {
	if model == nil {
		return nil, nil
	}
	var stored struct {
		Findings []struct {
			ID, Status, Owner, Due, Cause, Resolution string
			Count                                     int64
		}
	}
	if err := json.Unmarshal(model, &stored); err != nil {
		return nil, err
	}
	describe := func(status string, count int64, owner, cause, resolution string) string {
		parts := []string{status, fmt.Sprint(count)}
		if owner != "" {
			parts = append(parts, owner)
		}
		if cause != "" || resolution != "" {
			parts = append(parts, "narrative")
		}
		return strings.Join(parts, ", ")
	}
	var out []Change
	before := map[string]string{}
	for _, f := range stored.Findings {
		before[f.ID] = describe(f.Status, f.Count, f.Owner, f.Cause, f.Resolution)
	}
	var ids []string
	for _, f := range p.Findings {
		ids = append(ids, f.ID)
		after := describe(f.Status, f.Count, f.Owner, f.Cause, f.Resolution)
		if old := before[f.ID]; old != after {
			out = append(out, Change{"finding " + f.ID, old, after})
		}
	}
	for _, f := range stored.Findings {
		if !slices.Contains(ids, f.ID) {
			out = append(out, Change{"finding " + f.ID, before[f.ID], ""})
		}
	}
	return out, nil
}
