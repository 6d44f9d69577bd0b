// Package servetest asks one thing over GraphQL, REST and JSON Graph and compares the data.
package servetest

import (
	"fmt"
	"strings"

	"facet/view"
)

// A Question is one thing to ask in three ways: a view, a mutation, or an entity.
type Question struct {
	Name           string // of the subtest; by default what is asked and its fields
	Device, Schema string
	View           string         // or
	Mutation       string         // or
	Shape, Key     string         // an entity of a shape without arguments
	Args           map[string]any // of the view or mutation: JSON values
	// Fields are what is asked, in REST's words: "name,rows(name,items(__typename,title,itemsPage(length)))". Below a match a
	// field is asked of the members that have it.
	Fields string
	First  int // how many items every paged list is asked for; 3 if 0
}

func (q Question) title() string {
	if q.Name != "" {
		return q.Name
	}
	return q.View + q.Mutation + q.Shape + "(" + q.Fields + ")"
}

func (q Question) first() int {
	if q.First == 0 {
		return 3
	}
	return q.First
}

// A field is one name of Fields with what is asked below it.
type field struct {
	name string
	sub  []field
}

// fields reads "a,b(c,d)".
func fields(s string) ([]field, error) {
	p := &fieldParser{s: s}
	out := p.list()
	if p.at != len(s) {
		return nil, fmt.Errorf("fields %q: unexpected %q at %d", s, s[p.at:], p.at)
	}
	return out, nil
}

type fieldParser struct {
	s  string
	at int
}

func (p *fieldParser) list() []field {
	var out []field
	for p.at < len(p.s) {
		start := p.at
		for p.at < len(p.s) && !strings.ContainsRune(",()", rune(p.s[p.at])) {
			p.at++
		}
		if start == p.at {
			return out
		}
		f := field{name: strings.TrimSpace(p.s[start:p.at])}
		if p.at < len(p.s) && p.s[p.at] == '(' {
			p.at++
			f.sub = p.list()
			if p.at == len(p.s) || p.s[p.at] != ')' {
				return out
			}
			p.at++
		}
		out = append(out, f)
		if p.at == len(p.s) || p.s[p.at] != ',' {
			return out
		}
		p.at++
	}
	return out
}

// output is what the question's root gives, and its arguments in declared order; nil if the surface does not have it.
func (q Question) output(s *view.Surface) (*view.Output, []*view.Arg) {
	switch {
	case q.View != "":
		if v, ok := s.View(q.View); ok {
			return v.Def.Output, v.Def.Args
		}
	case q.Mutation != "":
		if m, ok := s.Mutation(q.Mutation); ok {
			return m.Def.Output, m.Def.Args
		}
	default:
		if sh, ok := s.Shape(q.Shape); ok {
			return &view.Output{Kind: view.Ref, Shape: sh.Def.Name, Value: view.None, Each: view.None}, nil
		}
	}
	return nil, nil
}
