package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNowhere: an address that nothing is at is answered like every other mistake of a device, and says what there is.
func TestNowhere(t *testing.T) {
	w := watchEdge(t, func(f *front) { f.introspection, f.gate.console, f.gate.metrics = true, true, true })
	ask := func(method, path string) (*httptest.ResponseRecorder, string) {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
		return rec, rec.Body.String()
	}
	for path, says := range map[string]string{
		"/tv/v1":       "this is tv/v1: say which view or mutation",
		"/tv/v1/":      "this is tv/v1: say which view or mutation",
		"/tv/v9":       `"near":["tv/v1"]`,
		"/tv":          `"near":["tv/v1"]`,
		"/favicon.ico": "there is nothing at",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			rec, body := ask(method, path)
			if rec.Code != http.StatusNotFound || rec.Header().Get("Content-Type") != "application/problem+json" || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v %s", method, path, rec.Code, rec.Header(), body)
			}
			if method != "HEAD" && !strings.Contains(body, says) {
				t.Errorf("%s %s: %s, want %s", method, path, body, says)
			}
		}
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics"} {
		if rec, body := ask("POST", path); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d %v %s", path, rec.Code, rec.Header(), body)
		}
		if rec, body := ask("GET", path); rec.Code >= 400 && path != "/readyz" {
			t.Errorf("GET %s: %d %s", path, rec.Code, body)
		}
	}
}
