package viewtest

import (
	"encoding/json"
	"time"

	"facet/fault"
	"facet/view"
)

// films is the digest of a graph that is not there: nothing here loads.
const films = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

func at(line int) fault.Pos { return fault.Pos{File: "src/index.ts", Line: line, Col: 1} }

// Home is a build of "@tv/home": a page of rows with a union in it, a film by id, a search by an input, genres by an
// enum, a recursive shape with a computed object, and a mutation.
func Home() *view.Build {
	minZero := 0.0
	return &view.Build{
		Format: view.Format, Package: "@tv/home", Version: "3.4.1", Devices: []string{"tv"}, Schema: "v3", Graph: films,
		Locks:     map[string]string{"@originals/rows": "2.1.0"},
		Views:     []*view.View{home(), film(), search(), byGenre()},
		Mutations: []*view.Mutation{setBookmark(&minZero)},
		Shapes:    []*view.Shape{Card(), seriesCard()},
		Objects: []*view.Object{{Name: "Progress", Pos: at(4), Fields: []*view.ObjectField{
			{Name: "minutesLeft", Type: Type("Int")}, {Name: "state", Type: Type("WatchState")}}}},
		Enums: []*view.Enum{{Name: "WatchState", Values: []string{"NEW", "STARTED", "DONE"}}, {Name: "Genre", Values: []string{"CRIME", "DRAMA"}, Graph: true}},
		Inputs: []*view.Input{{Name: "TitleFilter", Fields: []*view.Arg{
			{Name: "text", Type: Type("String!")}, {Name: "genre", Type: Type("Genre"), Default: json.RawMessage(`"DRAMA"`)}}}},
		Funcs: []*view.Func{{Name: "Card.progress", Source: "({ runtime, at }) => ({ minutesLeft: runtime, state: at == null ? \"NEW\" : \"STARTED\" })",
			Inputs: []view.FuncInput{{Name: "runtime", Type: Type("Int")}, {Name: "at", Type: Type("Int")}}, Result: Type("Progress"), Pos: at(12)}},
		Warmups: []*view.Warmup{{View: "home"}, {View: "film", Args: json.RawMessage(`{"id":"jaws-1975"}`)}},
		Cells:   []string{"denser-rows"},
	}
}

func home() *view.View {
	r := &Recorder{}
	me := r.Context("viewer.profile.id", "ID")
	p := r.Guarded(view.OpNotFound, r.Query("profile", "Profile", Named("id", me)), view.None, 0, "Profile!")
	name := r.Field(p, "name", "String!")
	three := r.Literal("3", "Int!")
	recent := r.Add(view.OpTake, r.Field(p, "recentSearches", "[String!]!"), "[String!]!", func(v *view.Value) { v.First = three })
	cell := r.Context("cell:denser-rows", "String")
	thirty, twenty := r.Literal("30", "Int!"), r.Literal("20", "Int!")
	first := r.Add(view.OpPick, cell, "Int!", func(v *view.Value) {
		v.Cases, v.Else = []view.Case{{JSON: json.RawMessage(`"b"`), Value: thirty}}, twenty
	})
	rows := r.Page(r.Field(p, "rows", "[Row!]!"), first, 40, "[Row!]!")
	row := r.Item(rows, "Row!")
	rowName := r.Field(row, "name", "String!")
	items := r.Page(r.Field(row, "items", "[RowEntry!]!"), twenty, 75, "[RowEntry!]!")
	item := r.Item(items, "RowEntry!")
	title := r.Add(view.OpAs, item, "Title!", func(v *view.Value) { v.Name = "Title" })
	series := r.Add(view.OpAs, item, "Series!", func(v *view.Value) { v.Name = "Series" })
	union := &view.Output{Kind: view.Union, Name: "RowItem", Value: item, Each: view.None, Arms: []*view.Arm{
		{Member: "Title", As: title, Output: Ref("Card", title)}, {Member: "Series", As: series, Output: Ref("SeriesCard", series)},
		{Member: "Trailer", As: view.None}}}
	return &view.View{Name: "home", Scope: r.Scope, Pos: at(22), Cache: &view.Cache{MaxAge: 30 * time.Second, Scope: "viewer"},
		Output: Tree("Home", view.None, true,
			Field("name", Leaf(name, "String!"), "viewer.profile.id"),
			Field("recent", Leaf(recent, "[String!]!"), "viewer.profile.id"),
			Field("rows", Many(rows, row, true, true, Tree("HomeRows", row, true,
				Field("name", Leaf(rowName, "String!")),
				Field("items", Many(items, item, true, true, union)))), "cell:denser-rows", "viewer.profile.id"))}
}

func film() *view.View {
	r := &Recorder{}
	id := r.Arg("id", "ID!")
	t := r.Query("title", "Title", Named("id", id))
	return &view.View{Name: "film", Scope: r.Scope, Pos: at(36), Args: []*view.Arg{{Name: "id", Type: Type("ID!")}}, Keys: []string{"id"}, Output: Ref("Card", t)}
}

