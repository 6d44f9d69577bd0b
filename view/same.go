package view

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// SamePlans says whether every selection over one build is planned as over the other: their views, shapes and mutations differ in nothing
// but positions, texts for people and the literals that leaves show. False may also be said of builds whose plans are the same.
func SamePlans(a, b *Build) bool {
	return a.Graph == b.Graph && len(a.Funcs) == len(b.Funcs) &&
		alike(reflect.ValueOf(a.Views), reflect.ValueOf(b.Views)) &&
		alike(reflect.ValueOf(a.Shapes), reflect.ValueOf(b.Shapes)) &&
		alike(reflect.ValueOf(a.Mutations), reflect.ValueOf(b.Mutations))
}

// alike compares two values of one type, of the tree that a build is.
func alike(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return alike(a.Elem(), b.Elem())
	case reflect.Struct:
		if a.Type() == posType {
			return true
		}
		if a.Type() == scopeType {
			return alikeValues(a.Addr().Interface().(*Scope), b.Addr().Interface().(*Scope))
		}
		for i := range a.NumField() {
			if a.Type().Field(i).Name != "Doc" && !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Type() == rawType {
			return bytes.Equal(a.Interface().(json.RawMessage), b.Interface().(json.RawMessage))
		}
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	default:
		return a.Equal(b)
	}
}

// alikeValues lets literals differ that no other value is made of: leaves show them, or a shape takes them as arguments, which decides
// no operation's being there.
func alikeValues(a, b *Scope) bool {
	if len(a.Values) != len(b.Values) {
		return false
	}
	used := map[ID]bool{}
	for i := range a.Values {
		for _, id := range a.Values[i].Operands() {
			used[id] = true
		}
	}
	for i := range a.Values {
		x, y := &a.Values[i], &b.Values[i]
		if x.Op == OpLiteral && y.Op == OpLiteral && !used[ID(i)] {
			continue
		}
		if !alike(reflect.ValueOf(x), reflect.ValueOf(y)) {
			return false
		}
	}
	return true
}

var scopeType = reflect.TypeFor[Scope]()
