package edgetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"facet/composer"
	"facet/examples/films"
	"facet/fault"
	"facet/tiers"
	"facet/tiers/guard"
)

// player is the films world with the television's packages, handlers among them.
func player(t testing.TB) (*films.World, *Edge, *[]Outcome) {
	t.Helper()
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	world := RunTiers(t)
	told := &[]Outcome{}
	e := Open(t, World{Graph: g, Builds: Build(t, dir, g, "tv-home", "tv-player"), Tiers: DialWith(t, g, world.Env(), guard.Settings{BreakerFailures: -1}), Asker: Demo(),
		Done: func(o Outcome) { *told = append(*told, o) }})
	return world, e, told
}

// TestHandlerOverThreeProtocols asks one handler over each: the same value, the same effect, the same things made stale.
func TestHandlerOverThreeProtocols(t *testing.T) {
	_, e, told := player(t)
	for i, wire := range wires {
		t.Run(wire, func(t *testing.T) {
			c := &client{e, devices[0], wire, "demo"}
			end := func(seconds int, want string) {
				t.Helper()
				*told = nil
				answer, ok := c.do("playbackEnded", "", "how", watched, seconds)
				text, err := json.Marshal(answer)
				if err != nil {
					t.Fatal(err)
				}
				if !ok || !strings.Contains(string(text), want) {
					t.Fatalf("got %s, want %s", text, want)
				}
				if o := (*told)[0]; o.Stats.Calls > 4 { // films together, their artwork is not asked; the similar ones; the bookmark
					t.Errorf("%d calls", o.Stats.Calls)
				}
				if wire == "rest" {
					return
				}
				for _, stale := range []string{`"invalidated"`, "Card"} {
					if !strings.Contains(string(text), stale) {
						t.Errorf("%s is not in %s", stale, text)
					}
				}
			}
			at := 600 + 60*i
			end(at, `"STOPPED"`)
			if got, ok := c.read(devices[0].position); !ok || got != float64(at) {
				t.Errorf("the position is %v", got)
			}
			end(147*60, `"FINISHED"`)
			if got, ok := c.read(devices[0].position); !ok || got != nil {
				t.Errorf("the position is %v, after the end", got)
			}
		})
	}
}

// TestHandlerFailures: what goes wrong in a handler is an error with a code, over each protocol.
func TestHandlerFailures(t *testing.T) {
	_, e, _ := player(t)
	c := &client{e, devices[0], "rest", "demo"}
	for _, x := range []struct {
		name, body string
		code       int
		kind       string
	}{
		{"unknown film", `{"title":"no-such-film","positionSeconds":1}`, 404, "not_found"},
		{"wrong argument", `{"title":"` + watched + `","positionSeconds":-1}`, 400, "invalid"},
		{"no argument", `{}`, 400, "invalid"},
	} {
		code, out := c.send("POST", "playbackEnded", "application/json", x.body, "")
		if code != x.code || !strings.Contains(fmt.Sprint(out["type"]), x.kind) {
			t.Errorf("%s: %d %v", x.name, code, out)
		}
	}
	for _, path := range []string{"playbackEnded.title", "playbackEnded.forget"} { // what it loads is served to nobody
		if code, out := c.send("GET", path+"?id="+watched, "", "", ""); code != 404 {
			t.Errorf("%s: %d %v", path, code, out)
		}
		if code, out := c.send("POST", path, "application/json", `{"title":"`+watched+`"}`, ""); code != 404 {
			t.Errorf("%s: %d %v", path, code, out)
		}
	}
	sdl := e.Engine("tv", "v2").Surface().SDL()
	if !strings.Contains(sdl, "playbackEnded(title: ID!, positionSeconds: Int!): PlaybackEnded\n") || strings.Contains(sdl, "PlaybackEndedTitle") {
		t.Error(sdl)
	}
}

