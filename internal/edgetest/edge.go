// Package edgetest is a whole edge in one process, for tests: packages built over a graph, tiers behind it, three protocols
// in front, without storage and releases.
package edgetest

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/scripts"
	"facet/serve"
	"facet/serve/feed"
	"facet/serve/graphql"
	"facet/serve/jsongraph"
	"facet/serve/rest"
	"facet/tiers"
	"facet/tiers/cache"
	"facet/view"
)

// A World is what an edge serves, and to whom.
type World struct {
	Graph  *graph.Graph
	Builds []*view.Build // those for one device and schema are mounted together, in this order
	Tiers  map[string]tiers.Tier
	Asker  asker.Settings
	Limits composer.Limits
	Cache  *cache.Cache // of what tiers answered; nil: nothing is kept
	Run    scripts.RunOptions
	// Open opens the functions of builds, in worker processes say; nil: in this process.
	Open func(b *view.Build, o scripts.RunOptions) (scripts.Callable, error)
	Done func(Outcome) // told of every answer, on the request's goroutine; nil: nobody is
}

// An Outcome is what became of one request.
type Outcome struct {
	Protocol string // "graphql", "rest", "jsongraph"
	serve.Outcome
}

// An Edge answers at /{device}/{schema}/…. It is closed when its test ends.
type Edge struct {
	http.Handler
	engines map[string]*composer.Engine // by "tv/v2"
	asker   asker.Settings
	done    func(Outcome)
	bus     *feed.Local // what mutations wrote
	feed    *feed.Handler
}

// Open puts an edge together; what does not fit fails the test. An internal error of an answer fails it too.
func Open(t testing.TB, w World) *Edge {
	t.Helper()
	e := &Edge{engines: map[string]*composer.Engine{}, asker: w.Asker, done: w.Done, bus: feed.NewLocal()}
	e.asker.Prepare()
	e.feed = feed.New(feed.Options{Bus: e.bus, Asker: e.ask, Find: func(_ context.Context, device, schema string, _ *asker.Asker) (feed.Reader, func(), error) {
		engine, err := e.engine(device, schema)
		return engine, func() {}, err
	}})
	loaders := composer.NewSharing(w.Graph, w.Tiers, composer.Sharing{Cache: w.Cache})
	if w.Cache != nil {
		t.Cleanup(loaders.Close)
	}
	mounts := map[[2]string][]*view.Build{}
	for _, b := range w.Builds {
		for _, d := range b.Devices {
			mounts[[2]string{d, b.Schema}] = append(mounts[[2]string{d, b.Schema}], b)
		}
	}
	if w.Open == nil {
		w.Open = func(b *view.Build, o scripts.RunOptions) (scripts.Callable, error) { return scripts.Open(b, o) }
	}
	functions := map[*view.Build]scripts.Callable{}
	for _, b := range w.Builds {
		f, err := w.Open(b, w.Run)
		if err != nil {
			t.Fatalf("open %s: %v", b.Package, err)
		}
		t.Cleanup(f.Close)
		functions[b] = f
	}
	for name, builds := range mounts {
		surface, ds := view.NewSurface(name[0], name[1], builds...)
		if ds.Failed() {
			t.Fatal(ds.Err())
		}
		c := composer.Config{Graph: w.Graph, Surface: surface, Format: scripts.Format, Loaders: loaders, Limits: w.Limits}
		handlers := make([]scripts.Handlers, len(builds))
		for i, b := range builds {
			c.Batches = append(c.Batches, functions[b].Batches())
			h, err := scripts.OpenHandlers(b, w.Run)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(h.Close)
			handlers[i] = h
		}
		c.Handle = func(ctx context.Context, h *composer.Handling, dst []byte) ([]byte, *view.HandlerRun, error) {
			return handlers[h.Build].Run(ctx, &scripts.HandlerCall{Handler: h.Index, Args: h.Args, Context: h.Context, Now: h.Now, Seed: h.Seed, CPU: h.CPU, Loader: h}, dst)
		}
		engine, err := composer.NewEngine(c)
		if err != nil {
			t.Fatal(err)
		}
		e.engines[name[0]+"/"+name[1]] = engine
	}
	e.Handler = e.doors(t)
	return e
}

// doors are the three protocols.
func (e *Edge) doors(t testing.TB) http.Handler {
	look := func(o Outcome) {
		if o.Failed != nil && fault.KindOf(o.Failed) == fault.Internal {
			t.Errorf("a request failed: %v", o.Failed)
		}
		for _, x := range o.Errors {
			if x.Kind == fault.Internal {
				t.Errorf("%v: %v", x.Path, x.Err)
			}
		}
		if e.done != nil {
			e.done(o)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/graphql", graphql.New(graphql.Options{Views: e, Asker: e.ask, Introspection: true,
		Done: func(_ *http.Request, o serve.Outcome) { look(Outcome{"graphql", o}) }}))
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(jsongraph.Options{Views: e, Asker: e.ask, Introspection: true,
		Done: func(_ *http.Request, o serve.Outcome) { look(Outcome{"jsongraph", o}) }}))
	mux.Handle("/{device}/{schema}/", rest.New(rest.Options{Views: e, Asker: e.ask, Introspection: true,
		Done: func(_ *http.Request, o serve.Outcome) { look(Outcome{"rest", o}) }}))
	mux.Handle("/{device}/{schema}/invalidated.sse", e.feed)
	return mux
}

// Serve gives the edge a port of its own until the test ends, and its address without a slash at the end.
func (e *Edge) Serve(t testing.TB) string {
	srv := httptest.NewServer(e)
	t.Cleanup(func() { e.feed.Close(); srv.Close() })
	return srv.URL
}

// Engine is the one that answers for a device schema; nil if it is not served.
func (e *Edge) Engine(device, schema string) *composer.Engine { return e.engines[device+"/"+schema] }

// Find is what the protocols look their engine up with.
func (e *Edge) Find(_ context.Context, device, schema string, _ *asker.Asker) (composer.Answerer, func(), error) {
	engine, err := e.engine(device, schema)
	if err != nil {
		return nil, nil, err
	}
	return telling{engine, e.bus}, func() {}, nil
}

func (e *Edge) engine(device, schema string) (*composer.Engine, error) {
	if engine := e.Engine(device, schema); engine != nil {
		return engine, nil
	}
	return nil, fault.New(fault.NotFound, "there is no %s/%s here", device, schema)
}

// telling is an engine whose mutations are told to the feed.
type telling struct {
	*composer.Engine
	bus feed.Bus
}

// Answer implements composer.Answerer.
func (t telling) Answer(ctx context.Context, r *composer.Request) iter.Seq[composer.Part] {
	return func(yield func(composer.Part) bool) {
		for p := range t.Engine.Answer(ctx, r) {
			t.bus.Publish(p.Writes)
			if !yield(p) {
				return
			}
		}
	}
}

// Near lists at most 20 device schemas.
func (e *Edge) Near(string, string) []string {
	var names []string
	for name := range e.engines {
		names = append(names, name)
	}
	slices.Sort(names)
	return names[:min(20, len(names))]
}

// ask is who asks, from a request: the edge of tests has no experiments.
func (e *Edge) ask(r *http.Request, device string) (*asker.Asker, error) {
	return e.asker.FromRequest(r, device, nil)
}
