package pack

import (
	"slices"
	"strings"

	"facet/fault"
)

// An Export is what a package's entry offers by one name, as far as its text says.
type Export struct {
	Name string
	Kind string // "function", "shape", "value", "type", "interface", "class", "enum" or "?" if its declaration was not found
	Pos  fault.Pos
	// Params are a function's parameters, each as it is written: "t: { source: Value<string> }", "size?: number".
	Params []string
	// Type is what is written behind the name: of a value, a function's result, a type's right side, an interface's body; "" if nothing is.
	Type string
}

const (
	maxExportFiles = 200
	maxExportDepth = 30
)

// Exports lists what the package's entry exports, following the package's own files, sorted by name. What comes from other packages is listed
// as Kind "?". It reads declarations only: what the compiler would infer of a value that has no annotation is not known.
func Exports(p *Package) ([]Export, error) {
	entry, err := p.Entry()
	if err != nil {
		return nil, err
	}
	r := &exportReader{pkg: p, files: map[string]*declared{}}
	found := map[string]Export{}
	r.of(entry, found, 0)
	out := make([]Export, 0, len(found))
	for _, name := range sorted(found) {
		out = append(out, found[name])
	}
	return out, nil
}

type exportReader struct {
	pkg   *Package
	files map[string]*declared
}

// declared is what a file declares and exports.
type declared struct {
	all     map[string]Export // declarations by name
	exports map[string]string // exported name -> declared name
	from    []reexport
	imports map[string]reexport // local name -> where it comes from
}

type reexport struct {
	name, as string // "*" for all
	file     string // as written
	pos      fault.Pos
}

// of adds what a file exports.
func (r *exportReader) of(file string, into map[string]Export, deep int) {
	d := r.read(file)
	if d == nil || deep > maxExportDepth {
		return
	}
	for as, name := range d.exports {
		x, ok := d.all[name]
		if !ok {
			if from, imported := d.imports[name]; imported {
				x, ok = r.one(file, from, deep), true
			}
		}
		if !ok {
			x = Export{Kind: "?", Pos: fault.Pos{File: file, Line: 1, Col: 1}}
		}
		x.Name = as
		into[as] = x
	}
	for _, from := range d.from {
		if from.name != "*" {
			x := r.one(file, from, deep)
			x.Name = from.as
			into[from.as] = x
			continue
		}
		if from.as != "" {
			into[from.as] = Export{Name: from.as, Kind: "value", Pos: from.pos}
			continue
		}
		more := map[string]Export{}
		if at := r.resolve(file, from.file); at != "" {
			r.of(at, more, deep+1)
		}
		for name, x := range more {
			if _, own := into[name]; !own && name != "default" {
				into[name] = x
			}
		}
	}
}

// one is what a name of another file is.
func (r *exportReader) one(file string, from reexport, deep int) Export {
	if at := r.resolve(file, from.file); at != "" {
		there := map[string]Export{}
		r.of(at, there, deep+1)
		if x, ok := there[from.name]; ok {
			return x
		}
	}
	return Export{Kind: "?", Pos: from.pos}
}

// resolve is the file of the package that a relative path means; "" if it is none.
func (r *exportReader) resolve(file, spec string) string {
	if !strings.HasPrefix(spec, ".") {
		return ""
	}
	at, err := r.pkg.Import(file, spec)
	if err != nil {
		return ""
	}
	return at
}

func (r *exportReader) read(file string) *declared {
	if d, ok := r.files[file]; ok {
		return d
	}
	src, ok := r.pkg.Files[file]
	if !ok || len(r.files) >= maxExportFiles {
		return nil
	}
	d := &declared{all: map[string]Export{}, exports: map[string]string{}, imports: map[string]reexport{}}
	r.files[file] = d
	s := &statements{file: file, tokens: scan(string(src)), out: d}
	s.read()
	return d
}

// A Break is an export that users of an earlier version cannot go on using.
type Break struct {
	Name string
	Pos  fault.Pos // in the new version; where it was in the old one if it is gone
	Gone bool      // Pos is of the old version
	Text string    // "the parameter t needs year, which it did not"
}

