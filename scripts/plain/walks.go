package plain

import "github.com/dop251/goja/ast"

// A walk gives each element to a function, and what comes of it to see until that is false; done makes the result.
type walk struct {
	see  func(w *walked, v, got val, i int) bool
	done func(w *walked) val
}

type walked struct {
	call  *call
	out   []val
	found val
	at    int
	yes   bool
}

var walks = map[string]*walk{
	"map": {
		func(w *walked, _, got val, _ int) bool { w.out = append(w.out, got); return true },
		func(w *walked) val { return listVal(w.out) },
	},
	"filter": {
		func(w *walked, v, got val, _ int) bool {
			if got.truthy() {
				w.out = append(w.out, v)
			}
			return true
		},
		func(w *walked) val { return listVal(w.out) },
	},
	"some": {
		func(w *walked, _, got val, _ int) bool { w.yes = got.truthy(); return !w.yes },
		func(w *walked) val { return boolVal(w.yes) },
	},
	"every": {
		func(w *walked, _, got val, _ int) bool { w.yes = !got.truthy(); return !w.yes },
		func(w *walked) val { return boolVal(!w.yes) },
	},
	"find": {
		func(w *walked, v, got val, _ int) bool {
			if got.truthy() {
				w.found = v
				return false
			}
			return true
		},
		func(w *walked) val { return w.found },
	},
	"findIndex": {
		func(w *walked, _, got val, i int) bool {
			if got.truthy() {
				w.at = i + 1
				return false
			}
			return true
		},
		func(w *walked) val { return numVal(float64(w.at - 1)) },
	},
	"forEach": {
		func(*walked, val, val, int) bool { return true },
		func(*walked) val { return undefinedVal },
	},
	"flatMap": {
		func(w *walked, _, got val, _ int) bool {
			if got.tag == pList {
				w.out = append(w.out, w.call.read(got.obj()).vals...)
			} else {
				w.out = append(w.out, got)
			}
			return true
		},
		func(w *walked) val { return listVal(w.out) },
	},
}

func (c *compiler) walk(e *ast.CallExpression, walk *walk, s *scope) func(f *frame, this val) val {
	visit := c.visitor(e.ArgumentList[0], s)
	return func(f *frame, this val) val {
		if this.tag != pList {
			leave()
		}
		c := f.call
		w := walked{call: c}
		was := c.top
		args := c.reserve(3)
		o := c.read(this.obj())
		for i := range len(o.vals) { // what is added meanwhile is not seen
			c.step(1)
			v := o.vals[i]
			args[0], args[1], args[2] = v, numVal(float64(i)), this
			if !walk.see(&w, v, visit(f, args), i) {
				break
			}
		}
		c.top = was
		c.step(len(w.out))
		return walk.done(&w)
	}
}

// visitor is the function that a walk is given.
func (c *compiler) visitor(arg ast.Expression, s *scope) func(f *frame, args []val) val {
	id, ok := arg.(*ast.Identifier)
	if !ok {
		fn := c.function(arg, s)
		if fn == nil {
			c.no(arg, "what is no function here")
		}
		return fn.call
	}
	n := s.find(string(id.Name))
	switch {
	case n == nil: // filter(Boolean), map(String)
		do := globals[string(id.Name)]
		if do == nil || id.Name == "parseInt" {
			c.no(id, "%s as a function", id.Name)
		}
		return func(f *frame, args []val) val { return do(f.call, undefinedVal, args[:1]) }
	case n.self || n.format || n.lowered != "":
		c.no(id, "%s as a function", id.Name)
	case n.code == nil:
		c.no(id, "a variable as a function")
	}
	checked, hops := c.early(n, id, s), s.hops(n.fn)
	return func(f *frame, args []val) val {
		if checked && !n.code.set {
			leave()
		}
		for range hops {
			f = f.up
		}
		return n.code.call(f, args)
	}
}
