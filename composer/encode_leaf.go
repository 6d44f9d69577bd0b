package composer

import (
	"encoding/json"

	"facet/graph"
)

func (x *exec) writeLeaf(e *emit, dom, i int32) verdict {
	n := &x.enc
	c := x.cell(e.v, dom, i)
	switch c.kind {
	case kText, kEscaped, kInt, kFloat, kBool:
		n.buf = append(n.buf, x.body(c.ans)[c.off:c.off+c.n]...)
		if c.deg != 0 {
			n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		}
		return written
	case kDigits:
		n.buf = append(append(append(n.buf, '"'), x.bytes(c)...), '"')
		return written
	case kRaw, kList:
	default:
		return x.null(e, c)
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
	}
	if c.kind == kList {
		if s := x.stays(e, int32(c.n)); s < int32(c.n) {
			x.shorten(int32(c.n), s)
			c.n = uint32(s)
		}
		return x.writeScalars(e, e.ref, c)
	}
	if e.project {
		n.buf = appendProjected(n.buf, x.bytes(c), e.kids)
		return written
	}
	n.buf = append(n.buf, x.bytes(c)...)
	return written
}

// writeScalars writes a list of scalars; a failed item is null, or makes the list null where items are non-null.
func (x *exec) writeScalars(e *emit, ref graph.TypeRef, c cell) verdict {
	n := &x.enc
	mark := len(n.buf)
	item := graph.TypeRef{}
	if ref.Elem != nil {
		item = *ref.Elem
	}
	sub := emit{nonNull: item.NonNull}
	n.buf = append(n.buf, '[')
	for k := c.off; k < c.off+c.n; k++ {
		it := x.ans[c.ans].cells[k]
		if k > c.off {
			n.buf = append(n.buf, ',')
		}
		v := written
		x.pushIndex(int(k - c.off))
		switch it.kind {
		case kText, kEscaped, kInt, kFloat, kBool, kRaw, kDigits:
			n.buf = x.appendJSON(n.buf, it)
		case kList:
			v = x.writeScalars(&sub, item, it)
		default:
			v = x.null(&sub, it)
		}
		x.pop()
		if v != written {
			return x.settleNull(e, mark, v)
		}
	}
	n.buf = append(n.buf, ']')
	return written
}

// appendProjected writes the asked fields of a computed object's JSON.
func appendProjected(dst, raw []byte, kids []*emit) []byte {
	switch {
	case len(raw) > 0 && raw[0] == '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return append(dst, "null"...)
		}
		dst = append(dst, '[')
		for i, it := range list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendProjected(dst, it, kids)
		}
		return append(dst, ']')
	case len(raw) == 0 || raw[0] != '{':
		return append(dst, raw...)
	}
	dst = append(dst, '{')
	for i, k := range kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, k.key...)
		if k.kind == emitTypename {
			dst = append(append(append(dst, '"'), k.typ...), '"')
			continue
		}
		s := scanner{b: raw}
		v, ok := s.find([]string{k.field})
		if !ok || v == nil {
			dst = append(dst, "null"...)
			continue
		}
		if k.kids != nil {
			dst = appendProjected(dst, v, k.kids)
			continue
		}
		dst = append(dst, v...)
	}
	return append(dst, '}')
}
