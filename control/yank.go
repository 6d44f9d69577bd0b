package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
)

// Yank notes on every version in a range why nothing new may be bound to it; the reason "" takes that back. Who is
// linked with one keeps it, and so does who is served by it: only new bindings, by range, tag or number, pass it over. The tag
// latest goes to the highest version that is left, and back when the yank is taken back, unless it means a higher one by then.
// NotFound if the range has no version.
func (c *Control) Yank(ctx context.Context, name, versions, why string) (pack.Index, error) {
	if len(why) > maxMessage {
		return pack.Index{}, fault.New(fault.TooLarge, "the reason of a yank has %d bytes at most", maxMessage)
	}
	return c.editVersions(ctx, name, versions, func(in *pack.Index, version string, p *pack.Published) {
		switch {
		case why == "" && p.Latest:
			p.Latest = false
			back(in, version)
		case why != "" && in.Tags[latestTag] == version:
			p.Latest = true
		}
		p.Yanked = why
	}, func(in *pack.Index) {
		if latest := in.Tags[latestTag]; why != "" && in.Versions[latest].Yanked != "" {
			retag(in)
		}
	})
}

// back lets latest mean a version again that is no longer yanked, if it means no higher one.
func back(in *pack.Index, version string) {
	v, err := pack.ParseVersion(version)
	if err != nil {
		return
	}
	if now, err := pack.ParseVersion(in.Tags[latestTag]); err != nil || now.Compare(v) < 0 {
		in.Tags[latestTag] = version
	}
}

// retag lets latest mean the highest version that is neither yanked nor a pre-release, or nothing if there is none.
func retag(in *pack.Index) {
	delete(in.Tags, latestTag)
	if v, err := pack.Resolve("*", *in); err == nil {
		in.Tags[latestTag] = v.String()
	}
}

// Unpublish takes one version out of a package's index, for ever: nothing finds it any more, and no files are published under it
// again. It is a Conflict, naming who, if a release that a region of any environment serves, planned or just left was built from
// it or follows it. NotFound if it is not listed. Builds and releases that were made of it stay, so that a rollback to them works.
func (c *Control) Unpublish(ctx context.Context, name, version string) (pack.Index, error) {
	in, err := c.Index(ctx, name)
	if err != nil {
		return in, err
	}
	if _, ok := in.Versions[version]; !ok {
		return in, missingVersion(&in, version)
	}
	if err := c.unserved(ctx, name, version); err != nil {
		return in, err
	}
	if err := c.noteUnpublishing(ctx); err != nil {
		return in, err
	}
	out, err := c.editIndex(ctx, name, func(in *pack.Index) error {
		if _, ok := in.Versions[version]; !ok {
			return missingVersion(in, version)
		}
		delete(in.Versions, version)
		for tag, means := range in.Tags {
			if means == version {
				delete(in.Tags, tag)
			}
		}
		if in.Tags[latestTag] == "" {
			retag(in)
		}
		if in.Unpublished == nil {
			in.Unpublished = map[string]time.Time{}
		}
		in.Unpublished[version] = c.now().UTC().Truncate(time.Second)
		return nil
	})
	if err != nil {
		return out, err
	}
	// Whoever released it in between saw the old index: then it comes back.
	served := c.unserved(ctx, name, version)
	if served == nil {
		return out, nil
	}
	back, err := c.editIndex(ctx, name, func(now *pack.Index) error {
		now.Versions[version] = in.Versions[version]
		delete(now.Unpublished, version)
		for tag, means := range in.Tags {
			if means == version {
				now.Tags[tag] = version
			}
		}
		return nil
	})
	if err != nil {
		return back, err
	}
	return back, served
}

func unpublished(m *pack.Manifest, when time.Time) error {
	return &fault.Error{
		Kind: fault.Conflict, Op: "control.publish", Subject: m.Name + "@" + m.Version,
		Message: "this version was unpublished on " + when.Format(time.DateOnly) + ", and a version is never used again", Hint: "raise the version in package.json",
	}
}

