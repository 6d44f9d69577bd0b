package servetest_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/serve/explain"
	"facet/tiers/fake"
)

var update = flag.Bool("update", false, "write the golden files")

func explained(t *testing.T, method, target, accept string, allowed bool, change func(*world)) *httptest.ResponseRecorder {
	t.Helper()
	out := httptest.NewRecorder()
	synctest.Test(t, func(t *testing.T) {
		w := films(t)
		w.tier.Delay("*", 10*time.Millisecond)
		w.tier.Delay("bookmarks.Title.bookmark", 80*time.Millisecond)
		w.tier.Delay("artwork.Title.artwork", 3*time.Millisecond)
		if change != nil {
			change(w)
		}
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Accept", accept)
		explain.Handler(allowed, w.handlers.REST).ServeHTTP(out, r)
		synctest.Wait()
		time.Sleep(time.Second) // calls that the answer did not wait for
	})
	return out
}

const home = "/tv/v3/home?fields=name,rows(name,items(title,art,progress))"

func TestExplainText(t *testing.T) {
	for name, change := range map[string]func(*world){
		"home":    nil,
		"trouble": func(w *world) { w.tier.Fail("artwork.Title.artwork", fault.Unavailable) },
		"empty": func(w *world) {
			w.tier.List("rows.Profile.rows", func(*fake.Request) ([]any, error) { return nil, nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := explained(t, "GET", home+"&explain=1", "text/plain", true, change)
			got := w.Body.String()
			file := "testdata/explain_" + name + ".txt"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

// TestExplainJSON: every protocol's own answer, with the time line in its extensions.
func TestExplainJSON(t *testing.T) {
	for _, c := range []struct{ name, target, data string }{
		{"rest", home, "data"},
		{"graphql", "/tv/v3/graphql?query=" + url.QueryEscape("{home{name rows{name items{...on Card{title art}}}}}"), "data"},
		{"jsongraph", "/tv/v3/model.json?paths=" + url.QueryEscape(`[["home","rows",{"to":1},"items",0,"title"]]`), "jsonGraph"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := explained(t, "GET", c.target, "*/*", true, nil)
			w := explained(t, "GET", c.target+"&explain=1", "*/*", true, nil)
			var got, want map[string]json.RawMessage
			for w, into := range map[*httptest.ResponseRecorder]*map[string]json.RawMessage{plain: &want, w: &got} {
				if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != 200 {
					t.Fatalf("%d %s: %v", w.Code, w.Body, err)
				}
			}
			if d := cmp.Diff(string(want[c.data]), string(got[c.data])); d != "" || len(want[c.data]) == 0 {
				t.Error(d)
			}
			var ext struct {
				Explain struct {
					Calls      int
					Operations []struct {
						Operation            string
						Keys, Level          int
						StartMs, EndMs       float64
						Requests, Attempts   int
						After                []string
						LeftMs, WithinMs, Ms float64
					}
				}
			}
			if err := json.Unmarshal(got["extensions"], &ext); err != nil {
				t.Fatal(err)
			}
			if x := ext.Explain; x.Calls == 0 || len(x.Operations) != x.Calls || x.Operations[len(x.Operations)-1].Keys == 0 {
				t.Errorf("%+v", x)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("ETag") != "" {
				t.Errorf("it may be kept: %v", w.Header())
			}
		})
	}
}

// TestExplainShowsNoKeys: neither a key, an argument, a value nor who asks is on the time line.
func TestExplainShowsNoKeys(t *testing.T) {
	for _, form := range []string{"text", "html"} {
		w := explained(t, "GET", "/tv/v3/film?id=t2&fields=title,art,progress&explain="+form, "*/*", true, nil)
		body := w.Body.String()
		if !strings.Contains(body, "catalog.Title") {
			t.Fatal(body)
		}
		for _, secret := range []string{"t2", "v1", "p1", "Film", "342", "http://art"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s: %q is there:\n%s", form, secret, body)
			}
		}
	}
}

func TestExplainAsks(t *testing.T) {
	for _, c := range []struct {
		name, target, accept string
		allowed              bool
		status               int
		media                string
	}{
		{"a page", home + "&explain=1", "text/html,application/xhtml+xml,*/*;q=0.8", true, 200, "text/html; charset=utf-8"},
		{"graphql as a page", "/tv/v3/graphql?explain=html&query=" + url.QueryEscape("{home{name}}"), "*/*", true, 200, "text/html; charset=utf-8"},
		{"not allowed", home + "&explain=1", "*/*", false, 403, "application/problem+json"},
		{"not asked", home, "text/html", false, 200, "application/json"},
		{"nonsense", home + "&explain=loud", "*/*", true, 400, "application/problem+json"},
		{"a refusal is explained", "/tv/v3/hom?explain=1", "*/*", true, 404, "application/problem+json"},
		{"a refusal in text", "/tv/v3/model.json?explain=1", "*/*", true, 400, "text/plain; charset=utf-8"},
		{"a word of another parameter", home + "&explainer=1", "*/*", true, 400, "application/problem+json"},
	} {
		w := explained(t, "GET", c.target, c.accept, c.allowed, nil)
		if got := w.Header().Get("Content-Type"); w.Code != c.status || got != c.media && c.name != "a refusal in text" {
			t.Errorf("%s: %d %s, want %d %s\n%s", c.name, w.Code, got, c.status, c.media, w.Body)
		}
		if strings.HasSuffix(w.Header().Get("Content-Type"), "json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: no JSON: %s", c.name, w.Body)
		}
	}
	if w := explained(t, "GET", "/tv/v3/home?explain=1", "*/*", true, nil); w.Result().StatusCode != http.StatusOK {
		t.Error(w.Body)
	}
}
