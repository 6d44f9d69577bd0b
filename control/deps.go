package control

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"facet/fault"
	"facet/pack"
	"facet/release"
)

// Deps says who uses what, and why this version: of a release, or of a folder.
type Deps struct {
	Env     string // "" for a folder
	Release string // digest; "" for a folder
	Subject string // what was asked about: a package's or module's name; "" is all
	Nodes   []DepsNode
	Edges   []DepsEdge
	Held    []release.Held // consumers that did not go along
	// Diagnostics are cycles, missing modules and range conflicts (errors), and what is deprecated, yanked or linked twice (warnings).
	Diagnostics fault.Diagnostics

	locks map[string][]release.Lock // of a release, by root: one importer may be linked with different versions in different builds
}

// A DepsNode is one version of a package or module.
type DepsNode struct {
	ID         string   // "name@version"
	Kind       string   // "device" or "module"
	Routes     []string // where it is mounted, sorted: "tv/v3"
	Deprecated string   // why; "" if it is not
	Yanked     string
}

// A DepsEdge is one importer's use of a module.
type DepsEdge struct {
	From, To string // "name@version"
	Range    string // as the importer's manifest says; "" if it was not read
	Kind     string // "live" or "locked"; "" if it was not read
	Why      string // one sentence: how the version was chosen; "" if that was not looked at
	// In are the packages ("name@version") in whose builds the use stands, sorted, if the importer is linked with another version of the module in
	// other builds; empty if it is linked with this one everywhere.
	In []string
}

// deepDeps is how many importers' manifests are read for ranges; what is past it is told without.
const deepDeps = 2000

// Deps draws who uses what in what an environment's first region serves. The subject is a package (what it is linked with), a module
// (who links it, and what it links), or "" for all. It reads the release, whose locks are the index of uses, and the manifests of those it shows.
// NotFound if the subject is not in it.
func (c *Control) Deps(ctx context.Context, env, subject string) (*Deps, error) {
	now, err := c.served(ctx, env, "")
	if err != nil {
		return nil, err
	}
	name, version := subject, ""
	if strings.LastIndexByte(subject, '@') > 0 {
		name, version = pack.SplitID(subject)
	}
	out := &Deps{Env: cmp.Or(env, "dev"), Release: now.digest, Subject: subject, locks: map[string][]release.Lock{}}
	nodes, edges := map[string]*DepsNode{}, map[[2]string]map[string]bool{} // a use, and the packages in whose builds it stands
	node := func(id, kind string) *DepsNode {
		if nodes[id] == nil {
			nodes[id] = &DepsNode{ID: id, Kind: kind}
		}
		return nodes[id]
	}
	where := tracks(now.release)
	for _, digest := range now.release.BuildDigests() {
		b, lock := now.release.Builds[digest], now.release.Locks[digest]
		root := b.Package + "@" + b.Version
		if name != "" && !(b.Package == name && (version == "" || b.Version == version)) && !links(lock, name, version) {
			continue
		}
		n := node(root, string(pack.Device))
		for _, at := range where[digest] {
			if !slices.Contains(n.Routes, at.Route()) {
				n.Routes = append(n.Routes, at.Route())
			}
		}
		slices.Sort(n.Routes)
		out.locks[root] = append(out.locks[root], lock)
		for importer, uses := range lock {
			for _, id := range uses {
				if name != "" && b.Package != name && !leads(lock, importer, id, name, version) {
					continue
				}
				node(id, string(pack.Module))
				use := [2]string{importer, id}
				if edges[use] == nil {
					edges[use] = map[string]bool{}
				}
				edges[use][root] = true
			}
		}
	}
	if len(nodes) == 0 && name != "" {
		return nil, fault.New(fault.NotFound, "%s is in no build of %s", subject, out.Env).WithHint("edge deps --env %s lists all", out.Env)
	}
	versions := map[[2]string]int{} // of a module that an importer is linked with
	for e := range edges {
		module, _ := pack.SplitID(e[1])
		versions[[2]string{e[0], module}]++
	}
	for e, in := range edges {
		edge := DepsEdge{From: e[0], To: e[1]}
		if module, _ := pack.SplitID(e[1]); versions[[2]string{e[0], module}] > 1 && !in[e[0]] {
			edge.In = sorted(in)
		}
		out.Edges = append(out.Edges, edge)
	}
	slices.SortFunc(out.Edges, func(a, b DepsEdge) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To)) })
	if err := c.explainDeps(ctx, now, out, nodes); err != nil {
		return nil, err
	}
	for _, id := range sorted(nodes) {
		out.Nodes = append(out.Nodes, *nodes[id])
	}
	for _, h := range now.release.Held {
		if id := h.Package + "@" + h.Version; nodes[id] != nil {
			out.Held = append(out.Held, h)
		}
	}
	out.warn()
	return out, nil
}

