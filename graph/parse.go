package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"facet/fault"
)

const (
	maxSource = 4 << 20 // bytes of one graph
	maxTokens = 400_000
)

// Parse reads a graph from SDL with connector directives. All mistakes are collected; if one of them is an error
// (Diagnostics.Failed), the graph is not to be served, though it holds what could be read. It is nil only where the
// text is no SDL at all. The name is what diagnostics call the file.
func Parse(name string, sdl []byte) (*Graph, fault.Diagnostics) {
	var ds fault.Diagnostics
	if len(sdl) > maxSource {
		ds.Add(fault.Pos{File: name}, "G001", "", "the graph is %d bytes long, more than %d", len(sdl), maxSource)
		return nil, ds
	}
	if !utf8.Valid(sdl) {
		ds.Add(fault.Pos{File: name}, "G001", "", "the file is not UTF-8")
		return nil, ds
	}
	src := string(sdl)
	text := newText(name, src)
	doc, err := parser.ParseSchemaWithLimit(&ast.Source{Name: name, Input: src}, maxTokens)
	if err != nil {
		ds.Add(syntaxPos(name, err), "G001", "", "%s", syntaxText(err))
		return nil, ds
	}
	sum := sha256.Sum256(sdl)
	b := &builder{
		text: text, doc: doc, out: &ds,
		g:     &Graph{Digest: "sha256:" + hex.EncodeToString(sum[:]), Source: sdl, Types: map[string]*Type{}},
		defs:  map[string][]*ast.Definition{},
		given: map[*Type]*places{},
		words: map[string]bool{},
		ids:   map[string]bool{},
	}
	b.build()
	ds.Sort()
	return b.g, ds
}

func syntaxPos(name string, err error) fault.Pos {
	var ge *gqlerror.Error
	if errors.As(err, &ge) && len(ge.Locations) > 0 {
		return fault.Pos{File: name, Line: ge.Locations[0].Line, Col: ge.Locations[0].Column}
	}
	return fault.Pos{File: name}
}

func syntaxText(err error) string {
	var ge *gqlerror.Error
	msg := err.Error()
	if errors.As(err, &ge) {
		msg = ge.Message
	}
	return strings.ToLower(msg[:1]) + msg[1:]
}

// A builder turns a parsed document into a Graph, one pass per method, in the order of build.
type builder struct {
	text    *text
	doc     *ast.SchemaDocument
	out     *fault.Diagnostics
	g       *Graph
	defs    map[string][]*ast.Definition // a type's definition and extensions
	order   []string
	words   map[string]bool // directives that the document declares
	pending []pending
	ids     map[string]bool   // of operations
	given   map[*Type]*places // where answers embed a type
}

func (b *builder) build() {
	b.collect()
	b.types()
	b.schemaDirectives()
	b.keys()
	b.connectors()
	b.entities()
	b.selections()
	b.references()
	b.guards()
	b.writes()
	b.loading()
	b.unguarded()
}

func (b *builder) add(pos fault.Pos, code, fix, format string, args ...any) {
	b.out.Add(pos, code, fix, format, args...)
}

func (b *builder) warn(pos fault.Pos, code, fix, format string, args ...any) {
	b.out.Add(pos, code, fix, format, args...)
	(*b.out)[len(*b.out)-1].Severity = fault.Warn
}

// note adds another place to the last diagnostic.
func (b *builder) note(pos fault.Pos, text string) {
	d := &(*b.out)[len(*b.out)-1]
	d.Notes = append(d.Notes, fault.Note{Pos: pos, Text: text})
}
