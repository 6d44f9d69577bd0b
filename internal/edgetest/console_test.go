package edgetest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/serve/console"
)

// TestEverySampleWorks: the page's requests are made from the schema and the packages' warm-ups, so each must be answered whole.
func TestEverySampleWorks(t *testing.T) {
	e := Open(t, Films(t, devicePackages...))
	site := console.Site{Environment: "test", Asking: "demo"}
	protocols := map[string]int{}
	for _, name := range e.Near("", "") {
		device, schema, _ := strings.Cut(name, "/")
		route := console.Describe(e.Engine(device, schema).Surface())
		site.Routes = append(site.Routes, route)
		for _, v := range route.Views {
			if len(v.Samples) != 3 {
				t.Errorf("%s %s has %d samples, want one for each protocol", name, v.Name, len(v.Samples))
			}
			for _, s := range v.Samples {
				protocols[s.Protocol]++
				w := httptest.NewRecorder()
				e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.URL, nil))
				if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, `"errors"`) || strings.Contains(body, `"$type":"error"`) {
					t.Errorf("%s %s over %s: %d %.300s\n%s", name, v.Name, s.Protocol, w.Code, body, s.Text)
				}
			}
		}
	}
	w := httptest.NewRecorder()
	console.Handler(func() console.Site { return site }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, want := range []string{"tv v2", "phone v1", "@tv/player", "film(id: ID!)", "/tv/v2/graphql?query=", "POST /tv/v2/setBookmark"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if w.Code != http.StatusOK || protocols["JSON Graph"] == 0 {
		t.Errorf("status %d, samples %v", w.Code, protocols)
	}
}
