package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
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
	// IfRevision is the digest of the release that the asker saw; "" takes any. What others
	// released since then is built on, unless it touches a mount, a module or the graph that this request touches: that is a Conflict.
	IfRevision string

	// Breaking says what becomes of a change that breaks a schema version that is served: "" and
	// Refuse refuse the release, Warn lists the changes and goes on (for environments of work in progress).
	Breaking string
	// Retire says that nobody uses any more what only the mounts in Remove served: their going breaks nothing then.
	Retire bool

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
	Digest   string           // of the release; the parent's if Unchanged
	Release  *release.Release // what the regions move to
	Pointers map[string]release.Pointer
	// Unchanged: the parent already serves all of this. No release was made.
	Unchanged bool
	Made      []string  // "name@version" of the builds that were made, sorted
	Reused    []string  // of those that were made before from the same input
	Failures  []Failure // what did not build

	Changed  []string                 // what the release does differently from its parent, a line each, as Entry.Changed
	Changes  map[string][]view.Change // what apps see differently, by route ("tv/v3"); routes without a difference and new ones are left out
	Replaced []Replaced               // what others released while this request was made, and it replaced
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
// Result says why. One that only follows a module or the graph, and does not
// build, keeps its earlier build and is listed: nobody waits for it.
//
// Other errors: NotFound for what is not published or mounted, Conflict if
// IfRevision is not what is served or every attempt lost a race, and the store's own.
func (c *Control) Release(ctx context.Context, req Request) (*Result, error) {
	return c.move(ctx, &req, func(parent *release.Release, digest string, res *Result) (*release.Release, error) {
		return c.next(ctx, req, parent, digest, res)
	})
}

// Rollback moves the regions to a new release that is equal to an older one.
func (c *Control) Rollback(ctx context.Context, req Request, to string) (*Result, error) {
	older, err := c.Load(ctx, req.env(), to)
	if err != nil {
		return nil, err
	}
	return c.move(ctx, &req, func(parent *release.Release, digest string, _ *Result) (*release.Release, error) {
		if parent == nil {
			return nil, fault.New(fault.NotFound, "%s serves nothing yet", req.env())
		}
		return parent.Rollback(digest, older, req.Note, c.now())
	})
}

// Keep is the answer to a refusal: it moves the regions to a release in which every
// route that has the refused build is as it was before that release, so that
// nobody else waits. It is a Conflict if the regions have left the refused release already.
func (c *Control) Keep(ctx context.Context, req Request, refused release.Refusal) (*Result, error) {
	req.IfRevision = refused.Release
	return c.move(ctx, &req, func(parent *release.Release, digest string, _ *Result) (*release.Release, error) {
		if parent == nil || parent.Parent == "" {
			return nil, fault.New(fault.NotFound, "%s served nothing before the release %s", req.Env, release.Short(refused.Release))
		}
		older, err := c.Load(ctx, req.Env, parent.Parent)
		if err != nil {
			return nil, err
		}
		spots := tracks(parent)[refused.Build]
		if len(spots) == 0 {
			return nil, fault.New(fault.NotFound, "the release %s has no build %s", release.Short(digest), release.Short(refused.Build))
		}
		next := parent
		for _, at := range spots {
			if next, err = next.Keep(digest, older, at.Device, at.Schema, refused, req.Note, c.now()); err != nil {
				return nil, err
			}
		}
		return next, nil
	})
}

func (r *Request) env() string {
	if r.Env == "" {
		return "dev"
	}
	return r.Env
}

// move asks for the next release until the first region's pointer could be
// moved to it, then moves the other regions.
func (c *Control) move(ctx context.Context, req *Request, next func(parent *release.Release, digest string, res *Result) (*release.Release, error)) (*Result, error) {
	req.Env = req.env()
	if len(req.Regions) == 0 {
		req.Regions = []string{"local"}
	}
	for _, name := range append([]string{req.Env}, req.Regions...) {
		if !release.ValidName(name) {
			return nil, fault.New(fault.Invalid, "%q can name no environment or region", name)
		}
	}
	var res *Result
	var pointer release.Pointer
	_, err := storage.Update(ctx, c.Store, release.PointerKey(req.Env, req.Regions[0]), pointerWrite, func(old []byte) ([]byte, error) {
		res = &Result{Pointers: map[string]release.Pointer{}}
		before, err := decodePointer(old)
		if err != nil {
			return nil, err
		}
		var parent *release.Release
		if before.Release != "" {
			if parent, err = c.Load(ctx, req.Env, before.Release); err != nil {
				return nil, err
			}
		}
		if req.IfRevision != "" && req.IfRevision != before.Release {
			return nil, &fault.Error{Kind: fault.Conflict, Op: "control.release", Subject: req.Env, Message: fmt.Sprintf("serves the release %s, not %s", release.Short(before.Release), release.Short(req.IfRevision)), Hint: "look at what changed, then ask again with its revision"}
		}
		r, err := next(parent, before.Release, res)
		if err != nil {
			return nil, err
		}
		if parent != nil && r.Equal(parent) {
			res.Digest, res.Release, res.Unchanged, pointer = before.Release, parent, true, before
			return nil, nil
		}
		if res.Digest, err = c.put(ctx, r); err != nil {
			return nil, err
		}
		res.Release, res.Unchanged = r, false
		pointer = before.Next(res.Digest, c.now(), req.ActivateAt)
		return pointer.Encode()
	})
	if err != nil {
		var f *fault.Error
		if fault.KindOf(err) == fault.Conflict && errors.As(err, &f) && f.Op == "storage.put" {
			err = &fault.Error{Kind: fault.Conflict, Op: "control.release", Subject: req.Env, Message: "others released all the time; this release was not made", Err: err, Hint: "try again"}
		}
		return res, err
	}
	res.Pointers[req.Regions[0]] = pointer
	for _, region := range req.Regions[1:] {
		var moved release.Pointer
		_, err := storage.Update(ctx, c.Store, release.PointerKey(req.Env, region), pointerWrite, func(old []byte) ([]byte, error) {
			before, err := decodePointer(old)
			if err != nil {
				return nil, err
			}
			if before.Release == res.Digest {
				moved = before
				return nil, nil
			}
			moved = before.Next(res.Digest, c.now(), req.ActivateAt)
			return moved.Encode()
		})
		if err != nil {
			return res, fmt.Errorf("the release %s is made, but %s does not serve it: %w", release.Short(res.Digest), region, err)
		}
		res.Pointers[region] = moved
	}
	return res, nil
}

var pointerWrite = storage.UpdateOptions{Attempts: 20, MaxBytes: release.MaxPointer, ContentType: "application/json"}

func decodePointer(raw []byte) (release.Pointer, error) {
	if raw == nil {
		return release.Pointer{}, nil
	}
	return release.DecodePointer(raw)
}

// put stores a release: shards first, so that whoever finds the header finds all.
func (c *Control) put(ctx context.Context, r *release.Release) (string, error) {
	e, err := r.Encode(c.Shards)
	if err != nil {
		return "", err
	}
	for digest, body := range e.Shards {
		if _, err := storage.PutImmutable(ctx, c.Store, release.ShardKey(digest), body, storage.PutOptions{ContentType: "application/json"}); err != nil {
			return "", err
		}
	}
	_, err = storage.PutImmutable(ctx, c.Store, release.Key(r.Env, e.Digest), e.Header, storage.PutOptions{ContentType: "application/json"})
	return e.Digest, err
}

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
