package control

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"

	"facet/fault"
	"facet/view"
)

// unlike are the warm-ups that two builds of a package have in common and whose golden outputs can differ: all but those whose view, with
// every shape and function that it reaches, is the same data in both, over one graph. An answer follows from nothing else, as what the
// tiers give and who asks is given. Texts for people and positions may differ.
func unlike(before, after *view.Build) []*view.Warmup {
	a := alikeness{before: before, after: after, shapes: map[string]bool{}}
	common := before.Graph == after.Graph && a.common()
	asked, same := map[string]bool{}, map[string]bool{}
	for _, w := range before.Warmups {
		asked[w.View+" "+string(w.Args)] = true
	}
	var out []*view.Warmup
	for _, w := range after.Warmups {
		if !asked[w.View+" "+string(w.Args)] {
			continue
		}
		alike, known := same[w.View]
		if !known {
			alike = common && a.view(w.View)
			same[w.View] = alike
		}
		if !alike {
			out = append(out, w)
		}
	}
	return out
}

// An alikeness compares two builds of one package.
type alikeness struct {
	before, after *view.Build
	shapes        map[string]bool // those that were compared: what holds itself is compared once
	reached       []string        // shapes that are to be compared yet
}

// common compares what every view of a build may stand on.
func (a *alikeness) common() bool {
	x, y := a.before, a.after
	return x.Schema == y.Schema && a.same(x.Devices, y.Devices) && a.same(x.Objects, y.Objects) && a.same(x.Enums, y.Enums) && a.same(x.Inputs, y.Inputs) &&
		a.same(x.Cells, y.Cells) && bytes.Equal(x.Limits, y.Limits)
}

// view says whether a view and all that it reaches are the same.
func (a *alikeness) view(name string) bool {
	x, y := named(a.before.Views, name, func(v *view.View) string { return v.Name }), named(a.after.Views, name, func(v *view.View) string { return v.Name })
	a.reached = a.reached[:0]
	before := maps.Clone(a.shapes)
	alike := x != nil && y != nil && a.same(x, y)
	for alike && len(a.reached) > 0 {
		last := len(a.reached) - 1
		shape := a.reached[last]
		a.reached = a.reached[:last]
		if a.shapes[shape] {
			continue
		}
		a.shapes[shape] = true
		x, y := named(a.before.Shapes, shape, func(s *view.Shape) string { return s.Name }), named(a.after.Shapes, shape, func(s *view.Shape) string { return s.Name })
		alike = x != nil && y != nil && a.same(x, y)
	}
	if !alike { // of what was compared on the way, something reaches a difference
		a.shapes = before
	}
	return alike
}

func named[T any](list []*T, name string, of func(*T) string) *T {
	for _, x := range list {
		if of(x) == name {
			return x
		}
	}
	return nil
}

func (a *alikeness) same(x, y any) bool { return a.values(reflect.ValueOf(x), reflect.ValueOf(y)) }

// values compares two values of one type, of the tree that a build is, and notes the shapes that they name.
func (a *alikeness) values(x, y reflect.Value) bool {
	switch x.Kind() {
	case reflect.Pointer:
		if x.IsNil() || y.IsNil() {
			return x.IsNil() == y.IsNil()
		}
		return a.values(x.Elem(), y.Elem())
	case reflect.Struct:
		switch x.Type() {
		case posType:
			return true
		case valueType:
			if v, w := x.Addr().Interface().(*view.Value), y.Addr().Interface().(*view.Value); v.Op == view.OpComputed && !a.function(v.Func, w.Func) {
				return false
			}
		case outputType:
			if o := x.Addr().Interface().(*view.Output); o.Shape != "" {
				a.reached = append(a.reached, o.Shape)
			}
		}
		for i := range x.NumField() {
			if x.Type().Field(i).Name != "Doc" && !a.values(x.Field(i), y.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if x.Type() == rawType {
			return bytes.Equal(x.Bytes(), y.Bytes())
		}
		if x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			if !a.values(x.Index(i), y.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map, reflect.Interface:
		return reflect.DeepEqual(x.Interface(), y.Interface())
	default:
		return x.Equal(y)
	}
}

// function says whether two functions do the same.
func (a *alikeness) function(i, j int) bool {
	if i != j || i >= len(a.before.Funcs) || j >= len(a.after.Funcs) {
		return false
	}
	x, y := a.before.Funcs[i], a.after.Funcs[j]
	return x == y || x.Source == y.Source && x.Format == y.Format && a.same(x.Inputs, y.Inputs) && a.same(x.Result, y.Result)
}

var (
	posType    = reflect.TypeFor[fault.Pos]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	valueType  = reflect.TypeFor[view.Value]()
	outputType = reflect.TypeFor[view.Output]()
)
