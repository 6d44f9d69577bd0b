package control

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/view"
)

// An attempt is what a request needs over all its tries: so that trying again gives the same bytes.
type attempt struct {
	req      *Request
	now      time.Time
	resolver *resolver
	// What the request itself asks to move, as of the last try.
	places  map[release.Place]bool
	modules map[string]bool // lines
	names   map[string]bool // of the same modules
	named   []*pack.Package
	// What the last inspection of the first region's step saw, so that it is not made twice.
	seen []*altered
	to   *release.Release
}

func (c *Control) begin(ctx context.Context, req *Request) *attempt {
	return &attempt{req: req, now: c.now(), resolver: newResolver(ctx, c)}
}

// next is the release that a request makes of its parent (nil for the first).
func (c *Control) next(ctx context.Context, try *attempt, parent *release.Release, parentDigest string, res *Result) (*release.Release, error) {
	req, r := try.req, try.resolver
	version := req.Graph
	if version == "" && parent != nil {
		version = parent.Graph.Version
	} else if version == "" {
		var err error
		if version, err = c.latestGraph(ctx); err != nil {
			return nil, err
		}
	}
	g, err := c.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	named := release.Graph{Version: version, Digest: g.Digest}
	if parent == nil {
		parent = release.First(req.Env, named)
	}
	change := release.Change{Graph: &named, Modules: map[string]string{}, Remove: req.Remove}
	jobs, err := c.jobs(ctx, try, parent, &change)
	if err != nil {
		return nil, err
	}
	modules := map[string]string{}
	for _, from := range []map[string]string{parent.Modules, change.Modules} {
		for line, v := range from {
			modules[line] = v
		}
	}
	on := &ground{graph: g, version: version, modules: modules, keep: true}
	if err := c.run(ctx, r, jobs, on, res); err != nil {
		return nil, err
	}
	if err := warn(try, jobs, res); err != nil {
		return nil, err
	}
	if len(try.names) > 0 {
		if err := c.golden(ctx, parent, on, jobs, try.names, res); err != nil {
			return nil, err
		}
	}
	keepRoutes(parent, jobs, named, res)
	for {
		next, err := c.assemble(try, parent, parentDigest, change, jobs, modules)
		if err != nil {
			return nil, err
		}
		if req.Breaking == Warn {
			return next, nil
		}
		if try.seen, err = c.inspect(ctx, parent, next, req.retired()); err != nil {
			return nil, err
		}
		try.to = next
		if !keepBroken(try, jobs, res) {
			return next, nil
		}
		keepRoutes(parent, jobs, named, res)
	}
}

// warn notes what the request names, or what that is linked with, though it is deprecated.
func warn(try *attempt, jobs []*job, res *Result) error {
	for _, p := range try.named {
		var lock release.Lock
		for _, j := range jobs {
			if j.asked && j.pkg == p {
				lock = j.lock
			}
		}
		ds, err := deprecated(try.resolver, p, lock)
		if err != nil {
			return err
		}
		res.Diagnostics = append(res.Diagnostics, ds...)
	}
	return nil
}

// assemble is the release that a change makes with the builds that succeeded.
func (c *Control) assemble(try *attempt, parent *release.Release, parentDigest string, change release.Change, jobs []*job, modules map[string]string) (*release.Release, error) {
	change.Modules = maps.Clone(change.Modules)
	if err := follow(try.resolver, jobs, modules, change.Modules); err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if j.failed != nil {
			continue
		}
		build := release.Build{Package: j.pkg.Manifest.Name, Version: j.pkg.Manifest.Version, Graph: change.Graph.Digest, Input: j.input, Bytes: j.bytes}
		for _, at := range j.at {
			change.Put = append(change.Put, release.Placed{Device: at.Device, Schema: at.Schema, Track: at.track, Weight: at.weight, Digest: j.digest, Build: build, Lock: j.lock})
		}
	}
	next, err := parent.Next(parentDigest, change, try.req.Note, try.now)
	if err != nil {
		return nil, tooManyGraphs(parent, change, err)
	}
	next.Hold(held(parent, change, jobs)...)
	return next, next.Check()
}

// held are the mounts that stay as they were though what they follow moved, and why.
func held(parent *release.Release, change release.Change, jobs []*job) []release.Held {
	var out []release.Held
	for _, j := range jobs {
		if j.failed == nil || j.asked || j.before == "" {
			continue
		}
		h := release.Held{Package: j.pkg.Manifest.Name, Version: j.pkg.Manifest.Version}
		if b := parent.Builds[j.before]; b.Graph != change.Graph.Digest {
			h.From = append(h.From, "graph "+change.Graph.Version)
		}
		if j.lock != nil {
			h.From = append(h.From, release.ChangedLocks(j.old, j.lock)...)
		}
		for _, d := range j.failed {
			h.Why = append(h.Why, d.String())
		}
		for _, at := range j.at {
			if at.track == release.Stable {
				h.Device, h.Schema = at.Device, at.Schema
				out = append(out, h)
			}
		}
	}
	return out
}

// keepBroken leaves what only follows a module or the graph as it is on routes that it would break, or where it would not fit
// any more, and lists it: what the request names is not held up by others' packages. It says whether there was any.
func keepBroken(try *attempt, jobs []*job, res *Result) bool {
	any := false
	for _, a := range try.seen {
		ds, _, paths := a.breaks(try.req, "")
		for _, d := range a.wrong {
			if d.Severity != fault.Warn {
				ds = append(ds, d)
			}
		}
		var mine []*job
		named := false
		for _, j := range jobs {
			if j.failed == nil && slices.ContainsFunc(j.at, func(at spot) bool { return at.Route() == a.name() }) {
				mine = append(mine, j)
				named = named || j.asked
			}
		}
		for place := range try.places {
			named = named || place.Route() == a.name()
		}
		if len(ds) == 0 || named {
			continue // nothing to keep, or the gate's to refuse
		}
		for j, ds := range a.culprits(mine, ds, paths) {
			any = true
			j.failed = ds
			res.Failures = append(res.Failures, Failure{Package: j.id, Diagnostics: j.failed})
		}
	}
	return any
}

