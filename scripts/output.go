package scripts

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/dop251/goja"

	"facet/graph"
	"facet/scripts/span"
	"facet/view"
)

// A kind is a declared result type, resolved.
type kind struct {
	name    string // "Int", "Progress"; of lists the whole type
	nonNull bool
	elem    *kind
	fields  []field         // of an object
	values  map[string]bool // of an enum
}

type field struct {
	name string
	key  []byte // `"name":`
	kind *kind
}

// kinds resolves types of a build. Objects may refer to each other, so each is made once and filled afterwards.
type kinds struct {
	b       *view.Build
	objects map[string]*kind
}

func newKinds(b *view.Build) *kinds { return &kinds{b: b, objects: map[string]*kind{}} }

func (ks *kinds) of(t graph.TypeRef) (*kind, error) {
	if t.Elem != nil {
		e, err := ks.of(*t.Elem)
		if err != nil {
			return nil, err
		}
		return &kind{name: t.String(), nonNull: t.NonNull, elem: e}, nil
	}
	k := &kind{name: t.Name, nonNull: t.NonNull}
	switch t.Name {
	case "Int", "Float", "String", "Boolean", "ID", "JSON":
		return k, nil
	}
	for _, e := range ks.b.Enums {
		if e.Name == t.Name {
			k.values = make(map[string]bool, len(e.Values))
			for _, v := range e.Values {
				k.values[v] = true
			}
			return k, nil
		}
	}
	o, err := ks.object(t.Name)
	if err != nil {
		return nil, err
	}
	if !t.NonNull {
		return o, nil
	}
	c := *o
	c.nonNull = true
	return &c, nil
}

func (ks *kinds) object(name string) (*kind, error) {
	if k := ks.objects[name]; k != nil {
		if k.fields == nil {
			return nil, fmt.Errorf("object %s contains itself", name)
		}
		return k, nil
	}
	for _, o := range ks.b.Objects {
		if o.Name != name {
			continue
		}
		k := &kind{name: name}
		ks.objects[name] = k
		fields := make([]field, len(o.Fields))
		for i, f := range o.Fields {
			fk, err := ks.of(f.Type)
			if err != nil {
				return nil, err
			}
			fields[i] = field{name: f.Name, key: append(strconv.AppendQuote(nil, f.Name), ':'), kind: fk}
		}
		k.fields = fields
		return k, nil
	}
	return nil, fmt.Errorf("the result type %s is declared nowhere", name)
}

// A mismatch is a result of another type than the declared one.
type mismatch struct {
	path string // "", ".minutesLeft", "[2]"
	want string
	got  string

	limit string // that was broken; "": the type is wrong
}

func (e *mismatch) Error() string { return e.text() }

func (e *mismatch) text() string {
	at := ""
	if e.path != "" {
		at = " at " + e.path
	}
	if e.want == "" {
		return "gave " + e.got + at
	}
	return fmt.Sprintf("gave %s%s instead of %s", e.got, at, e.want)
}

// A writer writes a result as JSON. Paths are only put together once something is wrong.
type writer struct {
	vm   *goja.Runtime
	dst  []byte
	from int
	most int // bytes
}

func (k *kind) wrong(got string) error { return &mismatch{want: article(k.name), got: got} }

func article(name string) string {
	switch name[0] {
	case 'A', 'E', 'I', 'O', 'U':
		return "an " + name
	case '[':
		return name
	}
	return "a " + name
}

func within(err error, step string) error {
	if m, ok := err.(*mismatch); ok {
		m.path = step + m.path
	}
	return err
}

func (w *writer) value(v goja.Value, k *kind, depth int) error {
	if o, ok := v.(*goja.Object); ok {
		return w.object(o, k, depth)
	}
	return w.scalar(v, k)
}

func (w *writer) scalar(v goja.Value, k *kind) error {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		if k.nonNull {
			return k.wrong("null")
		}
		w.dst = append(w.dst, "null"...)
		return nil
	}
	if k.elem != nil || k.fields != nil {
		return k.wrong(describe(v))
	}
	switch {
	case goja.IsString(v):
		s := v.String()
		switch {
		case k.values != nil:
			if !k.values[s] {
				return k.wrong(strconv.QuoteToGraphic(short(s)))
			}
		case k.name != "String" && k.name != "ID" && k.name != "JSON":
			return k.wrong("a string")
		}
		return w.text(s)
	case goja.IsNumber(v):
		return w.number(v, k)
	}
	if _, object := v.(*goja.Object); object {
		return k.wrong(describe(v))
	}
	b, ok := v.Export().(bool)
	if !ok || goja.IsBigInt(v) || k.values != nil || k.name != "Boolean" && k.name != "JSON" {
		return k.wrong(describe(v))
	}
	w.dst = strconv.AppendBool(w.dst, b)
	return nil
}

