package conventions

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are those that are kept true; decisions and the changelog tell of their time.
func documents(t *testing.T) map[string]string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(list) == 0 {
		t.Fatal("there is no document", err)
	}
	out := map[string]string{}
	for _, path := range append(list, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		out[strings.TrimPrefix(path, root+"/")] = readFile(t, path)
	}
	return out
}

var (
	block    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	quoted   = regexp.MustCompile("`([a-zA-Z0-9_./-]+)`")
	link     = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	pattern  = regexp.MustCompile(`/[A-Z]+[.]`) // templates/checks/NAME.sql
	notWords = regexp.MustCompile(`[^a-z0-9 -]`)
)

// anchors are the names of a document's headings, as GitHub makes them.
func anchors(text string) (out []string) {
	for _, m := range heading.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
		out = append(out, "#"+strings.ReplaceAll(notWords.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

// TestLinks: each link between documents leads to a file and a heading that are there.
func TestLinks(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to := filepath.Join(root, filepath.Dir(name), m[1])
			if m[1] == "" {
				to = filepath.Join(root, name)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if m[2] != "" && !slices.Contains(anchors(readFile(t, to)), m[2]) {
				t.Errorf("%s links to %s%s, a heading that is not there", name, m[1], m[2])
			}
		}
	}
}

// TestPaths: what a document names as a file or folder of the repository is there.
func TestPaths(t *testing.T) {
	top := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			top = append(top, e.Name())
		}
	}
	for name, text := range documents(t) {
		for _, m := range quoted.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			first, _, _ := strings.Cut(m[1], "/")
			if !slices.Contains(top, first) || pattern.MatchString(m[1]) {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
}

// TestIndexes: docs/README.md lists every document, and docs/CHECKS.md every check.
func TestIndexes(t *testing.T) {
	all := documents(t)
	for name := range all {
		if base := filepath.Base(name); strings.HasPrefix(name, "docs/") && base != "README.md" &&
			!strings.Contains(all["docs/README.md"], "]("+base+")") {
			t.Errorf("docs/README.md does not list %s", base)
		}
	}
	checks, err := fs.Glob(os.DirFS(filepath.Join(root, "templates", "checks")), "*.sql")
	if err != nil || len(checks) == 0 {
		t.Fatal("there is no check", err)
	}
	for _, file := range checks {
		if check := strings.TrimSuffix(file, ".sql"); !strings.Contains(all["docs/CHECKS.md"], "`"+check+"`") {
			t.Errorf("docs/CHECKS.md does not list %s", check)
		}
	}
}

// TestPackages: docs/ARCHITECTURE.md names every package.
func TestPackages(t *testing.T) {
	architecture := documents(t)["docs/ARCHITECTURE.md"]
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if name := strings.TrimPrefix(path, root+"/"); err == nil && len(files) > 0 && !strings.Contains(architecture, "`"+name+"`") {
			t.Errorf("docs/ARCHITECTURE.md does not name %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
