package bookmarks

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestStory asks one handler one thing after another.
func TestStory(t *testing.T) {
	now := noon
	h := Handler(data.Load(), func() time.Time { return now })
	for i, c := range []struct {
		ask, body string
		status    int
		want      string
	}{
		{"GET /bookmarks/demo?limit=2", "", 200, `{"bookmarks":[{"title":"the-dark-knight-2008","positionSeconds":4200,"updatedAt":"2026-11-21T10:00:00Z"},{"title":"inception-2010","positionSeconds":8700,"updatedAt":"2026-11-20T08:00:00Z"}],"total":4}`},
		{"POST /bookmarks:batchGet", `{"profile":"demo","titles":["up-2009","jaws-1975","jaws-1975"]}`, 200, `{"bookmarks":[{"title":"jaws-1975","positionSeconds":1260,"updatedAt":"2026-11-19T06:00:00Z"}]}`},
		{"POST /bookmarks:batchGet", `{"profile":"guest-1","titles":["up-2009"]}`, 200, `{"bookmarks":[]}`},
		{"PUT /bookmarks/demo/up-2009", `{"positionSeconds":90}`, 200, `{"title":"up-2009","positionSeconds":90,"updatedAt":"2026-11-22T12:00:01Z"}`},
		{"PUT /bookmarks/demo/up-2009", `{"positionSeconds":95}`, 200, `{"title":"up-2009","positionSeconds":95,"updatedAt":"2026-11-22T12:00:02Z"}`},
		{"GET /bookmarks/demo?limit=1", "", 200, `{"bookmarks":[{"title":"up-2009","positionSeconds":95,"updatedAt":"2026-11-22T12:00:02Z"}],"total":5}`},
		{"DELETE /bookmarks/demo/up-2009", "", 200, `{"title":"up-2009"}`},
		{"DELETE /bookmarks/demo/up-2009", "", 200, `{"title":"up-2009"}`},
		{"DELETE /bookmarks/guest-1/up-2009", "", 200, `{"title":"up-2009"}`},
		{"GET /bookmarks/demo?offset=4", "", 200, `{"bookmarks":[],"total":4}`},
		{"GET /my-list/kids", "", 200, `{"titles":[{"id":"shrek-2-2004"},{"id":"up-2009"}],"total":2}`},
		{"POST /my-list/kids", `{"title":"wall-e-2008"}`, 200, `{"listed":true,"title":"wall-e-2008","total":3}`},
		{"POST /my-list/kids", `{"title":"up-2009"}`, 200, `{"listed":true,"title":"up-2009","total":3}`},
		{"GET /my-list/kids?limit=2", "", 200, `{"titles":[{"id":"wall-e-2008"},{"id":"shrek-2-2004"}],"total":3}`},
		{"DELETE /my-list/kids/shrek-2-2004", "", 200, `{"listed":false,"title":"shrek-2-2004","total":2}`},
		{"DELETE /my-list/kids/shrek-2-2004", "", 200, `{"listed":false,"title":"shrek-2-2004","total":2}`},
		{"DELETE /my-list/guest-1/up-2009", "", 200, `{"listed":false,"title":"up-2009","total":0}`},
		{"GET /my-list/guest-1", "", 200, `{"titles":[],"total":0}`},

		{"PUT /bookmarks/nobody/up-2009", `{"positionSeconds":1}`, 404, `{"error":"there is no profile \"nobody\""}`},
		{"PUT /bookmarks/demo/nothing", `{"positionSeconds":1}`, 404, `{"error":"there is no film \"nothing\""}`},
		{"PUT /bookmarks/demo/up-2009", `{"positionSeconds":-1}`, 400, `{"error":"positionSeconds is a number from 0 to 86400"}`},
		{"PUT /bookmarks/demo/up-2009", `{}`, 400, `{"error":"positionSeconds is a number from 0 to 86400"}`},
		{"POST /bookmarks:batchGet", `{"profile":"demo"}`, 400, `{"error":"\"titles\" is missing: give a list of ids"}`},
		{"POST /bookmarks:batchGet", `{"titles":[]}`, 404, `{"error":"there is no profile \"\""}`},
		{"POST /my-list/demo", `{}`, 404, `{"error":"there is no film \"\""}`},
		{"GET /my-list/demo?offset=x", "", 400, `{"error":"offset is \"x\": a count is a number from 0"}`},
	} {
		now = noon.Add(time.Duration(i-2) * time.Second)
		method, path, _ := strings.Cut(c.ask, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(c.body)))
		if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.status {
			t.Errorf("%s %s: %d, want %d (-want +got):\n%s", c.ask, c.body, w.Code, c.status, diff)
		}
	}
}

func TestBounds(t *testing.T) {
	s := newStore(func() time.Time { return noon })
	for i := range mostPerProfile {
		if _, ok := s.mark("guest-1", fmt.Sprint(i), 1); !ok {
			t.Fatalf("bookmark %d is refused", i)
		}
	}
	if _, ok := s.mark("guest-1", "one more", 1); ok {
		t.Error("a full profile takes another bookmark")
	}
	if _, ok := s.push("guest-1", "one more"); ok {
		t.Error("a full profile takes another entry of its list")
	}
	if _, ok := s.mark("guest-1", "7", 2); !ok {
		t.Error("a full profile cannot change a bookmark")
	}
	s.unmark("guest-1", "7")
	if total, ok := s.push("guest-1", "one more"); !ok || total != 1 {
		t.Error("room is not given back")
	}
	s.entries = mostEntries
	if _, ok := s.mark("guest-2", "1", 1); ok {
		t.Error("a full store takes another bookmark")
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newStore(time.Now)
	before := s.entries
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				film := fmt.Sprintf("film-%d-%d", i, j)
				s.push("guest-1", film)
				s.mark("guest-1", film, j)
				s.marks("guest-1", []string{film})
			}
		})
	}
	all.Wait()
	if got, want := len(s.listed("guest-1")), 400; got != want {
		t.Errorf("%d entries are kept, want %d", got, want)
	}
	if got, want := s.entries-before, 800; got != want {
		t.Errorf("%d entries are counted, want %d", got, want)
	}
}
