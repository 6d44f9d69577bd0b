package graphql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve/graphql"
	"facet/view"
	"facet/view/viewtest"
)

// A world answers selections from JSON values in memory: an object has its fields by name, and "__typename".
type world struct {
	surface  *view.Surface
	attached composer.Attached
	roots    map[string]any // by view, mutation, or "<Shape>/<key>"
	edit     func(p *composer.Part)
	asked    []*composer.Request
	raw      []byte // the answer to everything, if set
}

func (w *world) Surface() *view.Surface       { return w.surface }
func (w *world) Attached() *composer.Attached { return &w.attached }

func (w *world) Answer(_ context.Context, r *composer.Request) iter.Seq[composer.Part] {
	if w.raw != nil {
		return func(yield func(composer.Part) bool) { yield(composer.Part{Data: w.raw, Last: true}) }
	}
	if len(w.asked) > 1000 { // fuzzing
		w.asked = nil
	}
	w.asked = append(w.asked, r)
	p := composer.Part{Last: true, Cache: composer.CacheState{Storable: true}}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, root := range r.Selection.Roots {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(root.Key) + ":")
		name := root.Name
		switch root.Kind {
		case composer.RootTypename:
			b.WriteString(text(root.Name))
			continue
		case composer.RootEntity:
			var key string
			if err := json.Unmarshal(r.Values[root.Entity], &key); err != nil {
				panic(err)
			}
			name += "/" + key
		}
		v := w.roots[name]
		if err, ok := v.(*fault.Error); ok {
			p.Errors = append(p.Errors, composer.Error{Path: []any{root.Key}, Kind: err.Kind, Message: err.Public(), Err: err})
			v = nil
		}
		w.write(&b, r, v, root.Sub, root.Window)
	}
	b.WriteByte('}')
	p.Data = b.Bytes()
	if w.edit != nil {
		w.edit(&p)
	}
	return func(yield func(composer.Part) bool) { yield(p) }
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (w *world) write(b *bytes.Buffer, r *composer.Request, v any, sub []*composer.Node, window int) {
	switch v := v.(type) {
	case []any:
		if window >= 0 {
			win := r.Windows[window]
			v = v[min(win.After, len(v)):]
			if win.First >= 0 {
				v = v[:min(win.First, len(v))]
			}
		}
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			w.write(b, r, x, sub, -1)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		first := true
		for _, n := range sub {
			typ, _ := v["__typename"].(string)
			if n.On != nil && !slices.Contains(n.On, typ) {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.WriteString(text(n.Key) + ":")
			w.write(b, r, v[n.Name], n.Sub, n.Window)
		}
		b.WriteByte('}')
	default:
		b.WriteString(text(v))
	}
}

type object = map[string]any

func films(t testing.TB) *world {
	t.Helper()
	s, diags := view.NewSurface("tv", "v3", viewtest.Home())
	if diags.Failed() {
		t.Fatal(diags.Err())
	}
	jaws := object{"__typename": "Card", "id": "Card:jaws-1975", "key": "jaws-1975", "title": "Jaws", "art": nil,
		"progress": object{"__typename": "Progress", "minutesLeft": 124, "state": "NEW"}, "similar": []any{}}
	alien := object{"__typename": "Card", "id": "Card:alien-1979", "key": "alien-1979", "title": "Alien", "art": "a.jpg", "similar": []any{jaws, jaws}}
	wire := object{"__typename": "SeriesCard", "id": "SeriesCard:wire", "key": "wire", "title": "The Wire", "seasons": 5}
	page := object{"__typename": "Page", "length": 3, "next": nil}
	return &world{surface: s, roots: map[string]any{
		"home": object{"__typename": "Home", "name": "Demo", "recent": []any{"sharks"}, "rowsPage": page, "rows": []any{
			object{"__typename": "HomeRows", "name": "For you", "items": []any{jaws, wire, alien}, "itemsPage": page}}},
		"film": jaws, "search": []any{jaws, alien}, "searchPage": page, "setBookmark": jaws,
		"byGenre":        object{"__typename": "ByGenre", "titles": []any{alien}},
		"Card/jaws-1975": jaws, "SeriesCard/wire": wire,
	}}
}

// one serves a single world as tv v3.
type one struct{ w *world }

func (o one) Find(_ context.Context, device, schema string, _ *asker.Asker) (composer.Answerer, func(), error) {
	if device != "tv" || schema != "v3" {
		return nil, nil, fault.New(fault.NotFound, "there is no schema %s of %s", schema, device)
	}
	return o.w, func() {}, nil
}

func (o one) Near(string, string) []string { return []string{"tv/v3"} }

func anyone(_ *http.Request, device string) (*asker.Asker, error) {
	return &asker.Asker{Device: asker.Device{Type: device, Form: device}, Viewer: asker.Viewer{ID: "u", Profile: "demo", SignedIn: true}}, nil
}

func serveWorld(w *world, edit func(o *graphql.Options)) http.Handler {
	o := graphql.Options{Views: one{w}, Asker: anyone, Introspection: true}
	if edit != nil {
		edit(&o)
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/graphql", graphql.New(o))
	return mux
}

// post sends a query with variables and says what came.
func post(h http.Handler, query string, variables any, headers ...string) *httptest.ResponseRecorder {
	body := object{"query": query}
	if variables != nil {
		body["variables"] = variables
	}
	r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(text(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}
