package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/release"
)

// A KeptEvent is what became of a refusal.
type KeptEvent struct {
	Env      string
	Regions  []string
	Instance string // that refused
	Refusal  release.Refusal
	Result   *Result // of the release that keeps the earlier build; nil if there is none
	Err      error   // why it could not be made
}

// Keeper looks after environments (nil: all) until ctx ends: when an instance that is alive refuses
// a build of the release that its region's pointer names, it makes a release that keeps what the build's routes
// had before. Two minutes after a move it looks every 15 seconds. Several keepers may run:
// they make one release between them. report is told of each, one at a time.
//
// It returns ctx's error, or Invalid for an environment that is no name. What fails is reported and tried again at the next look.
func (c *Control) Keeper(ctx context.Context, envs []string, every time.Duration, report func(KeptEvent)) error {
	for _, env := range envs {
		if !release.ValidName(env) {
			return fault.New(fault.Invalid, "%q can name no environment", env)
		}
	}
	if every <= 0 {
		every = keepEvery
	}
	if report == nil {
		report = func(KeptEvent) {}
	}
	k := &keeper{c: c, report: report, told: map[string]bool{}, states: map[string]*keeperState{}}
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		k.look(ctx, envs)
		timer.Reset(every)
	}
}

const (
	keepEvery = time.Second
	lookFor   = time.Minute      // how long one look, with the releases it makes, may take
	settled   = 2 * time.Minute  // after a move, instances have said what they think of it; those that start later are looked at
	seldom    = 15 * time.Second // so often: a thousand acknowledgements are many reads
)

type keeper struct {
	c      *Control
	report func(KeptEvent)
	told   map[string]bool // what was reported and cannot be mended here, by environment, release and build
	states map[string]*keeperState
}

// A keeperState is what an environment's pointers were, since when, and when its instances were last asked about.
type keeperState struct {
	pointers      map[string]release.Pointer
	since, looked time.Time
}

// quiet says whether an environment's instances need no look now.
func (k *keeper) quiet(env string, pointers map[string]release.Pointer) bool {
	now, s := k.c.now(), k.states[env]
	if s == nil || !maps.Equal(s.pointers, pointers) {
		k.states[env] = &keeperState{pointers: pointers, since: now, looked: now}
		return false
	}
	if now.Sub(s.since) > settled && now.Sub(s.looked) < seldom {
		return true
	}
	s.looked = now
	return false
}

func (k *keeper) look(ctx context.Context, envs []string) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	if len(envs) == 0 {
		var err error
		if envs, err = k.c.Environments(ctx); err != nil {
			return // the next look is soon
		}
	}
	for _, env := range envs {
		k.environment(ctx, env)
	}
}

// environment acts on the refusals of an environment: regions that stand on one release move together.
func (k *keeper) environment(ctx context.Context, env string) {
	regions, pointers, err := k.c.pointers(ctx, env)
	if err != nil || len(regions) == 0 || k.quiet(env, pointers) {
		return
	}
	acks, err := k.c.acks(ctx, env, k.c.now())
	if err != nil {
		return
	}
	done := map[string]bool{} // releases
	for _, region := range regions {
		for _, in := range acks[region] {
			f, p := in.Refused, pointers[region]
			if f == nil || f.Release != p.Release || done[f.Release] || k.c.now().Sub(in.Seen) > StaleAfter {
				continue
			}
			done[f.Release] = true
			k.keep(ctx, env, in, *f, slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return pointers[r].Release != p.Release }))
		}
	}
}

func (k *keeper) keep(ctx context.Context, env string, in release.Instance, f release.Refusal, regions []string) {
	id := env + " " + f.Release + " " + f.Build
	if k.told[id] {
		return
	}
	e := KeptEvent{Env: env, Regions: regions, Instance: in.ID, Refusal: f}
	if f.Build == "" {
		e.Err = fault.New(fault.Invalid, "%s refused the whole release %s: %s", in.ID, release.Short(f.Release), f.Reason).WithHint("no route is at fault alone: roll back")
	} else {
		e.Result, e.Err = k.c.Keep(ctx, Request{Env: env, Regions: regions, Note: release.Note{Author: "keeper", Why: fmt.Sprintf("%s refused the build %s: %s", in.ID, release.Short(f.Build), short(f.Reason))}}, f)
	}
	if e.Err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return // the process ends; another keeper, or this one's next start, sees the same
	}
	switch fault.KindOf(e.Err) {
	case fault.Conflict:
		return // somebody has moved the region on: another keeper, or a person
	case fault.Unavailable, fault.Timeout, fault.Canceled:
	default:
		if len(k.told) >= cacheEntries {
			clear(k.told)
		}
		k.told[id] = true
	}
	k.report(e)
}

func short(s string) string {
	if len(s) > 500 {
		return strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}
