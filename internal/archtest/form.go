package archtest

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// size keeps files short enough to be of one idea. A longer one says why in a comment line of its own.
func (c *checker) size(s *source) {
	if s.lines <= longest || s.generated() {
		return
	}
	for _, g := range s.file.Comments {
		for line := range strings.Lines(g.Text()) {
			if strings.HasPrefix(line, reason) {
				return
			}
		}
	}
	c.add(s.path, "has %d lines: split it, or say why in a comment line that begins with %q", s.lines, "// "+reason)
}

// functions forbids what happens out of sight: init, and tests that skip themselves.
func (c *checker) functions(s *source) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && !s.generated() {
			c.add(s.at(f.Pos()), "has a func init: wire it where the program is put together")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && isName(sel.X, "t", "b", "f", "tb") && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) && s.imports()["testing"].IsValid() {
			c.add(s.at(call.Pos()), "skips a test: make it run, or leave it out")
		}
		return true
	})
}

// names checks what packages and files are called.
func (c *checker) names(s *source) {
	name := strings.TrimSuffix(s.file.Name.Name, "_test")
	if slices.Contains(vaguePackages, name) || slices.Contains(vaguePackages, path.Base(s.dir())) {
		c.add(s.path, "the package %s says nothing by its name: name it for what it holds", name)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
	if slices.Contains(vague, base) {
		c.add(s.path, "the file says nothing by its name: name it for what it holds")
	}
	if s.generated() != strings.HasSuffix(s.path, ".generated.go") {
		c.add(s.path, "generated files, and no others, are named *.generated.go")
	}
}

// later finds words that put work off. They are put together here so that this file is none of those found.
var later = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func (c *checker) words(s *source) {
	if s.generated() {
		return
	}
	n := 0
	for line := range strings.Lines(string(s.text)) {
		n++
		if w := later.FindString(line); w != "" {
			c.add(s.path, "line %d says %s: do it, or write an issue", n, w)
		}
	}
}

// docs wants one sentence about every package, in one of its files.
func (c *checker) docs(sources []*source) {
	first := map[string]*source{}
	docs := map[string][]*source{}
	for _, s := range sources {
		if s.file == nil || strings.HasSuffix(s.path, "_test.go") || s.generated() {
			continue
		}
		if first[s.dir()] == nil {
			first[s.dir()] = s
		}
		if s.file.Doc != nil {
			docs[s.dir()] = append(docs[s.dir()], s)
		}
	}
	for dir, s := range first {
		name := s.file.Name.Name
		switch have := docs[dir]; len(have) {
		case 0:
			c.add(dir, "the package %s has no sentence that says what it is", name)
		case 1:
			text := have[0].file.Doc.Text()
			if name != "main" && !strings.HasPrefix(text, "Package "+name+" ") {
				c.add(have[0].path, "the package's sentence does not begin with %q", "Package "+name)
			}
			if line, _, _ := strings.Cut(text, "\n\n"); !strings.HasSuffix(strings.TrimSpace(line), ".") {
				c.add(have[0].path, "the package's sentence has no end")
			}
		default:
			c.add(have[1].path, "the package %s is described a second time; the first is in %s", name, have[0].path)
		}
	}
}
