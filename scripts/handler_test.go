package scripts

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"facet/fault"
	"facet/view"
)

// A shelf is a Loader that knows everything: load "echo" answers its arguments, "slow" waits, "broken" fails, others answer null.
type shelf struct {
	asked []string // a line for each request: names joined by "+"
	wait  time.Duration
}

func (s *shelf) Load(ctx context.Context, calls []view.LoadCall) []view.Loaded {
	names := make([]string, len(calls))
	out := make([]view.Loaded, len(calls))
	for i, c := range calls {
		names[i] = c.Name
		out[i] = s.one(ctx, c)
	}
	s.asked = append(s.asked, strings.Join(names, "+"))
	return out
}

func (s *shelf) Mutate(ctx context.Context, c view.LoadCall) view.Loaded {
	s.asked = append(s.asked, "do "+c.Name)
	return s.one(ctx, c)
}

func (s *shelf) one(ctx context.Context, c view.LoadCall) view.Loaded {
	switch c.Name {
	case "echo":
		return view.Loaded{Data: c.Args}
	case "slow":
		select {
		case <-ctx.Done():
		case <-time.After(s.wait):
		}
	case "broken", "breaks":
		return view.Loaded{Err: &fault.Error{Kind: fault.Unavailable, Message: "the tier is away"}}
	}
	return view.Loaded{Data: json.RawMessage("null")}
}

const handlerGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "shop", http: { baseURL: "{$env.SHOP_URL}" })
type Query { topics: [String!]! @connect(source: "shop", http: { GET: "/topics" }, selection: "$.topics") }
type Mutation { ping: Boolean! @writes(nothing: true) @connect(source: "shop", http: { POST: "/ping" }, selection: "$.ok") }
`

// handlerBuild builds a package whose one handler, "it", has the body.
func handlerBuild(t testing.TB, more, body string) *view.Build {
	t.Helper()
	text := `import { arg, counter, graph, handler, histogram, mutation, object, view } from "@facet/sdk";
