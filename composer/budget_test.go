package composer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
	"facet/view"
	"facet/view/viewtest"
)

// budgeted is the TV home over its fakes, under a budget of the package and one of the view; rows gives the lengths of the lists.
func budgeted(t testing.TB, limits string, bytes int, rows []int) *world {
	old := filmWorld(t, false)
	b := viewtest.Home()
	for _, shape := range b.Shapes { // a busy machine takes nothing away
		for i := range shape.Scope.Values {
			if v := &shape.Scope.Values[i]; v.Within > 0 {
				v.Within = time.Minute
			}
		}
	}
	b.Graph, b.Limits = old.g.Digest, json.RawMessage(limits)
	if limits == "" {
		b.Limits = nil
	}
	if bytes > 0 {
		b.Views[0].Budget = &view.Size{Bytes: bytes}
	}
	s, ds := view.NewSurface("tv", "v3", b)
	if ds.Failed() {
		t.Fatal(ds)
	}
	var err error
	old.engine, err = composer.NewEngine(composer.Config{Graph: old.g, Surface: s, Tiers: old.tier.For(old.g), Computes: [][]view.Compute{{progress}}})
	if err != nil {
		t.Fatal(err)
	}
	old.tier.List("rows.Profile.rows", func(*fake.Request) ([]any, error) {
		var out []any
		for i, n := range rows {
			items := []any{}
			for j := range n {
				items = append(items, obj{"__typename": "Title", "id": fmt.Sprintf("t%d", (i*3+j)%30)})
			}
			out = append(out, obj{"name": fmt.Sprintf("Row %d", i), "items": items})
		}
		return out, nil
	})
	return old
}

func cards(names ...string) []*composer.Node {
	out := nodes("__typename", "key")
	for _, n := range names {
		out = append(out, &composer.Node{Key: n, Name: n, Window: -1})
	}
	for _, n := range out[1:] {
		n.On = []string{"Card"}
	}
	return out
}

