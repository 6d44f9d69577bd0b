package control

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// A Status is how an environment is, as far as its stored objects say.
type Status struct {
	Env     string
	Regions []RegionStatus
}

// A RegionStatus is how one region is.
type RegionStatus struct {
	Region    string
	Pointer   release.Pointer
	Revision  string // what Request.IfRevision takes: the digest of the release that the pointer names
	Release   *Entry
	Instances []InstanceStatus // by id
	Routes    []RouteStatus
	Converged int            // instances that are alive and serve what the pointer says to serve now
	Kept      []release.Kept // mounts that stay as they were, because a newer build was refused
	Held      []release.Held // mounts that did not go along with a module or the graph
	Trouble   string         // why the release could not be read; "" if it could
}

// An InstanceStatus is what an instance says of itself.
type InstanceStatus struct {
	release.Instance
	Stale  bool // it has not been heard of for StaleAfter
	Behind bool // it serves something else than the pointer says to serve now
}

// StaleAfter is how long an instance may be silent before it counts as gone.
const StaleAfter = 30 * time.Second

// A RouteStatus is what a route mounts.
type RouteStatus struct {
	Route   string // "tv/v3"
	Mounts  []MountStatus
	Refused *release.Refusal // why an instance does not serve what stands here, or why something else is kept
}

// A MountStatus is one track of a package on a route.
type MountStatus struct {
	Package string
	Version string
	Track   string
	Weight  int
	Build   string // digest
	Graph   string // version
	State   string // "current", "kept", "held" or "older graph"
}

// The states of a mount.
const (
	StateCurrent    = "current"
	StateKept       = "kept"
	StateHeld       = "held"
	StateOlderGraph = "older graph"
)

// goneAfter is how long an instance may be silent before it is no longer listed.
const goneAfter = 24 * time.Hour

// Status reads how an environment is: its pointers, releases and instances. Instances that have been silent for a day
// are left out. NotFound if it has no pointer and no instance.
func (c *Control) Status(ctx context.Context, env string) (*Status, error) {
	now := c.now()
	regions, pointers, err := c.pointers(ctx, env)
	if err != nil {
		return nil, err
	}
	acks, err := c.acks(ctx, env, now)
	if err != nil {
		return nil, err
	}
	for region := range acks {
		if _, ok := pointers[region]; !ok {
			regions = append(regions, region) // its instances wait for a first release
		}
	}
	if len(regions) == 0 {
		return nil, noEnvironment(env)
	}
	slices.SortFunc(regions, byRegion)
	// Regions mostly serve the same release: each is read once.
	digests := map[string]bool{}
	for _, p := range pointers {
		digests[p.Release] = true
	}
	delete(digests, "")
	releases, err := c.lineages(ctx, env, digests)
	if err != nil {
		return nil, err
	}
	out := &Status{Env: env, Regions: make([]RegionStatus, len(regions))}
	for i, region := range regions {
		out.Regions[i] = regionStatus(region, pointers[region], acks[region], releases, now)
		if e := releases[pointers[region].Release]; e != nil && e.err == nil {
			x := entry(pointers[region].Release, e.release, e.parent, regions, pointers)
			out.Regions[i].Release = &x
		}
	}
	return out, nil
}

// A generation is a release with its parent.
type generation struct {
	release, parent *release.Release // parent is nil for the first one, or where it was swept
	err             error            // why the release cannot be read, though the store answers
}

// lineages reads releases, then their parents, each once.
func (c *Control) lineages(ctx context.Context, env string, digests map[string]bool) (map[string]*generation, error) {
	out, err := c.generations(ctx, env, digests)
	if err != nil {
		return nil, err
	}
	parents := map[string]bool{}
	for _, g := range out {
		if g.release != nil && g.release.Parent != "" && out[g.release.Parent] == nil {
			parents[g.release.Parent] = true
		}
	}
	older, err := c.generations(ctx, env, parents)
	if err != nil {
		return nil, err
	}
	maps.Copy(older, out)
	for _, g := range out {
		if g.release == nil {
			continue
		}
		if p := older[g.release.Parent]; p != nil {
			g.parent = p.release // without it the entry says less
		}
	}
	return out, nil
}

func (c *Control) generations(ctx context.Context, env string, digests map[string]bool) (map[string]*generation, error) {
	var mu sync.Mutex
	out := map[string]*generation{}
	return out, each(ctx, readers, sorted(digests), func(ctx context.Context, _ int, digest string) error {
		g := &generation{}
		g.release, g.err = c.Load(ctx, env, digest)
		mu.Lock()
		defer mu.Unlock()
		out[digest] = g
		switch fault.KindOf(g.err) {
		case fault.Unavailable, fault.Timeout, fault.Canceled:
			return g.err
		}
		return nil
	})
}

