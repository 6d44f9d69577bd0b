// Package archtest holds the architecture as data, the import table first of all, and checks every source file against it.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// module is the path of the module in imports.
const module = "facet"

// A source is one file of the tree.
type source struct {
	path  string // slash path from the root
	text  []byte
	fset  *token.FileSet
	file  *ast.File // nil if it is not Go
	lines int
}

func (s *source) dir() string { return path.Dir(s.path) }

// test says whether the file is code that only tests run.
func (s *source) test() bool { return strings.HasSuffix(s.path, "_test.go") || forTests(s.dir()) }

// forTests says whether a folder holds a package for tests: its name ends in "test" and it is no part of the house by itself. A contest
// is none.
func forTests(dir string) bool {
	return strings.HasSuffix(dir, "test") && strings.Contains(dir, "/") && path.Base(dir) != "contest"
}

func (s *source) generated() bool { return s.file != nil && ast.IsGenerated(s.file) }

func (s *source) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(p).Line)
}

// imports are the file's import paths with their places.
func (s *source) imports() map[string]token.Pos {
	out := map[string]token.Pos{}
	if s.file == nil {
		return out
	}
	for _, i := range s.file.Imports {
		out[strings.Trim(i.Path.Value, `"`)] = i.Pos()
	}
	return out
}

// skipped are folders that hold nothing of ours, or nothing that is source.
var skipped = []string{"node_modules", "testdata", "bin"}

// textual are the endings of files besides Go that people write code in.
var textual = []string{".ts", ".tsx", ".js", ".mjs", ".graphqls", ".sh"}

// read parses every source below the root and lists the folders at the top.
func read(fsys fs.FS) (sources []*source, top []string, err error) {
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skipped, d.Name())) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, path.Join(p, "go.mod")); p != "." && err == nil {
				return fs.SkipDir // a module of its own, with libraries of its own
			}
			if p != "." && !strings.Contains(p, "/") {
				top = append(top, p)
			}
			return nil
		}
		isGo := path.Ext(p) == ".go"
		if !isGo && !slices.Contains(textual, path.Ext(p)) {
			return nil
		}
		text, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		s := &source{path: p, text: text, fset: token.NewFileSet(), lines: bytes.Count(text, []byte("\n"))}
		if isGo {
			if s.file, err = parser.ParseFile(s.fset, p, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
				return err
			}
		}
		sources = append(sources, s)
		return nil
	})
	return sources, top, err
}

// below says whether a path is a folder or stands in it.
func below(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// belowAny says whether a path stands in one of the folders; "*" is every folder.
func belowAny(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return f == "*" || below(p, f) })
}
