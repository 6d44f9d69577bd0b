package view_test

import (
	"strings"
	"testing"

	"facet/fault"
	"facet/view"
	"facet/view/viewtest"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func loadSDL(t *testing.T, sdl string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "surface", Input: sdl})
	if err != nil {
		t.Fatalf("the schema does not load: %v\n%s", err, sdl)
	}
	return schema
}

func TestSDLLoads(t *testing.T) {
	s := surface(t, viewtest.Home())
	schema := loadSDL(t, s.SDL())
	loadSDL(t, s.InputSDL())
	for _, f := range schema.Query.Fields {
		if f.Type.NonNull && !strings.HasPrefix(f.Name, "__") {
			t.Errorf("Query.%s is non-null: its null would cost every other view", f.Name)
		}
	}
	if got := len(schema.GetPossibleTypes(schema.Types["Node"])); got != 2 {
		t.Errorf("%d types implement Node, want 2", got)
	}
	empty := surface(t, &view.Build{Format: view.Format, Package: "@tv/none"})
	loadSDL(t, empty.SDL())
}

// player is a second package of the device: it shows the same Card and has a view and a mutation of its own.
func player(edit func(b *view.Build)) *view.Build {
	b := viewtest.Home()
	b.Package, b.Version = "@tv/player", "1.0.0"
	b.Views, b.Mutations, b.Warmups = b.Views[1:2], nil, nil
	b.Views[0].Name = "watch"
	// The function has another number here than in @tv/home.
	b.Funcs = append([]*view.Func{{Name: "first", Source: "() => 1", Result: viewtest.Type("Int")}}, b.Funcs...)
	for i, v := range b.Shapes[0].Scope.Values {
		if v.Op == view.OpComputed {
			b.Shapes[0].Scope.Values[i].Func++
		}
	}
	if edit != nil {
		edit(b)
	}
	return b
}

func TestOneNamespace(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(b *view.Build)
		want []string // in the diagnostics, in order; none: legal
	}{
		"equal shapes":              {nil, nil},
		"positions do not count":    {func(b *view.Build) { b.Shapes[0].Pos.Line = 90; b.Funcs[1].Pos.Line = 4 }, nil},
		"another shape":             {func(b *view.Build) { b.Shapes[0].Output.Fields = b.Shapes[0].Output.Fields[1:] }, []string{"V005", "shape Card of @tv/player 1.0.0 and shape Card of @tv/home 3.4.1 differ", "src/index.ts:6:1"}},
		"another function":          {func(b *view.Build) { b.Funcs[1].Source = "() => null" }, []string{"V005", "Card"}},
		"another literal":           {func(b *view.Build) { b.Shapes[0].Scope.Values[5].JSON = []byte("300") }, []string{"V005", "Card"}},
		"another view":              {func(b *view.Build) { b.Views[0].Name = "home" }, []string{"V005", "view home of @tv/player"}},
		"same name in another case": {func(b *view.Build) { b.Views[0].Name = "hOme" }, []string{"V005", "view hOme of @tv/player 1.0.0 and view home of @tv/home 3.4.1"}},
		"view like a shape":         {func(b *view.Build) { b.Views[0].Name = "card" }, []string{"V005"}},
		"view like a mutation":      {func(b *view.Build) { b.Views[0].Name = "setbookmark" }, []string{"V005"}},
		"view like a page":          {func(b *view.Build) { b.Views[0].Name = "searchPage" }, []string{"V005", "searchPage"}},
		"reserved":                  {func(b *view.Build) { b.Views[0].Name = "graphql" }, []string{"V003"}},
		"reserved in another case":  {func(b *view.Build) { b.Views[0].Name = "Page" }, []string{"V003"}},
		"reserved argument":         {func(b *view.Build) { b.Views[0].Args[0].Name = "first"; b.Views[0].Keys = nil }, []string{"V003", `"first"`}},
		"written id":                {func(b *view.Build) { b.Shapes[0].Output.Fields[0].Name = "id" }, []string{"V004", `"id"`}},
		"length":                    {func(b *view.Build) { b.Shapes[0].Output.Fields[0].Name = "length" }, []string{"V004"}},
		"page field":                {func(b *view.Build) { b.Shapes[0].Output.Fields[0].Name = "similarPage" }, []string{"V004"}},
		"another enum":              {func(b *view.Build) { b.Enums[0].Values = []string{"NEW"} }, []string{"V007", "WatchState"}},
		"another object":            {func(b *view.Build) { b.Objects[0].Fields = b.Objects[0].Fields[:1] }, []string{"V007", "Progress"}},
		"another input":             {func(b *view.Build) { b.Inputs[0].Fields = b.Inputs[0].Fields[:1] }, []string{"V007", "TitleFilter"}},
		"object like a tree":        {func(b *view.Build) { b.Objects[0].Name = "HomeRows" }, []string{"V006", "HomeRows"}},
		"another graph":             {func(b *view.Build) { b.Graph = "sha256:11" }, []string{"V002", "@tv/home 3.4.1 and @tv/player 1.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, diags := view.NewSurface("tv", "v3", viewtest.Home(), player(c.edit))
			if len(c.want) == 0 {
				if diags.Failed() {
					t.Fatal(diags.Err())
				}
				loadSDL(t, s.SDL())
				if f, ok := s.Shape("Card"); !ok || f.Build != 0 {
					t.Errorf("Card is of build %d, want the first", f.Build)
				}
				return
			}
			if s != nil || !diags.Failed() {
				t.Fatal("got a surface, want diagnostics")
			}
			text := diags.Err().(*fault.Error).Message
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("%q is not in:\n%s", w, text)
				}
			}
		})
	}
}

func TestReservedDevice(t *testing.T) {
	if s, diags := view.NewSurface("metrics", "v1", viewtest.Home()); s != nil || !diags.Failed() {
		t.Error("a device named metrics is legal")
	}
}
