package service

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bucketproof/internal/jobs"
)

// TestForeignHost: the endpoints answer under addresses and names of the machine only,
// so that a site whose name leads here can't read them.
func TestForeignHost(t *testing.T) {
	h := newWatch(&Service{parts: &jobs.Parts{}}).handler("watch.internal:9464")
	for host, want := range map[string]int{
		"127.0.0.1:9464": http.StatusOK, "127.0.0.1": http.StatusOK, "[::1]:9464": http.StatusOK,
		"[::1]": http.StatusOK, "192.0.2.7:80": http.StatusOK,
		"localhost:9464": http.StatusOK, "LocalHost": http.StatusOK, "watch.internal:1": http.StatusOK,
		"evil.example:9464": http.StatusMisdirectedRequest, "localhost.evil.example": http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example": http.StatusMisdirectedRequest, "": http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/healthz", "/metrics"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			got := httptest.NewRecorder()
			h.ServeHTTP(got, r)
			if got.Code != want || want != http.StatusOK && !strings.Contains(got.Body.String(), "service.listen") {
				t.Errorf("%s for %q: %d %s; want %d", path, host, got.Code, got.Body, want)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
	r.Host = "evil.example"
	got := httptest.NewRecorder()
	if h.ServeHTTP(got, r); got.Code != http.StatusMisdirectedRequest {
		t.Errorf("/readyz: %d", got.Code)
	}
}
