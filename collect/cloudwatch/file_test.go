package cloudwatch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFile: days come from a file as from CloudWatch, and what is wrong with one is told
// with its line.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	const head = "bucket,date,metric,value\n"
	if err := os.WriteFile(path, []byte("\ufeff"+head+
		"# a comment\nb,2026-10-05,AllRequests,24\nb,2026-10-05,BucketSizeBytes,1.5e3\nother,2026-10-05,AllRequests,7\nb,2026-10-07,AllRequests,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	counted, err := ReadFile(path, []Bucket{{"b", ""}}, daysOf(t, "Asia/Kathmandu", time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC), 2))
	if err != nil || len(counted) != 2 || counted[0].Values["AllRequests"] != 24 ||
		counted[0].Values[Bytes] != 1500 || len(counted[1].Values) != 0 {
		t.Errorf("%+v, %v", counted, err)
	}
	for text, want := range map[string]string{
		"":                                      "it is empty",
		"a,b,c,d\n":                             "line 1 is",
		head + "b,5.10.2026,AllRequests,1\n":    `line 2: "5.10.2026" is no day`,
		head + "b,2026-10-05,Requests,1\n":      `line 2: unknown metric "Requests"`,
		head + "b,2026-10-05,AllRequests,-1\n":  "line 2: \"-1\" is no number",
		head + "b,2026-10-05,AllRequests,NaN\n": "line 2",
		head + "b,2026-10-05,AllRequests\n":     "wrong number of fields",
		head + "b,2026-10-05,AllRequests,1\nb,2026-10-05,AllRequests,2\n": "line 3: AllRequests of b on 2026-10-05 is there twice",
	} {
		if _, err := parseFile([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	if _, err := ReadFile(t.TempDir(), nil, nil); err == nil {
		t.Error("a folder is taken for a file")
	}
}
