package scripts

import (
	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"

	"facet/fault"
)

// A stack is where package code is at a moment: the lines and columns of its innermost frames, in the rewritten text.
type stack struct {
	n      int
	key    int // instead of frames: a byte of the bundle, counted from 1
	frames [6]struct{ line, col int }
}

// deepest is how many frames of any code are looked at for a stack.
const deepest = 40

func (r *recorder) stackIn(frames []goja.StackFrame) stack {
	var s stack
	for i := range frames {
		if frames[i].SrcName() != bundleFile {
			continue
		}
		p := frames[i].Position()
		if !r.isInside(p.Line, p.Column) {
			continue
		}
		s.frames[s.n].line, s.frames[s.n].col = p.Line, p.Column
		if s.n++; s.n == len(s.frames) {
			break
		}
	}
	return s
}

// isInside says whether a line and column of the rewritten text has a place in a source.
func (r *recorder) isInside(line, col int) bool {
	at := [2]int{line, col}
	is, known := r.inside[at]
	if !known {
		_, is = r.module.Places.at(line, col)
		if r.inside == nil {
			r.inside = map[[2]int]bool{}
		}
		r.inside[at] = is
	}
	return is
}

// here is the present stack's number; -1 if no package code is running.
func (r *recorder) here() int {
	r.frames = r.vm.CaptureCallStack(deepest, r.frames[:0])
	s := r.stackIn(r.frames)
	if s.n == 0 {
		return -1
	}
	return r.number(s)
}

func (r *recorder) number(s stack) int {
	i, ok := r.known[s]
	if !ok {
		i = len(r.stacks)
		r.stacks = append(r.stacks, s)
		r.known[s] = i
	}
	return i
}

func (r *recorder) stackOf(v goja.Value) stack {
	if v == nil {
		return stack{}
	}
	return r.stackAt(int(v.ToInteger()))
}

func (r *recorder) stackAt(i int) stack {
	if i < 0 || i >= len(r.stacks) {
		return stack{}
	}
	return r.stacks[i]
}

// place is a stack's place for people: the innermost frame of the author's own package. Where a module's code is further
// in, its line is the note.
func (r *recorder) place(s stack) (fault.Pos, *fault.Note) {
	var first fault.Pos
	if s.key > 0 {
		first, _ = r.module.Places.of(s.key - 1)
	}
	for i := range s.n {
		pos, _ := r.module.Places.at(s.frames[i].line, s.frames[i].col)
		if i == 0 {
			first = pos
		}
		if r.module.Places.own(pos) {
			if i == 0 {
				return pos, nil
			}
			return pos, &fault.Note{Pos: first, Text: "in this module"}
		}
	}
	return first, nil
}

// pos is the place of a stack's number.
func (r *recorder) pos(i int) fault.Pos {
	p, _ := r.place(r.stackAt(i))
	return p
}

// key is the number of the place where a function's text names a field of an object, for fields whose values have no place
// of their own; -1 if it names it nowhere or more than once.
func (r *recorder) key(fn goja.Value, name string) int {
	if fn == nil || goja.IsUndefined(fn) {
		return -1
	}
	id := int(fn.ToInteger())
	if id < 0 || id >= len(r.module.Funcs) {
		return -1
	}
	names, known := r.keys[id]
	if !known {
		names = keysIn(r.module.Funcs[id].node)
		if r.keys == nil {
			r.keys = map[int]map[string]int{}
		}
		r.keys[id] = names
	}
	at, ok := names[name]
	if !ok || at < 0 {
		return -1
	}
	return r.number(stack{key: at - r.module.base(r.module.Funcs[id]) + 1})
}

// keysIn are where a function's text names fields of objects; -1 for what it names more than once.
func keysIn(fn ast.Node) map[string]int {
	out := map[string]int{}
	walk(fn, func(n ast.Node) bool {
		o, ok := n.(*ast.ObjectLiteral)
		if !ok {
			return true
		}
		for _, p := range o.Value {
			name, at := "", -1
			switch p := p.(type) {
			case *ast.PropertyShort:
				name, at = p.Name.Name.String(), int(p.Name.Idx)
			case *ast.PropertyKeyed:
				if k, ok := p.Key.(*ast.StringLiteral); ok && !p.Computed {
					name, at = k.Value.String(), int(k.Idx)
				}
			}
			if at < 0 {
				continue
			}
			if _, twice := out[name]; twice {
				at = -1
			}
			out[name] = at
		}
		return true
	})
	return out
}
