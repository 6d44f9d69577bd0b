package pack

import (
	"path"
	"slices"
	"strings"

	"facet/fault"
)

// conditions are the words that "exports" may branch on and that hold here, besides "default"; as in Node, the first
// that the manifest writes wins.
var conditions = []string{"edge", "import", "module", "require", "default"}

// Entry is the path of the file that the package's name stands for: by "exports", else "main", else index.
// It must be TypeScript or JavaScript.
func (p *Package) Entry() (string, error) {
	at, err := p.Export(".")
	if err == nil && !isScript(at) {
		return "", fault.New(fault.NotFound, "%s is no script", at)
	}
	return at, err
}

// Export is the path of the file that a subpath stands for: "." is the package's name alone, "./badges" what
// name/badges imports. It follows Node's rules for "exports", with conditions edge, import, module, require and default; without "exports" a
// subpath is a path. A subpath that is not exported, or a file that is not packed, is NotFound.
func (p *Package) Export(subpath string) (string, error) {
	return export(p.Files, "", subpath)
}

// Import is the path of the file that an import in the file from means, by Node's rules with TypeScript's endings: "./card" beside it, "dayjs" or
// "dayjs/plugin/utc" from the nearest bundled dependency. A name that is not bundled is NotFound: it is a module's, or nobody's.
func (p *Package) Import(from, specifier string) (string, error) {
	if specifier == "." || specifier == ".." || strings.HasPrefix(specifier, "./") || strings.HasPrefix(specifier, "../") {
		at := path.Join(path.Dir(from), specifier)
		if found, ok := script(p.Files, at); ok {
			return found, nil
		}
		return "", fault.New(fault.NotFound, "%s imports %q, and no such file is packed", from, specifier)
	}
	name, sub := SplitImport(specifier)
	for _, at := range upward(path.Dir(from)) {
		if path.Base(at) == "node_modules" {
			continue
		}
		dir := path.Join(at, "node_modules", name)
		if _, ok := p.Files[path.Join(dir, File)]; ok {
			return export(p.Files, dir, sub)
		}
	}
	return "", fault.New(fault.NotFound, "%s imports %q, and no such dependency is packed", from, specifier)
}

// SplitImport cuts an import into the package's name and the subpath in it: "@originals/rows/badges" is
// "@originals/rows" and "./badges", a name alone has the subpath ".".
func SplitImport(specifier string) (name, subpath string) {
	parts := strings.SplitN(specifier, "/", 3)
	n := 1
	if strings.HasPrefix(specifier, "@") && len(parts) > 1 {
		n = 2
	}
	name = strings.Join(parts[:n], "/")
	if rest := strings.Join(parts[n:], "/"); rest != "" {
		return name, "./" + rest
	}
	return name, "."
}

func export(files map[string][]byte, dir, subpath string) (string, error) {
	src := files[path.Join(dir, File)]
	root, _, err := parseJSON(src)
	if err != nil {
		return "", &fault.Error{Kind: fault.Invalid, Message: path.Join(dir, File) + " is no JSON", Err: err}
	}
	if e := root.get("exports"); e != nil && e.value != nil {
		target := exported(e, subpath)
		if target == "" {
			return "", fault.New(fault.NotFound, `"exports" does not name %q`, subpath)
		}
		at := path.Join(dir, target)
		if _, ok := files[at]; !ok || !strings.HasPrefix(target, "./") || !inside(dir, at) {
			return "", fault.New(fault.NotFound, `"exports" names %s, which is no file that is packed`, target)
		}
		return at, nil
	}
	tries := []string{subpath}
	if subpath == "." {
		tries = []string{"index"}
		if main, _ := root.text("main"); main != "" {
			tries = []string{main, "index"}
		}
		if module, _ := root.text("module"); module != "" {
			tries = append([]string{module}, tries...)
		}
	}
	for _, t := range tries {
		at := path.Join(dir, t)
		if !inside(dir, at) {
			continue
		}
		if found, ok := script(files, at); ok {
			return found, nil
		}
	}
	return "", fault.New(fault.NotFound, "%s is no file that is packed", path.Join(dir, tries[0]))
}

func (n *node) text(name string) (string, bool) {
	v := n.get(name)
	if v == nil {
		return "", false
	}
	s, ok := v.value.(string)
	return s, ok
}

func inside(dir, at string) bool {
	return at != ".." && !strings.HasPrefix(at, "../") && (dir == "" || at == dir || strings.HasPrefix(at, dir+"/"))
}

// exported is the target of a subpath in "exports", or "".
func exported(e *node, subpath string) string {
	paths := e.is(object) && len(e.fields) > 0 && strings.HasPrefix(e.fields[0].name, ".")
	if !paths {
		if subpath != "." {
			return ""
		}
		return target(e, "")
	}
	if v := e.get(subpath); v != nil && !strings.Contains(subpath, "*") {
		return target(v, "")
	}
	best, star := "", ""
	var found *node
	for _, f := range e.fields {
		before, after, ok := strings.Cut(f.name, "*")
		if !ok || len(subpath) < len(f.name) || !strings.HasPrefix(subpath, before) || !strings.HasSuffix(subpath, after) || len(before) < len(best) {
			continue
		}
		best, found, star = before, f.value, subpath[len(before):len(subpath)-len(after)]
	}
	if found == nil {
		return ""
	}
	return target(found, star)
}

// target follows conditions and takes the first of a list; null hides a subpath.
func target(v *node, star string) string {
	switch {
	case v.is(object):
		for _, f := range v.fields {
			if slices.Contains(conditions, f.name) {
				if t := target(f.value, star); t != "" {
					return t
				}
			}
		}
	case v.is(array):
		for _, item := range v.items {
			if t := target(item, star); t != "" {
				return t
			}
		}
	}
	s, _ := v.value.(string)
	return strings.ReplaceAll(s, "*", star)
}

// endings are tried in this order where an import leaves the ending out; TypeScript goes first because authors publish it.
var endings = []string{".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"}

func isScript(p string) bool {
	return slices.Contains(endings, path.Ext(p)) && path.Ext(p) != ".json" && !strings.HasSuffix(p, ".d.ts")
}

// script finds the file that a path without its ending means: itself, with an ending, TypeScript for
// an ending of JavaScript, or the index of a folder.
func script(files map[string][]byte, at string) (string, bool) {
	if _, ok := files[at]; ok && path.Ext(at) != "" {
		return at, true
	}
	for _, try := range []string{at, path.Join(at, "index")} {
		for _, e := range endings {
			if _, ok := files[try+e]; ok {
				return try + e, true
			}
		}
	}
	for _, e := range [][2]string{{".js", ".ts"}, {".js", ".tsx"}, {".mjs", ".mts"}, {".cjs", ".cts"}, {".jsx", ".tsx"}} {
		if base, ok := strings.CutSuffix(at, e[0]); ok {
			if _, ok := files[base+e[1]]; ok {
				return base + e[1], true
			}
		}
	}
	return "", false
}
