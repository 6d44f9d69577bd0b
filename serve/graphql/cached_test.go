package graphql_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"facet/composer"
	"facet/fault"
	"facet/serve"
)

func TestCacheHeaders(t *testing.T) {
	good := composer.CacheState{Storable: true, MaxAge: 30 * time.Second, Reads: []string{"locale", "viewer.profile.id"}}
	for name, c := range map[string]struct {
		method string
		query  string
		edit   func(p *composer.Part)
		want   string // Cache-Control
		etag   bool
	}{
		"fresh":         {"GET", "{home{name}}", func(p *composer.Part) { p.Cache = good }, "private, max-age=30", true},
		"public":        {"GET", "{home{name}}", func(p *composer.Part) { p.Cache = good; p.Cache.Public = true }, "public, max-age=30", true},
		"invalidatable": {"GET", "{home{name}}", func(p *composer.Part) { p.Cache = good; p.Cache.Invalidatable = true }, "private, no-cache", true},
		"head":          {"HEAD", "{home{name}}", func(p *composer.Part) { p.Cache = good }, "private, max-age=30", true},
		"posted":        {"POST", "{home{name}}", func(p *composer.Part) { p.Cache = good }, "no-store", false},
		"an error": {"GET", "{home{name}}", func(p *composer.Part) {
			p.Cache = good
			p.Errors = []composer.Error{{Path: []any{"home"}, Kind: fault.Timeout}}
		}, "no-store", false},
		"degraded": {"GET", "{home{name}}", func(p *composer.Part) {
			p.Cache = good
			p.Degraded = []composer.Degraded{{Path: []any{"home"}, Kind: fault.Timeout}}
		}, "no-store", false},
		"refused":       {"GET", "{nothing}", nil, "no-store", false},
		"introspection": {"GET", "{__schema{queryType{name}}}", nil, "no-store", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			w.edit = c.edit
			h := serveWorld(w, nil)
			ask := func(tag string) *httptest.ResponseRecorder {
				if c.method == "POST" {
					return post(h, c.query, nil)
				}
				r := httptest.NewRequest(c.method, "/tv/v3/graphql?query="+url.QueryEscape(c.query), nil)
				r.Header.Set("If-None-Match", tag)
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				return rec
			}
			rec := ask("")
			if got := rec.Header().Get("Cache-Control"); got != c.want {
				t.Errorf("Cache-Control %q, want %q", got, c.want)
			}
			tag := rec.Header().Get("ETag")
			if (tag != "") != c.etag {
				t.Fatalf("ETag %q", tag)
			}
			public := strings.HasPrefix(c.want, "public") // shared caches would hand the context's hash on
			if got := rec.Header().Get(serve.ContextHeader); len(w.asked) > 0 && (got == "") != public {
				t.Errorf("Facet-Context %q", got)
			}
			if !c.etag {
				return
			}
			if vary := rec.Header().Values("Vary"); len(vary) != 2 || vary[0] != "Accept" {
				t.Errorf("Vary %q", vary)
			}
			if again := ask(tag); again.Code != 304 || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
				t.Errorf("with its own tag: %d %q", again.Code, again.Body)
			}
			if other := ask(`"other"`); other.Code != 200 {
				t.Errorf("with another tag: %d", other.Code)
			}
		})
	}
}
