package tiertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A Subject is a tier over a fresh World.
type Subject struct {
	Tier       tiers.Tier
	Operations map[string]*graph.Operation
	// Break makes an operation fail so that the tier must report Reported of the kind; "" heals it.
	Break func(operation string, k fault.Kind)
	// Slow makes an operation answer late.
	Slow func(operation string, d time.Duration)
	// Below names the key under which an operation's answer has what the World answers; "" where it is the answer itself.
	Below map[string]string
}

// Run runs the suite. open makes a fresh Subject; answers of more than Large bytes are too large for it.
func Run(t *testing.T, open func(t *testing.T) *Subject) {
	for _, c := range []struct {
		name string
		f    func(*testing.T, *Subject)
	}{
		{"batch", batch}, {"single", single}, {"values arrive as they are", escaping}, {"null and lists", nulls}, {"page", pages}, {"walk", walk},
		{"headers", headers}, {"failures", failures}, {"timeout", timeout}, {"cancel", cancel}, {"mutation", mutation}, {"concurrency", concurrency},
	} {
		t.Run(c.name, func(t *testing.T) { c.f(t, open(t)) })
	}
}

func js(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// call makes a call with arguments by name and keys.
func (s *Subject) call(op string, args map[string]any, keys ...string) *tiers.Call {
	o := s.Operations[op]
	c := &tiers.Call{Operation: o, Context: []json.RawMessage{js("ada")}}
	for _, n := range o.Args {
		var v json.RawMessage
		if a, ok := args[n]; ok {
			v = js(a)
		}
		c.Args = append(c.Args, v)
	}
	if o.Needs != nil {
		col := []json.RawMessage{}
		for _, k := range keys {
			col = append(col, js(k))
		}
		c.Needs = [][]json.RawMessage{col}
	}
	return c
}

func (s *Subject) get(ctx context.Context, c *tiers.Call) (v map[string]any, err error) {
	a, err := s.Tier.Call(ctx, c)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(a.Body, &v)
	if a.Release != nil {
		a.Release()
	}
	if key := s.Below[c.Operation.ID]; key != "" && err == nil {
		v, _ = v[key].(map[string]any)
	}
	return v, err
}

func (s *Subject) must(t *testing.T, c *tiers.Call) map[string]any {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	v, err := s.get(ctx, c)
	if err != nil {
		t.Fatalf("%s: %v", c.Operation.ID, err)
	}
	return v
}

func batch(t *testing.T, s *Subject) {
	keys := []string{"b", "missing", `a/"\ é 👓`, "c"}
	c := s.call(Titles, map[string]any{"lang": "en"}, keys...)
	got := s.must(t, c)
	var want []any
	for _, k := range []string{keys[0], keys[2], keys[3]} {
		want = append(want, map[string]any{"id": k, "title": "title of " + k, "lang": "en"})
	}
	if d := cmp.Diff(map[string]any{"titles": want}, got); d != "" {
		t.Error(d)
	}
	for i := range c.Needs[0] { // nothing of the call is kept
		for k := range c.Needs[0][i] {
			c.Needs[0][i][k] = '#'
		}
	}
	if d := cmp.Diff([]any{}, s.must(t, s.call(Titles, nil, "missing"))["titles"]); d != "" {
		t.Error("a batch of which nothing exists: ", d)
	}
}

func single(t *testing.T, s *Subject) {
	got := s.must(t, s.call(Title, map[string]any{"id": "jaws-1975", "lang": "en"}))
	if got["id"] != "jaws-1975" || got["lang"] != "en" {
		t.Errorf("got %v", got)
	}
	_, err := s.get(t.Context(), s.call(Title, map[string]any{"id": "missing"}))
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func escaping(t *testing.T, s *Subject) {
	for _, v := range []string{"a b", "a/b", "../x", "..%2fx", "%41", "?x=1&y=2#z", "a+b", "a=b&c", "{x}", "\"quoted\"", `back\slash`, "\n\t\x01", "日本語", "👓",
		"a;b,c", "http://elsewhere/", "a:b@c", "~-._", "</script>", " "} {
		got := s.must(t, s.call(Title, map[string]any{"id": v, "lang": v}))
		if got["id"] != v || got["lang"] != v {
			t.Errorf("%q arrived as id %q, lang %q", v, got["id"], got["lang"])
		}
	}
	for _, v := range []string{"", ".", ".."} {
		if _, err := s.get(t.Context(), s.call(Title, map[string]any{"id": v})); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: got %v, want not_found", v, err)
		}
	}
}

func nulls(t *testing.T, s *Subject) {
	got := s.must(t, s.call(Title, map[string]any{"id": "a", "tags": []string{"x&y", "z"}}))
	if d := cmp.Diff([]any{nil, []any{"x&y", "z"}}, []any{got["lang"], got["tags"]}); d != "" {
		t.Error(d)
	}
	if got := s.must(t, s.call(Titles, nil, "a"))["titles"].([]any)[0].(map[string]any)["lang"]; got != nil {
		t.Errorf("got %v, want null", got)
	}
}

func pages(t *testing.T, s *Subject) {
	for _, c := range []struct{ offset, limit, want, first int }{{0, 3, 3, 0}, {20, 10, 5, 20}, {40, 5, 0, 0}} {
		call := s.call(List, nil)
		call.Page = tiers.Page{Offset: c.offset, Limit: c.limit}
		got := s.must(t, call)
		items := got["items"].([]any)
		if len(items) != c.want || c.want > 0 && items[0] != float64(c.first) || got["total"] != float64(Total) {
			t.Errorf("offset %d, limit %d: got %v", c.offset, c.limit, got)
		}
	}
}

func walk(t *testing.T, s *Subject) {
	var after json.RawMessage
	n, steps := 0, 0
	for ; steps < 10; steps++ {
		call := s.call(Walk, nil)
		call.Page = tiers.Page{Limit: 10, After: after}
		got := s.must(t, call)
		n += len(got["items"].([]any))
		next, ok := got["next"]
		if !ok || next == nil {
			break
		}
		after = js(next)
	}
	if n != Total || steps != 2 {
		t.Errorf("got %d items in %d more steps, want %d in 2", n, steps, Total)
	}
}

func headers(t *testing.T, s *Subject) {
	c := s.call(Title, map[string]any{"id": "a"})
	c.Headers = http.Header{"Accept-Language": {"de"}, "X-Trace": {"t1"}, "Cookie": {"secret"}, "Authorization": {"secret"}, "X-Other": {"secret"}}
	got, _ := s.must(t, c)["headers"].(map[string]any)
	if got["X-Locale"] != "de" || got["X-Trace"] != "t1" {
		t.Errorf("got %v, want X-Locale: de and X-Trace: t1", got)
	}
	for name, v := range got {
		if v == "secret" {
			t.Errorf("%s went to the tier, and is not listed", name)
		}
	}
}

func failures(t *testing.T, s *Subject) {
	for _, k := range Kinds {
		s.Break(Title, k)
		_, err := s.get(t.Context(), s.call(Title, map[string]any{"id": "a"}))
		if got, want := fault.KindOf(err), Reported(k); got != want {
			t.Errorf("a backend that shows %q: got %q (%v), want %q", k, got, err, want)
		}
		if got := fault.Public(err); len(got) > 100 || got == "" || strings.Contains(got, "secret") {
			t.Errorf("%s: the device would read %q", k, got)
		}
		s.Break(Title, "")
		s.must(t, s.call(Title, map[string]any{"id": "a"}))
	}
}

func timeout(t *testing.T, s *Subject) {
	s.Slow(Title, 5*time.Second)
	ctx, done := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer done()
	start := time.Now()
	_, err := s.get(ctx, s.call(Title, map[string]any{"id": "a"}))
	if fault.KindOf(err) != fault.Timeout {
		t.Errorf("got %v, want timeout", err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
}

func cancel(t *testing.T, s *Subject) {
	s.Slow(Title, 5*time.Second)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, stop)
	defer stop()
	if _, err := s.get(ctx, s.call(Title, map[string]any{"id": "a"})); fault.KindOf(err) != fault.Canceled {
		t.Errorf("got %v, want canceled", err)
	}
	if _, err := s.get(ctx, s.call(Titles, nil, "a")); fault.KindOf(err) != fault.Canceled {
		t.Errorf("over before it began: got %v, want canceled", err)
	}
}

func mutation(t *testing.T, s *Subject) {
	c := s.call(Rate, map[string]any{"id": "a b", "stars": 5})
	c.Idempotency = "k-1"
	if got := s.must(t, c)["again"]; got != false {
		t.Errorf("got again: %v", got)
	}
	if got := s.must(t, c)["again"]; got != true {
		t.Errorf("the idempotency key did not arrive: again is %v", got)
	}
	if got := s.must(t, s.call(Title, map[string]any{"id": "a b"}))["stars"]; got != 5.0 {
		t.Errorf("got %v stars, want 5", got)
	}
}

func concurrency(t *testing.T, s *Subject) {
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 25 {
				k := fmt.Sprintf("%d-%d", g, i)
				a, err := s.Tier.Call(t.Context(), s.call(Titles, nil, k))
				if err != nil {
					t.Errorf("%s: %v", k, err)
					return
				}
				var v struct{ Titles []struct{ ID, Title string } }
				if err := json.Unmarshal(a.Body, &v); err != nil || len(v.Titles) != 1 || v.Titles[0].Title != "title of "+k {
					t.Errorf("%s: got %s", k, a.Body)
				}
				if a.Release != nil {
					a.Release()
				}
			}
		})
	}
	wg.Wait()
}
