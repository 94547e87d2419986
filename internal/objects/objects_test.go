package objects

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"
)

func TestParseURL(t *testing.T) {
	tests := []struct{ text, want, join string }{
		{"s3://acme-logs/acme/", "s3 acme-logs acme/ ", "s3://acme-logs/acme/k"},
		{"s3://acme-logs/acme-", "s3 acme-logs acme- ", "s3://acme-logs/acme-k"},
		{"s3://acme-logs", "s3 acme-logs  ", "s3://acme-logs/k"},
		{"file:///srv/logs", "file   /srv/logs", "file:///srv/logs/k"},
		{"file:logs/", "file   logs", "file:logs/k"},
		{"file:///srv/my%20logs", "file   /srv/my logs", "file:///srv/my%20logs/k"},
	}
	for _, tt := range tests {
		u, err := ParseURL(tt.text)
		if got := strings.Join([]string{u.Scheme, u.Bucket, u.Prefix, u.Path}, " "); err != nil || got != tt.want {
			t.Errorf("%s is %q (%v), want %q", tt.text, got, err, tt.want)
		}
		if got := u.Join("k"); got != tt.join {
			t.Errorf("%s joined is %q, want %q", tt.text, got, tt.join)
		}
	}
	for _, text := range []string{"", "acme", "https://x", "s3://", "s3://UPPER/x", "s3://key:secret@bucket/x",
		"s3://ab/x", "s3://a..b/x", "file:", "file://host/x", "file:///a%zz"} {
		if _, err := ParseURL(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func fileAt(t *testing.T, dir string) Store {
	t.Helper()
	u, err := ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), u, Access{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keys(t *testing.T, s Store, after string) []string {
	t.Helper()
	var out []string
	for info, err := range s.List(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

// Keys come in the order of their bytes, as S3 lists them: a folder sorts as
// its name with a /.
func TestFileListOrder(t *testing.T) {
	s := fileAt(t, t.TempDir())
	for _, k := range []string{"b", "a/c/d", "a0", "a-b", "Ä", "a.b/c"} {
		if err := s.Put(t.Context(), k, []byte(k), PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range []string{"a0/x", "../escape"} {
		if err := s.Put(t.Context(), k, nil, PutOptions{}); err == nil {
			t.Errorf("%s was written", k)
		}
	}
	want := []string{"a-b", "a.b/c", "a/c/d", "a0", "b", "Ä"}
	if !sort.StringsAreSorted(want) {
		t.Fatal("the wanted order is not that of bytes")
	}
	if got := keys(t, s, ""); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, after := range want {
		if got := keys(t, s, after); strings.Join(got, " ") != strings.Join(want[i+1:], " ") {
			t.Errorf("after %q come %q", after, got)
		}
	}
}

// A link to a folder is a folder; one that leads back up is an error, not a
// listing without end.
// TestFileLinks: a link within the folder is followed; one that leads out is not, in the
// listing or by its name, and is told.
func TestFileLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(elsewhere, "k"), nil, 0o644),
		os.Mkdir(filepath.Join(dir, "in"), 0o755), os.WriteFile(filepath.Join(dir, "in", "k"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "in"), filepath.Join(dir, "linked")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if got := keys(t, fileAt(t, dir), ""); len(got) != 2 || got[1] != "linked/k" {
		t.Errorf("got %q", got)
	}
	last := func() (n int, last error) {
		for info, err := range fileAt(t, dir).List(t.Context(), "") {
			if last = err; err == nil && info.Key != "" {
				n++
			}
		}
		return n, last
	}
	for _, link := range []struct{ to, name, key string }{{elsewhere, "out", "out/k"}, {filepath.Join(elsewhere, "k"), "file", "file"}} {
		if err := os.Symlink(link.to, filepath.Join(dir, link.name)); err != nil {
			t.Fatal(err)
		}
		if n, err := last(); n != 2 || !errors.Is(err, ErrOutside) {
			t.Errorf("%s: %d files, %v", link.name, n, err)
		}
		if _, err := fileAt(t, dir).Open(t.Context(), Info{Key: link.key}); !errors.Is(err, ErrOutside) {
			t.Errorf("%s is read: %v", link.key, err)
		}
		if err := os.Remove(filepath.Join(dir, link.name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "up")); err != nil {
		t.Fatal(err)
	}
	if _, err := last(); err == nil || !strings.Contains(err.Error(), "link to a folder above") {
		t.Errorf("got %v", err)
	}
	faults := 0
	for _, err := range fileAt(t, dir).List(t.Context(), "") {
		if err != nil {
			faults++
		}
	}
	if faults != 1 {
		t.Errorf("the listing goes on behind its error: %d errors", faults)
	}
}

func TestFileWriteOnce(t *testing.T) {
	dir := t.TempDir()
	s := fileAt(t, dir)
	if err := s.Put(t.Context(), "x/y", []byte("one"), PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "x/y", []byte("two"), PutOptions{}); !errors.Is(err, ErrExists) {
		t.Errorf("a second write gave %v", err)
	}
	info, err := s.Stat(t.Context(), "x/y")
	if err != nil || info.Size != 3 {
		t.Fatalf("%+v, %v", info, err)
	}
	r, err := s.Open(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || string(body) != "one" {
		t.Errorf("%q, %v", body, err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "x"))
	if err != nil || len(entries) != 1 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
}

func TestFileChangedAndGone(t *testing.T) {
	dir := t.TempDir()
	s := fileAt(t, dir)
	path := filepath.Join(dir, "k")
	if err := os.WriteFile(path, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("second!"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), info); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if _, err := s.Open(t.Context(), Info{Key: "none"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	for _, err := range fileAt(t, filepath.Join(dir, "missing")).List(t.Context(), "") {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
}

// TestPresign: a link lives as long as was wished, a week at most, and names the file.
func TestPresign(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "")
	u, err := ParseURL("s3://msp-evidence/packets/")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	for wish, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, 90*time.Minute + 500*time.Millisecond: 90 * time.Minute,
		LongestPresign + time.Hour: LongestPresign} {
		p, err := Presign(t.Context(), u, Access{Region: "eu-west-1"}, "acme/2026-10/packet.pdf", "acme packet.pdf",
			"application/pdf", wish, now)
		if err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := link.Query()
		if !p.Ends.Equal(now.Add(want)) || p.Unsure || q.Get("X-Amz-Expires") != fmt.Sprint(int(want.Seconds())) ||
			!strings.HasSuffix(link.Path, "/packets/acme/2026-10/packet.pdf") || q.Get("response-content-type") != "application/pdf" ||
			!strings.Contains(q.Get("response-content-disposition"), "acme packet.pdf") {
			t.Errorf("%s: it ends %s, unsure %t, and is %s", wish, p.Ends, p.Unsure, p.URL)
		}
	}
	folder, err := ParseURL("file:packets/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Presign(t.Context(), folder, Access{}, "k", "n", "t", time.Hour, now); !errors.Is(err, ErrNoPresign) {
		t.Errorf("a folder: %v", err)
	}
}
