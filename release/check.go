package release

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"facet/fault"
)

// The bounds of a release.
const (
	MaxGraphs = 3 // that an instance holds
	MaxTracks = 8 // of one mount
	MaxWeight = 1_000_000
	MaxRoutes = 10_000
	MaxMounts = 1_000 // of one route
	maxText   = 4 << 10
)

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// ValidName says whether s can name an environment, a region or an instance: 1 to
// 63 lower-case letters, digits, ".", "_" and "-".
func ValidName(s string) bool { return nameForm.MatchString(s) && !strings.Contains(s, "..") }

// ValidDigest says whether s is "sha256:" and 64 lower-case hex digits.
func ValidDigest(s string) bool { return digestForm.MatchString(s) }

// Check is nil if the release can be served: names are legal and sorted, each track
// names exactly one build of its mount's package and a weight, each build a
// graph of the release. Else it is Invalid and names the first thing that is wrong.
func (r *Release) Check() error {
	if !ValidName(r.Env) {
		return wrong("the environment %q is no name", r.Env)
	}
	if r.Parent != "" && !digestForm.MatchString(r.Parent) {
		return wrong("the parent %q is no digest", r.Parent)
	}
	graphs := map[string]bool{}
	for _, g := range r.Graphs() {
		if g.Version == "" || !digestForm.MatchString(g.Digest) || graphs[g.Digest] {
			return wrong("the graph %q is unnamed, has no digest or is named twice", g.Version)
		}
		graphs[g.Digest] = true
	}
	if len(graphs) > MaxGraphs {
		return wrong("it needs %d graph versions, and an instance holds %d", len(graphs), MaxGraphs).WithHint("rebuild or retire what needs the oldest")
	}
	for digest, b := range r.Builds {
		switch {
		case !digestForm.MatchString(digest) || !digestForm.MatchString(b.Input):
			return wrong("the build of %s@%s has no digest", b.Package, b.Version)
		case b.Package == "" || b.Version == "":
			return wrong("the build %s names no package", Short(digest))
		case !graphs[b.Graph]:
			return wrong("the build of %s@%s needs the graph %s, which is not in the release", b.Package, b.Version, Short(b.Graph))
		}
	}
	for digest := range r.Locks {
		if _, ok := r.Builds[digest]; !ok {
			return wrong("a lock names the build %s, which is not in the release", Short(digest))
		}
	}
	if err := r.checkRoutes(); err != nil {
		return err
	}
	if err := r.checkExperiments(); err != nil {
		return err
	}
	if len(r.Kept) > MaxRoutes {
		return wrong("it keeps %d mounts; %d is the most", len(r.Kept), MaxRoutes)
	}
	for i, k := range r.Kept {
		route, _ := r.Route(k.Device, k.Schema)
		if i > 0 && r.Kept[i-1].place() == k.place() || len(k.Reason) > maxText || k.Build != "" && !ValidDigest(k.Build) || !ValidDigest(k.Release) {
			return wrong("what is kept on %s is named twice or is not described: %s", route.Name(), k.Package)
		}
	}
	for i, h := range r.Held {
		if i > 0 && r.Held[i-1].place() == h.place() || len(h.Why) == 0 || len(h.Why) > maxHeldLines || len(h.From) > maxHeldLines ||
			slices.ContainsFunc(slices.Concat(h.Why, h.From), func(s string) bool { return len(s) > 2*maxHeldText }) {
			return wrong("what is held on %s is named twice or is not described: %s", h.Route(), h.Package)
		}
	}
	if len(r.Why)+len(r.Author)+len(r.SourceRevision) > maxText {
		return wrong("why, author and source revision have more than %d bytes", maxText)
	}
	return nil
}

func (r *Release) checkRoutes() error {
	if len(r.Routes) > MaxRoutes {
		return wrong("it has %d routes; %d is the most", len(r.Routes), MaxRoutes)
	}
	used := map[string]bool{}
	for i, route := range r.Routes {
		if route.Device == "" || route.Schema == "" || strings.ContainsAny(route.Device+route.Schema, "/ ") {
			return wrong("the route %q is no route", route.Name())
		}
		if i > 0 && byRoute(r.Routes[i-1], route) >= 0 {
			return wrong("the route %s stands twice or out of order", route.Name())
		}
		if len(route.Mounts) == 0 || len(route.Mounts) > MaxMounts {
			return wrong("the route %s mounts %d packages; 1 to %d are legal", route.Name(), len(route.Mounts), MaxMounts)
		}
		for j, m := range route.Mounts {
			if j > 0 && route.Mounts[j-1].Package >= m.Package {
				return wrong("%s mounts %s twice or out of order", route.Name(), m.Package)
			}
			if err := r.checkMount(route, m, used); err != nil {
				return err
			}
		}
	}
	for digest, b := range r.Builds {
		if !used[digest] {
			return wrong("the build of %s@%s is on no track", b.Package, b.Version)
		}
	}
	return nil
}

func (r *Release) checkMount(route Route, m Mount, used map[string]bool) error {
	at := route.Name() + " " + m.Package
	if len(m.Tracks) == 0 || len(m.Tracks) > MaxTracks {
		return wrong("%s has %d tracks; 1 to %d are legal", at, len(m.Tracks), MaxTracks)
	}
	total := 0
	for i, t := range m.Tracks {
		if !ValidName(t.Name) || (i > 0 && m.Tracks[i-1].Name >= t.Name) {
			return wrong("%s: the track %q is unnamed, named twice or out of order", at, t.Name)
		}
		if t.Weight < 0 || t.Weight > MaxWeight {
			return wrong("%s: the track %s has the weight %d; 0 to %d are legal", at, t.Name, t.Weight, MaxWeight)
		}
		b, ok := r.Builds[t.Build]
		if !ok {
			return wrong("%s: the track %s names the build %q, which is not in the release", at, t.Name, Short(t.Build))
		}
		if b.Package != m.Package {
			return wrong("%s: the track %s names a build of %s", at, t.Name, b.Package)
		}
		used[t.Build] = true
		total += t.Weight
	}
	if total == 0 {
		return wrong("%s: no track has a weight", at)
	}
	if !slices.ContainsFunc(m.Tracks, func(t Track) bool { return t.Name == Stable }) {
		return wrong("%s has no stable track", at)
	}
	return nil
}

func wrong(format string, args ...any) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Op: "release", Message: fmt.Sprintf(format, args...)}
}
