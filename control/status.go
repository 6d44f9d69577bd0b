package control

import (
	"context"
	"time"

	"facet/release"
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
	State   string // "current", "kept" or "older graph"
}

// The states of a mount.
const (
	StateCurrent    = "current"
	StateKept       = "kept"
	StateOlderGraph = "older graph"
)

// Status reads how an environment is: its pointers, releases and instances. NotFound if it has no pointer.
func (c *Control) Status(ctx context.Context, env string) (*Status, error) {
	return nil, nil
}

// Wait returns when every instance of the regions (nil: all that have a pointer to it) that is alive serves the release
// or one that was made from it. It is a Conflict if an instance refused it, naming the build and the reason, or if the
// region went elsewhere; Timeout names who does not serve it yet. Without a deadline of ctx it waits 10 minutes at most.
// progress, if not nil, is called with each status that differs from the last.
func (c *Control) Wait(ctx context.Context, env string, regions []string, digest string, progress func(*Status)) error {
	return nil
}
