package jsongraph

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"facet/fault"
)

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
