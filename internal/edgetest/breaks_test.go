package edgetest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"facet/tiers/fake"
	"facet/view"
)

// breaksDir is a workspace of one package with a bit of everything that only REST and the JSON Graph show.
var breaksDir = filepath.Join("testdata", "breaks")

// changed builds the package of a copy of breaksDir after replacements in its source: old, new, old, new.
func changed(t *testing.T, edits ...string) World {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(breaksDir)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "packages", "wall", "src", "index.ts")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(string(text), edits[i]) {
			t.Fatalf("there is no %q in the source", edits[i])
		}
		text = []byte(strings.ReplaceAll(string(text), edits[i], edits[i+1]))
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	g := Parse(t, dir)
	return World{Graph: g, Builds: Build(t, dir, g, "wall"), Tiers: showsTier().For(g), Asker: Demo()}
}

// shows is the unchanged world with its tier at hand.
func shows(t *testing.T) (World, *fake.Tier) {
	w, tier := changed(t), showsTier()
	w.Tiers = tier.For(w.Graph)
	return w, tier
}

func showsTier() *fake.Tier {
	tier := fake.New()
	for _, kind := range []string{"Show", "Film"} {
		tier.Rows("shows."+kind, fake.NewTable(row{
			"lost": row{"id": "lost", "title": kind + " lost", "stars": 3, "tags": []any{"a", "b"}, "seasons": []any{row{"number": 1, "title": "One"}, row{"number": 2, "title": "Two"}}},
			"wire": row{"id": "wire", "title": kind + " wire", "stars": 5, "tags": []any{}, "seasons": []any{}},
		}))
	}
	return tier.Func("shows.Mutation.rate", func(r *fake.Request) (any, error) {
		return fake.Answer(r, row{"show": row{"id": r.Arg("show")}, "stars": r.Int("stars")}), nil
	})
}

