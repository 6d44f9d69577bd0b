package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
)

// short prints errors as "path kind", one a line.
func short(p composer.Part) []string {
	var out []string
	for _, e := range p.Errors {
		out = append(out, strings.Trim(fmt.Sprint(e.Path), "[]")+" "+string(e.Kind))
	}
	for _, d := range p.Degraded {
		out = append(out, strings.Trim(fmt.Sprint(d.Path), "[]")+" degraded "+string(d.Kind))
	}
	return out
}

func film(id string, sub ...any) (*composer.Selection, []json.RawMessage) {
	return view1("film", nodes(sub...), composer.Arg{Name: "id", Value: 0}), []json.RawMessage{json.RawMessage(`"` + id + `"`)}
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		break_ func(w *world)
		id     string
		ask    []any
		data   string
		errs   []string
	}{
		{"all is well", func(*world) {}, "t2", []any{"title", "art", "progress"},
			`{"film":{"title":"Film 2","art":"http://art/t2","progress":{"minutesLeft":92,"state":"STARTED"}}}`, nil},
		{"a dead tier costs its fields", func(w *world) { w.tier.Fail("artwork", fault.Unavailable) }, "t2", []any{"title", "art"},
			`{"film":{"title":"Film 2","art":null}}`, []string{"film art unavailable"}},
		{"a non-null field costs its card", func(w *world) { w.tier.Fail("catalog", fault.Timeout) }, "t2", []any{"art", "title"},
			`{"film":null}`, []string{"film title timeout"}},
		{"orNull degrades", func(w *world) { w.tier.Fail("bookmarks", fault.Unavailable) }, "t2", []any{"progress"},
			`{"film":{"progress":{"minutesLeft":null,"state":"NEW"}}}`, []string{"film progress degraded unavailable"}},
		{"unknown entity is null", func(*world) {}, "nobody", []any{"title"}, `{"film":null}`, nil},
		{"a key costs no call", func(*world) {}, "t2", []any{"id", "key", "__typename"}, `{"film":{"id":"Card:t2","key":"t2","__typename":"Card"}}`, nil},
		{"garbage is a bad answer", func(w *world) { w.tier.Static("catalog.Title", `{"titles":[{"id":`) }, "t2", []any{"title"},
			`{"film":null}`, []string{"film title bad_answer"}},
		{"no rows where they should be", func(w *world) { w.tier.Static("catalog.Title", `{"error":"busy"}`) }, "t2", []any{"title"},
			`{"film":null}`, []string{"film title bad_answer"}},
		{"null for no rows", func(w *world) { w.tier.Static("catalog.Title", `{"titles":null}`) }, "t2", []any{"title"}, `{"film":null}`, nil},
		{"a value of a wrong type fails alone", func(w *world) {
			w.tier.Static("catalog.Title", `{"titles":[{"id":"t2","title":"Film","runtimeMinutes":"long"}]}`)
		}, "t2", []any{"title", "progress"}, `{"film":{"title":"Film","progress":null}}`, []string{"film progress bad_answer"}},
		{"null in a non-null place", func(w *world) { w.tier.Static("catalog.Title", `{"titles":[{"id":"t2","title":null}]}`) }, "t2", []any{"title"},
			`{"film":null}`, []string{"film title bad_answer"}},
		{"of duplicates the first counts, extras are ignored", func(w *world) {
			w.tier.Static("catalog.Title", `{"titles":[{"id":"x","title":"X"},{"id":"t2","title":"A"},{"id":"t2","title":"B"}]}`)
		}, "t2", []any{"title"}, `{"film":{"title":"A"}}`, nil},
		{"ids may be numbers", func(w *world) {
			w.tier.Static("catalog.Title", `{"titles":[{"id":7,"title":"Seven","similar":[{"id":8}]}]}`)
		}, "7",
			[]any{"title", "similar", nodes("key")}, `{"film":{"title":"Seven","similar":[{"key":"8"}]}}`, nil},
		{"a failed list costs itself", func(w *world) {
			w.tier.Static("catalog.Title", `{"titles":[{"id":"t2","title":"A","similar":[{"id":null},{"id":"t3"}]}]}`)
		}, "t2",
			[]any{"title", "similar", nodes("key")}, `{"film":{"title":"A","similar":[null,{"key":"t3"}]}}`, []string{"film similar 0 key bad_answer"}},
		{"a foreign profile is forbidden", func(w *world) { w.asker.Viewer.Profiles = []string{"p2"} }, "t2", []any{"title", "progress"},
			`{"film":{"title":"Film 2","progress":{"minutesLeft":null,"state":"NEW"}}}`, []string{"film progress degraded forbidden"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := filmWorld(t, false)
			tt.break_(w)
			sel, values := film(tt.id, tt.ask...)
			p := w.ask(&composer.Request{Selection: sel, Values: values})
			if diff := cmp.Diff(tt.data, string(p.Data)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.errs, short(p)); diff != "" {
				t.Error(diff)
			}
			if p.Cache.Storable != (len(tt.errs) == 0) {
				t.Errorf("storable: %v", p.Cache.Storable)
			}
		})
	}
}

