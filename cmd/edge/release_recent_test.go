package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/storage/memory"
)

// TestWhatDevicesAskIsWarm: a release asks what devices asked of a route before it takes over, and nothing that changes anything.
func TestWhatDevicesAskIsWarm(t *testing.T) {
	w := releases(t, memory.New())
	one := w.deploy(w.publish("@tv/home", "1.0.0", "tv/v1", says("home", "1.0.0")), w.publish("@tv/other", "1.0.0", "tv/v2", says("home", "1.0.0")))
	i := w.start("one", nil)
	i.serves(one.Digest)
	for _, r := range []struct{ method, path, body string }{
		{http.MethodGet, "/tv/v1/home?fields=version", ""},
		{http.MethodPost, "/tv/v1/graphql", `{"query": "query Q { home { version } }", "variables": {}, "operationName": "Q"}`},
		{http.MethodPost, "/tv/v1/graphql", `{"query": "{ home { version } }", "variables": null}`},
		{http.MethodPost, "/tv/v1/graphql", `{"query": "{ home { nothing } }"}`},
		{http.MethodPost, "/tv/v1/graphql", `mutation`},
		{http.MethodGet, "/tv/v1/nothing", ""},
		{http.MethodGet, "/fridge/v1/home", ""},
		{http.MethodGet, "/tv/v1/home?fields=version", ""},
	} {
		time.Sleep(recentEvery + 5*time.Millisecond)
		req := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Facet-Viewer", "ann")
		req.Header.Set("Authorization", "Bearer secret")
		i.ServeHTTP(httptest.NewRecorder(), req)
	}
	var got []string
	for _, k := range i.opener.asked.of("tv/v1").recent.list() {
		u, err := url.QueryUnescape(k.url)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u)
		if k.header.Get("Facet-Viewer")+k.header.Get("Authorization") != "" {
			t.Errorf("who asked is remembered: %v", k.header)
		}
	}
	want := []string{
		"/tv/v1/graphql?operationName=Q&query=query Q { home { version } }&variables={}",
		"/tv/v1/graphql?query={ home { version } }",
		"/tv/v1/home?fields=version",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	for n := range 2 * recentKept { // the newest are kept
		i.opener.asked.of("tv/v1").recent.keep(recentRequest{url: "/" + strings.Repeat("x", n), door: http.NotFoundHandler()})
	}
	if n := len(i.opener.asked.of("tv/v1").recent.list()); n != recentKept {
		t.Errorf("%d are remembered, want %d", n, recentKept)
	}
	asked := 0
	i.opener.asked.of("tv/v1").recent.keep(recentRequest{url: "/tv/v1/home", device: "tv", schema: "v1", door: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked++
		if s := pin(r.Context()); s == nil || s.digest == one.Digest || r.PathValue("device") != "tv" {
			t.Errorf("asked again of %v", s)
		}
	})})
	two := w.deploy(w.publish("@tv/home", "1.0.1", "tv/v1", says("home", "1.0.1")))
	i.serves(two.Digest)
	if asked != 1 {
		t.Errorf("asked again %d times, want once", asked)
	}
	three := w.deploy(w.publish("@tv/other", "1.0.1", "tv/v2", says("home", "1.0.1")))
	i.serves(three.Digest)
	if asked != 1 {
		t.Error("what did not change is asked again")
	}
}
