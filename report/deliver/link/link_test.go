package link

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
)

func TestToken(t *testing.T) {
	var token [32]byte
	for i := range token {
		token[i] = byte(i * 7)
	}
	text := Encode(token)
	if back, ok := Decode(text); !ok || back != token || len(text) != 43 {
		t.Errorf("%q is read as %v, %t", text, back, ok)
	}
	for _, bad := range []string{"", text[1:], text + "A", strings.Replace(text, text[:1], "=", 1), text[:42] + "/"} {
		if _, ok := Decode(bad); ok {
			t.Errorf("%q is taken for a token", bad)
		}
	}
}

// TestForesee: a presigned link is taken where it lives long enough, and the page
// otherwise.
func TestForesee(t *testing.T) {
	bucket, err := objects.ParseURL("s3://msp-evidence/packets")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := objects.ParseURL("file://" + filepath.ToSlash(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	access := objects.Access{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for _, tt := range []struct {
		name, kind, page, session string
		place                     objects.URL
		want, why                 string
	}{
		{"keys of a user", "auto", "", "", bucket, Presigned, ""},
		{"keys of a user, and a page", "auto", "https://e.example", "", bucket, Presigned, ""},
		{"a session, and a page", "auto", "https://e.example", "token", bucket, Page, "temporary"},
		{"a session alone", "auto", "", "token", bucket, Presigned, "temporary"},
		{"a session that must do", "presigned", "https://e.example", "token", bucket, Presigned, "temporary"},
		{"the page as wished", "page", "https://e.example", "", bucket, Page, ""},
		{"a folder, and a page", "auto", "https://e.example", "", folder, Page, "folder"},
		{"a folder alone", "auto", "", "", folder, "", "folder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AWS_SESSION_TOKEN", tt.session)
			m := Maker{Links: config.Links{Kind: tt.kind, PublicURL: tt.page, AWS: access}, Now: time.Now}
			kind, why, err := m.Foresee(context.Background(), tt.place, 7*24*time.Hour)
			if err != nil || kind != tt.want || !strings.Contains(why, tt.why) || tt.why == "" && why != "" {
				t.Errorf("%q, %q, %v; want %q, %q", kind, why, err, tt.want, tt.why)
			}
		})
	}
}
