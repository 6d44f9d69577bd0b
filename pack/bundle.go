package pack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"facet/fault"
)

// installed is a package found in a node_modules folder.
type installed struct {
	dir   string // in the file system, links followed
	ready bool   // it lies in node_modules itself: not a link to a package of the workspace
	src   []byte // its package.json
	slim
}

// slim is what matters of a dependency's package.json. Other people's manifests are not checked.
type slim struct {
	Name                 string                     `json:"name"`
	Version              string                     `json:"version"`
	Edge                 json.RawMessage            `json:"edge"`
	Dependencies         map[string]string          `json:"dependencies"`
	OptionalDependencies map[string]string          `json:"optionalDependencies"`
	PeerDependencies     map[string]json.RawMessage `json:"peerDependencies"`
}

func (f *installed) read() { _ = json.Unmarshal(f.src, &f.slim) } // what is of the wrong kind counts as not given

func (s slim) module() bool { return len(s.Edge) > 0 && string(s.Edge) != "null" }

// find looks for a dependency as Node does: in the node_modules of the folder and of all above it.
func find(fsys fs.FS, from, name string) (*installed, bool) {
	for _, at := range upward(from) {
		if path.Base(at) == "node_modules" {
			continue
		}
		stands := path.Join(at, "node_modules", name)
		src, err := readBounded(fsys, path.Join(stands, File), maxManifest)
		if err != nil {
			continue
		}
		f := &installed{dir: realPath(fsys, stands), src: src}
		f.ready = strings.Contains("/"+f.dir, "/node_modules/")
		f.read()
		return f, true
	}
	return nil, false
}

// A want is one use of a dependency by a package that is bundled or does the bundling.
type want struct {
	name, rng string
	optional  bool
	by        string // who wants it, for people; "" is the package itself
	at        string // where the wanting package stands in the tarball: "", "node_modules/a"
	from      string // and in the file system
}

// bundle adds the dependencies that are not modules, and theirs, below node_modules/. Each stands at the top,
// or, where another version of its name stands in the way, in its user's own node_modules.
func (k *packer) bundle() {
	var optional slim
	_ = json.Unmarshal(k.src, &optional)
	var queue []want
	for _, name := range sorted(k.m.Dependencies) {
		if k.m.Edge != nil && k.m.Edge.Bindings[name] != "" {
			continue // bound, so it is a module, installed or not
		}
		_, opt := optional.OptionalDependencies[name]
		queue = append(queue, want{name: name, rng: k.m.Dependencies[name], optional: opt, from: k.dir})
	}
	for _, name := range sorted(optional.OptionalDependencies) {
		if _, ok := k.m.Dependencies[name]; !ok {
			queue = append(queue, want{name: name, rng: optional.OptionalDependencies[name], optional: true, from: k.dir})
		}
	}
	stands := map[string]string{} // place in the tarball -> folder in the file system
	for len(queue) > 0 {
		w := queue[0]
		queue = queue[1:]
		if strings.HasPrefix(w.name, HostScope) || !ValidName(strings.ToLower(w.name)) {
			continue
		}
		f, ok := find(k.fsys, w.from, w.name)
		if !ok && k.local != nil {
			f, ok = k.local(w.name)
		}
		if !ok {
			if !w.optional {
				hint := fmt.Sprintf("Run npm install, or remove %q", w.name)
				if w.by == "" && strings.HasPrefix(w.name, "@") && k.m.Edge != nil {
					hint = fmt.Sprintf(`Run npm install, or if it is a module write "bindings": { %q: "locked" } in "edge"`, w.name)
				}
				k.add(w, "P035", hint, "%s is not installed%s", w.name, w.whose())
			}
			continue
		}
		if f.module() {
			if w.by != "" {
				k.add(w, "P038", fmt.Sprintf("Depend on %s in this package, or take another package than %s", w.name, w.by), "the module %s cannot be bundled%s, which is no module itself", w.name, w.whose())
			}
			continue
		}
		if r, err := ParseRange(w.rng); err == nil {
			if v, err := ParseVersion(f.Version); err != nil || !r.Contains(v) {
				k.add(w, "P036", "Run npm install", "%s %s is installed, but %s asks for %q", w.name, f.Version, cmp.Or(w.by, "the package"), w.rng)
				continue
			}
		}
		place, there := placeFor(stands, w, f.dir)
		if there {
			continue
		}
		stands[place] = f.dir
		if len(stands) > k.box.limits.Files {
			return // the files of so many packages have broken the limit already
		}
		if !k.takeDependency(f, place) {
			return
		}
		by := w.name + "@" + f.Version
		for _, name := range sorted(f.Dependencies) {
			_, opt := f.OptionalDependencies[name]
			queue = append(queue, want{name: name, rng: f.Dependencies[name], optional: opt, by: by, at: place, from: f.dir})
		}
		for _, name := range sorted(f.OptionalDependencies) {
			if _, ok := f.Dependencies[name]; !ok {
				queue = append(queue, want{name: name, rng: f.OptionalDependencies[name], optional: true, by: by, at: place, from: f.dir})
			}
		}
	}
}

// placeFor says where a dependency that lies in dir shall stand in the tarball so that its user finds it, and
// whether it stands there already.
func placeFor(stands map[string]string, w want, dir string) (string, bool) {
	for at := w.at; ; {
		place := path.Join(at, "node_modules", w.name)
		if have, ok := stands[place]; ok {
			if have == dir {
				return place, true
			}
			return path.Join(w.at, "node_modules", w.name), false
		}
		if at == "" {
			return place, false
		}
		at = strings.TrimSuffix(at[:strings.LastIndex(at, "node_modules/")], "/")
	}
}

func (k *packer) takeDependency(f *installed, place string) bool {
	w := &walk{fsys: k.fsys, root: f.dir, ready: f.ready, most: k.box.limits.Files}
	if err := w.files(readPackFields(f.src)); err != nil {
		k.ds.Add(fault.Pos{File: place}, "P030", "Run npm install", "the dependency cannot be read: %v", cleanErr(err))
		return false
	}
	for _, name := range w.found {
		if !k.take(path.Join(f.dir, name), path.Join(place, name)) {
			return false
		}
	}
	return true
}

func (w want) whose() string {
	if w.by == "" {
		return ""
	}
	return " for " + w.by
}

// add reports at the dependency in the manifest that leads to what is wrong.
func (k *packer) add(w want, code, fix, format string, args ...any) {
	name := w.name
	if w.at != "" {
		name, _, _ = strings.Cut(strings.TrimPrefix(w.at, "node_modules/"), "/node_modules/")
	}
	k.ds.Add(PosIn(k.src, "dependencies", name), code, fix, format, args...)
}
