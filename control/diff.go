package control

import (
	"context"
	"maps"
	"runtime"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/view"
)

// A Diff is what differs between two releases of an environment.
type Diff struct {
	From, To    string     // digests; To is "" for a release that is not made
	Graph       *GraphDiff // nil: the same version
	Routes      []RouteDiff
	Modules     []string // what live bindings follow: "@originals/rows 2.1.0 -> 2.3.0"
	Switches    []string // "x on", "y off", "z gone"
	Limits      []string // "calls 40 -> 60"
	Experiments []string // "rows-density: a 50, b 50 -> a 0, b 100"
}

// A GraphDiff is a change of the graph version.
type GraphDiff struct {
	From, To release.Graph
	Changed  []string // types, fields, arguments: "+ Title.badge", "- Person.email", "Title.year Int -> Int!"
	Older    []string // "name@version" of builds that stay on an older version
}

// A RouteDiff is a route that differs.
type RouteDiff struct {
	Route  string // "tv/v3"
	State  string // Added, Removed or Changed
	Mounts []MountDiff
	Schema []view.Change // what an app sees; empty for a route that was added or removed
	Views  []ViewDiff    // whose cost changed, that were added or that are gone
}

// The states of what differs.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// A MountDiff is a package that differs on a route, by its stable track.
type MountDiff struct {
	Package            string
	From, To           string   // versions; "" if it was or is not there
	FromBuild, ToBuild string   // digests
	FromBytes, ToBytes int64    // of the encoded builds
	Locks              []string // linked modules: "@originals/rows 2.1.0 -> 2.3.0"
}

// A ViewDiff is a view that costs more or less than before.
type ViewDiff struct {
	View     string
	State    string // Added, Removed or Changed
	From, To *Cost  // nil if it was or is not there, or cannot be planned
}

// A Cost is what a view's default selection takes, for a device's defaults.
type Cost struct {
	Operations []string // ids in plan order
	Calls      int
	Levels     int // how long the longest chain of calls is
}

// Diff compares two releases of an environment, named as Find names them.
func (c *Control) Diff(ctx context.Context, env, from, to string) (*Diff, error) {
	a, err := c.Find(ctx, env, from)
	if err != nil {
		return nil, err
	}
	b, err := c.Find(ctx, env, to)
	if err != nil {
		return nil, err
	}
	older, err := c.Load(ctx, env, a)
	if err != nil {
		return nil, err
	}
	newer, err := c.Load(ctx, env, b)
	if err != nil {
		return nil, err
	}
	d, err := c.diff(ctx, older, newer)
	if err != nil {
		return nil, err
	}
	d.From, d.To = a, b
	return d, nil
}

// resultDiff notes in a result what its release does differently from its parent.
func (c *Control) resultDiff(ctx context.Context, env string, res *Result) error {
	if res.Unchanged {
		res.Diff = &Diff{From: res.Digest, To: res.Digest}
		return nil
	}
	parent := release.First(env, res.Release.Graph)
	if res.Release.Parent != "" {
		var err error
		if parent, err = c.Load(ctx, env, res.Release.Parent); err != nil {
			return err
		}
	}
	var err error
	if res.Diff, err = c.diff(ctx, parent, res.Release); err == nil {
		res.Diff.From, res.Diff.To = res.Release.Parent, res.Digest
	}
	return err
}

