package jsongraph

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"facet/fault"
)

// A key is one key of a path, by the string form that it is looked up by.
type key struct {
	text  string
	index int  // of a list, if whole
	whole bool // the text is a whole number from 0, as it prints
}

func textKey(s string) key {
	k := key{text: s}
	if s == "" || len(s) > 15 || s[0] == '0' && s != "0" {
		return k
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return k
		}
		n = n*10 + int(s[i]-'0')
	}
	k.index, k.whole = n, true
	return k
}

// A span is the integers from, …, to; it is empty if to is less.
type span struct{ from, to int64 }

func (s span) len() int64 { return max(0, s.to-s.from+1) }

// A keySet is what stands at one place of a path set: keys and ranges.
type keySet struct {
	keys  []key
	spans []span
}

func (s keySet) count() int64 {
	n := int64(len(s.keys))
	for _, r := range s.spans {
		n = add(n, r.len())
	}
	return n
}

// each calls f with every key, duplicates included. Only key sets whose count is within the limit are walked.
func (s keySet) each(f func(key)) {
	for _, k := range s.keys {
		f(k)
	}
	for _, r := range s.spans {
		for i := r.from; i <= r.to; i++ {
			f(textKey(strconv.FormatInt(i, 10)))
		}
	}
}

// single is the set's key, if it has exactly one that is no range.
func (s keySet) single() (key, bool) {
	if len(s.keys) == 1 && len(s.spans) == 0 {
		return s.keys[0], true
	}
	return key{}, false
}

// A pathSet is a product of key sets.
type pathSet []keySet

func (p pathSet) count() int64 {
	n := int64(1)
	for _, s := range p {
		n = mul(n, s.count())
	}
	return n
}

// Counts stop at the largest number: they are only compared with limits.

func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func mul(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...)
}

func limit(format string, args ...any) *fault.Error { return fault.New(fault.Limit, format, args...) }

// decodePaths reads a JSON array of path sets. It keeps within the limits before it holds anything of size.
func decodePaths(text []byte, l Limits, what string) ([]pathSet, error) {
	p := &pathParser{b: text, limits: l}
	sets, err := p.paths()
	if err != nil {
		err.Message = what + ": " + err.Message
		return nil, err
	}
	return sets, bounded(sets, l, what)
}

// bounded counts paths, and the keys of all of them, without expanding any.
func bounded(sets []pathSet, l Limits, what string) error {
	total, steps := int64(0), int64(0)
	for _, s := range sets {
		n := s.count()
		total, steps = add(total, n), add(steps, mul(n, int64(len(s))))
	}
	if total > int64(l.Paths) {
		return tooMany(what, l)
	}
	if most := stepsPerPath * l.Paths; steps > int64(most) {
		return limit("%s: more than %d keys in all paths together", what, most).WithHint("ask for fewer or shorter paths in one request")
	}
	return nil
}

func tooMany(what string, l Limits) error {
	return limit("%s: more than %d paths", what, l.Paths).WithHint("ask for fewer indices or fields in one request")
}

// decodePath reads one simple path.
func decodePath(text []byte, l Limits, what string) ([]key, error) {
	p := &pathParser{b: text, limits: l}
	set, err := p.path()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		err.Message = what + ": " + err.Message
		return nil, err
	}
	path := make([]key, len(set))
	for i, s := range set {
		k, ok := s.single()
		if !ok {
			return nil, invalid("%s: key %d is a set of keys; it must be one", what, i)
		}
		path[i] = k
	}
	return path, nil
}

// A pathParser reads paths off JSON. It never recurses: paths nest three deep.
type pathParser struct {
	b      []byte
	i      int
	limits Limits
	empty  bool // a path may have no keys
	keys   int  // keys and ranges read
}

// Both are multiples of Limits.Paths.
const (
	keysPerPath  = 5  // keys and ranges as written
	stepsPerPath = 20 // keys of all simple paths together
)

func (p *pathParser) space() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *pathParser) fail(format string, args ...any) *fault.Error {
	e := invalid(format, args...)
	e.Message += " at byte " + strconv.Itoa(p.i)
	return e
}

