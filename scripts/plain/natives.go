package plain

import (
	"math"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja/ftoa"
	"github.com/dop251/goja/parser"
)

func arg(args []val, i int) val {
	if i < len(args) {
		return args[i]
	}
	return undefinedVal
}

// floats are those of Math that only need a number.
var floats = map[string]func(float64) float64{
	"Math.abs": math.Abs, "Math.floor": math.Floor, "Math.ceil": math.Ceil, "Math.trunc": math.Trunc, "Math.sqrt": math.Sqrt, "Math.round": rounded,
}

func float1(do func(float64) float64) native {
	return func(_ *call, _ val, args []val) val { return numVal(do(arg(args, 0).number())) }
}

// globals are functions of the language that are no methods.
var globals = map[string]native{
	"String": func(_ *call, _ val, args []val) val {
		if len(args) == 0 {
			return strVal("")
		}
		return strVal(textOf(args[0]))
	},
	"Number": func(_ *call, _ val, args []val) val {
		if len(args) == 0 {
			return numVal(0)
		}
		return numVal(args[0].number())
	},
	"Boolean":         func(_ *call, _ val, args []val) val { return boolVal(arg(args, 0).truthy()) },
	"isNaN":           func(_ *call, _ val, args []val) val { x := arg(args, 0).number(); return boolVal(x != x) },
	"isFinite":        func(_ *call, _ val, args []val) val { return boolVal(finite(arg(args, 0).number())) },
	"parseInt":        parsed,
	"Number.parseInt": parsed,
	"Number.isNaN": func(_ *call, _ val, args []val) val {
		v := arg(args, 0)
		return boolVal(v.tag == pNumber && v.n != v.n)
	},
	"Number.isFinite": func(_ *call, _ val, args []val) val {
		v := arg(args, 0)
		return boolVal(v.tag == pNumber && finite(v.n))
	},
	"Number.isInteger": func(_ *call, _ val, args []val) val {
		v := arg(args, 0)
		return boolVal(v.tag == pNumber && finite(v.n) && v.n == math.Trunc(v.n))
	},
	"Number.isSafeInteger": func(_ *call, _ val, args []val) val {
		v := arg(args, 0)
		return boolVal(v.tag == pNumber && v.n == math.Trunc(v.n) && math.Abs(v.n) < 1<<53)
	},
	"parseFloat":        parsedFloat,
	"Number.parseFloat": parsedFloat,
	"Object.fromEntries": func(c *call, _ val, args []val) val {
		list := arg(args, 0)
		if list.tag != pList {
			leave()
		}
		o := &obj{own: true}
		for _, pair := range c.read(list.obj()).vals {
			if pair.tag != pList || len(c.read(pair.obj()).vals) != 2 || pair.obj().vals[0].tag != pString {
				leave()
			}
			c.put(o, pair.obj().vals[0].str(), pair.obj().vals[1])
		}
		return ref(pObject, o)
	},
	"Array.isArray": func(_ *call, _ val, args []val) val { return boolVal(arg(args, 0).tag == pList) },
	"Object.keys": func(c *call, _ val, args []val) val {
		return entries(c, arg(args, 0), func(k string, _ val) val { return strVal(k) })
	},
	"Object.values": func(c *call, _ val, args []val) val {
		return entries(c, arg(args, 0), func(_ string, v val) val { return v })
	},
	"Object.entries": func(c *call, _ val, args []val) val {
		return entries(c, arg(args, 0), func(k string, v val) val { return listVal([]val{strVal(k), v}) })
	},
	"Math.abs":   float1(math.Abs),
	"Math.floor": float1(math.Floor),
	"Math.ceil":  float1(math.Ceil),
	"Math.trunc": float1(math.Trunc),
	"Math.sqrt":  float1(math.Sqrt),
	"Math.round": float1(rounded),
	"Math.sign": func(_ *call, _ val, args []val) val {
		v := arg(args, 0)
		if v.tag != pNumber { // the engine gives some of them back as they are
			leave()
		}
		switch {
		case v.n > 0:
			return numVal(1)
		case v.n < 0:
			return numVal(-1)
		}
		return v
	},
	"Math.pow": func(_ *call, _ val, args []val) val {
		x := arg(args, 0).number()
		return numVal(power(x, arg(args, 1).number()))
	},
	"Math.min": func(_ *call, _ val, args []val) val { return extreme(args, false) },
	"Math.max": func(_ *call, _ val, args []val) val { return extreme(args, true) },
}

