package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
	"facet/tiers/fake"
	"facet/view"
	vt "facet/view/viewtest"
)

// A keptWorld is a view of titles by ids, whose rows are kept, over a fake tier.
type keptWorld struct {
	*world
	cache *cache.Cache
}

const keptGraph = `
extend schema
  @source(name: "catalog", http: { baseURL: "http://catalog" }, cache: { maxAge: "1m" })
  @source(name: "people", http: { baseURL: "http://people", headers: [{ name: "Authorization", from: "Authorization" }] }, cache: { maxAge: "1m", missing: "10s" })
type Query {
  titles(ids: [ID!]!): [Title!] @connect(source: "catalog", http: { GET: "/ids?ids={$args.ids}" }, selection: "$.titles { id }", cache: { maxAge: "0s" })
  news: String @connect(source: "people", http: { GET: "/news" }, selection: "$.news")
  title(id: ID!): Title
}
type Title @key(fields: "id") @connect(source: "catalog", http: { POST: "/t", body: "ids: $batch.id" }, selection: "$.titles { id name year }") {
  id: ID!
  name: String
  year: Int
  mark: Int @connect(source: "people", http: { POST: "/m", body: "ids: $batch.id" }, selection: "$.marks { id mark }")
}
type Mutation {
  setMark(id: ID!): Title @writes(field: "Title.mark", key: "$args.id") @connect(source: "people", http: { PUT: "/m/{$args.id}" }, selection: "id")
}`

func newKeptWorld(t testing.TB, o composer.Sharing, bytes int64, maxAge time.Duration) *keptWorld {
	g, ds := graph.Parse("kept.graphqls", []byte(keptGraph))
	if ds.Failed() {
		t.Fatal(ds)
	}
	r := &vt.Recorder{}
	list := r.Query("titles", "[Title!]", vt.Named("ids", r.Arg("ids", "[ID!]!")))
	it := r.Item(list, "Title!")
	some := &view.View{Name: "some", Keys: []string{"ids"}, Args: []*view.Arg{{Name: "ids", Type: vt.Type("[ID!]!")}},
		Output: vt.Tree("Some", view.None, true,
			vt.Field("titles", vt.Many(list, it, false, false, vt.Tree("SomeTitle", it, false,
				vt.Field("name", vt.Leaf(r.Field(it, "name", "String"), "String")),
				vt.Field("year", vt.Leaf(r.Field(it, "year", "Int"), "Int")),
				vt.Field("mark", vt.Leaf(r.Field(it, "mark", "Int"), "Int"))))),
			vt.Field("news", vt.Leaf(r.Query("news", "String"), "String")))}
	some.Scope = r.Scope
	if maxAge > 0 {
		some.Cache = &view.Cache{MaxAge: maxAge}
	}
	m := &vt.Recorder{}
	set := m.Add(view.OpEffect, view.None, "Title", func(v *view.Value) { v.Name, v.Args = "setMark", []*view.Named{vt.Named("id", m.Arg("id", "ID!"))} })
	mark := m.Field(set, "mark", "Int")
	setMark := &view.Mutation{Name: "setMark", Scope: m.Scope, Effects: []view.ID{set}, Args: []*view.Arg{{Name: "id", Type: vt.Type("ID!")}}, Output: vt.Leaf(mark, "Int")}
	s, ds := view.NewSurface("tv", "v1", &view.Build{Format: view.Format, Package: "@tv/some", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v1", Graph: g.Digest, Views: []*view.View{some}, Mutations: []*view.Mutation{setMark}})
	if ds.Failed() {
		t.Fatal(ds)
	}
	w := &keptWorld{world: &world{t: t, g: g, tier: fake.New(), asker: &asker.Asker{}}}
	if bytes > 0 {
		w.cache = cache.New(cache.Settings{Bytes: bytes})
		o.Cache = w.cache
	}
	l := composer.NewSharing(g, composer.TiersBySource(w.tier.For(g)), o)
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: s, Loaders: l})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	w.tier.Func("catalog.Query.titles", func(r *fake.Request) (any, error) {
		var ids []string
		_ = json.Unmarshal(r.Args["ids"], &ids)
		rows := []any{}
		for _, id := range ids {
			rows = append(rows, obj{"id": id})
		}
		return obj{"titles": rows}, nil
	})
	titles, marks := obj{}, obj{}
	for i := range 40 {
		id := fmt.Sprint("t", i)
		titles[id] = obj{"id": id, "name": "Film " + id, "year": 1900 + i}
		if i%2 == 0 {
			marks[id] = obj{"mark": i}
		}
	}
	w.tier.Rows("catalog.Title", fake.NewTable(titles))
	w.tier.Rows("people.Title.mark", fake.NewTable(marks))
	w.tier.Static("people.Query.news", `{"news":"none"}`)
	w.tier.Func("people.Mutation.setMark", func(r *fake.Request) (any, error) { return obj{"id": r.Arg("id")}, nil })
	return w
}