// labSource is a package whose handler does what its argument says.
const labSource = `import { arg, cell, counter, graph, handler, mutation, view } from "@facet/sdk";
counter("lab", { labels: { form: ["tv"] } });
const title = view({ args: { id: arg.id() }, build: ({ id }) => ({ name: graph.title({ id }).title, year: graph.title({ id }).year }) });
const mark = view({ args: { id: arg.id() }, build: ({ id }, { viewer }) => ({ at: graph.title({ id }).bookmark({ profile: viewer.profile.id }).orNull().positionSeconds }) });
const soft = view({ args: { id: arg.id() }, build: ({ id }) => ({ name: graph.title({ id }).title.orNull() }) });
const save = mutation({ args: { title: arg.id(), at: arg.int() }, run: ({ title, at }, { viewer }) => graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds: at }).positionSeconds });
const push = mutation({ args: { title: arg.id() }, run: ({ title }, { viewer, metrics }) => { metrics.count("lab", { form: "tv" }); graph.addToMyList({ profile: viewer.profile.id, title }); } });
const chosen = view({ build: () => ({ n: cell("load").pick({ a: 1, default: 2 }) }) });
export const choose = mutation({ args: { title: arg.id() }, run: ({ title }, { viewer }) => { graph.addToMyList({ profile: viewer.profile.id, title }); return cell("change").pick({ a: "A", default: "B" }); } });
export const named = view({ args: { id: arg.id() }, build: ({ id }, { viewer }) => ({ at: graph.title({ id }).bookmark({ profile: viewer.profile.id }).positionSeconds }) });
export const lab = handler({
  args: { what: arg.string() }, loads: { title, mark, soft, chosen }, mutations: { save, push }, returns: "JSON", deadline: "10s",
  run: async ({ what }, ctx): Promise<any> => {
    const ids = ["inception-2010", "jaws-1975", "jaws-2-1978"];
    switch (what) {
      case "together": return (await Promise.all([...ids, ...ids].map((id) => ctx.graph.title({ id })))).map((t) => t!.name);
      case "one by one": { const out = []; for (const id of ids) out.push((await ctx.graph.title({ id }))!.name); return out; }
      case "own write": { await ctx.graph.save({ title: ids[0], at: 77 }); return (await ctx.graph.mark({ id: ids[0] }))!.at; }
      case "half": { await ctx.graph.push({ title: ids[1] }); await ctx.graph.save({ title: ids[1], at: 5 }); await ctx.graph.save({ title: ids[1], at: "soon" as any }); return "not reached"; }
      case "soft": return await ctx.graph.soft({ id: ids[0] });
      case "hard": return await ctx.graph.title({ id: ids[0] });
      case "caught": try { return await ctx.graph.title({ id: ids[0] }); } catch (e: any) { return e.code; }
      case "wait": for (;;) await ctx.graph.mark({ id: ids[0] });
      case "chosen": return [(await ctx.graph.chosen())!.n, (await ctx.graph.chosen())!.n];
      case "busy": for (;;);
      case "late": (async () => { for (let n = 0; n < 3; n++) await ctx.graph.save({ title: ids[2], at: n }); })(); return "answered";
      case "getter": return { get at() { ctx.graph.save({ title: ids[2], at: 99 }); return 1; } };
      case "thrown": ctx.graph.save({ title: ids[2], at: 55 }); throw ctx.fail("conflict", "no");
      case "unknown argument": return await ctx.graph.title({ id: ids[0], more: 1 } as any);
    }
    return null;
  },
});
`

// A faultyTier fails or waits as it is told.
type faultyTier struct {
	tiers.Tier
	fail atomic.Bool
	wait atomic.Int64
}

func (f *faultyTier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	if f.fail.Load() {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Message: "the tier is away"}
	}
	if d := time.Duration(f.wait.Load()); d > 0 {
		select {
		case <-ctx.Done():
			return nil, fault.Wrap(fault.KindOf(context.Cause(ctx)), "tier", "slow", context.Cause(ctx))
		case <-time.After(d):
		}
	}
	return f.Tier.Call(ctx, c)
}

func laboratory(t *testing.T) (e *Edge, told *[]Outcome, catalog, bookmarks *faultyTier) {
	t.Helper()
	dir := Patient(t, FilmsDir())
	at := filepath.Join(dir, "packages", "lab")
	if err := os.MkdirAll(filepath.Join(at, "src"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at, "package.json"), []byte(`{"name":"@tv/lab","version":"1.0.0","type":"module","exports":"./src/index.ts","files":["src"],"edge":{"device":["tv"],"schema":"v1","graph":"^1"}}`))
	write(t, filepath.Join(at, "src", "index.ts"), []byte(labSource))
	g := Parse(t, dir)
	world := RunTiers(t)
	bySource := DialWith(t, g, world.Env(), guard.Settings{BreakerFailures: -1})
	catalog, bookmarks = &faultyTier{Tier: bySource["catalog"]}, &faultyTier{Tier: bySource["bookmarks"]}
	bySource["catalog"], bySource["bookmarks"] = catalog, bookmarks
	told = &[]Outcome{}
	e = Open(t, World{Graph: g, Builds: Build(t, dir, g, "lab"), Tiers: bySource, Asker: Demo(), Done: func(o Outcome) { *told = append(*told, o) }})
	return e, told, catalog, bookmarks
}

