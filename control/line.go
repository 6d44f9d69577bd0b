package control

import (
	"slices"
	"strings"

	"facet/fault"
	"facet/view"
)

// Line is where a package's own sources make what a schema path is about: "Query.home", "Card.badge", "HomeRows.items", with the names below
// it, if there are any. Of what a linked module's shape has it is the line that uses the shape. The zero Pos if nothing of its own does.
func Line(b *view.Build, at string, below []string) fault.Pos {
	first, rest, _ := strings.Cut(at, ".")
	var names []string
	if rest != "" {
		names = strings.Split(rest, ".")
	}
	for i, n := range names {
		names[i], _, _ = strings.Cut(n, "(")
	}
	l := liner{build: b, deep: 32}
	if (first == "Query" || first == "Mutation") && len(names) > 0 {
		name := names[0]
		below = slices.Concat(names[1:], below)
		for _, v := range b.Views {
			if v.Name == name {
				l.note(v.Pos)
				l.follow(&v.Scope, v.Output, below)
			}
		}
		for _, m := range b.Mutations {
			if m.Name == name {
				l.note(m.Pos)
				l.follow(&m.Scope, m.Output, below)
			}
		}
		return l.best
	}
	below = slices.Concat(names, below)
	for _, s := range b.Shapes {
		if s.Name == first {
			l.shape(s, below)
		}
	}
	if l.best.File == "" { // an object in a tree, or a module's shape that is used in one
		l.trees(func(s *view.Scope, o *view.Output) {
			if l.best.File == "" && (o.Name == first || o.Shape == first) {
				l.value(s, o)
				l.follow(s, o, below)
			}
		})
	}
	return l.best
}

// A liner finds the innermost place of the package's own sources on the way down.
type liner struct {
	build *view.Build
	best  fault.Pos
	deep  int // shapes may hold themselves
}

// note takes a place if it is of the package's own sources: a module's files stand under its name.
func (l *liner) note(p fault.Pos) {
	if p.Line > 0 && p.File != "" && !strings.HasPrefix(p.File, "@") && !strings.HasPrefix(p.File, "node_modules/") {
		l.best = p
	}
}

func (l *liner) value(s *view.Scope, o *view.Output) {
	if o.Value >= 0 && int(o.Value) < len(s.Values) {
		l.note(s.Values[o.Value].Pos)
	}
}

func (l *liner) shape(s *view.Shape, names []string) {
	l.note(s.Pos)
	l.follow(&s.Scope, s.Output, names)
}

// follow goes down an output by names.
func (l *liner) follow(s *view.Scope, o *view.Output, names []string) {
	if l.deep--; l.deep < 0 || o == nil {
		return
	}
	switch {
	case o.Item != nil:
		l.follow(s, o.Item, names)
	case o.Shape != "":
		l.value(s, o)
		for _, x := range l.build.Shapes {
			if x.Name == o.Shape {
				l.shape(x, names)
			}
		}
	case len(o.Arms) > 0:
		for _, arm := range o.Arms {
			l.follow(s, arm.Output, names)
		}
	case len(names) > 0:
		if f := o.Field(names[0]); f != nil {
			l.note(f.Pos)
			l.value(s, f.Output)
			l.follow(s, f.Output, names[1:])
		}
	}
}

// trees visits every output of the package's own views, mutations and shapes.
func (l *liner) trees(visit func(s *view.Scope, o *view.Output)) {
	var walk func(s *view.Scope, o *view.Output, deep int)
	walk = func(s *view.Scope, o *view.Output, deep int) {
		if o == nil || deep > 100 {
			return
		}
		visit(s, o)
		for _, f := range o.Fields {
			walk(s, f.Output, deep+1)
		}
		walk(s, o.Item, deep+1)
		for _, arm := range o.Arms {
			walk(s, arm.Output, deep+1)
		}
	}
	for _, v := range l.build.Views {
		walk(&v.Scope, v.Output, 0)
	}
	for _, s := range l.build.Shapes {
		walk(&s.Scope, s.Output, 0)
	}
	for _, m := range l.build.Mutations {
		walk(&m.Scope, m.Output, 0)
	}
}

// own are diagnostics of what a route's apps would lose, by the paths that they are about, as the owner of a package that follows reads
// them: at the lines of its own sources, with what it was linked with.
func (a *altered) own(j *job, ds fault.Diagnostics, paths []string) fault.Diagnostics {
	out := slices.Clone(ds)
	for i := range min(len(out), len(paths)) {
		d := &out[i]
		if moved := j.with(); moved != "with " {
			d.Text += ", " + moved
		}
		d.Fix = "Write what apps of " + a.name() + " have so that it holds with both versions, or bind the module so that this version is out of its range"
		for _, b := range []*view.Build{a.is[j.pkg.Manifest.Name], a.was[j.pkg.Manifest.Name]} {
			if b == nil {
				continue
			}
			if at := Line(b, paths[i], nil); at.File != "" {
				d.Pos = at
				break
			}
		}
	}
	return out
}
