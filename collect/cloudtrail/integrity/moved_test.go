package integrity

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// moved reads testdata/moved.tar.gz: trails of twelve hours that were given another
// place or name before the seventh, by bucket, and their public keys.
func moved(t *testing.T) (map[string]*trail, map[string]string) {
	t.Helper()
	return archive(t, "testdata/moved.tar.gz")
}

// at makes the locations of a trail that is laid out by bucket. The words are buckets, or
// prefixes in them. A word behind "folder:" is a folder with copies of the buckets that
// it names, with a + between, each in a folder NAME where it is written as NAME=BUCKET.
func (s *trail) at(words string) (out []Location) {
	part := func(bucket, root string, to *trail) {
		for key, body := range s.files {
			if of, key, _ := strings.Cut(key, "/"); of == bucket {
				to.files[root+key], to.meta[root+key] = body, s.meta[bucket+"/"+key]
			}
		}
	}
	for _, word := range strings.Fields(words) {
		to := &trail{files: map[string][]byte{}, meta: map[string]map[string]string{}}
		if names, ok := strings.CutPrefix(word, "folder:"); ok {
			for _, name := range strings.Split(names, "+") {
				if root, bucket, ok := strings.Cut(name, "="); ok {
					part(bucket, root+"/", to)
				} else {
					part(name, "", to)
				}
			}
			out = append(out, Location{Store: to})
			continue
		}
		bucket, prefix, _ := strings.Cut(word, "/")
		part(bucket, "", to)
		out = append(out, Location{Store: to, Bucket: bucket, Prefix: prefix})
	}
	return out
}

func verifiedAt(t *testing.T, locations []Location, keys string, period Span) []Chain {
	t.Helper()
	k, err := ReadKeyFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := Verify(t.Context(), locations, Options{Period: period, Now: day.To.Add(48 * time.Hour), Keys: k})
	if err != nil {
		t.Fatal(err)
	}
	return chains
}

