// Package release is what an environment serves, as data: releases, pointers, bindings, and the pure steps from one release to the next.
package release

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Release is an immutable document of an environment: one graph version, the
// routes with their mounts, and every module locked. Regions move to it.
//
// It is stored as a header and shards (see Encode); its digest is the header's.
type Release struct {
	Env            string            // the environment it belongs to
	Parent         string            // the digest of the release it was made from; "" for the first
	Made           time.Time         // when, in UTC to the second
	Graph          Graph             // the graph version of new builds
	Older          []Graph           // graph versions that some builds still need, newest first
	Routes         []Route           // sorted by device, then schema version
	Modules        map[string]string // what live bindings follow: Line ("@originals/rows@2") -> version
	Locks          map[string]Lock   // by build digest: what the build was linked with
	Builds         map[string]Build  // by digest; every one is on some track
	Experiments    []Experiment      // sorted by name
	Switches       map[string]bool   // by name
	Limits         map[string]int64  // by name; what is missing has the program's default
	Kept           []Kept            // mounts that stay as they were, because a newer build was refused; sorted by route, then package
	Held           []Held            // mounts that did not go along with a module or the graph; sorted by route, then package
	Why            string            // for people
	Author         string            // who asked for it; may be empty
	SourceRevision string            // of the authors' repository; may be empty
	Signatures     []Signature       // over the digest of the release without signatures; may be empty
}

// A Graph names one version of the graph.
type Graph struct {
	Version string `json:"version"` // "1.4.0"
	Digest  string `json:"digest"`  // of its text
}

// A Route is a device's schema version, and what it mounts.
type Route struct {
	Device string  `json:"device"`
	Schema string  `json:"schema"`
	Mounts []Mount `json:"mounts"` // sorted by package
}

// Name is "tv/v3".
func (r Route) Name() string { return r.Device + "/" + r.Schema }

// A Mount is one package on a route. Its tracks are variants of that package.
type Mount struct {
	Package string  `json:"package"`
	Tracks  []Track `json:"tracks"` // sorted by name
}

// A Track names exactly one build, and how large its part of the askers is,
// in proportion to the weights of the mount's other tracks.
type Track struct {
	Name   string `json:"name"`
	Build  string `json:"build"` // digest
	Weight int    `json:"weight"`
}

// The names of tracks.
const (
	Stable   = "stable"
	Baseline = "baseline"
	Canary   = "canary"
)

// A Build says what a build was made of.
type Build struct {
	Package string `json:"package"`
	Version string `json:"version"`
	Graph   string `json:"graph"` // digest of the graph version
	Input   string `json:"input"` // digest over package, locks, graph and builder: builds/by-input
	Bytes   int64  `json:"bytes"` // of the encoded build
}

// A Lock says for every importer ("name@version") which version ("name@version") it means by a dependency's name.
type Lock map[string]map[string]string

// A Signature is one key's word for a document.
type Signature struct {
	Key   string `json:"key"`   // the key's name
	Value string `json:"value"` // base64
}

// Route is the route of a device and schema version.
func (r *Release) Route(device, schema string) (Route, bool) {
	i, ok := slices.BinarySearchFunc(r.Routes, Route{Device: device, Schema: schema}, byRoute)
	if !ok {
		return Route{}, false
	}
	return r.Routes[i], true
}

// Mount is the package's mount on the route.
func (r Route) Mount(pkg string) (Mount, bool) {
	i, ok := slices.BinarySearchFunc(r.Mounts, pkg, func(m Mount, p string) int { return strings.Compare(m.Package, p) })
	if !ok {
		return Mount{}, false
	}
	return r.Mounts[i], true
}

