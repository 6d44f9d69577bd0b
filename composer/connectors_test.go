package composer_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
	"facet/view"
	vt "facet/view/viewtest"
)

// connectorWorld has one view "v" whose output build gives, and the shape "Item" over Item with an argument.
func connectorWorld(t testing.TB, build func(r *vt.Recorder) *view.Output, args ...*view.Arg) *world {
	r := &vt.Recorder{}
	out := build(r)
	s := &vt.Recorder{}
	this := s.Add(view.OpEntity, view.None, "Item!", nil)
	size := s.Arg("size", "Int!")
	shape := &view.Shape{Name: "ItemCard", Type: "Item", Keyed: true, Loadable: true, Subject: this, Args: []*view.Arg{{Name: "size", Type: vt.Type("Int!"), Default: json.RawMessage("1")}},
		Output: vt.Tree("ItemCard", this, false, vt.Field("name", vt.Leaf(s.Field(this, "name", "String!"), "String!")),
			vt.Field("thumb", vt.Leaf(s.Field(this, "thumb", "String", vt.Named("size", size)), "String")))}
	shape.Scope = s.Scope
	p := &vt.Recorder{}
	place := p.Add(view.OpEntity, view.None, "Place!", nil)
	placeCard := &view.Shape{Name: "PlaceCard", Type: "Place", Keyed: true, Loadable: true, Subject: place,
		Output: vt.Tree("PlaceCard", place, false, vt.Field("people", vt.Leaf(p.Field(place, "people", "Int"), "Int")))}
	placeCard.Scope = p.Scope
	w := newWorld(t, "testdata/connectors.graphqls", &view.Build{Format: view.Format, Package: "@tv/connectors", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3",
		Views: []*view.View{{Name: "v", Scope: r.Scope, Output: out, Args: args}}, Shapes: []*view.Shape{shape, placeCard},
		Funcs: []*view.Func{{Name: "f", Source: "({x}) => x", Inputs: []view.FuncInput{{Name: "x", Type: vt.Type("String")}}, Result: vt.Type("String")}}},
		func(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) {
			if in[0] == nil {
				return append(dst, "null"...), nil
			}
			if string(in[0]) == `"n13"` {
				return nil, fault.New(fault.Invalid, "thirteen")
			}
			return append(append(append(dst, `"<`...), in[0][1:len(in[0])-1]...), `>"`...), nil
		})
	items := func(n int) []any {
		var out []any
		for i := range n {
			kind := "odd"
			if i%2 == 0 {
				kind = "even"
			}
			out = append(out, obj{"id": fmt.Sprint("i", i), "kind": kind})
		}
		return out
	}
	for _, op := range []string{"feed", "plain", "counted"} {
		w.tier.List("a.Query."+op, func(*fake.Request) ([]any, error) { return items(7), nil })
	}
	rows := obj{}
	for i := range 20 {
		rows[fmt.Sprint("i", i)] = obj{"id": fmt.Sprint("i", i), "name": fmt.Sprint("n", i), "size": i, "kind": fmt.Sprint("p", i)}
	}
	w.tier.Rows("a.Item", fake.NewTable(rows))
	w.tier.Rows("a.Place", fake.NewTable(map[string]any{"de~berlin": obj{"people": 3}}))
	w.tier.Func("b.Item.thumb", func(r *fake.Request) (any, error) {
		return obj{"url": fake.Text(r.Needs[0][0]) + "/" + r.Arg("size")}, nil
	})
	w.tier.Static("b.Query.settings", `{"mode":"dark","spot":{"code":"B1"},"tags":["x","y","z"]}`)
	w.tier.Func("b.Spot.weather", func(r *fake.Request) (any, error) { return obj{"sky": "blue over " + fake.Text(r.Needs[0][0])}, nil })
	w.tier.Static("a.Query.things", `{"things":[{"kind":"car","id":"1","label":"VW","wheels":4},{"kind":"cat","id":"2","label":"Tom"},{"kind":"dog","id":"3"}]}`)
	w.tier.Static("b.Item.secret", `{"s":"hush"}`)
	w.tier.Fail("a.Query.broken", fault.Unavailable)
	w.tier.Static("b.Query.me", `{"name":"Me"}`)
	w.tier.Static("b.User", `{"id":"u1","name":"Uma"}`)
	return w
}

