package fake_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/fake"
)

var films = &graph.Source{Name: "films", Kind: "http"}

func at(steps ...string) graph.Path { return graph.Path{Steps: steps} }

func leaf(field string, steps ...string) *graph.SelectionItem {
	return &graph.SelectionItem{Field: field, Value: &graph.Selection{Path: at(steps...)}}
}

var (
	titles = &graph.Operation{ID: "films.Title", Source: films, Batch: true, Needs: []string{"id"}, Selection: &graph.Selection{
		Path: at("data", "titles"), Items: []*graph.SelectionItem{leaf("id", "key"), leaf("title", "meta", "name"), leaf("year", "meta", "year")}}}
	title = &graph.Operation{ID: "films.Query.title", Source: films, Args: []string{"id"}, Selection: &graph.Selection{
		Items: []*graph.SelectionItem{leaf("title", "name")}}}
	list = &graph.Operation{ID: "films.Query.titles", Source: films, Page: &graph.Page{Offset: true, Limit: true, Total: &graph.Path{Steps: []string{"total"}}},
		Selection: &graph.Selection{Path: at("items"), Items: []*graph.SelectionItem{leaf("id", "id")}}}
	walked = &graph.Operation{ID: "films.Query.walk", Source: films, Page: &graph.Page{After: true, Limit: true, Next: &graph.Path{Steps: []string{"next"}}},
		Selection: &graph.Selection{Path: at("items"), Items: []*graph.SelectionItem{leaf("id", "id")}}}
	found = &graph.Operation{ID: "films.Query.search", Source: films, Args: []string{"q"}, Selection: &graph.Selection{
		Path: at("hits"), Match: &graph.Match{On: at("kind"), Cases: []graph.MatchCase{
			{JSON: []byte(`"film"`), Member: "Title", Selection: &graph.Selection{Items: []*graph.SelectionItem{leaf("id", "film", "id")}}},
			{JSON: []byte(`"series"`), Member: "Series", Selection: &graph.Selection{Items: []*graph.SelectionItem{leaf("id", "sid")}}},
		}}}}
	rate = &graph.Operation{ID: "films.Mutation.rate", Source: films, Args: []string{"id", "stars"}, Mutation: true}
)

func tier() *fake.Tier {
	table := fake.ParseTable(`{"a":{"title":"A","year":1975},"b":{"title":"B"}}`)
	return fake.New().Rows("films.Title", table).Rows("films.Query.title", table).
		List("films.Query.titles", items).List("films.Query.walk", items).
		Func("films.Query.search", func(r *fake.Request) (any, error) {
			return fake.Answer(r, []map[string]any{{"__typename": "Title", "id": r.Arg("q")}, {"__typename": "Series", "id": "s"}, {"__typename": "Person"}}), nil
		}).
		Func("films.Mutation.rate", func(r *fake.Request) (any, error) {
			return table.Update(r.Arg("id"), func(row any) any {
				return map[string]any{"title": row.(map[string]any)["title"], "year": r.Int("stars")}
			}), nil
		})
}

func items(*fake.Request) ([]any, error) {
	var l []any
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		l = append(l, map[string]string{"id": id})
	}
	return l, nil
}

func raw(texts ...string) []json.RawMessage {
	r := make([]json.RawMessage, len(texts))
	for i, t := range texts {
		r[i] = json.RawMessage(t)
	}
	return r
}

