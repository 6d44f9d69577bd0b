package scripts

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

// TestHandlerLate is what code does after its answer, or beside it: it is part of the run, under its limits, or it does not happen.
func TestHandlerLate(t *testing.T) {
	const after = `const r: any = { text: "x" }; `
	for _, c := range []struct {
		name, body  string
		kind        fault.Kind // "": it answers
		out         string
		asked       string // of the loader, with blanks between
		loggedAbout int
	}{
		{"a loop", after + `(async () => { await null; for (;;); })(); return r;`, fault.Timeout, "", "", 0},
		{"awaits", after + `(async () => { for (;;) await null; })(); return r;`, fault.Timeout, "", "", 0},
		{"a chain of rejections", after + `const f = (): any => Promise.reject(1).catch(() => { f(); throw 2; }); f(); return r;`, fault.Timeout, "", "", 0},
		{"loads", after + `(async () => { for (;;) await ctx.graph.echo(); })(); return r;`, fault.Limit, "", "echo…", 0},
		{"some loads", after + `(async () => { await ctx.graph.echo(); await ctx.graph.echo(); r.text = "late"; })(); return r;`, "", `"late"`, "echo echo", 0},
		{"a change", after + `Promise.resolve().then(() => ctx.graph.save()); return r;`, "", `"x"`, "do save", 0},
		{"a change after a load", after + `ctx.graph.echo().then(() => ctx.graph.save()); return r;`, "", `"x"`, "echo do save", 0},
		{"a change that fails", after + `ctx.graph.echo().then(() => ctx.graph.breaks()); return r;`, fault.Unavailable, "", "echo do breaks", 0},
		{"lines", after + `(async () => { await ctx.graph.echo(); for (let i = 0; i < 50; i++) ctx.log.info("x"); })(); return r;`, "", `"x"`, "echo", 20},
		{"after it failed", `ctx.graph.save().then(() => ctx.graph.save()); throw new Error("no");`, fault.Internal, "", "", 0},
		{"a rejection while others wait", `ctx.graph.save(); await ctx.graph.echo(); ctx.graph.save(); throw new Error("no");`, fault.Internal, "", "do save echo", 0},
		{"a getter calls", `return { get text() { ctx.graph.save(); return "x"; } };`, "", `"x"`, "", 0},
		{"a getter goes on", `return { get text() { (async () => { for (;;) await null; })(); return "x"; } };`, fault.Timeout, "", "", 0},
		{"a getter loops", `return { get text() { for (;;); } };`, fault.Timeout, "", "", 0},
		{"a thenable goes on", `return { then(done: any) { done({ text: "x" }); for (;;); } } as any;`, fault.Timeout, "", "", 0},
		{"nobody settles it", after + `(async () => { await new Promise(() => 0); r.text = "never"; })(); return r;`, "", `"x"`, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := &shelf{}
			got := runHandler(t.Context(), t, "", c.body, l)
			// What makes promises without end is ended by its time, or, where the other cases make much beside it, for the process's growth.
			grew := c.kind == fault.Timeout && got.err != nil && strings.Contains(got.err.Error(), "the process grew")
			if c.kind != "" && fault.KindOf(got.err) != c.kind && !grew || c.kind == "" && got.err != nil || !strings.Contains(got.out, c.out) {
				t.Fatalf("got %s, %v", got.out, got.err)
			}
			asked := strings.Join(got.asked, " ")
			if head, more := strings.CutSuffix(c.asked, "…"); more && strings.HasPrefix(asked, head) {
				asked = c.asked
			}
			if d := cmp.Diff(c.asked, asked); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if len(got.did.Log) != c.loggedAbout {
				t.Errorf("%d lines", len(got.did.Log))
			}
			if most := 2*slowdown*70*time.Millisecond + making.of(); got.did.CPU > most {
				t.Errorf("it had %v", got.did.CPU)
			}
		})
	}
}

// TestHandlerLeavesNothing: what a run began and nobody awaited is gone with it, and the next run of the set sees none of it.
func TestHandlerLeavesNothing(t *testing.T) {
	b := handlerBuild(t, "", `
    const places: any[] = [Promise.prototype, Object.prototype, Array.prototype, ctx.graph.echo, ctx.log.info, ctx.fail, Math];
    const seen = places.map((p) => String(p.left)).join(" ");
    const leave = () => { for (const p of places) { try { p.left = ctx; } catch (e) {} } };
    (async () => { await ctx.graph.echo(); leave(); await null; leave(); Promise.resolve().then(leave); await new Promise(() => 0); })();
    return { text: seen };`)
	set, err := OpenHandlers(b, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	before := 0
	for n := range 6 {
		l := &shelf{}
		out, _, err := set.Run(t.Context(), &HandlerCall{Args: json.RawMessage(`{}`), Context: json.RawMessage(`{}`), Loader: l}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := `"undefined undefined undefined undefined undefined undefined undefined"`; !strings.Contains(string(out), want) {
			t.Errorf("run %d sees %s", n, out)
		}
		if n == 0 {
			before = runtime.NumGoroutine()
		}
	}
	if after := runtime.NumGoroutine(); after > before+2 {
		t.Errorf("%d goroutines after one run, %d after six", before, after)
	}
}
