package release

import (
	"cmp"
	"slices"
	"strings"
)

// A User is a build that is made of some version of a package: it is that package's own, or links it.
type User struct {
	Build   string   // digest
	Version string   // of the package that was asked for
	By      []string // the importers ("name@version") in the build that link this version, sorted; empty if it is the build's own package
	At      []Place  // where the build stands, on any track
}

// Users lists the builds of a release that are made of a package, from the release's own locks: it is the index of a module's
// consumers, and nothing else has to be read. A build that links two versions is there twice. Sorted by package, version and build.
func (r *Release) Users(name string) []User {
	where := map[string][]Place{}
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				at := Place{Device: route.Device, Schema: route.Schema, Package: m.Package}
				if !slices.Contains(where[t.Build], at) {
					where[t.Build] = append(where[t.Build], at)
				}
			}
		}
	}
	var out []User
	for digest, b := range r.Builds {
		if b.Package == name {
			out = append(out, User{Build: digest, Version: b.Version, At: where[digest]})
		}
		by := map[string][]string{}
		for importer, uses := range r.Locks[digest] {
			if id, ok := uses[name]; ok {
				version := strings.TrimPrefix(id, name+"@")
				by[version] = append(by[version], importer)
			}
		}
		for version, importers := range by {
			slices.Sort(importers)
			out = append(out, User{Build: digest, Version: version, By: importers, At: where[digest]})
		}
	}
	slices.SortFunc(out, func(a, b User) int {
		return cmp.Or(strings.Compare(r.Builds[a.Build].Package, r.Builds[b.Build].Package), strings.Compare(a.Version, b.Version), strings.Compare(a.Build, b.Build))
	})
	return out
}