func links(l release.Lock, name, version string) bool {
	for _, uses := range l {
		if id, ok := uses[name]; ok && (version == "" || id == name+"@"+version) {
			return true
		}
	}
	return false
}

// leads says whether a use is on a way to a module, or below it.
func leads(l release.Lock, importer, id, name, version string) bool {
	is := func(id string) bool {
		n, v := pack.SplitID(id)
		return n == name && (version == "" || v == version)
	}
	var reaches func(from string, to func(string) bool, deep int) bool
	reaches = func(from string, to func(string) bool, deep int) bool {
		if to(from) {
			return true
		}
		if deep == 0 {
			return false
		}
		for _, next := range l[from] {
			if reaches(next, to, deep-1) {
				return true
			}
		}
		return false
	}
	if reaches(id, is, 32) {
		return true
	}
	for from := range l {
		if is(from) && reaches(from, func(x string) bool { return x == importer }, 32) {
			return true
		}
	}
	return false
}

// explainDeps fills in ranges, bindings and reasons, and what is deprecated or yanked.
func (c *Control) explainDeps(ctx context.Context, now *servedNow, out *Deps, nodes map[string]*DepsNode) error {
	r := newResolver(ctx, c)
	old := map[string]bool{} // importers whose lock is kept from a release before
	if parent := now.release.Parent; parent != "" {
		if before, err := c.Load(ctx, now.release.Env, parent); err == nil {
			for _, lock := range before.Locks {
				for importer := range lock {
					old[importer] = true
				}
			}
		}
	}
	byImporter := map[string][]int{}
	for i, e := range out.Edges {
		byImporter[e.From] = append(byImporter[e.From], i)
	}
	importers := sorted(byImporter)
	choices := make([]choice, len(out.Edges))
	var mu sync.Mutex
	var missing fault.Diagnostics
	err := each(ctx, readers, importers[:min(len(importers), deepDeps)], func(_ context.Context, _ int, importer string) error {
		deps, err := r.dependencies(importer)
		if fault.KindOf(err) == fault.NotFound {
			mu.Lock()
			defer mu.Unlock()
			missing = append(missing, fault.Diagnostic{Severity: fault.Warn, Code: codeResolve, Text: importer + " is served and not published any more"})
			return nil
		}
		if err != nil {
			return err
		}
		for _, i := range byImporter[importer] {
			e := &out.Edges[i]
			name, version := pack.SplitID(e.To)
			for _, d := range deps {
				if d.Name != name {
					continue
				}
				e.Range, e.Kind = d.Range, string(pack.Locked)
				if d.Live {
					e.Kind = string(pack.Live)
				}
				from := ""
				if old[importer] {
					from = now.release.Parent
				}
				if e.Why, choices[i].best, err = c.why(r, d, version, from, now); err != nil {
					e.Why = ""
				}
				choices[i].importer, choices[i].module, choices[i].to, choices[i].rng = e.From, name, e.To, d.Range
			}
		}
		return nil
	})
	out.Diagnostics = append(out.Diagnostics, missing...)
	if err != nil {
		return err
	}
	for i, why := range narrow(choices, slices.Concat(slices.Collect(maps.Values(out.locks))...)) {
		out.Edges[i].Why = narrowed(out.Edges[i].Why, why)
	}
	return each(ctx, readers, sorted(nodes), func(_ context.Context, _ int, id string) error {
		n := nodes[id]
		if n.Kind != string(pack.Module) && len(nodes) > deepDeps {
			return nil
		}
		name, version := pack.SplitID(id)
		in, err := r.index(name)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		n.Deprecated, n.Yanked = in.Versions[version].Deprecated, in.Versions[version].Yanked
		return err
	})
}

