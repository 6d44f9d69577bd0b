package composer

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/view"
)

// A Config is what an Engine is made of.
type Config struct {
	Graph   *graph.Graph
	Surface *view.Surface
	// Batches are the computed functions of the surface's builds: Batches[b][f] runs Surface.Builds[b].Funcs[f]. A build's may
	// be nil: then its Computes are taken, a row at a time.
	Batches  [][]view.Batch
	Computes [][]view.Compute
	// Format runs a host function of view.OpFormat: name, locale, JSON arguments by position.
	Format func(name, locale string, in [][]byte, dst []byte) ([]byte, error)
	// Handle runs the code of handlers; nil: there is none.
	Handle HandleFunc
	// Tiers are called by this Engine alone. Engines of one graph version that are to share calls take Loaders instead.
	Tiers   TiersBySource
	Loaders *Loaders // nil: Tiers
	Limits  Limits
	// Kept is what is known of the device schema from Engines before this one; nil: nothing.
	Kept *Kept
}

// Limits bound one answer. Zero fields take Defaults.
type Limits struct {
	Time     time.Duration // of the whole answer; a part that is late is an error at its path
	Calls    int           // tier calls
	Entities int           // entities that one answer may hold
	Items    int           // items of all lists of one answer, each counted wherever it stands
	Bytes    int           // of the answer written
	CPU      time.Duration // processor time of the script functions of one build
	Plans    int           // cached plans
}

// Defaults are the limits that stand where none are stated.
func Defaults() Limits {
	return Limits{Time: 2 * time.Second, Calls: 200, Entities: 50_000, Items: 100_000, Bytes: 16 << 20, CPU: 100 * time.Millisecond, Plans: 2_000}
}

// Attached holds what protocols keep for as long as an Engine lives: a handler, parsed documents, an OpenAPI text.
type Attached struct {
	m    sync.Map
	kept *Kept
	own  Kept
}

// Keep gives what outlives the Engine, before anybody asks for it.
func (a *Attached) Keep(k *Kept) { a.kept = k }

// Kept is what is known of the device schema; it outlives the Engine where its Config gave one.
func (a *Attached) Kept() *Kept {
	if a.kept != nil {
		return a.kept
	}
	return &a.own
}

// Get returns the value under key, made once by build. Keys are unexported types of the caller's package.
func (a *Attached) Get(key any, build func() any) any {
	if v, ok := a.m.Load(key); ok {
		return v.(func() any)()
	}
	v, _ := a.m.LoadOrStore(key, sync.OnceValue(build))
	return v.(func() any)()
}

// An Engine answers selections over one device schema. It is safe for use by many goroutines.
type Engine struct {
	cfg       Config
	limits    Limits
	tiers     TiersBySource
	loaders   *Loaders
	batches   [][]view.Batch
	format    func(name, locale string, in [][]byte, dst []byte) ([]byte, error)
	attached  Attached
	budgets   []view.Budget                // by build, at the most 64
	stated    bool                         // some package states a budget
	functions [][]atomic.Pointer[profiled] // labels of profiles, by build
	plans     planCache
	views     map[string]bool // views that some mutation makes stale
	fields    map[string]bool // and fields of shapes: "Card.progress"

	readOnce sync.Once
	reads    map[string][]view.Read // what Stale looks in
}

// NewEngine makes an Engine. It fails if the surface and the graph do not fit together.
func NewEngine(cfg Config) (*Engine, error) {
	if cfg.Graph == nil || cfg.Surface == nil {
		return nil, fault.New(fault.Internal, "an engine needs a graph and a surface")
	}
	for _, b := range cfg.Surface.Builds {
		if b.Graph != "" && cfg.Graph.Digest != "" && b.Graph != cfg.Graph.Digest {
			return nil, &fault.Error{Kind: fault.Invalid, Op: "engine", Subject: b.Package, Message: "the build was recorded against another graph version", Hint: "publish the package again"}
		}
	}
	l, d := cfg.Limits, Defaults()
	if l.Time == 0 {
		l.Time = d.Time
	}
	if l.Calls == 0 {
		l.Calls = d.Calls
	}
	if l.Entities == 0 {
		l.Entities = d.Entities
	}
	if l.Items == 0 {
		l.Items = d.Items
	}
	if l.Bytes == 0 {
		l.Bytes = d.Bytes
	}
	if l.CPU == 0 {
		l.CPU = d.CPU
	}
	if l.Plans == 0 {
		l.Plans = d.Plans
	}
	e := &Engine{cfg: cfg, limits: l, tiers: cfg.Tiers, loaders: cfg.Loaders, batches: batches(cfg), format: cfg.Format, views: map[string]bool{}, fields: map[string]bool{}}
	e.plans.most = l.Plans
	e.attached.Keep(cfg.Kept)
	e.budgets, e.stated = budgets(cfg.Surface, l)
	for _, b := range cfg.Surface.Builds {
		e.functions = append(e.functions, make([]atomic.Pointer[profiled], len(b.Funcs)))
	}
	for i, b := range cfg.Surface.Builds {
		for _, m := range b.Changing() {
			for _, in := range stale(cfg.Graph, cfg.Surface, view.Found[*view.Mutation]{Def: m, Build: i}) {
				if in.View != "" {
					e.views[in.View] = true
				} else {
					e.fields[in.Shape+"."+in.Field] = true
				}
			}
		}
	}
	return e, nil
}

// batches are the functions of a configuration by build.
func batches(cfg Config) [][]view.Batch {
	all := make([][]view.Batch, max(len(cfg.Batches), len(cfg.Computes)))
	copy(all, cfg.Batches)
	for b, fs := range cfg.Computes {
		if all[b] != nil {
			continue
		}
		all[b] = make([]view.Batch, len(fs))
		for i, f := range fs {
			if f != nil {
				all[b][i] = f.Rows()
			}
		}
	}
	return all
}

// Surface is the device schema that the Engine answers.
func (e *Engine) Surface() *view.Surface { return e.cfg.Surface }

// Graph is the graph that the Engine answers from.
func (e *Engine) Graph() *graph.Graph { return e.cfg.Graph }

// Attached holds what protocols keep with the Engine.
func (e *Engine) Attached() *Attached { return &e.attached }

// Answerer is what protocols ask. *Engine is the one that answers from tiers.
type Answerer interface {
	// Answer answers a request. The sequence has at least one Part, the last of which says so; it ends early when the
	// caller stops. Failures of single values are in the Part; a request that cannot be answered at all (unknown names,
	// arguments of a wrong type, a limit) is one Part with Data "null" and an error without a path.
	Answer(ctx context.Context, r *Request) iter.Seq[Part]
	Surface() *view.Surface
	Attached() *Attached
}

// TiersBySource are the tiers of an environment by the source's name in the graph.
type TiersBySource map[string]tiers.Tier