func finite(x float64) bool { return x == x && !math.IsInf(x, 0) }

// rounded is Math.round: halves go up.
func rounded(x float64) float64 {
	t := math.Trunc(x)
	switch {
	case x >= 0 && x-t >= 0.5:
		return t + 1
	case x < 0 && t-x > 0.5:
		return t - 1
	}
	return t
}

// extreme is the least or greatest number.
func extreme(args []val, greatest bool) val {
	x, of := math.Inf(1), math.Min
	if greatest {
		x, of = math.Inf(-1), math.Max
	}
	nan := false
	for _, a := range args {
		y := a.number()
		nan = nan || y != y
		x = of(x, y)
	}
	if nan {
		return nanVal
	}
	return numVal(x)
}

// parsed is parseInt of a text of digits, in base 10.
func parsed(_ *call, _ val, args []val) val {
	v, base := arg(args, 0), arg(args, 1)
	if base.tag != pUndefined && (base.tag != pNumber || base.n != 10) {
		leave()
	}
	if v.tag == pNumber && v.n == math.Trunc(v.n) && math.Abs(v.n) < 1<<53 && v.n != 0 {
		return v
	}
	if v.tag != pString {
		leave()
	}
	s := strings.TrimLeft(v.str(), " \t\r\n")
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 || n > 15 || n < len(s) && s[0] == '0' && (s[n] == 'x' || s[n] == 'X') {
		leave()
	}
	return numVal(numberOf(s[:n]))
}

// parsedFloat is parseFloat of a text that is a number and no more.
func parsedFloat(_ *call, _ val, args []val) val {
	v := arg(args, 0)
	if v.tag == pNumber && v.n != 0 {
		return v
	}
	if v.tag != pString || strings.Trim(v.str(), " \t\r\n") == "" {
		leave()
	}
	return numVal(numberOf(v.str()))
}

// entries are an object's properties. Numbers among their names would come first in an object that a script made, and not in an input.
func entries(c *call, v val, of func(string, val) val) val {
	if v.tag != pObject {
		leave()
	}
	o := c.read(v.obj())
	c.step(2 * len(o.names))
	out := make([]val, len(o.names))
	for i, n := range o.names {
		out[i] = of(n, o.vals[i])
	}
	return listVal(out)
}

// bounds are slice's: from and to, counted from the end where they are below 0.
func bounds(args []val, n int) (from, to int) {
	from, to = integer(arg(args, 0).number()), n
	if arg(args, 0).tag == pUndefined {
		from = 0
	}
	if v := arg(args, 1); v.tag != pUndefined {
		to = integer(v.number())
	}
	end := func(i int) int {
		if i < 0 {
			i = max(0, i+n)
		}
		return min(i, n)
	}
	return end(from), end(to)
}