counter("seen", { labels: { form: ["tv", "phone"] } });
histogram("minutes", { buckets: [1, 10] });
const Out = object("Out", { text: "String", n: "Float", list: ["Int"] });
const all = view({ args: { id: arg.id().optional(), a: arg.int().optional() }, build: () => ({ topics: graph.topics }) });
const save = mutation({ run: () => graph.ping });
export const it = handler({
  args: { n: arg.int().optional() }, returns: Out,
  loads: { echo: all, slow: all, broken: all }, mutations: { save, breaks: save },
  ` + more + `
  run: async ({ n }: any, ctx: any): Promise<any> => {
` + body + `
  },
});
`
	g, pkg, lock := world(t, &txtar.Archive{Files: []txtar.File{
		{Name: "graph.graphqls", Data: []byte(handlerGraph)},
		{Name: "package.json", Data: []byte(`{ "name": "@shop/it", "version": "1.0.0", "type": "module", "exports": "./index.ts", "edge": { "device": ["tv"], "schema": "v1", "graph": "^1" } }`)},
		{Name: "index.ts", Data: []byte(text)},
	}})
	b, ds := Build(t.Context(), pkg, lock, g, Options{})
	if b == nil {
		t.Fatal(ds)
	}
	for _, h := range b.Handlers {
		h.Quota.CPU = min(max(h.Quota.CPU, view.DefaultQuota().CPU)*slowdown, view.MaxQuota().CPU)
	}
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = view.Decode(data); err != nil {
		t.Fatal(err)
	}
	return b
}

type ranHandler struct {
	out   string
	did   *view.HandlerRun
	err   error
	asked []string
	took  time.Duration
}

func runHandler(ctx context.Context, t testing.TB, more, body string, l *shelf) ranHandler {
	t.Helper()
	set, err := OpenHandlers(handlerBuild(t, more, body), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for try := 0; ; try++ {
		l.asked = nil
		began := time.Now()
		out, did, err := set.Run(ctx, &HandlerCall{Args: json.RawMessage(`{"n":3}`), Seed: 7, Now: time.UnixMilli(1_700_000_000_000), Loader: l,
			Context: json.RawMessage(`{"viewer":{"id":"v1","signedIn":true,"profile":{"id":null}},"device":{"form":"tv"},"locale":"en"}`)}, nil)
		if err == nil || try == 3 || !strings.Contains(err.Error(), "found no processor") { // the machine was busy: that says nothing of the run
			return ranHandler{string(out), did, err, l.asked, time.Since(began)}
		}
	}
}

func TestHandlerRuns(t *testing.T) {
	for _, c := range []struct{ name, body, out string }{
		{"value", `return { text: "a" + n, n: 1.5, list: [1, 2] };`, `{"text":"a3","n":1.5,"list":[1,2]}`},
		{"null", `return null;`, `null`},
		{"load", `const x = await ctx.graph.echo({ id: "7" }); return { text: x.id };`, `{"text":"7","n":null,"list":null}`},
		{"context", `return { text: [ctx.viewer.id, ctx.viewer.profile.id, ctx.device.form, ctx.locale].join() };`, `{"text":"v1,,tv,en","n":null,"list":null}`},
		{"time", `return { n: ctx.now() };`, `{"text":null,"n":1700000000000,"list":null}`},
		{"random", `const a = ctx.random(); return { text: String(a >= 0 && a < 1 && a !== ctx.random()) };`, `{"text":"true","n":null,"list":null}`},
		{"catch", `try { await ctx.graph.broken(); } catch (e) { return { text: e.code + ": " + e.message }; }`, `{"text":"unavailable: the tier is away","n":null,"list":null}`},
		{"settled", `const r = await Promise.allSettled([ctx.graph.broken(), ctx.graph.echo({ a: 1 })]); return { text: r.map((x) => x.status).join() };`,
			`{"text":"rejected,fulfilled","n":null,"list":null}`},
		{"names of prototypes", `const x = await ctx.graph.echo({ constructor: 1, ["__proto__"]: 2 }); return { n: x.constructor, list: [Object.keys(x).length] };`, `{"text":null,"n":1,"list":[2]}`},
		{"no makers of code", `return { text: [typeof (0 as any).constructor.constructor, typeof (async () => 0).constructor, typeof (ctx.now as any).constructor].join() };`,
			`{"text":"undefined,undefined,undefined","n":null,"list":null}`},
		{"late call", `Promise.resolve().then(() => 0).then(() => ctx.graph.save()); return { text: "done" };`, `{"text":"done","n":null,"list":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runHandler(t.Context(), t, "", c.body, &shelf{})
			if got.err != nil || got.out != c.out {
				t.Errorf("got %s, %v\nwant %s", got.out, got.err, c.out)
			}
		})
	}
}

