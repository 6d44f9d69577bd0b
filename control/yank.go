package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/pack"
	"facet/release"
)

// Yank notes on every version in a range why nothing new may be bound to it; the reason "" takes that back. Who is
// linked with one keeps it, and so does who is served by it: only new bindings, by range, tag or number, pass it over. The tag
// latest goes to the highest version that is left. NotFound if the range has no version.
func (c *Control) Yank(ctx context.Context, name, versions, why string) (pack.Index, error) {
	if len(why) > maxMessage {
		return pack.Index{}, fault.New(fault.TooLarge, "the reason of a yank has %d bytes at most", maxMessage)
	}
	rng, err := pack.ParseRange(versions)
	if err != nil {
		return pack.Index{}, err
	}
	return c.editIndex(ctx, name, func(in *pack.Index) error {
		any := false
		for text, entry := range in.Versions {
			v, err := pack.ParseVersion(text)
			if err != nil || !rng.Contains(v) && text != versions {
				continue
			}
			any, entry.Yanked = true, why
			in.Versions[text] = entry
		}
		if !any {
			return missingVersion(in, versions)
		}
		if latest := in.Tags[latestTag]; why != "" && in.Versions[latest].Yanked != "" {
			retag(in)
		}
		return nil
	})
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
