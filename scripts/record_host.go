package scripts

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"facet/graph"
	"facet/scripts/span"
)

// What the recording runtime asks of the Go side most: types of the graph, tables of values, and its records as text.

// typeOf is a type of the graph as the runtime sees it: { Kind, composite, Fields, Members, Values, Key, Loadable }; undefined if there is none.
// Fields are made when they are asked for: a package sees few of a type's.
func (r *recorder) typeOf(name string) goja.Value {
	t := r.graph.Types[name]
	if t == nil {
		return goja.Undefined()
	}
	o := r.vm.CreateObject(nil)
	set := func(name string, v any) { _ = o.Set(name, v) }
	composite := t.Kind == graph.Union || t.Kind == graph.Interface
	set("Kind", string(t.Kind))
	set("composite", composite || t.Kind == graph.Object)
	if len(t.Fields) > 0 {
		fields := r.vm.NewDynamicObject(&typeFields{r: r, of: t, made: map[string]goja.Value{}})
		_ = fields.SetPrototype(nil) // it has no field "constructor" unless the graph says so
		set("Fields", fields)
	}
	for name, list := range map[string][]string{"Values": t.Values, "Key": t.Key} {
		if len(list) > 0 {
			set(name, r.list(list))
		}
	}
	if composite && len(t.Members) > 0 {
		set("Members", r.list(t.Members))
	}
	if t.Loadable() {
		set("Loadable", true)
	}
	return o
}

func (r *recorder) list(texts []string) goja.Value {
	items := make([]any, len(texts))
	for i, s := range texts {
		items[i] = s
	}
	return r.vm.NewArray(items...)
}

// typeFields are the fields of a type, in order of declaration: the order of arguments is part of a build.
type typeFields struct {
	r    *recorder
	of   *graph.Type
	made map[string]goja.Value
}

// Get implements goja.DynamicObject.
func (f *typeFields) Get(name string) goja.Value {
	if v, ok := f.made[name]; ok {
		return v
	}
	x := f.of.Field(name)
	if x == nil {
		return nil
	}
	o := f.r.placeOf(x.Type, x.Default)
	names := make([]string, len(x.Args))
	if len(x.Args) > 0 {
		args := f.r.vm.CreateObject(nil)
		for i, a := range x.Args {
			names[i] = a.Name
			_ = args.Set(a.Name, f.r.placeOf(a.Type, a.Default))
		}
		_ = o.Set("Args", args)
	}
	_ = o.Set("names", f.r.list(names))
	f.made[x.Name] = o
	return o
}

// Has implements goja.DynamicObject.
func (f *typeFields) Has(name string) bool { return f.of.Field(name) != nil }

// Set implements goja.DynamicObject.
func (f *typeFields) Set(string, goja.Value) bool { return false }

// Delete implements goja.DynamicObject.
func (f *typeFields) Delete(string) bool { return false }

// Keys implements goja.DynamicObject.
func (f *typeFields) Keys() []string {
	out := make([]string, len(f.of.Fields))
	for i, x := range f.of.Fields {
		out[i] = x.Name
	}
	return out
}

// placeOf is where a value is wanted or given: { Type, Default }.
func (r *recorder) placeOf(t graph.TypeRef, value *graph.Literal) *goja.Object {
	o := r.vm.CreateObject(nil)
	_ = o.Set("Type", r.refOf(t))
	if value != nil && len(value.JSON) > 0 {
		_ = o.Set("Default", string(value.JSON))
	}
	return o
}

func (r *recorder) refOf(t graph.TypeRef) goja.Value {
	o := r.vm.CreateObject(nil)
	_ = o.Set("Name", t.Name)
	if t.Elem == nil {
		_ = o.Set("Elem", goja.Null())
	} else {
		_ = o.Set("Elem", r.refOf(*t.Elem))
	}
	_ = o.Set("NonNull", t.NonNull)
	return o
}

// valueParts are what a value is told by; its place is none of them.
var valueParts = [...]string{"op", "of", "name", "path", "args", "list", "cases", "else", "first", "max", "json", "func", "within", "type"}