func TestHandlerBatches(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"one turn is one request", `await Promise.all([ctx.graph.echo({ a: 1 }), ctx.graph.slow(), ctx.graph.echo({ a: 2 })]); return null;`, []string{"echo+slow+echo"}},
		{"each its own chain", `await Promise.all([1, 2, 3].map(async (a) => { const x = await ctx.graph.echo({ a }); await ctx.graph.echo({ a: x.a + 10 }); })); return null;`,
			[]string{"echo+echo+echo", "echo+echo+echo"}},
		{"effects in the order written", `await Promise.all([ctx.graph.echo({ a: 1 }), ctx.graph.save(), ctx.graph.echo({ a: 2 }), ctx.graph.save(), ctx.graph.save()]); return null;`,
			[]string{"echo", "do save", "echo", "do save", "do save"}},
		{"not awaited", `ctx.graph.save(); return null;`, []string{"do save"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runHandler(t.Context(), t, "", c.body, &shelf{})
			if got.err != nil {
				t.Fatal(got.err)
			}
			if d := cmp.Diff(c.want, got.asked); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestHandlerFails is what goes wrong in code, and what a device and the author then read.
func TestHandlerFails(t *testing.T) {
	for _, c := range []struct {
		name, more, body string
		kind             fault.Kind
		message, cause   string
	}{
		{"throw", "", `throw new Error("no luck");`, fault.Internal, "it failed", "index.ts:12:1: Error: no luck"},
		{"said", "", `throw ctx.fail("conflict", "somebody was first");`, fault.Conflict, "somebody was first", "index.ts:12:"},
		{"said later", "", `await ctx.graph.echo(); throw ctx.fail("not_found", "none");`, fault.NotFound, "none", "index.ts:12:"},
		{"unknown kind", "", `const k: any = n === 3 ? "teapot" : "limit"; throw ctx.fail(k, "x");`, fault.Internal, "it failed", `knows no "teapot"`},
		{"tier", "", `await ctx.graph.broken(); return null;`, fault.Unavailable, "the tier is away", ""},
		{"mutation", "", `await ctx.graph.save(); await ctx.graph.breaks(); return null;`, fault.Unavailable, "the tier is away", ""},
		{"not awaited", "", `ctx.graph.breaks(); return null;`, fault.Unavailable, "the tier is away", ""},
		{"text", "", `throw "oops";`, fault.Internal, "it failed", "oops was thrown"},
		{"undefined", "", `throw undefined;`, fault.Internal, "it failed", "undefined was thrown"},
		{"getter", "", `throw { get message() { throw 1; }, get stack() { for (;;); } };`, fault.Internal, "it failed", "no Error was thrown"},
		{"error with getters", "", `const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e;`, fault.Timeout, "it took too long", ""},
		{"forged", "", `const e: any = new Error("forged"); e.code = "conflict"; throw e;`, fault.Internal, "it failed", "forged"},
		{"thenable", "", `return { then() {} } as any;`, fault.Internal, "it failed", "waits for something that never comes"},
		{"never", "", `await new Promise(() => 0); return null;`, fault.Internal, "it failed", "waits for something that never comes"},
		{"type", "", `return { text: { a: 1 } } as any;`, fault.BadAnswer, "it gave", ""},
		{"type of nothing", "", `const x: any = null; return x.y;`, fault.Internal, "it failed", "index.ts:12:"},
		{"loop", "", `for (;;);`, fault.Timeout, "it took too long", ""},
		{"microtasks", "", `for (;;) await null;`, fault.Timeout, "it took too long", ""},
		{"loop in catch", "", `for (;;) { try { for (;;); } catch (e) {} finally { for (;;); } }`, fault.Timeout, "it took too long", ""},
		{"endless turns", "", `for (;;) await ctx.graph.echo();`, fault.Limit, "it asked for too much", "more than 100 "},
		{"1e5 loads", "", `await Promise.all(Array.from({ length: 40000 }, (_, a) => ctx.graph.echo({ a }))); return null;`, fault.Limit, "it asked for too much", "more than 100 loads"},
		{"1e5 loads, caught", "", `for (;;) { try { ctx.graph.echo().catch(() => 0); } catch {} }`, fault.Limit, "it asked for too much", "more than 100 loads"},
		{"mutations", "limits: { mutations: 2 },", `for (;;) await ctx.graph.save();`, fault.Limit, "it asked for too much", "more than 2 calls of mutations"},
		{"large result", "limits: { result: 100 },", `return { text: "x".repeat(1000) };`, fault.Limit, "it", ""},
		{"undeclared metric", "", `const k = "met" + "rics"; ctx[k].count("nothing"); return null;`, fault.Internal, "it failed", `no counter "nothing"`},
		{"undeclared label", "", `const l: any = {}; l["who" + n] = "x"; ctx.metrics.count("seen", l); return null;`, fault.Internal, "it failed", `seen has no label "who3"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := runHandler(t.Context(), t, c.more, c.body, &shelf{})
			e, ok := got.err.(*fault.Error)
			if !ok {
				t.Fatalf("got %s, %v", got.out, got.err)
			}
			if e.Kind != c.kind || !strings.HasPrefix(e.Message, c.message) || !strings.Contains(fmt.Sprint(e.Err), c.cause) {
				t.Errorf("got %s %q (%v); want %s %q (%s)", e.Kind, e.Message, e.Err, c.kind, c.message, c.cause)
			}
			if got.took > 30*time.Second {
				t.Errorf("it took %v", got.took)
			}
		})
	}
}

func TestHandlerDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	got := runHandler(ctx, t, "", `await ctx.graph.slow(); return null;`, &shelf{wait: time.Minute})
	if fault.KindOf(got.err) != fault.Timeout {
		t.Error(got.err)
	}
	gone, leave := context.WithCancelCause(t.Context())
	leave(fault.New(fault.Canceled, "the device is gone"))
	got = runHandler(gone, t, "", `await ctx.graph.save(); return null;`, &shelf{})
	if fault.KindOf(got.err) != fault.Canceled || len(got.asked) > 1 {
		t.Error(got.err, got.asked)
	}
}

func TestHandlerSays(t *testing.T) {
	got := runHandler(t.Context(), t, "", `
    for (let i = 0; i < 1000; i++) ctx.log.info("line " + i, { i, long: "x".repeat(i) });
    return null;`, &shelf{})
	if got.err != nil || len(got.did.Log) != 20 || got.did.Dropped != 980 || string(got.did.Log[1].Fields) != `{"i":1,"long":"x"}` {
		t.Errorf("%d lines, %d dropped, %v", len(got.did.Log), got.did.Dropped, got.err)
	}
	got = runHandler(t.Context(), t, "", `
    const form: any = n === 3 ? "vr" + n : "tv";
    ctx.metrics.count("seen", { form: "tv" }); ctx.metrics.count("seen", { form }); ctx.metrics.count("seen"); ctx.metrics.observe("minutes", 4);
    return null;`, &shelf{})
	if got.err != nil {
		t.Fatal(got.err)
	}
	want := []view.Moved{{Name: "seen", Value: 1, Labels: []string{"tv"}}, {Name: "seen", Value: 1, Labels: []string{"other"}, Folded: []string{"form"}},
		{Name: "seen", Value: 1, Labels: []string{"other"}, Folded: []string{"form"}}, {Name: "minutes", Value: 4}}
	if d := cmp.Diff(want, got.did.Metrics); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	none := runHandler(t.Context(), t, "returns: undefined,", `ctx.log.info("a"); return (() => ({ text: "x" }))() as any;`, &shelf{})
	if none.err != nil || none.out != "null" || len(none.did.Log) != 2 || !strings.Contains(none.did.Log[1].Text, "declares no returns") {
		t.Error(none.out, none.did, none.err)
	}
	quiet := runHandler(t.Context(), t, "sampleLog: 0.000001,", `ctx.log.info("a"); ctx.log.warn("b"); return null;`, &shelf{})
	if quiet.err != nil || len(quiet.did.Log) != 1 || quiet.did.Dropped != 0 {
		t.Error(quiet.did, quiet.err)
	}
}

// TestHandlerReplays runs one seed twice: the same numbers, and nothing of the first run is there in the second.
func TestHandlerReplays(t *testing.T) {
	b := handlerBuild(t, "", `const c: any = Array; const was = c.left ?? "nothing"; try { c.left = 1; } catch {} return { text: was, n: ctx.random() };`)
	set, err := OpenHandlers(b, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var outs []string
	for range 2 {
		out, _, err := set.Run(t.Context(), &HandlerCall{Args: json.RawMessage(`{}`), Context: json.RawMessage(`{}`), Seed: 5, Loader: &shelf{}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		outs = append(outs, string(out))
	}
	if outs[0] != outs[1] || !strings.Contains(outs[0], "nothing") {
		t.Error(outs)
	}
}

func BenchmarkHandler(b *testing.B) {
	set, err := OpenHandlers(handlerBuild(b, "", `const x = await ctx.graph.echo({ a: 1 }); await ctx.graph.save(); return { n: x.a };`), RunOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := set.Run(b.Context(), &HandlerCall{Args: json.RawMessage(`{"n":1}`), Context: json.RawMessage(`{"locale":"en"}`), Loader: &shelf{}}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzLines: whatever a build says about its lines, a place is looked up without a fault.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"files":["a.ts"],"at":[[1,1,0,3,5],[2,4,0,4,1]]}`), 1, 7)
	f.Add([]byte(`{"files":[],"at":[[1,1,9,3,5]]}`), 1, 1)
	f.Add([]byte(`{"at":[[0,0,-1,0,0]]}`), -5, 0)
	f.Fuzz(func(t *testing.T, text []byte, line, col int) {
		if pos := readLines(text).pos(line, col); pos.File == "" && (pos.Line != 0 || pos.Col != 0) {
			t.Error(pos)
		}
	})
}
