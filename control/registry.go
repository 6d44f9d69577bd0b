package control

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
)

// A GraphVersion is one published version of the graph.
type GraphVersion struct {
	Version   string
	Digest    string
	Bytes     int64
	Published time.Time
}

// Packages lists the names of what is published, sorted.
func (c *Control) Packages(ctx context.Context) ([]string, error) {
	out := []string{}
	for info, err := range c.objects().List(ctx, release.PackagePrefix) {
		if err != nil {
			return nil, err
		}
		if name, ok := release.IndexName(info.Key); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// SetTag makes a dist-tag mean a version that is published. NotFound for a version that is not.
func (c *Control) SetTag(ctx context.Context, name, tag, version string) (pack.Index, error) {
	if !tagForm.MatchString(tag) {
		return pack.Index{}, noTag(tag)
	}
	return c.editIndex(ctx, name, func(in *pack.Index) error {
		entry, ok := in.Versions[version]
		if !ok {
			return missingVersion(in, version)
		}
		if entry.Yanked != "" {
			return fault.New(fault.Invalid, "%s@%s was yanked: %s", name, version, entry.Yanked).WithHint("tag another version, or take the yank back")
		}
		in.Tags[tag] = version
		return nil
	})
}

func noTag(tag string) *fault.Error {
	return fault.New(fault.Invalid, "%q is no dist-tag", tag).WithHint("a tag is a word that begins with a small letter, as beta or next-3")
}

// RemoveTag takes a dist-tag away; "latest" stays, as it is what no version means.
func (c *Control) RemoveTag(ctx context.Context, name, tag string) (pack.Index, error) {
	if tag == latestTag {
		return pack.Index{}, fault.New(fault.Invalid, "the tag latest stays: it is what a package without a version means").WithHint("edge tag moves it to another version")
	}
	return c.editIndex(ctx, name, func(in *pack.Index) error {
		if _, ok := in.Tags[tag]; !ok {
			return fault.New(fault.NotFound, "%s has no tag %q", name, tag).WithHint("it has: %s", strings.Join(sorted(in.Tags), ", "))
		}
		delete(in.Tags, tag)
		return nil
	})
}

// Deprecate notes on every version in a range why it should not be used any more; the message "" takes that back.
// NotFound if the range has no version.
func (c *Control) Deprecate(ctx context.Context, name, versions, message string) (pack.Index, error) {
	if len(message) > maxMessage {
		return pack.Index{}, fault.New(fault.TooLarge, "a deprecation has %d bytes at most", maxMessage)
	}
	return c.editVersions(ctx, name, versions, func(_ *pack.Index, _ string, p *pack.Published) { p.Deprecated = message }, nil)
}

// editVersions changes the entries of all versions in a range, or of the one that is named, and then the index as a whole, unless then is
// nil. NotFound if there is none.
func (c *Control) editVersions(ctx context.Context, name, versions string, edit func(in *pack.Index, version string, p *pack.Published), then func(in *pack.Index)) (pack.Index, error) {
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
			any = true
			edit(in, text, &entry)
			in.Versions[text] = entry
		}
		if !any {
			return missingVersion(in, versions)
		}
		if then != nil {
			then(in)
		}
		return nil
	})
}

const (
	latestTag  = "latest"
	maxMessage = 1 << 10
)

func missingVersion(in *pack.Index, version string) error {
	known := sorted(in.Versions)
	return &fault.Error{Kind: fault.NotFound, Op: "control.index", Subject: in.Name, Message: "has no version " + version, Hint: "it has: " + strings.Join(known[max(0, len(known)-10):], ", ")}
}

// editIndex changes the index of a package that is published.
func (c *Control) editIndex(ctx context.Context, name string, edit func(in *pack.Index) error) (pack.Index, error) {
	var out pack.Index
	_, err := storage.Update(ctx, c.objects(), release.IndexKey(name), indexWrite, func(old []byte) ([]byte, error) {
		if old == nil {
			return nil, notPublished(name, nil)
		}
		var err error
		if out, err = decodeIndex(name, old); err != nil {
			return nil, err
		}
		if err := edit(&out); err != nil {
			return nil, err
		}
		raw, err := json.Marshal(out)
		if err != nil || bytes.Equal(raw, old) {
			return nil, err
		}
		return raw, nil
	})
	return out, err
}

var indexWrite = storage.UpdateOptions{MaxBytes: maxIndex, ContentType: "application/json"}

func notPublished(name string, err error) error {
	return &fault.Error{Kind: fault.NotFound, Op: "control.index", Subject: name, Message: "no version of this package is published", Err: err, Hint: "edge publish makes it known"}
}

// Graphs lists the graph versions, highest first.
func (c *Control) Graphs(ctx context.Context) ([]GraphVersion, error) {
	out := []GraphVersion{}
	for info, err := range c.objects().List(ctx, release.GraphPrefix) {
		if err != nil {
			return nil, err
		}
		version := strings.TrimSuffix(strings.TrimPrefix(info.Key, release.GraphPrefix), release.GraphSuffix)
		out = append(out, GraphVersion{Version: version, Bytes: info.Size, Published: info.Modified.UTC()})
	}
	err := each(ctx, readers, out, func(ctx context.Context, i int, g GraphVersion) error {
		known, ok := recall(&c.cache, &c.cache.heads, g.Version)
		if !ok {
			head, err := c.objects().Head(ctx, release.GraphKey(g.Version))
			if err != nil {
				return err
			}
			known = g
			known.Digest = head.Metadata[storage.DigestName]
			remember(&c.cache, &c.cache.heads, g.Version, known)
		}
		out[i].Digest = known.Digest
		return nil
	})
	slices.SortFunc(out, func(a, b GraphVersion) int {
		x, errX := pack.ParseVersion(a.Version)
		y, errY := pack.ParseVersion(b.Version)
		if errX == nil && errY == nil && x.Compare(y) != 0 {
			return y.Compare(x)
		}
		return b.Published.Compare(a.Published)
	})
	return out, err
}

// latestGraph is the highest graph version that is published.
func (c *Control) latestGraph(ctx context.Context) (string, error) {
	in := pack.Index{Name: "the graph", Versions: map[string]pack.Published{}}
	for info, err := range c.objects().List(ctx, release.GraphPrefix) {
		if err != nil {
			return "", err
		}
		in.Versions[strings.TrimSuffix(strings.TrimPrefix(info.Key, release.GraphPrefix), release.GraphSuffix)] = pack.Published{}
	}
	v, err := pack.Resolve("*", in)
	if err != nil {
		return "", &fault.Error{Kind: fault.KindOf(err), Op: "control.release", Message: "no graph is published", Err: err, Hint: "publish the graph first"}
	}
	return v.String(), nil
}
