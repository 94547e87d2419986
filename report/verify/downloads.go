package verify

import (
	"context"
	"encoding/json"
	"iter"
	"path/filepath"
	"strings"

	"bucketproof/internal/objects"
	"bucketproof/report"
)

// downloads is a folder where a person saved files of a packet under the names that
// the download page and presigned links give them: TENANT-PACKET-PATH, with "-" for
// each "/". Other files there do not belong to the packet.
type downloads struct {
	objects.Store
	prefix string            // TENANT-PACKET-
	paths  map[string]string // of the packet, by the name in the folder
}

// Downloads opens such a folder by the name of its manifest, such as
// acme-2026-10-manifest.json.
func Downloads(ctx context.Context, store objects.Store, manifest string) (objects.Store, error) {
	d := downloads{store, strings.TrimSuffix(manifest, report.ManifestName), map[string]string{}}
	body, err := read(ctx, store, manifest, maxManifest)
	if err != nil {
		return nil, err
	}
	paths := []string{report.ManifestName}
	m := &report.Manifest{}
	if json.Unmarshal(body, m) == nil { // [Folder] says what is wrong with it otherwise
		for _, f := range m.Files {
			paths = append(paths, f.Path)
		}
		if m.Signature != nil {
			paths = append(paths, m.Signature.File)
		}
	}
	for _, p := range paths {
		d.paths[d.name(p)] = p
	}
	return d, nil
}

// SavedManifest tells whether a file is named as a saved manifest is.
func SavedManifest(name string) bool {
	return strings.HasSuffix(name, "-"+report.ManifestName)
}

// SavedBeside is the path of the manifest that belongs to a PDF with the name that a
// download has; "" where it has another name.
func SavedBeside(pdf string) string {
	dir, name := filepath.Split(pdf)
	prefix, ok := strings.CutSuffix(name, "-"+report.PDFName)
	if !ok {
		return ""
	}
	return filepath.Join(dir, prefix+"-"+report.ManifestName)
}

func (d downloads) name(path string) string { return d.prefix + strings.ReplaceAll(path, "/", "-") }

func (d downloads) List(ctx context.Context, after string) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		for info, err := range d.Store.List(ctx, "") {
			if path, ok := d.paths[info.Key]; ok {
				info.Key = path
			} else if err == nil {
				continue
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

func (d downloads) Open(ctx context.Context, info objects.Info) (*objects.Content, error) {
	info.Key = d.name(info.Key)
	return d.Store.Open(ctx, info)
}

func (d downloads) Stat(ctx context.Context, key string) (objects.Info, error) {
	return d.Store.Stat(ctx, d.name(key))
}
