package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"facet/fault"
)

// FromDir packs the package in a folder of this machine: see FromFS. Dependencies and ignore files
// are also looked for above it, up to the root of its npm workspace, or, without one, up to the nearest
// folder that has node_modules.
func FromDir(dir string, l Limits) (*Package, fault.Diagnostics) {
	w, ds := OpenWorkspace(dir, l)
	if ds.Failed() {
		return nil, ds
	}
	return w.Pack(dir)
}

// FromFS packs the package in the folder dir of fsys ("." for all of it) as npm would: what "files" names, or
// all but what .npmignore or .gitignore names, with what npm always adds and without what it always
// leaves out. Dependencies that are no modules are added below node_modules/ from the nearest node_modules in fsys that has them.
// The package is nil if any diagnostic is an error. Positions are in paths of the package.
func FromFS(fsys fs.FS, dir string, l Limits) (*Package, fault.Diagnostics) {
	k := packer{fsys: fsys, dir: path.Clean(dir), box: newBox(l)}
	return k.pack()
}

type packer struct {
	fsys  fs.FS
	dir   string
	outer []string                             // ignore files above, in the workspace
	local func(name string) (*installed, bool) // a member of the workspace, also before npm install linked it; may be nil
	ready bool                                 // installed from a tarball
	box   *box
	m     Manifest
	src   []byte // of the manifest
	ds    fault.Diagnostics
}

func (k *packer) pack() (*Package, fault.Diagnostics) {
	var err error
	if k.src, err = readBounded(k.fsys, path.Join(k.dir, File), maxManifest); err != nil {
		fix := "Run this in a package's folder, or make one with edge init"
		if !errors.Is(err, fs.ErrNotExist) {
			fix = "Make it a readable file of at most 1 MiB"
		}
		k.ds.Add(fault.Pos{File: File}, "P030", fix, "the manifest cannot be read: %v", cleanErr(err))
		return nil, k.ds
	}
	k.m, k.ds = ParseManifest(k.src)
	if len(k.m.Name) == 0 {
		return nil, k.ds
	}
	k.own()
	if !k.ds.Failed() {
		k.bundle()
	}
	p := &Package{Manifest: k.m, Files: k.box.files}
	if !k.ds.Failed() {
		k.entry(p)
		k.weigh(p)
	}
	k.ds.Sort()
	if k.ds.Failed() {
		return nil, k.ds
	}
	p.Digest = DigestOf(p.Files)
	return p, k.ds
}

// own takes the package's own files.
func (k *packer) own() {
	w := &walk{fsys: k.fsys, root: k.dir, ready: k.ready, outer: k.outer, most: k.box.limits.Files}
	fields := readPackFields(k.src)
	fields.Files = k.m.Files
	if err := w.files(fields); err != nil {
		k.ds.Add(fault.Pos{File: File}, "P030", "Make the package's folders readable", "the package cannot be read: %v", cleanErr(err))
		return
	}
	for _, link := range w.links {
		k.ds = append(k.ds, fault.Diagnostic{Pos: fault.Pos{File: link}, Severity: fault.Warn, Code: "P032", Text: "a link is not packed", Fix: "Put the file itself there"})
	}
	for _, name := range w.found {
		if !k.take(path.Join(k.dir, name), name) {
			return
		}
	}
	if _, ok := k.box.files[File]; !ok {
		k.ds.Add(fault.Pos{File: File}, "P030", "Make it a file", "the manifest is not packed")
	}
	k.leftOut()
}

// leftOut warns of an app's documents that are not packed: nothing else would say so before its devices are refused.
func (k *packer) leftOut() {
	if k.m.Edge == nil || len(k.m.Edge.Device) == 0 {
		return
	}
	for _, what := range []string{DocumentsManifest, apolloManifest, DocumentsFolder} {
		_ = fs.WalkDir(k.fsys, path.Join(k.dir, what), func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // what is not there, or cannot be read, is nothing to pack
			}
			name := strings.TrimPrefix(strings.TrimPrefix(at, k.dir), "/")
			if _, packed := k.box.files[name]; packed || !isDocuments(name) {
				return nil
			}
			k.ds = append(k.ds, fault.Diagnostic{Pos: fault.Pos{File: name}, Severity: fault.Warn, Code: "P050",
				Text: "these documents are not packed, so the edge will not know them", Fix: `Add "` + what + `" to "files" in package.json`})
			return fs.SkipAll
		})
	}
}

