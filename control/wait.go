package control

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/release"
)

const (
	waitFor   = 10 * time.Minute       // without a deadline
	waitEvery = 500 * time.Millisecond // between looks
)

// Wait returns when every instance of the regions (nil: all whose pointer names it, or a release made from it) that is
// alive serves the release or one that was made from it, and there is at least one in each. It is a Conflict if
// an instance refused it, naming the build and the reason, or if a region went elsewhere; Timeout names who does not serve it
// yet. Without a deadline of ctx it waits 10 minutes at most. progress, if not nil, is called with each status that differs from the last.
func (c *Control) Wait(ctx context.Context, env string, regions []string, digest string, progress func(*Status)) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, waitFor)
		defer cancel()
	}
	if _, err := c.Load(ctx, env, digest); err != nil {
		return err
	}
	w := &waiter{c: c, env: env, digest: digest, regions: regions, from: map[string]bool{digest: true, "": false}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last *Status
	missing := "nothing was heard of any instance"
	for {
		select {
		case <-ctx.Done():
			return &fault.Error{Kind: fault.KindOf(ctx.Err()), Op: "control.wait", Subject: env, Message: "the release " + release.Short(digest) + " is not served everywhere: " + missing, Err: ctx.Err(), Hint: "edge status shows each instance"}
		case <-timer.C:
		}
		s, err := c.Status(ctx, env)
		if err == nil {
			if progress != nil && (last == nil || !reflect.DeepEqual(calm(last), calm(s))) {
				progress(s)
			}
			last = s
			missing, err = w.look(ctx, s)
		}
		switch k := fault.KindOf(err); {
		case err == nil && missing == "":
			return nil
		case k == fault.Unavailable || k == fault.Timeout || k == fault.Canceled:
			missing = err.Error() // the store may answer the next time
		case err != nil:
			return err
		}
		timer.Reset(waitEvery)
	}
}

// calm is a status without what changes with every heartbeat.
func calm(s *Status) []RegionStatus {
	out := slices.Clone(s.Regions)
	for i := range out {
		out[i].Instances = slices.Clone(out[i].Instances)
		for j := range out[i].Instances {
			out[i].Instances[j].Seen, out[i].Instances[j].Looked = time.Time{}, time.Time{}
		}
	}
	return out
}

// A waiter waits for one release.
type waiter struct {
	c           *Control
	env, digest string
	regions     []string
	from        map[string]bool // by digest: whether a release was made from the one that is waited for
}

// descends says whether a release is the one that is waited for, or was made from it.
func (w *waiter) descends(ctx context.Context, digest string) (bool, error) {
	if known, ok := w.from[digest]; ok {
		return known, nil
	}
	made, err := w.c.Load(ctx, w.env, w.digest)
	if err != nil {
		return false, err
	}
	found, err := w.c.comesFrom(ctx, w.env, digest, made.Made, map[string]bool{w.digest: true})
	if err != nil {
		return false, err
	}
	w.from[digest] = found != ""
	return found != "", nil
}

// look says what is missing; "" if nothing is.
func (w *waiter) look(ctx context.Context, s *Status) (string, error) {
	var missing []string
	met := map[string]bool{}
	for i := range s.Regions {
		r := &s.Regions[i]
		if len(w.regions) > 0 && !slices.Contains(w.regions, r.Region) {
			continue
		}
		// What is planned counts once it is served.
		follows, err := w.descends(ctx, r.Pointer.Release)
		if err != nil {
			return "", err
		}
		if !follows {
			if len(w.regions) == 0 {
				continue
			}
			return "", &fault.Error{Kind: fault.Conflict, Op: "control.wait", Subject: w.env + "/" + r.Region, Message: fmt.Sprintf("serves the release %s, which was not made from %s", release.Short(r.Pointer.Release), release.Short(w.digest))}
		}
		met[r.Region] = true
		for _, k := range r.Kept {
			if k.Release == w.digest {
				return "", refusedBy(w.env+"/"+r.Region, k.Refusal, k.Package+"@"+k.Version+" on "+k.Device+"/"+k.Schema)
			}
		}
		text, err := w.instances(ctx, r)
		if err != nil {
			return "", err
		}
		if text != "" {
			missing = append(missing, r.Region+": "+text)
		}
	}
	for _, region := range w.regions {
		if !met[region] {
			missing = append(missing, region+": it has no pointer")
		}
	}
	if len(met) == 0 {
		return "", &fault.Error{Kind: fault.Conflict, Op: "control.wait", Subject: w.env, Message: "no region serves the release " + release.Short(w.digest) + " or one made from it"}
	}
	return strings.Join(missing, "; "), nil
}

func (w *waiter) instances(ctx context.Context, r *RegionStatus) (string, error) {
	alive := 0
	waiting := map[string]string{}
	for _, in := range r.Instances {
		if in.Stale {
			continue
		}
		alive++
		if f := in.Refused; f != nil && f.Release == w.digest {
			return "", refusedBy(in.ID, *f, mountOf(r, f.Build))
		}
		serves, err := w.descends(ctx, in.Release)
		if err != nil {
			return "", err
		}
		if !serves {
			waiting[in.ID] = in.Release
		}
	}
	if alive == 0 {
		return "no instance has been heard of", nil
	}
	if len(waiting) == 0 {
		return "", nil
	}
	ids := slices.Sorted(maps.Keys(waiting))
	text := ids[0] + " serves " + orNothing(release.Short(waiting[ids[0]]))
	if more := len(ids) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more of %d are not there", more, alive)
	}
	return text, nil
}

// mountOf is the mount that has a build, for people.
func mountOf(r *RegionStatus, build string) string {
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			if m.Build == build {
				return m.Package + "@" + m.Version + " on " + route.Route
			}
		}
	}
	return "a build"
}

func refusedBy(who string, f release.Refusal, mount string) error {
	what := mount + " (build " + release.Short(f.Build) + ")"
	if f.Build == "" {
		what = "the release"
	}
	return &fault.Error{
		Kind: fault.Conflict, Op: "control.wait", Subject: who, Message: fmt.Sprintf("refused %s of %s: %s", what, release.Short(f.Release), f.Reason),
		Hint: "devices keep what they had; mend the package and release again",
	}
}
