package control

import (
	"context"
	"time"

	"facet/release"
)

// A KeptEvent is what became of a refusal.
type KeptEvent struct {
	Env      string
	Regions  []string
	Instance string // that refused
	Refusal  release.Refusal
	Result   *Result // of the release that keeps the earlier build; nil if there is none
	Err      error   // why it could not be made
}

// Keeper looks after environments (nil: all) until ctx ends: when an instance that is alive refuses
// a build of the release that its region's pointer names, it makes a release that keeps what the build's routes
// had before. Several keepers may run: one of them makes it. report is told of each, one at a time.
func (c *Control) Keeper(ctx context.Context, envs []string, every time.Duration, report func(KeptEvent)) error {
	return nil
}
