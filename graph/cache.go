package graph

import (
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// A Cache says how long what an operation answers to reads may be kept. The zero value keeps nothing.
type Cache struct {
	MaxAge  time.Duration // of what was answered; 0: it is not kept
	Missing time.Duration // of the answer that something does not exist; 0: that is asked again each time
}

// Kept says whether anything is kept.
func (c Cache) Kept() bool { return c.MaxAge > 0 || c.Missing > 0 }

// maxCacheAge bounds how long a graph may have something kept.
const maxCacheAge = 7 * 24 * time.Hour

// cache reads cache: { maxAge, missing }.
func (b *builder) cache(g bag) Cache {
	o := g.object("cache", "maxAge", "missing")
	if v := g.vals["cache"]; v != nil && v.Kind == ast.ObjectValue && len(v.Children) == 0 {
		b.add(o.pos, "G044", `write cache: { maxAge: "1m" }`, "%s says nothing", o.where)
	}
	return Cache{MaxAge: o.age("maxAge"), Missing: o.age("missing")}
}

// age reads "5m", or "0s" where nothing is to be kept; 0 if it is not given.
func (g bag) age(name string) time.Duration {
	s, ok := g.text(name)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s.val)
	if err != nil || d < 0 || d > maxCacheAge {
		g.b.add(s.pos(0), "G016", `write "30s" or "5m"`, "%s: %s is no duration between 0s and %s", g.where, name, maxCacheAge)
		return 0
	}
	return d
}

// cached gives an operation its own cache, or its source's. Mutations have none.
func (b *builder) cached(op *Operation, g bag) {
	switch {
	case op.Mutation && g.has("cache"):
		b.add(g.posOf("cache"), "G044", "leave it out", "%s is a mutation: its answer is never kept", op.subject())
	case op.Mutation:
	case g.has("cache"):
		op.Cache = b.cache(g)
	default:
		op.Cache = op.Source.Cache
	}
}

// Gives are the fields that an operation's answers hold, as "Title.name", each once: what a write to one of them makes old. own are
// those of the entity that the operation is asked about by its Needs, below those of whatever else stands in the answer, which may
// be entities of the same type.
func (g *Graph) Gives(op *Operation) (own, below []string) {
	self, in := gives{g: g, seen: map[string]bool{}}, gives{g: g, seen: map[string]bool{}}
	switch {
	case op.On == OnField && !op.Batch:
		self.add(op.Type, op.Field.Name)
		in.walk(op.Selection, g.Types[op.Field.Type.Named()])
	case op.Selection == nil:
	case op.Selection.Match != nil:
		in.walk(op.Selection, op.Type)
	default: // a row
		for _, it := range op.Selection.Items {
			self.add(op.Type, it.Field)
			if f := op.Type.Field(it.Field); f != nil {
				in.walk(it.Value, g.Types[f.Type.Named()])
			}
		}
	}
	return self.list, in.list
}

type gives struct {
	g    *Graph
	seen map[string]bool
	list []string
}

func (w *gives) add(t *Type, field string) {
	name := t.Name + "." + field
	if !w.seen[name] {
		w.seen[name] = true
		w.list = append(w.list, name)
	}
	if t.Kind == Interface { // a write names the object that has the field
		for _, m := range t.Members {
			if o := w.g.Types[m]; o != nil && o.Kind == Object {
				w.add(o, field)
			}
		}
	}
}

func (w *gives) walk(s *Selection, t *Type) {
	if s == nil || t == nil {
		return
	}
	if m := s.Match; m != nil {
		for i := range m.Cases {
			w.walk(m.Cases[i].Selection, w.g.Types[m.Cases[i].Member])
		}
		if m.Default != nil {
			w.walk(m.Default.Selection, w.g.Types[m.Default.Member])
		}
	}
	for _, it := range s.Items {
		w.add(t, it.Field)
		if f := t.Field(it.Field); f != nil {
			w.walk(it.Value, w.g.Types[f.Type.Named()])
		}
	}
}
