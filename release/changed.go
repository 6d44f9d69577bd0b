package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Move is a mount that differs between two releases; a Mount without tracks stands for none.
type Move struct {
	Place
	From, To Mount
}

// Route is "tv/v3".
func (p Place) Route() string { return p.Device + "/" + p.Schema }

// Moves lists the mounts that differ, in the order of routes and packages.
func Moves(from, to *Release) []Move {
	var out []Move
	for _, route := range to.Routes {
		old, _ := from.Route(route.Device, route.Schema)
		out = append(out, moves(old, route)...)
	}
	for _, route := range from.Routes {
		if _, ok := to.Route(route.Device, route.Schema); !ok {
			out = append(out, moves(route, Route{Device: route.Device, Schema: route.Schema})...)
		}
	}
	slices.SortStableFunc(out, func(a, b Move) int {
		return byRoute(Route{Device: a.Device, Schema: a.Schema}, Route{Device: b.Device, Schema: b.Schema})
	})
	return out
}

func moves(from, to Route) []Move {
	at := to
	if at.Device == "" {
		at = from
	}
	var out []Move
	for _, m := range to.Mounts {
		old, _ := from.Mount(m.Package)
		if !slices.Equal(old.Tracks, m.Tracks) {
			out = append(out, Move{Place{at.Device, at.Schema, m.Package}, old, m})
		}
	}
	for _, m := range from.Mounts {
		if _, ok := to.Mount(m.Package); !ok {
			out = append(out, Move{Place: Place{at.Device, at.Schema, m.Package}, From: m})
		}
	}
	slices.SortStableFunc(out, func(a, b Move) int { return strings.Compare(a.Package, b.Package) })
	return out
}

// Changed says for people what to does differently from from (nil: nothing was served), a line each:
// "graph 1.0.0 -> 1.1.0", "tv/v3 @tv/home 3.4.0 -> 3.4.1", "@originals/rows 2.1.0 -> 2.3.0 for live bindings", "switch x on".
func Changed(from, to *Release) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch {
	case from == nil:
		from = First(to.Env, to.Graph)
		add("graph %s", to.Graph.Version)
	case from.Graph != to.Graph:
		add("graph %s -> %s", from.Graph.Version, to.Graph.Version)
	}
	for _, line := range ChangedModules(from, to) {
		add("%s for live bindings", line)
	}
	for _, m := range Moves(from, to) {
		out = append(out, m.lines(from, to)...)
	}
	for _, s := range ChangedSwitches(from, to) {
		add("switch %s", s)
	}
	for _, s := range ChangedLimits(from, to) {
		add("limit %s", s)
	}
	for _, s := range ChangedExperiments(from, to) {
		add("experiment %s", s)
	}
	return out
}

func (m Move) lines(from, to *Release) []string {
	var out []string
	at := m.Route() + " " + m.Package
	for _, name := range tracksOf(m.From, m.To) {
		a, had := m.From.Track(name)
		b, has := m.To.Track(name)
		before, after := from.Builds[a.Build].Version, to.Builds[b.Build].Version
		on := at
		if name != Stable {
			on += " " + name
		}
		switch {
		case !had:
			out = append(out, on+" "+after+" added")
		case !has:
			out = append(out, on+" "+before+" removed")
		case before != after:
			out = append(out, on+" "+before+" -> "+after)
		case a.Build != b.Build:
			line := on + " " + after + " rebuilt"
			if with := ChangedLocks(from.Locks[a.Build], to.Locks[b.Build]); len(with) > 0 {
				line += " with " + strings.Join(with, ", ")
			}
			out = append(out, line)
		}
		if had && has && a.Weight != b.Weight {
			out = append(out, fmt.Sprintf("%s weight %d -> %d", on, a.Weight, b.Weight))
		}
	}
	return out
}