// TestHandlerOnTiers: what code loads is planned, merged and guarded as any view, and what it did before it failed is done.
func TestHandlerOnTiers(t *testing.T) {
	e, told, catalog, _ := laboratory(t)
	c := &client{e, device{route: "/tv/v1/"}, "graphql", "demo"}
	ask := func(what string) (string, int) {
		*told = nil
		body, err := json.Marshal(map[string]string{"query": fmt.Sprintf("mutation { lab(what: %q) }", what)})
		if err != nil {
			t.Fatal(err)
		}
		_, out := c.send("POST", "graphql", "application/json", string(body), "k-"+what)
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text), (*told)[0].Stats.Calls
	}
	for _, x := range []struct {
		what  string
		away  bool
		want  []string
		calls int
	}{
		{"together", false, []string{`["Inception","Jaws","Jaws 2","Inception","Jaws","Jaws 2"]`}, 1},
		{"one by one", false, []string{`["Inception","Jaws","Jaws 2"]`}, 3},
		{"own write", false, []string{`"lab":77`, `"invalidated"`}, 2},
		{"half", false, []string{`"lab":null`, `"code":"invalid"`, `argument \"at\"`, `"invalidated"`}, 2},
		{"unknown argument", false, []string{`"code":"invalid"`, `takes no argument`}, 0},
		{"late", false, []string{`"lab":"answered"`, `"invalidated"`}, 3},
		{"getter", false, []string{`"lab":{"at":1}`}, 0},
		{"thrown", false, []string{`"code":"conflict"`}, 0},
		{"soft", true, []string{`"lab":{"name":null}`}, -1},
		{"hard", true, []string{`"lab":null`, `"code":"unavailable"`}, -1},
		{"caught", true, []string{`"lab":"unavailable"`}, -1},
	} {
		catalog.fail.Store(x.away)
		got, calls := ask(x.what)
		for _, want := range x.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s is not in %s", x.what, want, got)
			}
		}
		if x.calls >= 0 && calls != x.calls {
			t.Errorf("%s: %d calls, want %d", x.what, calls, x.calls)
		}
	}
	for part := range e.Engine("tv", "v1").Answer(t.Context(), &composer.Request{Selection: &composer.Selection{Mutation: true,
		Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "a", Name: "lab", Args: []composer.Arg{{Name: "what", Value: 0}}, Window: -1}}},
		Values: []json.RawMessage{json.RawMessage(`"half"`)}}) {
		if len(part.Runs) != 1 || part.Runs[0].Err == nil {
			t.Errorf("%+v", part.Runs)
		}
	}
}

// TestExposuresOfMutations: the arms that a document's mutations, and what its handlers load, depend on are told as a view's are, each once.
func TestExposuresOfMutations(t *testing.T) {
	e, _, _, _ := laboratory(t)
	who := Demo()
	a, err := who.FromRequest(httptest.NewRequest("POST", "/tv/v1/graphql", nil), "tv", nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Cells = map[string]string{"load": "a", "change": "a"}
	roots := []*composer.Root{
		{Kind: composer.RootMutation, Key: "l", Name: "lab", Args: []composer.Arg{{Name: "what", Value: 0}}, Window: -1},
		{Kind: composer.RootMutation, Key: "c", Name: "choose", Args: []composer.Arg{{Name: "title", Value: 1}}, Window: -1},
		{Kind: composer.RootMutation, Key: "d", Name: "choose", Args: []composer.Arg{{Name: "title", Value: 1}}, Window: -1},
	}
	for part := range e.Engine("tv", "v1").Answer(t.Context(), &composer.Request{Asker: a, Selection: &composer.Selection{Mutation: true, Roots: roots},
		Values: []json.RawMessage{json.RawMessage(`"chosen"`), json.RawMessage(`"jaws-1975"`)}}) {
		want := []composer.Exposure{{Experiment: "load", Arm: "a"}, {Experiment: "change", Arm: "a"}}
		if !slices.Equal(part.Exposed, want) || len(part.Errors) > 0 {
			t.Errorf("exposed to %v, want %v: %s %v", part.Exposed, want, part.Data, part.Errors)
		}
	}
}

// TestHandlersOfOneDocument: a document that asks for a handler many times has the processor time of one.
func TestHandlersOfOneDocument(t *testing.T) {
	e, _, _, _ := laboratory(t)
	c := &client{e, device{route: "/tv/v1/"}, "graphql", "demo"}
	var q strings.Builder
	for n := range 8 {
		fmt.Fprintf(&q, " a%d: lab(what: \"busy\")", n)
	}
	body, err := json.Marshal(map[string]string{"query": "mutation {" + q.String() + " }"})
	if err != nil {
		t.Fatal(err)
	}
	_, out := c.send("POST", "graphql", "application/json", string(body), "")
	text := fmt.Sprint(out["errors"])
	if n := strings.Count(text, "found no time left for this request"); n < 5 {
		t.Errorf("%d of 8 found no time left: %s", n, text)
	}
}

// TestHandlerClientGone: a request that is cancelled ends its handler, which waits for a tier, at once.
func TestHandlerClientGone(t *testing.T) {
	e, _, _, bookmarks := laboratory(t)
	bookmarks.wait.Store(int64(time.Minute))
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(fault.New(fault.Canceled, "the device is gone")) })
	r := httptest.NewRequest("POST", "/tv/v1/lab", strings.NewReader(`{"what":"wait"}`)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Requested-With", "test")
	r.Header.Set("Facet-Viewer", "demo")
	r.Header.Set("Facet-Profile", "demo")
	r.Header.Set("Facet-Profiles", "demo")
	began := time.Now()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if d := time.Since(began); w.Code != 499 || d > 8*time.Second { // its deadline is ten
		t.Errorf("%d after %v", w.Code, d)
	}
}
