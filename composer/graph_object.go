package composer

import "slices"

// object writes a branch whose keys are the fields of one site, each once. Its leaves are mostly copied from the records of one entity.
func (g *grapher) object(st site, age int64) {
	x := g.x
	n := &x.enc
	n.buf = append(n.buf, '{')
	held := holder{of: none}
	for j, k := range st.e.kids {
		switch {
		case k.name != k.field: // asked under another key, and alone
			if j > 0 {
				n.buf = append(n.buf, ',')
			}
			n.buf = append(appendQuoted(n.buf, k.field), ':')
		case j > 0:
			n.buf = append(n.buf, k.next...)
		default:
			n.buf = append(n.buf, k.key...)
		}
		keeps := maxAge(k.cache, age)
		if k.kind == emitLeaf {
			mark := len(n.buf)
			g.open(keeps)
			q := k.quick
			if q != nil && q.dom == st.dom && held.of != q.of {
				held = x.hold(q.of, st.dom, st.i)
			}
			if q != nil && q.dom == st.dom && held.e != noEntity && x.quick(k, q, held.e) || x.plain(k, st.dom, st.i) {
				g.close(keeps)
				continue
			}
			n.buf = n.buf[:mark]
		}
		if k.kind == emitID || k.kind == emitKey {
			mark := len(n.buf)
			g.open(keeps)
			if x.identity(k, st.dom, st.i) {
				g.close(keeps)
				continue
			}
			n.buf = n.buf[:mark]
		}
		mark := len(g.stack)
		g.stack = append(g.stack, site{e: k, dom: st.dom, i: st.i})
		x.push(k.field)
		g.value(g.stack[mark:], keeps)
		x.pop()
		g.stack = g.stack[:mark]
	}
	some := len(st.e.kids) > 0
	for j, l := range st.e.lacks {
		if st.e.shows(l) || slices.Contains(st.e.lacks[:j], l) {
			continue
		}
		if some {
			n.buf = append(n.buf, ',')
		}
		some = true
		n.buf = append(append(appendQuoted(n.buf, l), ':'), missing...)
	}
	n.buf = append(n.buf, '}')
}

// shows says whether a field is among a node's kids.
func (e *emit) shows(field string) bool {
	for _, k := range e.kids {
		if k.field == field {
			return true
		}
	}
	return false
}
