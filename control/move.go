package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"facet/fault"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// A mover brings regions to a release.
type mover struct {
	verb  string
	req   *Request
	try   *attempt
	gated bool // what breaks apps refuses it
	whole bool // it moves every mount, so any change since IfRevision is in its way
	exact bool // only what stands on exactly IfRevision moves
	next  func(ctx context.Context, parent *release.Release, digest string, res *Result) (*release.Release, error)

	seen  *release.Release  // what others' changes are told from: IfRevision's release, or the first parent
	first string            // digest of seen
	sent  map[string]*tried // what was perhaps written, by release digest
	bases map[string]bool   // digests of what the first region had
	fine  map[string]bool   // digests of what other regions serve that the gate let pass
}

// A tried release was put, and its pointer perhaps written.
type tried struct {
	res     *Result
	pointer release.Pointer
}

var pointerWrite = storage.UpdateOptions{Attempts: 20, MaxBytes: release.MaxPointer, ContentType: "application/json"}

// move asks for the next release until the first region's pointer could be
// moved to it, then moves the other regions.
func (c *Control) move(ctx context.Context, m *mover) (*Result, error) {
	req := m.req
	if err := req.check(); err != nil {
		return nil, err
	}
	if req.IfRevision != "" && !release.ValidDigest(req.IfRevision) {
		digest, err := c.Find(ctx, req.Env, req.IfRevision)
		if k := fault.KindOf(err); err != nil && k != fault.NotFound && k != fault.Invalid {
			return nil, err
		}
		if err == nil {
			req.IfRevision = digest // else it is nothing that was ever served, and the conflict says so
		}
	}
	if req.DryRun {
		return c.dry(ctx, m)
	}
	m.sent, m.bases, m.fine = map[string]*tried{}, map[string]bool{}, map[string]bool{}
	res := newResult()
	var pointer release.Pointer
	moved := false
	_, err := storage.Update(ctx, c.objects(), release.PointerKey(req.Env, req.Regions[0]), pointerWrite, func(old []byte) ([]byte, error) {
		before, err := c.readPointer(req.Env, req.Regions[0], old)
		if err != nil {
			return nil, err
		}
		if mine, err := m.landed(ctx, c, before); err != nil || mine != nil {
			if mine != nil {
				res, pointer, moved = mine.res, mine.pointer, true
			}
			return nil, err
		}
		res, moved = newResult(), false
		parent, next, err := c.plan(ctx, m, before, res)
		if err != nil {
			return nil, err
		}
		if parent != nil && next.Equal(parent) {
			res.Digest, res.Release, pointer = before.Release, parent, before
			if !before.ActivateAt.After(m.try.now) || before.ActivateAt.Equal(req.ActivateAt) {
				res.Unchanged = true
				return nil, nil
			}
		} else {
			if _, err := c.othersFit(ctx, m, before, next, res); err != nil { // what is stale loses below, and is tried again
				return nil, err
			}
			if m.gated { // what is rolled back to may be unpublished
				if err := c.listed(ctx, m.try.now, parent, next); err != nil {
					return nil, err
				}
			}
			if res.Digest, err = c.put(ctx, next); err != nil {
				return nil, err
			}
			res.Release = next
		}
		pointer, moved = before.Next(res.Digest, m.try.now, req.ActivateAt).Sign(c.Signer, req.Env, req.Regions[0]), true
		m.sent[res.Digest] = &tried{res, pointer}
		return pointer.Encode()
	})
	if err != nil {
		return res, m.lost(err)
	}
	res.Pointers[req.Regions[0]] = pointer
	var failed []error
	for _, region := range req.Regions[1:] {
		p, wrote, err := c.moveOther(ctx, m, region, res)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", region, err))
			continue
		}
		moved = moved || wrote
		res.Pointers[region] = p
	}
	if moved {
		c.audit(ctx, m, res)
	}
	if len(failed) > 0 {
		err := errors.Join(failed...)
		return res, &fault.Error{
			Kind: fault.KindOf(failed[0]), Op: "control." + m.verb, Subject: req.Env, Err: err,
			Message: fmt.Sprintf("the release %s is made and %s moved to it, but not all regions", release.Short(res.Digest), strings.Join(sorted(res.Pointers), ", ")),
			Hint:    "ask the same again: it goes on where it stopped",
		}
	}
	if req.Diff && res.Diff == nil {
		if err := c.resultDiff(ctx, req.Env, res); err != nil {
			return res, err
		}
	}
	return res, nil
}

