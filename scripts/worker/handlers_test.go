package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"facet/fault"
	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

// A shelf answers what a handler loads: "echo" its arguments, "broken" an error, "slow" when it is canceled.
type shelf struct {
	mu    sync.Mutex
	asked []string
	then  func() // called by each mutation
}

func (s *shelf) Load(ctx context.Context, calls []view.LoadCall) []view.Loaded {
	var names []string
	out := make([]view.Loaded, len(calls))
	for i, c := range calls {
		names = append(names, c.Name)
		switch c.Name {
		case "echo":
			out[i].Data = c.Args
		case "broken":
			out[i].Err = fault.New(fault.Unavailable, "the tier is away")
		case "slow":
			<-ctx.Done()
			out[i].Err = fault.New(fault.Timeout, "late")
		}
	}
	s.mu.Lock()
	s.asked = append(s.asked, strings.Join(names, "+"))
	s.mu.Unlock()
	return out
}

func (s *shelf) Mutate(_ context.Context, c view.LoadCall) view.Loaded {
	s.mu.Lock()
	s.asked = append(s.asked, "do "+c.Name)
	s.mu.Unlock()
	if s.then != nil {
		s.then()
	}
	return view.Loaded{Data: json.RawMessage("true")}
}

func handlerBuild(t testing.TB, p *worker.Pool, body string) *view.Build {
	t.Helper()
	pkg, lock, g := source(t, `import { arg, graph, handler, mutation, object, view } from "@facet/sdk";
const Out = object("Out", { text: "String", n: "Float" });
const all = view({ args: { id: arg.id().optional(), a: arg.int().optional() }, build: () => ({ topics: graph.topics }) });
const save = mutation({ run: () => graph.ping });
export const it = handler({ args: { n: arg.int().optional() }, returns: Out, loads: { echo: all, slow: all, broken: all }, mutations: { save },
  run: async ({ n }: any, ctx: any): Promise<any> => { `+body+` } });`)
	b, ds, err := p.Build(t.Context(), pkg, lock, g, scripts.Options{})
	if err != nil || b == nil {
		t.Fatal(ds, err)
	}
	for _, h := range b.Handlers {
		h.Quota.Deadline = 10 * time.Second // the most there is: a machine may be busy
	}
	return b
}

func openHandlers(t testing.TB, p *worker.Pool, b *view.Build) scripts.Handlers {
	t.Helper()
	h, err := p.OpenHandlers(b, scripts.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func runIt(ctx context.Context, h scripts.Handlers, l scripts.Loader) (string, *view.HandlerRun, error) {
	out, did, err := h.Run(ctx, &scripts.HandlerCall{Args: json.RawMessage(`{"n":3}`), Context: json.RawMessage(`{"viewer":{"id":"v"}}`),
		Now: time.Unix(1e9, 0), Seed: 7, Loader: l}, nil)
	return string(out), did, err
}

// A handler in a worker answers, loads, changes, logs and fails as it does here.
func TestHandlersAsHere(t *testing.T) {
	p := pool(t, worker.Options{})
	for name, body := range map[string]string{
		"loads":   `const [a, b] = await Promise.all([ctx.graph.echo({ a: n }), ctx.graph.echo({ a: 2 })]); ctx.log.info("seen", { n }); await ctx.graph.save({}); return { text: JSON.stringify([a, b]), n: a.a + b.a }`,
		"fails":   `try { await ctx.graph.broken({}) } catch (e) { return { text: e.code + " " + e.message, n: 0 } } return { text: "no", n: 1 }`,
		"passes":  `await ctx.graph.broken({}); return { text: "no", n: 1 }`,
		"throws":  `throw new Error("no such thing " + n)`,
		"wrong":   `return { text: 5, n: "x" }`,
		"seconds": `return { text: String(ctx.now()), n: ctx.random() }`,
	} {
		t.Run(name, func(t *testing.T) {
			b := handlerBuild(t, p, body)
			here, err := scripts.OpenHandlers(b, scripts.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer here.Close()
			tell := func(h scripts.Handlers) string {
				l := &shelf{}
				out, did, err := runIt(t.Context(), h, l)
				lines, _ := json.Marshal(did.Log)
				if len(did.Log) > 0 {
					lines = []byte(did.Log[0].Text + string(did.Log[0].Fields))
				}
				return fmt.Sprintf("%s\n%s %s\n%v\nturns %d, lines %s", out, fault.KindOf(err), fault.Public(err), l.asked, did.Turns, lines)
			}
			if want, got := tell(here), tell(openHandlers(t, p, b)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Whoever goes away ends the run, and the worker is there for the next.
func TestHandlerIsCanceled(t *testing.T) {
	p := pool(t, worker.Options{})
	b := handlerBuild(t, p, `if (n > 3) for (;;); await ctx.graph.slow({}); return { text: "done", n: 1 }`)
	h := openHandlers(t, p, b)
	for _, args := range []string{`{"n":3}`, `{"n":4}`} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		began := time.Now()
		_, _, err := h.Run(ctx, &scripts.HandlerCall{Args: json.RawMessage(args), Context: json.RawMessage(`{}`), Loader: &shelf{}}, nil)
		cancel()
		if err == nil || time.Since(began) > 20*time.Second {
			t.Errorf("%s: got %v after %v", args, err, time.Since(began))
		}
	}
	if n := len(p.Children()); n != 1 {
		t.Errorf("%d workers", n)
	}
}

// A run whose worker was killed is begun again, but not once it has changed something.
func TestHandlersWorkerIsKilled(t *testing.T) {
	p := pool(t, worker.Options{})
	b := handlerBuild(t, p, `await ctx.graph.echo({}); await ctx.graph.save({}); return { text: "done", n: 1 }`)
	h := openHandlers(t, p, b)
	kill := func() { _ = syscall.Kill(pidOf(t, p, "@t"), syscall.SIGKILL) }
	kill()
	l := &shelf{}
	if out, _, err := runIt(t.Context(), h, l); err != nil || out != `{"text":"done","n":1}` {
		t.Errorf("got %s, %v", out, err)
	}
	l = &shelf{then: kill}
	if _, did, err := runIt(t.Context(), h, l); fault.KindOf(err) != fault.Unavailable || did == nil {
		t.Errorf("got %v", err)
	}
	if got := strings.Join(l.asked, ","); got != "echo,do save" {
		t.Errorf("it asked %s: a change must not be made twice", got)
	}
}
