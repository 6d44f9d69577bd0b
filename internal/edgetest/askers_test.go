package edgetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// TestAskersNeverMix: what many ask at once, over shared loaders and plans, is what each is answered alone.
func TestAskersNeverMix(t *testing.T) {
	e := Open(t, Films(t, "tv-home", "tv-player", "tv-home-v1", "phone-home"))
	askers := []http.Header{
		{"Facet-Viewer": {"demo"}, "Facet-Profile": {"demo"}, "Facet-Profiles": {"demo,kids"}},
		{"Facet-Viewer": {"demo"}, "Facet-Profile": {"kids"}, "Facet-Profiles": {"demo,kids"}},
		{"Facet-Viewer": {"demo"}, "Facet-Profile": {"kids"}, "Facet-Profiles": {"kids"}, "Facet-Cells": {"big-art=b,denser-rows=b"}, "Accept-Language": {"de"}},
		{"Facet-Viewer": {"eve"}, "Facet-Profile": {"eve"}},
	}
	graph := func(route, paths string) string {
		return "/" + route + "/model.json?" + url.Values{"method": {"get"}, "paths": {paths}}.Encode()
	}
	targets := []string{
		"/tv/v2/home", "/tv/v1/home", "/phone/v1/home", "/tv/v2/me", "/tv/v2/film?id=jaws-1975", "/tv/v2/watch?id=inception-2010",
		graph("tv/v2", `[["home",["name","recent"]],["home","rows",{"to":5},"items",{"to":5},["title","position","progress"]],["me","myList",{"to":3},["title","position"]]]`),
		graph("phone/v1", `[["home",["name","color"]],["home","started",{"to":3},["title","percent","thumb"]]]`),
		"/tv/v2/graphql?" + url.Values{"query": {`{ home { name rows(first: 3) { items(first: 9) { ... on Card { title position similar(first: 2) { title position } } } } } me { name } node(id: "Profile:demo") { ... on Profile { name } } }`}}.Encode(),
	}
	ask := func(n int) string {
		r := httptest.NewRequest(http.MethodGet, targets[n%len(targets)], nil)
		r.Header = askers[n/len(targets)%len(askers)].Clone()
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return fmt.Sprintf("%d %s\n%s", w.Code, w.Header().Get("Facet-Context"), w.Body)
	}
	kinds := len(targets) * len(askers)
	alone := make([]string, kinds)
	seen := map[string]bool{}
	for n := range kinds {
		alone[n] = ask(n)
		seen[strings.Fields(alone[n])[1]] = true
	}
	if alone[0] == alone[len(targets)] || len(seen) < 2*len(askers) {
		t.Fatalf("askers are not told apart: %d contexts", len(seen))
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 2 * kinds {
				k := (n*7 + worker*13) % kinds
				if got := ask(k); got != alone[k] {
					at := 0
					for at < min(len(got), len(alone[k])) && got[at] == alone[k][at] {
						at++
					}
					at = max(0, at-100)
					t.Errorf("%s by %v\nalone  …%.300s\namidst …%.300s", targets[k%len(targets)], askers[k/len(targets)], alone[k][at:], got[at:])
					return
				}
			}
		})
	}
	wg.Wait()
}
