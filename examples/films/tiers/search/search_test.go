package search

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

func TestFind(t *testing.T) {
	x := newIndex(data.Load())
	for text, want := range map[string]string{ // the first few ids
		"jaws":               "jaws-1975 jaws-2-1978 jaws-4-the-revenge-1987",
		"Play JAWS, please":  "jaws-1975",
		"incep":              "inception-2010",
		"play the godfather": "the-godfather-1972 the-godfather-part-ii-1974",
		"something by christopher nolan with batman": "batman-begins-2005",
		"spielberg jaws": "jaws-1975",
		"toy story 3":    "toy-story-3-2010",
		"wall-e":         "wall-e-2008",
		"jaws zzzzz":     "jaws-1975", // nobody has both
		"":               "",
		"please":         "please-give-2010",
		"zzzzz":          "",
		"!?":             "",
	} {
		var got []string
		for _, film := range x.find(text) {
			got = append(got, film.ID)
		}
		ids := strings.Fields(want)
		if len(got) < len(ids) || len(ids) == 0 && len(got) > 0 {
			t.Errorf("%q finds %v", text, got[:min(len(got), 4)])
			continue
		}
		if diff := cmp.Diff(ids, got[:len(ids)], cmp.Transformer("", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestEveryTitleIsFound: who says a title finds it on the first page, or more than a page of films begin like it.
func TestEveryTitleIsFound(t *testing.T) {
	l := data.Load()
	x := newIndex(l)
	missed := 0
	for _, film := range l.Titles {
		found := false
		for _, f := range x.find("play " + film.Title)[:] {
			found = found || f == film
		}
		if !found {
			missed++
			t.Logf("%q is not found", film.Title)
		}
	}
	if missed > 3 { // titles of nothing but signs and idle words
		t.Errorf("%d films are not found by their titles", missed)
	}
}

func TestHandler(t *testing.T) {
	h := Handler(data.Load())
	for _, c := range []struct {
		query  string
		status int
		ids    int
	}{
		{"text=jaws&limit=2", 200, 2}, {"text=jaws&offset=1&limit=1", 200, 1}, {"text=jaws&offset=900", 200, 0}, {"", 200, 0},
		{"text=" + strings.Repeat("a", 201), 400, 0}, {"text=%ff", 400, 0}, {"text=jaws&limit=-1", 400, 0},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/search?"+c.query, nil))
		var out struct{ Titles []ref }
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != c.status || len(out.Titles) != c.ids {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	l := data.Load()
	for b.Loop() {
		newIndex(l)
	}
}

func BenchmarkFind(b *testing.B) {
	x := newIndex(data.Load())
	for b.Loop() {
		x.find("play the godfather")
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"jaws", "play the godfather", "é", "a b c d e f g h i j k l m n", "\xff", "s"} {
		f.Add(s)
	}
	h := Handler(data.Load())
	f.Fuzz(func(t *testing.T, s string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/search?"+url.Values{"text": {s}, "limit": {"5"}}.Encode(), nil))
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("%q: %d", s, w.Code)
		}
	})
}
