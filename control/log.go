package control

import (
	"context"
	"time"
)

// An Entry is a line of an environment's log: one release.
type Entry struct {
	Digest         string
	Parent         string    // digest; "" for the first
	Seq            int64     // of the pointers that name it, the highest; 0 if none does now
	Regions        []string  // whose pointers name it, sorted
	Made           time.Time // in UTC
	Author         string
	Why            string
	SourceRevision string
	Graph          string // version
	// Changed says what the release does differently from its parent, a line each:
	// "tv/v3 @tv/home 3.4.0 -> 3.4.1", "graph 1.0.0 -> 1.1.0", "switch x on".
	Changed []string
}

// Environments lists the environments that have a pointer, sorted.
func (c *Control) Environments(ctx context.Context) ([]string, error) {
	return nil, nil
}

// Regions lists the regions of an environment, "local" first, then by name.
func (c *Control) Regions(ctx context.Context, env string) ([]string, error) {
	return nil, nil
}

// Releases lists an environment's releases, newest first: from names the newest as Find does ("" is what
// the first region serves), and each is followed by its parent. max is 1 to 1000; 0 is 20.
func (c *Control) Releases(ctx context.Context, env, from string, max int) ([]Entry, error) {
	return nil, nil
}

// Find is the digest of the release that ref means: a digest, a prefix of one (at least 6 hex digits, with or without
// "sha256:"), "" for what the first region's pointer names, each followed by any number of "~" or by "~2" for its parents.
// NotFound if there is none, Invalid if it is no reference or means several.
func (c *Control) Find(ctx context.Context, env, ref string) (string, error) {
	return "", nil
}
