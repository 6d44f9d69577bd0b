package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"facet/asker"
	"facet/catalog"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/scripts"
	"facet/serve/rest"
	"facet/view"
)

// An opener makes releases ready to answer. Graphs, functions and engines are shared between releases: what a new release
// did not change keeps its plans, connections and virtual machines.
type opener struct {
	env       *environment
	business  *business
	graphs    *shared[*openGraph]
	functions *shared[*scripts.Functions]
	asked     askedRoutes
	engines   *shared[*openEngine]
}

// An openGraph is a graph version with its tiers.
type openGraph struct {
	graph   *graph.Graph
	loaders *composer.Loaders
	close   func()
}

// An openEngine answers for one set of picked builds.
type openEngine struct {
	engine *counted
	done   []func()
}

func newOpener(env *environment, b *business) *opener {
	return &opener{
		env:       env,
		business:  b,
		graphs:    newShared(func(g *openGraph) { g.close() }),
		functions: newShared(func(f *scripts.Functions) { f.Close() }),
		engines: newShared(func(e *openEngine) {
			for _, done := range e.done {
				done()
			}
		}),
	}
}

// A served release is what a catalog swaps in.
type served struct {
	o       *opener
	release *release.Release
	digest  string
	graphs  map[string][]byte
	builds  map[string]*view.Build
	asking  []asker.Experiment

	// fixed are the engines of routes whose mounts have one track each: what nearly every request takes, without a lock.
	fixed map[string]fixedRoute
	first bool // nothing was served before

	mu    sync.Mutex
	done  map[string]func() // of the engines that this release uses, by key
	fresh map[string]bool   // routes whose engine no other release had: those are warmed
}

// A fixedRoute needs no picking.
type fixedRoute struct {
	engine *counted
	asked  *lastAsked
}

// open checks that every route of a release can be served, by its stable tracks.
func (o *opener) open(_ context.Context, next *catalog.Loaded, current **served) (*served, error) {
	s := &served{o: o, release: next.Release, digest: next.Digest, graphs: next.Graphs, builds: next.Builds, done: map[string]func(){}, fresh: map[string]bool{}, first: current == nil, fixed: map[string]fixedRoute{}}
	for _, x := range next.Release.Experiments {
		e := asker.Experiment{Name: x.Name, Salt: x.Salt}
		for _, a := range x.Arms {
			e.Arms, e.Weights = append(e.Arms, a.Name), append(e.Weights, uint32(max(0, a.Weight)))
		}
		s.asking = append(s.asking, e)
	}
	for _, r := range s.release.Routes {
		e, err := s.engine(r, nil)
		if err != nil {
			s.close()
			return nil, err
		}
		if !slices.ContainsFunc(r.Mounts, func(m release.Mount) bool { return len(m.Tracks) != 1 }) {
			s.fixed[r.Name()] = fixedRoute{e, o.asked.of(r.Name())}
		}
	}
	return s, nil
}

func (s *served) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, done := range s.done {
		done()
	}
	s.done = nil
}

// engine is the one that answers for a route as it is picked for an asker (nil: the first tracks).
func (s *served) engine(r release.Route, a *asker.Asker) (*counted, error) {
	picked := make([]string, len(r.Mounts))
	for i, m := range r.Mounts {
		picked[i] = pick(r, m, a)
	}
	key := r.Name() + " " + strings.Join(picked, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		return nil, fault.New(fault.Unavailable, "the release is closed")
	}
	e, done, err := s.o.engines.take(key, func() (*openEngine, error) {
		s.fresh[r.Name()] = true
		return s.make(r, picked)
	})
	if err != nil {
		return nil, err
	}
	if _, held := s.done[key]; held {
		done()
	} else {
		s.done[key] = done
	}
	return e.engine, nil
}

// pick chooses a mount's track for an asker: sticky, in proportion to the tracks' weights.
func pick(r release.Route, m release.Mount, a *asker.Asker) string {
	if len(m.Tracks) == 1 || a == nil {
		return m.Tracks[0].Build
	}
	e := asker.Experiment{Name: m.Package, Salt: "track " + r.Name()}
	for _, t := range m.Tracks {
		e.Arms, e.Weights = append(e.Arms, t.Build), append(e.Weights, uint32(max(0, t.Weight)))
	}
	unit := a.Viewer.Profile
	if unit == "" {
		unit = a.Viewer.ID
	}
	if arm := e.Arm(unit); arm != "" {
		return arm
	}
	return m.Tracks[0].Build
}

