package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
	"facet/view/viewtest"
)

const sdl = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "catalog", http: { baseURL: "http://127.0.0.1:1" })

type Query {
  hello: String @connect(source: "catalog", http: { GET: "/hello" }, selection: "$")
}
`

// A world is a control over a store, with packages as short texts.
type world struct {
	*control.Control
	t *testing.T

	ships bool // packages ship tier answers, and have a warm-up

	mu    sync.Mutex
	built []string
}

func newWorld(t *testing.T, store storage.Store) *world {
	t.Helper()
	w := &world{t: t}
	w.Control = &control.Control{Store: store, Builder: "test 1", Workers: 4, Build: w.build,
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }}
	w.graph("1.0.0", sdl)
	return w
}

func (w *world) graph(version, text string) {
	w.t.Helper()
	if _, ds, err := w.PublishGraph(w.t.Context(), "graph.graphqls", version, []byte(text)); err != nil {
		w.t.Fatalf("graph %s: %v %v", version, ds, err)
	}
}

// build takes one word a line: "view home", "until" a text of the graph, "mistake", and "given card": a view if a linked module "gives card".
func (w *world) build(_ context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
	w.mu.Lock()
	w.built = append(w.built, in.Package.ID())
	w.mu.Unlock()
	m := in.Package.Manifest
	b := &view.Build{Format: view.Format, Package: m.Name, Version: m.Version, Devices: m.Edge.Device, Schema: m.Edge.Schema, Graph: in.Graph.Digest, Locks: map[string]string{}}
	var ds fault.Diagnostics
	text := string(in.Package.Files["index.ts"])
	for _, id := range slices.Sorted(maps.Keys(in.Lock.Modules)) {
		name, version := pack.SplitID(id)
		b.Locks[name] = version
		text += "\n" + string(in.Lock.Modules[id].Files["index.ts"])
	}
	for i, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "view" || word == "given" && strings.Contains(text, "gives "+rest):
			r := &viewtest.Recorder{}
			says, _ := json.Marshal(m.Version + b.Locks["@originals/rows"])
			leaf := r.Literal(string(says), "String!")
			b.Views = append(b.Views, &view.View{Name: rest, Scope: r.Scope, Output: &view.Output{Kind: view.Leaf, Value: leaf, Each: view.None, Type: viewtest.Type("String!"), NonNull: true}})
		case word == "mistake" || (word == "until" && !strings.Contains(string(in.Graph.Source), rest)):
			ds.Add(fault.Pos{File: "index.ts", Line: i + 1, Col: 1}, "F999", "Write it otherwise", "a mistake")
		}
	}
	if ds.Failed() {
		return nil, ds, nil
	}
	if in.Package.Files["fixtures/demo.json"] != nil {
		b.Warmups = []*view.Warmup{{View: "home"}}
	}
	return b, nil, nil
}

// publish makes a package of "name@version edge-json dependencies-json" and its text.
func (w *world) publish(id, edge, deps, text string) *control.Published {
	w.t.Helper()
	p, err := w.try(id, edge, deps, text, "")
	if err != nil {
		w.t.Fatalf("publish %s: %v", id, err)
	}
	return p
}

func (w *world) try(id, edge, deps, text, suffix string) (*control.Published, error) {
	name, version := pack.SplitID(id)
	manifest := fmt.Sprintf(`{"name": %q, "version": %q, "dependencies": {%s}, "edge": {%s}}`, name, version, deps, edge)
	pkg := &pack.Package{Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(text)}}
	if w.ships {
		pkg.Files["fixtures/demo.json"] = []byte("{}")
	}
	tarball, err := pkg.Tarball()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Publish(w.t.Context(), control.Publication{Tarball: tarball, Suffix: suffix})
}

func (w *world) release(req control.Request) *control.Result {
	w.t.Helper()
	w.mu.Lock()
	w.built = nil
	w.mu.Unlock()
	res, err := w.Release(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("release %v: %v", req.Deploy, err)
	}
	return res
}

// films publishes a TV with two packages, a phone, and the module that two of them link.
func (w *world) films() {
	w.publish("@originals/rows@2.1.0", ``, ``, "")
	w.publish("@tv/home@3.4.1", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
	w.publish("@tv/player@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.publish("@phone/home@1.0.0", `"device": ["phone"], "schema": "v1"`, `"@originals/rows": "^2.0.0"`, "view home")
}

func (w *world) String() string {
	var b strings.Builder
	for info, err := range w.Store.List(w.t.Context(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		b.WriteString(info.Key + "\n")
	}
	return b.String()
}

// served is a line for each mount: what it is linked with, and its graph.
func served(r *release.Release) []string {
	var out []string
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				b := r.Builds[t.Build]
				line := route.Name() + " " + b.Package + "@" + b.Version
				if t.Name != release.Stable {
					line += " " + t.Name + " " + strconv.Itoa(t.Weight)
				}
				for _, uses := range r.Locks[t.Build] {
					for _, id := range slices.Sorted(maps.Values(uses)) {
						line += " + " + id
					}
				}
				if b.Graph != r.Graph.Digest {
					line += " on an older graph"
				}
				out = append(out, line)
			}
		}
	}
	return out
}

func films(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, memory.New())
	w.films()
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/player", "@phone/home"}})
	return w
}
