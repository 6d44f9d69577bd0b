package control

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// Targets lists the regions of an environment that a release reaches if none is named: those that have a pointer, in the
// order of Regions, then those whose instances are alive and wait for their first release. Nil if there are neither.
func (c *Control) Targets(ctx context.Context, env string) ([]string, error) {
	out, err := c.Regions(ctx, env)
	if err != nil {
		return nil, err
	}
	now := c.now()
	acks, err := c.acks(ctx, env, now)
	if err != nil {
		return nil, err
	}
	var waiting []string
	for region, instances := range acks {
		alive := slices.ContainsFunc(instances, func(in release.Instance) bool { return now.Sub(in.Seen) <= StaleAfter })
		if alive && !slices.Contains(out, region) {
			waiting = append(waiting, region)
		}
	}
	slices.SortFunc(waiting, byRegion)
	return append(out, waiting...), nil // last: the first region's release is the parent
}

// othersFit looks at the regions beyond the first before anything is written. If the first region's pointer is no longer
// as it was when the release was made, stale is true instead of an error: others' releases may have reached the other
// regions already, and the write is going to lose.
func (c *Control) othersFit(ctx context.Context, m *mover, before release.Pointer, next *release.Release, res *Result) (stale bool, err error) {
	for _, region := range m.req.Regions[1:] {
		p, _, err := c.Pointer(ctx, m.req.Env, region)
		if err == nil {
			err = c.otherFits(ctx, m, region, p, next, res)
		}
		if err == nil {
			continue
		}
		now, _, again := c.Pointer(ctx, m.req.Env, m.req.Regions[0])
		if again == nil && now.Seq != before.Seq {
			return true, nil
		}
		return false, err
	}
	return false, nil
}

// otherFits says whether a region beyond the first may move from what it serves to a release.
func (c *Control) otherFits(ctx context.Context, m *mover, region string, p release.Pointer, next *release.Release, res *Result) error {
	if p.Release == "" || m.bases[p.Release] || m.fine[p.Release] {
		return nil
	}
	_, made, err := c.lineage(ctx, m.req.Env, p.Release)
	if err != nil {
		return err
	}
	// A region that lags behind follows the line of the first one, each step of which was allowed there.
	from, err := c.comesFrom(ctx, m.req.Env, next.Parent, made, map[string]bool{p.Release: true})
	if err != nil {
		return err
	}
	if from != "" {
		m.fine[p.Release] = true
		return nil
	}
	if m.req.IfRevision != "" {
		known, err := c.comesFrom(ctx, m.req.Env, m.req.IfRevision, made, map[string]bool{p.Release: true})
		if err != nil {
			return err
		}
		if known == "" {
			return &fault.Error{
				Kind: fault.Conflict, Op: "control." + m.verb, Subject: m.req.Env + "/" + region,
				Message: fmt.Sprintf("serves the release %s, which is not among those before %s", release.Short(p.Release), release.Short(m.req.IfRevision)), Hint: "look at what changed there, then ask for this region with its revision",
			}
		}
	}
	if m.gated {
		from, err := c.Load(ctx, m.req.Env, p.Release)
		if err != nil {
			return err
		}
		if err := c.gate(ctx, m.req, from, next, region, res); err != nil {
			return err
		}
	}
	m.fine[p.Release] = true
	return nil
}

// moveOther moves a region beyond the first to the release that was made, and says whether it had to be written.
// A region that has gone on from that release already stays where it is.
func (c *Control) moveOther(ctx context.Context, m *mover, region string, res *Result) (p release.Pointer, wrote bool, err error) {
	_, err = storage.Update(ctx, c.objects(), release.PointerKey(m.req.Env, region), pointerWrite, func(old []byte) ([]byte, error) {
		before, err := c.readPointer(m.req.Env, region, old)
		if err != nil {
			return nil, err
		}
		p, wrote = before, false
		if before.Release == res.Digest && (before.ActivateAt.Equal(m.req.ActivateAt) || !before.ActivateAt.After(m.try.now)) {
			return nil, nil
		}
		if before.Release != res.Digest {
			wanted := maps.Clone(m.bases)
			wanted[res.Digest] = true
			if from, err := c.comesFrom(ctx, m.req.Env, before.Release, res.Release.Made, wanted); err != nil || from == res.Digest {
				return nil, err
			}
			if m.exact && before.Release != m.req.IfRevision {
				return nil, serves(m.req, before.Release)
			}
			if err := c.otherFits(ctx, m, region, before, res.Release, res); err != nil {
				return nil, err
			}
		}
		p, wrote = before.Next(res.Digest, m.try.now, m.req.ActivateAt).Sign(c.Signer, m.req.Env, region), true
		return p.Encode()
	})
	return p, wrote, m.lostOrNil(err)
}

func (m *mover) lostOrNil(err error) error {
	if err == nil {
		return nil
	}
	return m.lost(err)
}
