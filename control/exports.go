package control

import (
	"context"
	"fmt"
	"strings"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/view"
)

// compatible refuses a version of a module that users of an earlier one of its line (npm's ^) would get, and could not go on with: what its
// entry declares is compared by its text, and, where it was built, the shapes that it brings by what they recorded. A pre-release is only
// warned, as no range takes it by itself; work in progress is not looked at.
func (c *Control) compatible(ctx context.Context, r *resolver, out *Published, built *job, on *ground) error {
	m := &out.Package.Manifest
	if m.Kind() != pack.Module || strings.Contains(m.Version, "+") {
		return nil
	}
	before, err := c.predecessor(ctx, r, m)
	if err != nil || before == nil {
		return err
	}
	was, errWas := pack.Exports(before)
	is, errIs := pack.Exports(out.Package)
	if errWas != nil || errIs != nil {
		return nil //nolint:nilerr // a package without an entry is the build's to refuse
	}
	v, err := pack.ParseVersion(m.Version)
	if err != nil {
		return err
	}
	severity := fault.Err
	if v.Pre() != "" {
		severity = fault.Warn
	}
	add := func(at fault.Pos, text string, notes ...fault.Note) {
		out.Diagnostics = append(out.Diagnostics, fault.Diagnostic{
			Pos: at, Severity: severity, Code: codeExports, Text: text, Notes: notes,
			Fix: "Keep what users of " + before.ID() + " have, or raise the version to " + nextLine(v),
		})
	}
	for _, b := range pack.Breaks(was, is) {
		text := fmt.Sprintf("breaks the export %s under a compatible version: %s", b.Name, b.Text)
		if !b.Gone {
			add(b.Pos, text)
			continue
		}
		entry, _ := out.Package.Entry() // it was just read
		note := b.Pos
		note.File = m.Name + "@" + before.Manifest.Version + "/" + note.File
		add(fault.Pos{File: entry, Line: 1, Col: 1}, text, fault.Note{Pos: note, Text: "here " + before.ID() + " has it"})
	}
	if built == nil || built.build == nil {
		return nil
	}
	old := &job{id: before.ID(), pkg: before, asked: true}
	if _, err := c.one(ctx, r, old, on); err != nil || old.failed != nil {
		return err // an earlier one that does not build on this graph promises nothing there
	}
	if old.build == nil {
		if old.build, err = c.build(ctx, old.digest); err != nil {
			return err
		}
	}
	a, ds := view.NewSurface("", "v1", old.build)
	if ds.Failed() {
		return nil
	}
	b, ds := view.NewSurface("", "v1", built.build)
	if ds.Failed() {
		return nil // said by the build's own diagnostics
	}
	for _, x := range view.Diff(a, b) {
		if !x.Breaking {
			continue
		}
		at := Line(built.build, x.Path, nil)
		if at.File == "" {
			at.File, _ = out.Package.Entry()
		}
		add(at, fmt.Sprintf("breaks the shape %s under a compatible version: %s %s: %s", subject(x.Path), x.Code, x.Path, x.Text))
	}
	return nil
}

// predecessor is the highest version of a module's line before this one that is published and may be bound to; nil if there is none.
func (c *Control) predecessor(ctx context.Context, r *resolver, m *pack.Manifest) (*pack.Package, error) {
	in, err := r.index(m.Name)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	this, err := pack.ParseVersion(m.Version)
	if err != nil {
		return nil, err
	}
	best, name := pack.Version{}, ""
	for text, entry := range in.Versions {
		v, err := pack.ParseVersion(text)
		if err != nil || entry.Yanked != "" || v.Pre() != "" || release.Line(m.Name, text) != release.Line(m.Name, m.Version) || v.Compare(this) >= 0 {
			continue
		}
		if name == "" || v.Compare(best) > 0 {
			best, name = v, text
		}
	}
	if name == "" {
		return nil, nil
	}
	return c.Package(ctx, m.Name, name)
}

// nextLine is the lowest version that no range of this one's line takes.
func nextLine(v pack.Version) string {
	if v.Major() > 0 {
		return fmt.Sprintf("%d.0.0", v.Major()+1)
	}
	var minor int
	if _, err := fmt.Sscanf(v.String(), "0.%d.", &minor); err != nil {
		return "1.0.0"
	}
	return fmt.Sprintf("0.%d.0", minor+1)
}