// tracksOf names the tracks of two mounts, the stable one first.
func tracksOf(a, b Mount) []string {
	var names []string
	for _, m := range []Mount{a, b} {
		for _, t := range m.Tracks {
			if t.Name != Stable && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	slices.Sort(names)
	return append([]string{Stable}, names...)
}

// ChangedLocks compares the modules that two builds link: "@originals/rows 2.1.0 -> 2.3.0", "@a/b 1.0.0 added".
// Of a module that is linked in several versions, those that both have are left out.
func ChangedLocks(from, to Lock) []string {
	before, after := from.versions(), to.versions()
	var out []string
	for _, name := range union(before, after) {
		gone := slices.DeleteFunc(slices.Clone(before[name]), func(v string) bool { return slices.Contains(after[name], v) })
		come := slices.DeleteFunc(slices.Clone(after[name]), func(v string) bool { return slices.Contains(before[name], v) })
		switch {
		case len(gone) > 0 && len(come) > 0:
			out = append(out, name+" "+strings.Join(gone, ", ")+" -> "+strings.Join(come, ", "))
		case len(come) > 0:
			out = append(out, name+" "+strings.Join(come, ", ")+" added")
		case len(gone) > 0:
			out = append(out, name+" "+strings.Join(gone, ", ")+" removed")
		}
	}
	return out
}

// versions lists for each linked module the versions of it, sorted.
func (l Lock) versions() map[string][]string {
	out := map[string][]string{}
	for _, uses := range l {
		for name, id := range uses {
			version := strings.TrimPrefix(id, name+"@")
			if !slices.Contains(out[name], version) {
				out[name] = append(out[name], version)
				slices.Sort(out[name])
			}
		}
	}
	return out
}

// ChangedModules compares what live bindings follow: "@originals/rows 2.1.0 -> 2.3.0".
func ChangedModules(from, to *Release) []string {
	return changes(from.Modules, to.Modules, func(line, v string) string { return v }, func(line string) string {
		return line[:strings.LastIndexByte(line, '@')]
	})
}

// ChangedSwitches compares switches: "x on", "y off", "z gone".
func ChangedSwitches(from, to *Release) []string {
	var out []string
	for _, name := range union(from.Switches, to.Switches) {
		a, had := from.Switches[name]
		b, has := to.Switches[name]
		switch {
		case !has:
			out = append(out, name+" gone")
		case (!had || !a) && b:
			out = append(out, name+" on")
		case (!had || a) && !b:
			out = append(out, name+" off")
		}
	}
	return out
}

// ChangedLimits compares limits: "calls 40 -> 60".
func ChangedLimits(from, to *Release) []string {
	return changes(from.Limits, to.Limits, func(_ string, v int64) string { return fmt.Sprint(v) }, nil)
}

// ChangedExperiments compares experiments: "rows-density a 50, b 50 -> a 0, b 100".
func ChangedExperiments(from, to *Release) []string {
	text := func(r *Release) map[string]string {
		out := map[string]string{}
		for _, e := range r.Experiments {
			arms := make([]string, len(e.Arms))
			for i, a := range e.Arms {
				arms[i] = fmt.Sprintf("%s %d", a.Name, a.Weight)
			}
			out[e.Name] = strings.Join(arms, ", ") + " (" + e.how() + ")"
		}
		return out
	}
	return changes(text(from), text(to), func(_, v string) string { return v }, nil)
}

func changes[V comparable](from, to map[string]V, value func(string, V) string, name func(string) string) []string {
	if name == nil {
		name = func(s string) string { return s }
	}
	var out []string
	for _, key := range union(from, to) {
		a, had := from[key]
		b, has := to[key]
		switch {
		case !had:
			out = append(out, name(key)+" "+value(key, b)+" added")
		case !has:
			out = append(out, name(key)+" "+value(key, a)+" removed")
		case a != b:
			out = append(out, name(key)+" "+value(key, a)+" -> "+value(key, b))
		}
	}
	return out
}

func union[V any](a, b map[string]V) []string {
	names := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(names)
	return slices.Compact(names)
}
