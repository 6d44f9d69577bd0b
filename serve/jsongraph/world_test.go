package jsongraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve/jsongraph"
	"facet/view"
	"facet/view/viewtest"
)

// A ref is a reference in the world's data.
type ref struct{ shape, key string }

// A world answers selections from plain data, as a composer does from tiers.
type world struct {
	surface  *view.Surface
	attached composer.Attached

	mu       sync.Mutex
	views    map[string]any            // by name, or name/key
	entities map[string]map[string]any // "Shape/key" -> fields
	broken   map[string]fault.Kind     // "Shape/key" or "Shape/key/field"
	requests []*composer.Request
	public   bool
}

func (w *world) Surface() *view.Surface       { return w.surface }
func (w *world) Attached() *composer.Attached { return &w.attached }

func (w *world) Find(_ context.Context, device, schema string, _ *asker.Asker) (composer.Answerer, func(), error) {
	if device != "tv" || schema != "v3" {
		return nil, nil, fault.New(fault.NotFound, "there is no device schema %s/%s", device, schema)
	}
	return w, func() {}, nil
}

func (w *world) Near(string, string) []string { return []string{"tv/v3"} }

func newWorld(t testing.TB) *world {
	s, ds := view.NewSurface("tv", "v3", viewtest.Home(), people())
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	w := &world{surface: s, views: map[string]any{}, entities: map[string]map[string]any{}, broken: map[string]fault.Kind{}}
	for i := range 30 {
		id := fmt.Sprintf("film-%d", i)
		w.entities["Card/"+id] = map[string]any{"title": "Film " + strconv.Itoa(i), "art": nil, "progress": map[string]any{"minutesLeft": i, "state": "NEW"},
			"similar": []any{ref{"Card", fmt.Sprintf("film-%d", (i+1)%30)}, ref{"Card", fmt.Sprintf("film-%d", (i+2)%30)}}}
	}
	w.entities["SeriesCard/alien"] = map[string]any{"title": "Alien", "seasons": nil}
	w.entities["Profile/demo"] = map[string]any{"name": "Demo", "myList": []any{ref{"Card", "film-3"}}}
	w.entities["Profile/kid"] = map[string]any{"name": "Kid", "myList": []any{}}
	var rows []any
	for r := range 4 {
		items := []any{}
		for i := range 6 {
			items = append(items, ref{"Card", fmt.Sprintf("film-%d", r*5+i)})
		}
		items = append(items, ref{"SeriesCard", "alien"}, nil)
		rows = append(rows, map[string]any{"name": "Row " + strconv.Itoa(r), "items": items})
	}
	w.views["home"] = map[string]any{"name": "Demo", "recent": []string{"jaws", "heat"}, "rows": rows}
	w.views["me"] = ref{"Profile", "demo"}
	w.views["byGenre/DRAMA"] = map[string]any{"titles": []any{ref{"Card", "film-1"}}}
	for i := range 30 {
		w.views["film/"+fmt.Sprintf("film-%d", i)] = ref{"Card", fmt.Sprintf("film-%d", i)}
	}
	w.views["film/gone"] = ref{"Card", "gone"}
	return w
}

