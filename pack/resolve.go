package pack

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"facet/fault"
)

// LockFromDir locks the modules of the package in a folder to what the author has: members of its npm workspace, else what is
// in node_modules. It is how a package is checked, tested and explained before any release. Diagnostics name modules that are missing,
// ranges that what is there does not meet, and cycles; positions are relative to dir.
func LockFromDir(dir string, l Limits) (*Lock, fault.Diagnostics) {
	w, ds := OpenWorkspace(dir, l)
	if ds.Failed() {
		return nil, ds
	}
	_, lock, ds := w.Load(dir)
	return lock, ds
}

// Load packs the package in a folder and locks its modules, as LockFromDir does. Both are nil if a diagnostic is an error.
func (w *Workspace) Load(dir string) (*Package, *Lock, fault.Diagnostics) {
	rel, ds := w.rel(dir)
	if ds.Failed() {
		return nil, nil, ds
	}
	return w.load(rel)
}

func (w *Workspace) load(rel string) (*Package, *Lock, fault.Diagnostics) {
	p, ds := w.pack(rel)
	if ds.Failed() {
		return nil, nil, ds
	}
	k := locker{w: w, top: rel, lock: &Lock{Modules: map[string]*Package{}, Uses: map[string]map[string]string{}}, ds: ds}
	k.uses(p, rel, nil)
	k.ds.Sort()
	if k.ds.Failed() {
		return nil, nil, k.ds
	}
	return p, k.lock, k.ds
}

type locker struct {
	w    *Workspace
	top  string // the folder of the package that is locked for
	lock *Lock
	seen []asked
	ds   fault.Diagnostics
}

// asked is a range that somebody put on a module.
type asked struct {
	name, rng string
	pos       fault.Pos
}

// uses locks what one package depends on, and then what that does. chain is the way to it, without it.
func (k *locker) uses(p *Package, dir string, chain []string) {
	id := p.ID()
	if _, done := k.lock.Uses[id]; done {
		return
	}
	k.lock.Uses[id] = map[string]string{}
	chain = append(slices.Clone(chain), id)
	for _, name := range dependencies(&p.Manifest) {
		rng, _ := p.Manifest.Range(name)
		pos := k.pos(p, dir, name)
		f := k.find(dir, name, rng)
		if f == nil {
			if p.Manifest.Edge != nil && p.Manifest.Edge.Bindings[name] != "" {
				k.ds.Add(pos, "P040", "Run npm install, or add it to the workspace", "the module %s is neither in the workspace nor installed; %s asks for %q", name, id, rng)
			}
			continue
		}
		if !f.module() {
			if p.Manifest.Edge != nil && p.Manifest.Edge.Bindings[name] != "" {
				k.ds.Add(pos, "P045", `Remove the binding: it is bundled when the package is packed`, "%s is bound, but it is no module: its package.json has no \"edge\"", name)
			}
			continue
		}
		k.use(p, f, asked{name, rng, pos}, chain)
	}
}

// use locks one dependency that is a module.
func (k *locker) use(by *Package, f *installed, a asked, chain []string) {
	id := by.ID()
	if !meets(a.rng, f.Version) {
		k.conflict(id, f, a)
		return
	}
	k.seen = append(k.seen, a)
	want := a.name + "@" + f.Version
	if i := slices.Index(chain, want); i >= 0 {
		k.ds.Add(a.pos, "P042", "Move what both need into a third module", "the modules depend on each other in a circle: %s", strings.Join(append(slices.Clone(chain[i:]), want), " -> "))
		return
	}
	m, ok := k.lock.Modules[want]
	if !ok {
		var ds fault.Diagnostics
		m, ds = k.w.pack(f.dir)
		for _, d := range ds {
			d.Pos.File = k.file(f.dir, d.Pos.File)
			k.ds = append(k.ds, d)
		}
		if m == nil {
			return
		}
	}
	if m.Manifest.Kind() == Device {
		k.ds.Add(a.pos, "P043", "Move the shared code into a module: a package with \"edge\" and no \"device\"", "%s is a device package; only modules can be depended on", want)
		return
	}
	k.lock.Modules[m.ID()] = m
	k.lock.Uses[id][a.name] = m.ID()
	k.uses(m, f.dir, chain)
}

// conflict reports a range that what is there does not meet, with the other ranges put on the same module.
func (k *locker) conflict(by string, f *installed, a asked) {
	where := "the workspace has"
	if f.ready {
		where = "installed is"
	}
	d := fault.Diagnostic{Pos: a.pos, Severity: fault.Err, Code: "P041", Fix: "Widen the range, or bring the module to a version in it"}
	d.Text = by + " asks for " + a.name + " " + a.rng + ", but " + where + " " + f.Version
	for _, s := range k.seen {
		if s.name == a.name && s.pos != a.pos {
			d.Notes = append(d.Notes, fault.Note{Pos: s.pos, Text: "here " + s.rng + " is asked for"})
		}
	}
	k.ds = append(k.ds, d)
}

// find takes a member of the workspace, else what is installed. A member out of range gives way to an
// installed one that is in it, as in npm.
func (k *locker) find(dir, name, rng string) *installed {
	if strings.HasPrefix(name, HostScope) {
		return nil
	}
	there, ok := find(k.w.fsys, dir, name)
	m, isMember := k.w.member(name)
	if !isMember || ok && there.dir != m.dir && meets(rng, there.Version) && !meets(rng, m.Version) {
		return there
	}
	return m
}

// meets says whether a version is what a dependency's text asks for. Tags, paths and addresses ask for whatever is there.
func meets(rng, version string) bool {
	if rest, ok := strings.CutPrefix(rng, "workspace:"); ok {
		if rng = rest; rng == "^" || rng == "~" {
			return true
		}
	}
	r, err := ParseRange(rng)
	if err != nil {
		return true
	}
	v, err := ParseVersion(version)
	return err == nil && r.Contains(v)
}

// dependencies are the names that a manifest may link: dependencies and peers, sorted.
func dependencies(m *Manifest) []string {
	names := append(sorted(m.Dependencies), sorted(m.PeerDependencies)...)
	slices.Sort(names)
	return slices.Compact(names)
}

// pos is where a package's manifest names a dependency, relative to the folder that is locked for.
func (k *locker) pos(p *Package, dir, name string) fault.Pos {
	in := "dependencies"
	if _, ok := p.Manifest.Dependencies[name]; !ok {
		in = "peerDependencies"
	}
	pos := p.Pos(in, name)
	pos.File = k.file(dir, pos.File)
	return pos
}

func (k *locker) file(dir, name string) string {
	rel, err := filepath.Rel(k.top, path.Join(dir, name))
	if err != nil {
		return path.Join(dir, name)
	}
	return filepath.ToSlash(rel)
}