func TestConnectors(t *testing.T) {
	root := func(fields ...*view.Field) *view.Output { return vt.Tree("V", view.None, true, fields...) }
	list := func(name, typ string, page bool, item func(r *vt.Recorder, it view.ID) *view.Output) func(r *vt.Recorder) *view.Output {
		return func(r *vt.Recorder) *view.Output {
			v := r.Query(name, "["+typ+"!]!")
			if page {
				v = r.Page(v, r.Literal("2", "Int!"), 5, "["+typ+"!]!")
			}
			it := r.Item(v, typ+"!")
			return root(vt.Field("list", vt.Many(v, it, page, true, item(r, it))))
		}
	}
	kind := func(r *vt.Recorder, it view.ID) *view.Output {
		return vt.Tree("VList", it, true, vt.Field("id", vt.Leaf(r.Field(it, "id", "ID!"), "ID!")))
	}
	pick := func(of view.ID, els view.ID, cases ...view.Case) func(v *view.Value) {
		return func(v *view.Value) { v.Cases, v.Else = cases, els }
	}
	listPage := func(w ...composer.Window) func() ([]*composer.Node, []composer.Window) {
		return func() ([]*composer.Node, []composer.Window) {
			ns := nodes("list", nodes("id"), "listPage", nodes("length", "next"))
			if len(w) > 0 {
				ns[0].Window, ns[1].Window = 0, 0
			}
			return ns, w
		}
	}
	ask := func(names ...any) func() ([]*composer.Node, []composer.Window) {
		return func() ([]*composer.Node, []composer.Window) { return nodes(names...), nil }
	}
	for _, tt := range []struct {
		name  string
		build func(r *vt.Recorder) *view.Output
		ask   func() ([]*composer.Node, []composer.Window)
		want  string
		calls int
		errs  []string
	}{
		{"a list by cursors is walked", list("feed", "Item", true, kind), listPage(composer.Window{First: 2, After: 2}),
			`{"list":[{"id":"i2"},{"id":"i3"}],"listPage":{"length":5,"next":"` + composer.EncodeCursor(4) + `"}}`, 2, nil},
		{"an unpaged list is cut", list("plain", "Item", true, kind), listPage(composer.Window{First: 2, After: 4}),
			`{"list":[{"id":"i4"}],"listPage":{"length":5,"next":null}}`, 1, nil},
		{"no total: counted by loading up to max", list("counted", "Item", true, kind), listPage(composer.Window{First: -1}),
			`{"list":[{"id":"i0"},{"id":"i1"}],"listPage":{"length":5,"next":"` + composer.EncodeCursor(2) + `"}}`, 2, nil},
		{"max size splits", list("plain", "Item", true, func(r *vt.Recorder, it view.ID) *view.Output {
			return vt.Tree("VList", it, true, vt.Field("name", vt.Leaf(r.Field(it, "name", "String!"), "String!")))
		}), func() ([]*composer.Node, []composer.Window) {
			ns := nodes("list", nodes("name"))
			ns[0].Window = 0
			return ns, []composer.Window{{First: 5}}
		}, `{"list":[{"name":"n0"},{"name":"n1"},{"name":"n2"},{"name":"n3"},{"name":"n4"}]}`, 4, nil},
		{"what came embedded is not loaded; what is loaded under a condition is loaded for those only", list("plain", "Item", true, func(r *vt.Recorder, it view.ID) *view.Output {
			k := r.Field(it, "kind", "String")
			even := r.Field(it, "name", "String!")
			v := r.Add(view.OpPick, k, "String", pick(k, r.Literal(`"none"`, "String!"), view.Case{JSON: json.RawMessage(`"even"`), Value: even}))
			return vt.Tree("VList", it, true, vt.Field("kind", vt.Leaf(k, "String")), vt.Field("pick", vt.Leaf(v, "String")))
		}), ask("list", nodes("kind", "pick")), `{"list":[{"kind":"even","pick":"n0"},{"kind":"odd","pick":"none"}]}`, 2, nil},
		{"arguments by item share columns", list("plain", "Item", true, func(r *vt.Recorder, it view.ID) *view.Output {
			k := r.Field(it, "kind", "String")
			w := r.Add(view.OpPick, k, "Int", pick(k, r.Literal(`1`, "Int!"), view.Case{JSON: json.RawMessage(`"even"`), Value: r.Literal("2", "Int!")}))
			a := r.Field(it, "thumb", "String", vt.Named("size", w))
			b := r.Field(it, "thumb", "String", vt.Named("size", r.Literal("2", "Int!")))
			return vt.Tree("VList", it, true, vt.Field("a", vt.Leaf(a, "String")), vt.Field("b", vt.Leaf(b, "String")))
		}), ask("list", nodes("a", "b")), `{"list":[{"a":"i0/2","b":"i0/2"},{"a":"i1/1","b":"i1/2"}]}`, 4, nil},
		{"a keyless parent, a list of scalars", func(r *vt.Recorder) *view.Output {
			s := r.Query("settings", "Settings!")
			spot := r.Field(s, "spot", "Spot")
			tags := r.Add(view.OpTake, r.Field(s, "tags", "[String!]"), "[String!]", func(v *view.Value) { v.First = r.Literal("2", "Int!") })
			return root(vt.Field("weather", vt.Leaf(r.Field(spot, "weather", "String"), "String")), vt.Field("tags", vt.Leaf(tags, "[String!]")))
		}, ask("weather", "tags"), `{"weather":"blue over B1","tags":["x","y"]}`, 2, nil},
		{"an interface", list("things", "Thing", true, func(r *vt.Recorder, it view.ID) *view.Output {
			return vt.Tree("VList", it, false, vt.Field("label", vt.Leaf(r.Field(it, "label", "String"), "String")))
		}), func() ([]*composer.Node, []composer.Window) {
			ns := nodes("list", nodes("label"))
			ns[0].Window = 0
			return ns, []composer.Window{{First: 3}}
		}, `{"list":[{"label":"VW"},{"label":"Tom"},null]}`, 1, []string{"v list 2 bad_answer"}},
		{"a composite key", func(r *vt.Recorder) *view.Output {
			return root(vt.Field("place", vt.Ref("PlaceCard", r.Query("place", "Place", vt.Named("country", r.Literal(`"de"`, "ID!")), vt.Named("city", r.Literal(`"berlin"`, "ID!"))))))
		}, ask("place", nodes("key", "id", "people")), `{"place":{"key":"de~berlin","id":"PlaceCard:de%7Eberlin","people":3}}`, 1, nil},
		{"entity: true", func(r *vt.Recorder) *view.Output {
			u := r.Query("user", "User", vt.Named("id", r.Literal(`"u1"`, "ID!")))
			return root(vt.Field("name", vt.Leaf(r.Field(u, "name", "String!"), "String")), vt.Field("id2", vt.Leaf(r.Field(u, "id", "ID!"), "ID")))
		}, ask("name", "id2"), `{"name":"Uma","id2":"u1"}`, 1, nil},
		{"shape arguments are identity", func(r *vt.Recorder) *view.Output {
			it := r.Query("item", "Item", vt.Named("id", r.Literal(`"i3"`, "ID!")))
			return root(vt.Field("a", vt.Ref("ItemCard", it, vt.Named("size", r.Literal("5", "Int!")))), vt.Field("b", vt.Ref("ItemCard", it)))
		}, ask("a", nodes("id", "thumb", "name"), "b", nodes("id", "thumb", "name")),
			`{"a":{"id":"ItemCard:5:i3","thumb":"i3/5","name":"n3"},"b":{"id":"ItemCard:1:i3","thumb":"i3/1","name":"n3"}}`, 3, nil},
		{"computed: null in, failure in", func(r *vt.Recorder) *view.Output {
			f := func(id string) view.ID {
				name := r.Field(r.Query("item", "Item", vt.Named("id", r.Literal(`"`+id+`"`, "ID!"))), "name", "String!")
				return r.Add(view.OpComputed, view.None, "String", func(v *view.Value) { v.Args = []*view.Named{vt.Named("x", name)} })
			}
			return root(vt.Field("a", vt.Leaf(f("i1"), "String")), vt.Field("b", vt.Leaf(f("i13"), "String")), vt.Field("c", vt.Leaf(f("zz"), "String")))
		}, ask("a", "b", "c"), `{"a":"<n1>","b":null,"c":null}`, 2, []string{"v b invalid"}},
		{"a guarded field is guarded by entity", func(r *vt.Recorder) *view.Output {
			f := func(id string) view.ID {
				return r.Field(r.Query("item", "Item", vt.Named("id", r.Literal(`"`+id+`"`, "ID!"))), "secret", "String")
			}
			return root(vt.Field("a", vt.Leaf(f("p1"), "String")), vt.Field("b", vt.Leaf(f("i2"), "String")))
		}, ask("a", "b"), `{"a":"hush","b":null}`, 1, []string{"v b forbidden"}},
		{"orElse of a failed list", func(r *vt.Recorder) *view.Output {
			v := r.Guarded(view.OpOrElse, r.Query("broken", "[Item!]!"), r.Literal("[]", "[Item!]!"), 0, "[Item!]!")
			it := r.Item(v, "Item!")
			return root(vt.Field("list", vt.Many(v, it, false, true, kind(r, it))))
		}, ask("list", nodes("id")), `{"list":[]}`, 1, []string{"v list degraded unavailable"}},
		{"a failed list", func(r *vt.Recorder) *view.Output {
			v := r.Query("broken", "[Item!]!")
			it := r.Item(v, "Item!")
			return root(vt.Field("list", vt.Many(v, it, false, true, kind(r, it))))
		}, ask("list", nodes("id")), ``, 1, []string{"v list unavailable"}},
		{"orElse of null", func(r *vt.Recorder) *view.Output {
			name := r.Field(r.Query("item", "Item", vt.Named("id", r.Literal(`"zz"`, "ID!"))), "name", "String!")
			return root(vt.Field("a", vt.Leaf(r.Guarded(view.OpOrElse, name, r.Literal(`"nobody"`, "String!"), 0, "String!"), "String!")))
		}, ask("a"), `{"a":"nobody"}`, 1, nil},
		{"and, or, not, when", func(r *vt.Recorder) *view.Output {
			tv := r.Add(view.OpIs, r.Context("device.form", "String"), "Boolean!", func(v *view.Value) { v.JSON = json.RawMessage(`"tv"`) })
			in := r.Context("viewer.signedIn", "Boolean!")
			both := r.Add(view.OpAnd, view.None, "Boolean!", func(v *view.Value) { v.List = []view.ID{tv, in} })
			not := r.Add(view.OpNot, both, "Boolean!", nil)
			one := r.Add(view.OpOr, view.None, "Boolean!", func(v *view.Value) { v.List = []view.ID{not, tv} })
			w := r.Add(view.OpWhen, one, "String!", func(v *view.Value) {
				v.Cases, v.Else = []view.Case{{Value: r.Literal(`"yes"`, "String!")}}, r.Literal(`"no"`, "String!")
			})
			return root(vt.Field("a", vt.Leaf(w, "String!")), vt.Field("b", vt.Leaf(not, "Boolean!")))
		}, ask("a", "b"), `{"a":"yes","b":false}`, 0, nil},
		{"a fork over who asks plans one arm", func(r *vt.Recorder) *view.Output {
			form := r.Context("device.form", "String")
			a := r.Query("me", "String")
			b := r.Field(r.Query("item", "Item", vt.Named("id", r.Literal(`"i1"`, "ID!"))), "name", "String!")
			v := r.Add(view.OpPick, form, "String", pick(form, b, view.Case{JSON: json.RawMessage(`"tv"`), Value: a}))
			return root(vt.Field("a", vt.Leaf(v, "String")))
		}, ask("a"), `{"a":"Me"}`, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := connectorWorld(t, tt.build)
			ns, windows := tt.ask()
			p := w.ask(&composer.Request{Selection: view1("v", ns), Windows: windows})
			if tt.want == "" {
				tt.want = "null"
			}
			if diff := cmp.Diff(`{"v":`+tt.want+`}`, string(p.Data)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.errs, short(p)); diff != "" {
				t.Error(diff, p.Errors)
			}
			if p.Stats.Calls != tt.calls {
				x, _ := w.engine.Explain(view1("v", ns), nil, w.asker)
				t.Errorf("%s calls, want %d\n%s", strconv.Itoa(p.Stats.Calls), tt.calls, x)
			}
			g := view1("v", ns)
			g.Roots[0].Path = []string{"v"}
			q := w.ask(&composer.Request{Selection: g, Windows: windows, Format: composer.FormatGraph})
			if !json.Valid(q.Data) || len(q.Errors) != len(p.Errors) {
				t.Errorf("graph: %s %v", q.Data, short(q))
			}
		})
	}
}
