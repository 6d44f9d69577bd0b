package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/scripts"
	"facet/serve/feed"
	"facet/view"
)

// An opener makes releases ready to answer. A release is proven when it is loaded: every build that is new is opened and
// planned once. Engines are open while they are asked. Graphs, functions and engines are shared between releases: what a
// new release did not change keeps its plans, connections and virtual machines.
type opener struct {
	env         *environment
	business    *business
	writes      feed.Bus                  // told what mutations wrote
	graphs      *shared[*openGraph]       // held by releases and engines
	functions   *shared[scripts.Callable] // held by engines
	run         scripts.RunOptions        // of all packages
	requestCPU  time.Duration             // of one request's calls of one package; 0: the composer's own
	shares      *scripts.Shares
	quarantines *quarantines
	usage       *usage   // nil: nobody counts
	workers     *workers // nil: everything runs in this process
	exposures   *exposures
	engines     engineSlots
	asked       askedRoutes

	mu     sync.Mutex
	proven map[string]bool // keys of engines that opened once: those of the releases that are served, and of attempts since
}

// An openGraph is a graph version with its tiers.
type openGraph struct {
	graph   *graph.Graph
	loaders *composer.Loaders
	close   func()
}

func newOpener(env *environment, b *business) *opener {
	return &opener{
		env:       env,
		business:  b,
		writes:    feed.NewLocal(),
		graphs:    newShared(func(g *openGraph) { g.close() }),
		functions: newShared(func(f scripts.Callable) { f.Close() }),
		proven:    map[string]bool{},

		shares:      scripts.NewShares(0),
		exposures:   newExposures(zerolog.Nop()),
		quarantines: newQuarantines(scripts.QuarantineOptions{}, zerolog.Nop()),
	}
}

// A served release is what a catalog swaps in.
type served struct {
	o       *opener
	loaded  *catalog.Loaded
	release *release.Release
	digest  string
	asking  *asker.Experiments
	exposed map[string]*exposed // by experiment

	// fixed are the routes whose mounts have one track each: what nearly every request takes, without a lock.
	fixed map[string]fixedRoute
	fresh map[string]bool // routes that the release before did not have like this: those are warmed
	first bool            // nothing was served before

	keys map[string]bool // of the engines that were proven for this release

	mu     sync.Mutex
	closed bool
	before *release.Release     // what was served before; nil once this release is proven
	picked map[string]*heldSlot // of routes that are not fixed
	done   []func()
}

// A fixedRoute needs no picking.
type fixedRoute struct {
	slot  *engineSlot
	asked *lastAsked
	open  func() (*openEngine, error)
}

// A heldSlot is a slot that a release holds until it lets go.
type heldSlot struct {
	*engineSlot
	letGo func()
}

// open checks that every route of a release can be served, on each of its tracks.
func (o *opener) open(ctx context.Context, next *catalog.Loaded, current **served) (*served, error) {
	s := &served{o: o, loaded: next, release: next.Release, digest: next.Digest, first: current == nil,
		fixed: map[string]fixedRoute{}, fresh: map[string]bool{}, keys: map[string]bool{}, picked: map[string]*heldSlot{}}
	s.asking = askerExperiments(next.Release)
	exposed, letGo := o.exposures.hold(s.asking)
	s.exposed, s.done = exposed, append(s.done, letGo)
	var before *served
	if current != nil {
		before = *current
	}
	for _, r := range s.release.Routes {
		if len(variants(r)) > 1 {
			continue
		}
		picked := stable(r)
		slot, letGo := o.engines.hold(engineKey(r, picked))
		s.done = append(s.done, letGo)
		s.fixed[r.Name()] = fixedRoute{slot, o.asked.of(r.Name()), func() (*openEngine, error) { return s.make(r, picked, &slot.kept) }}
	}
	if err := s.prove(ctx, before); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *served) close() {
	s.mu.Lock()
	done := s.done
	for _, h := range s.picked {
		done = append(done, h.letGo)
	}
	s.closed, s.done, s.picked = true, nil, nil
	s.mu.Unlock()
	for _, d := range done {
		d()
	}
}

// engineKey names the engine of a route for picked builds. Builds name their graph, so it does too.
func engineKey(r release.Route, picked []string) string {
	return r.Name() + " " + strings.Join(picked, " ")
}

// stable are the builds of a route's stable tracks.
func stable(r release.Route) []string {
	picked := make([]string, len(r.Mounts))
	for i, m := range r.Mounts {
		t, ok := m.Track(release.Stable)
		if !ok { // release.Check does not let that pass
			t = m.Tracks[0]
		}
		picked[i] = t.Build
	}
	return picked
}