func (w *writer) number(v goja.Value, k *kind) error {
	x := v.ToFloat()
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return k.wrong(v.String())
	}
	whole := x == math.Trunc(x)
	switch {
	case k.values != nil:
		return k.wrong("a number")
	case k.name == "Int":
		if !whole || x < math.MinInt32 || x > math.MaxInt32 {
			return k.wrong(v.String())
		}
		w.dst = strconv.AppendInt(w.dst, int64(x), 10)
	case k.name == "ID":
		if !whole || math.Abs(x) > 1<<53 {
			return k.wrong(v.String())
		}
		w.dst = append(strconv.AppendInt(append(w.dst, '"'), int64(x), 10), '"')
	case k.name == "Float" || k.name == "JSON":
		w.dst = span.AppendNumber(w.dst, x)
	default:
		return k.wrong("a number")
	}
	return nil
}

func (w *writer) object(o *goja.Object, k *kind, depth int) error {
	if depth >= maxDepth {
		return &mismatch{got: fmt.Sprintf("a value that is deeper than %d", maxDepth), limit: LimitDepth}
	}
	class := o.ClassName()
	if _, callable := goja.AssertFunction(o); callable {
		return k.wrong("a function")
	}
	switch class {
	case "Array":
		return w.list(o, k, depth)
	case "Object", "Error":
		if t := o.ExportType(); t != ordinary && t != reflect.TypeFor[*inputs]() && t != reflect.TypeFor[*members]() {
			return k.wrong(exotic(t)) // goja gives Maps, Sets and promises the class of objects
		}
	case "String", "Number", "Boolean": // new String("x")
		return w.scalar(unbox(o, class), k)
	default:
		return k.wrong(article(class))
	}
	switch {
	case k.fields != nil:
		return w.declared(o, k, depth)
	case k.elem == nil && k.values == nil && k.name == "JSON":
		return w.open(o, k, depth)
	}
	return k.wrong("an object")
}

var ordinary = reflect.TypeFor[map[string]any]()

func exotic(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[*goja.Promise]():
		return "a promise (computed functions answer at once)"
	case reflect.TypeFor[[][2]any]():
		return "a Map"
	case reflect.TypeFor[[]any]():
		return "a Set"
	}
	return "an object of another kind"
}

func unbox(o *goja.Object, class string) goja.Value {
	switch class {
	case "Number":
		return o.ToNumber()
	case "String":
		return o.ToString()
	}
	valueOf, _ := goja.AssertFunction(o.Get("valueOf"))
	if valueOf == nil {
		return goja.Null()
	}
	v, err := valueOf(o)
	if err != nil {
		return goja.Null()
	}
	return v
}

func (w *writer) list(o *goja.Object, k *kind, depth int) error {
	each := k.elem
	if each == nil {
		if k.name != "JSON" || k.values != nil || k.fields != nil {
			return k.wrong("a list")
		}
		each = anything
	}
	n := int(o.Get("length").ToInteger())
	if n > w.most {
		return &mismatch{got: fmt.Sprintf("a list of %d items", n), limit: LimitOutput}
	}
	w.dst = append(w.dst, '[')
	for i := range n {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		if err := w.value(o.Get(strconv.Itoa(i)), each, depth+1); err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
		if err := w.fits(); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, ']')
	return nil
}

func (w *writer) declared(o *goja.Object, k *kind, depth int) error {
	w.dst = append(w.dst, '{')
	for i, f := range k.fields {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.dst = append(w.dst, f.key...)
		if err := w.value(o.Get(f.name), f.kind, depth+1); err != nil {
			return within(err, "."+f.name)
		}
	}
	w.dst = append(w.dst, '}')
	return w.fits()
}

// anything is the kind of values inside JSON.
var anything = &kind{name: "JSON"}

func (w *writer) open(o *goja.Object, k *kind, depth int) error {
	w.dst = append(w.dst, '{')
	first := true
	for _, key := range o.Keys() {
		v := o.Get(key)
		if v == nil || goja.IsUndefined(v) {
			continue
		}
		if !first {
			w.dst = append(w.dst, ',')
		}
		first = false
		if err := w.text(key); err != nil {
			return err
		}
		w.dst = append(w.dst, ':')
		if err := w.value(v, anything, depth+1); err != nil {
			return within(err, "."+key)
		}
		if err := w.fits(); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, '}')
	return nil
}

func (w *writer) fits() error {
	if len(w.dst)-w.from > w.most {
		return &mismatch{got: fmt.Sprintf("more than %d bytes", w.most), limit: LimitOutput}
	}
	return nil
}

// text writes a string. A lone surrogate has become U+FFFD on the way from JavaScript.
func (w *writer) text(s string) error {
	if len(s) > w.most {
		return &mismatch{got: fmt.Sprintf("more than %d bytes", w.most), limit: LimitOutput}
	}
	w.dst = span.AppendText(w.dst, s)
	return w.fits()
}

// describe says what a value is, without its content: a device may read it.
func describe(v goja.Value) string {
	switch {
	case goja.IsString(v):
		return "a string"
	case goja.IsBigInt(v):
		return "a bigint"
	case goja.IsNumber(v):
		return "a number"
	}
	switch v.(type) {
	case *goja.Symbol:
		return "a symbol"
	case *goja.Object:
		return "an object"
	}
	return "a boolean"
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// localeOf reads the locale of a call; the default if it is none.
func localeOf(raw []byte) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