func TestGuardedProfileIsForbidden(t *testing.T) {
	w := filmWorld(t, false)
	w.asker.Viewer.Profile = "p9"
	p := w.ask(&composer.Request{Selection: view1("home", nodes("name"))})
	if got := short(p); string(p.Data) != `{"home":null}` || len(got) != 1 || got[0] != "home name forbidden" || w.tier.Count("*") != 0 {
		t.Errorf("%s %v, %d calls", p.Data, got, w.tier.Count("*"))
	}
}

func TestNotFound(t *testing.T) {
	w := filmWorld(t, false)
	w.tier.Rows("profiles.Profile", fake.NewTable(nil))
	for _, ask := range [][]any{{"name"}, {"recent"}} { // recent needs the key only: the profile is asked for all the same
		p := w.ask(&composer.Request{Selection: view1("home", nodes(ask...))})
		if string(p.Data) != `{"home":null}` || len(p.Errors) != 0 || !p.NotFound {
			t.Errorf("%v: %s %v notFound=%v", ask, p.Data, short(p), p.NotFound)
		}
	}
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Delay("bookmarks", 200*time.Millisecond)
		sel, values := film("t2", "title", "progress")
		began := time.Now()
		p := w.ask(&composer.Request{Selection: sel, Values: values})
		if d := time.Since(began); d != 30*time.Millisecond {
			t.Errorf("the answer was out after %v", d)
		}
		if diff := cmp.Diff([]string{"film progress degraded timeout"}, short(p)); diff != "" {
			t.Error(diff)
		}
		if p.Cache.Storable {
			t.Error("storable")
		}
		time.Sleep(time.Second)
	})
}

func TestDeadlineGivesAPartialAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Delay("artwork", 10*time.Second)
		sel, values := film("t2", "title", "art")
		p := w.ask(&composer.Request{Selection: sel, Values: values})
		if diff := cmp.Diff(`{"film":{"title":"Film 2","art":null}}`, string(p.Data)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"film art timeout"}, short(p)); diff != "" {
			t.Error(diff)
		}
		time.Sleep(20 * time.Second)
	})
}

