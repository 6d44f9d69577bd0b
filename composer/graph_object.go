package composer

import "slices"

// object writes a branch whose keys are the fields of one site, each once. Its leaves are mostly copied from the records of one entity.
func (g *grapher) object(st site, age int64) {
	x := g.x
	n := &x.enc
	n.buf = append(n.buf, '{')
	sc := g.stencil(st, age)
	space, ent := int32(-1), noEntity
	if sc.of != none {
		space, ent = x.holds(sc.of, st.dom, st.i)
	}
	held := holder{of: none}
	for j := 0; j < len(st.e.kids); j++ {
		if ent != noEntity {
			if j = g.row(sc, j, space, ent); j == len(st.e.kids) {
				break
			}
		}
		g.kid(st, j, st.e.kids[j], age, &held)
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

// kid writes a field and its value.
func (g *grapher) kid(st site, j int, k *emit, age int64, held *holder) {
	x := g.x
	n := &x.enc
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
			*held = x.hold(q.of, st.dom, st.i)
		}
		if q != nil && q.dom == st.dom && held.e != noEntity && x.quick(k, q, held.e) || x.plain(k, st.dom, st.i) {
			g.close(keeps)
			return
		}
		n.buf = n.buf[:mark]
	}
	if k.kind == emitID || k.kind == emitKey {
		mark := len(n.buf)
		g.open(keeps)
		if x.identity(k, st.dom, st.i) {
			g.close(keeps)
			return
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

// holds is the entity of an object, with its space; noEntity where there is none, or where a guard has something to say of it.
func (x *exec) holds(of vid, dom, i int32) (space, ent int32) {
	space, ent = x.entityOf(x.item(of, dom, i))
	if ent != noEntity {
		if t := &x.spaces[space]; len(t.bad) > 0 && t.bad[ent] != 0 {
			ent = noEntity
		}
	}
	return space, ent
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