// ask asks some fields of titles; the answer, and what the tier was asked for besides the list, as "op: keys".
func (w *keptWorld) ask(ctx context.Context, fields string, ids ...string) (data string, calls []string, p composer.Part) {
	before := len(w.tier.Calls("*"))
	raw, _ := json.Marshal(append([]string{}, ids...))
	var names []any
	for _, f := range strings.Fields(fields) {
		names = append(names, f)
	}
	sel := view1("some", nodes("titles", nodes(names...)), composer.Arg{Name: "ids", Value: 0})
	if fields == "" {
		sel = view1("some", nodes("news"), composer.Arg{Name: "ids", Value: 0})
	}
	for p = range w.engine.Answer(ctx, &composer.Request{Selection: sel, Values: []json.RawMessage{raw}, Asker: w.asker}) {
		data = string(p.Data)
	}
	for _, c := range w.tier.Calls("*")[before:] {
		if c.Operation.ID != "catalog.Query.titles" {
			calls = append(calls, c.Operation.ID+": "+strings.Join(c.Keys(), " "))
		}
	}
	return data, calls, p
}

// TestKeptRows: of a batch the rows that are not kept are asked for, and nothing else.
func TestKeptRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newKeptWorld(t, composer.Sharing{}, 1<<20, 0)
		defer w.cache.Close()
		for _, x := range []struct {
			fields, ids, want, calls string
			n, kept                  int
		}{
			{"name", "t1 t2", `[{"name":"Film t1"},{"name":"Film t2"}]`, "catalog.Title: t1 t2", 2, 0},
			{"name", "t2 t1", `[{"name":"Film t2"},{"name":"Film t1"}]`, "", 1, 1},
			{"name year", "t1 t3 t2", `[{"name":"Film t1","year":1901},{"name":"Film t3","year":1903},{"name":"Film t2","year":1902}]`, "catalog.Title: t3", 2, 0},
			{"name", "t1 none", `[{"name":"Film t1"},{"name":null}]`, "catalog.Title: none", 2, 0},
			{"name", "t1 none", `[{"name":"Film t1"},{"name":null}]`, "catalog.Title: none", 2, 0}, // the graph has nothing missing kept
			{"mark", "t1 t2", `[{"mark":null},{"mark":2}]`, "people.Title.mark: t1 t2", 2, 0},
			{"mark", "t2 t1", `[{"mark":2},{"mark":null}]`, "", 1, 1}, // but here
			{"", "", `"none"`, "people.Query.news: ", 1, 0},
			{"", "", `"none"`, "", 0, 1},
		} {
			data, calls, p := w.ask(t.Context(), x.fields, strings.Fields(x.ids)...)
			want := `{"some":{"titles":` + x.want + `}}`
			if x.fields == "" {
				want = `{"some":{"news":` + x.want + `}}`
			}
			if data != want || strings.Join(calls, "; ") != x.calls || p.Stats.Calls != x.n || p.Stats.Kept != x.kept {
				t.Errorf("%q of %q: %s\ncalls %q, %d made and %d spared, want %q, %d and %d", x.fields, x.ids, data, calls, p.Stats.Calls, p.Stats.Kept, x.calls, x.n, x.kept)
			}
		}
		line := composer.NewTimeline()
		w.ask(composer.WithWatcher(t.Context(), line), "name", "t1", "t2", "t9")
		for _, c := range line.Read().Calls {
			if c.Operation.ID == "catalog.Title" && (c.Kept != 2 || c.Keys != 3) {
				t.Errorf("on the time line: %d of %d keys kept", c.Kept, c.Keys)
			}
		}
		time.Sleep(time.Minute)
		if _, calls, _ := w.ask(t.Context(), "name", "t1"); len(calls) != 1 {
			t.Errorf("after its age: %q", calls)
		}
	})
}

