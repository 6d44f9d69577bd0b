package control

import (
	"context"
	"fmt"
	"strings"

	"facet/fault"
	"facet/pack"
	"facet/release"
)

// A Resolution is which version of every module a package would be built with in an environment now.
type Resolution struct {
	Package string // "name@version"
	Graph   string // version
	Edges   []Binding
	Lock    release.Lock
	// Diagnostics warn of what is deprecated.
	Diagnostics fault.Diagnostics
}

// A Binding is how one importer's dependency was resolved.
type Binding struct {
	Importer string // "name@version"
	Name     string // of the module
	Range    string
	Kind     string // "live" or "locked"
	Version  string
	Why      string // one sentence: "highest of 4 that ^2.1.0 allows", "the environment's 2.3.0"
}

// Resolve binds a package, "name", "name@1.2.3", "name@^1" or "name@tag", as a release of the environment's first
// region would. An environment that serves nothing yet has no modules, and the highest graph.
func (c *Control) Resolve(ctx context.Context, env, pkg string) (*Resolution, error) {
	served, err := c.served(ctx, env, "")
	if err != nil {
		return nil, err
	}
	r := newResolver(ctx, c)
	packages, err := c.deployed(ctx, r, &Request{Deploy: []string{pkg}})
	if err != nil {
		return nil, err
	}
	p := packages[0]
	out := &Resolution{Package: p.ID(), Graph: served.release.Graph.Version}
	var old release.Lock
	for _, digest := range served.release.BuildDigests() {
		if b := served.release.Builds[digest]; b.Package+"@"+b.Version == p.ID() {
			old = served.release.Locks[digest]
		}
	}
	if out.Lock, err = release.Bind(p.ID(), old, served.release.Modules, r.known()); err != nil {
		return nil, err
	}
	if out.Diagnostics, err = deprecated(r, p, out.Lock); err != nil {
		return nil, err
	}
	var choices []choice
	for _, importer := range sorted(out.Lock) {
		deps, err := r.dependencies(importer)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			_, version := pack.SplitID(out.Lock[importer][d.Name])
			b := Binding{Importer: importer, Name: d.Name, Range: d.Range, Kind: string(pack.Locked), Version: version}
			if d.Live {
				b.Kind = string(pack.Live)
			}
			var best string
			from := "" // the release that the choice is kept from
			if old[importer][d.Name] != "" {
				from = served.digest
			}
			if b.Why, best, err = c.why(r, d, version, from, served); err != nil {
				return nil, err
			}
			out.Edges = append(out.Edges, b)
			choices = append(choices, choice{importer, d.Name, out.Lock[importer][d.Name], d.Range, best})
		}
	}
	for i, why := range narrow(choices, []release.Lock{out.Lock}) {
		out.Edges[i].Why = narrowed(out.Edges[i].Why, why)
	}
	return out, nil
}

// why says how a version was chosen; best is what the range alone would pick, if that is another. kept is the digest of a release before this
// choice, "" if the importer was in none.
func (c *Control) why(r *resolver, d release.Dependency, version, kept string, served *servedNow) (why, best string, err error) {
	if d.Live && served.release.Modules[release.Line(d.Name, version)] == version {
		if v, err := r.pick(d.Name, d.Range, []string{version}); err != nil || v != "" {
			return "the environment's " + version, "", err
		}
	}
	in, err := r.index(d.Name)
	if fault.KindOf(err) == fault.NotFound && kept != "" {
		return keptFrom + release.Short(kept), "", nil
	}
	if err != nil {
		return "", "", err
	}
	highest := ""
	if v, err := pack.Resolve(d.Range, in); err == nil && v.String() != version {
		highest = v.String()
	}
	if kept != "" && (!d.Live || highest != "") {
		return keptFrom + release.Short(kept), highest, nil
	}
	if in.Tags[d.Range] == version {
		return "the tag " + d.Range, "", nil
	}
	if _, exact := in.Versions[d.Range]; exact {
		return "the exact version " + d.Range, "", nil
	}
	rng, err := pack.ParseRange(d.Range)
	if err != nil {
		return "", "", err
	}
	n := 0
	for text := range in.Versions {
		if v, err := pack.ParseVersion(text); err == nil && rng.Contains(v) {
			n++
		}
	}
	switch {
	case n == 1:
		return "the only one that " + d.Range + " allows", "", nil
	case highest != "":
		return fmt.Sprintf("one of %d that %s allows; the highest is %s", n, d.Range, highest), highest, nil // others' ranges, or it came later
	}
	return fmt.Sprintf("highest of %d that %s allows", n, d.Range), "", nil
}

// keptFrom begins the reason of a choice that a release made before.
const keptFrom = "kept from the lock of release "

// servedNow is what an environment's first region serves.
type servedNow struct {
	release *release.Release // empty if nothing was released yet
	digest  string           // "" then
}

// served reads what an environment's first region serves; version is the graph's if it serves nothing, "" for the highest.
func (c *Control) served(ctx context.Context, env, version string) (*servedNow, error) {
	if env == "" {
		env = "dev"
	}
	digest, err := c.Find(ctx, env, "")
	if err == nil {
		r, err := c.Load(ctx, env, digest)
		return &servedNow{r, digest}, err
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if version == "" {
		if version, err = c.latestGraph(ctx); err != nil {
			return nil, err
		}
	}
	g, err := c.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	return &servedNow{release: release.First(env, release.Graph{Version: strings.TrimPrefix(version, "v"), Digest: g.Digest})}, nil
}
