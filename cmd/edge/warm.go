package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/release"
	"facet/serve/rest"
	"facet/view"
)

// warmAtOnce is how many warm-ups run at a time: their tiers have devices to answer too.
const warmAtOnce = 8

// mostWarm is how many routes are warmed for a release, and how many of the first stay open: the others are opened when they are asked.
const mostWarm = 256

// warm asks for the warm-ups of every route that changed and is in use, those asked last first, so that plans, machines
// and connections are there before devices ask. What did not change kept them; of the first release all are warmed, as
// its routes could not be asked yet. Its error is the first of a warm-up.
func (s *served) warm(ctx context.Context, ask *asker.Settings, ready readier) error {
	var routes []release.Route
	for _, r := range s.release.Routes {
		if s.fresh[r.Name()] && (s.first || s.o.asked.of(r.Name()).lately()) {
			routes = append(routes, r)
		}
	}
	slices.SortStableFunc(routes, func(a, b release.Route) int {
		return cmp.Compare(s.o.asked.of(b.Name()).at.Load(), s.o.asked.of(a.Name()).at.Load())
	})
	routes = routes[:min(len(routes), mostWarm, cmp.Or(s.o.engines.most, defaultOpen))]
	var mu sync.Mutex
	var first error
	var group errgroup.Group
	group.SetLimit(warmAtOnce)
	for _, r := range routes {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := s.warmRoute(ctx, ask, r, ready); err != nil {
				mu.Lock()
				defer mu.Unlock()
				first = cmp.Or(first, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return first
}

// warmRoute opens the engines of a route, asks the warm-ups of each, makes the documents ready that its packages bring, and asks what devices
// asked of the route before.
func (s *served) warmRoute(ctx context.Context, ask *asker.Settings, r release.Route, ready readier) (first error) {
	defer func() {
		if p := recover(); p != nil { // here no request's handler catches it
			first = fault.New(fault.Internal, "warming %s panicked: %v", r.Name(), p)
		}
	}()
	for _, picked := range variants(r) {
		e, leave, err := s.use(ctx, r, picked)
		if err != nil {
			return err
		}
		for _, b := range e.Surface().Builds {
			for _, w := range b.Warmups {
				if ctx.Err() != nil {
					break
				}
				if err := warmOne(ctx, e, ask, r.Device, w); err != nil && first == nil {
					first = &fault.Error{Kind: fault.KindOf(err), Op: "warm", Subject: r.Name() + "/" + w.View, Err: err}
				}
			}
		}
		if ready != nil && ctx.Err() == nil {
			_, err := ready(e, func(sel *composer.Selection) error { return e.Ready(sel, warmAsker(ask, r.Device)) })
			if err != nil && first == nil {
				first = &fault.Error{Kind: fault.KindOf(err), Op: "warm", Subject: r.Name() + " documents", Err: err}
			}
		}
		leave()
	}
	for _, again := range s.o.asked.of(r.Name()).recent.list() {
		if ctx.Err() == nil {
			s.replay(ctx, again)
		}
	}
	return first
}

// A readier makes the documents of an engine's packages ready, as graphql.Handler does.
type readier func(composer.Answerer, func(*composer.Selection) error) (int, error)

// warmAsker is nobody in particular, on a device of which only the kind is known.
func warmAsker(ask *asker.Settings, device string) *asker.Asker {
	return &asker.Asker{Device: asker.Device{Type: device, Form: device}, Locale: "en-US", Viewer: ask.Default, Region: ask.Region, Now: time.Now()}
}

// warmupRequest makes the request of a warm-up, from a device of which only the kind is known. The caller adds the viewer.
func warmupRequest(s *view.Surface, device string, w *view.Warmup) (*composer.Request, error) {
	var args map[string]json.RawMessage
	if len(w.Args) > 0 {
		if err := json.Unmarshal(w.Args, &args); err != nil {
			return nil, err
		}
	}
	req, err := rest.Choose(s, composer.RootView, w.View, "", args)
	if err != nil {
		return nil, err
	}
	req.Asker = &asker.Asker{Device: asker.Device{Type: device, Form: device}, Locale: "en-US"}
	return req, nil
}

func warmOne(ctx context.Context, e *counted, ask *asker.Settings, device string, w *view.Warmup) error {
	req, err := warmupRequest(e.Surface(), device, w)
	if err != nil {
		return err
	}
	req.Asker.Viewer, req.Asker.Region, req.Asker.Now = ask.Default, ask.Region, time.Now()
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
