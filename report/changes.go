package report

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"bucketproof/internal/state"
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
	causePrevious = "previous" // log objects of the month before came, with which it is compared
	causeTool     = "tool"     // another version of the program made it
	causeFinal    = "final"    // nothing more is waited for
	causeSigned   = "signed"   // a signature was added
	causeConfig   = "config"   // the configuration was changed, or nothing else was
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
		r.add(name, before[name].String(), after[name].String())
	}
	var stored, fresh Model
	if model != nil {
		if err := json.Unmarshal(model, &stored); err != nil {
			return r, fmt.Errorf("the packet.json of %s: %w", folder, err)
		}
		body, err := p.model(nil)
		if err != nil {
			return r, err
		}
		if err := json.Unmarshal(body, &fresh); err != nil {
			return r, err
		}
	}
	findings, err := changedFindings(stored.Findings, fresh.Findings)
	if err != nil {
		return r, err
	}
	r.Changes = append(r.Changes, findings...)
	cause(causeConfig, withdrawnSince(stored.Findings, fresh.Findings))
	cause(causeLogs, root != manifest.Sources.MerkleRoot)
	cause(causeFindings, len(findings) > 0)
	cause(causePrevious, !reflect.DeepEqual(stored.Previous, fresh.Previous))
	cause(causeTool, manifest.Tool.Version != p.Version)
	cause(causeFinal, manifest.Provisional && !p.Provisional)
	cause(causeSigned, p.Signed && manifest.Signature == nil)
	approved := !reflect.DeepEqual(stored.Approved, fresh.Approved) ||
		!reflect.DeepEqual(stored.Principals, fresh.Principals) || !reflect.DeepEqual(stored.Left, fresh.Left)
	cause(causeConfig, !slices.Contains(r.Causes, causeConfig) && (len(r.Causes) == 0 || model != nil && approved))
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

func totalsByName(t Totals) (map[string]json.Number, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var m map[string]json.Number
	return m, json.Unmarshal(body, &m)
}

// changedFindings compares the findings with those of a stored packet.json.
func changedFindings(stored, fresh []ModelFinding) ([]Change, error) {
	type side struct{ text, all string }
	describe := func(list []ModelFinding) (map[string]side, []string, error) {
		out := map[string]side{}
		var ids []string
		for _, f := range list {
			all, err := json.Marshal(f)
			if err != nil {
				return nil, nil, err
			}
			parts := []string{f.Status, withdrawnWord(f), fmt.Sprint(f.Count), f.Owner, f.Due, f.Cause, f.Resolution}
			parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
			out[f.ID] = side{strings.Join(parts, ", "), string(all)}
			ids = append(ids, f.ID)
		}
		return out, ids, nil
	}
	before, old, err := describe(stored)
	if err != nil {
		return nil, err
	}
	after, ids, err := describe(fresh)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, id := range append(ids, slices.DeleteFunc(old, func(id string) bool { return slices.Contains(ids, id) })...) {
		if before[id].all != after[id].all {
			out = append(out, Change{"finding " + id, before[id].text, after[id].text})
		}
	}
	return out, nil
}

// withdrawnWord says that a change of the configuration withdrew a finding.
func withdrawnWord(f ModelFinding) string {
	if f.Withdrawn != state.WithdrawnConfiguration {
		return ""
	}
	return "withdrawn by a change of the configuration"
}

// withdrawnSince tells whether the configuration has withdrawn a finding, or given one
// back, since a packet was stored.
func withdrawnSince(stored, fresh []ModelFinding) bool {
	before := map[string]string{}
	for _, f := range stored {
		before[f.ID] = withdrawnWord(f)
	}
	return slices.ContainsFunc(fresh, func(f ModelFinding) bool { return withdrawnWord(f) != before[f.ID] })
}
