package feed_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve/feed"
)

// reader says that a write of "Title.bookmark" makes a card stale for the profile that it is of.
type reader struct{}

func (reader) Stale(writes []composer.Write, a *asker.Asker) []composer.Invalidated {
	var out []composer.Invalidated
	for _, w := range writes {
		if w.Args["profile"] == a.Viewer.Profile {
			out = append(out, composer.Invalidated{Path: []string{"Card", w.Key[0], "progress"}, Shape: "Card", ID: "Card:" + w.Key[0], Field: "progress"},
				composer.Invalidated{Path: []string{"home"}, View: "home"})
		}
	}
	return out
}

func mark(profile, film string) []composer.Write {
	return []composer.Write{{Type: "Title", Field: "bookmark", Key: []string{film}, Args: map[string]string{"profile": profile}}}
}

type world struct {
	t   *testing.T
	bus *feed.Local
	h   *feed.Handler
	srv *httptest.Server
}

func newWorld(t *testing.T, o feed.Options) *world {
	w := &world{t: t, bus: feed.NewLocal()}
	o.Bus = w.bus
	o.Asker = func(r *http.Request, _ string) (*asker.Asker, error) {
		a := &asker.Asker{Viewer: asker.Viewer{Profile: r.Header.Get("Facet-Profile")}}
		if a.Viewer.Profile == "brief" {
			a.Until = time.Now().Add(100 * time.Millisecond)
		}
		return a, nil
	}
	o.Find = func(_ context.Context, device, _ string, _ *asker.Asker) (feed.Reader, func(), error) {
		if device != "tv" {
			return nil, nil, fault.New(fault.NotFound, "there is no device %q", device)
		}
		return reader{}, func() {}, nil
	}
	w.h = feed.New(o)
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/invalidated.sse", w.h)
	w.srv = httptest.NewServer(mux)
	t.Cleanup(func() { w.h.Close(); w.srv.Close() })
	return w
}

// listen opens a stream and gives its events, "name data".
func (w *world) listen(profile string) <-chan string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.srv.URL+"/tv/v1/invalidated.sse", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Facet-Profile", profile)
	resp, err := w.srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		name := ""
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- name + " " + v
			}
			if strings.HasPrefix(lines.Text(), ":") {
				out <- lines.Text()
			}
		}
	}()
	if e := w.next(out); e != "ready {}" {
		w.t.Fatalf("the first event is %q", e)
	}
	return out
}

func (w *world) next(ch <-chan string) string {
	w.t.Helper()
	select {
	case e, ok := <-ch:
		if !ok {
			return "end"
		}
		return e
	case <-time.After(10 * time.Second):
		w.t.Fatal("no event")
		return ""
	}
}

// TestFeed: each hears what is stale for them; those for whom nothing is stale hear nothing.
func TestFeed(t *testing.T) {
	w := newWorld(t, feed.Options{})
	ann, bob := w.listen("ann"), w.listen("bob")
	w.bus.Publish(mark("ann", "jaws"))
	w.bus.Publish(mark("bob", "alien"))
	w.bus.Publish(nil)
	const one = `invalidated [{"typename":"Card","id":"Card:FILM","field":"progress","path":["Card","FILM","progress"]},{"typename":"Query","field":"home","path":["home"]}]`
	if got, want := w.next(ann), strings.ReplaceAll(one, "FILM", "jaws"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := w.next(bob), strings.ReplaceAll(one, "FILM", "alien"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	w.bus.Lose()
	if got := w.next(ann); got != "lost {}" {
		t.Errorf("%s, want that events were lost", got)
	}
	if w.h.Listening() != 2 {
		t.Errorf("%d listen", w.h.Listening())
	}
	w.h.Close()
	w.h.Close()
	if got := w.next(ann); got != "end" {
		t.Errorf("%s after the close", got)
	}
}

func TestBeatAndEnd(t *testing.T) {
	w := newWorld(t, feed.Options{Beat: 10 * time.Millisecond, Longest: 100 * time.Millisecond})
	ch := w.listen("ann")
	if got := w.next(ch); got != ": still here" {
		t.Errorf("%s, want a beat", got)
	}
	for e := w.next(ch); e != "end"; e = w.next(ch) {
	}
}

// TestExpiry: nobody listens for longer than their token is good.
func TestExpiry(t *testing.T) {
	w := newWorld(t, feed.Options{})
	ann := w.listen("ann")
	if got := w.next(w.listen("brief")); got != "end" {
		t.Errorf("%s after the token's expiry, want the end", got)
	}
	if len(ann) > 0 || w.h.Listening() > 2 {
		t.Error("another listener was harmed")
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, feed.Options{Listeners: 1})
	w.listen("ann")
	for _, c := range []struct {
		method, path string
		want         int
		media        string
	}{
		{"GET", "/tv/v1/invalidated.sse", http.StatusServiceUnavailable, "application/problem+json"},
		{"GET", "/fridge/v1/invalidated.sse", http.StatusNotFound, "application/problem+json"},
		{"HEAD", "/fridge/v1/invalidated.sse", http.StatusNotFound, "application/problem+json"},
		{"HEAD", "/tv/v1/invalidated.sse", http.StatusOK, "text/event-stream"}, // at once, and without a place among the listeners
		{"POST", "/tv/v1/invalidated.sse", http.StatusMethodNotAllowed, "application/problem+json"},
		{"OPTIONS", "/tv/v1/invalidated.sse", http.StatusMethodNotAllowed, "application/problem+json"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, w.srv.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.want || resp.Header.Get("Content-Type") != c.media || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %v, want %d", c.method, c.path, resp.StatusCode, resp.Header, c.want)
		}
	}
	if n := w.h.Listening(); n != 1 {
		t.Errorf("%d listen", n)
	}
}

// TestSlow: a subscriber that does not read costs the others nothing, and is told of its loss.
func TestSlow(t *testing.T) {
	bus := feed.NewLocal()
	slow, stop := bus.Subscribe()
	defer stop()
	for range 1000 {
		bus.Publish(mark("ann", "jaws"))
	}
	n := len(slow)
	for range n {
		if e := <-slow; e.Lost {
			t.Fatal("what came through before the gap is whole")
		}
	}
	bus.Publish(mark("ann", "jaws"))
	if e := <-slow; !e.Lost || len(e.Writes) != 1 {
		t.Errorf("%+v after %d of 1000, want that some were lost", e, n)
	}
}
