package scripts

import (
	"github.com/dop251/goja"
)

// Bounds of what is formatted, in bytes.
const (
	maxDate = 64
	maxForm = 4 << 10 // of plurals: each of its # becomes a number
)

// formats makes the global `format` of a machine: the host functions in the locale of the call that runs.
func (m *machine) formats() *goja.Object {
	o := m.vm.NewObject()
	set := func(name string, f func(l *locale, c goja.FunctionCall) (string, error)) {
		_ = o.Set(name, m.deeper(func(c goja.FunctionCall) goja.Value {
			if v := c.Argument(0); goja.IsNull(v) || goja.IsUndefined(v) {
				return goja.Null()
			}
			s, err := f(localeFor(m.locale), c)
			if err != nil {
				panic(m.vm.NewTypeError("format." + name + ": " + err.Error()))
			}
			m.long(int64(len(s)))
			return m.vm.ToValue(s)
		}))
	}
	set("date", func(l *locale, c goja.FunctionCall) (string, error) {
		s, ok := c.Argument(0).(goja.String)
		if !ok || s.Length() > maxDate {
			return "", errDate
		}
		return l.formatDate(s.String(), m.option(c.Argument(1), "style"))
	})
	set("number", func(l *locale, c goja.FunctionCall) (string, error) {
		if !goja.IsNumber(c.Argument(0)) {
			return "", errNumber
		}
		n := numberOptions{Style: m.option(c.Argument(1), "style"), Currency: m.option(c.Argument(1), "currency")}
		if opts, ok := c.Argument(1).(*goja.Object); ok {
			if v := opts.Get("digits"); v != nil && goja.IsNumber(v) {
				d := int(v.ToInteger())
				n.Digits = &d
			}
		}
		return l.formatNumber(c.Argument(0).ToFloat(), n)
	})
	set("plural", func(l *locale, c goja.FunctionCall) (string, error) {
		if !goja.IsNumber(c.Argument(0)) {
			return "", errNumber
		}
		x := c.Argument(0).ToFloat()
		forms := map[string]string{}
		for _, name := range []string{l.category(x), "other"} {
			s := m.option(c.Argument(1), name)
			if len(s) > maxForm {
				return "", errOptions
			}
			if s != "" {
				forms[name] = s
			}
		}
		return l.formatPlural(x, forms)
	})
	set("relative", func(l *locale, c goja.FunctionCall) (string, error) {
		if !goja.IsNumber(c.Argument(0)) {
			return "", errNumber
		}
		if !goja.IsString(c.Argument(1)) {
			return "", errOptions
		}
		return l.formatRelative(c.Argument(0).ToFloat(), c.Argument(1).String())
	})
	return o
}

// option reads a string of an options object; "" if it is missing or no string.
func (m *machine) option(v goja.Value, name string) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return ""
	}
	if s := o.Get(name); s != nil && goja.IsString(s) {
		return s.String()
	}
	return ""
}
