package control

import (
	"context"

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
	Changed  []string // types and fields: "+ Title.badge", "- Person.email", "Title.year Int -> Int!"
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
	return nil, nil
}