func (p *pathParser) end() *fault.Error {
	if p.space(); p.i < len(p.b) {
		return p.fail("something follows the JSON")
	}
	return nil
}

// list reads an array, calling item at the first byte of each value.
func (p *pathParser) list(what string, item func() *fault.Error) *fault.Error {
	if p.space() != '[' {
		return p.fail("%s must be an array", what)
	}
	p.i++
	for n := 0; ; n++ {
		c := p.space()
		if c == ']' && n == 0 {
			p.i++
			return nil
		}
		if err := item(); err != nil {
			return err
		}
		switch p.space() {
		case ',':
			p.i++
			if p.space() == ']' {
				return p.fail("a value is missing")
			}
		case ']':
			p.i++
			return nil
		default:
			return p.fail("%s does not end", what)
		}
	}
}

func (p *pathParser) paths() (sets []pathSet, err *fault.Error) {
	err = p.list("paths", func() *fault.Error {
		if len(sets) >= p.limits.Paths {
			return limit("more than %d paths", p.limits.Paths)
		}
		s, err := p.path()
		sets = append(sets, s)
		return err
	})
	if err == nil {
		err = p.end()
	}
	return sets, err
}

func (p *pathParser) path() (set pathSet, err *fault.Error) {
	err = p.list("a path", func() *fault.Error {
		if len(set) >= p.limits.Keys {
			return limit("a path has more than %d keys", p.limits.Keys)
		}
		s, err := p.keySet()
		set = append(set, s)
		return err
	})
	if err == nil && len(set) == 0 && !p.empty {
		err = p.fail("a path has no keys")
	}
	return set, err
}

func (p *pathParser) keySet() (s keySet, err *fault.Error) {
	if p.space() != '[' {
		return s, p.item(&s)
	}
	err = p.list("a key set", func() *fault.Error {
		if p.space() == '[' {
			return p.fail("a key set stands in a key set")
		}
		return p.item(&s)
	})
	return s, err
}

// item reads a key or a range.
func (p *pathParser) item(s *keySet) *fault.Error {
	if p.keys++; p.keys > keysPerPath*p.limits.Paths {
		return limit("more than %d keys", keysPerPath*p.limits.Paths)
	}
	start := p.i
	switch c := p.space(); {
	case c == '"':
		text, err := p.str()
		if err != nil {
			return err
		}
		if strings.HasPrefix(text, "$") {
			return p.fail("a key begins with $, which JSON Graph keeps for itself")
		}
		s.keys = append(s.keys, textKey(text))
	case c == '{':
		r, err := p.span()
		if err != nil {
			return err
		}
		s.spans = append(s.spans, r)
	case c == '-' || '0' <= c && c <= '9':
		f, err := p.number()
		if err != nil {
			return err
		}
		s.keys = append(s.keys, textKey(formatNumber(f)))
	case p.word("true"):
		s.keys = append(s.keys, key{text: "true"})
	case p.word("false"):
		s.keys = append(s.keys, key{text: "false"})
	case p.word("null"):
		p.i = start
		return p.fail("a key is null")
	default:
		return p.fail("a key must be a string, a number, a boolean or a range")
	}
	return nil
}

func (p *pathParser) word(w string) bool {
	if bytes.HasPrefix(p.b[p.i:], []byte(w)) {
		p.i += len(w)
		return true
	}
	return false
}

// raw is the text between a string's quotes; escaped says that it must be decoded, or looked at for being UTF-8.
func (p *pathParser) raw() (text []byte, escaped bool, err *fault.Error) {
	start := p.i
	for p.i++; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c == '\\':
			escaped = true
			p.i++
		case c < ' ' || c >= 0x80:
			escaped = true
		case c == '"':
			p.i++
			if p.i-start > p.limits.Key {
				return nil, false, limit("a key is longer than %d bytes", p.limits.Key)
			}
			return p.b[start+1 : p.i-1], escaped, nil
		}
	}
	p.i = start
	return nil, false, p.fail("a string does not end")
}

