package integrity

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/objects"
)

// trail is a bucket in memory.
type trail struct {
	files map[string][]byte
	meta  map[string]map[string]string
	fails map[string]error
}

func (s *trail) List(_ context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, k := range slices.Sorted(maps.Keys(s.files)) {
			if strings.HasPrefix(k, prefix) && k > after && !yield(k, nil) {
				return
			}
		}
	}
}

func (s *trail) Get(_ context.Context, key string) (io.ReadCloser, map[string]string, error) {
	if err := s.fails[key]; err != nil {
		return nil, nil, err
	}
	b, ok := s.files[key]
	if !ok {
		return nil, nil, objects.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), s.meta[key], nil
}

// trails reads testdata/trails.tar.gz: trails of twelve hours by name, each with a
// fault of its own, written and signed by .ci/digests.py, and their public keys.
func trails(t *testing.T) (map[string]*trail, map[string]string) {
	t.Helper()
	return archive(t, "testdata/trails.tar.gz")
}

func archive(t *testing.T, path string) (map[string]*trail, map[string]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out, keys, dir := map[string]*trail{}, map[string]string{}, t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, keys
		}
		if err != nil {
			t.Fatal(err)
		}
		name, path, _ := strings.Cut(strings.TrimPrefix(h.Name, "./"), "/")
		if h.Typeflag != tar.TypeReg {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if out[name] == nil {
			out[name] = &trail{files: map[string][]byte{}}
		}
		switch path {
		case "metadata.json":
			if err := json.Unmarshal(body, &out[name].meta); err != nil {
				t.Fatal(err)
			}
		case "public-keys.json":
			keys[name] = filepath.Join(dir, name+".json")
			if err := os.WriteFile(keys[name], body, 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			if strings.HasSuffix(path, ".gz") {
				out[name].files[path] = body
			}
		}
	}
}

// day are the twelve hours of the trails.
var day = Span{time.Date(2026, 10, 1, 0, 10, 34, 0, time.UTC), time.Date(2026, 10, 1, 12, 10, 34, 0, time.UTC)}

func verified(t *testing.T, s *trail, keys string, period Span) []Chain {
	t.Helper()
	k, err := ReadKeyFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := Verify(t.Context(), []Location{{Store: s, Bucket: "acme-trail"}},
		Options{Period: period, Now: period.To.Add(48 * time.Hour), Keys: k})
	if err != nil {
		t.Fatal(err)
	}
	return chains
}

