package catalog

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

func ask(t *testing.T, path, body string) (int, string) {
	t.Helper()
	method := "POST"
	if body == "" {
		method = "GET"
	}
	w := httptest.NewRecorder()
	Handler(data.Load()).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	if !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%s answers no JSON: %s", path, w.Body)
	}
	return w.Code, w.Body.String()
}

func TestTitles(t *testing.T) {
	code, got := ask(t, "/titles:batchGet", `{"ids":["jaws-1975","nothing","inception-2010","jaws-1975"]}`)
	if code != 200 {
		t.Fatal(code, got)
	}
	var out struct {
		Titles []map[string]any `json:"titles"`
	}
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Titles) != 3 {
		t.Fatalf("%d rows, want one per key that is known, also if asked twice", len(out.Titles))
	}
	jaws := out.Titles[0]
	if n := len(jaws["similar"].([]any)); n != 12 {
		t.Errorf("%d similar films", n)
	}
	delete(jaws, "similar")
	want := map[string]any{
		"id": "jaws-1975", "title": "Jaws", "year": 1975.0, "released": "1975-06-20", "rating": "PG", "runtimeMinutes": nil,
		"distributor": "Universal", "source": "Based on Book/Short Story", "genre": "Horror", "creativeType": "Contemporary Fiction",
		"director": "Steven Spielberg", "imdbRating": 8.3, "imdbVotes": 138017.0, "rottenTomatoes": 100.0,
		"budgetUsd": 12000000.0, "worldwideGrossUsd": 470700000.0, "series": map[string]any{"id": "jaws-series"},
	}
	if diff := cmp.Diff(want, jaws); diff != "" {
		t.Errorf("jaws (-want +got):\n%s", diff)
	}
	if out.Titles[1]["runtimeMinutes"] != 147.0 || out.Titles[1]["series"] != nil {
		t.Errorf("inception is %v", out.Titles[1])
	}
}

func TestSeries(t *testing.T) {
	_, got := ask(t, "/series:batchGet", `{"ids":["none","kill-bill-series"]}`)
	want := `{"series":[{"id":"kill-bill-series","title":"Kill Bill","seasonCount":2,"firstYear":2003,"lastYear":2004,` +
		`"titles":[{"id":"kill-bill-volume-1-2003"},{"id":"kill-bill-volume-2-2004"}]}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"westerns by year", `{"filter":{"genre":"Western","sort":"YEAR"},"limit":1}`, 200, `{"titles":[{"id":"appaloosa-2008"}],"total":36}`},
		{"richest", `{"filter":{"sort":"GROSS"},"limit":2}`, 200, `{"titles":[{"id":"avatar-2009"},{"id":"titanic-1997"}],"total":3200}`},
		{"a director's years", `{"filter":{"director":"Steven Spielberg","fromYear":1975,"toYear":1975}}`, 200, `{"titles":[{"id":"jaws-1975"}],"total":1}`},
		{"nulls do not count", `{"filter":{"director":"Steven Spielberg","genre":null,"toYear":1975},"offset":null,"limit":null}`, 200, `{"titles":[{"id":"jaws-1975"}],"total":1}`},
		{"past the end", `{"filter":{"genre":"Western"},"offset":36}`, 200, `{"titles":[],"total":36}`},
		{"nothing found", `{"filter":{"genre":"Opera"}}`, 200, `{"titles":[],"total":0}`},
		{"an unknown order", `{"filter":{"sort":"LENGTH"}}`, 400, `RATING, YEAR and GROSS`},
		{"a negative offset", `{"offset":-1}`, 400, `counts from 0`},
		{"no JSON", `nonsense`, 400, `error`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, got := ask(t, "/titles:find", c.body)
			if code != c.status || !strings.Contains(got, c.want) {
				t.Errorf("%d %s, want %d %s", code, got, c.status, c.want)
			}
		})
	}
}

func TestGenres(t *testing.T) {
	if _, got := ask(t, "/genres", ""); !strings.HasPrefix(got, `{"genres":["Action","Adventure",`) {
		t.Error(got)
	}
}
