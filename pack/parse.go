package pack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"facet/fault"
)

// maxManifest bounds a package.json in bytes.
const maxManifest = 1 << 20

// ParseManifest reads a package.json. The manifest holds all that could be read, also when
// diagnostics say what could not; positions are in the file "package.json".
func ParseManifest(src []byte) (Manifest, fault.Diagnostics) {
	p := parser{file: File, src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))}
	m := p.manifest()
	p.ds.Sort()
	return m, p.ds
}

// PosIn is where the value at a path stands in a package.json: PosIn(src, "edge", "graph") or
// PosIn(src, "dependencies", "@originals/rows"). A path that leads nowhere gives its last part that does.
func PosIn(src []byte, path ...string) fault.Pos {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	n, _, err := parseJSON(src)
	if err != nil {
		return fault.Pos{File: File}
	}
	for _, name := range path {
		v := n.get(name)
		if v == nil {
			break
		}
		n = v
	}
	return posAt(File, src, n.off)
}

// Pos is where the value at a path stands in the package's manifest, as PosIn gives it.
func (p *Package) Pos(path ...string) fault.Pos { return PosIn(p.Files[File], path...) }

type parser struct {
	file string
	src  []byte
	ds   fault.Diagnostics
}

func (p *parser) add(off int, code, fix, format string, args ...any) {
	p.ds.Add(posAt(p.file, p.src, off), code, fix, format, args...)
}

func (p *parser) manifest() (m Manifest) {
	if len(p.src) > maxManifest {
		p.ds.Add(fault.Pos{File: p.file}, "P001", "Move what is not for npm into a file of its own", "the manifest is longer than %d bytes", maxManifest)
		return m
	}
	if i := invalidUTF8(p.src); i >= 0 {
		p.add(i, "P001", "Save the file as UTF-8", "the manifest is not UTF-8")
		return m
	}
	root, off, err := parseJSON(p.src)
	if err != nil {
		p.add(off, "P001", "Write it as npm reads it: double quotes, no comments, no comma after the last entry", "the manifest is no JSON: %v", err)
		return m
	}
	if !root.is(object) {
		p.add(root.off, "P001", `Write { "name": …, "version": … }`, "the manifest is no JSON object")
		return m
	}
	p.twice(root)
	m.Name = p.text(root, "name")
	m.Version = p.text(root, "version")
	m.Description = p.text(root, "description")
	m.Type = p.text(root, "type")
	m.Main = p.text(root, "main")
	m.Files = p.texts(root, "files")
	m.Dependencies = p.ranges(root, "dependencies")
	m.DevDependencies = p.ranges(root, "devDependencies")
	m.PeerDependencies = p.ranges(root, "peerDependencies")
	if v := root.get("exports"); v != nil {
		m.Exports = json.RawMessage(p.src[v.off:v.end])
	}
	p.identity(root, &m)
	if v := root.get("edge"); v != nil {
		m.Edge = p.edge(v, &m)
	} else if k := p.misspelled(root); k != "" {
		p.add(root.key(k), "P010", `Rename it to "edge"`, "unknown field %q; a package without \"edge\" is no part of the graph's edge", k)
	}
	return m
}

// misspelled finds a top-level key that looks like "edge" but is not.
func (p *parser) misspelled(root *node) string {
	for _, f := range root.fields {
		if slices.Contains([]string{"edges", "egde", "Edge", "EDGE", "facet"}, f.name) && f.value.is(object) {
			return f.name
		}
	}
	return ""
}

func (p *parser) identity(root *node, m *Manifest) {
	const nameFix = `Write it in lower case, as in "@tv/home"`
	switch {
	case root.get("name") == nil:
		p.add(root.off, "P002", `Add "name": "@team/package"`, "the manifest has no name")
	case !ValidName(m.Name):
		p.add(root.get("name").off, "P002", nameFix, "%q is no package name", m.Name)
	case strings.HasPrefix(m.Name, HostScope) && root.get("edge") != nil:
		p.add(root.get("name").off, "P002", "Take another scope", "names under %s are the edge's own", HostScope)
	}
	v, err := ParseVersion(m.Version)
	switch {
	case root.get("version") == nil:
		p.add(root.off, "P003", `Add "version": "0.1.0"`, "the manifest has no version")
	case err != nil || v.v.Original() != m.Version:
		p.add(root.get("version").off, "P003", "Write three numbers, as in 1.4.0 or 2.0.0-rc.1", "%q is no version", m.Version)
	}
	if m.Type != "" && m.Type != "module" && m.Type != "commonjs" {
		p.add(root.get("type").off, "P023", `Write "module" or "commonjs"`, "%q is no module type", m.Type)
	}
}