func (s *served) make(r release.Route, picked []string) (_ *openEngine, err error) {
	e := &openEngine{}
	defer func() {
		if err != nil {
			for _, done := range e.done {
				done()
			}
		}
	}()
	builds := make([]*view.Build, len(picked))
	computes := make([][]view.Compute, len(picked))
	digest := ""
	for i, d := range picked {
		b := s.builds[d]
		if b == nil {
			return nil, &catalog.BuildError{Build: d, Err: fault.New(fault.Invalid, "the release does not have this build")}
		}
		if digest == "" {
			digest = b.Graph
		} else if digest != b.Graph {
			return nil, &catalog.BuildError{Build: d, Err: fault.New(fault.Invalid, "%s mounts builds over two graph versions", r.Name())}
		}
		f, done, err := s.o.functions.take(d, func() (*scripts.Functions, error) { return scripts.Open(b, scripts.RunOptions{}) })
		if err != nil {
			return nil, &catalog.BuildError{Build: d, Err: err}
		}
		e.done = append(e.done, done)
		builds[i], computes[i] = b, f.Computes()
	}
	g, done, err := s.o.graphs.take(digest, func() (*openGraph, error) { return s.o.openGraph(digest, s.graphs[digest]) })
	if err != nil {
		return nil, err
	}
	e.done = append(e.done, done)
	surface, ds := view.NewSurface(r.Device, r.Schema, builds...)
	if err := ds.Err(); err != nil {
		return nil, &catalog.BuildError{Build: picked[0], Err: err}
	}
	engine, err := composer.NewEngine(composer.Config{Graph: g.graph, Surface: surface, Computes: computes, Format: scripts.Format, Loaders: g.loaders})
	if err != nil {
		return nil, &catalog.BuildError{Build: picked[0], Err: err}
	}
	e.engine = &counted{engine, s.o.business}
	return e, nil
}

func (o *opener) openGraph(digest string, sdl []byte) (*openGraph, error) {
	g, ds := graph.Parse("graph "+release.Short(digest), sdl)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	bySource, closing, err := o.env.tiers(g)
	if err != nil {
		return nil, err
	}
	return &openGraph{graph: g, loaders: composer.NewLoaders(g, bySource, 0), close: closing}, nil
}

// find is the engine of a device schema for an asker.
func (s *served) find(_ context.Context, device, schema string, a *asker.Asker) (*counted, func(), error) {
	if f, ok := s.fixed[device+"/"+schema]; ok {
		f.asked.now()
		return f.engine, func() {}, nil
	}
	r, ok := s.release.Route(device, schema)
	if !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no %s/%s here", device, schema)
	}
	s.o.asked.of(r.Name()).now()
	e, err := s.engine(r, a)
	return e, func() {}, err
}

// routes lists the names of what is served, sorted.
func (s *served) routes() []string {
	names := make([]string, len(s.release.Routes))
	for i, r := range s.release.Routes {
		names[i] = r.Name()
	}
	return names
}

// warm asks for the warm-ups of every route that changed and is in use, so that plans and connections are there before
// devices ask. What did not change kept them; of the first release all are warmed, as its routes could not be asked yet.
func (s *served) warm(ctx context.Context, ask *asker.Settings) error {
	var first error
	for _, r := range s.release.Routes {
		if ctx.Err() != nil {
			break
		}
		if !s.isFresh(r.Name()) || !s.first && !s.o.asked.of(r.Name()).lately() {
			continue
		}
		e, err := s.engine(r, nil)
		if err != nil {
			return err
		}
		for _, b := range e.Surface().Builds {
			for _, w := range b.Warmups {
				if err := warmOne(ctx, e, ask, r.Device, w); err != nil && first == nil {
					first = &fault.Error{Kind: fault.KindOf(err), Op: "warm", Subject: r.Name() + "/" + w.View, Err: err}
				}
			}
		}
	}
	return first
}

func (s *served) isFresh(route string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fresh[route]
}

func warmOne(ctx context.Context, e *counted, ask *asker.Settings, device string, w *view.Warmup) error {
	var args map[string]json.RawMessage
	if len(w.Args) > 0 {
		if err := json.Unmarshal(w.Args, &args); err != nil {
			return err
		}
	}
	req, err := rest.Choose(e.Surface(), composer.RootView, w.View, "", args)
	if err != nil {
		return err
	}
	req.Asker = &asker.Asker{Viewer: ask.Default, Device: asker.Device{Type: device, Form: device}, Locale: "en-US", Region: ask.Region}
	for part := range e.Answer(ctx, req) {
		if part.Release != nil {
			part.Release()
		}
		if len(part.Errors) > 0 {
			return part.Errors[0].Err
		}
	}
	return nil
}