// Track is the mount's track of that name.
func (m Mount) Track(name string) (Track, bool) {
	i, ok := slices.BinarySearchFunc(m.Tracks, name, func(t Track, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return Track{}, false
	}
	return m.Tracks[i], true
}

// Graphs lists every graph version that a build of the release needs, the newest first.
func (r *Release) Graphs() []Graph { return append([]Graph{r.Graph}, r.Older...) }

// BuildDigests lists the builds, sorted.
func (r *Release) BuildDigests() []string { return slices.Sorted(maps.Keys(r.Builds)) }

// Line is the key of Modules for a module's version: its name and what npm
// holds to be compatible with it, "@originals/rows@2" or "left-pad@0.3".
func Line(name, version string) string {
	major, rest, _ := strings.Cut(version, ".")
	if major != "0" {
		return name + "@" + major
	}
	minor, _, _ := strings.Cut(rest, ".")
	return name + "@0." + minor
}

// Clone is a deep copy.
func (r *Release) Clone() *Release {
	c := *r
	c.Older = slices.Clone(r.Older)
	c.Routes = slices.Clone(r.Routes)
	for i := range c.Routes {
		c.Routes[i].Mounts = slices.Clone(c.Routes[i].Mounts)
		for j := range c.Routes[i].Mounts {
			c.Routes[i].Mounts[j].Tracks = slices.Clone(c.Routes[i].Mounts[j].Tracks)
		}
	}
	c.Modules, c.Builds = maps.Clone(r.Modules), maps.Clone(r.Builds)
	c.Locks = make(map[string]Lock, len(r.Locks))
	for digest, lock := range r.Locks {
		c.Locks[digest] = lock.clone()
	}
	c.Experiments = slices.Clone(r.Experiments)
	for i := range c.Experiments {
		c.Experiments[i].Arms = slices.Clone(c.Experiments[i].Arms)
	}
	c.Switches, c.Limits = maps.Clone(r.Switches), maps.Clone(r.Limits)
	c.Kept, c.Held, c.Signatures = slices.Clone(r.Kept), slices.Clone(r.Held), slices.Clone(r.Signatures)
	return &c
}

func (l Lock) clone() Lock {
	c := make(Lock, len(l))
	for importer, uses := range l {
		c[importer] = maps.Clone(uses)
	}
	return c
}

// Digest is "sha256:<hex>" of the lock's encoding.
func (l Lock) Digest() string {
	b, err := json.Marshal(l) // maps are written in the order of their keys
	if err != nil {
		panic(err) // strings alone: it cannot fail
	}
	return Digest(b)
}

func byRoute(a, b Route) int {
	return cmp.Or(strings.Compare(a.Device, b.Device), cmp.Compare(len(a.Schema), len(b.Schema)), strings.Compare(a.Schema, b.Schema))
}

// canonical sorts what has an order and drops what nothing refers to.
func (r *Release) canonical() {
	slices.SortFunc(r.Routes, byRoute)
	used, graphs := map[string]bool{}, map[string]bool{}
	for i := range r.Routes {
		mounts := r.Routes[i].Mounts
		slices.SortFunc(mounts, func(a, b Mount) int { return strings.Compare(a.Package, b.Package) })
		for _, m := range mounts {
			slices.SortFunc(m.Tracks, func(a, b Track) int { return strings.Compare(a.Name, b.Name) })
			for _, t := range m.Tracks {
				used[t.Build] = true
				graphs[r.Builds[t.Build].Graph] = true
			}
		}
	}
	r.Routes = slices.DeleteFunc(r.Routes, func(route Route) bool { return len(route.Mounts) == 0 })
	maps.DeleteFunc(r.Builds, func(digest string, _ Build) bool { return !used[digest] })
	maps.DeleteFunc(r.Locks, func(digest string, _ Lock) bool { return !used[digest] })
	seen := map[string]bool{r.Graph.Digest: true}
	r.Older = slices.DeleteFunc(r.Older, func(g Graph) bool {
		drop := seen[g.Digest] || !graphs[g.Digest]
		seen[g.Digest] = true
		return drop
	})
	slices.SortFunc(r.Experiments, func(a, b Experiment) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Signatures, func(a, b Signature) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(r.Kept, func(a, b Kept) int {
		return cmp.Or(byRoute(Route{Device: a.Device, Schema: a.Schema}, Route{Device: b.Device, Schema: b.Schema}), strings.Compare(a.Package, b.Package))
	})
	r.Held = slices.DeleteFunc(r.Held, func(h Held) bool {
		route, _ := r.Route(h.Device, h.Schema)
		_, there := route.Mount(h.Package)
		return !there
	})
	slices.SortFunc(r.Held, byHeld)
	r.Made = r.Made.UTC().Truncate(time.Second)
}

// String prints the release for people and golden files: a header, then one line per mount.
func (r *Release) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-8s %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "release of %s\n", r.Env)
	line("made", r.Made.Format(time.RFC3339))
	line("parent", Short(r.Parent))
	line("why", r.Why)
	line("author", r.Author)
	line("source", r.SourceRevision)
	for i, g := range r.Graphs() {
		line([]string{"graph", "older"}[min(i, 1)], g.Version+" "+Short(g.Digest))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Modules)) {
		line("module", key+" -> "+r.Modules[key])
	}
	for _, e := range r.Experiments {
		arms := make([]string, len(e.Arms))
		for i, a := range e.Arms {
			arms[i] = fmt.Sprintf("%s %d", a.Name, a.Weight)
		}
		line("cell", e.Name+": "+strings.Join(arms, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Switches)) {
		line("switch", fmt.Sprintf("%s %v", name, r.Switches[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
		line("limit", fmt.Sprintf("%s %d", name, r.Limits[name]))
	}
	for _, k := range r.Kept {
		line("kept", fmt.Sprintf("%s/%s %s instead of %s: %s", k.Device, k.Schema, k.Package, k.Version, k.Reason))
	}
	for _, h := range r.Held {
		line("held", fmt.Sprintf("%s %s@%s, without %s: %s", h.Route(), h.Package, h.Version, strings.Join(h.From, ", "), strings.Join(h.Why, "; ")))
	}
	for _, s := range r.Signatures {
		line("signed", s.Key)
	}
	for _, route := range r.Routes {
		fmt.Fprintf(&b, "%s\n", route.Name())
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				build := r.Builds[t.Build]
				fmt.Fprintf(&b, "  %s@%s %s %d build %s", m.Package, build.Version, t.Name, t.Weight, Short(t.Build))
				if build.Graph != r.Graph.Digest {
					fmt.Fprintf(&b, " on graph %s", Short(build.Graph))
				}
				b.WriteByte('\n')
				lock := r.Locks[t.Build]
				for _, importer := range slices.Sorted(maps.Keys(lock)) {
					for _, dep := range slices.Sorted(maps.Keys(lock[importer])) {
						fmt.Fprintf(&b, "    %s uses %s\n", importer, lock[importer][dep])
					}
				}
			}
		}
	}
	return b.String()
}

// Short is a digest's first 12 hex digits, for people.
func Short(digest string) string {
	s := strings.TrimPrefix(digest, "sha256:")
	return s[:min(12, len(s))]
}
