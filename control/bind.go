package control

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"facet/fault"
	"facet/pack"
	"facet/release"
)

// A resolver answers release.Bind's questions from what is published, each index read once.
type resolver struct {
	ctx context.Context
	c   *Control

	mu      sync.Mutex
	indexes map[string]pack.Index
	extra   map[string]*pack.Package // by ID: what is not published yet
}

func newResolver(ctx context.Context, c *Control) *resolver {
	return &resolver{ctx: ctx, c: c, indexes: map[string]pack.Index{}, extra: map[string]*pack.Package{}}
}

func (r *resolver) pkg(id string) (*pack.Package, error) {
	if p := r.extra[id]; p != nil {
		return p, nil
	}
	name, version := pack.SplitID(id)
	return r.c.Package(r.ctx, name, version)
}

func (r *resolver) index(name string) (pack.Index, error) {
	r.mu.Lock()
	in, ok := r.indexes[name]
	r.mu.Unlock()
	if ok {
		return in, nil
	}
	in, err := r.c.Index(r.ctx, name)
	if err != nil {
		return in, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.indexes[name]; ok { // all of one request see one index
		return first, nil
	}
	r.indexes[name] = in
	return in, nil
}

// list lets ranges find a version of a module that is not published yet: else a circle that it closes would show only to who links it.
func (r *resolver) list(p *pack.Package) error {
	m := &p.Manifest
	if m.Kind() != pack.Module || len(m.Dependencies)+len(m.PeerDependencies) == 0 {
		return nil
	}
	in, err := r.index(m.Name)
	if fault.KindOf(err) == fault.NotFound {
		return nil // the first version: nobody links it
	}
	if _, ok := in.Versions[m.Version]; err != nil || ok {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	in.Versions = maps.Clone(in.Versions)
	in.Versions[m.Version] = pack.Published{Digest: p.Digest}
	r.indexes[m.Name] = in
	return nil
}

// dependencies are the modules among what a manifest depends on: all that is
// neither the host's nor bundled in the tarball.
func (r *resolver) dependencies(id string) ([]release.Dependency, error) {
	p, err := r.pkg(id)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(slices.Collect(maps.Keys(p.Manifest.Dependencies)), slices.Collect(maps.Keys(p.Manifest.PeerDependencies)))
	slices.Sort(names)
	var out []release.Dependency
	for _, dep := range slices.Compact(names) {
		if strings.HasPrefix(dep, pack.HostScope) || p.Files["node_modules/"+dep+"/"+pack.File] != nil {
			continue
		}
		if _, err := r.index(dep); fault.KindOf(err) == fault.NotFound && p.Manifest.Edge.Bindings[dep] == "" && optional(p, dep) {
			continue // a peer that nobody brings
		}
		want, _ := p.Manifest.Range(dep)
		out = append(out, release.Dependency{Name: dep, Range: plainRange(want), Live: p.Manifest.Binding(dep) == pack.Live})
	}
	return out, nil
}

func optional(p *pack.Package, dep string) bool {
	_, needed := p.Manifest.Dependencies[dep]
	return !needed
}

// plainRange takes the workspace protocol off a range.
func plainRange(want string) string {
	rest, ok := strings.CutPrefix(want, "workspace:")
	if !ok {
		return want
	}
	if rest == "^" || rest == "~" || rest == "" {
		return "*"
	}
	return rest
}

func (r *resolver) pick(name, want string, among []string) (string, error) {
	if len(among) > 0 {
		in := pack.Index{Name: name, Versions: map[string]pack.Published{}}
		for _, v := range among {
			in.Versions[v] = pack.Published{}
		}
		if v, err := pack.Resolve(want, in); err == nil {
			return v.String(), nil
		}
		return "", nil // a tag, or a range that allows none of them
	}
	in, err := r.index(name)
	if err != nil {
		return "", err
	}
	v, err := pack.Resolve(want, in)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// known are the facts that release.Bind asks for.
func (r *resolver) known() release.Known {
	return release.Known{Dependencies: r.dependencies, Pick: r.pick, Versions: r.versions, Yanked: r.yanked}
}

// versions are those that a new binding may have: the deprecated ones only if there are no others.
func (r *resolver) versions(name string) ([]string, error) {
	in, err := r.index(name)
	var good, old []string
	for v, entry := range in.Versions {
		switch {
		case entry.Yanked != "":
		case entry.Deprecated != "":
			old = append(old, v)
		default:
			good = append(good, v)
		}
	}
	if len(good) == 0 {
		good = old
	}
	slices.Sort(good)
	return good, err
}

func (r *resolver) yanked(name, version string) (bool, error) {
	in, err := r.index(name)
	return in.Versions[version].Yanked != "", err
}

// lock reads the modules that a release's lock names.
func (r *resolver) lock(l release.Lock) (*pack.Lock, error) {
	out := &pack.Lock{Modules: map[string]*pack.Package{}, Uses: map[string]map[string]string{}}
	for importer, uses := range l {
		out.Uses[importer] = maps.Clone(uses)
		for _, id := range uses {
			p, err := r.pkg(id)
			if err != nil {
				return nil, err
			}
			if p.Manifest.Kind() == pack.Device {
				return nil, &fault.Error{Kind: fault.Invalid, Op: "control.release", Subject: importer, Message: id + " is a device package; only modules can be depended on", Hint: `move the shared code into a package with "edge" and no "device"`}
			}
			out.Modules[id] = p
		}
	}
	return out, nil
}

// inputDigest is the digest over all that a build is made of.
func inputDigest(builder string, p *pack.Package, lock *pack.Lock, graphDigest string) string {
	raw, err := json.Marshal(map[string]string{"builder": builder, "package": p.ID() + " " + p.Digest, "lock": lock.String(), "graph": graphDigest})
	if err != nil {
		panic(err) // strings alone: it cannot fail
	}
	return release.Digest(raw)
}
