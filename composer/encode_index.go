package composer

import "strconv"

// explode makes item cells of a JSON list that a function gave.
func (x *exec) explode(c cell) (cell, bool) {
	s := scanner{b: x.bytes(c), ans: ansOwn}
	v, ok := s.value(&progValue{elem: &progValue{scalar: scalarRaw}})
	if !ok || v.kind != kList {
		return c, false
	}
	own := &x.ans[ansOwn]
	off := len(own.cells)
	for _, it := range s.cells[v.off : v.off+v.n] {
		if it.kind >= kText && it.kind <= kRaw {
			it.ans = c.ans
			it.off += c.off
		}
		own.cells = append(own.cells, it)
	}
	return cell{kind: kList, deg: c.deg, ans: ansOwn, off: uint32(off), n: v.n}, true
}

// An indexed writes list items under their indices, each once.
type indexed struct {
	g    *grapher
	some bool
	done map[int]bool
}

func (ix *indexed) key(i int, many bool) bool {
	n := &ix.g.x.enc
	if many {
		if ix.done[i] {
			return false
		}
		if ix.done == nil {
			ix.done = map[int]bool{}
		}
		ix.done[i] = true
	}
	if ix.some {
		n.buf = append(n.buf, ',')
	}
	ix.some = true
	n.buf = append(strconv.AppendInt(append(n.buf, '"'), int64(i), 10), `":`...)
	return true
}

func (ix *indexed) name(k string) {
	n := &ix.g.x.enc
	if ix.some {
		n.buf = append(n.buf, ',')
	}
	ix.some = true
	n.buf = append(appendQuoted(n.buf, k), ':')
}

// beyond writes missing markers for the asked indices that the list does not have.
func (ix *indexed) beyond(w part, have int, many bool, age int64) {
	left := maxBeyond
	for _, r := range w.only {
		for i := max(r.From, have); i <= r.To && left > 0; i++ {
			if ix.key(i, many) {
				ix.g.missing(age)
			}
			left--
		}
	}
	ix.g.x.enc.gaps = ix.g.x.enc.gaps || left == 0
}

const maxBeyond = 20_000

func (g *grapher) lengths(ix *indexed, sites []site, age int64) {
	for _, s := range sites {
		for _, k := range s.e.kids {
			if k.kind == emitLength {
				ix.name("length")
				g.x.push("length")
				g.length(k, site{e: k, dom: s.dom, i: s.i}, age)
				g.x.pop()
				return
			}
		}
	}
}

// scalars writes a list of scalars by index.
func (g *grapher) scalars(sites []site, c cell, age int64) {
	x := g.x
	n := &x.enc
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	n.buf = append(n.buf, '{')
	ix := &indexed{g: g}
	many := len(sites) > 1
	for _, s := range sites {
		l, w := x.listOf(s.e.v, s.dom, s.i)
		if l.kind != kList {
			l, w = c, part{length: int(c.n), want: int(c.n)}
			n.gaps = true
		}
		put := func(j int) {
			if !ix.key(j, many) {
				return
			}
			x.pushIndex(j)
			it := x.ans[l.ans].cells[int(l.off)+j-w.from]
			switch it.kind {
			case kNull, kMissing, kError:
				g.null(it, age)
			case kRaw:
				g.atom(age, it)
			case kList:
				g.atom(age, it)
			default:
				g.open(age)
				n.buf = x.appendJSON(n.buf, it)
				g.close(age)
			}
			x.pop()
		}
		have := w.from + int(l.n)
		all := have
		if s := x.stays(s.e, int32(l.n)); s < int32(l.n) {
			x.shorten(int32(l.n), s)
			have = w.from + int(s)
		}
		if w.only == nil {
			for j := w.from; j < have; j++ {
				put(j)
			}
			continue
		}
		for _, r := range w.only {
			for j := max(r.From, w.from); j <= r.To && j < have; j++ {
				put(j)
			}
		}
		n.gaps = n.gaps || all > w.length
		ix.beyond(w, min(all, w.length), many, age)
	}
	g.lengths(ix, sites, age)
	n.buf = append(n.buf, '}')
}

// short writes a list's item that is a reference to an entity. It is false where it is something else, and nothing is written then.
func (g *grapher) short(it site, age int64) bool {
	e := it.e
	if e.kind == emitUnion {
		if e = g.arm(e, it.dom, it.i); e == nil {
			return false
		}
	}
	if e.kind != emitRef || !e.graph {
		return false
	}
	if ln := g.line(e, age); ln != nil && g.refer(ln, it.dom, it.i) {
		return true
	}
	c, bad := g.subject(e, it.dom, it.i)
	if bad {
		return false
	}
	g.ref(e, it, c, age)
	if g.enters {
		g.enter(e, it.dom, it.i, c)
	}
	return true
}

// many writes a list as a branch with integer keys.
func (g *grapher) many(sites []site, age int64) {
	x := g.x
	n := &x.enc
	if c, _ := x.listOf(sites[0].e.v, sites[0].dom, sites[0].i); c.kind != kList {
		g.null(sites[0].e.hole(c), age)
		return
	} else if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	n.buf = append(n.buf, '{')
	ix := indexed{g: g}
	several := len(sites) > 1
	for s, st := range sites {
		c, w := x.listOf(st.e.v, st.dom, st.i)
		from, end := x.children(st.e.each, x.up(st.dom, st.e.dom, st.i))
		if s := x.stays(st.e, end-from); s < end-from {
			x.shorten(end-from, s)
			end = from + s
		}
		for j := from; j < end; j++ {
			index := int(x.doms[st.e.each].index[j])
			if !ix.key(index, several) {
				continue
			}
			it := site{e: st.e.item, dom: st.e.each, i: j}
			if !several && g.short(it, age) {
				continue
			}
			mark := len(g.stack)
			g.stack = append(g.stack, it)
			for _, o := range sites[s+1:] {
				of, oe := x.children(o.e.each, x.up(o.dom, o.e.dom, o.i))
				oe = of + x.stays(o.e, oe-of)
				for k := of; k < oe; k++ {
					if int(x.doms[o.e.each].index[k]) == index {
						g.stack = append(g.stack, site{e: o.e.item, dom: o.e.each, i: k})
					}
				}
			}
			x.pushIndex(index)
			g.value(g.stack[mark:], age)
			g.stack = g.stack[:mark]
			x.pop()
		}
		n.gaps = n.gaps || w.from+int(c.n) > w.length
		ix.beyond(w, min(w.from+int(c.n), w.length), several, age)
	}
	g.lengths(&ix, sites, age)
	n.buf = append(n.buf, '}')
}
