package main

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/release"
)

// variants are the sets of picked builds that between them have every track of a route: the stable ones, then each other
// track among stable ones.
func variants(r release.Route) [][]string {
	first := stable(r)
	out := [][]string{first}
	for i, m := range r.Mounts {
		for _, t := range m.Tracks {
			if t.Build != first[i] {
				other := slices.Clone(first)
				other[i] = t.Build
				out = append(out, other)
			}
		}
	}
	return out
}

// A proof is an engine to open once.
type proof struct {
	route  release.Route
	picked []string
	stay   bool // it is asked for: it stays open
}

// prove opens the graphs, which stay open as long as the release, and each engine that was not proven yet. What nobody
// asked lately is closed again at once, so that a release of thousands of routes costs the memory of a few.
func (s *served) prove(ctx context.Context, before *served) error {
	for _, g := range s.release.Graphs() {
		_, done, err := s.o.takeGraph(g.Digest, s.loaded.Graphs[g.Digest])
		if err != nil {
			return err
		}
		s.done = append(s.done, done)
	}
	if before != nil {
		s.before = before.release
		defer func() {
			s.mu.Lock()
			s.before = nil
			s.mu.Unlock()
		}()
	}
	proofs := s.proofs(before)
	if s.loaded.Proven { // by this program, before it was started again: each is opened when it is asked
		s.o.mu.Lock()
		for key := range s.keys {
			s.o.proven[key] = true
		}
		s.o.mu.Unlock()
		proofs = nil
	}
	workers := runtime.GOMAXPROCS(0)
	if before != nil && s.o.asked.asking() {
		workers = max(1, workers-1) // devices need a processor too
	}
	errs := make([]error, len(proofs))
	var failed atomic.Bool
	var group errgroup.Group
	group.SetLimit(workers)
	for i, p := range proofs {
		group.Go(func() error {
			if ctx.Err() == nil && !failed.Load() {
				if errs[i] = s.proveOne(ctx, p); errs[i] != nil {
					failed.Store(true)
				}
			}
			return nil
		})
	}
	_ = group.Wait() // errors are in errs: the first in the order of the routes counts
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.KindOf(err), "edge.open", release.Short(s.digest), err)
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	maps.DeleteFunc(s.o.proven, func(key string, _ bool) bool { return !s.keys[key] && (before == nil || !before.keys[key]) })
	return nil
}

// proofs lists what is to be proven, and notes which routes are new or changed.
func (s *served) proofs(before *served) []proof {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	var out []proof
	stay := s.o.engines.room()
	if s.first {
		stay = min(stay, mostWarm)
	}
	for _, r := range s.release.Routes {
		fixed, asked := len(variants(r)) == 1, s.o.asked.of(r.Name()).lately()
		for _, picked := range variants(r) {
			key := engineKey(r, picked)
			s.keys[key] = true
			if before != nil && before.keys[key] {
				continue
			}
			s.fresh[r.Name()] = true
			p := proof{route: r, picked: picked, stay: stay > 0 && (asked || s.first)}
			if p.stay {
				stay--
			}
			if !s.o.proven[key] || p.stay && fixed {
				out = append(out, p)
			}
		}
	}
	return out
}

func (s *served) proveOne(ctx context.Context, p proof) error {
	key := engineKey(p.route, p.picked)
	if p.stay {
		_, leave, err := s.use(ctx, p.route, p.picked)
		if err != nil {
			return err
		}
		leave()
	} else {
		e, err := s.make(p.route, p.picked, nil)
		if err != nil {
			return err
		}
		e.users.Store(1)
		e.leave()
	}
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	s.o.proven[key] = true
	return nil
}

// suspect is the build to blame when a route's builds do not fit together: one that this route did not have before.
func (s *served) suspect(r release.Route, picked []string) string {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before == nil {
		return picked[0]
	}
	old, _ := before.Route(r.Device, r.Schema)
	had := map[string]bool{}
	for _, m := range old.Mounts {
		for _, t := range m.Tracks {
			had[t.Build] = true
		}
	}
	if i := slices.IndexFunc(picked, func(d string) bool { return !had[d] }); i >= 0 {
		return picked[i]
	}
	return picked[0]
}
