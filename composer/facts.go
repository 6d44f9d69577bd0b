package composer

import (
	"slices"
	"strings"
)

// facts lists what the answer read of entities, sorted: type, key, field, arguments.
func (x *exec) facts() []Fact {
	var out []Fact
	for id := range x.p.vals {
		v := &x.p.vals[id]
		if v.op != vField && v.op != vFieldOp || v.of == none {
			continue
		}
		n := int32(x.known(v.dom))
		for i := range n {
			s, e := x.entityOf(x.cell(v.of, v.dom, i))
			if e == noEntity {
				continue
			}
			f := Fact{Type: x.p.spaces[s].typ.Name, Key: string(x.spaces[s].key(e)), Field: v.name, Args: "{}"}
			if v.op == vFieldOp {
				sp := x.p.specs[v.spec]
				if _, null := x.lacking(sp, v.dom, i); null.kind != kMissing {
					continue // it was not asked for
				}
				f.Args = x.factArgs(sp, v.dom, i)
				f.Context = sp.op.op.Context
			}
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Fact) int {
		return strings.Compare(a.Type+"\x00"+a.Key+"\x00"+a.Field+"\x00"+a.Args, b.Type+"\x00"+b.Key+"\x00"+b.Field+"\x00"+b.Args)
	})
	return slices.CompactFunc(out, func(a, b Fact) bool {
		return a.Type == b.Type && a.Key == b.Key && a.Field == b.Field && a.Args == b.Args
	})
}

// known is the size of a domain, 0 if the answer never got there.
func (x *exec) known(dom int32) int {
	if dom != 0 && !x.doms[dom].ready {
		return 0
	}
	return x.size(dom)
}

func (x *exec) factArgs(s *spec, dom, i int32) string {
	b := []byte{'{'}
	for k, a := range s.args {
		if a == none {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, s.op.op.Args[k]), ':')
		b = x.appendJSON(b, x.argument(s, k, dom, i))
	}
	return string(append(b, '}'))
}
