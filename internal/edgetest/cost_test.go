package edgetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

// TestWhatViewsCost: what each view of the films' packages costs as a whole, over the tiers themselves: REST's every leaf, each shape
// followed once. Calls are operations on tiers, levels how many of them follow one another.
func TestWhatViewsCost(t *testing.T) {
	world := Films(t, devicePackages...)
	var last Outcome
	world.Done = func(o Outcome) { last = o }
	e := Open(t, world)
	for target, want := range map[string]string{
		// Profile, searches, rows; titles, a row's series, posters, bookmarks, reviews.
		"/tv/v2/home": "8 calls, 2 levels",
		"/tv/v2/home?fields=name,recent,rows(name,items(title,art,badge,score,position,progress(minutesLeft,state),seasons))": "8 calls, 2 levels",
		"/tv/v2/film?id=jaws-1975&fields=title,art,score,position,progress(state)":                                            "4 calls, 1 levels",
		"/tv/v2/me?fields=name,myList(title)":                    "3 calls, 2 levels",
		"/tv/v2/watch?id=jaws-1975&fields=title,poster,resumeAt": "3 calls, 1 levels",
		"/tv/v1/home":                       "4 calls, 2 levels",
		"/phone/v1/home":                    "10 calls, 2 levels",
		"/phone/v1/browse?genre=Western":    "5 calls, 2 levels",
		"/glasses/v1/play?text=play%20jaws": "3 calls, 2 levels",
		"/glasses/v1/resume":                "3 calls, 2 levels",
		"/web/v1/browse?genre=Western":      "4 calls, 2 levels",
		"/web/v1/find?text=jaws":            "3 calls, 2 levels",
		// The film, its poster, bookmark and reviews; its saga, and what is similar with posters; then what is not known yet of the saga's films.
		"/web/v1/film?id=jaws-1975": "8 calls, 3 levels",
		"/web/v1/film?id=up-2009":   "6 calls, 2 levels",
		"/web/v1/list":              "5 calls, 2 levels",
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		got := fmt.Sprintf("%d calls, %d levels", last.Stats.Calls, last.Stats.Levels)
		if d := cmp.Diff(want, got); d != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d, -want +got:\n%s", target, w.Code, d)
		}
	}
}

// TestGlassesAreTiny: no answer of the glasses has more than 600 bytes, over any protocol, also for the films with the longest names.
func TestGlassesAreTiny(t *testing.T) {
	const budget = 600
	e := Open(t, Films(t, "glasses-home"))
	longest, second := "", ""
	for _, film := range data.Load().Titles {
		if len(film.ID)+len(film.Title) > len(longest) {
			longest, second = film.ID+film.Title, longest
		}
	}
	worst := 0
	for _, film := range data.Load().Titles {
		if name := film.ID + film.Title; name != longest && name != second && film.Year%9 != 0 {
			continue
		}
		for _, target := range []string{
			"/glasses/v1/play?" + url.Values{"text": {film.Title[:min(len(film.Title), 90)]}}.Encode(),
			"/glasses/v1/graphql?" + url.Values{"query": {fmt.Sprintf("{ play(text: %q) { films { key at say } } }", strings.ToValidUTF8(film.Title[:min(len(film.Title), 90)], ""))}}.Encode(),
			"/glasses/v1/model.json?" + url.Values{"method": {"get"}, "paths": {fmt.Sprintf(`[["play",%q,"films",0,["key","at","say"]]]`, strings.ToValidUTF8(film.Title[:min(len(film.Title), 90)], ""))}}.Encode(),
		} {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
			worst = max(worst, w.Body.Len())
			if w.Code != http.StatusOK || w.Body.Len() > budget {
				t.Errorf("%s: %d, %d bytes: %.700s", target, w.Code, w.Body.Len(), w.Body)
			}
		}
	}
	t.Logf("the longest answer has %d bytes", worst)
}