// diff compares two releases. Every build is read once.
func (c *Control) diff(ctx context.Context, from, to *release.Release) (*Diff, error) {
	d := &Diff{
		Modules: release.ChangedModules(from, to), Switches: release.ChangedSwitches(from, to),
		Limits: release.ChangedLimits(from, to), Experiments: release.ChangedExperiments(from, to),
	}
	routes := alteredRoutes(from, to)
	digests := map[string]bool{}
	for _, a := range routes {
		for _, list := range [][]string{stable(a.before, nil), stable(a.after, nil)} {
			for _, digest := range list {
				digests[digest] = true
			}
		}
	}
	builds, err := c.builds(ctx, digests)
	if err != nil {
		return nil, err
	}
	d.Routes = make([]RouteDiff, len(routes))
	err = each(ctx, runtime.GOMAXPROCS(0), routes, func(ctx context.Context, i int, a *altered) error {
		x := &d.Routes[i]
		x.Route, x.State = a.name(), Changed
		x.Mounts = mountDiffs(a, from, to)
		before, after := pickBuilds(builds, stable(a.before, nil)), pickBuilds(builds, stable(a.after, nil))
		switch {
		case len(after) == 0:
			x.State = Removed
		case a.fresh:
			x.State = Added
		default:
			a.compare(before, after)
			x.Schema = a.changes
		}
		costs, err := c.costs(ctx, from, a, before)
		if err != nil {
			return err
		}
		now, err := c.costs(ctx, to, a, after)
		if err != nil {
			return err
		}
		x.Views = viewDiffs(before, after, costs, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if from.Graph != to.Graph {
		d.Graph, err = c.graphDiff(ctx, from, to)
	}
	return d, err
}

func mountDiffs(a *altered, from, to *release.Release) []MountDiff {
	var out []MountDiff
	names := map[string]bool{}
	for _, r := range []release.Route{a.before, a.after} {
		for _, m := range r.Mounts {
			names[m.Package] = true
		}
	}
	for _, name := range sorted(names) {
		was, _ := a.before.Mount(name)
		is, _ := a.after.Mount(name)
		if slices.Equal(was.Tracks, is.Tracks) {
			continue
		}
		x, _ := was.Track(release.Stable)
		y, _ := is.Track(release.Stable)
		b, n := from.Builds[x.Build], to.Builds[y.Build]
		out = append(out, MountDiff{
			Package: name, From: b.Version, To: n.Version, FromBuild: x.Build, ToBuild: y.Build, FromBytes: b.Bytes, ToBytes: n.Bytes,
			Locks: release.ChangedLocks(from.Locks[x.Build], to.Locks[y.Build]),
		})
	}
	return out
}

// costs are those of every view that builds serve together on a route; nil if nobody can tell.
func (c *Control) costs(ctx context.Context, r *release.Release, a *altered, builds []*view.Build) (map[string]Cost, error) {
	if c.Explain == nil || len(builds) == 0 {
		return nil, nil
	}
	g, err := c.graphOf(ctx, r, builds[0].Graph)
	if err != nil {
		return nil, err
	}
	costs, err := c.Explain(a.device, a.schema, g, builds)
	if k := fault.KindOf(err); k == fault.Canceled || k == fault.Timeout || k == fault.Unavailable {
		return nil, err
	}
	return costs, nil // what cannot be planned has no cost; the release is where that is an error
}

// viewDiffs are the views that were added, are gone or cost something else. Without any costs only the first two are told.
func viewDiffs(before, after []*view.Build, from, to map[string]Cost) []ViewDiff {
	names := func(builds []*view.Build, costs map[string]Cost) map[string]*Cost {
		out := map[string]*Cost{}
		for _, b := range builds {
			for _, v := range b.Views {
				out[v.Name] = nil
				if cost, ok := costs[v.Name]; ok {
					out[v.Name] = &cost
				}
			}
		}
		return out
	}
	was, is := names(before, from), names(after, to)
	all := map[string]bool{}
	for _, m := range []map[string]*Cost{was, is} {
		for name := range m {
			all[name] = true
		}
	}
	var out []ViewDiff
	for _, name := range sorted(all) {
		a, had := was[name]
		b, has := is[name]
		x := ViewDiff{View: name, State: Changed, From: a, To: b}
		switch {
		case !had:
			x.State = Added
		case !has:
			x.State = Removed
		case a.same(b):
			continue
		}
		out = append(out, x)
	}
	return out
}

func (c *Cost) same(d *Cost) bool {
	if c == nil || d == nil {
		return c == d
	}
	return c.Calls == d.Calls && c.Levels == d.Levels && slices.Equal(c.Operations, d.Operations)
}

// graphDiff compares two graph versions by their types and fields.
func (c *Control) graphDiff(ctx context.Context, from, to *release.Release) (*GraphDiff, error) {
	a, err := c.Graph(ctx, from.Graph.Version)
	if err != nil {
		return nil, err
	}
	b, err := c.Graph(ctx, to.Graph.Version)
	if err != nil {
		return nil, err
	}
	d := &GraphDiff{From: from.Graph, To: to.Graph}
	was, is := members(a), members(b)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, name := range sorted(all) {
		switch x, y := was[name], is[name]; {
		case x == y:
		case x == "":
			d.Changed = append(d.Changed, "+ "+name)
		case y == "":
			d.Changed = append(d.Changed, "- "+name)
		default:
			d.Changed = append(d.Changed, name+" "+x+" -> "+y)
		}
	}
	for _, digest := range to.BuildDigests() {
		if b := to.Builds[digest]; b.Graph != to.Graph.Digest {
			d.Older = append(d.Older, b.Package+"@"+b.Version)
		}
	}
	slices.Sort(d.Older)
	return d, nil
}

// members are a graph's types, fields, arguments, values and members, and what each is.
func members(g *graph.Graph) map[string]string {
	out := map[string]string{}
	for _, t := range g.Order {
		out[t.Name] = string(t.Kind)
		for _, f := range t.Fields {
			out[t.Name+"."+f.Name] = f.Type.String()
			for _, a := range f.Args {
				out[t.Name+"."+f.Name+"("+a.Name+")"] = a.Type.String()
			}
		}
		for _, v := range t.Values {
			out[t.Name+"."+v] = "value"
		}
		if t.Kind == graph.Union {
			for _, m := range t.Members {
				out[t.Name+" | "+m] = "member"
			}
		}
	}
	return out
}
