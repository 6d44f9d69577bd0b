package plain

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/dop251/goja/ftoa"

	"facet/scripts/span"
)

// A val is a JavaScript value in a plain function. It lives no longer than the call, or is a constant of the module. It is three words
// wide, so that it is handed on in registers: with a string and a pointer of its own it went through memory, at twice the time of a call.
type val struct {
	p   unsafe.Pointer // the first byte of a string, which is UTF-8 without lone surrogates; the *obj of a list, an object or a function
	n   float64        // of a number; 1 is true; a string's length as bits
	tag tag
}

// str is a string's text.
func (v val) str() string { return unsafe.String((*byte)(v.p), int(math.Float64bits(v.n))) }

// obj is what a list, an object or a function is: equal pointers are the same value.
func (v val) obj() *obj { return (*obj)(v.p) }

// ref is a list, an object or a function.
func ref(t tag, o *obj) val { return val{p: unsafe.Pointer(o), tag: t} }

type tag uint8

const (
	pUndefined tag = iota
	pNull
	pBool
	pNumber
	pString
	pList
	pObject
	pFunc
	pUnset // a let or const before its declaration, an input before it is read
)

// A obj is a list or an object. One that came with the inputs is read when something is asked of it.
type obj struct {
	raw   []byte   // its JSON, not read yet
	row   [][]byte // of the object of all inputs: their JSON
	names []string // of an object's properties, in their order
	vals  []val
	own   bool // the call made it and may change it
	fn    *code
}

var (
	undefinedVal = val{}
	nullVal      = val{tag: pNull}
	trueVal      = val{tag: pBool, n: 1}
	falseVal     = val{tag: pBool}
	nanVal       = val{tag: pNumber, n: math.NaN()}
)

func boolVal(b bool) val {
	if b {
		return trueVal
	}
	return falseVal
}

func numVal(x float64) val { return val{tag: pNumber, n: x} }
func strVal(s string) val {
	return val{p: unsafe.Pointer(unsafe.StringData(s)), n: math.Float64frombits(uint64(len(s))), tag: pString}
}

// listVal is a new list, which has the values to itself.
func listVal(vals []val) val { return ref(pList, &obj{vals: vals, own: true}) }

// shut makes a constant of the module, and what is in it, one that no call changes.
func shut(v val) {
	if v.tag < pList || v.tag > pFunc || !v.obj().own {
		return
	}
	v.obj().own = false
	for _, in := range v.obj().vals {
		shut(in)
	}
}

// A leaving is what a plain function panics with to give its call to the engine.
type leaving struct{}

// leave gives the call to the engine. It does not return.
func leave() { panic(leaving{}) }

// alias is a text in an input, which does not change while the call runs.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// json reads JSON as the engine's value does.
func (c *call) json(raw []byte) val {
	if n := len(raw); n > 0 && n < 16 && raw[0] <= '9' {
		if x, ok := smallInt(raw); ok {
			return numVal(x)
		}
	}
	raw = span.Trim(raw)
	if len(raw) == 0 {
		return nullVal
	}
	switch raw[0] {
	case '"':
		c.step(len(raw) >> 6)
		if b, ok := span.Body(raw); ok {
			return strVal(alias(b))
		}
		s, ok := span.Text(raw)
		if !ok {
			return nullVal
		}
		c.make(len(raw))
		return strVal(s)
	case 't':
		return trueVal
	case 'f':
		return falseVal
	case 'n':
		return nullVal
	case '[':
		return ref(pList, &obj{raw: raw})
	case '{':
		return ref(pObject, &obj{raw: raw})
	}
	if len(raw) < 16 { // it had white space around it
		if x, ok := smallInt(raw); ok {
			return numVal(x)
		}
	}
	c.step(len(raw) >> 4)
	x, err := strconv.ParseFloat(alias(raw), 64)
	if err != nil {
		return nullVal
	}
	return numVal(x)
}