// An ack is an acknowledgement as it was last read.
type ack struct {
	etag     string
	instance release.Instance
}

// acks reads what the instances of an environment say, by region, each sorted by name. What has not changed since it was
// last read is not read again.
func (c *Control) acks(ctx context.Context, env string, now time.Time) (map[string][]release.Instance, error) {
	var infos []storage.Info
	for info, err := range c.objects().List(ctx, release.InstancePrefix(env)) {
		if err != nil {
			return nil, err
		}
		if info.Modified.IsZero() || now.Sub(info.Modified) < goneAfter {
			infos = append(infos, info)
		}
	}
	read := make([]release.Instance, len(infos))
	err := each(ctx, readers, infos, func(ctx context.Context, i int, info storage.Info) error {
		if known, ok := recall(&c.cache, &c.cache.acks, info.Key); ok && info.ETag != "" && known.etag == info.ETag {
			read[i] = known.instance
			return nil
		}
		obj, err := c.objects().Get(ctx, info.Key, storage.GetOptions{MaxBytes: release.MaxInstance})
		if k := fault.KindOf(err); k == fault.NotFound || k == fault.TooLarge {
			return nil // it has just gone, or is no acknowledgement
		}
		if err != nil {
			return err
		}
		if read[i], err = release.DecodeInstance(obj.Body); err != nil {
			return nil //nolint:nilerr // an object that is no acknowledgement is nobody's: the others are told all the same
		}
		if read[i].Seen.IsZero() {
			read[i].Seen = info.Modified
		}
		remember(&c.cache, &c.cache.acks, info.Key, ack{obj.ETag, read[i]})
		return nil
	})
	out := map[string][]release.Instance{}
	for i, in := range read {
		if in.Env == env && release.InstanceKey(in.Env, in.Region, in.ID) == infos[i].Key {
			out[in.Region] = append(out[in.Region], in)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b release.Instance) int { return strings.Compare(a.ID, b.ID) })
	}
	return out, err
}

// regionStatus puts together what was read of a region.
func regionStatus(region string, p release.Pointer, instances []release.Instance, releases map[string]*generation, now time.Time) RegionStatus {
	out := RegionStatus{Region: region, Pointer: p, Revision: p.Release}
	serve := p.Active(now)
	refusals := map[string]*release.Refusal{} // by build
	for _, in := range instances {
		x := InstanceStatus{Instance: in, Stale: now.Sub(in.Seen) > StaleAfter, Behind: in.Release != serve}
		if !x.Stale && !x.Behind {
			out.Converged++
		}
		if r := in.Refused; r != nil && !x.Stale && r.Release == p.Release && refusals[r.Build] == nil {
			refusals[r.Build] = r
		}
		out.Instances = append(out.Instances, x)
	}
	g := releases[p.Release]
	if g == nil {
		return out
	}
	if g.err != nil {
		out.Trouble = g.err.Error()
		return out
	}
	out.Kept, out.Held = g.release.Kept, g.release.Held
	held := map[release.Place]bool{}
	for _, h := range out.Held {
		held[release.Place{Device: h.Device, Schema: h.Schema, Package: h.Package}] = true
	}
	kept := map[release.Place]*release.Refusal{}
	for i, k := range out.Kept {
		kept[release.Place{Device: k.Device, Schema: k.Schema, Package: k.Package}] = &out.Kept[i].Refusal
	}
	versions := map[string]string{}
	for _, named := range g.release.Graphs() {
		versions[named.Digest] = named.Version
	}
	for _, route := range g.release.Routes {
		x := RouteStatus{Route: route.Name()}
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				b := g.release.Builds[t.Build]
				y := MountStatus{Package: m.Package, Version: b.Version, Track: t.Name, Weight: t.Weight, Build: t.Build, Graph: versions[b.Graph], State: StateCurrent}
				if b.Graph != g.release.Graph.Digest {
					y.State = StateOlderGraph
				}
				if t.Name == release.Stable && held[release.Place{Device: route.Device, Schema: route.Schema, Package: m.Package}] {
					y.State = StateHeld
				}
				if why := kept[release.Place{Device: route.Device, Schema: route.Schema, Package: m.Package}]; why != nil {
					y.State, x.Refused = StateKept, why
				}
				if why := refusals[t.Build]; why != nil {
					x.Refused = why
				}
				x.Mounts = append(x.Mounts, y)
			}
		}
		out.Routes = append(out.Routes, x)
	}
	return out
}