// textMethods are methods of strings. Those that would need the whole of Unicode do it for ASCII.
var textMethods = map[string]native{
	"toString": func(_ *call, this val, _ []val) val { return this },
	"slice": func(c *call, this val, args []val) val {
		from, to := bounds(args, units(this.str()))
		c.step(len(this.str()) >> 3)
		return strVal(cutText(this.str(), from, to))
	},
	"substring": func(c *call, this val, args []val) val {
		n := units(this.str())
		from, to := integer(arg(args, 0).number()), n
		if v := arg(args, 1); v.tag != pUndefined {
			to = integer(v.number())
		}
		from, to = min(max(from, 0), n), min(max(to, 0), n)
		c.step(n >> 3)
		return strVal(cutText(this.str(), min(from, to), max(from, to)))
	},
	"charAt": func(c *call, this val, args []val) val {
		c.step(len(this.str()) >> 3)
		s, _ := unitAt(this.str(), integer(arg(args, 0).number()))
		return strVal(s)
	},
	"at": func(c *call, this val, args []val) val {
		c.step(len(this.str()) >> 3)
		i := integer(arg(args, 0).number())
		if i < 0 {
			i += units(this.str())
		}
		if s, ok := unitAt(this.str(), i); ok {
			return strVal(s)
		}
		return undefinedVal
	},
	"charCodeAt": func(c *call, this val, args []val) val {
		c.step(len(this.str()) >> 3)
		i := integer(arg(args, 0).number())
		if !ascii(this.str()) {
			if u := utf16.Encode([]rune(this.str())); i >= 0 && i < len(u) {
				return numVal(float64(u[i]))
			}
			return nanVal
		}
		if i < 0 || i >= len(this.str()) {
			return nanVal
		}
		return numVal(float64(this.str()[i]))
	},
	"indexOf":     func(c *call, this val, args []val) val { return where(c, this.str(), args, strings.Index) },
	"lastIndexOf": func(c *call, this val, args []val) val { return where(c, this.str(), args, strings.LastIndex) },
	"includes": func(c *call, this val, args []val) val {
		return boolVal(where(c, this.str(), args, strings.Index).n >= 0)
	},
	"startsWith": func(c *call, this val, args []val) val { return boolVal(strings.HasPrefix(this.str(), one(c, args))) },
	"endsWith":   func(c *call, this val, args []val) val { return boolVal(strings.HasSuffix(this.str(), one(c, args))) },
	"toUpperCase": func(c *call, this val, _ []val) val {
		plainASCII(c, this.str())
		return strVal(strings.ToUpper(this.str()))
	},
	"toLowerCase": func(c *call, this val, _ []val) val {
		plainASCII(c, this.str())
		return strVal(strings.ToLower(this.str()))
	},
	"trim": func(c *call, this val, _ []val) val {
		c.step(len(this.str()) >> 6)
		return strVal(strings.Trim(this.str(), parser.WhitespaceChars))
	},
	"trimStart": func(c *call, this val, _ []val) val {
		c.step(len(this.str()) >> 6)
		return strVal(strings.TrimLeft(this.str(), parser.WhitespaceChars))
	},
	"trimEnd": func(c *call, this val, _ []val) val {
		c.step(len(this.str()) >> 6)
		return strVal(strings.TrimRight(this.str(), parser.WhitespaceChars))
	},
	"repeat": func(c *call, this val, args []val) val {
		n := integer(arg(args, 0).number())
		if n < 0 || n*max(1, len(this.str())) > maxBytes || math.IsInf(arg(args, 0).n, 0) {
			leave()
		}
		c.make(n * len(this.str()))
		return strVal(strings.Repeat(this.str(), n))
	},
	"padStart": func(c *call, this val, args []val) val {
		pad := padding(c, this.str(), args)
		return strVal(pad + this.str())
	},
	"padEnd": func(c *call, this val, args []val) val {
		pad := padding(c, this.str(), args)
		return strVal(this.str() + pad)
	},
	"concat": func(c *call, this val, args []val) val {
		s := this.str()
		for _, a := range args {
			s += textOf(a)
			c.make(len(s))
		}
		return strVal(s)
	},
	"split": func(c *call, this val, args []val) val {
		sep := arg(args, 0)
		if sep.tag != pString || len(args) > 1 || sep.str() == "" && !ascii(this.str()) {
			leave()
		}
		parts := strings.Split(this.str(), sep.str())
		c.step(len(parts) + len(this.str())>>6)
		vals := make([]val, len(parts))
		for i, p := range parts {
			vals[i] = strVal(p)
		}
		return listVal(vals)
	},
	"replace":    func(c *call, this val, args []val) val { return replaced(c, this.str(), args, 1) },
	"replaceAll": func(c *call, this val, args []val) val { return replaced(c, this.str(), args, -1) },
}

// plainASCII counts a text and leaves what is not ASCII.
func plainASCII(c *call, s string) {
	if !ascii(s) {
		leave()
	}
	c.make(len(s))
}

// one is the only argument, a text.
func one(c *call, args []val) string {
	if len(args) != 1 || args[0].tag != pString {
		leave()
	}
	c.step(len(args[0].str()) >> 6)
	return args[0].str()
}

// where is the place of a text in another, in units.
func where(c *call, s string, args []val, find func(s, part string) int) val {
	part := one(c, args)
	c.step(len(s) >> 5)
	i := find(s, part)
	if i > 0 {
		i = units(s[:i])
	}
	return numVal(float64(i))
}