// TestNotKept: failures are asked again, and take nothing from what is kept.
func TestNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newKeptWorld(t, composer.Sharing{}, 1<<20, 0)
		defer w.cache.Close()
		w.ask(t.Context(), "name", "t1")
		good := func(r *fake.Request) (any, error) {
			rows := []any{}
			for _, k := range r.Keys() {
				rows = append(rows, obj{"id": k, "name": "Film " + k, "year": 1})
			}
			return obj{"titles": rows}, nil
		}
		for name, f := range map[string]fake.Func{
			"a failure":     func(*fake.Request) (any, error) { return nil, fault.New(fault.Unavailable, "no") },
			"no JSON":       func(*fake.Request) (any, error) { return json.RawMessage(`{"titles":[`), nil },
			"no rows":       func(*fake.Request) (any, error) { return json.RawMessage(`{"error":"x"}`), nil },
			"a wrong type":  func(*fake.Request) (any, error) { return json.RawMessage(`{"titles":[{"id":"t2","name":7}]}`), nil },
			"a row of null": func(*fake.Request) (any, error) { return json.RawMessage(`{"titles":[null]}`), nil },
		} {
			w.tier.Func("catalog.Title", f)
			data, _, p := w.ask(t.Context(), "name", "t1", "t2")
			if !strings.Contains(data, `[{"name":"Film t1"},{"name":null}]`) {
				t.Errorf("%s: %s", name, data)
			}
			if name != "a row of null" && len(p.Errors) != 1 {
				t.Errorf("%s: %v", name, short(p))
			}
			w.tier.Func("catalog.Title", good)
			if data, calls, _ := w.ask(t.Context(), "name", "t2"); data != `{"some":{"titles":[{"name":"Film t2"}]}}` || len(calls) != 1 {
				t.Errorf("after %s: %s %q", name, data, calls)
			}
			w.cache.Invalidate([]cache.Write{{Type: "Title", Field: "name", Key: []string{"t2"}}})
		}
		// A field that nobody had read is wrong: who reads it makes the row be asked for again.
		w.tier.Func("catalog.Title", func(*fake.Request) (any, error) {
			return json.RawMessage(`{"titles":[{"id":"t5","name":"five","year":"?"}]}`), nil
		})
		w.ask(t.Context(), "name", "t5")
		if _, calls, p := w.ask(t.Context(), "year", "t5"); len(calls) != 0 || len(p.Errors) != 1 {
			t.Errorf("%q %v", calls, short(p))
		}
		w.tier.Func("catalog.Title", good)
		if data, calls, _ := w.ask(t.Context(), "year", "t5"); len(calls) != 1 || data != `{"some":{"titles":[{"year":1}]}}` {
			t.Errorf("%s %q", data, calls)
		}
	})
}

// TestKeptByPolicy: a view's policy makes what is kept too old for it, and a mutation reads nothing that was kept.
func TestKeptByPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newKeptWorld(t, composer.Sharing{}, 1<<20, 5*time.Second)
		defer w.cache.Close()
		for _, x := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {4 * time.Second, 0}, {2 * time.Second, 1}, {4 * time.Second, 0}} {
			time.Sleep(x.after)
			if _, calls, _ := w.ask(t.Context(), "name", "t1"); len(calls) != x.calls {
				t.Errorf("%v: %q", x, calls)
			}
		}
		w.ask(t.Context(), "mark", "t2", "t4")
		w.tier.Func("people.Title.mark", func(r *fake.Request) (any, error) {
			rows := []any{}
			for _, k := range r.Keys() {
				rows = append(rows, obj{"id": k, "mark": 77})
			}
			return obj{"marks": rows}, nil
		})
		sel := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "setMark", Window: -1, Args: []composer.Arg{{Name: "id", Value: 0}}}}}
		for p := range w.engine.Answer(t.Context(), &composer.Request{Selection: sel, Values: []json.RawMessage{quoted("t2")}, Asker: w.asker}) {
			if string(p.Data) != `{"m":77}` {
				t.Errorf("the mutation answers %s %v", p.Data, short(p))
			}
		}
		if data, calls, _ := w.ask(t.Context(), "mark", "t2", "t4"); data != `{"some":{"titles":[{"mark":77},{"mark":4}]}}` || len(calls) != 1 || calls[0] != "people.Title.mark: t2" {
			t.Errorf("after the mutation: %s %q", data, calls)
		}
	})
}

// TestEqualCalls: equal calls that are no batches are one while two are on their way, each answered by a call that began after it;
// one that leaves takes nobody with it; a source that is set apart makes its own.
func TestEqualCalls(t *testing.T) {
	for _, apart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var o composer.Sharing
			if apart {
				o.Apart = []string{"people"}
			}
			w := newKeptWorld(t, o, 0, 0)
			w.tier.Delay("people", 10*time.Millisecond)
			var wg sync.WaitGroup
			for i := range 12 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Microsecond)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if i == 5 {
						time.AfterFunc(time.Millisecond, cancel)
					}
					data, _, p := w.ask(ctx, "")
					if left := len(p.Errors) == 1 && p.Errors[0].Kind == fault.Canceled; left != (i == 5) || !left && data != `{"some":{"news":"none"}}` {
						t.Errorf("%d: %s %v", i, data, short(p))
					}
				})
			}
			wg.Wait()
			want := 3
			if apart {
				want = 12
			}
			if n := w.tier.Count("people.Query.news"); n != want {
				t.Errorf("%d calls, want %d", n, want)
			}
		})
	}
}

var _ tiers.Tier = identityTier{}
