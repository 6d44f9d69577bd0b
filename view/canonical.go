package view

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"facet/fault"
)

// canonical prints a definition so that two print the same exactly if they mean the same: positions and source maps
// are left out, and functions stand with their source instead of their number.
func canonical(def any, funcs []*Func) string {
	c := canon{funcs: funcs}
	c.write(reflect.ValueOf(def))
	return c.b.String()
}

type canon struct {
	b     strings.Builder
	funcs []*Func
}

var (
	posType   = reflect.TypeFor[fault.Pos]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	valueType = reflect.TypeFor[Value]()
)

func (c *canon) write(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			c.b.WriteString("-;")
			return
		}
		c.write(v.Elem())
	case reflect.Struct:
		c.fields(v)
	case reflect.Slice:
		if v.Type() == rawType {
			fmt.Fprintf(&c.b, "%q;", v.Bytes())
			return
		}
		fmt.Fprintf(&c.b, "%d[", v.Len())
		for i := range v.Len() {
			c.write(v.Index(i))
		}
		c.b.WriteByte(']')
	default:
		fmt.Fprintf(&c.b, "%#v;", v.Interface())
	}
}

func (c *canon) fields(v reflect.Value) {
	t := v.Type()
	c.b.WriteByte('{')
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == posType {
			continue
		}
		if t == valueType && f.Name == "Func" {
			if val := v.Interface().(Value); val.Op == OpComputed && val.Func >= 0 && val.Func < len(c.funcs) {
				fn := *c.funcs[val.Func]
				fn.Lines = nil
				c.write(reflect.ValueOf(fn))
			}
			continue
		}
		c.write(v.Field(i))
	}
	c.b.WriteByte('}')
}