// TestOthersDoNotWait holds one tier: every other operation starts when it would have.
func TestOthersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Delay("*", 5*time.Millisecond)
		w.tier.Delay("profiles.Profile.recentSearches", 200*time.Millisecond)
		began := time.Now()
		w.ask(&composer.Request{Selection: view1("home", homeAll())})
		for _, c := range w.tier.Calls("catalog") {
			if d := c.Started.Sub(began); d > 11*time.Millisecond {
				t.Errorf("%s started after %v", c.Operation.ID, d)
			}
		}
	})
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{`"t2"`, ""}, {`7`, ""}, {``, `argument "id" is missing`}, {`null`, `argument "id" must not be null`},
		{`{}`, `argument "id" is not a string`}, {`1.5`, `argument "id" is not a string`}, {`"` + strings.Repeat("x", 10_001) + `"`, `argument "id" is longer than 10000 characters`},
	} {
		w := filmWorld(t, false)
		sel, _ := film("", "key")
		p := w.ask(&composer.Request{Selection: sel, Values: []json.RawMessage{json.RawMessage(tt.value)}})
		got := ""
		if len(p.Errors) > 0 {
			got = p.Errors[0].Message
			if p.Errors[0].Kind != fault.Invalid || fmt.Sprint(p.Errors[0].Path) != "[film]" {
				t.Errorf("%v at %v", p.Errors[0].Kind, p.Errors[0].Path)
			}
		}
		if got != tt.want || w.tier.Count("*") != 0 {
			t.Errorf("%.20s: %q, want %q; %d calls", tt.value, got, tt.want, w.tier.Count("*"))
		}
	}
}

func TestPages(t *testing.T) {
	for _, tt := range []struct {
		win  composer.Window
		want string
	}{
		{composer.Window{First: -1}, `{"home":{"rows":[{"name":"Row 0"},{"name":"Row 1"},{"name":"Row 2"}],"rowsPage":{"length":3,"next":null}}}`},
		{composer.Window{First: 1}, `{"home":{"rows":[{"name":"Row 0"}],"rowsPage":{"length":3,"next":"` + composer.EncodeCursor(1) + `"}}}`},
		{composer.Window{First: 1, After: 1}, `{"home":{"rows":[{"name":"Row 1"}],"rowsPage":{"length":3,"next":"` + composer.EncodeCursor(2) + `"}}}`},
		{composer.Window{First: 5, After: 2}, `{"home":{"rows":[{"name":"Row 2"}],"rowsPage":{"length":3,"next":null}}}`},
		{composer.Window{First: 5, After: 90}, `{"home":{"rows":[],"rowsPage":{"length":3,"next":null}}}`},
	} {
		w := filmWorld(t, false)
		ns := nodes("rows", nodes("name"), "rowsPage", nodes("length", "next"))
		ns[0].Window, ns[1].Window = 0, 0
		p := w.ask(&composer.Request{Selection: view1("home", ns), Windows: []composer.Window{tt.win}})
		if diff := cmp.Diff(tt.want, string(p.Data)); diff != "" || len(p.Errors) > 0 {
			t.Errorf("%+v: %s %v", tt.win, diff, short(p))
		}
	}
}

