package control

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"regexp"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// packageDigest is the metadata name of pack's digest of the files; the tarball's own is under storage.DigestName.
const packageDigest = "package"

const maxIndex = 8 << 20

// A Publication says how a tarball is published.
type Publication struct {
	Tarball []byte // as npm packs it
	// Tag is the dist-tag that shall mean this version; "" is "next" for a pre-release, else "latest" if that means no higher version.
	Tag string
	// Suffix is added to the version as build metadata ("3.4.1" becomes "3.4.1+<suffix>"), so that
	// work in progress can be published many times under one version. Ranges ignore it.
	Suffix string
	// Against says what to check the package against before anything is stored; nil
	// stores it without building (its release will build it).
	Against *Against
}

// Against names what a package is checked against.
type Against struct {
	Env   string // "" is "dev"
	Graph string // version; "" is the environment's, or the highest that is published
}

// A Published says what a tarball became.
type Published struct {
	Package *pack.Package
	Version string // with the suffix
	Tag     string // that means the version now; "" if none was named and latest means a higher one
	New     bool   // false: the same files were published under this version before

	// Of the checks, if they were asked for and the version is new. An error means that nothing was stored.
	Diagnostics fault.Diagnostics
	Build       *view.Build  // of the check; nil if there was none, or it failed
	Digest      string       // of Build
	Budgets     []ViewBudget // of Build
	// Changes, by route ("tv/v3"), is what an app there would see differently if the package were deployed now.
	Changes map[string][]view.Change
}

// ID is "name@version".
func (p *Published) ID() string { return p.Package.Manifest.Name + "@" + p.Version }

var suffixForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,40}(\.[0-9A-Za-z-]{1,40})*$`)
var tagForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,40}$`)

// Publish stores a package's version, for ever, and lists it in the package's
// index. The same files again are no error and change nothing, except that a tag that is named
// moves. With Against it is built and checked first, and nothing is stored if a diagnostic
// is an error. It is Invalid for a tarball, manifest or package that is wrong or breaks what
// is served, TooLarge or Limit for one past the limits, Conflict if the version is taken by
// other files or was unpublished. A module that breaks what it exports under a version that users of an earlier one get is Invalid, too. Published is not nil where Diagnostics say what is wrong.
func (c *Control) Publish(ctx context.Context, p Publication) (*Published, error) {
	out, err := c.open(&p)
	if err != nil {
		return nil, err
	}
	m := &out.Package.Manifest
	there, err := c.stored(ctx, out.Package)
	if err != nil {
		return nil, err
	}
	var checked *job
	if p.Against != nil && !there {
		if checked, err = c.against(ctx, newResolver(ctx, c), p.Against, out); err != nil {
			return out, err
		}
	}
	if p.Against == nil && !there {
		if err := c.compatible(ctx, newResolver(ctx, c), out, nil, nil); err != nil {
			return out, err
		}
		if out.Diagnostics.Failed() {
			return out, refused(out)
		}
	}
	if !there {
		if out.New, err = c.store(ctx, out.Package, p.Tarball); err != nil {
			return out, err
		}
	}
	remember(&c.cache, &c.cache.packages, out.Package.ID(), out.Package)
	if checked != nil && checked.raw != nil {
		if _, err := c.save(ctx, checked); err != nil {
			return out, err
		}
		out.Digest = checked.digest // another's, if that was first
	}
	_, err = storage.Update(ctx, c.objects(), release.IndexKey(m.Name), indexWrite, func(old []byte) ([]byte, error) {
		in, err := decodeIndex(m.Name, old)
		if err != nil {
			return nil, err
		}
		if when, gone := in.Unpublished[m.Version]; gone {
			return nil, unpublished(m, when)
		}
		before, tags := in.Versions[m.Version], maps.Clone(in.Tags)
		out.list(&in, &p)
		if before == in.Versions[m.Version] && maps.Equal(tags, in.Tags) {
			return nil, nil
		}
		return json.Marshal(in)
	})
	if err != nil {
		return out, err
	}
	return out, nil
}

// higher says whether a version that is tagged comes after another. Without a tag it does not.
func higher(tagged, version string) bool {
	if tagged == "" {
		return false
	}
	a, err := pack.ParseVersion(tagged)
	b, err2 := pack.ParseVersion(version)
	return err == nil && err2 == nil && a.Compare(b) > 0
}

