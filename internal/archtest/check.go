package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Check reads every source file below the root of fsys and says, sorted, where one breaks a rule of the house: "place: what, and what
// instead". A file that does not parse is an error.
func Check(fsys fs.FS) ([]string, error) {
	sources, top, err := read(fsys)
	if err != nil {
		return nil, err
	}
	return append(check(sources, top), idle(sources)...), nil
}

// check says what the sources themselves break.
func check(sources []*source, top []string) []string {
	c := &checker{}
	for _, folder := range top {
		if rowOf(folder) == nil {
			c.add(folder, "the folder is not in the table of internal/archtest: give it a row with one sentence in ARCHITECTURE.md, or put it below one that is")
		}
	}
	for _, s := range sources {
		c.words(s)
		if s.file == nil {
			continue
		}
		c.inner(s)
		c.outer(s)
		c.sealed(s)
		c.purity(s)
		c.size(s)
		c.functions(s)
		c.names(s)
	}
	c.docs(sources)
	slices.Sort(c.found)
	return slices.Compact(c.found)
}

// idle says which libraries of the table do no work in a folder that has them: what Facet is built on is not left by accident.
func idle(sources []*source) []string {
	var found []string
	for _, l := range libraries {
		for _, in := range l.in {
			if !slices.ContainsFunc(sources, func(s *source) bool {
				if s.file == nil || s.test() || !below(s.dir(), in) {
					return false
				}
				for imported := range s.imports() {
					if below(imported, l.path) {
						return true
					}
				}
				return false
			}) {
				found = append(found, fmt.Sprintf("%s: does not import %s: use it, or take it out of the table and say why in docs/decisions", in, l.path))
			}
		}
	}
	return found
}

type checker struct{ found []string }

func (c *checker) add(place, format string, args ...any) {
	c.found = append(c.found, place+": "+fmt.Sprintf(format, args...))
}

// rowOf is the row of the nearest folder in the table, or nil.
func rowOf(dir string) *row {
	for ; dir != "."; dir = path.Dir(dir) {
		for i := range table {
			if table[i].folder == dir {
				return &table[i]
			}
		}
	}
	return nil
}

// inner checks imports of this module. Tests may import what they like but programs; only they may import packages for tests.
func (c *checker) inner(s *source) {
	r := rowOf(s.dir())
	for imported, pos := range s.imports() {
		dir, ok := strings.CutPrefix(imported, module+"/")
		if !ok {
			continue
		}
		if below(dir, "cmd") && !below(s.dir(), "cmd") {
			c.add(s.at(pos), "imports the program %s: move what is needed into a package", dir)
			continue
		}
		if s.test() {
			continue
		}
		switch {
		case forTests(dir):
			c.add(s.at(pos), "imports %s, which is for tests only", dir)
		case r == nil || below(dir, "fault") || below(dir, r.folder) || belowAny(dir, r.may):
		default:
			c.add(s.at(pos), "%s may not import %s: the table allows %s", r.folder, dir, strings.Join(append([]string{"fault"}, r.may...), ", "))
		}
	}
}

// outer checks that a library is imported only where the table says.
func (c *checker) outer(s *source) {
	if s.test() {
		return
	}
	for imported, pos := range s.imports() {
		for _, l := range libraries {
			if below(imported, l.path) && !belowAny(s.dir(), l.in) {
				c.add(s.at(pos), "%s belongs to %s alone: ask that package for what you need", l.path, strings.Join(l.in, ", "))
			}
		}
		if imported == "testing" {
			c.add(s.at(pos), "only tests and packages for tests import testing")
		}
	}
}

// sealed checks that what a package exports does not speak of a library that it hides.
func (c *checker) sealed(s *source) {
	hidden := map[string]string{} // the name in this file -> library
	for _, i := range s.file.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		for _, l := range libraries {
			if l.sealed && below(p, l.path) && !belowAny(s.dir(), l.open) && !strings.Contains(s.dir(), "/internal/") {
				hidden[importName(i)] = l.path
			}
		}
	}
	if len(hidden) == 0 || s.test() {
		return
	}
	for _, n := range exported(s.file) {
		ast.Inspect(n, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && hidden[x.Name] != "" {
				c.add(s.at(sel.Pos()), "exports %s.%s: no type of %s crosses the package's boundary", x.Name, sel.Sel.Name, hidden[x.Name])
			}
			return true
		})
	}
}

var major = regexp.MustCompile(`^v[0-9]+$`)

// importName is what an import is called in its file.
func importName(i *ast.ImportSpec) string {
	if i.Name != nil {
		return i.Name.Name
	}
	p := strings.Trim(i.Path.Value, `"`)
	if major.MatchString(path.Base(p)) {
		p = path.Dir(p)
	}
	name := path.Base(p)
	return strings.TrimSuffix(strings.TrimPrefix(name, "go-"), "-go")
}

// exported lists the types that stand in exported declarations: signatures, exported fields, declared types of variables.
func exported(f *ast.File) []ast.Node {
	var out []ast.Node
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
				out = append(out, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						out = append(out, visible(spec.Type)...)
					}
				case *ast.ValueSpec:
					if spec.Type != nil && slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported) {
						out = append(out, spec.Type)
					}
				}
			}
		}
	}
	return out
}

func exportedReceiver(l *ast.FieldList) bool {
	t := l.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// visible is the part of a type that other packages see: of a struct its exported and embedded fields.
func visible(t ast.Expr) []ast.Node {
	s, ok := t.(*ast.StructType)
	if !ok {
		return []ast.Node{t}
	}
	var out []ast.Node
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
			out = append(out, f.Type)
		}
	}
	return out
}

// purity keeps network, processes and the clock out of what is data.
func (c *checker) purity(s *source) {
	r := rowOf(s.dir())
	if r == nil || !r.pure || s.test() {
		return
	}
	for imported, pos := range s.imports() {
		if slices.Contains(impure, imported) && !(r.reads && slices.Contains(reading, imported)) {
			c.add(s.at(pos), "%s is pure and imports %s: take what it gives as an argument", r.folder, imported)
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && isName(sel.X, "time") && slices.Contains(clock, sel.Sel.Name) {
			c.add(s.at(sel.Pos()), "%s is pure and uses time.%s: take the time as an argument", r.folder, sel.Sel.Name)
		}
		return true
	})
}

func isName(e ast.Expr, names ...string) bool {
	x, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, x.Name)
}