// toldOf writes of each chain its trail, its digests, the minutes that it proves and
// those that it has to prove, and its problems with the hours from and to which they
// last.
func toldOf(chains []Chain) string {
	var out []string
	hour := func(at time.Time) float64 { return at.Sub(day.From).Truncate(time.Hour).Hours() }
	for _, c := range chains {
		s := fmt.Sprintf("%s %d/%d %.0f of %.0fm", c.Trail, c.Digests.Valid, c.Digests.All, c.ProvenTime().Minutes(), c.Whole().Minutes())
		for _, p := range c.Problems {
			s += fmt.Sprintf(" %s@%.0f-%.0f", p.Kind, hour(p.From), hour(p.To))
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// TestVerifyMoved: a trail keeps its chain through other buckets, prefixes, names and
// Regions, and one that was made anew takes the place of another; holes are holes wherever
// they are, and what lies in a place that is not configured is not known.
func TestVerifyMoved(t *testing.T) {
	const (
		whole  = "management 12/12 720 of 720m"
		two    = "management 6/6 360 of 360m"
		one    = "acme-trail"
		both   = "acme-trail acme-trail-2"
		copies = "folder:acme-trail+acme-trail-2"
	)
	all, keys := moved(t)
	for _, tt := range []struct{ trail, at, want string }{
		{"clean", one, whole},
		{"clean", "folder:acme-trail", whole},
		{"clean", "folder:a=acme-trail", whole},
		{"clean", one + " folder:acme-trail", whole}, // a second copy says nothing else
		{"clean", "folder:acme-trail+copy=acme-trail", whole},

		{"prefix", one, whole},
		{"prefix", "folder:acme-trail", whole},
		{"prefix", "acme-trail/new/ acme-trail/AWSLogs/111122223333/", whole},
		{"prefix", "acme-trail/new/", "management 6/6 360 of 720m elsewhere@0-6"},
		{"prefix-old-logs", one, whole},
		{"prefix-last-missing", one, "management 11/11 660 of 720m digest-missing@5-6"},
		{"prefix-first-missing", one, "management 11/11 660 of 720m digest-missing@6-7"},
		{"prefix-both-missing", one, "management 10/10 600 of 720m digest-missing@5-7"},
		{"prefix-both-missing", "folder:acme-trail", "management 10/10 600 of 720m digest-missing@5-7"},
		{"prefix-bad-first", one, "management 6/6 360 of 360m; management 5/6 300 of 360m digest-invalid@6-7"},
		{"prefix-bad-previous-hash", one, "management 12/12 660 of 720m chain-broken@6-7"},
		{"prefix-log-missing", one, "management 12/12 660 of 720m log-missing@6-7"},
		{"prefix-log-planted", one, "management 12/12 720 of 720m log-unlisted@6-6"},
		{"there-and-back", one, whole},
		{"there-and-back", "acme-trail/AWSLogs/111122223333/", "management 8/8 480 of 720m elsewhere@4-8"},
		{"there-and-back", "acme-trail/new/", "management 4/4 240 of 720m elsewhere@0-4 chain-ended@8-12"},

		{"bucket", both, whole},
		{"bucket", "acme-trail-2 acme-trail", whole},
		{"bucket", copies, whole},
		{"bucket", "folder:old=acme-trail+new=acme-trail-2", whole},
		{"bucket", "folder:acme-trail folder:acme-trail-2", whole},
		{"bucket", "acme-trail-2 folder:acme-trail", whole},
		{"bucket", "acme-trail-2", "management 6/6 360 of 720m elsewhere@0-6"},
		{"bucket", "folder:acme-trail-2", "management 6/6 360 of 720m elsewhere@0-6"},
		{"bucket", one, "management 6/6 360 of 720m chain-ended@6-12"}, // nothing there tells where it went
		{"bucket-old-logs", both, whole},
		{"bucket-old-logs", "folder:old=acme-trail+new=acme-trail-2", whole},
		{"bucket-old-logs", "acme-trail-2", "management 6/6 300 of 720m elsewhere@0-6 elsewhere@6-7"},
		{"bucket-last-missing", both, "management 11/11 660 of 720m digest-missing@5-6"},
		{"bucket-last-missing", copies, "management 11/11 660 of 720m digest-missing@5-6"},
		{"bucket-two-missing", copies, "management 10/10 600 of 720m digest-missing@8-10"},
		{"bucket-two-missing", "acme-trail-2", "management 4/4 240 of 720m elsewhere@0-6 digest-missing@8-10"},

		{"name", one, "audit 12/12 720 of 720m"},
		{"name-new", one, "audit 6/6 360 of 360m; " + two},
		{"name-new-later", one, "audit 6/6 340 of 360m digest-none@6-6; management 6/6 360 of 380m"},
		{"name-new-last-missing", one, "audit 6/6 360 of 420m digest-none@5-6; management 5/5 300 of 360m"},
		{"new-chain", one, whole},
		{"home", one, whole},
		{"home-new", one, two + "; " + two},
		{"region", one, whole},
		{"region-new", one, two + "; " + two},
		{"organization", one, whole},
		{"organization", "acme-trail/AWSLogs/o-exampleorg1/", "management 6/6 360 of 720m elsewhere@0-6"},
		{"organization-new", one, two + "; org 6/6 360 of 360m"},
		{"everything", both, "org 12/12 720 of 720m"},
		{"everything", copies, "org 12/12 720 of 720m"},
		{"new-place-new-chain", both, "audit 6/6 360 of 360m; " + two},
		{"new-place-new-chain", "acme-trail-2", "audit 6/6 360 of 720m digest-none@0-6"},

		{"start-missing", one, "management 9/9 540 of 720m digest-missing@0-3"},
		{"two-missing", one, "management 10/10 600 of 720m digest-missing@5-7"},
		{"newest-missing", one, "management 11/11 660 of 720m chain-ended@11-12"},
	} {
		if got := toldOf(verifiedAt(t, all[tt.trail].at(tt.at), keys[tt.trail], day)); got != tt.want {
			t.Errorf("%s at %s: %s; want %s", tt.trail, tt.at, got, tt.want)
		}
	}
}

// TestVerifyMovedPart: days before and behind a move are judged alike when they are asked
// for by themselves, as the daily check does.
func TestVerifyMovedPart(t *testing.T) {
	all, keys := moved(t)
	hour := func(n int) time.Time { return day.From.Add(time.Duration(n) * time.Hour) }
	for _, tt := range []struct {
		trail, at string
		from, to  int
		want      string
	}{
		{"bucket", "acme-trail-2", 0, 3, "management 0/0 0 of 180m elsewhere@0-6"},
		{"bucket", "acme-trail-2", -72, -48, "management 0/0 0 of 1440m elsewhere@-72--48"},
		{"bucket", "folder:acme-trail-2", -72, -48, "management 0/0 0 of 1440m elsewhere@-72--48"},
		{"bucket", "acme-trail-2", 7, 9, "management 2/2 120 of 120m"},
		{"bucket", "acme-trail acme-trail-2", 5, 7, "management 2/2 120 of 120m"},
		{"name-new", "acme-trail", 7, 9, "audit 2/2 120 of 120m"},
		{"name-new", "acme-trail", 3, 5, "management 2/2 120 of 120m"},
		{"prefix-both-missing", "acme-trail", 7, 9, "management 2/2 120 of 120m"},
		{"prefix-both-missing", "acme-trail", 5, 6, "management 0/0 0 of 60m digest-missing@5-7"},
		{"clean", "acme-trail", -72, -48, ""},         // no digest was made then
		{"start-missing", "acme-trail", -72, -48, ""}, // they may have been removed by age
	} {
		if got := toldOf(verifiedAt(t, all[tt.trail].at(tt.at), keys[tt.trail], Span{hour(tt.from), hour(tt.to)})); got != tt.want {
			t.Errorf("%s at %s, hours %d to %d: %s; want %s", tt.trail, tt.at, tt.from, tt.to, got, tt.want)
		}
	}
}

// TestVerifyElsewhere: what is not known says where it lies, and is no tampering.
func TestVerifyElsewhere(t *testing.T) {
	all, keys := moved(t)
	for trail, want := range map[string]string{
		"bucket":     "up to 2026-10-01T06:10:34Z the trail delivered to s3://acme-trail/AWSLogs/111122223333/, which is not configured",
		"everything": "up to 2026-10-01T06:10:34Z the trail delivered to s3://acme-trail/AWSLogs/111122223333/, which is not configured",
	} {
		p := verifiedAt(t, all[trail].at("acme-trail-2"), keys[trail], day)[0].Problems[0]
		known := p.Kind != Elsewhere || p.Tampering() || !p.Unknown()
		if known || !strings.HasPrefix(p.Text, want) || !strings.Contains(p.Text, "tenant.cloudtrail") {
			t.Errorf("%s: %+v", trail, p)
		}
	}
}

// TestVerifyHeldBefore: in a folder with a copy, a bucket of which two days are gone is
// still one that the folder holds.
func TestVerifyHeldBefore(t *testing.T) {
	all, keys := moved(t)
	places := all["bucket"].at("folder:acme-trail+acme-trail-2")
	store := places[0].Store.(*trail)
	digests := slices.DeleteFunc(slices.Sorted(maps.Keys(store.files)), func(k string) bool { return !strings.Contains(k, "-Digest") })
	for _, k := range digests[1:6] {
		delete(store.files, k)
	}
	period := Span{day.From.Add(26 * time.Hour), day.From.Add(30 * time.Hour)} // the window has none of the old bucket
	if got := toldOf(verifiedAt(t, places, keys["bucket"], period)); got != "management 0/0 0 of 240m chain-ended@26-30" {
		t.Error(got)
	}
	period = Span{day.From.Add(time.Hour), day.To}
	for _, k := range digests[:1] {
		delete(store.files, k)
	}
	if got := toldOf(verifiedAt(t, places, keys["bucket"], period)); got != "management 6/6 360 of 660m elsewhere@1-6" {
		t.Error(got)
	}
}

// besideOf puts a trail beside another one, in the same folders.
func besideOf(t *testing.T) (*trail, string) {
	t.Helper()
	all, keys := moved(t)
	out := all["clean"]
	maps.Copy(out.files, all["beside"].files)
	maps.Copy(out.meta, all["beside"].meta)
	var list struct{ PublicKeyList []json.RawMessage }
	for _, name := range []string{"clean", "beside"} {
		body, err := os.ReadFile(keys[name])
		if err != nil {
			t.Fatal(err)
		}
		var part struct{ PublicKeyList []json.RawMessage }
		if err := json.Unmarshal(body, &part); err != nil {
			t.Fatal(err)
		}
		list.PublicKeyList = append(list.PublicKeyList, part.PublicKeyList...)
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return out, path
}

// TestVerifyBeside: of two trails in one folder each has its own chain. Where one ends the
// other proves the hours; a hole in one stays a hole, and log files of a time whose
// digests are gone are named by nobody.
func TestVerifyBeside(t *testing.T) {
	s, keys := besideOf(t)
	const other = "audit 12/12 720 of 720m"
	remove := func(from, to int, logs bool) func() {
		gone := map[string][]byte{}
		for i, k := range digestsOf(s, "_management_") {
			if i >= from && i < to {
				gone[k] = s.files[k]
				if logs {
					for _, l := range namedBy(t, s.files[k]) {
						gone["acme-trail/"+l] = s.files["acme-trail/"+l]
					}
				}
			}
		}
		for k := range gone {
			delete(s.files, k)
		}
		return func() { maps.Copy(s.files, gone) }
	}
	for _, tt := range []struct {
		name     string
		from, to int
		logs     bool
		want     string
	}{
		{"both whole", 0, 0, false, other + "; management 12/12 720 of 720m"},
		{"one has ended", 8, 12, true, other + "; management 8/8 480 of 480m"},
		{"one is gone", 0, 12, true, other},
		{"a hole", 5, 7, true, other + "; management 10/10 600 of 720m digest-missing@5-7"},
		{"the beginning is gone", 0, 3, true, other + "; management 9/9 540 of 720m digest-missing@0-3"},
	} {
		back := remove(tt.from, tt.to, tt.logs)
		if got := toldOf(verifiedAt(t, s.at("acme-trail"), keys, day)); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
		back()
	}
	defer remove(8, 12, false)()
	if got := toldOf(verifiedAt(t, s.at("acme-trail"), keys, day)); !strings.Contains(got, "log-unlisted@") {
		t.Errorf("the newest digests of one were removed and its log files were not: %s", got)
	}
}

func digestsOf(s *trail, part string) []string {
	other := func(k string) bool { return !strings.Contains(k, "-Digest") || !strings.Contains(k, part) }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.files)), other)
}

// namedBy are the log files that a digest names.
func namedBy(t *testing.T, packed []byte) (out []string) {
	t.Helper()
	var b strings.Builder
	if err := unpack(&b, strings.NewReader(string(packed)), maxDigest); err != nil {
		t.Fatal(err)
	}
	var d digestJSON
	if err := json.Unmarshal([]byte(b.String()), &d); err != nil {
		t.Fatal(err)
	}
	for _, l := range d.Logs {
		out = append(out, l.Object)
	}
	return out
}

// TestVerifyBare: log files in a Region or folder without any digest are not passed over
// because another Region has its digests.
func TestVerifyBare(t *testing.T) {
	all, keys := moved(t)
	s := all["clean"]
	body := s.files[slices.Sorted(maps.Keys(s.files))[0]]
	plant := func(base, region string) {
		name := "111122223333_CloudTrail_" + region + "_20261001T0530Z_AAAAAAAAAAAAAAAA.json.gz"
		s.files["acme-trail/"+base+"AWSLogs/111122223333/CloudTrail/"+region+"/2026/10/01/"+name] = body
	}
	plant("", "eu-west-3")
	if got := toldOf(verifiedAt(t, s.at("acme-trail"), keys["clean"],
		day)); got != " 0/0 0 of 720m digest-none@0-12; management 12/12 720 of 720m" {
		t.Error(got)
	}
	plant("x/", "us-east-1")
	plant("x/", "us-east-1")
	if got := toldOf(verifiedAt(t, s.at("acme-trail"), keys["clean"], day)); !strings.Contains(got, "log-unlisted@5-5") {
		t.Error(got)
	}
}