// open reads a publication's tarball and settles its version and tag.
func (c *Control) open(p *Publication) (*Published, error) {
	pkg, err := pack.Open(bytes.NewReader(p.Tarball), c.Limits)
	if err != nil {
		return nil, err
	}
	m := &pkg.Manifest
	if m.Kind() == pack.Plain {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "control.publish", Subject: pkg.ID(), Message: `has no "edge" in its package.json, so it is no part of Facet`, Hint: "packages without it are bundled into the packages that use them"}
	}
	version, err := pack.ParseVersion(m.Version)
	if err != nil {
		return nil, err
	}
	m.Version = version.String()
	if p.Suffix != "" {
		if !suffixForm.MatchString(p.Suffix) {
			return nil, fault.New(fault.Invalid, "the suffix %q is not letters, digits and - divided by dots", p.Suffix)
		}
		m.Version += "+" + p.Suffix
	}
	out := &Published{Package: pkg, Version: m.Version, Tag: p.Tag}
	if p.Tag == "" {
		if out.Tag = latestTag; version.Pre() != "" {
			out.Tag = "next"
		}
	}
	if !tagForm.MatchString(out.Tag) {
		return nil, noTag(out.Tag)
	}
	return out, nil
}

// stored says whether the same files are there under the version. Other files are a Conflict.
func (c *Control) stored(ctx context.Context, pkg *pack.Package) (bool, error) {
	head, err := c.objects().Head(ctx, release.TarballKey(pkg.Manifest.Name, pkg.Manifest.Version))
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if head.Metadata[packageDigest] != pkg.Digest {
		return false, &fault.Error{Kind: fault.Conflict, Op: "control.publish", Subject: pkg.ID(), Message: "this version is published with other files", Hint: "raise the version in package.json"}
	}
	return true, nil
}

// store puts the tarball, or finds that the same files are there in another
// tarball: compression and times differ between machines.
func (c *Control) store(ctx context.Context, pkg *pack.Package, tarball []byte) (bool, error) {
	key := release.TarballKey(pkg.Manifest.Name, pkg.Manifest.Version)
	_, err := storage.PutImmutable(ctx, c.objects(), key, tarball, storage.PutOptions{ContentType: "application/gzip", Metadata: map[string]string{packageDigest: pkg.Digest}})
	if fault.KindOf(err) != fault.Conflict {
		return err == nil, err
	}
	there, err := c.stored(ctx, pkg)
	if err == nil && !there {
		err = fault.New(fault.Unavailable, "%s was there and is gone", key)
	}
	return false, err
}

// Index reads what is published of a package.
func (c *Control) Index(ctx context.Context, name string) (pack.Index, error) {
	if !pack.ValidName(name) {
		return pack.Index{}, fault.New(fault.Invalid, "%q is no package name", name)
	}
	obj, err := c.objects().Get(ctx, release.IndexKey(name), storage.GetOptions{MaxBytes: maxIndex})
	if fault.KindOf(err) == fault.NotFound {
		return pack.Index{}, notPublished(name, err)
	}
	if err != nil {
		return pack.Index{}, err
	}
	return decodeIndex(name, obj.Body)
}

func decodeIndex(name string, raw []byte) (pack.Index, error) {
	in := pack.Index{Name: name}
	if raw != nil {
		if err := json.Unmarshal(raw, &in); err != nil {
			return in, fault.Wrap(fault.BadAnswer, "control.index", name, err)
		}
	}
	if in.Versions == nil {
		in.Versions = map[string]pack.Published{}
	}
	if in.Tags == nil {
		in.Tags = map[string]string{}
	}
	return in, nil
}

// PublishGraph stores a graph version, for ever. The same text again is no
// error. Its diagnostics name what is wrong with the graph; then nothing is stored.
func (c *Control) PublishGraph(ctx context.Context, file, version string, sdl []byte) (*graph.Graph, fault.Diagnostics, error) {
	v, err := pack.ParseVersion(version)
	if err != nil {
		return nil, nil, err
	}
	g, ds := graph.Parse(file, sdl)
	if ds.Failed() {
		return nil, ds, ds.Err()
	}
	_, err = storage.PutImmutable(ctx, c.objects(), release.GraphKey(v.String()), sdl, storage.PutOptions{ContentType: "application/graphql; charset=utf-8"})
	if fault.KindOf(err) == fault.Conflict {
		err = &fault.Error{Kind: fault.Conflict, Op: "control.publish", Subject: "graph " + v.String(), Message: "this graph version is published with another text", Err: err, Hint: "raise the version"}
	}
	if err != nil {
		return nil, ds, err
	}
	remember(&c.cache, &c.cache.graphs, v.String(), g)
	return g, ds, nil
}