// Breaks compares the exports of two versions: names that are gone, other kinds, parameters that callers do not give or that take
// something else, results and types that are written otherwise. What has no annotation is not compared.
func Breaks(before, after []Export) []Break {
	var out []Break
	for _, a := range before {
		i := slices.IndexFunc(after, func(b Export) bool { return b.Name == a.Name })
		if i < 0 {
			out = append(out, Break{a.Name, a.Pos, true, "is not exported any more"})
			continue
		}
		b := after[i]
		if text := breaks(a, b); text != "" {
			out = append(out, Break{a.Name, b.Pos, false, text})
		}
	}
	return out
}

func breaks(a, b Export) string {
	if a.Kind == "?" || b.Kind == "?" {
		return ""
	}
	types := func(k string) bool { return k == "type" || k == "interface" }
	if a.Kind != b.Kind && !(types(a.Kind) && types(b.Kind)) {
		if a.Kind == "value" || b.Kind == "value" {
			if a.Kind != "shape" && b.Kind != "shape" && a.Type == "" && b.Type == "" {
				return "" // what a value is without an annotation is not known: it may be a function
			}
		}
		return "was a " + a.Kind + " and is a " + b.Kind
	}
	if a.Kind == "function" {
		if text := breaksCall(a.Params, b.Params); text != "" {
			return text
		}
	}
	if a.Type == "" || b.Type == "" || a.Type == b.Type {
		return ""
	}
	if was, ok := members(a.Type); ok {
		if is, ok := members(b.Type); ok {
			return breaksMembers(was, is, a.Kind == "function")
		}
	}
	what := "its type"
	if a.Kind == "function" {
		what = "its result"
	}
	return what + " was " + short(a.Type) + " and is " + short(b.Type)
}

// breaksCall says why calls that were right are not any more.
func breaksCall(before, after []string) string {
	for i, p := range after {
		name, optional, typ := param(p)
		if i >= len(before) {
			if !optional {
				return "needs the parameter " + name + ", which it did not have"
			}
			continue
		}
		_, was, old := param(before[i])
		switch {
		case was && !optional:
			return "the parameter " + name + " was optional and is needed"
		case old == "" || typ == "" || old == typ:
		case strings.HasPrefix(typ, old+" | ") || strings.HasSuffix(typ, " | "+old): // it takes more
		default:
			from, ok := members(old)
			to, ok2 := members(typ)
			if !ok || !ok2 {
				return "the parameter " + name + " took " + short(old) + " and takes " + short(typ)
			}
			if text := breaksTaken(from, to); text != "" {
				return "the parameter " + name + " " + text
			}
		}
	}
	if len(after) < len(before) {
		name, _, _ := param(before[len(after)])
		return "does not take the parameter " + name + " any more"
	}
	return ""
}

func breaksTaken(was, is map[string]member) string {
	for _, name := range sorted(is) {
		old, had := was[name]
		switch {
		case !had && !is[name].optional:
			return "needs " + name + ", which it did not"
		case had && old.optional && !is[name].optional:
			return "needs " + name + ", which could be left out"
		case had && old.typ != is[name].typ && !strings.HasPrefix(is[name].typ, old.typ+" | "):
			return "took " + short(old.typ) + " as " + name + " and takes " + short(is[name].typ)
		}
	}
	return ""
}

// breaksMembers compares object types that a name stands for: given says that users only read them.
func breaksMembers(was, is map[string]member, given bool) string {
	for _, name := range sorted(was) {
		now, has := is[name]
		switch {
		case !has:
			return "has no " + name + " any more"
		case now.typ != was[name].typ:
			return name + " was " + short(was[name].typ) + " and is " + short(now.typ)
		case now.optional && !was[name].optional:
			return name + " was always there and is optional"
		}
	}
	if given {
		return ""
	}
	return breaksTaken(was, is)
}

func short(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
