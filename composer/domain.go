package composer

import "facet/view"

// A domState is a domain whose instances are known.
type domState struct {
	ready  bool
	items  []cell
	parent []int32 // by item
	index  []int32 // by item: its place in the list
	start  []int32 // by parent instance, one more than there are
	again  []bool  // by item, once it was asked: see exec.stood
	met    []bool  // by entity: what again is found by
}

// size is the number of instances of a domain. It is asked once everything that can add to them is there.
func (x *exec) size(dom int32) int {
	if dom == 0 {
		return 1
	}
	d := &x.doms[dom]
	if !d.ready {
		x.expand(dom)
	}
	return len(d.items)
}

func (x *exec) expand(dom int32) {
	d, pd := &x.doms[dom], &x.p.domains[dom]
	n := x.size(pd.parent)
	d.items, d.parent, d.index, d.start = d.items[:0], d.parent[:0], d.index[:0], append(d.start[:0], 0)
	d.again = d.again[:0]
	for i := range int32(n) {
		if x.items+len(d.items) > x.e.limits.Items {
			x.swollen = true
		}
		if x.swollen || x.full(dom, len(d.items)) { // lists of lists multiply: they would fill the memory before a byte is written
			d.start = append(d.start, int32(len(d.items)))
			continue
		}
		c, w := x.listOf(pd.list, pd.parent, i)
		if c.kind == kList {
			cells := x.ans[c.ans].cells[c.off : c.off+c.n]
			if w.only == nil {
				d.items = append(d.items, cells...)
				for j := range cells {
					d.parent = append(d.parent, i)
					d.index = append(d.index, int32(w.from+j))
				}
			} else {
				for _, r := range w.only {
					for j := max(r.From, w.from); j <= r.To && j-w.from < len(cells); j++ {
						d.items = append(d.items, cells[j-w.from])
						d.parent = append(d.parent, i)
						d.index = append(d.index, int32(j))
					}
				}
			}
		}
		d.start = append(d.start, int32(len(d.items)))
	}
	if x.items += len(d.items); x.items > x.e.limits.Items {
		x.swollen = true
	}
	d.ready = true
	x.stand(dom, len(d.items))
}

// children is the range of instances below an instance of the parent domain.
func (x *exec) children(dom, i int32) (from, end int32) {
	x.size(dom)
	d := &x.doms[dom]
	return d.start[i], d.start[i+1]
}

// A part is what a window shows of a list.
type part struct {
	from   int // the index of the first item
	length int // of the whole list, at most its max
	want   int // items that the window asks for
	only   []Range
}

// listed makes items of a list that is JSON: an argument, a default, what a function gave.
func (x *exec) listed(c cell) cell {
	if c.kind == kRaw && x.bytes(c)[0] == '[' {
		c, _ = x.explode(c)
	}
	return c
}

// listOf evaluates a list with its window; policies are looked through.
func (x *exec) listOf(id vid, dom, i int32) (cell, part) {
	v := &x.p.vals[id]
	for dom != v.dom {
		i = x.doms[dom].parent[i]
		dom = x.p.domains[dom].parent
	}
	switch v.op {
	case vCut:
		return x.cut(v, dom, i)
	case vOrNull, vOrElse, vOrAbsent:
		if c, w := x.listOf(v.of, dom, i); c.kind == kList {
			return c, w
		}
	}
	c := x.listed(x.cell(id, dom, i))
	return c, part{length: int(c.n), want: int(c.n)}
}

// bounds is what a window asks for: n items from an index, at the most up to max.
func (x *exec) bounds(w *window, dom, i int32) (from, n, most int, only []Range) {
	first := 0
	if w.first != none {
		c := x.cell(w.first, dom, i)
		if c.kind == kInt {
			first = max(0, intOf(x.bytes(c)))
		}
	} else {
		first = w.max
	}
	most = w.max
	if w.take {
		first = min(first, most)
		most = first
	}
	if w.asked >= 0 && w.asked < len(x.r.Windows) {
		a := &x.r.Windows[w.asked]
		if a.Only != nil {
			only = a.Only
			if len(only) == 0 {
				return 0, 0, most, only
			}
			from = min(only[0].From, most)
			return from, min(only[len(only)-1].To+1, most) - from, most, only
		}
		if w.take || w.whole {
			return 0, first, most, nil
		}
		if a.First >= 0 {
			first = a.First
		}
		from = min(max(0, a.After), most)
	}
	return from, min(first, most-from), most, nil
}

// fetchBounds is what a call asks of a paged list.
func (x *exec) fetchBounds(s *spec, dom, i int32) (from, n int) {
	w := &x.p.windows[s.window]
	from, n, most, _ := x.bounds(w, dom, i)
	pg := s.op.op.Page
	if w.whole {
		return 0, view.DefaultMax
	}
	if w.count {
		if pg.Total == nil { // counted by loading
			return 0, most
		}
		n = max(n, 1)
	}
	if !pg.Offset {
		return 0, from + n
	}
	return from, n
}

func (x *exec) cut(v *pval, dom, i int32) (cell, part) {
	c := x.listed(x.cell(v.of, dom, i))
	if c.kind != kList {
		return c, part{}
	}
	w := &x.p.windows[v.idx]
	from, n, most, only := x.bounds(w, dom, i)
	base, total := 0, int(c.n)
	if v.spec >= 0 {
		pv := &x.p.vals[v.spec]
		pd, pi := dom, i
		for pd != pv.dom {
			pi = x.doms[pd].parent[pi]
			pd = x.p.domains[pd].parent
		}
		if col, e, bad := x.locate(pv, pd, pi); bad.kind == kMissing {
			k := &x.cols[col]
			if int(e) < len(k.from) {
				base = int(k.from[e])
				total = int(k.totals[e])
				if total < 0 {
					total = base + int(c.n)
				}
			}
		}
	}
	w2 := part{from: from, length: min(total, most), want: n, only: only}
	skip := min(max(0, from-base), int(c.n))
	c.off += uint32(skip)
	c.n = uint32(max(0, min(int(c.n)-skip, n)))
	return c, w2
}