func TestRootPage(t *testing.T) {
	w := filmWorld(t, false)
	w.tier.List("catalog.Query.search", func(r *fake.Request) ([]any, error) {
		return []any{obj{"id": "t1"}, obj{"id": "t2"}, obj{"id": "t3"}}, nil
	})
	sel := view1("search", nodes("key"), composer.Arg{Name: "filter", Value: 0})
	pg := view1("searchPage", nodes("length", "next"), composer.Arg{Name: "filter", Value: 0})
	sel.Roots = append(sel.Roots, pg.Roots[0])
	sel.Roots[0].Window, sel.Roots[1].Window = 0, 0
	p := w.ask(&composer.Request{Selection: sel, Windows: []composer.Window{{First: 2}}, Values: []json.RawMessage{json.RawMessage(`{"text":"x"}`)}})
	want := `{"search":[{"key":"t1"},{"key":"t2"}],"searchPage":{"length":3,"next":"` + composer.EncodeCursor(2) + `"}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" || p.Stats.Calls != 1 {
		t.Errorf("%s %v %d calls", diff, short(p), p.Stats.Calls)
	}
	if c := w.tier.Calls("*"); len(c) > 0 && c[0].Arg("filter") != `{"text":"x","genre":"DRAMA"}` {
		t.Errorf("filter %s", c[0].Arg("filter"))
	}
}

// TestGraphIndices: a JSON Graph asks for indices of lists that have no pages, too; what is past the end is missing.
func TestGraphIndices(t *testing.T) {
	w := filmWorld(t, false)
	sel := view1("home", nodes("recent", nodes("length")))
	sel.Roots[0].Path = []string{"home"}
	sel.Roots[0].Sub[0].Window = 0
	more := view1("home", nodes("recent"))
	more.Roots[0].Path = []string{"home"}
	more.Roots[0].Sub[0].Window = 1
	sel.Roots = append(sel.Roots, more.Roots[0])
	p := w.ask(&composer.Request{Selection: sel, Format: composer.FormatGraph, Windows: []composer.Window{{Only: []composer.Range{{From: 1, To: 3}}}, {Only: []composer.Range{{From: 0, To: 1}}}}})
	at := func(v string) string { return `{"$type":"atom","$expires":-30000,"value":` + v + `}` }
	want := `{"home":{"recent":{"1":` + at(`"b"`) + `,"2":` + at(`"c"`) + `,"3":{"$type":"atom","$expires":-30000},"0":` + at(`"a"`) + `,"length":` + at("3") + `}}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" || p.Stats.Calls != 2 {
		t.Errorf("%s %v %d calls", diff, short(p), p.Stats.Calls)
	}
}

func TestCursor(t *testing.T) {
	for _, i := range []int{0, 1, 99, 100_000} {
		if got, ok := composer.DecodeCursor(composer.EncodeCursor(i)); !ok || got != i {
			t.Errorf("%d: %d %v", i, got, ok)
		}
	}
	for _, s := range []string{"", "x", "aTox!", "aTotMQ", "aTo"} {
		if _, ok := composer.DecodeCursor(s); ok {
			t.Errorf("%q is no cursor", s)
		}
	}
}

func TestMutation(t *testing.T) {
	for _, format := range []composer.Format{composer.FormatTree, composer.FormatGraph} {
		w := filmWorld(t, false)
		w.tier.Func("bookmarks.Mutation.setBookmark", func(r *fake.Request) (any, error) {
			return obj{"title": r.Arg("title"), "positionSeconds": 90}, nil
		})
		sel := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "setBookmark", Window: -1,
			Path: []string{"setBookmark", "result"},
			Args: []composer.Arg{{Name: "title", Value: 0}, {Name: "positionSeconds", Value: 1}}, Sub: nodes("key", "title")}}}
		p := w.ask(&composer.Request{Selection: sel, Format: format, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`90`)}})
		want := `{"m":{"key":"t4","title":"Film 4"}}`
		if format == composer.FormatGraph {
			want = `{"setBookmark":{"result":{"$type":"ref","value":["Card","t4"]}},"Card":{"t4":{"key":"t4","title":"Film 4"}}}`
		}
		if diff := cmp.Diff(want, string(p.Data)); diff != "" || len(p.Errors) > 0 {
			t.Errorf("%s %v", diff, short(p))
		}
		inv := []composer.Invalidated{
			{Path: []string{"Card", "t4", "progress"}, Shape: "Card", ID: "Card:t4", Field: "progress"},
			{Path: []string{"home"}, View: "home"},
		}
		if diff := cmp.Diff(inv, p.Invalidated); diff != "" {
			t.Error(diff)
		}
		writes := []composer.Write{
			{Type: "Title", Field: "bookmark", Key: []string{"t4"}, Args: map[string]string{"profile": "p1"}},
		}
		if diff := cmp.Diff(writes, p.Writes); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]composer.Metric{{Name: "bookmark_set", Labels: []composer.Label{{Name: "form", Value: "tv"}}, Value: 1}}, p.Metrics); diff != "" {
			t.Error(diff)
		}
		if format == composer.FormatTree { // of two mutations of a document each entry once
			again := *sel.Roots[0]
			again.Key = "again"
			two := &composer.Selection{Mutation: true, Roots: []*composer.Root{sel.Roots[0], &again}}
			p := w.ask(&composer.Request{Selection: two, Format: format, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`90`)}})
			if diff := cmp.Diff(inv, p.Invalidated); diff != "" || len(p.Writes) != 2 {
				t.Errorf("%s %v", diff, p.Writes)
			}
		}
		bad := w.ask(&composer.Request{Selection: sel, Format: format, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`-1`)}})
		if len(bad.Errors) != 1 || bad.Errors[0].Kind != fault.Invalid || bad.Stats.Calls != 0 || bad.Invalidated != nil {
			t.Errorf("%v %v", short(bad), bad.Stats)
		}
		w.asker.Viewer.Profiles = []string{"p2"}
		stranger := w.ask(&composer.Request{Selection: sel, Format: format, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`1`)}})
		if len(stranger.Errors) != 1 || stranger.Errors[0].Kind != fault.Forbidden || stranger.Stats.Calls != 0 || stranger.Invalidated != nil {
			t.Errorf("%v %v %s", short(stranger), stranger.Stats, stranger.Data)
		}
		w.asker.Viewer.Profiles = []string{"p1"}
		w.tier.Fail("bookmarks", fault.Conflict)
		broken := w.ask(&composer.Request{Selection: sel, Format: format, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`1`)}})
		if len(broken.Errors) != 1 || broken.Errors[0].Kind != fault.Conflict || broken.Stats.Calls != 1 || broken.Invalidated != nil {
			t.Errorf("%v %v %s", short(broken), broken.Stats, broken.Data)
		}
	}
}