// ask sends what an old client sends: "GET <path>", "POST <path> <JSON>", "get <paths>", "call <path> <arguments> <suffixes>" or
// "set <path> <JSON Graph>"; the last three are JSON Graph's. It gives status and body.
func ask(t *testing.T, e http.Handler, question string) string {
	t.Helper()
	part := strings.Split(question, " ")
	var r *http.Request
	switch part[0] {
	case "GET":
		r = httptest.NewRequest(http.MethodGet, "/wall/v1/"+part[1], nil)
	case "POST":
		r = httptest.NewRequest(http.MethodPost, "/wall/v1/"+part[1], strings.NewReader(part[2]))
		r.Header.Set("Content-Type", "application/json")
	case "get":
		r = httptest.NewRequest(http.MethodGet, "/wall/v1/model.json?"+url.Values{"method": {"get"}, "paths": {part[1]}}.Encode(), nil)
	default:
		form := url.Values{"method": {part[0]}}
		if part[0] == "call" {
			form.Set("callPath", part[1])
			form.Set("arguments", part[2])
			form.Set("pathSuffixes", part[3])
		} else {
			form.Set("jsonGraph", `{"paths":[`+part[1]+`],"jsonGraph":`+part[2]+`}`)
		}
		r = httptest.NewRequest(http.MethodPost, "/wall/v1/model.json", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Requested-With", "test")
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return http.StatusText(w.Code) + " " + w.Body.String()
}

// TestBreaks shows that what Diff calls breaking without graphql-js' leave breaks an old client: its question, which the edge before
// the change answers without an error, is refused or answered otherwise after it. The last is the reverse: what is safe changes nothing.
func TestBreaks(t *testing.T) {
	before := changed(t)
	edge := Open(t, before)
	surface := func(w World) *view.Surface {
		s, diags := view.NewSurface("wall", "v1", w.Builds...)
		if diags.Failed() {
			t.Fatal(diags.Err())
		}
		return s
	}
	const rateArgs = `args: { show: arg.id(), stars: arg.int(), note: arg.string().default("") }`
	for name, c := range map[string]struct {
		edits    []string
		code     string // "" for none that breaks
		question string
	}{
		"a view's key is a list now": {[]string{`left: arg.id(), right: arg.id() }`, `left: arg.id(), right: arg.id() },` + "\n  " + `keys: ["left"]`}, "left_graph", `get [["pair","lost","wire","left","title"]]`},
		"a view's keys in another order": {[]string{`left: arg.id(), right: arg.id() }`, `right: arg.id(), left: arg.id() }`}, "keys_changed",
			`get [["pair","lost","wire","left","title"]]`},
		"a shape's arguments in another order": {[]string{`args: { size: arg.int(), colour: arg.string() }`, `args: { colour: arg.string(), size: arg.int() }`}, "keys_changed",
			`get [["Poster",100,"red","lost","title"]]`},
		"ids of a shape": {[]string{`args: { size: arg.int(), colour: arg.string() }`, `args: { colour: arg.string(), size: arg.int() }`}, "keys_changed",
			`GET node/Poster:100:red:lost`},
		"a shape's argument of another type": {[]string{`colour: arg.string() }`, `colour: arg.int() }`, `colour: "red"`, `colour: 3`}, "key_type_changed",
			`get [["Poster",100,"red","lost","title"]]`},
		"a shape over another type": {[]string{`shape("Poster", graph.Show`, `shape("Poster", graph.Film`, `Poster(graph.show(`, `Poster(graph.film(`}, "identity_changed",
			`get [["Poster",100,"red","lost","title"]]`},
		"a value is a list by index": {[]string{`tags: s.tags`, `tags: s.tags.page({ first: 5 })`}, "form_changed", `get [["show","lost","tags"]]`},
		"a computed object is a branch": {[]string{`label: computed.object(CardLabel, { title: s.title }, ({ title }) => ({ text: title, long: title.length > 20 }))`,
			`label: { text: computed.string({ title: s.title }, ({ title }) => title), long: computed.boolean({ title: s.title }, ({ title }) => title.length > 20) }`}, "form_changed",
			`get [["Card","lost","label"]]`},
		"a call's arguments in another order": {[]string{rateArgs, `args: { stars: arg.int(), show: arg.id(), note: arg.string().default("") }`}, "argument_order",
			`call ["rate"] ["lost",4] [["stars"]]`},
		"a call's path": {[]string{`as: "like"`, `as: "likes"`}, "call_path_changed", `call ["Card","lost","like"] ["lost",4] []`},
		"a result that is gone": {[]string{`run: ({ show, stars, note }) => Card(graph.rate({ show, stars, note }).show)`, `run: ({ show, stars, note }) => { graph.rate({ show, stars, note }); }`}, "result_removed",
			`POST rate?fields=title {"show":"lost","stars":4}`},
		"a field that is no longer set": {[]string{`  sets: { field: "Card.stars", key: "show", value: "stars" },` + "\n", ``}, "set_removed", `set ["Card","lost","stars"] {"Card":{"lost":{"stars":4}}}`},
		"a field that is set to another type": {[]string{rateArgs, `args: { show: arg.id(), stars: arg.int().default(1), note: arg.string().default("") }`, `value: "stars"`, `value: "note"`}, "set_changed",
			`set ["Card","lost","stars"] {"Card":{"lost":{"stars":4}}}`},
		"tighter bounds":         {[]string{`max: 900 }).default(100)`, `max: 90 }).default(50)`}, "bounds_tightened", `GET show?id=lost&size=100&fields=size`},
		"a default that is gone": {[]string{`.default(100)`, ``}, "default_removed", `GET show?id=lost&fields=size`},
		"what is safe": {[]string{`title: s.title,` + "\n  stars", `title: s.title, newer: s.tags,` + "\n  stars", `note: arg.string().default("")`, `note: arg.string().default(""), more: arg.int().optional()`}, "",
			`call ["rate"] ["lost",4] [["stars"]]`},
	} {
		t.Run(name, func(t *testing.T) {
			after := changed(t, c.edits...)
			changes := view.Diff(surface(before), surface(after))
			found := c.code == ""
			for _, x := range changes {
				found = found || x.Code == c.code && x.Breaking
			}
			if !found || view.Breaking(changes) != (c.code != "") {
				t.Errorf("want %q to break; got %v", c.code, changes)
			}
			was, is := ask(t, edge, c.question), ask(t, Open(t, after), c.question)
			if !strings.HasPrefix(was, "OK ") || strings.Contains(was, `"error`) {
				t.Errorf("before the change it is %s", was)
			}
			if (was == is) != (c.code == "") {
				t.Errorf("before:\n%s\nafter:\n%s", was, is)
			}
			t.Logf("%s\n-%s\n+%s", c.question, was, is)
		})
	}
}