func padding(c *call, s string, args []val) string {
	with := " "
	if v := arg(args, 1); v.tag != pUndefined {
		with = textOf(v)
	}
	if !ascii(with) {
		leave()
	}
	n := integer(arg(args, 0).number()) - units(s)
	if n <= 0 || with == "" {
		return ""
	}
	if n > maxBytes {
		leave()
	}
	c.make(n + len(s))
	return strings.Repeat(with, n/len(with)+1)[:n]
}

func replaced(c *call, s string, args []val, n int) val {
	if len(args) != 2 || args[0].tag != pString || args[1].tag != pString || strings.Contains(args[1].str(), "$") || args[0].str() == "" {
		leave()
	}
	c.step(len(s) >> 6)
	out := strings.Count(s, args[0].str())
	if n > 0 {
		out = min(out, n)
	}
	c.make(len(s) + out*len(args[1].str()))
	return strVal(strings.Replace(s, args[0].str(), args[1].str(), n))
}

// numberMethods are methods of numbers.
var numberMethods = map[string]native{
	"toFixed": func(c *call, this val, args []val) val {
		digits := integer(arg(args, 0).number())
		if arg(args, 0).tag == pUndefined {
			digits = 0
		}
		if digits < 0 || digits > 100 || !finite(this.n) || math.Abs(this.n) >= 1e21 {
			leave()
		}
		c.step(1)
		c.step(digits)
		var b [128]byte
		return strVal(string(ftoa.FToStr(this.n, ftoa.ModeFixed, digits, b[:0])))
	},
	"toString": func(_ *call, this val, args []val) val {
		if len(args) > 0 {
			leave()
		}
		return strVal(numberText(this.n))
	},
}

// listMethods are methods of lists that take no function.
var listMethods = map[string]native{
	"slice": func(c *call, this val, args []val) val {
		vals := this.obj().vals
		from, to := bounds(args, len(vals))
		if from >= to {
			return listVal(nil)
		}
		c.step(to - from)
		return listVal(append([]val(nil), vals[from:to]...))
	},
	"at": func(_ *call, this val, args []val) val {
		vals := this.obj().vals
		i := integer(arg(args, 0).number())
		if i < 0 {
			i += len(vals)
		}
		if i < 0 || i >= len(vals) {
			return undefinedVal
		}
		return vals[i]
	},
	"concat": func(c *call, this val, args []val) val {
		out := append([]val(nil), this.obj().vals...)
		for _, a := range args {
			if a.tag == pList {
				out = append(out, c.read(a.obj()).vals...)
			} else {
				out = append(out, a)
			}
		}
		c.step(len(out))
		return listVal(out)
	},
	"includes": func(c *call, this val, args []val) val {
		want := arg(args, 0)
		if len(args) > 1 {
			leave()
		}
		vals := this.obj().vals
		c.step(len(vals))
		for _, v := range vals {
			if v.tag == pNumber && v.n == 0 && math.Signbit(v.n) && want.n == 0 {
				leave() // the engine tells it from 0
			}
			if strictly(v, want) || v.tag == pNumber && want.tag == pNumber && v.n != v.n && want.n != want.n {
				return trueVal
			}
		}
		return falseVal
	},
	"indexOf": func(c *call, this val, args []val) val {
		if len(args) != 1 {
			leave()
		}
		vals := this.obj().vals
		c.step(len(vals))
		for i, v := range vals {
			if strictly(v, args[0]) {
				return numVal(float64(i))
			}
		}
		return numVal(-1)
	},
	"push": func(c *call, this val, args []val) val {
		for _, a := range args {
			c.push(this.obj(), a)
		}
		return numVal(float64(len(this.obj().vals)))
	},
	"join": func(c *call, this val, args []val) val {
		sep := ","
		if v := arg(args, 0); v.tag != pUndefined {
			sep = textOf(v)
		}
		var b strings.Builder
		for i, v := range this.obj().vals {
			if i > 0 {
				b.WriteString(sep)
			}
			if !v.nullish() {
				b.WriteString(textOf(v))
			}
			c.step(1)
			if b.Len() > maxBytes {
				leave()
			}
		}
		c.make(b.Len())
		return strVal(b.String())
	},
}
