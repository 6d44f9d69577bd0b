package load_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/loadtest/load"
)

func scenario(rate float64, d time.Duration, rows ...load.Row) *load.Scenario {
	return &load.Scenario{Name: "test", Rate: rate, Duration: load.Duration(d), Timeout: load.Duration(5 * time.Second), Mix: rows}
}

// TestOpenLoop holds a server for a while: requests go on being due, and those that waited say so.
func TestOpenLoop(t *testing.T) {
	const hold = 300 * time.Millisecond
	began := time.Now()
	var one atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		one.Add(1)
		if at := time.Since(began); at < hold {
			time.Sleep(hold - at)
		}
	}))
	defer srv.Close()
	rep, err := load.Run(t.Context(), scenario(200, 600*time.Millisecond, load.Row{Name: "a", Path: "/"}), load.Options{Base: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if n := rep.Total.Count; n != 120 || one.Load() != 120 || rep.Total.Failed != 0 {
		t.Errorf("%d answers of %d requests, %d failed; want 120 of 120: a slow server must not slow the load down", n, one.Load(), rep.Total.Failed)
	}
	// Half of the requests fell due while the server held: at least a quarter waited 100 ms.
	if rep.Total.P90 < 100 || rep.Total.Max < 200 {
		t.Errorf("p90 %v ms, max %v ms; the held requests' times are missing", rep.Total.P90, rep.Total.Max)
	}
}

func TestMixAndFailures(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/film/jaws" && r.Header.Get("Facet-Profile") == "kids":
			_, _ = w.Write([]byte("jaws"))
		case r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/json":
			w.WriteHeader(http.StatusTeapot)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	s := scenario(400, 250*time.Millisecond,
		load.Row{Name: "film", Weight: 3, Path: "/film/{id}", Values: map[string][]string{"id": {"jaws"}}, Headers: map[string]string{"Facet-Profile": "kids"}},
		load.Row{Name: "post", Path: "/post", Body: []byte(`{"id": "{id}"}`), Values: map[string][]string{"id": {"x"}}, Status: []int{418}},
		load.Row{Name: "lost", Path: "/lost"},
		load.Row{Name: "checked", Path: "/film/jaws", Headers: map[string]string{"Facet-Profile": "kids"}},
	)
	var told atomic.Int64
	rep, err := load.Run(t.Context(), s, load.Options{
		Base: srv.URL,
		Check: func(a *load.Answer) error {
			if a.Row.Name == "checked" {
				return errors.New("not what was released")
			}
			return nil
		},
		Failed: func(*load.Answer, error) { told.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]load.Line{}
	for _, l := range rep.Lines {
		got[l.Row+" "+l.Status] = l
	}
	film, post, lost, checked := got["film 200"], got["post 418"], got["lost 404"], got["checked 200"]
	if film.Failed != 0 || post.Failed != 0 || lost.Failed != lost.Count || checked.Failed != checked.Count || min(film.Count, post.Count, lost.Count, checked.Count) == 0 {
		t.Errorf("%+v", rep.Lines)
	}
	if film.Count < post.Count || film.Count+post.Count+lost.Count+checked.Count != 100 || told.Load() != lost.Count+checked.Count || film.Bytes != 4*film.Count {
		t.Errorf("counts are off: %+v", rep.Lines)
	}
	var b bytes.Buffer
	if err := rep.Print(&b); err != nil || !strings.Contains(b.String(), "checked: not what was released") || !strings.Contains(b.String(), "lost: status 404") {
		t.Errorf("%v:\n%s", err, &b)
	}
}

// TestTurns: one row after another has all requests.
func TestTurns(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
	}))
	defer srv.Close()
	s := scenario(100, 400*time.Millisecond, load.Row{Name: "a", Path: "/a"}, load.Row{Name: "b", Path: "/b", Weight: 9}, load.Row{Name: "c", Path: "/c"}, load.Row{Name: "d", Path: "/d"})
	s.Turn = load.Duration(100 * time.Millisecond)
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL})
	if err != nil || rep.Total.Count != 40 {
		t.Fatal(rep, err)
	}
	for _, l := range rep.Lines {
		if l.Count != 10 {
			t.Errorf("%s was asked %d times of 40", l.Row, l.Count)
		}
	}
	if turns := slices.Compact(asked); len(turns) > 8 { // neighbours may overtake one another at the seams
		t.Errorf("the rows were mixed: %q", turns)
	}
}

// TestBalancer ends one of two instances: what finds no connection goes to the other, what was taken and not answered is a failure with a name.
func TestBalancer(t *testing.T) {
	serve := func(name string) (*httptest.Server, *load.Backend) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/die" {
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write([]byte(name))
		}))
		u, _ := url.Parse(srv.URL)
		return srv, &load.Backend{Name: name, URL: u}
	}
	one, a := serve("one")
	two, b := serve("two")
	defer two.Close()
	balancer := load.NewBalancer(a, b)
	defer balancer.Close()
	if balancer.Up() != 2 {
		t.Fatalf("%d up", balancer.Up())
	}
	one.Close()
	rep, err := load.Run(t.Context(), scenario(200, 200*time.Millisecond, load.Row{Name: "a", Path: "/"}), load.Options{Send: balancer.Do, Base: "http://any"})
	if err != nil || rep.Total.Failed != 0 || rep.Total.Count != 40 {
		t.Errorf("%v, %+v", err, rep)
	}
	var failed error
	if _, err = load.Run(t.Context(), scenario(20, 100*time.Millisecond, load.Row{Name: "a", Path: "/die", Body: []byte("1")}), load.Options{
		Send: balancer.Do, Base: "http://any", Failed: func(_ *load.Answer, err error) { failed = err },
	}); err != nil {
		t.Fatal(err)
	}
	var taken *load.BackendError
	if !errors.As(failed, &taken) || taken.Backend != "two" {
		t.Errorf("%v, want what two did not answer", failed)
	}
}

func TestBadScenarios(t *testing.T) {
	for text, want := range map[string]string{
		`{"rate": 1}`: "duration is",
		`{"rate": 1, "duration": "1s", "mix": [{"name": "a", "path": "x"}]}`:                              "does not begin with /",
		`{"rate": 1, "duration": 5, "mix": []}`:                                                           "a string such as",
		`{"rate": 1, "duration": "1s", "pace": 3}`:                                                        `pace: there is no field "pace"`,
		`{"rate": -1, "duration": "1s", "mix": [{"name": "a", "path": "/"}, {"name": "a", "path": "/"}]}`: "is taken",
		`{"rate": 1, "duration": "1s", "mix": [{"name": "a", "path": "/{x}", "values": {"x": []}}]}`:      "no value for {x}",
	} {
		if _, err := load.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
