package graph

import (
	"slices"
	"strings"
)

// Prune is the query of a GraphQL operation cut down to what is wanted of its answer: fields are dotted paths of graph fields
// as a tiers.Call names them; none: all that the selection gives. Keys, what tells a union's member and what pages a list
// stay. So do all of a mutation's effects. Variables that nothing uses any more are left out.
func (op *Operation) Prune(fields []string) *Document {
	doc, root := op.GraphQL.Query, op.Reads(fields)
	d := *doc
	d.Fields = root.keep(doc.Fields, doc.Mutation)
	if len(d.Fields) == 0 {
		d.Fields = []*DocumentField{{Key: "__typename", Text: "__typename"}}
	}
	used := slices.Clone(doc.uses)
	uses(d.Fields, &used)
	d.Variables = slices.DeleteFunc(slices.Clone(doc.Variables), func(v DocumentVariable) bool { return !slices.Contains(used, v.Name) })
	return &d
}

func uses(list []*DocumentField, into *[]string) {
	for _, f := range list {
		*into = append(*into, f.uses...)
		uses(f.Fields, into)
	}
}

// Reads is what is read of one value of an answer: all of it, or what some keys of its object, or of its list's objects, hold.
type Reads struct {
	All    bool
	Misfit []byte // of a leaf that is read whole; see Selection
	Below  map[string]*Reads
}

// Reads says what the operation reads of its answer for fields, which are what Prune takes.
func (op *Operation) Reads(fields []string) *Reads {
	root := &Reads{All: op.Selection == nil}
	w := wanted{fields: fields, always: op.Needs}
	w.value(op.Selection, root, "", true)
	if op.Page != nil {
		for _, p := range []*Path{op.Page.Total, op.Page.Next} {
			if p != nil {
				root.at(p.Steps).All = true
			}
		}
	}
	return root
}

func (n *Reads) at(steps []string) *Reads {
	for _, s := range steps {
		if n.Below == nil {
			n.Below = map[string]*Reads{}
		}
		if n.Below[s] == nil {
			n.Below[s] = &Reads{}
		}
		n = n.Below[s]
	}
	return n
}

// keep copies the fields that are needed. Of an object that is wanted though nothing in it is, its type's name stays.
func (n *Reads) keep(list []*DocumentField, every bool) (kept []*DocumentField) {
	if n.All {
		return list
	}
	for _, f := range list {
		if f.Key == "" {
			if below := n.keep(f.Fields, every); len(below) > 0 {
				c := *f
				c.Fields = below
				kept = append(kept, &c)
			}
			continue
		}
		m := n.Below[f.Key]
		if m == nil && !every {
			continue
		}
		if m == nil {
			m = &Reads{}
		}
		c := *f
		if c.Fields = m.keep(f.Fields, false); len(f.Fields) > 0 && len(c.Fields) == 0 {
			c.Fields = []*DocumentField{{Key: "__typename", Text: "__typename"}}
		}
		kept = append(kept, &c)
	}
	return kept
}

// A wanted collects what is read of an answer for some fields.
type wanted struct {
	fields []string
	always []string // fields of a row that are read to match it
}

func (w *wanted) value(s *Selection, n *Reads, prefix string, row bool) {
	if s == nil || s.Literal != nil {
		return
	}
	n = n.at(s.Path.Steps)
	switch {
	case s.Match != nil:
		if len(s.Match.Cases) > 0 {
			on := n.at(s.Match.On.Steps)
			on.All, on.Misfit = true, []byte("true")
		}
		for i := range s.Match.Cases {
			w.items(s.Match.Cases[i].Selection, n, prefix, row)
		}
		if s.Match.Default != nil {
			w.items(s.Match.Default.Selection, n, prefix, row)
		}
	case s.Items == nil:
		n.All, n.Misfit = true, s.Misfit
	default:
		w.items(s, n, prefix, row)
	}
}

func (w *wanted) items(s *Selection, n *Reads, prefix string, row bool) {
	for _, it := range s.Items {
		name := prefix + it.Field
		if w.wants(name) || row && slices.Contains(w.always, it.Field) {
			w.value(it.Value, n, name+".", false)
		}
	}
}

func (w *wanted) wants(name string) bool {
	return len(w.fields) == 0 || slices.ContainsFunc(w.fields, func(f string) bool {
		rest, ok := strings.CutPrefix(f, name)
		return ok && (rest == "" || rest[0] == '.')
	})
}

// asked checks that a GraphQL connector's query asks for what its selection and its paging read.
func (b *builder) asked(op *Operation) {
	if op.GraphQL == nil || op.GraphQL.Query == nil {
		return
	}
	root := []*DocumentField{{Fields: op.GraphQL.Query.Fields}}
	b.askedFor(op.Selection, root, nil)
	if op.Page == nil {
		return
	}
	for _, p := range []*Path{op.Page.Total, op.Page.Next} {
		if p != nil {
			b.askedPath(&Selection{Path: *p, Pos: op.Pos}, root, nil)
		}
	}
}

// askedFor follows a selection below fields of the query; path leads to them, for people.
func (b *builder) askedFor(s *Selection, in []*DocumentField, path []string) {
	if s == nil || s.Literal != nil {
		return
	}
	in, path = b.askedPath(s, in, path)
	if in == nil {
		return
	}
	if m := s.Match; m != nil {
		if len(m.Cases) > 0 {
			b.askedPath(&Selection{Path: m.On, Pos: s.Pos}, in, path)
		}
		for i := range m.Cases {
			b.askedFor(m.Cases[i].Selection, in, path)
		}
		if m.Default != nil {
			b.askedFor(m.Default.Selection, in, path)
		}
		return
	}
	for _, it := range s.Items {
		b.askedFor(it.Value, in, path)
	}
}

// askedPath follows a path; nil where it leaves the query, said then, or goes into a leaf: that may be any JSON.
func (b *builder) askedPath(s *Selection, in []*DocumentField, path []string) ([]*DocumentField, []string) {
	path = slices.Clone(path)
	for _, step := range s.Path.Steps {
		var names []string
		var next []*DocumentField
		leaf := true
		for _, f := range in {
			leaf = leaf && len(f.Fields) == 0
			keys(f.Fields, func(k *DocumentField) {
				names = append(names, k.Key)
				if k.Key == step {
					next = append(next, k)
				}
			})
		}
		path = append(path, step)
		if leaf {
			return nil, nil
		}
		if next == nil {
			fix := meant(step, slices.Compact(slices.Sorted(slices.Values(names))))
			b.add(s.Pos, "G053", fix, "the selection reads %s, which the query does not ask for", strings.Join(path, "."))
			return nil, nil
		}
		in = next
	}
	return in, path
}

// keys yields the fields of an object, those in fragments too.
func keys(list []*DocumentField, f func(*DocumentField)) {
	for _, d := range list {
		if d.Key == "" {
			keys(d.Fields, f)
			continue
		}
		f(d)
	}
}