// smallInt reads fewer than 16 digits; it leaves -0 and all else to others.
func smallInt(raw []byte) (float64, bool) {
	i, neg := 0, false
	if raw[0] == '-' {
		i, neg = 1, true
	}
	if i == len(raw) {
		return 0, false
	}
	var n int64
	for ; i < len(raw); i++ {
		c := raw[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		if n == 0 {
			return 0, false
		}
		n = -n
	}
	return float64(n), true
}

// read makes the parts of what came with the inputs.
func (c *call) read(o *obj) *obj {
	if o.row != nil {
		row := o.row
		o.row = nil
		for i := range o.vals {
			if o.vals[i].tag == pUnset {
				o.vals[i] = c.json(row[i])
			}
		}
		return o
	}
	if o.raw == nil {
		return o
	}
	raw := o.raw
	o.raw = nil
	c.step(len(raw)>>5 + 1)
	if raw[0] == '[' {
		span.Split(raw, func(_, v []byte) { o.vals = append(o.vals, c.json(v)) })
		c.step(len(o.vals))
		return o
	}
	span.Split(raw, func(k, v []byte) {
		if b, ok := span.Body(k); ok {
			c.set(o, alias(b), c.json(v))
		} else if name, ok := span.Text(k); ok {
			c.set(o, name, c.json(v))
		}
	})
	return o
}

// set gives a property its value; the last one of a name holds, in the place of the first.
func (c *call) set(o *obj, name string, v val) {
	for i, n := range o.names {
		if n == name {
			o.vals[i] = v
			return
		}
	}
	if len(o.names) >= maxNames {
		leave()
	}
	c.step(1 + len(o.names)>>4)
	o.names, o.vals = append(o.names, name), append(o.vals, v)
}

// get is an object's own property.
func (c *call) get(o *obj, name string) (val, bool) {
	if o.raw != nil {
		c.read(o)
	}
	for i, n := range o.names {
		if n != name {
			continue
		}
		if i > 15 {
			c.step(i >> 4)
		}
		if o.row != nil && o.vals[i].tag == pUnset {
			o.vals[i] = c.json(o.row[i])
		}
		return o.vals[i], true
	}
	c.step(len(o.names) >> 4)
	return undefinedVal, false
}

// inherited are the names that every object has without having them itself.
var inherited = map[string]bool{
	"constructor": true, "hasOwnProperty": true, "isPrototypeOf": true, "propertyIsEnumerable": true, "toLocaleString": true,
	"toString": true, "valueOf": true, "__proto__": true, "__defineGetter__": true, "__defineSetter__": true,
	"__lookupGetter__": true, "__lookupSetter__": true,
}

// prop is v.name.
func (c *call) prop(v val, name string) val {
	switch v.tag {
	case pObject:
		got, ok := c.get(v.obj(), name)
		if !ok && inherited[name] {
			leave()
		}
		return got
	case pString:
		if name == "length" {
			c.step(len(v.str()) >> 5)
			return numVal(float64(units(v.str())))
		}
	case pList:
		if name == "length" {
			return numVal(float64(len(c.read(v.obj()).vals)))
		}
	}
	leave()
	return undefinedVal
}

// index is v[k].
func (c *call) index(v, k val) val {
	if k.tag == pString {
		if v.tag == pObject || k.str() == "length" {
			return c.prop(v, k.str())
		}
		leave()
	}
	if k.tag != pNumber {
		leave()
	}
	if v.tag == pObject {
		return c.prop(v, numberText(k.n))
	}
	i := int(k.n)
	if float64(i) != k.n || i < 0 {
		leave()
	}
	switch v.tag {
	case pList:
		if vals := c.read(v.obj()).vals; i < len(vals) {
			return vals[i]
		}
		return undefinedVal
	case pString:
		c.step(len(v.str()) >> 3)
		if s, ok := unitAt(v.str(), i); ok {
			return strVal(s)
		}
		return undefinedVal
	}
	leave()
	return undefinedVal
}

func (v val) truthy() bool {
	switch v.tag {
	case pBool:
		return v.n != 0
	case pNumber:
		return v.n != 0 && v.n == v.n
	case pString:
		return v.str() != ""
	case pList, pObject, pFunc:
		return true
	}
	return false
}

func (v val) nullish() bool { return v.tag <= pNull }

// number is what arithmetic makes of a value.
func (v val) number() float64 {
	if v.tag == pNumber {
		return v.n
	}
	return v.toNumber()
}

func (v val) toNumber() float64 {
	switch v.tag {
	case pNumber, pBool:
		return v.n
	case pNull:
		return 0
	case pUndefined:
		return math.NaN()
	case pString:
		return numberOf(v.str())
	}
	leave()
	return 0
}

// numberOf reads a decimal; the engine reads all other texts.
func numberOf(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	if s == "" {
		return 0
	}
	if len(s) > 64 {
		leave()
	}
	if c := s[0] | 0x20; c >= 'a' && c <= 'z' && c != 'i' { // but for Infinity
		return math.NaN()
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' {
			leave()
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		leave()
	}
	return x
}

// integer is a number's whole part; NaN is 0, what is out of an int's range is its end.
func integer(x float64) int {
	switch {
	case x != x:
		return 0
	case x >= 1<<53:
		return 1 << 53
	case x <= -1<<53:
		return -1 << 53
	}
	return int(x)
}

// textOf is what a template or + makes of a value.
func textOf(v val) string {
	switch v.tag {
	case pString:
		return v.str()
	case pNumber:
		return numberText(v.n)
	case pBool:
		if v.n != 0 {
			return "true"
		}
		return "false"
	case pNull:
		return "null"
	case pUndefined:
		return "undefined"
	}
	leave()
	return ""
}

// appendValue appends what textOf gives.
func appendValue(b []byte, v val) []byte {
	if v.tag == pNumber {
		return appendNumber(b, v.n)
	}
	return append(b, textOf(v)...)
}

func numberText(x float64) string {
	var b [32]byte
	return string(appendNumber(b[:0], x))
}

func appendNumber(b []byte, x float64) []byte {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.AppendInt(b, int64(x), 10)
	}
	return ftoa.FToStr(x, ftoa.ModeStandard, 0, b)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// units is a string's length in UTF-16.
func units(s string) int {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x80 || c >= 0xc0 && c < 0xf0:
			n++
		case c >= 0xf0:
			n += 2
		}
	}
	return n
}