func TestEntityRoot(t *testing.T) {
	w := filmWorld(t, false)
	root := func(many bool) *composer.Selection {
		return &composer.Selection{Roots: []*composer.Root{{Kind: composer.RootEntity, Key: "node", Name: "Card", Entity: 0, Many: many, Window: -1, Sub: nodes("title", "key")}}}
	}
	p := w.ask(&composer.Request{Selection: root(false), Values: []json.RawMessage{json.RawMessage(`"t1"`)}})
	if string(p.Data) != `{"node":{"title":"Film 1","key":"t1"}}` || p.NotFound {
		t.Errorf("%s", p.Data)
	}
	p = w.ask(&composer.Request{Selection: root(false), Values: []json.RawMessage{json.RawMessage(`"zz"`)}})
	if string(p.Data) != `{"node":null}` || !p.NotFound || len(p.Errors) > 0 {
		t.Errorf("%s %v", p.Data, short(p))
	}
	p = w.ask(&composer.Request{Selection: root(true), Format: composer.FormatGraph, Values: []json.RawMessage{json.RawMessage(`["t1","zz","t2"]`)}})
	want := `{"Card":{"t1":{"title":"Film 1","key":"t1"},"t2":{"title":"Film 2","key":"t2"},"zz":{"$type":"atom"}}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" || p.Stats.Calls != 1 {
		t.Errorf("%s %d calls", diff, p.Stats.Calls)
	}
}

func TestGraphKeepsErrorsAtTheLeaf(t *testing.T) {
	w := filmWorld(t, false)
	w.tier.Fail("catalog", fault.Unavailable)
	sel, values := film("t2", "title", "art")
	sel.Roots[0].Path = []string{"film", "t2"}
	p := w.ask(&composer.Request{Selection: sel, Values: values, Format: composer.FormatGraph})
	want := `{"film":{"t2":{"$type":"ref","value":["Card","t2"]}},"Card":{"t2":{"title":{"$type":"error","$expires":0,"value":{"code":"unavailable","message":"scripted failure"}},"art":"http://art/t2"}}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Card t2 title unavailable"}, short(p)); diff != "" {
		t.Error(diff)
	}
}

