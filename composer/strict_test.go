package composer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
	"facet/view"
	vt "facet/view/viewtest"
)

// strictWorld has a view and a mutation that pass an optional argument to what the graph declares non-null. The mutation puts
// one and then w.
func strictWorld(t *testing.T) *world {
	r := &vt.Recorder{}
	w := r.Arg("w", "Int")
	item := r.Query("item", "Item", vt.Named("id", r.Literal(`"i1"`, "ID!")))
	out := vt.Tree("Strict", view.None, true,
		vt.Field("total", vt.Leaf(r.Query("total", "Int", vt.Named("w", w)), "Int")),
		vt.Field("scaled", vt.Leaf(r.Query("scaled", "Int", vt.Named("w", w)), "Int")),
		vt.Field("extra", vt.Leaf(r.Field(item, "extra", "Int", vt.Named("w", w)), "Int")))
	m := &vt.Recorder{}
	first, second := m.Arg("one", "Int"), m.Arg("w", "Int")
	put := func(w view.ID) view.ID {
		return m.Add(view.OpEffect, view.None, "Int", func(v *view.Value) { v.Name, v.Args = "put", []*view.Named{vt.Named("w", w)} })
	}
	effects := []view.ID{put(first), put(second)}
	optional := func(names ...string) []*view.Arg {
		var args []*view.Arg
		for _, n := range names {
			args = append(args, &view.Arg{Name: n, Type: vt.Type("Int")})
		}
		return args
	}
	b := &view.Build{Format: view.Format, Package: "@tv/strict", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3",
		Views: []*view.View{{Name: "strict", Args: optional("w"), Scope: r.Scope, Output: out}},
		Mutations: []*view.Mutation{{Name: "put", Args: optional("one", "w"), Scope: m.Scope, Effects: effects,
			Metrics: []*view.Metric{{Name: "put"}}, Invalidates: []*view.Invalidation{{View: "strict"}}}}}
	wo := newWorld(t, "testdata/strict.graphqls", b)
	wo.tier.Func("shop.Query.total", func(*fake.Request) (any, error) { return 1, nil })
	wo.tier.Func("shop.Query.scaled", func(r *fake.Request) (any, error) { return json.RawMessage(r.Arg("w")), nil })
	wo.tier.Rows("shop.Item.extra", fake.NewTable(map[string]any{fake.Key("i1", "3"): map[string]any{"extra": 5}}).Keyed("id", "w"))
	return wo
}

// TestNullOfNonNull: a read whose non-null argument is null is null and not made, or made with the argument's default.
func TestNullOfNonNull(t *testing.T) {
	for _, tt := range []struct {
		w, want string
		calls   int
	}{
		{"3", `{"strict":{"total":1,"scaled":3,"extra":5}}`, 3},
		{"null", `{"strict":{"total":null,"scaled":7,"extra":null}}`, 1},
		{"", `{"strict":{"total":null,"scaled":7,"extra":null}}`, 1},
	} {
		w := strictWorld(t)
		p := w.ask(&composer.Request{Selection: view1("strict", nodes("total", "scaled", "extra"), composer.Arg{Name: "w", Value: 0}),
			Values: []json.RawMessage{json.RawMessage(tt.w)}})
		if diff := cmp.Diff(tt.want, string(p.Data)); diff != "" || len(p.Errors) != 0 || p.Stats.Calls != tt.calls || !p.Cache.Storable {
			t.Errorf("%q: %s %v, %d calls, want %d", tt.w, diff, short(p), p.Stats.Calls, tt.calls)
		}
	}
}

// TestEffectsThatHappened: an effect whose non-null argument is null fails without a call; what the effects before a failed one
// wrote is stale all the same, and nothing is counted.
func TestEffectsThatHappened(t *testing.T) {
	for _, tt := range []struct {
		name, first, w string
		errs           []string
		calls          int
		stale, counted bool
	}{
		{"both", "1", "2", nil, 2, true, true},
		{"null first", "null", "2", []string{"m invalid"}, 0, false, false},
		{"null second", "1", "null", []string{"m invalid"}, 1, true, false},
		{"first fails", "-1", "2", []string{"m conflict"}, 1, false, false},
		{"second fails", "1", "-1", []string{"m conflict"}, 2, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := strictWorld(t)
			w.tier.Func("shop.Mutation.put", func(r *fake.Request) (any, error) {
				if r.Arg("w") == "-1" {
					return nil, fault.New(fault.Conflict, "it is taken")
				}
				return nil, nil
			})
			p := w.ask(&composer.Request{Selection: &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "put",
				Window: -1, Args: []composer.Arg{{Name: "one", Value: 0}, {Name: "w", Value: 1}}}}}, Values: []json.RawMessage{json.RawMessage(tt.first), json.RawMessage(tt.w)}})
			data := `{"m":true}`
			if tt.errs != nil {
				data = `{"m":null}`
			}
			if string(p.Data) != data || !cmp.Equal(tt.errs, short(p)) || p.Stats.Calls != tt.calls {
				t.Errorf("%s %v, %d calls", p.Data, short(p), p.Stats.Calls)
			}
			if len(p.Errors) == 1 && p.Errors[0].Kind == fault.Invalid && !strings.Contains(p.Errors[0].Message, `"w"`) {
				t.Error(p.Errors[0].Message)
			}
			if stale, counted := len(p.Invalidated) == 1, len(p.Metrics) == 1; stale != tt.stale || counted != tt.counted {
				t.Errorf("invalidated %v, metrics %v", p.Invalidated, p.Metrics)
			}
		})
	}
}
