package pack

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A walk finds the files of one package that npm would pack. It follows npm-packlist, whose rules are,
// from weak to strong: what is never of use (version control, editors' leftovers), then "files" or, without
// it, .npmignore or, without that, .gitignore, then what is always packed and what never is. The
// rules of a folder count for all below it; deeper ones are asked later.
type walk struct {
	fsys  fs.FS
	root  string   // of the package, in fsys
	ready bool     // it was installed from a tarball: what is there has been chosen already, so ignore files at its top do not count
	most  int      // files, after which the walk stops
	outer []string // texts of ignore files above the package, in its workspace
	asked []string // paths that "files" names one by one
	found []string // paths in the package
	links []string // links, which are never packed
}

var weak = []string{
	".npmignore", ".gitignore", "**/.git", "**/.svn", "**/.hg", "**/CVS", "**/.git/**", "**/.svn/**", "**/.hg/**", "**/CVS/**",
	"/.lock-wscript", "/.wafpickle-*", "/build/config.gypi", "npm-debug.log", "**/.npmrc", ".*.swp", ".DS_Store", "**/.DS_Store/**", "._*", "**/._*/**", "*.orig", "/archived-packages/**",
}

var strong = []string{
	"/.git", "!/package.json", "!/readme{,.*[^~$]}", "!/copying{,.*[^~$]}", "!/license{,.*[^~$]}", "!/licence{,.*[^~$]}",
	"/.git", "/node_modules", ".npmrc", "/package-lock.json", "/yarn.lock", "/pnpm-lock.yaml", "/bun.lockb",
}

// level is a folder on the way: its rules in order, and whether a rule named it outright.
type level struct {
	parent *level
	name   string // its own name
	rules  []rule
	exact  bool
}

// files lists what npm packs of the package at root.
func (w *walk) files(m packFields) error {
	top := &level{name: path.Base(w.root)}
	if !w.ready {
		top.rules = parseRules(strings.Join(append(slices.Clone(weak), w.outer...), "\n"))
	}
	demands, err := w.chosen(m, top)
	if err != nil {
		return err
	}
	if m.Files == nil && !w.ready {
		if err := w.ignoreFile(w.root, top); err != nil {
			return err
		}
	}
	top.rules = append(top.rules, parseRules(strings.Join(append(demands, m.demanded()...), "\n"))...)
	return w.folder(w.root, top)
}

// packFields is what a package.json says about which files are packed.
type packFields struct {
	Files   []string
	Main    string
	Browser string
	Bin     []string
}

func readPackFields(src []byte) packFields {
	var raw struct {
		Files              []string
		Main, Browser, Bin json.RawMessage
	}
	_ = json.Unmarshal(src, &raw) // what is of the wrong kind counts as not given; ParseManifest reports it
	f := packFields{Files: raw.Files, Main: jsonText(raw.Main), Browser: jsonText(raw.Browser)}
	var bins map[string]string
	if one := jsonText(raw.Bin); one != "" {
		f.Bin = []string{one}
	} else if json.Unmarshal(raw.Bin, &bins) == nil {
		for _, name := range sorted(bins) {
			f.Bin = append(f.Bin, bins[name])
		}
	}
	return f
}

func jsonText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// demanded are the strong rules with what the manifest needs to work.
func (m packFields) demanded() []string {
	out := slices.Clone(strong)
	for _, p := range append([]string{m.Browser, m.Main}, m.Bin...) {
		if p != "" {
			out = append(out, "!/"+p)
		}
	}
	return out
}

// chosen turns "files" into rules: everything is ignored but what it names. A name of one file is a
// demand, which no ignore file takes back.
func (w *walk) chosen(m packFields, top *level) (demands []string, err error) {
	if m.Files == nil {
		return nil, nil
	}
	rules := []string{"*"}
	for _, f := range m.Files {
		if strings.HasPrefix(f, "./") {
			f = f[1:]
		}
		if strings.HasSuffix(f, "/*") {
			f += "*"
		}
		at := path.Join(w.root, path.Clean("/"+strings.TrimLeft(f, "!")))
		info, err := fs.Stat(w.fsys, at)
		switch {
		case err != nil:
			rules = append(rules, "!"+f)
		case info.Mode().IsRegular():
			demands = append([]string{"!" + f}, demands...)
			w.asked = append(w.asked, strings.TrimPrefix(f, "/"))
		case info.IsDir():
			rules = append(rules, "!"+f, "!"+f+"/**")
		}
	}
	top.rules = append(top.rules, parseRules(strings.Join(rules, "\n"))...)
	return demands, nil
}

// ignoreFile adds the rules of a folder's .npmignore, else of its .gitignore.
func (w *walk) ignoreFile(dir string, l *level) error {
	for _, name := range []string{".npmignore", ".gitignore"} {
		text, err := fs.ReadFile(w.fsys, path.Join(dir, name))
		if err == nil {
			l.rules = append(l.rules, parseRules(string(text))...)
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (w *walk) folder(dir string, l *level) error {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, at := e.Name(), path.Join(dir, e.Name())
		if strings.Contains(name, "*") {
			continue
		}
		if len(w.found) > w.most {
			return nil
		}
		file := l.packs(name, false, "")
		folder := l.packs(name, true, "")
		switch {
		case e.Type().IsRegular():
			if file {
				w.found = append(w.found, w.rel(at))
			}
		case e.IsDir():
			if !folder {
				continue
			}
			below := &level{parent: l, name: name, exact: file || l.packs(name+"/", false, ""), rules: parseRules(strings.Join(weak, "\n"))}
			if err := w.ignoreFile(at, below); err != nil {
				return err
			}
			below.rules = append(below.rules, parseRules(strings.Join(w.demandedIn(w.rel(at)), "\n"))...)
			if err := w.folder(at, below); err != nil {
				return err
			}
		case e.Type()&fs.ModeSymlink != 0 && file:
			w.links = append(w.links, w.rel(at))
		}
	}
	return nil
}

// demandedIn are the strong rules of a folder inside the package.
func (w *walk) demandedIn(dir string) []string {
	out := []string{"/.git"}
	for _, f := range w.asked {
		if path.Dir(f) == dir {
			out = append(out, "!"+path.Base(f))
		}
	}
	return out
}

func (w *walk) rel(at string) string {
	if w.root == "." {
		return at
	}
	return strings.TrimPrefix(at, w.root+"/")
}

// packs asks all folders from the top down whether they let an entry through. The entry's path
// is relative to l. With folder it may be one, and is let through also for the sake of what is in it.
func (l *level) packs(entry string, folder bool, base string) bool {
	in := true
	if l.parent != nil {
		name := base
		if name == "" {
			name = entry
		}
		in = l.parent.packs(l.name+"/"+entry, folder, name)
		if !in && !l.exact {
			return false
		}
	}
	for _, r := range l.rules {
		if r.include == in {
			continue
		}
		if r.applies(entry, folder, base) {
			in = r.include
		}
	}
	return in
}

// applies matches an entry from its folder's top ("/a/b") and from anywhere ("a/b"), a folder also with its slash.
func (r rule) applies(entry string, folder bool, base string) bool {
	if r.match("/"+entry, false) || r.match(entry, false) {
		return true
	}
	if !folder {
		return false
	}
	inside := func(p string) bool {
		return r.match("/"+p+"/", false) || r.match(p+"/", false) || r.include && (r.match("/"+p, true) || r.match(p, true))
	}
	return inside(entry) || base != "" && r.anywhere() && inside(base)
}
