package pack

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"facet/fault"
)

// A Workspace is an npm workspace, or a package alone with its node_modules, on this machine. It packs each package
// once, until told to forget it. Its methods may be called from several goroutines.
type Workspace struct {
	Root    string            // the folder of the root package.json
	fsys    fs.FS             // of Root
	limits  Limits            //
	members map[string]string // package name -> folder in fsys, links followed

	mu     sync.Mutex
	packed map[string]*packing
}

// A packing is one package's outcome, made once.
type packing struct {
	once sync.Once
	p    *Package
	ds   fault.Diagnostics
}

// A Member is a package of a workspace.
type Member struct {
	Name string
	Dir  string // slash path below Root
	Kind Kind
}

// OpenWorkspace finds the workspace that dir belongs to: the nearest folder upward whose package.json names dir under
// "workspaces". Without one it is dir with the nearest node_modules.
func OpenWorkspace(dir string, l Limits) (*Workspace, fault.Diagnostics) {
	var ds fault.Diagnostics
	root, _, err := rootFor(dir)
	if err != nil {
		ds.Add(fault.Pos{File: File}, "P030", "Name a folder that exists", "the folder cannot be found: %v", cleanErr(err))
		return nil, ds
	}
	return newWorkspace(root, os.DirFS(root), l)
}

func newWorkspace(root string, fsys fs.FS, l Limits) (*Workspace, fault.Diagnostics) {
	w := &Workspace{Root: root, fsys: fsys, limits: l, members: map[string]string{}, packed: map[string]*packing{}}
	var ds fault.Diagnostics
	globs, _ := workspaceGlobs(fsys)
	for _, dir := range globs.expand(fsys) {
		src, err := readBounded(fsys, path.Join(dir, File), maxManifest)
		var s slim
		if err != nil || json.Unmarshal(src, &s) != nil || s.Name == "" {
			continue // it is named when it is packed
		}
		if other, ok := w.members[s.Name]; ok {
			d := fault.Diagnostic{Severity: fault.Err, Code: "P044", Pos: PosIn(src, "name"), Text: "the workspace has two packages named " + s.Name, Fix: "Rename one of them",
				Notes: []fault.Note{{Pos: fault.Pos{File: path.Join(other, File)}, Text: "the other"}}}
			d.Pos.File = path.Join(dir, File)
			ds = append(ds, d)
			continue
		}
		w.members[s.Name] = dir
	}
	return w, ds
}

// Members lists the packages of the workspace by name; the root is none.
func (w *Workspace) Members() []Member {
	var out []Member
	for _, name := range sorted(w.members) {
		dir := w.members[name]
		src, err := readBounded(w.fsys, path.Join(dir, File), maxManifest)
		if err != nil {
			continue
		}
		m, _ := ParseManifest(src)
		out = append(out, Member{Name: name, Dir: dir, Kind: m.Kind()})
	}
	return out
}

// Pack packs the package in a folder, a path on this machine in or below Root.
func (w *Workspace) Pack(dir string) (*Package, fault.Diagnostics) {
	rel, ds := w.rel(dir)
	if ds.Failed() {
		return nil, ds
	}
	return w.pack(rel)
}

// Forget drops what was packed of the folder, so that the next use reads it again.
func (w *Workspace) Forget(dir string) {
	rel, ds := w.rel(dir)
	if ds.Failed() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.packed, rel)
}

func (w *Workspace) rel(dir string) (string, fault.Diagnostics) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		if followed, err := filepath.EvalSymlinks(abs); err == nil {
			abs = followed
		}
	}
	rel, err2 := filepath.Rel(w.Root, abs)
	if err != nil || err2 != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		var ds fault.Diagnostics
		ds.Add(fault.Pos{File: File}, "P030", "Name a folder below "+w.Root, "%s is not in the workspace", dir)
		return "", ds
	}
	return filepath.ToSlash(rel), nil
}

func (w *Workspace) pack(rel string) (*Package, fault.Diagnostics) {
	w.mu.Lock()
	one, ok := w.packed[rel]
	if !ok {
		one = &packing{}
		w.packed[rel] = one
	}
	w.mu.Unlock()
	one.once.Do(func() {
		k := packer{fsys: w.fsys, dir: rel, box: newBox(w.limits), outer: w.outer(rel), local: w.member, ready: strings.Contains("/"+rel, "/node_modules/")}
		one.p, one.ds = k.pack()
	})
	return one.p, slices.Clone(one.ds)
}

// outer are the ignore files between the workspace's root and a member: npm lets them count for the member.
func (w *Workspace) outer(rel string) []string {
	if w.memberAt(rel) == "" {
		return nil
	}
	var out []string
	for _, at := range upward(path.Dir(rel)) {
		for _, name := range []string{".npmignore", ".gitignore"} {
			if text, err := readBounded(w.fsys, path.Join(at, name), maxManifest); err == nil {
				out = append(out, string(text))
				break
			}
		}
	}
	slices.Reverse(out)
	return out
}

// memberAt is the name of the member in a folder, or "".
func (w *Workspace) memberAt(rel string) string {
	for name, dir := range w.members {
		if dir == rel {
			return name
		}
	}
	return ""
}

// member is a package of the workspace as if it were installed.
func (w *Workspace) member(name string) (*installed, bool) {
	dir, ok := w.members[name]
	if !ok {
		return nil, false
	}
	f := &installed{dir: dir}
	f.src, _ = readBounded(w.fsys, path.Join(dir, File), maxManifest) // an unreadable one fails when it is packed
	f.read()
	return f, true
}

// globs are the patterns under "workspaces".
type globs []rule

// workspaceGlobs reads "workspaces" of a folder's package.json: a list, or an object whose "packages" is one.
func workspaceGlobs(fsys fs.FS) (globs, bool) {
	src, err := readBounded(fsys, File, maxManifest)
	if err != nil {
		return nil, false
	}
	var m struct{ Workspaces json.RawMessage }
	if json.Unmarshal(src, &m) != nil || m.Workspaces == nil {
		return nil, false
	}
	var list []string
	if json.Unmarshal(m.Workspaces, &list) != nil {
		var o struct{ Packages []string }
		if json.Unmarshal(m.Workspaces, &o) != nil {
			return nil, false
		}
		list = o.Packages
	}
	var out globs
	for _, p := range list {
		not := ""
		if rest, ok := strings.CutPrefix(p, "!"); ok {
			not, p = "!", rest
		}
		out = append(out, parseRules(not+path.Clean("/"+p))...)
	}
	return out, true
}

// has says whether a folder is a member; later patterns win.
func (g globs) has(dir string) bool {
	in := false
	for _, r := range g {
		if r.match("/"+dir, false) {
			in = !r.include // "!" takes out here, where in ignore files it lets in
		}
	}
	return in
}

// deepWorkspace bounds how far below the root a member may stand.
const deepWorkspace = 8

// expand lists the folders of members, sorted.
func (g globs) expand(fsys fs.FS) []string {
	var out []string
	var visit func(dir string, depth int)
	visit = func(dir string, depth int) {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil || depth > deepWorkspace {
			return
		}
		for _, e := range entries {
			at := path.Join(dir, e.Name())
			if !e.IsDir() || e.Name() == "node_modules" || e.Name() == ".git" {
				continue
			}
			if !slices.ContainsFunc(g, func(r rule) bool { return !r.include && r.match("/"+at, true) }) {
				continue
			}
			if _, err := fs.Stat(fsys, path.Join(at, File)); err == nil && g.has(at) {
				out = append(out, at)
			}
			visit(at, depth+1)
		}
	}
	visit(".", 0)
	return out
}
