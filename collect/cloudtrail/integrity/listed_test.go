package integrity

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/objects"
)

// TestListedKeys asks a server that speaks the API ListPublicKeys (API reference,
// page API_ListPublicKeys), as no server to be had does: a page at a time, in the Region
// of the digest.
func TestListedKeys(t *testing.T) {
	all, files := trails(t)
	var published struct {
		PublicKeyList []map[string]any
	}
	body, err := os.ReadFile(files["key-change"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &published); err != nil || len(published.PublicKeyList) != 2 {
		t.Fatalf("%d keys, %v", len(published.PublicKeyList), err)
	}
	asked, refuse := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var in struct{ NextToken string }
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListPublicKeys") ||
			!strings.Contains(r.Header.Get("Authorization"), "/us-east-1/cloudtrail/") {
			t.Errorf("%v: %s %s", err, r.Header.Get("X-Amz-Target"), body)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if refuse {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException","Message":"not allowed"}`)
			return
		}
		out := map[string]any{"PublicKeyList": published.PublicKeyList[:1], "NextToken": "more"}
		if in.NextToken == "more" {
			out = map[string]any{"PublicKeyList": published.PublicKeyList[1:]}
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", server.URL)
	verify := func() string {
		t.Helper()
		chains, err := Verify(t.Context(), []Location{{Store: all["key-change"], Bucket: "acme-trail"}},
			Options{Period: day, Now: day.To.Add(48 * time.Hour), Keys: &ListedKeys{Access: objects.Access{Region: "eu-west-1"}}})
		if err != nil {
			t.Fatal(err)
		}
		return say(chains)
	}
	if got := verify(); got != "12/12 17/17 -0m" || asked != 2 {
		t.Errorf("%s, asked %d times; want that two pages are asked for once", got, asked)
	}
	refuse = true
	if got := verify(); strings.Count(got, "unread") != 12 || !strings.Contains(got, "-720m") {
		t.Errorf("refused: %s", got)
	}
	if _, err := (&ListedKeys{Access: objects.Access{Region: "us-east-1"}}).Key(t.Context(), "us-east-1", "x",
		day.From); err == nil || !strings.Contains(err.Error(), "cloudtrail:ListPublicKeys") {
		t.Errorf("refused: %v", err)
	}
}
