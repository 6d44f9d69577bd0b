package graphql_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/serve/graphql"
)

// A turn serves one world after another.
type turn struct{ w *world }

func (t *turn) Find(context.Context, string, string, *asker.Asker) (composer.Answerer, func(), error) {
	return t.w, func() {}, nil
}

func (t *turn) Near(string, string) []string { return nil }

// An instance has thousands of engines: what each keeps for this protocol, beside its documents, must be small.
func TestMemoryOfAnEngine(t *testing.T) {
	const n = 200
	surface := films(t).surface
	views := &turn{&world{surface: surface, raw: []byte("{}")}}
	h := http.NewServeMux()
	h.Handle("/{device}/{schema}/graphql", graphql.New(graphql.Options{Views: views, Asker: anyone, Introspection: true}))
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	post(h, "{ home { name } }", nil)
	kept := make([]*world, n)
	before := heap()
	for i := range n {
		kept[i] = &world{surface: surface, raw: []byte("{}")}
		views.w = kept[i]
		for j := range 3 {
			query := fmt.Sprintf("query Q%d($f: TitleFilter!, $n: Int) { home { name recent rows(first: $n) { items { ... on Card { title } } } } search(filter: $f) { title } }", j)
			if rec := post(h, query, object{"f": object{"text": "x"}}); rec.Code != 200 {
				t.Fatal(rec.Body)
			}
		}
	}
	each := (heap() - before) / n
	t.Logf("%d bytes an engine with three documents", each)
	if each > 32<<10 {
		t.Errorf("an engine takes %d bytes with three documents, want at most 32 KB", each)
	}
	runtime.KeepAlive(kept)
}