// warn adds what is worth knowing of what is drawn.
func (d *Deps) warn() {
	add := func(format string, args ...any) {
		d.Diagnostics = append(d.Diagnostics, fault.Diagnostic{Severity: fault.Warn, Code: codeOld, Text: fmt.Sprintf(format, args...)})
	}
	for _, n := range d.Nodes {
		if n.Yanked != "" {
			add("%s is yanked: %s", n.ID, n.Yanked)
		}
		if n.Deprecated != "" {
			add("%s is deprecated: %s", n.ID, n.Deprecated)
		}
	}
	for _, h := range d.Held {
		d.Diagnostics = append(d.Diagnostics, fault.Diagnostic{Severity: fault.Warn, Code: codeBeside,
			Text: fmt.Sprintf("%s %s@%s stays without %s: %s", h.Route(), h.Package, h.Version, strings.Join(h.From, ", "), strings.Join(h.Why, "; "))})
	}
	d.Diagnostics = append(d.Diagnostics, d.Twice()...)
	d.Diagnostics.Sort()
}

// Twice warns of packages that are linked with more than one version of a module, with the ranges that ask for them.
func (d *Deps) Twice() fault.Diagnostics {
	drawn := map[string][]DepsEdge{}
	for _, e := range d.Edges {
		drawn[e.From] = append(drawn[e.From], e)
	}
	var ds fault.Diagnostics
	for _, n := range d.Nodes {
		if n.Kind != string(pack.Device) {
			continue
		}
		links := []func(DepsEdge) bool{func(DepsEdge) bool { return true }}
		if locks, ok := d.locks[n.ID]; ok {
			links = nil
			for _, lock := range locks {
				links = append(links, func(e DepsEdge) bool { name, _ := pack.SplitID(e.To); return lock[e.From][name] == e.To })
			}
		}
		for _, links := range links {
			for _, text := range twice(n.ID, drawn, links) {
				add := fault.Diagnostic{Severity: fault.Warn, Code: codeTwice, Text: text}
				if !slices.ContainsFunc(ds, func(x fault.Diagnostic) bool { return x.Text == text }) {
					ds = append(ds, add)
				}
			}
		}
	}
	return ds
}

// twice are the modules that a package is linked with in several versions, a sentence each. Of the uses that are drawn only those count that link.
func twice(root string, drawn map[string][]DepsEdge, links func(DepsEdge) bool) []string {
	by := map[string]map[string][]string{} // module -> version -> who asks, and for what
	seen := map[string]bool{}
	var walk func(id string)
	walk = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, e := range drawn[id] {
			if !links(e) {
				continue
			}
			name, version := pack.SplitID(e.To)
			if by[name] == nil {
				by[name] = map[string][]string{}
			}
			by[name][version] = append(by[name][version], e.From+" asks for "+cmp.Or(e.Range, "it"))
			walk(e.To)
		}
	}
	walk(root)
	var out []string
	for _, name := range sorted(by) {
		if len(by[name]) < 2 {
			continue
		}
		var parts []string
		for _, version := range sorted(by[name]) {
			parts = append(parts, version+" ("+strings.Join(by[name][version], ", ")+")")
		}
		out = append(out, fmt.Sprintf("%s is linked with %s in %s: no version is in all ranges", root, name, strings.Join(parts, " and ")))
	}
	return out
}
