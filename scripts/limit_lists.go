package scripts

import (
	"math"
	"slices"
	"strconv"

	"github.com/dop251/goja"
)

// indexNames are the property names of small indices.
var indexNames = func() (out [256]string) {
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}()

func indexName(i int) string {
	if i < len(indexNames) {
		return indexNames[i]
	}
	return strconv.Itoa(i)
}

// boundLists guards the methods of lists. Those that would ask another list for its length, or call a function of the language for
// each item, are done anew: between the guard and the native a getter could change what was measured.
func (m *machine) boundLists() {
	array := m.global("Array")
	proto := m.prototype("Array")
	m.guard(proto, func(c *goja.FunctionCall) { // texts of one length are compared to their ends
		n := m.items(c.This)
		if s, ok := c.Argument(0).(goja.String); ok && int64(n)*int64(s.Length()) > maxCompared {
			m.exceed(LimitString, "a text of %d units was looked for in a list of %d items", s.Length(), n)
		}
	}, "indexOf", "lastIndexOf", "includes")
	m.guard(proto, func(c *goja.FunctionCall) { m.items(c.This) },
		"fill", "reverse", "shift", "copyWithin", "at", "pop",
		"forEach", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce", "reduceRight", "keys", "values", "entries")
	m.guard(proto, func(c *goja.FunctionCall) {
		n := m.items(c.This) + len(c.Arguments)
		if n > maxItems {
			m.exceed(LimitArray, "a list of %d items", n)
		}
		m.charge(int64(n) * sizeOfItem)
	}, "slice", "splice", "unshift", "map", "filter", "toReversed", "toSpliced", "with")
	m.guard(proto, func(c *goja.FunctionCall) {
		if n := m.items(c.This) + len(c.Arguments); n > maxItems {
			m.exceed(LimitArray, "a list of %d items", n)
		}
		m.charge(int64(len(c.Arguments)) * sizeOfItem)
	}, "push")
	m.guard(array, func(c *goja.FunctionCall) { m.charge(int64(len(c.Arguments)) * sizeOfItem) }, "of")
	m.put(array, "from", m.from)
	m.put(proto, "concat", m.concat)
	m.put(proto, "flat", m.flat)
	m.put(proto, "flatMap", m.flatMap)
	m.put(proto, "sort", func(c goja.FunctionCall) goja.Value { return m.sort(c, c.This.ToObject(m.vm)) })
	m.put(proto, "toSorted", func(c goja.FunctionCall) goja.Value {
		return m.sort(c, m.array(m.values(c.This)))
	})
	join := func(c goja.FunctionCall) goja.Value { return m.join(c) }
	m.put(proto, "join", join)
	m.put(proto, "toString", func(c goja.FunctionCall) goja.Value {
		if o, ok := c.This.(*goja.Object); !ok || o.ClassName() != "Array" {
			return member(m.prototype("Object"), "toString")(c)
		}
		c.Arguments = nil
		return m.join(c)
	})
	// The iterator of lists is values: both names are one function.
	_ = proto.DefineDataPropertySymbol(goja.SymIterator, proto.GetSymbol(goja.SymIterator), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// values are a list's items; nil is a hole.
func (m *machine) values(v goja.Value) []any {
	n := m.items(v)
	m.charge(int64(n) * sizeOfItem)
	o := v.ToObject(m.vm)
	out := make([]any, 0, n)
	for i := range n {
		if i&1023 == 1023 {
			m.charge(0)
		}
		out = append(out, o.Get(indexName(i)))
	}
	return out
}

// array is a list of values; where one is nil it has a hole.
func (m *machine) array(values []any) *goja.Object {
	a := m.vm.NewArray(values...)
	for i, v := range values {
		if v == nil || v == goja.Value(nil) {
			_ = a.Delete(indexName(i))
		}
	}
	return a
}

func (m *machine) from(c goja.FunctionCall) goja.Value {
	src, with := c.Argument(0), codeOf(c.Argument(1))
	if goja.IsUndefined(src) || goja.IsNull(src) {
		panic(m.vm.NewTypeError("Array.from of nothing"))
	}
	if with == nil && !goja.IsUndefined(c.Argument(1)) {
		panic(m.vm.NewTypeError("Array.from takes a function second"))
	}
	var out []any
	if o, ok := src.(*goja.Object); ok && o.GetSymbol(goja.SymIterator) == nil {
		n := o.Get("length")
		var length float64
		if n != nil {
			length = math.Trunc(n.ToFloat())
		}
		if length > maxItems {
			m.exceed(LimitArray, "a list of %.0f items", length)
		}
		if length > 0 {
			m.charge(int64(length) * sizeOfItem)
			for i := range int(length) {
				out = append(out, at(o, i))
			}
		}
	} else if _, number := src.(goja.String); ok || number {
		out = m.list(src, maxItems)
	}
	if with != nil {
		for i, v := range out {
			m.charge(0)
			out[i] = with(goja.FunctionCall{This: c.Argument(2), Arguments: []goja.Value{v.(goja.Value), m.vm.ToValue(i)}})
		}
	}
	return m.vm.NewArray(out...)
}

func (m *machine) concat(c goja.FunctionCall) goja.Value {
	out := m.values(c.This)
	for _, v := range c.Arguments {
		if o, ok := v.(*goja.Object); ok && o.ClassName() == "Array" {
			out = append(out, m.values(v)...)
		} else {
			out = append(out, v)
		}
		if len(out) > maxItems {
			m.exceed(LimitArray, "a list of %d items", len(out))
		}
	}
	m.charge(int64(len(out)) * sizeOfItem)
	return m.array(out)
}

func (m *machine) flat(c goja.FunctionCall) goja.Value {
	depth := 1.0
	if d := c.Argument(0); !goja.IsUndefined(d) {
		depth = d.ToFloat()
	}
	return m.vm.NewArray(m.flatten(nil, c.This, depth, 0)...)
}

func (m *machine) flatten(out []any, v goja.Value, depth float64, nested int) []any {
	if nested > maxNest {
		m.exceed(LimitDepth, "lists nested deeper than %d", maxNest)
	}
	for _, v := range m.values(v) {
		o, ok := v.(*goja.Object)
		switch {
		case v == nil || v == goja.Value(nil):
		case ok && depth >= 1 && o.ClassName() == "Array":
			out = m.flatten(out, o, depth-1, nested+1)
		default:
			out = append(out, v)
		}
		if len(out) > maxItems {
			m.exceed(LimitArray, "a list of %d items", len(out))
		}
	}
	return out
}

func (m *machine) flatMap(c goja.FunctionCall) goja.Value {
	with := codeOf(c.Argument(0))
	if with == nil {
		panic(m.vm.NewTypeError("flatMap takes a function"))
	}
	var out []any
	for i, v := range m.values(c.This) {
		v, ok := v.(goja.Value)
		if !ok || v == nil {
			continue
		}
		m.charge(0)
		r := with(goja.FunctionCall{This: c.Argument(1), Arguments: []goja.Value{v, m.vm.ToValue(i), c.This}})
		if o, ok := r.(*goja.Object); ok && o.ClassName() == "Array" {
			out = m.flatten(out, r, 0, 0)
		} else {
			out = append(out, r)
		}
		if len(out) > maxItems {
			m.exceed(LimitArray, "a list of %d items", len(out))
		}
	}
	return m.vm.NewArray(out...)
}

// sort sorts into a list and gives it back: undefined comes last, holes after it.
func (m *machine) sort(c goja.FunctionCall, into *goja.Object) goja.Value {
	by := codeOf(c.Argument(0))
	if by == nil && !goja.IsUndefined(c.Argument(0)) {
		panic(m.vm.NewTypeError("the comparison function must be either a function or undefined"))
	}
	all := m.values(into)
	list := make([]goja.Value, 0, len(all))
	void := 0
	for _, v := range all {
		switch v, _ := v.(goja.Value); {
		case v == nil:
		case goja.IsUndefined(v):
			void++
		default:
			list = append(list, v)
		}
	}
	if by != nil {
		args := make([]goja.Value, 2)
		slices.SortStableFunc(list, func(a, b goja.Value) int {
			m.charge(0)
			args[0], args[1] = a, b
			switch d := by(goja.FunctionCall{This: goja.Undefined(), Arguments: args}).ToFloat(); {
			case d < 0:
				return -1
			case d > 0:
				return 1
			}
			return 0
		})
	} else {
		keys := make([]keyed, len(list))
		for i, v := range list {
			keys[i] = keyed{text16(v), v}
			m.charge(sizeOfItem)
		}
		slices.SortStableFunc(keys, func(a, b keyed) int {
			m.charge(0)
			return a.key.CompareTo(b.key)
		})
		for i, k := range keys {
			list[i] = k.value
		}
	}
	for range void {
		list = append(list, goja.Undefined())
	}
	for i := range all {
		var err error
		if i&255 == 255 {
			m.charge(0)
		}
		if i < len(list) {
			err = into.Set(indexName(i), list[i])
		} else {
			err = into.Delete(indexName(i))
		}
		if err != nil {
			panic(err)
		}
	}
	return into
}

type keyed struct {
	key   goja.String
	value goja.Value
}

func (m *machine) join(c goja.FunctionCall) goja.Value {
	n := m.items(c.This)
	m.charge(0)
	between := m.vm.ToValue(",").(goja.String)
	if s := c.Argument(0); !goja.IsUndefined(s) {
		between = text16(s)
	}
	o := c.This.ToObject(m.vm)
	if slices.Contains(m.joining, o) { // a list inside itself is nothing there
		return m.vm.ToValue("")
	}
	if len(m.joining) > maxNest {
		m.exceed(LimitDepth, "lists nested deeper than %d", maxNest)
	}
	m.joining = append(m.joining, o)
	defer func() { m.joining = m.joining[:max(len(m.joining)-1, 0)] }()
	var b goja.StringBuilder
	total := int64(0)
	for i := range n {
		if i > 0 && between.Length() > 0 {
			total += int64(between.Length())
			b.WriteString(between)
		}
		if v := o.Get(indexName(i)); v != nil && !goja.IsUndefined(v) && !goja.IsNull(v) {
			s := text16(v)
			if total += int64(s.Length()); total <= maxText {
				b.WriteString(s)
			}
		}
		if total > maxText {
			m.exceed(LimitString, "a text of more than %d units", maxText)
		}
		if i&255 == 255 {
			m.charge(0)
		}
	}
	m.long(total)
	return b.String()
}