func TestProof(t *testing.T) {
	w := budgeted(t, "", 0, []int{2})
	p, err := w.engine.Prove(composer.RootView, "home")
	if err != nil {
		t.Fatal(err)
	}
	text := func(w composer.Worst) string {
		return fmt.Sprintf("%s calls in %d levels, %s entities, %s items, %s computed", w.Calls, w.Levels, w.Entities, w.Items, w.Computed)
	}
	// 30 rows of 20 under arm "b"; at the widest 40 of 75. A film has 6 similar ones, at the widest 200: the default.
	for _, x := range []struct{ got, want string }{
		{text(p.Default), "11 calls in 2 levels, 4201 entities, 4230 items, 600 computed"},
		{text(p.Widest), "28 calls in 2 levels, 603001 entities, 603040 items, 3000 computed"},
	} {
		if x.got != x.want {
			t.Errorf("got %s, want %s", x.got, x.want)
		}
	}
	ds := p.Check(view.Budget{Calls: 3, Items: 5}, fault.Pos{File: "index.ts", Line: 1})
	want := []string{
		"index.ts:1:0: error B002: view home may take 28 tier calls, its budget is 3; most are of catalog.Title: home.rows (at most 40) × home.rows.items (at most 75). Lower the max of home.rows.items, or raise the budget",
		"index.ts:1:0: error B004: view home may take 603040 items, its budget is 5: home.rows (at most 40) × home.rows.items (at most 75) × home.rows.items.similar (at most 200). Lower the max of home.rows.items.similar, or raise the budget",
	}
	var got []string
	for _, d := range ds {
		got = append(got, d.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	shop, _ := shopWorld(t, false)
	if p, err = shop.engine.Prove(composer.RootView, "shop"); err != nil {
		t.Fatal(err)
	}
	ds = p.Check(view.Budget{Entities: 1000}, fault.Pos{})
	if len(ds) != 1 || ds[0].Fix != "Write .page({ first, max }) or .take(n) on shop.users" {
		t.Errorf("got %v", ds)
	}
}

func TestBudgetOfCalls(t *testing.T) {
	sel := view1("home", nodes("name", "recent", "rows", nodes("name", "items", cards("title", "art", "progress"))))
	for limit := 1; limit <= 7; limit++ {
		w := budgeted(t, fmt.Sprintf(`{"calls":%d}`, limit), 0, []int{3, 3})
		p := w.ask(&composer.Request{Selection: sel})
		if got := len(w.tier.Calls("*")); got > limit {
			t.Errorf("limit %d: %d calls", limit, got)
		}
		if limit < 3 { // profile, searches and rows wait for nothing: the plan tells
			if got := len(w.tier.Calls("*")); got != 0 || string(p.Data) != `{"home":null}` || p.Errors[0].Kind != fault.Limit {
				t.Errorf("limit %d: %d calls, %s %v", limit, got, p.Data, p.Errors)
			}
		}
		if (limit >= 6) != (len(p.Errors)+len(p.Degraded) == 0) {
			t.Errorf("limit %d: %v", limit, short(p))
		}
	}
}

func TestBudgetOfItems(t *testing.T) {
	sel := view1("home", nodes("name", "rows", nodes("items", cards("title"))))
	for _, tt := range []struct {
		limits string
		ok     bool
	}{{`{"items":7}`, false}, {`{"items":8}`, true}, {`{"entities":6}`, false}, {`{"entities":7}`, true}, {`{"bytes":100}`, false}, {`{"bytes":4000}`, true}} {
		w := budgeted(t, tt.limits, 0, []int{3, 3})
		p := w.ask(&composer.Request{Selection: sel})
		if ok := len(p.Errors) == 0; ok != tt.ok {
			t.Errorf("%s: %s %v", tt.limits, p.Data, p.Errors)
		}
		if !tt.ok && (string(p.Data) != `{"home":null}` || p.Errors[0].Kind != fault.Limit || p.Cache.Storable) {
			t.Errorf("%s: %s %v", tt.limits, p.Data, p.Errors)
		}
	}
}

// TestShorten: under any budget of bytes the answer is JSON, fits or has empty lists, each list is what the whole answer's begins
// with, and pages go on where it ends.
func TestShorten(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 4))
		rows := make([]int, r.IntN(7))
		for i := range rows {
			rows[i] = r.IntN(9)
		}
		home := nodes("rowsPage", nodes("length", "next"), "name", "recent", "rows", nodes("itemsPage", nodes("next", "length"), "name", "items", cards("title", "progress")))
		sel := view1("home", home)
		req := composer.Request{Selection: sel}
		if r.IntN(2) == 0 { // pages from somewhere
			home[0].Window, home[3].Window = 0, 1
			req.Windows = []composer.Window{{First: 1 + r.IntN(8), After: r.IntN(3)}}
			req.Windows = append(req.Windows, req.Windows[0])
		}
		bytes := 60 + r.IntN(2500)
		if r.IntN(2) == 0 {
			req.Format = composer.FormatGraph
			sel.Roots[0].Path = []string{"home"}
		}
		whole, cut := req, req
		w := budgeted(t, "", 0, rows)
		all := w.ask(&whole)
		limits, own := "", bytes
		if r.IntN(3) == 0 && req.Format == composer.FormatTree {
			limits, own = fmt.Sprintf(`{"bytes":%d,"shorten":true}`, bytes), 0
		}
		wc := budgeted(t, limits, own, rows)
		got := wc.ask(&cut)
		if !json.Valid(got.Data) {
			t.Fatalf("seed %d: no JSON: %s", seed, got.Data)
		}
		var a, b any
		if err := json.Unmarshal(all.Data, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got.Data, &b); err != nil {
			t.Fatal(err)
		}
		if len(got.Errors) > 0 { // a package's own bytes, which even empty lists are past
			if limits == "" || string(got.Data) != `{"home":null}` || got.Errors[0].Kind != fault.Limit {
				t.Fatalf("seed %d: %s %v", seed, got.Data, got.Errors)
			}
			continue
		}
		size, frame := len(got.Data), len(`{"home":}`)
		if req.Format == composer.FormatGraph {
			frame = 0
		}
		if size-frame > bytes {
			for _, s := range got.Shortened {
				if s.To != 0 {
					t.Fatalf("seed %d: %d bytes of %d, and %v has %d items", seed, size-frame, bytes, s.Path, s.To)
				}
			}
			if len(got.Shortened) == 0 && len(rows) > 0 {
				t.Fatalf("seed %d: %d bytes of %d", seed, size-frame, bytes)
			}
		}
		if (len(all.Data)-frame <= bytes) != (len(got.Shortened) == 0) && len(rows) > 0 {
			t.Fatalf("seed %d: %d bytes of %d, shortened %v", seed, len(all.Data)-frame, bytes, got.Shortened)
		}
		begins(t, seed, "", a, b, got.Shortened)
		again := wc.ask(&cut)
		if diff := cmp.Diff(string(got.Data), string(again.Data)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if req.Format == composer.FormatTree {
			pages(t, seed, got)
		}
	}
}