func newResult() *Result {
	return &Result{Pointers: map[string]release.Pointer{}, Changes: map[string][]view.Change{}}
}

// dry is move without writing a release or a pointer.
func (c *Control) dry(ctx context.Context, m *mover) (*Result, error) {
	m.bases, m.fine = map[string]bool{}, map[string]bool{}
	for range dryTries {
		res := newResult()
		before, _, err := c.Pointer(ctx, m.req.Env, m.req.Regions[0])
		if err != nil {
			return nil, err
		}
		parent, next, err := c.plan(ctx, m, before, res)
		if err != nil {
			return res, err
		}
		res.Release = next
		if parent != nil && next.Equal(parent) {
			res.Digest, res.Release, res.Unchanged = before.Release, parent, true
		} else if stale, err := c.othersFit(ctx, m, before, next, res); err != nil {
			return res, err
		} else if stale {
			continue
		}
		return res, c.resultDiff(ctx, m.req.Env, res)
	}
	return nil, fault.New(fault.Conflict, "others released to %s all the time", m.req.Env).WithHint("try again")
}

const dryTries = 5

// plan is what the first region would move to from a pointer: its release (nil for none), and the next one, which has passed every check.
func (c *Control) plan(ctx context.Context, m *mover, before release.Pointer, res *Result) (parent, next *release.Release, err error) {
	req := m.req
	if before.Release != "" {
		if parent, err = c.Load(ctx, req.Env, before.Release); err != nil {
			return nil, nil, err
		}
	}
	m.bases[before.Release] = true
	if m.exact && (parent == nil || before.Release != req.IfRevision) {
		return nil, nil, serves(req, before.Release)
	}
	stale := req.IfRevision != "" && req.IfRevision != before.Release
	if stale {
		if parent == nil {
			return nil, nil, serves(req, before.Release)
		}
		if m.seen, err = c.Load(ctx, req.Env, req.IfRevision); fault.KindOf(err) == fault.NotFound {
			return nil, nil, serves(req, before.Release)
		} else if err != nil {
			return nil, nil, err
		}
		m.first = req.IfRevision
		if parent.Parent == req.IfRevision {
			// Perhaps this very request was answered before, and the answer was lost.
			mine, err := m.next(ctx, m.seen, req.IfRevision, newResult())
			if err == nil && mine.Equal(parent) && same(parent, req.Note) {
				return parent, parent, nil
			}
		}
	}
	if before.ActivateAt.After(m.try.now) && req.ActivateAt.Before(before.ActivateAt) && !m.whole && req.IfRevision != before.Release {
		if !m.exact {
			return nil, nil, &fault.Error{
				Kind: fault.Conflict, Op: "control.release", Subject: req.Env, Message: fmt.Sprintf("the release %s is planned for %s; releasing now would bring it forward", release.Short(before.Release), before.ActivateAt.Format("2006-01-02T15:04:05Z")),
				Hint: "plan this release for the same time or later, give the plan up with a rollback, or ask with its revision",
			}
		}
	}
	if m.exact && before.ActivateAt.After(m.try.now) {
		req.ActivateAt = before.ActivateAt // what is kept does not bring the plan forward
	}
	if next, err = m.next(ctx, parent, before.Release, res); err != nil {
		return nil, nil, err
	}
	if m.seen == nil {
		if m.seen, m.first = parent, before.Release; parent == nil {
			m.seen = release.First(req.Env, next.Graph)
		}
	}
	if parent != nil && before.Release != m.first {
		if err := c.overlap(ctx, m, parent, before.Release, next, stale, res); err != nil {
			return nil, nil, err
		}
	}
	from := parent
	if from == nil {
		from = release.First(req.Env, next.Graph)
	}
	res.Changed = release.Changed(parent, next)
	gate := *req
	if !m.gated {
		gate.Breaking = Warn
	}
	if m.try.to == next {
		err = judge(&gate, m.try.seen, "", res)
	} else {
		err = c.gate(ctx, &gate, from, next, "", res)
	}
	if err != nil && m.gated {
		return nil, nil, err
	} else if err != nil && fault.KindOf(err) != fault.Invalid { // the brake works all the same
		res.Diagnostics = append(res.Diagnostics, fault.Diagnostic{Severity: fault.Warn, Code: codeUntold, Text: "what apps see differently could not be told: " + err.Error()})
	}
	return parent, next, nil
}