// people is a second package on the device: a profile with a list, and what pushes to it.
func people() *view.Build {
	r := &viewtest.Recorder{}
	this := r.Add(view.OpEntity, view.None, "Profile!", nil)
	name := r.Field(this, "name", "String!")
	list := r.Page(r.Field(this, "myList", "[Title!]!"), r.Literal("20", "Int!"), 100, "[Title!]!")
	each := r.Item(list, "Title!")
	profile := &view.Shape{Name: "Profile", Type: "Profile", Keyed: true, Loadable: true, Scope: r.Scope, Subject: this,
		Output: viewtest.Tree("Profile", this, false, viewtest.Field("name", viewtest.Leaf(name, "String!")),
			viewtest.Field("myList", viewtest.Many(list, each, true, true, viewtest.Ref("Card", each))))}
	a := &viewtest.Recorder{}
	title := a.Add(view.OpEntity, view.None, "Title!", nil)
	mark := a.Field(title, "bookmark", "Bookmark", viewtest.Named("profile", a.Arg("profile", "ID!")))
	watched := &view.Shape{Name: "Watched", Type: "Title", Args: []*view.Arg{{Name: "profile", Type: viewtest.Type("ID!")}}, Keyed: true, Loadable: true,
		Scope: a.Scope, Subject: title, Output: viewtest.Tree("Watched", title, false, viewtest.Field("at", viewtest.Leaf(a.Field(mark, "positionSeconds", "Int!"), "Int")))}
	q := &viewtest.Recorder{}
	p := q.Query("profile", "Profile", viewtest.Named("id", q.Context("viewer.profile.id", "ID")))
	me := &view.View{Name: "me", Scope: q.Scope, Output: viewtest.Ref("Profile", p)}
	m := &viewtest.Recorder{}
	mine, film := m.Context("viewer.profile.id", "ID"), m.Arg("title", "ID!")
	changed := m.Add(view.OpEffect, view.None, "MyListChanged", func(v *view.Value) {
		v.Name, v.Args = "addToMyList", []*view.Named{viewtest.Named("profile", mine), viewtest.Named("title", film)}
	})
	push := &view.Mutation{Name: "addToMyList", Scope: m.Scope, Effects: []view.ID{changed}, On: "Profile", As: []string{"myList", "push"},
		Args: []*view.Arg{{Name: "title", Type: viewtest.Type("ID!")}}, Output: viewtest.Ref("Card", m.Field(changed, "title", "Title")),
		Invalidates: []*view.Invalidation{{Shape: "Profile", Field: "myList", Key: []view.Maybe{{Value: mine}}}}}
	return &view.Build{Format: view.Format, Package: "@tv/people", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3", Graph: viewtest.Home().Graph,
		Views: []*view.View{me}, Mutations: []*view.Mutation{push}, Shapes: []*view.Shape{profile, watched, viewtest.Card()},
		Objects: viewtest.Home().Objects, Enums: viewtest.Home().Enums[:1], Funcs: viewtest.Home().Funcs}
}

// Answer implements composer.Answerer for the Graph format.
func (w *world) Answer(_ context.Context, r *composer.Request) iter.Seq[composer.Part] {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r)
	if k := w.broken["reads"]; k != "" && !r.Selection.Mutation {
		return one(composer.Part{Data: []byte("null"), Errors: []composer.Error{{Kind: k, Message: "no reads today"}}, Last: true})
	}
	a := &answer{w: w, r: r, out: map[string]any{}}
	p := composer.Part{Last: true, Cache: composer.CacheState{Storable: true, Public: w.public, MaxAge: 30 * time.Second, Reads: []string{"viewer.profile.id"}}}
	for _, root := range r.Selection.Roots {
		if f := a.root(root, &p); f != nil {
			return one(composer.Part{Data: []byte("null"), Errors: []composer.Error{{Kind: f.Kind, Message: f.Message}}, Last: true})
		}
	}
	p.Data, _ = json.Marshal(a.out)
	p.Errors = append(p.Errors, a.errors...)
	p.Cache.Storable = len(p.Errors) == 0
	return one(p)
}

func one(p composer.Part) iter.Seq[composer.Part] {
	return func(yield func(composer.Part) bool) { yield(p) }
}

type answer struct {
	w      *world
	r      *composer.Request
	out    map[string]any
	errors []composer.Error
}

var atom = map[string]any{"$type": "atom"}

func sentinel(k fault.Kind) any {
	return map[string]any{"$type": "error", "value": map[string]any{"message": string(k), "code": string(k)}, "$expires": 0}
}