// say writes what was found out in short: counts, minutes that are not proven, and
// each problem with the hour of the period that it is in.
func say(chains []Chain) string {
	var out []string
	for _, c := range chains {
		s := fmt.Sprintf("%d/%d %d/%d", c.Digests.Valid, c.Digests.All, c.Logs.Valid, c.Logs.All)
		if c.Backfill.All > 0 {
			s += fmt.Sprintf(" +%d/%d", c.Backfill.Valid, c.Backfill.All)
		}
		s += fmt.Sprintf(" -%.0fm", (day.To.Sub(day.From) - c.ProvenTime()).Minutes())
		for _, p := range c.Problems {
			s += fmt.Sprintf(" %s@%.0f", p.Kind, p.From.Sub(day.From).Truncate(time.Hour).Hours())
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestVerify(t *testing.T) {
	all, keys := trails(t)
	want := map[string]string{
		"backfill":           "12/12 18/18 +1/1 -0m",
		"backfill-other-key": "12/12 18/18 +1/1 -0m",
		"bad-previous-hash":  "12/12 17/17 -60m chain-broken@5",
		"bad-signature":      "11/12 15/17 -60m digest-invalid@5",
		"chain-restart":      "11/11 15/15 -60m gap@5",
		"clean":              "12/12 17/17 -0m",
		"key-change":         "12/12 17/17 -0m",
		"late-start":         "11/11 15/15 -60m digest-missing@5",
		"log-in-bad-digest":  "11/12 15/17 -60m digest-invalid@5",
		"missing-digest":     "11/11 15/15 -60m digest-missing@5",
		"missing-first":      "11/11 15/15 -60m digest-missing@0",
		"missing-log":        "12/12 16/17 -60m log-missing@5",
		"missing-newest":     "11/11 17/17 -60m chain-ended@11",
		"moved-digest":       "11/12 15/17 -60m digest-invalid@5",
		"org":                "12/12 17/17 -0m; 12/12 20/20 -47m digest-none@0", // the second account's trail began later
		"org-with-s3-bucket": "12/12 17/17 -0m",
		"prefix":             "12/12 17/17 -0m",
		"restart-two":        "10/10 14/14 -120m gap@5",
		"tampered-digest":    "11/12 15/17 -60m digest-invalid@5",
		"tampered-log":       "12/12 16/17 -60m log-modified@5",
		"trailing-data":      "12/12 16/17 -60m log-modified@5",
		"two-backfills":      "12/12 19/19 +2/2 -0m",
		"two-missing":        "10/10 14/14 -120m digest-missing@5",
		"two-regions":        "12/12 20/20 -41m digest-none@0; 12/12 17/17 -0m",
		"two-regions-other":  "12/12 20/20 -41m digest-none@0; 12/12 17/17 -0m",
		"unlisted-log":       "12/12 17/17 -0m log-unlisted@5",
		"wrong-key":          "11/12 15/17 -60m digest-invalid@5",
	}
	if len(all) != len(want) {
		t.Errorf("%d trails, want %d", len(all), len(want))
	}
	for name, s := range all {
		if got := say(verified(t, s, keys[name], day)); got != want[name] {
			t.Errorf("%s: %s; want %s", name, got, want[name])
		}
	}
}

// TestVerifyPart: a period in the middle is judged by itself, however the trail was
// before and behind it.
func TestVerifyPart(t *testing.T) {
	all, keys := trails(t)
	hour := func(n int) time.Time { return day.From.Add(time.Duration(n) * time.Hour) }
	for _, tt := range []struct {
		name     string
		from, to int
		want     string
	}{
		{"missing-digest", 6, 12, ""}, {"missing-digest", 0, 5, ""}, {"missing-digest", 4, 6, "digest-missing"},
		{"tampered-digest", 6, 10, ""}, {"tampered-digest", 5, 6, "digest-invalid"}, {"tampered-log", 0, 5, ""},
		{"unlisted-log", 7, 12, ""}, {"chain-restart", 6, 12, ""}, {"bad-previous-hash", 6, 12, ""},
	} {
		period := Span{hour(tt.from).Add(10 * time.Minute), hour(tt.to)} // not at the hour of the digests
		got := verified(t, all[tt.name], keys[tt.name], period)
		kinds := ""
		for _, p := range got[0].Problems {
			kinds += p.Kind
		}
		if whole := got[0].ProvenTime() == period.To.Sub(period.From); len(got) != 1 || kinds != tt.want || whole != (tt.want == "") {
			t.Errorf("%s, hours %d to %d: %q, %s proven; want %q", tt.name, tt.from, tt.to, kinds, got[0].ProvenTime(), tt.want)
		}
	}
}

// TestVerifyAtTheEdge: a log file that no digest names is found in the first minutes of a
// period, too, and a digest that is missing is named itself.
func TestVerifyAtTheEdge(t *testing.T) {
	all, keys := trails(t)
	whole := verified(t, all["unlisted-log"], keys["unlisted-log"], day)[0].Problems[0]
	for _, before := range []time.Duration{0, time.Minute, 20 * time.Minute} {
		got := verified(t, all["unlisted-log"], keys["unlisted-log"], Span{whole.From.Add(-before), day.To})[0].Problems
		if len(got) != 1 || got[0].Key != whole.Key {
			t.Errorf("%s before: %v", before, got)
		}
	}
	s := all["missing-digest"]
	gone := verified(t, s, keys["missing-digest"], day)[0].Problems[0]
	if _, there := s.files[gone.Key]; there || !strings.Contains(gone.Key, "CloudTrail-Digest") {
		t.Errorf("missing is said to be %s", gone.Key)
	}
}

type noKeys struct{}

func (noKeys) Key(context.Context, string, string, time.Time) (Key, error) {
	return Key{}, errors.New("no answer")
}

// TestVerifyUnknown: what can't be read is not known; it is neither proven nor a
// sign of tampering.
func TestVerifyUnknown(t *testing.T) {
	all, keys := trails(t)
	s := all["clean"]
	digests := slices.DeleteFunc(slices.Sorted(maps.Keys(s.files)), func(k string) bool { return !strings.Contains(k, "-Digest") })
	s.fails = map[string]error{digests[3]: objects.ErrDenied}
	if got := say(verified(t, s, keys["clean"], day)); !strings.Contains(got, "11/12") || !strings.HasSuffix(got, "-60m unread@3") {
		t.Errorf("a digest that may not be read: %s", got)
	}
	s.fails = nil
	other, err := Verify(t.Context(), []Location{{Store: s, Bucket: "acme-trail"}}, Options{Period: day, Now: day.To, Keys: noKeys{}})
	if err != nil || len(other) != 1 {
		t.Fatal(other, err)
	}
	for _, c := range other {
		if len(c.Problems) != 12 || c.ProvenTime() != 0 || c.Problems[0].Kind != Unread || c.Problems[0].Tampering() {
			t.Errorf("without the key: %s", say(other))
		}
	}
	if got := say(verified(t, &trail{}, keys["clean"], day)); got != "" {
		t.Errorf("an empty bucket: %s", got)
	}
	for i, body := range [][]byte{nil, []byte("rubbish"), s.files[digests[4]][:200], s.files[digests[5]]} {
		was := s.files[digests[4]]
		s.files[digests[4]] = body
		if got := say(verified(t, s, keys["clean"], day)); !strings.HasSuffix(got, "-60m digest-invalid@4") {
			t.Errorf("rubbish %d in the place of a digest: %s", i, got)
		}
		s.files[digests[4]] = was
	}
	// What lies beside the trail's own folders is passed by.
	for _, k := range []string{"AWSLogs/111122223333/Config/us-east-1/2026/10/1/x.gz", "a/b/c",
		"AWSLogs/111122223333/elasticloadbalancing/x", "z", "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/10/01/readme"} {
		s.files[k] = []byte("x")
	}
	if got := say(verified(t, s, keys["clean"], day)); got != "12/12 17/17 -0m" {
		t.Errorf("among other objects: %s", got)
	}
	chains, err := Verify(t.Context(), []Location{{Store: s, Bucket: "acme-trail"}},
		Options{Accounts: []string{"999999999999"}, Period: day, Now: day.To})
	if err != nil || len(chains) != 0 {
		t.Errorf("the trail of an account that is not asked for: %v, %v", chains, err)
	}
}

// FuzzNames: whatever lies in a place, a name is read as that of a digest or not at all,
// and in the same way in listings and in what another digest says.
func FuzzNames(f *testing.F) {
	f.Add("x/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/us-east-1/2026/10/01/111122223333_CloudTrail-Digest_us-east-1_a_b_us-east-1_20261001T011034Z.json.gz")
	f.Add("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/10/01/111122223333_CloudTrail-Digest_us-east-1_a_us-east-1_20261301T011034Z_backfill.json.gz")
	f.Fuzz(func(t *testing.T, key string) {
		name, at, ok := nameOf(key)
		if !ok {
			return
		}
		m := accountFolder.FindStringSubmatch(key)
		d, ok := folder{base: m[1], account: m[2], region: name[1]}.digestOf(key)
		if !ok {
			return // the name is of another account than the folder
		}
		if d.name() != name || !d.at.Equal(at) {
			t.Errorf("%q: %v at %s, listed as %v at %s", key, name, at, d.name(), d.at)
		}
	})
}

// TestLateDigest: a digest that may still come is not missed, and one that is later than
// CloudTrail ever is ends the chain.
func TestLateDigest(t *testing.T) {
	all, keys := trails(t)
	k, err := ReadKeyFile(keys["missing-newest"])
	if err != nil {
		t.Fatal(err)
	}
	for late, want := range map[time.Duration]int{time.Hour: 0, Slack - time.Minute: 0, Slack: 0, Slack + time.Minute: 1,
		10 * time.Hour: 1} {
		chains, err := Verify(t.Context(), []Location{{Store: all["missing-newest"], Bucket: "acme-trail"}},
			Options{Period: day, Now: day.To.Add(-time.Hour).Add(late), Keys: k})
		if err != nil || len(chains) != 1 {
			t.Fatalf("%d chains, %v", len(chains), err)
		}
		if n := len(chains[0].Problems); n != want {
			t.Errorf("%s behind the last digest: %+v, want %d problems", late, chains[0].Problems, want)
		}
	}
	if Slack != 3*time.Hour {
		t.Errorf("a digest may be %s late; decision 0026 says three hours", Slack)
	}
}