// enter is the id of a value in a table, where equal values are one; next if it is new, and then it gets its place.
func (r *recorder) enter(table int, v *goja.Object, next int) int {
	if table < 0 || table >= len(r.tables) {
		return next
	}
	w := recordText{r: r, b: r.text[:0]}
	for i, name := range valueParts {
		if x := v.Get(name); x != nil && !goja.IsUndefined(x) {
			w.b = append(w.b, 'a'+byte(i))
			w.value(x, 1)
		}
	}
	r.text = w.b[:0]
	w.charge()
	id, ok := r.tables[table][string(w.b)]
	if !ok {
		id = next
		r.tables[table][string(w.b)] = id
		_ = v.Set("pos", r.here())
	}
	return id
}

// recorded is a record of the runtime as JSON.
func (r *recorder) written(v goja.Value) string {
	w := recordText{r: r}
	w.value(v, 0)
	w.charge()
	return string(w.b)
}

// A recordText writes what the runtime made itself: plain objects, lists, texts, numbers. What the author gave is in it as text already, so
// that no code of anybody's runs meanwhile.
type recordText struct {
	r *recorder
	b []byte
}

func (w *recordText) charge() {
	if m := w.r.limits; m != nil {
		m.charge(int64(len(w.b)))
	}
}

// value writes a value and says whether there was one to write.
func (w *recordText) value(v goja.Value, depth int) bool {
	switch x := v.(type) {
	case *goja.Object:
		return w.object(x, depth)
	case goja.String:
		w.string(x)
		return true
	}
	if _, symbol := v.(*goja.Symbol); symbol || v == nil || goja.IsUndefined(v) {
		return false
	}
	if n, ok := v.Export().(int64); ok {
		w.b = strconv.AppendInt(w.b, n, 10)
		return true
	}
	w.b = append(w.b, v.String()...) // null, true, false, a number: none is infinite
	return true
}

func (w *recordText) object(o *goja.Object, depth int) bool {
	if m := w.r.limits; m != nil && (depth > maxLevels || len(w.b) > maxRecorded) {
		m.exceed(LimitDepth, "what was recorded nests deeper than %d, or is more than %d bytes", maxLevels, maxRecorded)
	}
	if o.ClassName() == "Array" {
		w.b = append(w.b, '[')
		n := int(o.Get("length").ToInteger())
		if m := w.r.limits; m != nil {
			n = m.items(o)
		}
		for i := range n {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			if !w.value(at(o, i), depth+1) {
				w.b = append(w.b, "null"...)
			}
		}
		w.b = append(w.b, ']')
		return true
	}
	if _, callable := goja.AssertFunction(o); callable {
		return false
	}
	w.b = append(w.b, '{')
	some := false
	for _, name := range o.Keys() {
		before := len(w.b)
		if some {
			w.b = append(w.b, ',')
		}
		w.quoted(name)
		w.b = append(w.b, ':')
		if w.value(o.Get(name), depth+1) {
			some = true
		} else {
			w.b = w.b[:before]
		}
	}
	w.b = append(w.b, '}')
	return true
}

// string writes a text; half of a surrogate pair is escaped, so that different texts stay different.
func (w *recordText) string(s goja.String) {
	text := s.String()
	if !strings.ContainsRune(text, '\uFFFD') {
		w.quoted(text)
		return
	}
	w.b = append(w.b, '"')
	n := s.Length()
	for i := range n {
		c := s.CharAt(i)
		w.b = append(w.b, '\\', 'u', span.Hex[c>>12], span.Hex[c>>8&15], span.Hex[c>>4&15], span.Hex[c&15])
	}
	w.b = append(w.b, '"')
}

func (w *recordText) quoted(s string) {
	w.b = append(w.b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		w.b = append(w.b, s[from:i]...)
		if c < ' ' {
			w.b = append(w.b, '\\', 'u', '0', '0', span.Hex[c>>4], span.Hex[c&15])
		} else {
			w.b = append(w.b, '\\', c)
		}
		from = i + 1
	}
	w.b = append(append(w.b, s[from:]...), '"')
}