func unitAt(s string, i int) (string, bool) {
	if ascii(s) {
		if i < 0 || i >= len(s) {
			return "", false
		}
		return s[i : i+1], true
	}
	if i < 0 || i >= units(s) {
		return "", false
	}
	return cutText(s, i, i+1), true
}

// cutText is the units from one to before another, which are in the string. Half of a pair is left to the engine.
func cutText(s string, from, to int) string {
	if from >= to {
		return ""
	}
	if ascii(s) {
		return s[from:to]
	}
	return wide(utf16.Encode([]rune(s))[from:to])
}

func wide(u []uint16) string {
	for i := 0; i < len(u); i++ {
		switch {
		case u[i] >= 0xd800 && u[i] < 0xdc00 && i+1 < len(u) && u[i+1] >= 0xdc00 && u[i+1] < 0xe000:
			i++
		case utf16.IsSurrogate(rune(u[i])):
			leave()
		}
	}
	return string(utf16.Decode(u))
}

// strictly is ===.
func strictly(a, b val) bool {
	if a.tag != b.tag {
		return false
	}
	switch a.tag {
	case pNumber, pBool:
		return a.n == b.n
	case pString:
		return a.str() == b.str()
	case pList, pObject, pFunc:
		return a.p == b.p
	}
	return true
}

// alike is ==.
func alike(a, b val) bool {
	if a.nullish() || b.nullish() {
		return a.nullish() && b.nullish()
	}
	if a.tag == b.tag {
		return strictly(a, b)
	}
	if a.tag >= pList || b.tag >= pList {
		leave()
	}
	return a.number() == b.number()
}

// earlier is a < b for texts, by UTF-16 units.
func earlier(a, b string) bool {
	for i := 0; i < len(a) && i < len(b); i++ {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xee && y >= 0xee { // above the surrogates UTF-16 has another order than UTF-8
				leave()
			}
			return x < y
		}
	}
	return len(a) < len(b)
}

func int32Of(x float64) int32 { return int32(uint32Of(x)) }

func uint32Of(x float64) uint32 {
	if x != x || math.IsInf(x, 0) {
		return 0
	}
	if math.Abs(x) < 1<<53 {
		return uint32(int64(x))
	}
	leave() // the engine has a rule of its own
	return 0
}
