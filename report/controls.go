package report

import (
	"fmt"

	"github.com/BurntSushi/toml"

	"bucketproof/templates"
)

// Control is what the packet says of one control of a standard.
type Control struct {
	Framework string                  `toml:"framework"`
	ID        string                  `toml:"id"`
	Sections  []string                `toml:"sections"` // ids of the sections that support it
	Source    string                  `toml:"source"`   // where its wording was checked
	Words     map[string]ControlWords `toml:"words"`    // by language
}

// ControlWords are those of one language.
type ControlWords struct {
	About    string `toml:"about"`
	Supports string `toml:"supports"`
	Limits   string `toml:"limits"`
}

// controls reads the mapping.
func controls() ([]Control, error) {
	const file = "text/controls.toml"
	body, err := templates.Text.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all struct {
		Control []Control `toml:"control"`
	}
	if err := toml.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all.Control, nil
}

// supportedBy names the controls that a section supports, for the line below its
// title.
func supportedBy(all []Control, section string) []string {
	var out []string
	last := ""
	for _, c := range all {
		for _, s := range c.Sections {
			if s != section {
				continue
			}
			name := c.ID
			if c.Framework != last {
				name = c.Framework + " " + c.ID
			}
			last = c.Framework
			out = append(out, name)
		}
	}
	return out
}
