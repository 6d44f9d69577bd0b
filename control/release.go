package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/release"
	"facet/view"
)

// A Request says what an environment shall serve differently.
type Request struct {
	Env     string   // "" is "dev"
	Regions []string // that move to the new release; nil is "local". The first one's release is the parent

	// Deploy names packages, each "name", "name@1.2.3", "name@^1" or "name@tag" (no
	// version is the tag "latest"). A device package is mounted on its devices' routes.
	// A module becomes what live bindings follow: every build that links it is made anew.
	Deploy []string
	Remove []release.Place // mounts that go
	Graph  string          // the graph version; "" keeps the parent's, or is the highest for the first release

	Note       release.Note
	ActivateAt time.Time // the zero time: at once
	// IfRevision is the release that the asker saw, as Find names it; "" takes any. What others
	// released since then is built on, unless it touches a mount, a module or the graph that this request touches: that is a Conflict.
	IfRevision string

	// Breaking says what becomes of a change that breaks a schema version that is served: "" and
	// Refuse refuse the release, Warn lists the changes and goes on (for environments of work in progress).
	Breaking string
	// Retire says that nobody uses any more what only the mounts in Remove served: their going breaks nothing then.
	Retire bool

	// Unpublished are packages that a dry run deploys as if they had been published; nothing of them is stored but builds.
	// They are checked as Publish does, against Env and Graph, and their Against is not looked at. Their order is any.
	Unpublished []Publication

	DryRun bool // everything but the release: builds are made and kept, nothing moves
	Diff   bool // Result.Diff is wanted; a dry run always has it
}

// The values of Request.Breaking.
const (
	Refuse = "refuse"
	Warn   = "warn"
)

// A Result says what a request came to.
type Result struct {
	Digest   string                     // of the release; the parent's if Unchanged
	Release  *release.Release           // what the regions move to
	Pointers map[string]release.Pointer // by region; empty for a dry run
	// Unchanged: the parent already serves all of this. No release was made.
	Unchanged bool
	Made      []string  // "name@version" of the builds that were made, sorted
	Reused    []string  // of those that were made before from the same input
	Failures  []Failure // what did not build
	// Drafts are what the checks say of Request.Unpublished, in its order, as Publish would. An error in the
	// Diagnostics of one is why the request was refused; there is nothing else in the result then.
	Drafts []*Published

	Changed []string                 // what the release does differently from its parent, a line each, as Entry.Changed
	Changes map[string][]view.Change // what apps see differently, by route ("tv/v3"); routes without a difference and new ones are left out
	// Outputs are what consumers that follow a module show or cost otherwise: their plans, and their warm-ups' answers under the tier answers
	// that they ship. Those that Break keep their package where it is.
	Outputs  []Difference
	Replaced []Replaced // what others released while this request was made, and it replaced
	// Diagnostics are why the release was refused (errors), and what is worth knowing (warnings).
	Diagnostics fault.Diagnostics
	Diff        *Diff // if the request asked for it
	// Unaudited says why the audit line could not be written; "" if it was. The release is made all the same.
	Unaudited string
}

// A Replaced mount was moved by another release after this request began, or after its
// IfRevision; this request moved it again.
type Replaced struct {
	Route   string // "tv/v3"
	Package string
	From    string // the other's version
	To      string // this release's
	Release string // the digest of the release that had From
}

// A Failure is a package that does not build.
type Failure struct {
	Package     string // "name@version"
	Asked       bool   // the request names it, so it refused the release; else its earlier build is kept
	Diagnostics fault.Diagnostics
}

// Release makes the release that a request asks for and moves the regions to
// it, each by one conditional write; if somebody else was first, it starts
// again from what they made. Bindings are resolved here and nowhere else.
//
// A package that the request names must build, else the error is Invalid and
// Result says why; it may not break a schema version that a region serves, and the
// mounts of its routes must fit together: Result.Diagnostics say what does not. What only follows
// a module or the graph, and does not build, would break its route or would not fit there any more, keeps its earlier
// build and is listed in Result.Failures: nobody waits for it.
//
// If the first region was moved and another could not be, the error says so
// and Result is what was made; asking again completes it. Other errors: NotFound for
// what is not published or mounted, Conflict if others changed the same since
// IfRevision, if a planned release would come early, or if every attempt lost a race, and the store's own.
func (c *Control) Release(ctx context.Context, req Request) (*Result, error) {
	req.defaults()
	try := c.begin(ctx, &req)
	drafts, err := c.drafts(ctx, try.resolver, &req)
	if err != nil {
		res := newResult()
		res.Drafts = drafts
		return res, err
	}
	res, err := c.move(ctx, &mover{verb: "release", req: &req, try: try, gated: true, next: func(ctx context.Context, parent *release.Release, digest string, res *Result) (*release.Release, error) {
		return c.next(ctx, try, parent, digest, res)
	}})
	if res != nil {
		res.Drafts = drafts
	}
	return res, err
}