// twice reports keys that stand twice in one object: JSON readers disagree on which one counts.
func (p *parser) twice(n *node) {
	seen := map[string]int{}
	for _, f := range n.fields {
		if first, ok := seen[f.name]; ok {
			p.add(f.off, "P006", "Keep one of them", "%q is written twice", f.name)
			d := &p.ds[len(p.ds)-1]
			d.Notes = append(d.Notes, fault.Note{Pos: posAt(p.file, p.src, first), Text: "first here"})
			continue
		}
		seen[f.name] = f.off
	}
	for _, f := range n.fields {
		p.twice(f.value)
	}
	for _, v := range n.items {
		p.twice(v)
	}
}

func (p *parser) wrong(v *node, name, want string) {
	p.add(v.off, "P004", "Write "+want, "%q is %s, not %s", name, kindOf(v), want)
}

func kindOf(v *node) string {
	switch v.value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	}
	if v.is(array) {
		return "a list"
	}
	return "an object"
}

// text is a string field, "" if it is not given or no string.
func (p *parser) text(n *node, name string) string {
	v := n.get(name)
	if v == nil {
		return ""
	}
	s, ok := v.value.(string)
	if !ok {
		p.wrong(v, name, "a string")
	}
	return s
}

// texts is a field that is a list of strings, nil if it is not given.
func (p *parser) texts(n *node, name string) []string {
	v := n.get(name)
	if v == nil {
		return nil
	}
	if !v.is(array) {
		p.wrong(v, name, "a list of strings")
		return nil
	}
	out := make([]string, 0, len(v.items))
	for _, item := range v.items {
		s, ok := item.value.(string)
		if !ok {
			p.wrong(item, name, "a list of strings")
			continue
		}
		out = append(out, s)
	}
	return out
}

// other is what npm takes as a dependency besides ranges and dist-tags: addresses of files, archives and repositories.
var other = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|\.{0,2}/|~/|[\w.-]+/[\w.-]+(?:#.*)?$)`)

// ranges is a field of dependencies: names to ranges.
func (p *parser) ranges(n *node, name string) map[string]string {
	v := n.get(name)
	if v == nil {
		return nil
	}
	if !v.is(object) {
		p.wrong(v, name, "an object of names and ranges")
		return nil
	}
	out := map[string]string{}
	for _, f := range v.fields {
		if !ValidName(f.name) {
			p.add(f.off, "P002", "Write the name as the registry has it", "%q is no package name", f.name)
			continue
		}
		s, ok := f.value.value.(string)
		if !ok {
			p.wrong(f.value, f.name, "a range")
			continue
		}
		if _, err := ParseRange(s); err != nil && !tagText.MatchString(s) && !other.MatchString(s) {
			p.add(f.value.off, "P005", `Write a range as npm does, as in "^1.2.0"`, "%q is no version range", s)
		}
		out[f.name] = s
	}
	return out
}

// number is a field that is a whole number of at least least.
func (p *parser) number(n *node, code, name string, least int64) int64 {
	v := n.get(name)
	if v == nil {
		return 0
	}
	text, ok := v.value.(json.Number)
	i, err := strconv.ParseInt(string(text), 10, 64)
	if !ok || err != nil || i < least {
		p.add(v.off, code, fmt.Sprintf("Write a whole number from %d", least), "%q is %s, not a whole number from %d", name, p.show(v), least)
		return 0
	}
	return i
}

// show is a value as it was written, cut to what fits a line.
func (p *parser) show(v *node) string {
	s := string(p.src[v.off:v.end])
	if len(s) > 40 || strings.ContainsAny(s, "\r\n") {
		return kindOf(v)
	}
	return s
}

// only reports the fields of an object that are not among known, with the known name that is near.
func (p *parser) only(n *node, what string, known ...string) {
	for _, f := range n.fields {
		if slices.Contains(known, f.name) {
			continue
		}
		fix := "It may hold: " + strings.Join(known, ", ")
		if k := near(f.name, known); k != "" {
			fix = fmt.Sprintf("Did you mean %q?", k)
		}
		p.add(f.off, "P010", fix, "unknown field %q in %s", f.name, what)
	}
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
