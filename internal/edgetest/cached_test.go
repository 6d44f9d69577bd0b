package edgetest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"facet/tiers/cache"
)

// TestFilmsCache: the films' graph keeps the genres for whoever asks, each device in its own part; what it says nothing of is asked each time.
func TestFilmsCache(t *testing.T) {
	w := Films(t, "phone-home", "web-browse")
	w.Cache = cache.New(cache.Settings{Bytes: 1 << 20})
	var last Outcome
	w.Done = func(o Outcome) { last = o }
	e := Open(t, w)
	ask := func(target, viewer string) (string, int, int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("X-Viewer", viewer)
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
		}
		return rec.Body.String(), last.Stats.Calls, last.Stats.Kept
	}
	const western, drama = "/phone/v1/browse?genre=Western&fields=genres,films(title)", "/phone/v1/browse?genre=Drama&fields=genres,films(title)"
	for _, c := range []struct {
		target, viewer string
		calls, kept    int
	}{{western, "demo", 3, 0}, {western, "demo", 2, 1}, {drama, "grace", 2, 1}, {"/phone/v1/browse?genre=War&fields=genres", "new", 0, 1}, {"/web/v1/browse?genre=War&fields=genres", "new", 1, 0}} {
		if _, calls, kept := ask(c.target, c.viewer); calls != c.calls || kept != c.kept {
			t.Errorf("%s of %s: %d calls, %d kept, want %d and %d", c.target, c.viewer, calls, kept, c.calls, c.kept)
		}
	}
	for _, s := range w.Cache.Stats() {
		if s.Source == "catalog" && (s.Hits != 3 || s.Misses != 2) {
			t.Errorf("the catalog: %d hits, %d misses", s.Hits, s.Misses)
		}
	}
}