// begins sees that a shortened value is a beginning of the whole one.
func begins(t *testing.T, seed uint64, path string, whole, got any, cuts []composer.Shortened) {
	t.Helper()
	switch w := whole.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			t.Fatalf("seed %d: %s is %v", seed, path, got)
		}
		for k, v := range g {
			ww, ok := w[k]
			if !ok {
				t.Fatalf("seed %d: %s.%s is new", seed, path, k)
			}
			if k == "next" {
				continue
			}
			begins(t, seed, path+"."+k, ww, v, cuts)
		}
		if len(g) < len(w) && path != "" && !strings.HasPrefix(path, ".Card") && !json.Valid([]byte(firstKey(w))) { // entities of a JSON Graph go with their references
			t.Fatalf("seed %d: %s lost fields: %v of %v", seed, path, g, w)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) > len(w) {
			t.Fatalf("seed %d: %s is %v", seed, path, got)
		}
		for i := range g {
			begins(t, seed, fmt.Sprintf("%s.%d", path, i), w[i], g[i], cuts)
		}
		if len(g) < len(w) {
			said := false
			for _, c := range cuts {
				at := ""
				for _, k := range c.Path {
					at += fmt.Sprint(".", k)
				}
				said = said || at == path && c.From == len(w) && c.To == len(g)
			}
			if !said {
				t.Fatalf("seed %d: %s has %d of %d, which nobody says: %v", seed, path, len(g), len(w), cuts)
			}
		}
	default:
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Fatalf("seed %d: %s: %s", seed, path, diff)
		}
	}
}

func firstKey(m map[string]any) string {
	for k := range m {
		return k
	}
	return ""
}

// pages sees that `next` is the first item that was left out.
func pages(t *testing.T, seed uint64, p composer.Part) {
	t.Helper()
	type page struct {
		Length int
		Next   *string
	}
	var got struct {
		Home struct {
			RowsPage page
			Rows     []struct {
				ItemsPage page
				Items     []any
			}
		}
	}
	if err := json.Unmarshal(p.Data, &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Shortened {
		pg, n := got.Home.RowsPage, len(got.Home.Rows)
		switch {
		case len(c.Path) == 4:
			row := got.Home.Rows[c.Path[2].(int)]
			pg, n = row.ItemsPage, len(row.Items)
		case c.Path[1] != "rows":
			continue
		}
		if pg.Next == nil || n != c.To {
			t.Fatalf("seed %d: %v: no next page after %d: %s", seed, c, n, p.Data)
		}
		if at, ok := composer.DecodeCursor(*pg.Next); !ok || at < c.To || at >= pg.Length {
			t.Fatalf("seed %d: %v: the next page begins at %d of %d", seed, c, at, pg.Length)
		}
	}
}
