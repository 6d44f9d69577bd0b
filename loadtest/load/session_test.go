package load_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/loadtest/load"
)

// A seen request is what a server saw of one.
type seen struct {
	method, path, query, body string
	header                    http.Header
	at                        time.Time
}

// watched is a server that remembers requests.
func watched(t *testing.T, answer http.HandlerFunc) (string, func() []seen) {
	t.Helper()
	var mu sync.Mutex
	var all []seen
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
		mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() []seen {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func read(t *testing.T, name, text string, beside map[string]string) *load.Scenario {
	t.Helper()
	dir := t.TempDir()
	for n, x := range beside {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(x), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, name)
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := load.Read(at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSession: a user asks, thinks, and asks for what the answer named; its viewer is one for all steps, its keys are not.
func TestSession(t *testing.T) {
	base, all := watched(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/tv/v2/home":
			fmt.Fprintf(w, `{"data": {"film": "film of %s/1"}}`, r.Header.Get("Facet-Viewer"))
		default:
			fmt.Fprint(w, `{"data": {"ok": true}}`)
		}
	})
	s := read(t, "s.yaml", `
rate: 20
duration: 250ms
variables:
  viewer: { range: [0, 9999], format: "guest-{}", per: session }
  at: { range: [7, 7] }
devices:
  - name: tv
    path: /tv/v2
    headers: { Facet-Viewer: "{viewer}" }
    mix:
      - name: evening
        think: { time: 50ms }
        steps:
          - { name: home, path: /home, save: { film: /data/film } }
          - { name: film, path: "/film?id={film}", expect: { json: { /data/ok: true } } }
          - { name: mark, path: /setBookmark, body: { title: "{film}", at: "{at}", text: "at {at}" }, idempotent: true }
`, nil)
	rep, err := load.Run(t.Context(), s, load.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Total.Failed != 0 || rep.Total.Count != 15 || len(rep.Sessions) != 1 || rep.Sessions[0].Finished != 5 || rep.Sessions[0].Whole.P50 < 100 {
		t.Fatalf("%+v %+v %v", rep.Total, rep.Sessions, rep.Errors)
	}
	if rep.Total.P50 > 90 {
		t.Errorf("p50 %v ms: think time is in it", rep.Total.P50)
	}
	keys := map[string]bool{}
	for _, q := range all() {
		who := q.header.Get("Facet-Viewer")
		switch q.path {
		case "/tv/v2/film":
			if want := "id=film+of+" + who + "%2F1"; q.query != want {
				t.Errorf("asked for %q, want %q", q.query, want)
			}
		case "/tv/v2/setBookmark":
			var body struct {
				Title, Text string
				At          int
			}
			if err := json.Unmarshal([]byte(q.body), &body); err != nil || body.Title != "film of "+who+"/1" || body.At != 7 || body.Text != "at 7" {
				t.Errorf("%v, sent %s", err, q.body)
			}
			keys[q.header.Get("Idempotency-Key")] = true
		}
	}
	if len(keys) != 5 || keys[""] {
		t.Errorf("the keys are %v, want five different ones", keys)
	}
}

// TestSessionEnds: a step that fails ends its session, and what the run's end cuts off is told.
func TestSessionEnds(t *testing.T) {
	base, all := watched(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/two" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	s := &load.Scenario{Rate: 20, Duration: load.Duration(200 * time.Millisecond), Drain: load.Duration(100 * time.Millisecond), Mix: []load.Row{
		{Name: "fails", Steps: []load.Row{{Name: "one", Path: "/one"}, {Name: "two", Path: "/two"}, {Name: "three", Path: "/three"}}},
		{Name: "long", Steps: []load.Row{{Name: "one", Path: "/one"}, {Name: "four", Path: "/four", Think: &load.Think{Time: load.Duration(time.Minute)}}}},
	}}
	rep, err := load.Run(t.Context(), s, load.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Sessions) != 2 || rep.Sessions[0].Failed != rep.Sessions[0].Begun || rep.Sessions[1].Cut != rep.Sessions[1].Begun || rep.Sessions[0].Begun+rep.Sessions[1].Begun != 4 {
		t.Errorf("%+v", rep.Sessions)
	}
	for _, q := range all() {
		if q.path == "/three" || q.path == "/four" {
			t.Errorf("%s was asked", q.path)
		}
	}
}
