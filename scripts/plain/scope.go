package plain

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// A compiler turns syntax into closures. It panics with a Unfit where that cannot be.
type compiler struct {
	source  string // as it was parsed
	names   []string
	kind    *Kind
	host    Formatter
	nodes   int  // that were compiled: what a call costs
	changes bool // something changes a list or an object that the call made
	streams bool // results are written while they are computed
}

// A pending is a function while it is compiled.
type pending struct {
	up     *pending
	slots  int
	unset  []int // slots of let and const
	result *Kind // of the program's function, if it writes its result itself
}

// A scope is the names of a block.
type scope struct {
	up    *scope
	fn    *pending
	names map[string]*binding
}

// A binding is a variable, a function, or a function of the bundler's or the host's.
type binding struct {
	fn      *pending
	slot    int
	fixed   bool     // a const
	lexical bool     // nothing before its declaration
	at      file.Idx // of the declaration
	code    *code    // of a function; nil: a variable
	lowered string   // the bundler's name for it
	format  bool     // it is format, of the host
	self    bool     // a function expression's own name
	busy    bool     // its own value is compiled
}

func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.up {
		if n := s.names[name]; n != nil {
			return n
		}
	}
	return nil
}

// top is what the module itself declares.
func (s *scope) top(name string) *binding {
	for s.up != nil {
		s = s.up
	}
	return s.names[name]
}

func (s *scope) inner() *scope { return &scope{up: s, fn: s.fn, names: map[string]*binding{}} }

// variable declares a name. A let or const cannot be read before its declaration.
func (s *scope) variable(id *ast.Identifier, lexical, fixed bool) *binding {
	name := string(id.Name)
	if n := s.names[name]; n != nil && !lexical {
		return n
	}
	n := &binding{fn: s.fn, slot: s.fn.slots, fixed: fixed, lexical: lexical, at: id.Idx}
	s.fn.slots++
	if lexical {
		s.fn.unset = append(s.fn.unset, n.slot)
	}
	s.names[name] = n
	return n
}

// function declares the name of a function whose code comes.
func (s *scope) function(id *ast.Identifier, hoisted bool) *binding {
	n := &binding{fn: s.fn, fixed: true, lexical: !hoisted, at: id.Idx, code: &code{}}
	s.names[string(id.Name)] = n
	return n
}

func (s *scope) hops(to *pending) int {
	n := 0
	for f := s.fn; f != to; f = f.up {
		n++
	}
	return n
}

// early says whether a mention of a name may be reached before its declaration, when that has to be seen at run time: in a function of
// the module that stands above the constant. Where it cannot be told, the engine has to run it.
func (c *compiler) early(n *binding, at ast.Node, s *scope) bool {
	if n.busy {
		c.no(at, "a name in its own declaration")
	}
	if !n.lexical || at.Idx0() > n.at {
		return false
	}
	if s.fn == n.fn || n.fn.up != nil {
		c.no(at, "a name before its declaration")
	}
	return true
}

// initial compiles the value of names that cannot be read in it.
func (c *compiler) initial(of ast.Node, e ast.Expression, s *scope) expr {
	var busy []*binding
	c.ids(of, func(id *ast.Identifier) {
		if n := s.find(string(id.Name)); n != nil && !n.busy {
			n.busy = true
			busy = append(busy, n)
		}
	})
	made := c.expr(e, s)
	for _, n := range busy {
		n.busy = false
	}
	return made
}

// slotOf reads a variable hops functions outwards.
func slotOf(slot, hops int, checked bool) expr {
	switch {
	case checked:
		return func(f *frame) val {
			for range hops {
				f = f.up
			}
			return set(f.slots[slot])
		}
	case hops == 0:
		return func(f *frame) val { return f.slots[slot] }
	case hops == 1:
		return func(f *frame) val { return f.up.slots[slot] }
	}
	return func(f *frame) val {
		for range hops {
			f = f.up
		}
		return f.slots[slot]
	}
}

// set is a variable's value; one that has none yet is an error, which the engine tells.
func set(v val) val {
	if v.tag == pUnset {
		leave()
	}
	return v
}