// take adds one file and says whether to go on.
func (k *packer) take(at, name string) bool {
	info, err := fs.Stat(k.fsys, at)
	if err == nil {
		err = k.box.room(name, info.Size())
	}
	var content []byte
	if err == nil {
		content, err = readBounded(k.fsys, at, k.box.limits.File)
	}
	if err == nil {
		err = k.box.add(name, content)
	}
	if err == nil {
		return true
	}
	switch fault.KindOf(err) {
	case fault.TooLarge, fault.Limit:
		k.ds.Add(fault.Pos{File: name}, "P031", `Name what is needed under "files", or move the rest out`, "%v", err)
		return false
	case fault.Invalid:
		k.ds.Add(fault.Pos{File: name}, "P033", "Rename it", "%v", err)
		return true
	}
	k.ds.Add(fault.Pos{File: name}, "P030", "Make it readable", "the file cannot be read: %v", cleanErr(err))
	return true
}

// entry reports a package of ours whose entry is not packed.
func (k *packer) entry(p *Package) {
	if k.m.Edge == nil {
		return
	}
	if _, err := p.Entry(); err != nil {
		at, fix := []string{"name"}, `Add "exports": "./src/index.ts"`
		switch {
		case k.m.Exports != nil:
			at, fix = []string{"exports"}, `Name a TypeScript or JavaScript file that is packed`
		case k.m.Main != "":
			at, fix = []string{"main"}, `Name a TypeScript or JavaScript file that is packed`
		}
		k.ds.Add(PosIn(k.src, at...), "P021", fix, "the package has no entry: %s", fault.Public(err))
	}
}

// weigh reports a tarball that would be too large; only a package whose files are larger than that can be.
func (k *packer) weigh(p *Package) {
	if k.box.bytes <= k.box.limits.Packed {
		return
	}
	if b, err := p.Tarball(); err != nil || int64(len(b)) > k.box.limits.Packed {
		k.ds.Add(fault.Pos{File: File}, "P031", `Name what is needed under "files", or move the rest out`, "the tarball has %d bytes; it may have %d", len(b), k.box.limits.Packed)
	}
}

// readBounded reads a file of at most most bytes.
func readBounded(fsys fs.FS, at string, most int64) ([]byte, error) {
	f, err := fsys.Open(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path.Base(at), most)
	}
	return b, err
}

// cleanErr leaves out the path that a file system puts into its errors: the diagnostic's position says it.
func cleanErr(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// rootFor finds the folder from which a package's surroundings are read, and the package's path in it.
func rootFor(dir string) (root, rel string, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	if followed, err := filepath.EvalSymlinks(abs); err == nil {
		abs = followed
	}
	for at := abs; ; at = filepath.Dir(at) {
		globs, ok := workspaceGlobs(os.DirFS(at))
		inside, _ := filepath.Rel(at, abs)
		if ok && (at == abs || globs.has(filepath.ToSlash(inside))) {
			root = at
			break
		}
		if _, err := os.Stat(filepath.Join(at, "node_modules")); err == nil && root == "" {
			root = at
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if root == "" {
		root = abs
	}
	inside, err := filepath.Rel(root, abs)
	return root, filepath.ToSlash(inside), err
}

// upward lists dir and the folders above it, nearest first, "." last.
func upward(dir string) []string {
	var out []string
	for ; dir != "."; dir = path.Dir(dir) {
		out = append(out, dir)
	}
	return append(out, ".")
}

// realPath follows the links in a path as far as they stay inside fsys; one that leaves it stays in the path.
func realPath(fsys fs.FS, p string) string {
	done, rest := ".", p
	for range 64 {
		name, tail, _ := strings.Cut(rest, "/")
		at := path.Join(done, name)
		info, err := fs.Lstat(fsys, at)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			target, err := fs.ReadLink(fsys, at)
			next := path.Join(path.Dir(at), target)
			if err != nil || path.IsAbs(target) || next == ".." || strings.HasPrefix(next, "../") {
				return path.Join(at, tail)
			}
			done, rest = ".", path.Join(next, tail)
			continue
		}
		if done, rest = at, tail; rest == "" {
			return done
		}
	}
	return p
}