// unserved is a Conflict that names who is served by a version: mounts that it is, builds that link it, and environments that follow it.
func (c *Control) unserved(ctx context.Context, name, version string) error {
	envs, err := c.Environments(ctx)
	if err != nil {
		return err
	}
	var by []string
	for _, env := range envs {
		regions, pointers, err := c.pointers(ctx, env)
		if err != nil {
			return err
		}
		var digests []string
		for _, region := range regions {
			p := pointers[region]
			for _, digest := range []string{p.Release, p.Previous} {
				if digest != "" && !slices.Contains(digests, digest) {
					digests = append(digests, digest)
				}
			}
		}
		for _, digest := range digests {
			r, err := c.Load(ctx, env, digest)
			if fault.KindOf(err) == fault.NotFound {
				continue // swept: nothing goes back to it
			}
			if err != nil {
				return err
			}
			for _, line := range served(r, name, version) {
				if line = env + " " + line; !slices.Contains(by, line) {
					by = append(by, line)
				}
			}
		}
	}
	if len(by) == 0 {
		return nil
	}
	text := strings.Join(by[:min(len(by), 20)], ", ")
	if more := len(by) - 20; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return &fault.Error{
		Kind: fault.Conflict, Op: "control.unpublish", Subject: name + "@" + version, Message: "is served: " + text,
		Hint: "yank it instead (edge yank): who has it keeps it, and nothing new is bound to it",
	}
}

// noteUnpublishing lets releases that are being made now look at their indexes again.
func (c *Control) noteUnpublishing(ctx context.Context) error {
	raw, err := json.Marshal(lastUnpublished{c.now().UTC()})
	if err != nil {
		return err
	}
	_, err = storage.Update(ctx, c.objects(), release.UnpublishedKey, indexWrite, func(old []byte) ([]byte, error) {
		if bytes.Equal(raw, old) {
			return nil, nil
		}
		return raw, nil
	})
	return err
}

type lastUnpublished struct {
	Last time.Time `json:"last"`
}

// listed is a Conflict if what a release has and its parent (nil for the first) has not was unpublished since began. A build may
// take minutes; what is unpublished between this and the pointer's write is brought back by Unpublish, which looks again.
func (c *Control) listed(ctx context.Context, began time.Time, parent, next *release.Release) error {
	obj, err := c.objects().Get(ctx, release.UnpublishedKey, storage.GetOptions{MaxBytes: 1 << 10})
	if fault.KindOf(err) == fault.NotFound {
		return nil // nothing ever was
	}
	if err != nil {
		return err
	}
	var was lastUnpublished
	if err := json.Unmarshal(obj.Body, &was); err != nil {
		return fault.Wrap(fault.BadAnswer, "control.release", release.UnpublishedKey, err)
	}
	if was.Last.Before(began.Add(-skew)) {
		return nil
	}
	before := map[string]bool{}
	if parent != nil {
		before = uses(parent)
	}
	byName := map[string][]string{}
	for _, id := range sorted(uses(next)) {
		if !before[id] {
			name, version := pack.SplitID(id)
			byName[name] = append(byName[name], version)
		}
	}
	return each(ctx, readers, sorted(byName), func(ctx context.Context, _ int, name string) error {
		in, err := c.Index(ctx, name)
		if err != nil {
			return err
		}
		for _, version := range byName[name] {
			if when, gone := in.Unpublished[version]; gone {
				return &fault.Error{
					Kind: fault.Conflict, Op: "control.release", Subject: name + "@" + version,
					Message: "was unpublished meanwhile, at " + when.Format(time.TimeOnly), Hint: "try again: another version is bound then, if a range allows one",
				}
			}
		}
		return nil
	})
}

// uses are the packages and modules of a release, "name@version".
func uses(r *release.Release) map[string]bool {
	out := map[string]bool{}
	for digest, b := range r.Builds {
		out[b.Package+"@"+b.Version] = true
		for _, lock := range r.Locks[digest] {
			for _, id := range lock {
				out[id] = true
			}
		}
	}
	for line, version := range r.Modules {
		name, _ := pack.SplitID(line)
		out[name+"@"+version] = true
	}
	return out
}

// served are the uses of a version in a release, a line each: "tv/v3 @tv/home@3.4.1".
func served(r *release.Release, name, version string) []string {
	var out []string
	if r.Modules[release.Line(name, version)] == version {
		out = append(out, "live bindings of "+release.Line(name, version))
	}
	for _, u := range r.Users(name) {
		if u.Version != version {
			continue
		}
		b := r.Builds[u.Build]
		for _, at := range u.At {
			out = append(out, at.Route()+" "+b.Package+"@"+b.Version)
		}
	}
	return out
}
