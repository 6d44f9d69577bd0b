package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"facet/catalog"
	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/resolvers"
	"facet/scripts"
	"facet/storage"
)

// A liveInstance is what serves devices: a catalog that watches the store and a front over what it serves. It is the one wiring
// of `edge dev` and `edge serve`.
type liveInstance struct {
	catalog *catalog.Catalog[*served]
	front   *front
	stop    context.CancelFunc
	ended   chan error
}

// An instanceConfig says what an instance serves, and where it is told. The front comes with everything but its catalog.
type instanceConfig struct {
	Store       storage.Store
	Env, Region string
	Name        string
	Cache       cacheConfig
	Keys        release.Keys // that pointers must be signed with; nil takes any
	Tiers       *environment
	Front       *front
	Quarantine  scripts.QuarantineOptions
	Scripts     *scriptsConfig // nil: what holds where nothing is said
	Workers     *workers       // nil: packages run in this process
}

// startInstance makes an instance and has it watch the store. It serves nothing yet if the store has no release or does not
// answer: /readyz says so until it does.
func startInstance(ctx context.Context, c instanceConfig) (*liveInstance, error) {
	aim, err := c.Cache.Memory.bytes()
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "edge.start", Subject: "cache.memory", Err: err}
	}
	f := c.Front
	open := newOpener(c.Tiers, f.metrics.business)
	f.metrics.business.log = f.log
	if f.writes == nil {
		f.writes = open.writes
	}
	open.writes = f.writes
	if bus, ok := f.writes.(*writesBus); ok {
		bus.kept.Store(c.Tiers.Cache)
	}
	open.quarantines.opts, open.quarantines.log = c.Quarantine, f.log
	open.exposures.log = f.log
	open.workers = c.Workers
	if s := c.Scripts; s != nil {
		open.run = scripts.RunOptions{CPU: s.CPU, Memory: int64(s.Memory), Output: int(s.Output)}
		open.requestCPU, open.shares = s.RequestCPU, scripts.NewShares(s.Share)
	}
	open.usage = f.metrics.usage
	f.packages = &packagePages{usage: open.usage, quarantines: open.quarantines.reasons, builds: open.usage.build, instance: c.Name}
	f.metrics.registry.MustRegister(open.quarantines, open.exposures)
	open.engines.idle, open.engines.most = c.Cache.Idle, c.Cache.Engines
	cat, err := catalog.New(catalog.Config[*served]{
		Store: c.Store, Acks: c.Store, Env: c.Env, Region: c.Region, Instance: c.Name, Version: currentVersion().Version, Program: programID(), Dir: c.Cache.Dir, Keys: c.Keys,
		Open: f.metrics.timed(open.open), Close: func(s *served) { s.close() },
		Asked:       open.asked.asking,
		Quarantined: open.quarantines.list,
		Mismatched:  open.exposures.mismatched,
		Warm:        func(ctx context.Context, s *served) error { return s.warm(ctx, &f.ask, f.ready) },
		Report:      func(e catalog.Event) { f.metrics.event(e); logEvent(f.log, e) },
	})
	if err != nil {
		return nil, err
	}
	open.quarantines.tell = cat.Tell
	open.quarantines.served = func() map[string]release.Build {
		s, done, ok := cat.Acquire()
		if !ok {
			return nil
		}
		defer done()
		return s.release.Builds
	}
	f.catalog, f.environment = cat, c.Env
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	endAim := keepMemory(aim, open.engines.free, open.engines.churn)
	stop := func() { endAim(); cancel() }
	i := &liveInstance{catalog: cat, front: f, stop: stop, ended: make(chan error, 1)}
	go open.exposures.watch(serving)
	go func() { i.ended <- cat.Run(serving) }()
	return i, nil
}

// Stop ends the watching, after the last request: the catalog waits for those that use what it served.
func (i *liveInstance) Stop() error {
	i.stop()
	return <-i.ended
}

// newControl is the control plane over a store.
func newControl(store storage.Store, signer release.Signer, keys release.Keys) *control.Control {
	v := currentVersion()
	return &control.Control{Store: store, Build: buildWith, Check: checkRoute, Explain: routeCosts, Render: renderGolden, Prove: viewBudgets, Builder: "edge " + v.Version + " " + v.Revision, Signer: signer, Keys: keys}
}

// A plane is a control API with its keeper.
type plane struct {
	handler http.Handler
	streams context.CancelFunc // ends the status streams, which would not end by themselves
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// startPlane makes the control API's handler and runs the keeper beside it.
func startPlane(ctx context.Context, c *control.Control, tokens resolvers.Tokens, cfg controlConfig, log zerolog.Logger) *plane {
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &plane{streams: endStreams, stop: stop,
		handler: resolvers.Handler(resolvers.Options{Control: c, Tokens: tokens, Log: log, Context: streams})}
	p.done.Go(func() {
		err := c.Keeper(keeping, cfg.Environments, cfg.KeepEvery, func(e control.KeptEvent) { logKept(log, e) })
		if err != nil && !errors.Is(err, context.Canceled) {
			log.Error().Err(err).Msg("the keeper ended: refused builds are not kept back any more")
		}
	})
	return p
}

// Stop ends the streams and the keeper.
func (p *plane) Stop() {
	p.streams()
	p.stop()
	p.done.Wait()
}

func logKept(log zerolog.Logger, e control.KeptEvent) {
	event := log.Warn()
	if e.Err != nil {
		event = log.Error().AnErr("error", e.Err)
		if hint := fault.HintOf(e.Err); hint != "" {
			event = event.Str("hint", hint)
		}
	}
	if e.Result != nil {
		event = event.Str("release", shortDigest(e.Result.Digest))
	}
	event.Str("environment", e.Env).Strs("regions", e.Regions).Str("instance", e.Instance).Str("build", shortDigest(e.Refusal.Build)).
		Str("reason", e.Refusal.Reason).Msg("a build was refused; its route keeps the one before")
}

// randomToken is a token that nobody can guess.
func randomToken() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}