func (a *answer) text(i int) string {
	var s any
	_ = json.Unmarshal(a.r.Values[i], &s)
	return fmt.Sprint(s)
}

func (a *answer) root(r *composer.Root, p *composer.Part) *fault.Error {
	switch r.Kind {
	case composer.RootView:
		name := r.Name
		for _, arg := range r.Args {
			name += "/" + a.text(arg.Value)
		}
		found, _ := a.w.surface.View(r.Name)
		data, ok := a.w.views[name]
		if !ok {
			put(a.out, r.Path, atom)
			return nil
		}
		a.write(r.Path, found.Def.Output, data, r.Sub, r.Window)
	case composer.RootEntity:
		var keys []string
		if !r.Many || json.Unmarshal(a.r.Values[r.Entity], &keys) != nil {
			return fault.New(fault.Internal, "no keys")
		}
		for _, k := range keys {
			a.entity(r.Name, k, r.Sub)
		}
	case composer.RootMutation:
		return a.mutation(r, p)
	}
	return nil
}

// halfway is the position at which setBookmark fails after it had an effect.
const halfway = 6660

func (a *answer) mutation(r *composer.Root, p *composer.Part) *fault.Error {
	args := map[string]json.RawMessage{}
	for _, arg := range r.Args {
		args[arg.Name] = a.r.Values[arg.Value]
	}
	var id string
	if json.Unmarshal(args["title"], &id) != nil {
		return fault.New(fault.Invalid, "title must be an ID")
	}
	if a.w.broken[r.Name] != "" {
		p.Errors = append(p.Errors, composer.Error{Path: []any{r.Name, "result"}, Kind: a.w.broken[r.Name], Message: "the tier failed"})
		put(a.out, r.Path, sentinel(a.w.broken[r.Name]))
		return nil
	}
	switch r.Name {
	case "setBookmark":
		var pos int
		if json.Unmarshal(args["positionSeconds"], &pos) != nil || pos < 0 {
			return fault.New(fault.Invalid, "positionSeconds must be an Int from 0")
		}
		if a.w.entities["Card/"+id] == nil {
			return fault.New(fault.NotFound, "there is no such film")
		}
		a.w.entities["Card/"+id]["progress"] = map[string]any{"minutesLeft": pos / 60, "state": "STARTED"}
		p.Invalidated = append(p.Invalidated, composer.Invalidated{Path: []string{"Card", id, "progress"}}, composer.Invalidated{Path: []string{"home"}})
		if pos == halfway { // the first of two effects has happened, the second has not
			p.Errors = append(p.Errors, composer.Error{Path: []any{r.Name, "result"}, Kind: fault.Unavailable, Message: "the second effect failed"})
			put(a.out, r.Path, sentinel(fault.Unavailable))
			return nil
		}
	case "addToMyList":
		e := a.w.entities["Profile/demo"]
		e["myList"] = append(e["myList"].([]any), ref{"Card", id})
		p.Invalidated = append(p.Invalidated, composer.Invalidated{Path: []string{"Profile", "demo", "myList"}})
	}
	found, _ := a.w.surface.Mutation(r.Name)
	a.write(r.Path, found.Def.Output, ref{"Card", id}, r.Sub, -1)
	return nil
}

func put(at map[string]any, path []string, v any) {
	for _, k := range path[:len(path)-1] {
		next, ok := at[k].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[k] = next
		}
		at = next
	}
	if _, there := at[path[len(path)-1]]; !there {
		at[path[len(path)-1]] = v
	}
}