// pick chooses a mount's track for an asker: sticky, in proportion to the tracks' weights.
func pick(r release.Route, m release.Mount, a *asker.Asker) string {
	if len(m.Tracks) == 1 {
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

// find is the engine of a device schema for an asker (nil: the stable tracks), and what to call when the asker is done with it.
func (s *served) find(ctx context.Context, device, schema string, a *asker.Asker) (*counted, func(), error) {
	if f, ok := s.fixed[device+"/"+schema]; ok {
		f.asked.now()
		return taken(f.slot.take(ctx, f.open))
	}
	r, ok := s.release.Route(device, schema)
	if !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no %s/%s here", device, schema)
	}
	s.o.asked.of(r.Name()).now()
	picked := stable(r)
	if a != nil {
		for i, m := range r.Mounts {
			picked[i] = pick(r, m, a)
		}
	}
	return s.use(ctx, r, picked)
}

func taken(e *openEngine, err error) (*counted, func(), error) {
	if err != nil {
		return nil, nil, err
	}
	return e.engine, e.leave, nil
}

// use opens the engine of a route for picked builds, if it is not open.
func (s *served) use(ctx context.Context, r release.Route, picked []string) (*counted, func(), error) {
	if f, ok := s.fixed[r.Name()]; ok {
		return taken(f.slot.take(ctx, f.open))
	}
	slot, err := s.slot(engineKey(r, picked))
	if err != nil {
		return nil, nil, err
	}
	return taken(slot.take(ctx, func() (*openEngine, error) { return s.make(r, picked, &slot.kept) }))
}

// maxPicked bounds the combinations of tracks whose places a release remembers.
const maxPicked = 4096

func (s *served) slot(key string) (*heldSlot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fault.New(fault.Unavailable, "the release is closed")
	}
	if h := s.picked[key]; h != nil {
		return h, nil
	}
	for k, h := range s.picked {
		if len(s.picked) < maxPicked {
			break
		}
		delete(s.picked, k)
		h.letGo() // whoever is in its engine stays there
	}
	slot, letGo := s.o.engines.hold(key)
	h := &heldSlot{slot, letGo}
	s.picked[key] = h
	return h, nil
}

// make opens the functions of the picked builds and plans over their union. kept is what is known of that from before; it may be nil.
func (s *served) make(r release.Route, picked []string, kept *composer.Kept) (_ *openEngine, err error) {
	e := &openEngine{}
	defer func() {
		if p := recover(); p != nil { // it runs on goroutines of its own, where nobody else would catch it
			err = &catalog.BuildError{Build: s.suspect(r, picked), Err: fault.New(fault.Internal, "opening %s panicked: %v", r.Name(), p)}
		}
		if err != nil {
			for _, done := range e.done {
				done()
			}
		}
	}()
	builds := make([]*view.Build, len(picked))
	computes, handling := make([][]view.Compute, len(picked)), make(handlers, len(picked))
	digest := ""
	for i, d := range picked {
		b, err := s.loaded.Build(d)
		if err != nil {
			return nil, err
		}
		if digest == "" {
			digest = b.Graph
		} else if digest != b.Graph {
			return nil, &catalog.BuildError{Build: d, Err: fault.New(fault.Invalid, "%s mounts builds over two graph versions", r.Name())}
		}
		f, done, err := s.o.functions.take(d, func() (scripts.Callable, error) { return s.o.openFunctions(b) })
		if err != nil {
			return nil, &catalog.BuildError{Build: d, Err: err}
		}
		e.done = append(e.done, done)
		builds[i], computes[i] = b, f.Computes()
		e.bytes += 3*s.release.Builds[d].Bytes + 8<<10
		if handling[i], err = s.o.openHandlers(b); err != nil {
			return nil, &catalog.BuildError{Build: d, Err: err}
		}
		if handling[i] != nil {
			e.done = append(e.done, handling[i].Close)
		}
	}
	g, done, err := s.o.takeGraph(digest, s.loaded.Graphs[digest])
	if err != nil {
		return nil, err
	}
	e.done = append(e.done, done)
	surface, err := surfaceOf(r, builds, kept)
	if err != nil {
		return nil, &catalog.BuildError{Build: s.suspect(r, picked), Err: err}
	}
	engine, err := composer.NewEngine(composer.Config{Graph: g.graph, Surface: surface, Computes: computes, Format: scripts.Format, Handle: handling.run, Loaders: g.loaders,
		Limits: composer.Limits{CPU: s.o.requestCPU}, Kept: kept})
	if err != nil {
		return nil, &catalog.BuildError{Build: s.suspect(r, picked), Err: err}
	}
	e.engine = &counted{engine, s.o.business, s.o.writes, picked}
	return e, nil
}

// fits is the fact that the builds of a route make a device schema.
var fits = sha256.Sum256([]byte("the builds fit together"))

// surfaceOf is the device schema of a route's builds. Those that made one before are not held against each other again.
func surfaceOf(r release.Route, builds []*view.Build, kept *composer.Kept) (*view.Surface, error) {
	if kept != nil && kept.Knows(fits) {
		return view.OpenSurface(r.Device, r.Schema, builds...), nil
	}
	surface, ds := view.NewSurface(r.Device, r.Schema, builds...)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	if kept != nil {
		kept.Learn(fits)
	}
	return surface, nil
}

func (o *opener) takeGraph(digest string, sdl []byte) (*openGraph, func(), error) {
	return o.graphs.take(digest, func() (*openGraph, error) {
		g, ds := graph.Parse("graph "+release.Short(digest), sdl)
		if err := ds.Err(); err != nil {
			return nil, err
		}
		bySource, closing, err := o.env.tiers(g)
		if err != nil {
			return nil, fmt.Errorf("the graph %s: %w", release.Short(digest), err)
		}
		loaders := composer.NewSharing(g, bySource, composer.Sharing{Cache: o.env.Cache, Apart: o.env.Apart})
		return &openGraph{graph: g, loaders: loaders, close: func() { loaders.Close(); closing() }}, nil
	})
}

// routes lists the names of what is served, sorted.
func (s *served) routes() []string {
	names := make([]string, len(s.release.Routes))
	for i, r := range s.release.Routes {
		names[i] = r.Name()
	}
	return names
}
