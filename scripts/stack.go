package scripts

import (
	"github.com/dop251/goja"

	"facet/fault"
)

// A stack is where package code is at a moment: the lines and columns of its innermost frames, in the rewritten text.
type stack struct {
	n      int
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
		if _, ok := r.module.Places.at(p.Line, p.Column); !ok {
			continue
		}
		s.frames[s.n].line, s.frames[s.n].col = p.Line, p.Column
		if s.n++; s.n == len(s.frames) {
			break
		}
	}
	return s
}

// here is the present stack's number; -1 if no package code is running.
func (r *recorder) here() int {
	s := r.stackIn(r.vm.CaptureCallStack(deepest, nil))
	if s.n == 0 {
		return -1
	}
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