func TestAnswers(t *testing.T) {
	batch := &tiers.Call{Operation: titles, Needs: [][]json.RawMessage{raw(`"b"`, `"x"`, `"a"`)}}
	for _, c := range []struct {
		name  string
		call  *tiers.Call
		setup func(*fake.Tier)
		want  string
		kind  fault.Kind
	}{
		{name: "batch in the selection's form", call: batch,
			want: `{"data":{"titles":[{"key":"b","meta":{"name":"B"}},{"key":"a","meta":{"name":"A","year":1975}}]}}`},
		{name: "single", call: &tiers.Call{Operation: title, Args: raw(`"a"`)}, want: `{"name":"A"}`},
		{name: "single, missing", call: &tiers.Call{Operation: title, Args: raw(`"zz"`)}, kind: fault.NotFound},
		{name: "page", call: &tiers.Call{Operation: list, Page: tiers.Page{Offset: 3, Limit: 1}}, want: `{"items":[{"id":"4"}],"total":5}`},
		{name: "page past the end", call: &tiers.Call{Operation: list, Page: tiers.Page{Offset: 9, Limit: 1}}, want: `{"items":[],"total":5}`},
		{name: "walk", call: &tiers.Call{Operation: walked, Page: tiers.Page{Limit: 2, After: json.RawMessage(`2`)}}, want: `{"items":[{"id":"3"},{"id":"4"}],"next":4}`},
		{name: "walk to the end", call: &tiers.Call{Operation: walked, Page: tiers.Page{Limit: 2, After: json.RawMessage(`4`)}}, want: `{"items":[{"id":"5"}],"next":null}`},
		{name: "union", call: &tiers.Call{Operation: found, Args: raw(`"a"`)},
			want: `{"hits":[{"film":{"id":"a"},"kind":"film"},{"kind":"series","sid":"s"},{"kind":"Person"}]}`},
		{name: "failure", call: batch, setup: func(f *fake.Tier) { f.Fail("films", fault.Unavailable) }, kind: fault.Unavailable},
		{name: "garbage", call: batch, setup: func(f *fake.Tier) { f.Garbage("*") }, want: "<html>\xff not json {"},
		{name: "truncated", call: &tiers.Call{Operation: title, Args: raw(`"a"`)}, setup: func(f *fake.Tier) { f.Truncate("films.Query.title") }, want: `{"name`},
		// The second row of a repeated key has no other field; reversing puts it first.
		{name: "lies", call: batch, setup: func(f *fake.Tier) {
			f.Lie("films.Title", fake.Lies{Reverse: true, Extra: true, Repeat: true, Drop: []string{"b"}, Fields: map[string]string{"year": `"no"`}})
		}, want: `{"data":{"titles":[{"key":"nobody-asked"},{"key":"a"},{"key":"a","meta":{"name":"A","year":"no"}}]}}`},
		{name: "unscripted", call: &tiers.Call{Operation: &graph.Operation{ID: "films.Other", Source: films}}, kind: fault.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := tier()
			if c.setup != nil {
				c.setup(f)
			}
			a, err := f.Call(context.Background(), c.call)
			if got := fault.KindOf(err); got != c.kind {
				t.Fatalf("got kind %q (%v), want %q", got, err, c.kind)
			}
			if err != nil {
				return
			}
			if d := cmp.Diff(c.want, string(a.Body)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMutationIsSeenByReads(t *testing.T) {
	f := tier()
	ctx := context.Background()
	if _, err := f.Call(ctx, &tiers.Call{Operation: rate, Args: raw(`"a"`, `5`)}); err != nil {
		t.Fatal(err)
	}
	a, err := f.Call(ctx, &tiers.Call{Operation: titles, Needs: [][]json.RawMessage{raw(`"a"`)}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(a.Body), `{"data":{"titles":[{"key":"a","meta":{"name":"A","year":5}}]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := tier().Delay("films.Query.title", 200*time.Millisecond)
		start := time.Now()
		if _, err := f.Call(t.Context(), &tiers.Call{Operation: title, Args: raw(`"a"`)}); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 200*time.Millisecond {
			t.Errorf("got %v", got)
		}
		f.Hang("films.Title")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.Call(ctx, &tiers.Call{Operation: titles, Needs: [][]json.RawMessage{raw(`"a"`)}})
		if fault.KindOf(err) != fault.Timeout {
			t.Errorf("got %v, want a timeout", err)
		}
		f.Heal("films.Title").FailFirst("films.Title", 1, fault.Unavailable)
		for _, want := range []fault.Kind{fault.Unavailable, ""} {
			_, err := f.Call(t.Context(), &tiers.Call{Operation: titles, Needs: [][]json.RawMessage{raw(`"a"`)}})
			if fault.KindOf(err) != want {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	})
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := tier()
		gate := f.Hold("films")
		done := make(chan string, 2)
		for _, c := range []*tiers.Call{{Operation: title, Args: raw(`"a"`)}, {Operation: titles, Needs: [][]json.RawMessage{raw(`"a"`, `"b"`)}}} {
			go func() {
				if _, err := f.Call(t.Context(), c); err == nil {
					done <- c.Operation.ID
				}
			}()
		}
		if err := gate.Await(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if !gate.ReleaseOperation("films.Title") || <-done != "films.Title" {
			t.Error("films.Title was not released first")
		}
		gate.Open()
		if got := <-done; got != "films.Query.title" {
			t.Errorf("got %s", got)
		}
		synctest.Wait()
		if got := f.MaxConcurrent("*"); got != 2 {
			t.Errorf("got %d at once, want 2", got)
		}
		if d := cmp.Diff([]string{"a", "b"}, f.Calls("films.Title")[0].Keys()); d != "" {
			t.Error(d)
		}
	})
}
