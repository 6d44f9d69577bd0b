package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/view"
)

// The codes of what a release or a checked publish is refused for, beside those of builds.
const (
	codeGraph    = "C001" // the package asks for another graph version
	codeResolve  = "C002" // a module cannot be resolved
	codeModule   = "C003" // what is linked is no module
	codeBeside   = "C004" // a package beside it stays on an older graph version, and so it does
	codeBreaking = "C010" // the change breaks a schema version that is served
	codeRemoved  = "C011" // removing a mount does
	codeOld      = "C013" // what is used is deprecated; a warning
	codeUntold   = "C012" // what apps see differently could not be told
	codeGolden   = "C015" // another version of a module makes a consumer's golden outputs worse, or dearer than its budget
	codeExports  = "C017" // a module breaks what it exports under a compatible version
	codeTwice    = "C016" // a package is linked with two versions of a module; a warning
	codeTaken    = "C014" // the version of an unpublished package is published with other files
)

// listed is how many breaking changes an error spells out; diagnostics have all.
const listed = 50

// gate refuses a release in which the mounts of a route do not fit together, or which breaks what apps of a schema version
// that is served rely on. from is what is served; where names the region if it is not the first.
func (c *Control) gate(ctx context.Context, req *Request, from, to *release.Release, where string, res *Result) error {
	routes, err := c.inspect(ctx, from, to, req.retired())
	if err != nil {
		return err
	}
	return judge(req, routes, where, res)
}

// retired are the mounts whose users are gone.
func (r *Request) retired() map[release.Place]bool {
	out := map[release.Place]bool{}
	if r.Retire {
		for _, p := range r.Remove {
			out[p] = true
		}
	}
	return out
}

// judge notes in a result what an inspection saw, and refuses what the request does not allow.
func judge(req *Request, routes []*altered, where string, res *Result) error {
	var lines []string
	hint := ""
	for _, a := range routes {
		if where == "" && len(a.changes) > 0 {
			res.Changes[a.name()] = a.changes
		}
		for i, d := range a.wrong {
			if slices.ContainsFunc(a.wrong[:i], func(e fault.Diagnostic) bool { return e.String() == d.String() }) {
				continue // of another track
			}
			res.Diagnostics = append(res.Diagnostics, d)
			if d.Severity != fault.Warn {
				lines = append(lines, a.name()+": "+d.String())
			}
		}
		ds, text, _ := a.breaks(req, where)
		if len(ds) == 0 {
			continue
		}
		if req.Breaking == Warn {
			for i := range ds {
				ds[i].Severity = fault.Warn
			}
		} else {
			if lines, hint = append(lines, text...), ds[0].Fix; ds[0].Code == codeBreaking {
				hint += ". To return to what was served before, roll back"
			}
		}
		res.Diagnostics = append(res.Diagnostics, ds...)
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - listed; more > 0 {
		lines = append(lines[:listed], fmt.Sprintf("and %d more", more))
	}
	return &fault.Error{Kind: fault.Invalid, Op: "control.release", Subject: req.Env, Message: strings.Join(lines, "\n"), Hint: hint}
}

// breaks are the diagnostics of a route's breaking changes with the paths that they are about, and a line for each change.
func (a *altered) breaks(req *Request, where string) (ds fault.Diagnostics, lines, paths []string) {
	gone := map[string]*leaving{}
	on := a.name()
	if where != "" {
		on += " in " + where
	}
	for _, x := range a.changes {
		if !x.Breaking {
			continue
		}
		owner, code, fix := a.owners[subject(x.Path)], codeBreaking, a.raise()
		if owner == "" {
			owner = a.someone()
		}
		lines = append(lines, on+": "+x.String())
		if slices.Contains(req.Remove, release.Place{Device: a.device, Schema: a.schema, Package: owner}) {
			code, fix = codeRemoved, "Leave it mounted, or say that the users of "+a.name()+" are gone (retire)"
		}
		if _, stays := a.after.Mount(owner); !stays && a.mover == "" {
			if one := gone[owner]; one != nil { // all that goes with a mount is told in one
				one.add(x)
				ds[one.at].Text = one.text(on)
				continue
			}
			if code == codeBreaking { // a rollback: it has no package.json to mend
				code, fix = codeRemoved, ""
			}
			gone[owner] = &leaving{at: len(ds), first: x}
		}
		ds = append(ds, fault.Diagnostic{Pos: fault.Pos{File: owner + "/" + pack.File}, Severity: fault.Err, Code: code, Fix: fix, Text: "breaks " + on + ": " + x.Code + " " + x.Path + ": " + x.Text})
		paths = append(paths, x.Path)
	}
	return ds, lines, paths
}

// A leaving mount takes names with it that apps may use.
type leaving struct {
	at    int         // of its diagnostic
	first view.Change // that was told
	names []string    // views and mutations
	more  int         // changes beside the first and the names
}

func (l *leaving) add(x view.Change) {
	if len(l.names) < mostNames && (strings.HasPrefix(x.Path, "Query.") || strings.HasPrefix(x.Path, "Mutation.")) {
		l.names = append(l.names, x.Path)
		return
	}
	l.more++
}

func (l *leaving) text(on string) string {
	text := "breaks " + on + ": " + l.first.Code + " " + l.first.Path + ": " + l.first.Text
	if len(l.names) > 0 {
		text += ", and so are " + strings.Join(l.names, ", ")
	}
	if l.more > 0 {
		text += fmt.Sprintf(" and %d more", l.more)
	}
	return text
}

const mostNames = 12 // views and mutations that a diagnostic of a leaving mount spells out

// someone is the first package that moved on the route: whose a change without a known owner is.
func (a *altered) someone() string {
	if a.mover != "" {
		return a.mover
	}
	for _, m := range a.before.Mounts {
		if now, _ := a.after.Mount(m.Package); !slices.Equal(now.Tracks, m.Tracks) {
			return m.Package
		}
	}
	return a.name()
}

// raise says how to change a schema version without breaking it.
func (a *altered) raise() string {
	next := "the next version"
	if n, err := strconv.Atoi(strings.TrimPrefix(a.schema, "v")); err == nil {
		next = fmt.Sprintf(`"v%d"`, n+1)
	}
	return fmt.Sprintf(`Raise "schema" in package.json to %s: apps of %s keep what they have`, next, a.name())
}

// subject is the name that a change's path is about: "Card" of "Card.title", "film" of "Query.film(id)".
func subject(path string) string {
	first, rest, _ := strings.Cut(path, ".")
	if (first == "Query" || first == "Mutation") && rest != "" {
		first, _, _ = strings.Cut(rest, ".")
	}
	first, _, _ = strings.Cut(first, "(")
	return first
}

// defines says whether a build has a definition of that name.
func defines(b *view.Build, name string) bool {
	return slices.ContainsFunc(b.Views, func(v *view.View) bool { return v.Name == name || pascal(v.Name) == name }) ||
		slices.ContainsFunc(b.Mutations, func(m *view.Mutation) bool { return m.Name == name || pascal(m.Name) == name }) ||
		slices.ContainsFunc(b.Shapes, func(s *view.Shape) bool { return s.Name == name }) ||
		slices.ContainsFunc(b.Objects, func(o *view.Object) bool { return o.Name == name }) ||
		slices.ContainsFunc(b.Enums, func(e *view.Enum) bool { return e.Name == name }) ||
		slices.ContainsFunc(b.Inputs, func(i *view.Input) bool { return i.Name == name })
}

// pascal is the name of the type of a view's or mutation's own tree.
func pascal(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