// Rollback moves the regions to a new release that is equal to an older one: to names it as Find does, and "" is
// what was served before what is served now; a release that instances refused is passed over. It is the emergency brake: nothing that it
// breaks refuses it, and Result.Changes has what it does. A release that is planned is given up. With IfRevision it is a Conflict
// if anything was changed since.
func (c *Control) Rollback(ctx context.Context, req Request, to string) (*Result, error) {
	req.defaults()
	if err := req.check(); err != nil {
		return nil, err
	}
	try := c.begin(ctx, &req)
	var digest string
	var err error
	if to == "" {
		digest, err = c.before(ctx, &req, try.now)
	} else {
		digest, err = c.Find(ctx, req.Env, to)
	}
	if err != nil {
		return nil, err
	}
	older, err := c.Load(ctx, req.Env, digest)
	if err != nil {
		return nil, err
	}
	return c.move(ctx, &mover{verb: "rollback", req: &req, try: try, whole: true, next: func(ctx context.Context, parent *release.Release, digest string, _ *Result) (*release.Release, error) {
		if parent == nil {
			return nil, fault.New(fault.NotFound, "%s serves nothing yet", req.Env)
		}
		return parent.Rollback(digest, older, req.Note, try.now)
	}})
}

// before is the release that the first region served before the one it serves now, passing over those that were refused.
func (c *Control) before(ctx context.Context, req *Request, now time.Time) (string, error) {
	p, _, err := c.Pointer(ctx, req.Env, req.Regions[0])
	if err != nil {
		return "", err
	}
	if p.Release == "" {
		regions, err := c.Regions(ctx, req.Env)
		if err != nil {
			return "", err
		}
		if len(regions) == 0 {
			return "", noEnvironment(req.Env)
		}
	}
	digest := p.Previous
	refused := map[string]bool{}
	if p.Release != "" {
		r, err := c.Load(ctx, req.Env, p.Release)
		if err != nil {
			return "", err
		}
		for _, k := range r.Kept {
			refused[k.Release] = true
		}
		if digest == "" && p.Active(now) == p.Release {
			digest = r.Parent
		}
	}
	for range ancestry {
		if digest == "" || !refused[digest] {
			break
		}
		if digest, _, err = c.lineage(ctx, req.Env, digest); err != nil {
			return "", err
		}
	}
	if digest == "" {
		return "", fault.New(fault.NotFound, "%s/%s served nothing before", req.Env, req.Regions[0])
	}
	return digest, nil
}

// Keep is the answer to a refusal: it moves the regions to a release in which every
// route that has the refused build is as it last was without it, so that
// nobody else waits. It is a Conflict if the first region has left the refused release already.
func (c *Control) Keep(ctx context.Context, req Request, refused release.Refusal) (*Result, error) {
	req.defaults()
	req.IfRevision = refused.Release
	if len(refused.Reason) > maxReason {
		refused.Reason = strings.ToValidUTF8(refused.Reason[:maxReason], "") + "…"
	}
	try := c.begin(ctx, &req)
	return c.move(ctx, &mover{verb: "keep", req: &req, try: try, exact: true, next: func(ctx context.Context, parent *release.Release, digest string, _ *Result) (*release.Release, error) {
		spots := tracks(parent)[refused.Build]
		if len(spots) == 0 {
			return nil, fault.New(fault.NotFound, "the release %s has no build %s", release.Short(digest), release.Short(refused.Build))
		}
		older, err := c.without(ctx, req.Env, parent, refused.Build)
		if err != nil {
			return nil, err
		}
		next := parent
		for _, at := range spots {
			if next, err = next.Keep(digest, older, at.Device, at.Schema, refused, req.Note, try.now); err != nil {
				return nil, err
			}
		}
		return next, nil
	}})
}

const maxReason = 1 << 10 // bytes of a refusal's reason that a release keeps

// without is the last release before r that does not have a build; an empty one if there is none.
func (c *Control) without(ctx context.Context, env string, r *release.Release, build string) (*release.Release, error) {
	for older := r; older.Parent != ""; {
		var err error
		if older, err = c.Load(ctx, env, older.Parent); fault.KindOf(err) == fault.NotFound {
			break // swept
		} else if err != nil {
			return nil, err
		}
		if _, has := older.Builds[build]; !has {
			return older, nil
		}
	}
	return release.First(env, r.Graph), nil
}

func (r *Request) defaults() {
	if r.Env == "" {
		r.Env = "dev"
	}
	if len(r.Regions) == 0 {
		r.Regions = []string{firstRegion}
	}
	r.Regions = slices.Clone(r.Regions)
	var once []string
	for _, region := range r.Regions {
		if !slices.Contains(once, region) {
			once = append(once, region)
		}
	}
	r.Regions = once
}

// firstRegion is the region of those who name none.
const firstRegion = "local"

func (r *Request) check() error {
	for _, name := range append([]string{r.Env}, r.Regions...) {
		if !release.ValidName(name) {
			return fault.New(fault.Invalid, "%q can name no environment or region", name)
		}
	}
	if r.Breaking != "" && r.Breaking != Refuse && r.Breaking != Warn {
		return fault.New(fault.Invalid, "breaking changes can be %q or %q, not %q", Refuse, Warn, r.Breaking)
	}
	if len(r.Deploy) > maxDeploy || len(r.Remove) > maxDeploy {
		return fault.New(fault.Limit, "a request names %d packages and %d mounts; %d is the most of each", len(r.Deploy), len(r.Remove), maxDeploy)
	}
	return nil
}

const maxDeploy = 10_000

// sort puts what workers wrote in one order.
func (r *Result) sort() {
	slices.Sort(r.Made)
	slices.Sort(r.Reused)
	slices.SortFunc(r.Failures, func(a, b Failure) int {
		if a.Package < b.Package {
			return -1
		}
		return 1
	})
}