func (p *pathParser) str() (string, *fault.Error) {
	start := p.i
	text, escaped, err := p.raw()
	if err != nil || !escaped {
		return string(text), err
	}
	var s string
	if json.Unmarshal(p.b[start:p.i], &s) != nil {
		p.i = start
		return "", p.fail("a string is not legal JSON")
	}
	return s, nil
}

func (p *pathParser) number() (float64, *fault.Error) {
	start := p.i
	n, whole := int64(0), true
	for ; p.i < len(p.b); p.i++ {
		c := p.b[p.i]
		if '0' <= c && c <= '9' {
			n = n*10 + int64(c-'0')
			continue
		}
		if strings.IndexByte("+-.eE", c) < 0 {
			break
		}
		whole = false
	}
	text := p.b[start:p.i]
	if whole && len(text) < 16 && (text[0] != '0' || len(text) == 1) {
		return float64(n), nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !json.Valid(text) {
		p.i = start
		return 0, p.fail("a number is not legal")
	}
	return f, nil
}

// span reads {"from"?, "to"} or {"from"?, "length"}: whole numbers; to is the last one, and from is 0 if it is not given.
func (p *pathParser) span() (r span, err *fault.Error) {
	start := p.i
	var to, length int64
	var hasTo, hasLength bool
	p.i++
	for n := 0; ; n++ {
		if p.space() == '}' {
			p.i++
			break
		}
		if n > 0 {
			if p.space() != ',' {
				return r, p.fail("a range does not end")
			}
			p.i++
		}
		if p.space() != '"' {
			return r, p.fail("a range does not end")
		}
		name, _, err := p.raw()
		if err != nil {
			return r, err
		}
		if p.space() != ':' {
			return r, p.fail("a range has a name without a number")
		}
		p.i++
		if c := p.space(); c != '-' && (c < '0' || c > '9') {
			return r, p.fail("a range's %s must be a whole number", clip(string(name)))
		}
		f, err := p.number()
		if err != nil {
			return r, err
		}
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return r, p.fail("a range's %s must be a whole number", clip(string(name)))
		}
		switch string(name) {
		case "from":
			r.from = int64(f)
		case "to":
			to, hasTo = int64(f), true
		case "length":
			length, hasLength = int64(f), true
		default:
			return r, p.fail("a range has from and to, or from and length, not %s", clip(string(name)))
		}
	}
	switch {
	case hasTo:
		r.to = to
	case hasLength && length >= 0:
		r.to = r.from + length - 1
	default:
		p.i = start
		return r, p.fail("a range needs to or length")
	}
	return r, nil
}

func clip(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return strconv.Quote(s)
}

// formatNumber prints a number as JavaScript does: 1.5, 1e+21.
func formatNumber(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e21 || a < 1e-6 {
		s := strconv.FormatFloat(f, 'e', -1, 64)
		mant, exp, _ := strings.Cut(s, "e")
		return mant + "e" + exp[:1] + strings.TrimLeft(exp[1:], "0")
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// append writes the key set as JSON; whole numbers are numbers.
func (s keySet) append(b []byte) []byte {
	if k, ok := s.single(); ok {
		return k.append(b)
	}
	if len(s.keys) == 0 && len(s.spans) == 1 {
		return s.spans[0].append(b)
	}
	b = append(b, '[')
	for i, k := range s.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = k.append(b)
	}
	for i, r := range s.spans {
		if i+len(s.keys) > 0 {
			b = append(b, ',')
		}
		b = r.append(b)
	}
	return append(b, ']')
}

func (s span) append(b []byte) []byte {
	b = append(b, `{"from":`...)
	b = strconv.AppendInt(b, s.from, 10)
	b = append(b, `,"to":`...)
	b = strconv.AppendInt(b, s.to, 10)
	return append(b, '}')
}

func (k key) append(b []byte) []byte {
	if k.whole {
		return append(b, k.text...)
	}
	return appendText(b, k.text)
}
