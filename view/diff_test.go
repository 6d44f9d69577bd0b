package view_test

import (
	"slices"
	"strings"
	"testing"

	"facet/graph"
	"facet/view"
	"facet/view/viewtest"
)

func TestDiff(t *testing.T) {
	seven := 7.0
	card := func(b *view.Build) *view.Output { return b.Shapes[0].Output }
	for name, c := range map[string]struct {
		edit func(b *view.Build)
		want string // "breaking code path", the first change; "" for none
	}{
		"same":          {func(b *view.Build) {}, ""},
		"position":      {func(b *view.Build) { b.Views[0].Pos.Line++ }, ""},
		"field removed": {func(b *view.Build) { card(b).Fields = card(b).Fields[1:] }, "breaking field_removed Card.title"},
		"field added": {func(b *view.Build) {
			card(b).Fields = append(card(b).Fields, viewtest.Field("t2", viewtest.Leaf(3, "String")))
		}, "safe field_added Card.t2"},
		"became nullable":      {func(b *view.Build) { card(b).Fields[0].Output = viewtest.Leaf(3, "String") }, "breaking became_nullable Card.title"},
		"became non-null":      {func(b *view.Build) { card(b).Fields[1].Output = viewtest.Leaf(3, "String!") }, "safe became_non_null Card.art"},
		"type changed":         {func(b *view.Build) { card(b).Fields[0].Output = viewtest.Leaf(3, "Int!") }, "breaking type_changed Card.title"},
		"list item nullable":   {func(b *view.Build) { b.Views[0].Output.Fields[1].Output = viewtest.Leaf(3, "[String]!") }, "breaking became_nullable Home.recent"},
		"view removed":         {func(b *view.Build) { b.Views = b.Views[:3] }, "breaking type_removed ByGenre"},
		"enum value removed":   {func(b *view.Build) { b.Enums[1].Values = b.Enums[1].Values[:1] }, "breaking value_removed Genre.DRAMA"},
		"enum value added":     {func(b *view.Build) { b.Enums[1].Values = append(b.Enums[1].Values, "NOIR") }, "dangerous value_added Genre.NOIR"},
		"member removed":       {func(b *view.Build) { arms(b)[1].Output = nil }, "breaking member_removed RowItem.SeriesCard"},
		"argument removed":     {func(b *view.Build) { b.Mutations[0].Args = b.Mutations[0].Args[:1] }, "breaking argument_order Mutation.setBookmark"},
		"argument required":    {func(b *view.Build) { b.Views[0].Args = []*view.Arg{{Name: "x", Type: viewtest.Type("Int!")}} }, "breaking keys_changed Query.home"},
		"argument added":       {func(b *view.Build) { b.Views[0].Args = []*view.Arg{{Name: "x", Type: viewtest.Type("Int")}} }, "dangerous argument_added Query.home(x)"},
		"argument optional":    {func(b *view.Build) { b.Mutations[0].Args[0].Type = viewtest.Type("ID") }, "safe became_optional Mutation.setBookmark(title)"},
		"default changed":      {func(b *view.Build) { b.Views[3].Args[1].Default = []byte("6") }, "dangerous default_changed Query.byGenre(limit)"},
		"default removed":      {func(b *view.Build) { b.Views[3].Args[1].Default = nil }, "breaking left_graph Query.byGenre"},
		"bounds":               {func(b *view.Build) { b.Views[3].Args[1].Max = &seven }, "breaking bounds_tightened Query.byGenre(limit)"},
		"order of arguments":   {func(b *view.Build) { a := b.Mutations[0].Args; a[0], a[1] = a[1], a[0] }, "breaking argument_order Mutation.setBookmark"},
		"keys":                 {func(b *view.Build) { b.Views[3].Keys = []string{"genre", "limit"} }, "breaking keys_changed Query.byGenre"},
		"shape arguments":      {func(b *view.Build) { shapeArg(b) }, "breaking keys_changed SeriesCard"},
		"shape over another":   {func(b *view.Build) { b.Shapes[1].Type = "Show" }, "breaking identity_changed SeriesCard"},
		"no identity":          {func(b *view.Build) { b.Shapes[1].Loadable = false }, "breaking identity_removed SeriesCard"},
		"set":                  {func(b *view.Build) { b.Mutations[0].Sets = nil }, "breaking set_removed Mutation.setBookmark"},
		"no longer paged":      {func(b *view.Build) { b.Views[0].Output.Fields[2].Output.Paged = false }, "breaking field_removed Home.rowsPage"},
		"input field required": {func(b *view.Build) { b.Inputs[0].Fields[1] = &view.Arg{Name: "genre", Type: viewtest.Type("Genre!")} }, "breaking became_required TitleFilter(genre)"},
	} {
		t.Run(name, func(t *testing.T) {
			b := viewtest.Home()
			c.edit(b)
			changes := view.Diff(surface(t, viewtest.Home()), surface(t, b))
			if c.want == "" {
				if len(changes) > 0 {
					t.Errorf("got %v, want no change", changes)
				}
				return
			}
			found := false
			for _, x := range changes {
				found = found || strings.HasPrefix(x.String(), c.want+":")
			}
			if !found || view.Breaking(changes) != strings.HasPrefix(c.want, "breaking") {
				t.Errorf("got %v, want %s", changes, c.want)
			}
		})
	}
}

func TestDiffOfDocuments(t *testing.T) {
	list := documents(9) // the last has no id
	named := func(list ...view.Document) *view.Build {
		b := viewtest.Home()
		b.Documents = view.NewDocuments(false, list)
		return b
	}
	changed := slices.Clone(list)
	changed[3].Text = "{ home { name } }"
	closed := named(list...)
	closed.Documents = view.NewDocuments(true, list)
	for name, c := range map[string]struct {
		after *view.Build
		want  string
	}{
		"same":         {named(list...), ""},
		"other order":  {named(append(slices.Clone(list[4:]), list[:4]...)...), ""},
		"two gone":     {named(list[1:9]...), "dangerous documents_removed @tv/home: apps that ask for a document by its id alone are refused: id-0, { __typename }"},
		"all gone":     {named(), "dangerous documents_removed @tv/home: apps that ask for a document by its id alone are refused: id-0, id-1, id-2, id-3, id-4 and 5 more"},
		"another text": {named(changed...), "dangerous documents_changed @tv/home: an id means another text now: id-3"},
		"only":         {closed, "dangerous documents_only @tv/home: GraphQL documents that the package does not bring are refused"},
		"added":        {named(append(slices.Clone(list), view.Document{Text: "{ home { name } }"})...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, x := range view.Diff(surface(t, named(list...)), surface(t, c.after)) {
				got = append(got, x.String())
			}
			if text := strings.Join(got, "\n"); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

func arms(b *view.Build) []*view.Arm {
	return b.Views[0].Output.Fields[2].Output.Item.Fields[1].Output.Item.Arms
}

func shapeArg(b *view.Build) {
	b.Shapes[1].Args = []*view.Arg{{Name: "size", Type: graph.TypeRef{Name: "Int", NonNull: true}}}
	out := arms(b)[1].Output
	out.Args = []*view.Named{{Name: "size", Value: out.Value - 1}}
}