// culprits are those of a route's jobs that lose what its apps rely on, each with its own diagnostics; what only stands beside them moves on.
// If what is wrong is nobody's alone, all that moved are.
func (a *altered) culprits(mine []*job, ds fault.Diagnostics, paths []string) iter.Seq2[*job, fault.Diagnostics] {
	moved := slices.DeleteFunc(slices.Clone(mine), func(j *job) bool { return j.digest == j.before })
	if len(moved) == 0 {
		moved = mine
	}
	return func(yield func(*job, fault.Diagnostics) bool) {
		found := false
		for _, j := range moved {
			own, about := a.share(j, ds, paths)
			if len(own) == 0 {
				continue
			}
			found = true
			if !yield(j, a.own(j, own, about)) {
				return
			}
		}
		for _, j := range moved {
			if !found && !yield(j, a.own(j, ds, paths)) {
				return
			}
		}
	}
}

// share are the diagnostics, with their paths, of what a job's package defines.
func (a *altered) share(j *job, ds fault.Diagnostics, paths []string) (own fault.Diagnostics, about []string) {
	for i, path := range paths {
		for _, b := range []*view.Build{a.was[j.pkg.Manifest.Name], a.is[j.pkg.Manifest.Name]} {
			if b != nil && defines(b, subject(path)) {
				own, about = append(own, ds[i]), append(about, path)
				break
			}
		}
	}
	return own, about
}

// tooManyGraphs names what holds the oldest graph version, where a release needs more than an instance holds.
func tooManyGraphs(parent *release.Release, change release.Change, err error) error {
	graphs := parent.Graphs()
	if change.Graph.Digest == parent.Graph.Digest || len(graphs) < release.MaxGraphs {
		return err
	}
	oldest := graphs[len(graphs)-1]
	moved := map[release.Place]bool{}
	for _, p := range change.Put {
		moved[release.Place{Device: p.Device, Schema: p.Schema, Package: p.Build.Package}] = true
	}
	for _, p := range change.Remove {
		moved[p] = true
	}
	var holds []string
	for _, route := range parent.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				at := release.Place{Device: route.Device, Schema: route.Schema, Package: m.Package}
				if b := parent.Builds[t.Build]; b.Graph == oldest.Digest && !(moved[at] && t.Name == release.Stable) {
					holds = append(holds, route.Name()+" "+b.Package+"@"+b.Version)
				}
			}
		}
	}
	if len(holds) == 0 {
		return err
	}
	return &fault.Error{
		Kind: fault.Invalid, Op: "control.release", Subject: parent.Env, Err: err,
		Message: fmt.Sprintf("an instance holds %d graph versions, and the oldest, %s, is still needed by %s", release.MaxGraphs, oldest.Version, strings.Join(holds[:min(len(holds), 20)], ", ")),
		Hint:    "publish versions of these that build on a newer graph, or remove them; then release the graph",
	}
}

// follow notes for each line of modules that live bindings met for the first time which version they got:
// from now on they follow the environment's releases of it, not what is published.
func follow(r *resolver, jobs []*job, known, add map[string]string) error {
	for _, j := range jobs {
		for importer, uses := range j.lock {
			if j.failed != nil {
				continue
			}
			deps, err := r.dependencies(importer)
			if err != nil {
				return err
			}
			for _, d := range deps {
				name, version := pack.SplitID(uses[d.Name])
				line := release.Line(name, version)
				if _, ok := known[line]; ok || !d.Live {
					continue
				}
				v, err := pack.ParseVersion(version)
				if err != nil {
					return err
				}
				if other, err := pack.ParseVersion(add[line]); err != nil || v.Compare(other) > 0 {
					add[line] = version
				}
			}
		}
	}
	return nil
}

// keepRoutes leaves a whole route on its older graph version if one of its packages does
// not build on the new one: a route stands on one graph version. What stays because of another is listed with a warning.
func keepRoutes(parent *release.Release, jobs []*job, named release.Graph, res *Result) {
	byBuild := map[string]*job{}
	for _, j := range jobs {
		if j.before != "" {
			byBuild[j.before] = j
		}
	}
	for again := true; again; {
		again = false
		for _, route := range parent.Routes {
			var because *job
			var mine []*job
			for _, m := range route.Mounts {
				for _, t := range m.Tracks {
					j := byBuild[t.Build]
					if j == nil {
						continue
					}
					mine = append(mine, j)
					if j.failed != nil && parent.Builds[t.Build].Graph != named.Digest && because == nil {
						because = j
					}
				}
			}
			for _, j := range mine {
				if because == nil || j.failed != nil {
					continue
				}
				again = true
				j.failed = fault.Diagnostics{{
					Pos: fault.Pos{File: j.pkg.Manifest.Name + "/" + pack.File}, Severity: fault.Warn, Code: codeBeside,
					Text: fmt.Sprintf("%s stays on its graph version: %s stands on %s too and does not build on %s", j.id, because.id, route.Name(), named.Version),
				}}
				res.Failures = append(res.Failures, Failure{Package: j.id, Diagnostics: j.failed})
			}
		}
	}
	res.sort()
}