func TestEntityLimit(t *testing.T) {
	w := filmWorld(t, false)
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: w.tier.For(w.g), Limits: composer.Limits{Entities: 3}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	p := w.ask(&composer.Request{Selection: view1("home", homeAll())})
	if string(p.Data) != "null" || len(p.Errors) != 1 || p.Errors[0].Kind != fault.Limit || p.Errors[0].Path != nil {
		t.Errorf("%.80s %v", p.Data, short(p))
	}
}

// TestListsMultiply: lists of lists are refused before they fill the memory, wherever the product is formed.
func TestListsMultiply(t *testing.T) {
	for _, sub := range [][]any{{"title"}, {"key"}, {"art"}} {
		for _, format := range []composer.Format{composer.FormatTree, composer.FormatGraph} {
			w := filmWorld(t, false)
			ask := sub
			for range 20 {
				ask = []any{"similar", nodes(ask...)}
			}
			sel, values := film("t2", ask...)
			sel.Roots[0].Path = []string{"film", "t2"}
			p := w.ask(&composer.Request{Selection: sel, Values: values, Format: format})
			if string(p.Data) != "null" || len(p.Errors) != 1 || p.Errors[0].Kind != fault.Limit || p.Errors[0].Path != nil || p.Cache.Storable {
				t.Errorf("%v %d: %.80s %.5v", sub, format, p.Data, short(p))
			}
		}
	}
}

// TestEffectInTime: a mutation whose effect has not ended in time says so at its root, and counts nothing.
func TestEffectInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Hang("bookmarks")
		sel := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "setBookmark", Window: -1,
			Args: []composer.Arg{{Name: "title", Value: 0}, {Name: "positionSeconds", Value: 1}}, Sub: nodes("title")}}}
		p := w.ask(&composer.Request{Selection: sel, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`90`)}})
		if diff := cmp.Diff([]string{"m timeout"}, short(p)); diff != "" || p.Metrics != nil || p.Invalidated != nil {
			t.Errorf("%s %v", diff, p.Metrics)
		}
		time.Sleep(time.Second)
	})
}

func TestLimits(t *testing.T) {
	w := filmWorld(t, false)
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: w.tier.For(w.g), Limits: composer.Limits{Calls: 1}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	sel, values := film("t2", "title", "art")
	p := w.ask(&composer.Request{Selection: sel, Values: values})
	if p.Stats.Calls != 1 || len(p.Errors) != 1 || p.Errors[0].Kind != fault.Limit {
		t.Errorf("%s %v", p.Data, short(p))
	}
	e, _ = composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: w.tier.For(w.g), Limits: composer.Limits{Bytes: 10}})
	w.engine = e
	p = w.ask(&composer.Request{Selection: sel, Values: values})
	if string(p.Data) != "null" || len(p.Errors) != 1 || p.Errors[0].Kind != fault.TooLarge || p.Errors[0].Path != nil {
		t.Errorf("%s %v", p.Data, short(p))
	}
}

func TestUnknownNames(t *testing.T) {
	w := filmWorld(t, false)
	for _, sel := range []*composer.Selection{view1("nope", nil), view1("home", nodes("nope")), view1("home", nil, composer.Arg{Name: "x"})} {
		p := w.ask(&composer.Request{Selection: sel})
		if string(p.Data) != "null" || len(p.Errors) != 1 || p.Errors[0].Kind != fault.Invalid || p.Errors[0].Path != nil {
			t.Errorf("%s %v", p.Data, p.Errors)
		}
	}
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Hang("*")
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Millisecond, cancel)
		sel, values := film("t2", "title")
		for p := range w.engine.Answer(ctx, &composer.Request{Selection: sel, Values: values, Asker: w.asker}) {
			if diff := cmp.Diff([]string{"film title canceled"}, short(p)); diff != "" {
				t.Error(diff)
			}
		}
	})
}