func (a *answer) write(path []string, o *view.Output, data any, sub []*composer.Node, window int) {
	switch {
	case data == nil:
		put(a.out, path, nil)
	case o.Kind == view.Leaf:
		switch data.(type) {
		case map[string]any, []string:
			data = map[string]any{"$type": "atom", "value": data}
		}
		put(a.out, path, data)
	case o.Kind == view.Tree:
		for _, n := range sub {
			if f := o.Field(n.Name); f != nil {
				a.write(append(path[:len(path):len(path)], n.Name), f.Output, data.(map[string]any)[n.Name], n.Sub, n.Window)
			}
		}
	case o.Kind == view.Many:
		items := data.([]any)
		var each []*composer.Node
		for _, n := range sub {
			if n.Name == "length" {
				put(a.out, append(path[:len(path):len(path)], "length"), len(items))
				continue
			}
			each = append(each, n)
		}
		for _, rg := range a.r.Windows[window].Only {
			for i := rg.From; i <= rg.To && i < len(items); i++ {
				a.write(append(path[:len(path):len(path)], strconv.Itoa(i)), o.Item, items[i], each, -1)
			}
		}
	default:
		to := data.(ref)
		put(a.out, path, map[string]any{"$type": "ref", "value": []string{to.shape, to.key}})
		a.entity(to.shape, to.key, sub)
	}
}

func (a *answer) entity(shape, key string, sub []*composer.Node) {
	path := []string{shape, key}
	if k := a.w.broken[shape+"/"+key]; k != "" {
		for _, n := range sub {
			put(a.out, append(path[:2:2], n.Name), sentinel(k))
			a.errors = append(a.errors, composer.Error{Path: []any{shape, key, n.Name}, Kind: k})
		}
		return
	}
	e, ok := a.w.entities[shape+"/"+key]
	if !ok {
		if len(sub) > 0 {
			put(a.out, path, atom)
		}
		return
	}
	sh, _ := a.w.surface.Shape(shape)
	for _, n := range sub {
		if n.On != nil && n.On[0] != shape {
			continue
		}
		at := append(path[:2:2], n.Name)
		switch n.Name {
		case "key":
			put(a.out, at, key)
		case "id":
			put(a.out, at, view.EncodeID(shape, nil, key))
		case "__typename":
			put(a.out, at, shape)
		default:
			if k := a.w.broken[strings.Join(at, "/")]; k != "" {
				put(a.out, at, sentinel(k))
				a.errors = append(a.errors, composer.Error{Path: []any{shape, key, n.Name}, Kind: k})
				continue
			}
			a.write(at, sh.Def.Output.Field(n.Name).Output, e[n.Name], n.Sub, n.Window)
		}
	}
}

// handler serves a world.
func handler(w *world, o jsongraph.Options) http.Handler {
	o.Views = w
	o.Asker = func(r *http.Request, device string) (*asker.Asker, error) {
		return &asker.Asker{Viewer: asker.Viewer{ID: "v", Profile: "demo", Profiles: []string{"demo"}, SignedIn: true}, Device: asker.Device{Type: device, Form: device}, Headers: r.Header}, nil
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(o))
	return mux
}

// show prints the selections that a world was asked, for tests that look at them.
func show(rs []*composer.Request) string {
	var b strings.Builder
	for _, r := range rs {
		for _, root := range r.Selection.Roots {
			fmt.Fprintf(&b, "%s%s", root.Name, strings.Join(root.Path, "/"))
			if root.Kind == composer.RootEntity {
				fmt.Fprintf(&b, "%s", r.Values[root.Entity])
			}
			nodes(&b, r, root.Sub)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func nodes(b *strings.Builder, r *composer.Request, sub []*composer.Node) {
	if len(sub) == 0 {
		return
	}
	b.WriteString("{")
	var parts []string
	for _, n := range sub {
		var p strings.Builder
		p.WriteString(n.Name)
		if n.On != nil {
			fmt.Fprintf(&p, "@%s", strings.Join(n.On, ","))
		}
		if n.Window >= 0 {
			fmt.Fprintf(&p, "%v", r.Windows[n.Window].Only)
		}
		nodes(&p, r, n.Sub)
		parts = append(parts, p.String())
	}
	sort.Strings(parts)
	b.WriteString(strings.Join(parts, " ") + "}")
}
