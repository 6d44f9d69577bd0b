package control

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/release"
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
	var out []string
	for info, err := range c.objects().List(ctx, release.PointerPrefix("")) {
		if err != nil {
			return nil, err
		}
		env, _, _ := strings.Cut(strings.TrimPrefix(info.Key, release.PointerPrefix("")), "/")
		if !slices.Contains(out, env) && release.ValidName(env) {
			out = append(out, env)
		}
	}
	return out, nil
}

// Regions lists the regions of an environment that have a pointer, "local" first, then by name.
func (c *Control) Regions(ctx context.Context, env string) ([]string, error) {
	if !release.ValidName(env) {
		return nil, fault.New(fault.Invalid, "%q can name no environment", env)
	}
	var out []string
	for info, err := range c.objects().List(ctx, release.PointerPrefix(env)) {
		if err != nil {
			return nil, err
		}
		if region := release.Named(info.Key); release.ValidName(region) {
			out = append(out, region)
		}
	}
	slices.SortFunc(out, byRegion)
	return out, nil
}

func byRegion(a, b string) int {
	if (a == firstRegion) != (b == firstRegion) {
		if a == firstRegion {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

// pointers reads the pointers of an environment, in the order of Regions. NotFound if there is none.
func (c *Control) pointers(ctx context.Context, env string) ([]string, map[string]release.Pointer, error) {
	regions, err := c.Regions(ctx, env)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	out := map[string]release.Pointer{}
	err = each(ctx, readers, regions, func(ctx context.Context, _ int, region string) error {
		p, _, err := c.Pointer(ctx, env, region)
		mu.Lock()
		defer mu.Unlock()
		out[region] = p
		return err
	})
	return regions, out, err
}

func noEnvironment(env string) error {
	return &fault.Error{Kind: fault.NotFound, Op: "control", Subject: env, Message: "nothing was ever released to this environment", Hint: "edge deploy PACKAGE --env " + env + " makes its first release"}
}

// Releases lists an environment's releases, newest first: from names the newest as Find does ("" is what
// the first region serves), and each is followed by its parent. max is 1 to 1000; 0 is 20. The list ends where releases were swept.
func (c *Control) Releases(ctx context.Context, env, from string, max int) ([]Entry, error) {
	if max <= 0 {
		max = 20
	}
	max = min(max, 1000)
	digest, err := c.Find(ctx, env, from)
	if err != nil {
		return nil, err
	}
	regions, pointers, err := c.pointers(ctx, env)
	if err != nil {
		return nil, err
	}
	var out []Entry
	r, err := c.Load(ctx, env, digest)
	if err != nil {
		return nil, err
	}
	for len(out) < max {
		var parent *release.Release
		if r.Parent != "" {
			if parent, err = c.Load(ctx, env, r.Parent); fault.KindOf(err) == fault.NotFound {
				parent = nil
			} else if err != nil {
				return nil, err
			}
		}
		out = append(out, entry(digest, r, parent, regions, pointers))
		if parent == nil {
			break
		}
		digest, r = r.Parent, parent
	}
	return out, nil
}

// entry is the line of a release; parent may be nil.
func entry(digest string, r, parent *release.Release, regions []string, pointers map[string]release.Pointer) Entry {
	e := Entry{Digest: digest, Parent: r.Parent, Made: r.Made, Author: r.Author, Why: r.Why, SourceRevision: r.SourceRevision, Graph: r.Graph.Version}
	for _, region := range regions {
		if p := pointers[region]; p.Release == digest {
			e.Regions, e.Seq = append(e.Regions, region), max(e.Seq, p.Seq)
		}
	}
	if parent != nil || r.Parent == "" {
		e.Changed = release.Changed(parent, r)
	}
	return e
}

var refForm = regexp.MustCompile(`^(?:sha256:)?([0-9a-f]{6,64})?((?:~[0-9]{0,3})*)$`)

// Find is the digest of the release that ref means: a digest, a prefix of one (at least 6 hex digits, with or without
// "sha256:"), "" for what the first region's pointer names, each followed by any number of "~" or "~2" for its parents.
// NotFound if there is none, Invalid if it is no reference or means several.
func (c *Control) Find(ctx context.Context, env, ref string) (string, error) {
	m := refForm.FindStringSubmatch(ref)
	if m == nil {
		return "", &fault.Error{Kind: fault.Invalid, Op: "control.find", Subject: ref, Message: "is no release", Hint: `a release is its digest, the first 6 or more digits of it, or nothing for what is served; "~" behind it means the one before`}
	}
	digest, err := c.base(ctx, env, m[1])
	if err != nil {
		return "", err
	}
	back := 0
	for _, part := range strings.Split(m[2], "~")[1:] {
		n := 1
		if part != "" {
			n, _ = strconv.Atoi(part) // three digits at most
		}
		back += n
	}
	for range min(back, 10_000) {
		parent, _, err := c.lineage(ctx, env, digest)
		if err != nil {
			return "", err
		}
		if parent == "" {
			return "", fault.New(fault.NotFound, "%s has no release %s: %s is its first", env, ref, release.Short(digest))
		}
		digest = parent
	}
	return digest, nil
}

// base is the release that a prefix of a digest means, "" for what the first region's pointer names.
func (c *Control) base(ctx context.Context, env, hex string) (string, error) {
	if hex == "" {
		regions, err := c.Regions(ctx, env)
		if err != nil {
			return "", err
		}
		if len(regions) == 0 {
			return "", noEnvironment(env)
		}
		p, _, err := c.Pointer(ctx, env, regions[0])
		return p.Release, err
	}
	if !release.ValidName(env) {
		return "", fault.New(fault.Invalid, "%q can name no environment", env)
	}
	var found []string
	for info, err := range c.objects().List(ctx, release.ReleasePrefix(env, hex)) {
		if err != nil {
			return "", err
		}
		if found = append(found, release.Named(info.Key)); len(found) > 1 {
			return "", fault.New(fault.Invalid, "%s means several releases: %s and %s, for example", hex, release.Short(found[0]), release.Short(found[1])).WithHint("give more digits")
		}
	}
	if len(found) == 0 {
		return "", fault.New(fault.NotFound, "%s has no release %s", env, hex[:min(12, len(hex))]).WithHint("edge log lists them")
	}
	return found[0], nil
}
