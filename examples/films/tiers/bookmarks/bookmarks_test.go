package bookmarks

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, path string, now func() time.Time) *Tier {
	t.Helper()
	tier, err := Open(path, data.Load(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tier.Close(); err != nil {
			t.Error(err)
		}
	})
	return tier
}

// ask sends one request, "PUT /bookmarks/demo/up-2009", with an Idempotency-Key if there is one.
func ask(tier *Tier, what, body, key string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(what, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	tier.ServeHTTP(w, r)
	return w
}

// TestStory asks one handler one thing after another.
func TestStory(t *testing.T) {
	now := noon
	h := open(t, filepath.Join(t.TempDir(), "a.db"), func() time.Time { return now })
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

// TestOnce: a write with a key has one effect and one answer, over a restart and until the key's day is over.
func TestOnce(t *testing.T) {
	now, path := noon, filepath.Join(t.TempDir(), "a.db")
	clock := func() time.Time { return now }
	first, err := Open(path, data.Load(), clock)
	if err != nil {
		t.Fatal(err)
	}
	const saved = `{"title":"up-2009","positionSeconds":90,"updatedAt":"2026-11-22T12:00:00Z"}`
	if w := ask(first, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":90}`, "a"); w.Code != 200 || w.Body.String() != saved || w.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	tier := open(t, path, clock)
	for _, c := range []struct {
		after          time.Duration
		ask, body, key string
		status         int
		want           string
		replayed       bool
	}{
		{1, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":90}`, "a", 200, saved, true},
		{2, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":91}`, "a", 422, `{"error":"the Idempotency-Key was used for another request: make a key for each write"}`, false},
		{3, "DELETE /bookmarks/demo/up-2009", ``, "a", 422, `{"error":"the Idempotency-Key was used for another request: make a key for each write"}`, false},
		{4, "POST /my-list/grace", `{"title":"up-2009"}`, "b", 200, `{"listed":true,"title":"up-2009","total":2}`, false},
		{5, "DELETE /my-list/grace/up-2009", ``, "c", 200, `{"listed":false,"title":"up-2009","total":1}`, false},
		{6, "POST /my-list/grace", `{"title":"up-2009"}`, "b", 200, `{"listed":true,"title":"up-2009","total":2}`, true},
		{7, "GET /my-list/grace?limit=0", ``, "", 200, `{"titles":[],"total":1}`, false},
		{8, "PUT /bookmarks/demo/nothing", `{"positionSeconds":1}`, "d", 404, `{"error":"there is no film \"nothing\""}`, false},
		{9, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":1}`, strings.Repeat("k", 256), 400, `{"error":"an Idempotency-Key is one header of 1 to 255 bytes"}`, false},
		{25 * time.Hour, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":91}`, "a", 200, `{"title":"up-2009","positionSeconds":91,"updatedAt":"2026-11-23T13:00:00Z"}`, false},
	} {
		now = noon.Add(c.after)
		w := ask(tier, c.ask, c.body, c.key)
		if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.status || (w.Header().Get("Idempotency-Replayed") == "true") != c.replayed {
			t.Errorf("%s %s with %s: %d %v (-want +got):\n%s", c.ask, c.body, c.key, w.Code, w.Header(), diff)
		}
	}
	if got, want := tier.kept.answers, 1; got != want { // the day is over for the others
		t.Errorf("%d answers are kept, want %d", got, want)
	}
}

// TestOnceAtTheSameTime: of many with one key and one body, one has the effect and all the answer.
func TestOnceAtTheSameTime(t *testing.T) {
	tier := open(t, filepath.Join(t.TempDir(), "a.db"), time.Now)
	var all sync.WaitGroup
	answers := make([]string, 16)
	for i := range answers {
		all.Go(func() { answers[i] = ask(tier, "POST /my-list/new", `{"title":"up-2009"}`, "one").Body.String() })
	}
	all.Wait()
	for _, a := range answers {
		if a != `{"listed":true,"title":"up-2009","total":1}` {
			t.Errorf("an answer is %s", a)
		}
	}
}

func TestBounds(t *testing.T) {
	ctx := t.Context()
	s := open(t, filepath.Join(t.TempDir(), "a.db"), func() time.Time { return noon }).kept
	do := func(what func(*change) error) error {
		_, _, err := s.once(ctx, "", nil, func(c *change) ([]byte, error) { return nil, what(c) })
		return err
	}
	mark := func(film string) func(*change) error {
		return func(c *change) error { _, err := c.mark("guest-1", film, 1); return err }
	}
	push := func(film string) func(*change) error {
		return func(c *change) error { _, err := c.push("guest-1", film); return err }
	}
	if err := do(func(c *change) error {
		for i := range mostPerProfile {
			if err := mark(fmt.Sprint(i))(c); err != nil {
				return fmt.Errorf("bookmark %d: %w", i, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		do   func(*change) error
		want error
	}{
		"another bookmark":      {mark("one more"), errFull},
		"another on the list":   {push("one more"), errFull},
		"a bookmark that moves": {mark("7"), nil},
	} {
		if err := do(c.do); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(do(func(c *change) error { return c.unmark("guest-1", "7") }), do(push("one more"))); err != nil {
		t.Errorf("room is not given back: %v", err)
	}
	s.entries = mostEntries
	if err := do(func(c *change) error { _, err := c.mark("guest-2", "1", 1); return err }); !errors.Is(err, errFull) {
		t.Errorf("a full store: %v", err)
	}
	// As many answers as are kept: one more costs the oldest.
	s.answers, s.entries = mostAnswers, 0
	for i := range 3 {
		if _, _, err := s.once(ctx, fmt.Sprint("key", i), []byte("r"), func(*change) ([]byte, error) { return []byte("{}"), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if s.answers > mostAnswers+1 {
		t.Errorf("%d answers", s.answers)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"), time.Now).kept
	before := s.entries
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 25 {
				film := fmt.Sprintf("film-%d-%d", i, j)
				_, _, err := s.once(t.Context(), film, []byte(film), func(c *change) ([]byte, error) {
					_, err := c.push("guest-1", film)
					_, err2 := c.mark("guest-1", film, j)
					return []byte("{}"), errors.Join(err, err2)
				})
				if err != nil {
					t.Error(err)
					return
				}
				if m, err := s.marks(context.Background(), "guest-1", []string{film}); err != nil || len(m) != 1 {
					t.Errorf("what was written is not read: %v %v", m, err)
				}
			}
		})
	}
	all.Wait()
	if page, total, err := s.listed(t.Context(), "guest-1", 0, 500); total != 200 || len(page) != 200 || err != nil {
		t.Errorf("%d entries of %d, want 200: %v", len(page), total, err)
	}
	if got, want := s.entries-before, 400; got != want {
		t.Errorf("%d entries are counted, want %d", got, want)
	}
}

func TestOpenWhatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{"a folder": dir, "no folder": filepath.Join(dir, "none", "a.db")} {
		if tier, err := Open(path, data.Load(), time.Now); err == nil {
			t.Errorf("%s opens", name)
			tier.Close()
		}
	}
}

// BenchmarkWrite is a write with a key: one transaction, one sync of the log.
func BenchmarkWrite(b *testing.B) {
	tier := open(b, filepath.Join(b.TempDir(), "a.db"), time.Now)
	for i := 0; b.Loop(); i++ {
		ask(tier, "PUT /bookmarks/demo/up-2009", `{"positionSeconds":90}`, fmt.Sprint(i))
	}
}
