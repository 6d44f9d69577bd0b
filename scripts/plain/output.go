package plain

import (
	"math"
	"strconv"
)

// A writer writes a result as writer does. What is no value of the declared type is left to the engine, which says why.
type writer struct {
	dst  []byte
	from int
	most int
	call *call
}

func (w *writer) value(v val, k *Kind, depth int) {
	if depth >= maxDepth || len(w.dst)-w.from > w.most {
		leave()
	}
	w.call.step(1)
	switch v.tag {
	case pUndefined, pNull:
		if k.NonNull {
			leave()
		}
		w.dst = append(w.dst, "null"...)
	case pList:
		w.list(v.o.read(), k, depth)
	case pObject:
		w.object(v.o.read(), k, depth)
	default:
		if k.Elem != nil || k.Fields != nil {
			leave()
		}
		w.scalar(v, k)
	}
	if len(w.dst)-w.from > w.most {
		leave()
	}
}

func (w *writer) scalar(v val, k *Kind) {
	switch {
	case v.tag == pString && (k.Values != nil && k.Values[v.s] || k.Values == nil && (k.Name == "String" || k.Name == "ID" || k.Name == "JSON")):
		if len(v.s) > w.most {
			leave()
		}
		w.dst = appendText(w.dst, v.s)
	case v.tag == pBool && k.Values == nil && (k.Name == "Boolean" || k.Name == "JSON"):
		if v.n != 0 {
			w.dst = append(w.dst, "true"...)
		} else {
			w.dst = append(w.dst, "false"...)
		}
	case v.tag == pNumber && k.Values == nil && finite(v.n):
		w.number(v.n, k)
	default:
		leave()
	}
}

func (w *writer) number(x float64, k *Kind) {
	whole := x == math.Trunc(x)
	switch {
	case k.Name == "Int" && whole && x >= math.MinInt32 && x <= math.MaxInt32:
		w.dst = appendNumber(w.dst, x)
	case k.Name == "ID" && whole && math.Abs(x) <= 1<<53:
		w.dst = append(strconv.AppendInt(append(w.dst, '"'), int64(x), 10), '"')
	case k.Name == "Float" || k.Name == "JSON":
		w.dst = appendNumber(w.dst, x)
	default:
		leave()
	}
}

func (w *writer) list(o *obj, k *Kind, depth int) {
	each := k.Elem
	if each == nil {
		if k.Name != "JSON" || k.Values != nil || k.Fields != nil {
			leave()
		}
		each = anything
	}
	w.dst = append(w.dst, '[')
	for i, v := range o.vals {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.value(v, each, depth+1)
	}
	w.dst = append(w.dst, ']')
}

func (w *writer) object(o *obj, k *Kind, depth int) {
	w.dst = append(w.dst, '{')
	switch {
	case k.Fields != nil:
		for i, f := range k.Fields {
			if i > 0 {
				w.dst = append(w.dst, ',')
			}
			w.dst = append(w.dst, f.Key...)
			v, ok := o.get(f.Name)
			if !ok && inherited[f.Name] {
				leave()
			}
			w.value(v, f.Kind, depth+1)
		}
	case k.Elem == nil && k.Values == nil && k.Name == "JSON":
		first := true
		for i, name := range o.names {
			v := o.vals[i]
			if v.tag == pUndefined {
				continue
			}
			if !first {
				w.dst = append(w.dst, ',')
			}
			first = false
			w.dst = append(appendText(w.dst, name), ':')
			w.value(v, anything, depth+1)
		}
	default:
		leave()
	}
	w.dst = append(w.dst, '}')
}
