package oracle

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bucketproof/internal/config"
)

// Evidence is what lies in the folders that a configuration names.
type Evidence struct {
	Config *config.Config
	// Objects are the log objects of each location, in the order of their names.
	Objects map[string][]LogObject
	// Records are those of each bucket, each once, by time.
	Records map[string][]Record
	// Duplicates counts the records of a bucket that came again.
	Duplicates map[string]int
	Events     map[string][]Event   // of each trail
	Reports    map[string][]Session // of each folder of reports
	Unreadable map[string][]string  // reports that can't be read, by folder
	Changed    map[string]bool      // log objects whose content is another one since, by URL
}

// Read reads everything that the configuration names. Locations are folders.
func Read(path string) (*Evidence, error) {
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	e := &Evidence{Config: c, Objects: map[string][]LogObject{}, Records: map[string][]Record{}, Duplicates: map[string]int{},
		Events: map[string][]Event{}, Reports: map[string][]Session{}, Unreadable: map[string][]string{}, Changed: map[string]bool{}}
	for _, t := range c.Tenants {
		for _, b := range t.Buckets {
			if err := e.readLogs(b.Logs.Text); err != nil {
				return nil, err
			}
		}
		if err := e.readTrail(t); err != nil {
			return nil, err
		}
		if err := e.readReports(t); err != nil {
			return nil, err
		}
	}
	for bucket := range e.Records {
		e.Records[bucket] = e.once(bucket)
	}
	return e, nil
}

func folder(location string) (string, error) {
	dir, ok := strings.CutPrefix(location, "file://")
	if !ok {
		return "", fmt.Errorf("read %s: the oracle reads folders alone; write file:///…", location)
	}
	return dir, nil
}

// files reads all files below a location, in the order of their names.
func files(location string, visit func(name string, body []byte) error) error {
	dir, err := folder(location)
	if err != nil {
		return err
	}
	var names []string
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if err := visit(filepath.ToSlash(rel), body); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evidence) readLogs(location string) error {
	if _, done := e.Objects[location]; done {
		return nil
	}
	e.Objects[location] = []LogObject{}
	return files(location, func(name string, body []byte) error {
		o, ok := parseObject(name, body)
		if !ok {
			return nil
		}
		e.Objects[location] = append(e.Objects[location], o)
		for _, r := range o.Records {
			e.Records[r.Bucket] = append(e.Records[r.Bucket], r)
		}
		return nil
	})
}

// once leaves out what S3 delivered again: within a bucket and a UTC date a record is
// its request ID, operation, key and version. The first delivery stays.
func (e *Evidence) once(bucket string) []Record {
	seen := map[string]bool{}
	var out []Record
	for _, r := range e.Records[bucket] {
		id := strings.Join([]string{r.Time.Format("2006-01-02"), r.RequestID, r.Operation, r.Key, r.Version}, "\n")
		if r.RequestID == "" {
			id += strings.Join([]string{r.Time.String(), r.Requester, r.URI, r.Agent}, "\n")
		}
		if seen[id] {
			e.Duplicates[bucket]++
			continue
		}
		seen[id] = true
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Record) int { return a.Time.Compare(b.Time) })
	return out
}
