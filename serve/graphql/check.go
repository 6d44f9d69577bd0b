package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// A Checker reads documents as the edge will, before anybody asks: those that a package is published with. It is for one goroutine.
type Checker struct {
	e    *engine
	left int // ways that are looked at one by one; below 0 so many were looked at together
}

// NewChecker makes one for a device schema.
func NewChecker(s *view.Surface) *Checker {
	return &Checker{New(Options{Introspection: true}).newEngine(s), allWays}
}

// An Operation is what one operation of a document selects.
type Operation struct {
	Name     string // "" if it has none
	Mutation bool
	Line     int // in the document
	// Selections are the ways that its conditions and its nodes can fall, the first with no condition true. Where there are too many ways, one
	// stands for all of them: what any condition lets in is in it.
	Selections []*composer.Selection
}

// A Mistake is what is wrong with a document.
type Mistake struct {
	Line, Col int // in the document; 0: it is about the whole
	Text      string
}

const (
	// maxWays is how many ways of one operation are looked at one by one.
	maxWays = 64
	// allWays is how many of all documents are, and how many after that: who publishes does not get the processor for as long as they like.
	allWays = 8_192
)

// Read parses a document, measures it, validates it and compiles its operations. There are operations only where there is no mistake.
func (c *Checker) Read(text string) ([]Operation, []Mistake) {
	doc, list, f := gate{c.e}.read(text)
	if f != nil {
		return nil, mistakes(list, f)
	}
	if introspects(doc.ast) {
		return nil, []Mistake{{Text: "it asks for the schema, and introspection is off where apps ask"}}
	}
	var out []Operation
	for _, op := range doc.ast.Operations {
		o := Operation{Name: op.Name, Mutation: op.Operation == ast.Mutation}
		if op.Position != nil {
			o.Line = op.Position.Line
		}
		ways := c.ways(doc.programs[op])
		if c.left < -allWays {
			return nil, []Mistake{{Line: o.Line, Text: "the documents can be asked in too many ways: use fewer operations, and fewer variables in @skip and @include"}}
		}
		for _, way := range ways {
			b := &builder{p: doc.programs[op], e: c.e, vars: way.vars, targets: way.targets, out: &compiled{}, left: c.e.h.limits.Nodes}
			made, f := b.build()
			if f != nil {
				return nil, []Mistake{{Line: o.Line, Text: f.Public()}}
			}
			if len(made.selection.Roots) > 0 {
				o.Selections = append(o.Selections, made.selection)
			}
		}
		out = append(out, o)
	}
	return out, nil
}

// A way is how an operation may be asked.
type way struct {
	vars    map[string]any
	targets []target
}

// ways are the values of the conditions, and the shapes that nodes may have. A condition without a value lets in what it stands at.
func (c *Checker) ways(p *program) []way {
	shapes := []*view.Shape{nil}
	if len(p.nodes) > 0 {
		shapes = nil
		for _, name := range c.e.surface.Shapes() {
			if f, ok := c.e.surface.Shape(name); ok && f.Def.Loadable {
				shapes = append(shapes, f.Def)
			}
		}
	}
	var out []way
	add := func(vars map[string]any) {
		for _, sh := range shapes {
			w := way{vars: vars, targets: make([]target, len(p.nodes))}
			for i := range w.targets {
				w.targets[i].shape = sh
			}
			out = append(out, w)
		}
	}
	falls := 1 << len(p.conditions) // the limits bound them
	together := falls > 1 && (falls*len(shapes) > maxWays || falls*len(shapes) > c.left)
	if together {
		falls = 1
	}
	for bits := range falls {
		vars := make(map[string]any, len(p.conditions))
		for i, name := range p.conditions {
			vars[name] = bits>>i&1 == 1
		}
		add(vars)
	}
	if together {
		open := make(map[string]any, len(p.conditions))
		for _, name := range p.conditions {
			open[name] = nil
		}
		add(open)
	}
	c.left -= len(out)
	return out
}

func mistakes(list gqlerror.List, f *fault.Error) (out []Mistake) {
	for _, err := range list {
		m := Mistake{Text: err.Message}
		if len(err.Locations) > 0 {
			m.Line, m.Col = err.Locations[0].Line, err.Locations[0].Column
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		out = append(out, Mistake{Text: f.Public()})
	}
	return out
}
