package composer

import (
	"encoding/json"

	"facet/fault"
)

// maxWalk bounds the calls of one walk through a list by cursors.
const maxWalk = 50

// walk pages a list by cursors from its start until the window is there. Each page counts as a call.
func (k *call) walk() {
	x := k.x
	var items []cell
	var bad *fault.Error
	s := scanners.Get().(*scanner)
	defer s.put()
	end := k.from + k.n
	ans := k.ans
	k.c.Page.Offset = 0
	for page := 0; ; page++ {
		k.c.Page.Limit = end - len(items)
		x.mu.Lock()
		if page > 0 {
			if x.over || x.steps[k.step].done || page >= maxWalk || x.stats.Calls >= x.e.limits.Calls {
				if !x.over && !x.steps[k.step].done {
					bad = x.e.past("tier calls", x.e.limits.Calls)
					if page >= maxWalk {
						bad = x.e.past("pages of one list", maxWalk)
					}
				}
				x.mu.Unlock()
				break
			}
			if bad = x.afford(x.p.steps[k.step].owners); bad != nil {
				x.mu.Unlock()
				break
			}
			x.stats.Calls++
			ans = x.reserve(k.op)
		}
		a := x.ans[ans]
		x.mu.Unlock()
		bad = x.get(k, &a, s, ans)
		x.mu.Lock()
		if x.over || x.steps[k.step].done {
			x.mu.Unlock()
			if a.release != nil {
				a.release()
			}
			break
		}
		x.stats.read(k, &a)
		x.ans[ans] = a
		if bad == nil {
			k.ans = ans
			x.identify(k, &x.ans[ans])
		}
		x.mu.Unlock()
		if bad != nil {
			break
		}
		root, next := a.cells[rootValue], a.cells[rootNext]
		if root.kind == kError {
			bad = x.errorOf(root)
			break
		}
		if root.kind == kList {
			items = append(items, a.cells[root.off:root.off+root.n]...)
		}
		if root.kind != kList || root.n == 0 || next.kind == kNull || next.kind == kMissing || next.kind == kError || len(items) >= end {
			break
		}
		k.c.Page.After = json.RawMessage(a.body[next.off : next.off+next.n])
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flying--
	if x.over || x.steps[k.step].done {
		return
	}
	if bad != nil {
		x.refuse(k, bad)
	} else {
		own := &x.ans[ansOwn]
		off := len(own.cells)
		own.cells = append(own.cells, items...)
		*x.cols[k.col].at(k.es[0]) = cell{kind: kList, off: uint32(off), n: uint32(len(items))}
		total := int32(-1)
		if c := x.ans[k.ans].cells[rootTotal]; c.kind == kInt {
			total = int32(intOf(x.ans[k.ans].body[c.off : c.off+c.n]))
		}
		x.cols[k.col].page(k.es[0], 0, total)
	}
	x.landed(k.step)
}