func same(r *release.Release, n release.Note) bool {
	return r.Why == n.Why && r.Author == n.Author && r.SourceRevision == n.SourceRevision
}

func serves(req *Request, digest string) *fault.Error {
	what := "the release " + release.Short(digest)
	if digest == "" {
		what = "nothing"
	}
	return &fault.Error{
		Kind: fault.Conflict, Op: "control.release", Subject: req.Env,
		Message: fmt.Sprintf("serves %s, not %s", what, release.Short(req.IfRevision)), Hint: "look at what changed, then ask again with its revision",
	}
}

// landed finds out whether an earlier try was written after all, and others have gone on from it.
func (m *mover) landed(ctx context.Context, c *Control, now release.Pointer) (*tried, error) {
	if len(m.sent) == 0 {
		return nil, nil
	}
	wanted := maps.Clone(m.bases) // what was sent has one of these as its parent
	for digest := range m.sent {
		wanted[digest] = true
	}
	digest, err := c.comesFrom(ctx, m.req.Env, now.Release, m.try.now, wanted)
	return m.sent[digest], err
}

// lost says what became of a move that did not succeed.
func (m *mover) lost(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Op != "storage.put" {
		return err
	}
	switch fault.KindOf(err) {
	case fault.Conflict:
		return &fault.Error{Kind: fault.Conflict, Op: "control." + m.verb, Subject: m.req.Env, Message: "others released all the time; this release was not made", Err: err, Hint: "try again"}
	case fault.Unavailable, fault.Timeout, fault.Internal, fault.Canceled:
		return &fault.Error{Kind: fault.KindOf(err), Op: "control." + m.verb, Subject: m.req.Env, Message: "the store did not say whether the release was made", Err: err, Hint: "ask the same again: if it was made, that changes nothing"}
	}
	return err
}

// put stores a release: shards first, so that whoever finds the header finds all.
func (c *Control) put(ctx context.Context, r *release.Release) (string, error) {
	shards := c.shards(r)
	if err := r.Sign(c.Signer, shards); err != nil {
		return "", err
	}
	e, err := r.Encode(shards)
	if err != nil {
		return "", err
	}
	if err := each(ctx, readers, sorted(e.Shards), func(ctx context.Context, _ int, digest string) error {
		_, err := storage.PutImmutable(ctx, c.objects(), release.ShardKey(digest), e.Shards[digest], storage.PutOptions{ContentType: "application/json"})
		return err
	}); err != nil {
		return "", err
	}
	if _, err = storage.PutImmutable(ctx, c.objects(), release.Key(r.Env, e.Digest), e.Header, storage.PutOptions{ContentType: "application/json"}); err != nil {
		return "", err
	}
	remember(&c.cache, &c.cache.releases, r.Env+" "+e.Digest, r)
	return e.Digest, nil
}

// buildsInShard is how many builds a shard has at about most, if nobody says how many shards there are.
const buildsInShard = 512

// shards is how many parts a release is stored in: a power of two, so that it seldom changes while an environment grows.
func (c *Control) shards(r *release.Release) int {
	if c.Shards > 0 {
		return c.Shards
	}
	n := 1
	for n*buildsInShard < len(r.Builds) && n < 256 {
		n *= 2
	}
	return n
}