func search() *view.View {
	r := &Recorder{}
	filter := r.Arg("filter", "TitleFilter!")
	ten := r.Literal("10", "Int!")
	list := r.Page(r.Query("search", "[Title!]!", Named("filter", filter)), ten, view.DefaultMax, "[Title!]!")
	item := r.Item(list, "Title!")
	return &view.View{Name: "search", Scope: r.Scope, Pos: at(38), Doc: "Titles that match a \"filter\".",
		Args: []*view.Arg{{Name: "filter", Type: Type("TitleFilter!"), Doc: "What to look for."}}, Output: Many(list, item, true, true, Ref("Card", item))}
}

func byGenre() *view.View {
	r := &Recorder{}
	genre, limit := r.Arg("genre", "Genre!"), r.Arg("limit", "Int!")
	list := r.Query("genre", "[Title!]", Named("genre", genre))
	cut := r.Add(view.OpTake, list, "[Title!]", func(v *view.Value) { v.First = limit })
	item := r.Item(cut, "Title!")
	top := 50.0
	return &view.View{Name: "byGenre", Scope: r.Scope, Pos: at(40), Keys: []string{"genre"},
		Args:   []*view.Arg{{Name: "genre", Type: Type("Genre!")}, {Name: "limit", Type: Type("Int!"), Default: json.RawMessage("5"), Max: &top}},
		Output: Tree("ByGenre", view.None, true, Field("titles", Many(cut, item, false, false, Ref("Card", item))))}
}

// Card is the shape that Home's films are shown by.
func Card() *view.Shape {
	r := &Recorder{}
	this := r.Add(view.OpEntity, view.None, "Title!", nil)
	me := r.Context("viewer.profile.id", "ID")
	mark := r.Guarded(view.OpOrNull, r.Field(this, "bookmark", "Bookmark", Named("profile", me)), view.None, 30*time.Millisecond, "Bookmark")
	title := r.Field(this, "title", "String!")
	form := r.Context("device.form", "String")
	tv, other := r.Literal("342", "Int!"), r.Literal("240", "Int!")
	width := r.Add(view.OpPick, form, "Int!", func(v *view.Value) {
		v.Cases, v.Else = []view.Case{{JSON: json.RawMessage(`"tv"`), Value: tv}}, other
	})
	art := r.Field(r.Field(this, "artwork", "Artwork", Named("width", width)), "url", "String!")
	runtime, seconds := r.Field(this, "runtimeMinutes", "Int"), r.Field(mark, "positionSeconds", "Int!")
	progress := r.Add(view.OpComputed, view.None, "Progress", func(v *view.Value) { v.Args = []*view.Named{Named("runtime", runtime), Named("at", seconds)} })
	six := r.Literal("6", "Int!")
	similar := r.Page(r.Field(this, "similar", "[Title!]!"), six, view.DefaultMax, "[Title!]!")
	each := r.Item(similar, "Title!")
	return &view.Shape{Name: "Card", Type: "Title", Keyed: true, Loadable: true, Scope: r.Scope, Subject: this, Pos: at(6),
		Output: Tree("Card", this, false,
			Field("title", Leaf(title, "String!")),
			Field("art", Leaf(art, "String"), "device.form"),
			Field("progress", Leaf(progress, "Progress"), "viewer.profile.id"),
			Field("similar", Many(similar, each, true, true, Ref("Card", each))))}
}

func seriesCard() *view.Shape {
	r := &Recorder{}
	this := r.Add(view.OpEntity, view.None, "Series!", nil)
	return &view.Shape{Name: "SeriesCard", Type: "Series", Keyed: true, Loadable: true, Scope: r.Scope, Subject: this, Pos: at(20),
		Output: Tree("SeriesCard", this, false,
			Field("title", Leaf(r.Field(this, "title", "String!"), "String!")),
			Field("seasons", Leaf(r.Field(this, "seasonCount", "Int"), "Int")))}
}

func setBookmark(minZero *float64) *view.Mutation {
	r := &Recorder{}
	me, title, pos := r.Context("viewer.profile.id", "ID"), r.Arg("title", "ID!"), r.Arg("positionSeconds", "Int!")
	saved := r.Add(view.OpEffect, view.None, "BookmarkSaved", func(v *view.Value) {
		v.Name, v.Args = "setBookmark", []*view.Named{Named("profile", me), Named("title", title), Named("positionSeconds", pos)}
	})
	t := r.Field(saved, "title", "Title")
	form := r.Context("device.form", "String")
	return &view.Mutation{Name: "setBookmark", Scope: r.Scope, Effects: []view.ID{saved}, Pos: at(42),
		Args:    []*view.Arg{{Name: "title", Type: Type("ID!")}, {Name: "positionSeconds", Type: Type("Int!"), Min: minZero}},
		Output:  Ref("Card", t),
		Sets:    &view.Sets{Shape: "Card", Field: "progress", Key: "title", Value: "positionSeconds"},
		Metrics: []*view.Metric{{Name: "bookmark_set", By: []*view.Named{Named("form", form)}}},
		Invalidates: []*view.Invalidation{
			{Shape: "Card", Field: "progress", Key: []view.Maybe{{Value: title}}}, {View: "home"}}}
}
