package objects

import (
	"bucketproof/internal/durable"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// partial is the name pattern of a file that is being written; a listing
// leaves such files out.
const partial = ".bucketproof-*.partial"

// deepest is how deep folders may nest. S3's own log prefixes nest seven deep.
const deepest = 32

type fileStore struct{ url URL }

func (s *fileStore) path(key string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(key)) {
		return "", fmt.Errorf("%s: the key leaves the folder", s.url.Join(key))
	}
	return filepath.Join(s.url.Path, filepath.FromSlash(key)), nil
}

func (s *fileStore) List(ctx context.Context, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		info, err := os.Stat(s.url.Path)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a folder", s.url.Path)
		}
		if err != nil {
			yield(Info{}, fmt.Errorf("list %s: %w; create the folder or correct the URL", s.url.Text, fileError(err)))
			return
		}
		// A folder that can't be read does not hide what comes behind it.
		var unread []error
		if s.walk(ctx, "", after, &unread, yield) && len(unread) > 0 {
			yield(Info{}, errors.Join(unread...))
		}
	}
}

// walk yields the files below the folder rel in the order of their keys: a
// folder sorts as its name with a /, which is not how the names sort alone.
func (s *fileStore) walk(ctx context.Context, rel, after string, unread *[]error, yield func(Info, error) bool) bool {
	if strings.Count(rel, "/") > deepest {
		yield(Info{},
			fmt.Errorf("list %s: folders nest more than %d deep; is one of them a link to a folder above it?", s.url.Join(rel), deepest))
		return false
	}
	entries, err := os.ReadDir(filepath.Join(s.url.Path, filepath.FromSlash(rel)))
	if err != nil {
		*unread = append(*unread, fmt.Errorf("list %s: %w", s.url.Join(rel), fileError(err)))
		return true
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
		if e.Type() == fs.ModeSymlink && rel+e.Name() > after {
			if err := s.inside(filepath.Join(s.url.Path, filepath.FromSlash(rel), e.Name())); err != nil &&
				!errors.Is(err, fs.ErrNotExist) {
				*unread = append(*unread, fmt.Errorf("list %s: %w", s.url.Join(rel+e.Name()), err))
				names[i] = ""
				continue
			}
		}
		if e.IsDir() || e.Type() == fs.ModeSymlink && isDir(filepath.Join(s.url.Path, filepath.FromSlash(rel), e.Name())) {
			names[i] += "/"
		}
	}
	sort.Strings(names)
	for _, name := range names {
		if name == "" { // a link that leads out
			continue
		}
		if err := ctx.Err(); err != nil {
			yield(Info{}, fmt.Errorf("list %s: %w", s.url.Text, err))
			return false
		}
		key := rel + name
		if strings.HasSuffix(name, "/") {
			if key > after || strings.HasPrefix(after, key) {
				if !s.walk(ctx, key, after, unread, yield) {
					return false
				}
			}
			continue
		}
		if match, _ := filepath.Match(partial, name); key <= after || match {
			continue
		}
		info, err := s.Stat(ctx, key)
		if errors.Is(err, ErrNotFound) { // removed while listing, or a dangling link
			continue
		}
		if err == nil && info.ETag == "" { // a link to a folder, a socket or the like
			continue
		}
		if !yield(info, err) || err != nil {
			return false
		}
	}
	return true
}

// ErrOutside means that a link leads out of the folder.
var ErrOutside = errors.New("a link leads out of the folder; whoever may write there could have any file read so; " +
	"name the folder that it leads to in the configuration")

// inside tells whether a file lies in the folder when links are followed.
func (s *fileStore) inside(path string) error {
	base, err := filepath.EvalSymlinks(s.url.Path)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(base, real); err != nil || !filepath.IsLocal(rel) {
		return ErrOutside
	}
	return nil
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func (s *fileStore) Open(_ context.Context, info Info) (*Content, error) {
	path, err := s.path(info.Key)
	if err != nil {
		return nil, err
	}
	if err := s.inside(path); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.url.Join(info.Key), fileError(err))
	}
	// To open a pipe would wait for its other end, and a device may never end.
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is no file", s.url.Join(info.Key))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.url.Join(info.Key), fileError(err))
	}
	st, err := f.Stat()
	if err == nil && info.ETag != "" && fileETag(st) != info.ETag {
		err = ErrChanged
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", s.url.Join(info.Key), err), f.Close())
	}
	return &Content{ReadCloser: &fileReader{File: f, name: s.url.Join(info.Key), etag: info.ETag}}, nil
}

// fileReader tells at the end of a file whether it was written to meanwhile.
type fileReader struct {
	*os.File
	name, etag string
}

func (r *fileReader) Read(p []byte) (int, error) {
	n, err := r.File.Read(p)
	if err == io.EOF && r.etag != "" {
		st, serr := r.Stat()
		if serr != nil {
			return n, serr
		}
		if fileETag(st) != r.etag {
			return n, fmt.Errorf("read %s: %w", r.name, ErrChanged)
		}
	}
	return n, err
}

func (s *fileStore) Stat(_ context.Context, key string) (Info, error) {
	path, err := s.path(key)
	if err != nil {
		return Info{}, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return Info{}, fmt.Errorf("stat %s: %w", s.url.Join(key), fileError(err))
	}
	info := Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()}
	if st.Mode().IsRegular() {
		info.ETag = fileETag(st)
	}
	return info, nil
}

// fileETag stands for the content of a file as an ETag does for an object: it
// changes whenever the file is written.
func fileETag(st fs.FileInfo) string {
	return strconv.FormatInt(st.ModTime().UnixNano(), 16) + "-" + strconv.FormatInt(st.Size(), 16)
}

// Put writes a temporary file, syncs it and links it to its name. The link fails if the
// name is taken, so two writers can't overwrite each other, and a crash leaves no partial
// file under the name.
func (s *fileStore) Put(ctx context.Context, key string, body []byte, _ PutOptions) error {
	path, err := s.path(key)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o750)
	}
	if err == nil {
		err = writeOnce(path, body)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", s.url.Join(key), fileError(err))
	}
	return nil
}

// writeNamed is writeOnce by a temporary file that has a name, which stays
// where the process is killed.
func writeNamed(path string, body []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, partial)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err := errors.Join(fill(f, body), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

func fill(f *os.File, body []byte) error {
	_, err := f.Write(body)
	if err == nil {
		err = f.Chmod(0o640)
	}
	if err == nil {
		err = f.Sync()
	}
	return err
}

func (s *fileStore) Locks(context.Context) (bool, error) { return false, nil }

// fileError adds the sentinel that callers decide on.
func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %w", ErrExists, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}
