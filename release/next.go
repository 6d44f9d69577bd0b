package release

import (
	"maps"
	"slices"
	"strings"
	"time"

	"facet/fault"
)

// A Note says who made a release, and why.
type Note struct {
	Why            string
	Author         string
	SourceRevision string
}

// A Placed is a build that a release shall serve on one route and track.
type Placed struct {
	Device, Schema string
	Track          string // "" is Stable
	Weight         int    // 0 keeps the track's, or is 100 for a new one
	Digest         string
	Build          Build
	Lock           Lock
}

// A Place is a mount: one package on one route.
type Place struct{ Device, Schema, Package string }

// A Change is what one release does differently from its parent.
type Change struct {
	Graph   *Graph            // the new graph version; nil keeps the parent's
	Modules map[string]string // new versions that live bindings follow, by Line
	Put     []Placed
	Remove  []Place
}

// First is the empty release before an environment's first.
func First(env string, graph Graph) *Release { return &Release{Env: env, Graph: graph} }

// Next is the release that follows r, whose digest is parent ("" if r was never
// stored), by a change. r is not altered. It is Invalid if the result could not be served.
func (r *Release) Next(parent string, c Change, note Note, now time.Time) (*Release, error) {
	n := r.Clone()
	n.stamp(parent, note, now)
	if n.Builds == nil {
		n.Builds = map[string]Build{}
	}
	if n.Modules == nil {
		n.Modules = map[string]string{}
	}
	maps.Copy(n.Modules, c.Modules)
	if c.Graph != nil && c.Graph.Digest != r.Graph.Digest {
		n.Older = append([]Graph{r.Graph}, n.Older...)
		n.Graph = *c.Graph
		n.Older = slices.DeleteFunc(n.Older, func(g Graph) bool { return g.Digest == n.Graph.Digest })
	}
	for _, p := range c.Remove {
		n.unkeep(p)
		if !n.remove(p) {
			return nil, &fault.Error{Kind: fault.NotFound, Op: "release.next", Subject: p.Device + "/" + p.Schema + " " + p.Package, Message: "is not mounted"}
		}
	}
	for _, p := range c.Put {
		if p.Track == "" || p.Track == Stable {
			n.unkeep(Place{p.Device, p.Schema, p.Build.Package})
			n.release(Place{p.Device, p.Schema, p.Build.Package})
		}
		n.put(p)
	}
	n.canonical()
	return n, n.Check()
}

// Rollback is a new release equal to an older one of the same environment; r is what is served now.
func (r *Release) Rollback(parent string, older *Release, note Note, now time.Time) (*Release, error) {
	if older.Env != r.Env {
		return nil, wrong("a release of %s cannot be served in %s", older.Env, r.Env)
	}
	n := older.Clone()
	n.stamp(parent, note, now)
	n.canonical()
	return n, n.Check()
}

// Keep is r with one route as an older release has it: what becomes of a release that instances
// refused because of that route, so that nobody else waits. A route that older lacks is left out.
// Kept then names the mounts that r had otherwise.
func (r *Release) Keep(parent string, older *Release, device, schema string, why Refusal, note Note, now time.Time) (*Release, error) {
	n := r.Clone()
	n.stamp(parent, note, now)
	was, _ := r.Route(device, schema)
	back, _ := older.Route(device, schema)
	for _, m := range moves(back, was) {
		n.unkeep(m.Place)
		t, _ := m.To.Track(Stable)
		n.Kept = append(n.Kept, Kept{device, schema, m.Package, r.Builds[t.Build].Version, why})
	}
	n.Routes = slices.DeleteFunc(n.Routes, func(route Route) bool { return route.Device == device && route.Schema == schema })
	if route, ok := older.Clone().Route(device, schema); ok {
		n.Routes = append(n.Routes, route)
		if n.Builds == nil {
			n.Builds = map[string]Build{}
		}
		maps.Copy(n.Builds, older.Builds)
		maps.Copy(n.Locks, older.Clone().Locks)
		n.Older = append(n.Older, older.Graphs()...)
	}
	n.canonical()
	return n, n.Check()
}

// Equal says whether two releases serve the same: all but parent, time, note and signatures.
func (r *Release) Equal(other *Release) bool {
	if len(r.Builds) != len(other.Builds) || len(r.Routes) != len(other.Routes) {
		return false
	}
	for digest := range r.Builds { // a release of thousands that differs mostly does so here
		if _, ok := other.Builds[digest]; !ok {
			return false
		}
	}
	bare := func(r *Release) string {
		c := r.Clone()
		c.stamp("", Note{}, time.Time{})
		e, err := c.Encode(1)
		if err != nil {
			return ""
		}
		return e.Digest
	}
	a := bare(r)
	return a != "" && a == bare(other)
}

func (r *Release) stamp(parent string, note Note, now time.Time) {
	r.Parent, r.Made, r.Signatures = parent, now.UTC().Truncate(time.Second), nil
	r.Why, r.Author, r.SourceRevision = note.Why, note.Author, note.SourceRevision
}

func (r *Release) put(p Placed) {
	track := p.Track
	if track == "" {
		track = Stable
	}
	r.Builds[p.Digest] = p.Build
	if len(p.Lock) > 0 {
		r.Locks[p.Digest] = p.Lock.clone()
	}
	i, ok := slices.BinarySearchFunc(r.Routes, Route{Device: p.Device, Schema: p.Schema}, byRoute)
	if !ok {
		r.Routes = slices.Insert(r.Routes, i, Route{Device: p.Device, Schema: p.Schema})
	}
	route := &r.Routes[i]
	j, ok := slices.BinarySearchFunc(route.Mounts, p.Build.Package, func(m Mount, name string) int { return strings.Compare(m.Package, name) })
	if !ok {
		route.Mounts = slices.Insert(route.Mounts, j, Mount{Package: p.Build.Package})
	}
	mount := &route.Mounts[j]
	k, ok := slices.BinarySearchFunc(mount.Tracks, track, func(t Track, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		mount.Tracks = slices.Insert(mount.Tracks, k, Track{Name: track, Weight: 100})
	}
	mount.Tracks[k].Build = p.Digest
	if p.Weight != 0 {
		mount.Tracks[k].Weight = p.Weight
	}
}

func (r *Release) remove(p Place) bool {
	for i := range r.Routes {
		route := &r.Routes[i]
		if route.Device != p.Device || route.Schema != p.Schema {
			continue
		}
		before := len(route.Mounts)
		route.Mounts = slices.DeleteFunc(route.Mounts, func(m Mount) bool { return m.Package == p.Package })
		return len(route.Mounts) < before
	}
	return false
}

func (k Kept) place() Place { return Place{k.Device, k.Schema, k.Package} }

// unkeep forgets why a mount was left as it was: something new stands there.
func (r *Release) unkeep(p Place) {
	r.Kept = slices.DeleteFunc(r.Kept, func(k Kept) bool { return k.place() == p })
}
