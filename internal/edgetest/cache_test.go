package edgetest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// TestCachesReadTheirOwnWrites: what a mutation of the device changes is asked for again by a cache on the way, with an ETag; the
// rest may be kept as long as its view says.
func TestCachesReadTheirOwnWrites(t *testing.T) {
	e := Open(t, Films(t, "tv-home", "tv-player"))
	graphql := func(q string) string { return "/tv/v2/graphql?" + url.Values{"query": {q}}.Encode() }
	graph := func(p string) string {
		return "/tv/v2/model.json?" + url.Values{"method": {"get"}, "paths": {p}}.Encode()
	}
	ask := func(target, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Accept", "application/graphql-response+json, application/json")
		if etag != "" {
			r.Header.Set("If-None-Match", etag)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
	for i, c := range []struct{ kept, asked string }{
		{"/tv/v2/home?fields=name,rows(name,items(title))", "/tv/v2/home?fields=rows(items(title,position))"},
		{graphql(`{ home { name rows { name items { ... on Card { title } } } } }`), graphql(`{ home { rows { items { ... on Card { progress { state } } } } } }`)},
		{graph(`[["home","rows",{"to":3},"items",{"to":3},["title","key"]]]`), graph(`[["home","rows",{"to":3},"items",{"to":3},["title","position"]]]`)},
	} {
		kept := ask(c.kept, "")
		if got := kept.Header().Get("Cache-Control"); kept.Code != http.StatusOK || got != "private, max-age=30" {
			t.Errorf("%s: %d %q", c.kept, kept.Code, got)
		}
		asked := ask(c.asked, "")
		etag := asked.Header().Get("ETag")
		if got := asked.Header().Get("Cache-Control"); asked.Code != http.StatusOK || got != "private, no-cache" || etag == "" {
			t.Errorf("%s: %d %q %s", c.asked, asked.Code, got, etag)
		}
		if again := ask(c.asked, etag); again.Code != http.StatusNotModified {
			t.Errorf("%s: %d, want 304", c.asked, again.Code)
		}
		set := httptest.NewRequest(http.MethodPost, "/tv/v2/setBookmark", strings.NewReader(`{"title":"inception-2010","positionSeconds":`+strconv.Itoa(100+i)+`}`))
		set.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, set)
		if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if strings.Contains(c.asked, "position") {
			if after := ask(c.asked, etag); after.Code != http.StatusOK {
				t.Errorf("%s: %d after the mutation", c.asked, after.Code)
			}
		}
	}
}
