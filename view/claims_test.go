package view_test

import (
	"strings"
	"testing"

	"facet/view"
	"facet/view/viewtest"
)

// TestClaims mounts two packages of two teams that claim one name: the diagnostic names both packages and what each takes the name for.
func TestClaims(t *testing.T) {
	leaf := func(name string) *view.Output {
		return viewtest.Tree(name, view.None, true, viewtest.Field("x", viewtest.Leaf(0, "Int")))
	}
	shape := func(name string, typ string) *view.Build {
		return &view.Build{Shapes: []*view.Shape{{Name: name, Type: typ, Output: leaf(name)}}}
	}
	aView := func(name, tree string) *view.Build {
		return &view.Build{Views: []*view.View{{Name: name, Output: leaf(tree)}}}
	}
	aMutation := func(name string) *view.Build { return &view.Build{Mutations: []*view.Mutation{{Name: name}}} }
	object := func(name, typ string) *view.Build {
		return &view.Build{Objects: []*view.Object{{Name: name, Fields: []*view.ObjectField{{Name: "x", Type: viewtest.Type(typ)}}}}}
	}
	enum := func(name string, values ...string) *view.Build {
		return &view.Build{Enums: []*view.Enum{{Name: name, Values: values}}}
	}
	input := func(name, typ string) *view.Build {
		return &view.Build{Inputs: []*view.Input{{Name: name, Fields: []*view.Arg{{Name: "x", Type: viewtest.Type(typ)}}}}}
	}
	paged := func(name string) *view.Build {
		return &view.Build{Views: []*view.View{{Name: name, Output: viewtest.Many(0, 0, true, true, viewtest.Leaf(0, "Int"))}}}
	}
	for name, c := range map[string]struct {
		a, b *view.Build
		want [2]string // of the later package and the earlier; "": legal
	}{
		"view and view":                   {aView("home", "HomeA"), aView("home", "HomeB"), [2]string{"view home", "view home"}},
		"views in two cases":              {aView("home", "HomeA"), aView("HOME", "HomeB"), [2]string{"view HOME", "view home"}},
		"view and mutation":               {aView("like", "Like"), aMutation("Like"), [2]string{"mutation Like", "view like"}},
		"mutation and shape":              {aMutation("card"), shape("Card", "Title"), [2]string{"shape Card", "mutation card"}},
		"shape and view in two cases":     {shape("Card", "Title"), aView("card", "CardView"), [2]string{"view card", "shape Card"}},
		"shapes over two types":           {shape("Card", "Title"), shape("Card", "Series"), [2]string{"shape Card", "shape Card"}},
		"equal shapes in two cases":       {shape("Card", "Title"), shape("CARD", "Title"), [2]string{"shape CARD", "shape Card"}},
		"a list's page and a view":        {aView("rowsPage", "RowsPage"), paged("rows"), [2]string{"view rows", "view rowsPage"}},
		"objects":                         {object("Progress", "Int"), object("Progress", "String"), [2]string{"object Progress", "object Progress"}},
		"enums":                           {enum("State", "A"), enum("State", "A", "B"), [2]string{"enum State", "enum State"}},
		"inputs":                          {input("Filter", "Int"), input("Filter", "Int!"), [2]string{"input Filter", "input Filter"}},
		"enum and object":                 {enum("State", "A"), object("State", "Int"), [2]string{"object State", "enum State"}},
		"object and a view's inline type": {object("HomeRows", "String"), aView("home", "HomeRows"), [2]string{"view home", "object HomeRows"}},
		"an object and an inline type that look alike": {object("HomeRows", "Int"), aView("home", "HomeRows"), [2]string{"view home", "object HomeRows"}},
		"a shape and an inline type that look alike":   {shape("HomeRows", "Title"), aView("home", "HomeRows"), [2]string{"view home", "shape HomeRows"}},
		"equal shapes":       {shape("Card", "Title"), shape("Card", "Title"), [2]string{}},
		"equal enums":        {enum("State", "A"), enum("State", "A"), [2]string{}},
		"equal inline types": {aView("home", "Rows"), aView("start", "Rows"), [2]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.a.Package, c.a.Version, c.b.Package, c.b.Version = "@tv/home", "3.4.1", "@tv/player", "1.0.0"
			s, diags := view.NewSurface("tv", "v3", c.a, c.b)
			if c.want[0] == "" {
				if diags.Failed() {
					t.Fatal(diags.Err())
				}
				return
			}
			if s != nil || !diags.Failed() {
				t.Fatal("got a surface, want diagnostics")
			}
			for _, who := range []string{c.want[0] + " of @tv/player 1.0.0", c.want[1] + " of @tv/home 3.4.1"} {
				if !strings.Contains(diags.Err().Error(), who) {
					t.Errorf("%q is not in:\n%v", who, diags.Err())
				}
			}
		})
	}
}
