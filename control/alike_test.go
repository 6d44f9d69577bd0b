package control

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/view"
	"facet/view/viewtest"
)

// What a golden output can follow from has it asked again; nothing else has.
func TestUnlike(t *testing.T) {
	build := func() *view.Build {
		text := viewtest.Type("String")
		scope := func(values ...view.Value) view.Scope { return view.Scope{Values: values} }
		literal := func(json string) view.Value {
			return view.Value{Op: view.OpLiteral, Of: -1, Else: -1, First: -1, JSON: []byte(json), Type: text}
		}
		compute := view.Value{Op: view.OpComputed, Of: -1, Else: -1, First: -1, Func: 0, Type: text}
		ref := func(shape string) *view.Output { return &view.Output{Kind: view.Ref, Shape: shape} }
		leaf := func() *view.Output { return &view.Output{Kind: view.Leaf, Type: text} }
		return &view.Build{
			Graph: "g", Schema: "v1", Devices: []string{"tv"},
			Views: []*view.View{
				{Name: "plain", Scope: scope(literal(`"x"`)), Output: leaf()},
				{Name: "card", Scope: scope(literal(`"x"`)), Output: &view.Output{Kind: view.Tree, Fields: []*view.Field{{Name: "a", Output: ref("Card")}}}},
				{Name: "other", Scope: scope(compute), Output: ref("Other")},
			},
			Shapes: []*view.Shape{
				{Name: "Card", Scope: scope(literal(`"x"`)), Output: &view.Output{Kind: view.Tree, Fields: []*view.Field{{Name: "self", Output: ref("Card")}, {Name: "b", Output: ref("Badge")}}}},
				{Name: "Badge", Scope: scope(compute), Output: leaf()},
				{Name: "Other", Scope: scope(literal(`"x"`)), Output: leaf()},
			},
			Funcs:    []*view.Func{{Source: "() => 1", Result: text}, {Source: "() => 2", Result: text}},
			Objects:  []*view.Object{{Name: "O", Fields: []*view.ObjectField{{Name: "a", Type: text}}}},
			Warmups:  []*view.Warmup{{View: "plain"}, {View: "card", Args: []byte(`{"a":1}`)}, {View: "other"}},
			Metrics:  []*view.Declared{{Name: "m"}},
			Handlers: []*view.Handler{{Source: "async () => 1"}},
		}
	}
	all := []string{"plain", "card", "other"}
	for name, c := range map[string]struct {
		change func(b *view.Build)
		want   []string
	}{
		"nothing":              {func(*view.Build) {}, nil},
		"the version":          {func(b *view.Build) { b.Version, b.Locks = "2", map[string]string{"m": "2"} }, nil},
		"a position":           {func(b *view.Build) { b.Views[0].Pos = fault.Pos{File: "x", Line: 7}; b.Shapes[1].Pos.Line = 3 }, nil},
		"a text for people":    {func(b *view.Build) { b.Views[0].Doc = "said" }, nil},
		"lines of a function":  {func(b *view.Build) { b.Funcs[0].Lines, b.Funcs[0].Pos.Line = []byte("[]"), 2 }, nil},
		"a handler":            {func(b *view.Build) { b.Handlers[0].Source = "async () => 2" }, nil},
		"a literal":            {func(b *view.Build) { b.Views[0].Scope.Values[0].JSON = []byte(`"y"`) }, []string{"plain"}},
		"a shape":              {func(b *view.Build) { b.Shapes[2].Scope.Values[0].JSON = []byte(`"y"`) }, []string{"other"}},
		"a shape's shape":      {func(b *view.Build) { b.Shapes[1].Loadable = true }, []string{"card"}},
		"a shape's name":       {func(b *view.Build) { b.Shapes[1].Name = "Mark" }, []string{"card"}},
		"a function":           {func(b *view.Build) { b.Funcs[0].Source = "() => 3" }, []string{"card", "other"}},
		"a function's place":   {func(b *view.Build) { b.Shapes[1].Scope.Values[0].Func = 1 }, []string{"card"}},
		"another function":     {func(b *view.Build) { b.Funcs[1].Source = "() => 3" }, nil},
		"a field":              {func(b *view.Build) { b.Views[1].Output.Fields[0].Name = "z" }, []string{"card"}},
		"a cache's age":        {func(b *view.Build) { b.Views[0].Cache = &view.Cache{MaxAge: 1} }, []string{"plain"}},
		"an object":            {func(b *view.Build) { b.Objects[0].Fields[0].Name = "b" }, all},
		"an enum":              {func(b *view.Build) { b.Enums = []*view.Enum{{Name: "E"}} }, all},
		"limits":               {func(b *view.Build) { b.Limits = json.RawMessage(`{"calls":1}`) }, all},
		"the graph":            {func(b *view.Build) { b.Graph = "h" }, all},
		"a view less":          {func(b *view.Build) { b.Views = b.Views[1:] }, []string{"plain"}},
		"a warm-up less":       {func(b *view.Build) { b.Graph, b.Warmups = "h", b.Warmups[1:] }, all[1:]},
		"a warm-up's argument": {func(b *view.Build) { b.Graph, b.Warmups[1].Args = "h", nil }, []string{"plain", "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			after := build()
			c.change(after)
			var got []string
			for _, w := range unlike(build(), after) {
				got = append(got, w.View)
			}
			slices.SortFunc(got, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("asked (-want +got):\n%s", d)
			}
		})
	}
}
