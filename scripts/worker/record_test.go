package worker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/scripts/worker"
)

const shop = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "shop", http: { baseURL: "{$env.SHOP_URL}" })
type Query { topics: [String!]! @connect(source: "shop", http: { GET: "/topics" }, selection: "$.topics") }
type Mutation { ping: Boolean! @writes(nothing: true) @connect(source: "shop", http: { POST: "/ping" }, selection: "$.ok") }
`

// source is a package with a graph and a module of its own.
func source(t testing.TB, text string) (*pack.Package, *pack.Lock, *graph.Graph) {
	t.Helper()
	g, ds := graph.Parse("shop", []byte(shop))
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	of := func(name, deps, edge, text string) *pack.Package {
		p := &pack.Package{Files: map[string][]byte{
			"package.json": fmt.Appendf(nil, `{"name":%q,"version":"1.0.0","type":"module","exports":"./index.ts","dependencies":%s,"edge":%s}`, name, deps, edge),
			"index.ts":     []byte(text),
		}}
		m, ds := pack.ParseManifest(p.Files["package.json"])
		if err := ds.Err(); err != nil {
			t.Fatal(err)
		}
		p.Manifest, p.Digest = m, pack.DigestOf(p.Files)
		return p
	}
	words := of("@t/words", `{}`, `{"graph":"^1"}`, `export const greeting = "hello";`)
	pkg := of("@t/home", `{"@t/words":"^1.0.0"}`, `{"device":["tv"],"schema":"v1","graph":"^1"}`, text)
	return pkg, &pack.Lock{Modules: map[string]*pack.Package{"@t/words@1.0.0": words}, Uses: map[string]map[string]string{"@t/home@1.0.0": {"@t/words": "@t/words@1.0.0"}}}, g
}

// A package is built in a worker as it is here: the same bytes, and the same mistakes with their places and notes.
func TestBuildAsHere(t *testing.T) {
	p := pool(t, worker.Options{})
	for name, text := range map[string]string{
		"good": `import { graph, computed, view } from "@facet/sdk"; import { greeting } from "@t/words";
export const home = view({ build: () => ({ topics: graph.topics, hi: greeting, n: computed.int({ t: graph.topics }, ({ t }) => t.length) }) });`,
		"mistakes": `import { graph, view } from "@facet/sdk";
export const home = view({ build: () => ({ topics: graph.topixs }) });
export const other = view({ build: () => ({ a: graph.topics ? 1 : 2, at: Date.now() }) });`,
		"syntax": `export const = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			pkg, lock, g := source(t, text)
			want, wrong := scripts.Build(t.Context(), pkg, lock, g, scripts.Options{})
			got, ds, err := p.Build(t.Context(), pkg, lock, g, scripts.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(wrong, ds); d != "" {
				t.Error(d)
			}
			if (want == nil) != (got == nil) || (name == "good") != (got != nil) {
				t.Fatalf("got %v, want %v; %v", got, want, ds)
			}
			if want == nil {
				return
			}
			a, err := want.Encode()
			if err != nil {
				t.Fatal(err)
			}
			b, err := got.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(a), string(b)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A build that takes too much memory, or time, ends its own process: its author reads it as any other mistake.
func TestBuildsThatEndTheirProcess(t *testing.T) {
	if worker.Instrumented {
		return // the detector's own memory is past any limit
	}
	// The engine's own limits come first: what the system ends is what they do not know of. So the process has hardly anything.
	p := pool(t, worker.Options{BuildMemory: 1 << 20, BuildTime: 20 * time.Second})
	pkg, lock, g := source(t, "export const words = ["+strings.Repeat(`{ a: "b", c: [1, 2, 3] },`, 20_000)+"];")
	b, ds, err := p.Build(t.Context(), pkg, lock, g, scripts.Options{Wall: 15 * time.Second})
	if err != nil || b != nil || !ds.Failed() {
		t.Fatalf("got %v, %v, %v", b, ds, err)
	}
	if d := cmp.Diff([]string{"index.ts: error F196: the build used more than 1 MiB of memory. Look for what makes or computes too much while the modules load"}, strs(ds)); d != "" {
		t.Error(d)
	}

	slow := pool(t, worker.Options{BuildTime: 300 * time.Millisecond})
	pkg, lock, g = source(t, `for (;;);`)
	b, ds, err = slow.Build(t.Context(), pkg, lock, g, scripts.Options{Wall: 15 * time.Second})
	if err != nil || b != nil {
		t.Fatalf("got %v, %v, %v", b, ds, err)
	}
	if d := cmp.Diff([]string{"index.ts: error F196: the build took longer than 300ms. Look for what makes or computes too much while the modules load"}, strs(ds)); d != "" {
		t.Error(d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err = p.Build(ctx, pkg, lock, g, scripts.Options{Wall: 15 * time.Second}); err == nil {
		t.Log("the build ended by the caller's deadline is told as a diagnostic")
	} else if k := fault.KindOf(err); k != fault.Timeout && k != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

func strs(ds fault.Diagnostics) (out []string) {
	for _, d := range ds {
		out = append(out, d.String())
	}
	return out
}
