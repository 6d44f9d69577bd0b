package graph

import (
	"encoding/json"
	"strings"

	"facet/fault"
)

// The mapping language, as the public connector specification spells it. A mapping is a sequence of entries; what an
// entry means depends on where the mapping stands: see answer.go and body.go.

// An entry is one of a mapping's items: a field, a renamed value, or a value that is spread into its place.
type entry struct {
	name   string // "" without one
	spread bool   // written "...": no name
	val    *value
	at     int // offset in the string
}

// A value is a path with methods and a mapping below it, an object of entries, a list, or a literal.
type value struct {
	at      int
	root    string   // "" for a path relative to the object; "$", "@", "$args", …
	steps   []string // below the root
	literal []byte   // JSON, where the value is a constant
	list    []*value // where the value is a list that is not constant
	isList  bool
	methods []method
	sub     []*entry // { … } after a path; or the object itself
	hasSub  bool
	object  bool // an object: no path in front of sub
}

type method struct {
	name string
	args []*value
	at   int
}

const (
	maxMapping = 64 << 10 // bytes of one mapping
	maxDepth   = 64       // nested braces, brackets and parentheses
)

// A mapper reads one mapping. The first mistake ends it.
type mapper struct {
	src   str
	i     int
	depth int
	out   *fault.Diagnostics
	bad   bool
}

// readMapping reads the entries of a mapping; ok is false if a diagnostic was added.
func readMapping(s str, out *fault.Diagnostics) (entries []*entry, ok bool) {
	m := &mapper{src: s, out: out}
	if len(s.val) > maxMapping {
		out.Add(s.pos(0), "G020", "split the connector", "the mapping is %d bytes long, more than %d", len(s.val), maxMapping)
		return nil, false
	}
	entries = m.entries("")
	return entries, !m.bad
}

func (m *mapper) fail(at int, fix, format string, args ...any) {
	if !m.bad {
		m.out.Add(m.src.pos(at), "G020", fix, format, args...)
	}
	m.bad = true
}

// space skips white space, comments and commas.
func (m *mapper) space() { m.skip(true) }

// blank skips white space and comments: what follows still belongs to the same value.
func (m *mapper) blank() { m.skip(false) }

func (m *mapper) skip(commas bool) {
	for m.i < len(m.src.val) {
		switch c := m.src.val[m.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || commas && c == ',':
			m.i++
		case c == '#':
			for m.i < len(m.src.val) && m.src.val[m.i] != '\n' {
				m.i++
			}
		default:
			return
		}
	}
}

func (m *mapper) peek(tok string) bool { return strings.HasPrefix(m.src.val[m.i:], tok) }

func (m *mapper) take(tok string) bool {
	if !m.peek(tok) {
		return false
	}
	m.i += len(tok)
	return true
}

func (m *mapper) want(tok, after string) {
	m.space()
	if !m.bad && !m.take(tok) {
		m.fail(m.i, "", "expected %q %s, found %s", tok, after, m.found())
	}
}

func (m *mapper) found() string {
	if m.i >= len(m.src.val) {
		return "the end"
	}
	rest := m.src.val[m.i:]
	for i := range rest {
		if i > 0 {
			return `"` + rest[:i] + `"`
		}
	}
	return `"` + rest + `"`
}

func (m *mapper) enter() bool {
	m.depth++
	if m.depth > maxDepth {
		m.fail(m.i, "", "the mapping nests deeper than %d", maxDepth)
	}
	return !m.bad
}

// entries reads up to the closing token, or to the end of the text.
func (m *mapper) entries(end string) []*entry {
	defer func() { m.depth-- }()
	if !m.enter() {
		return nil
	}
	list := []*entry{}
	for !m.bad {
		m.space()
		if end != "" && m.take(end) {
			return list
		}
		if m.i >= len(m.src.val) {
			if end != "" {
				m.fail(m.i, "", "a %q is missing", end)
			}
			return list
		}
		list = append(list, m.entry())
	}
	return list
}

func (m *mapper) entry() *entry {
	e := &entry{at: m.i}
	if m.take("...") {
		e.spread = true
		m.space()
		e.val = m.value()
		return e
	}
	start := m.i
	if name, ok := m.key(); ok {
		m.space()
		if m.take(":") {
			e.name = name
			m.space()
			e.val = m.value()
			return e
		}
	}
	if m.bad {
		return e
	}
	m.i = start
	e.val = m.value()
	if e.val != nil && e.val.root == "" && len(e.val.steps) == 1 && len(e.val.methods) == 0 {
		e.name = e.val.steps[0]
	}
	return e
}

// key reads a name or a quoted name.
func (m *mapper) key() (string, bool) {
	if m.i < len(m.src.val) && (m.src.val[m.i] == '"' || m.src.val[m.i] == '\'') {
		return m.quoted()
	}
	return m.name()
}

func (m *mapper) name() (string, bool) {
	start := m.i
	for m.i < len(m.src.val) && nameByte(m.src.val[m.i], m.i > start) {
		m.i++
	}
	return m.src.val[start:m.i], m.i > start
}

func nameByte(c byte, later bool) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || later && '0' <= c && c <= '9'
}

func (m *mapper) quoted() (string, bool) {
	start, q := m.i, m.src.val[m.i]
	var b strings.Builder
	for m.i++; m.i < len(m.src.val); m.i++ {
		switch c := m.src.val[m.i]; c {
		case q:
			m.i++
			return b.String(), true
		case '\\':
			m.i++
			if m.i < len(m.src.val) {
				switch e := m.src.val[m.i]; e {
				case 'n':
					b.WriteByte('\n')
				case 't':
					b.WriteByte('\t')
				case 'r':
					b.WriteByte('\r')
				default:
					b.WriteByte(e)
				}
			}
		default:
			b.WriteByte(c)
		}
	}
	m.fail(start, "", "the string does not end")
	return "", false
}

// value reads a path, an object, a list or a literal, with the methods after it.
func (m *mapper) value() *value {
	v := &value{at: m.i}
	switch {
	case m.bad:
		return v
	case m.take("{"):
		v.object, v.hasSub = true, true
		v.sub = m.entries("}")
		return v
	case m.take("["):
		m.list(v)
		return v
	case m.take("$("):
		m.space()
		inner := m.value()
		if !m.bad && inner.literal == nil {
			m.fail(inner.at, `write a constant: $("text"), $(1), $(true)`, "only a constant can stand in $( )")
		}
		m.want(")", "after the constant")
		v.literal = inner.literal
		m.methods(v)
		return v
	case m.peek(`"`) || m.peek("'"):
		text, ok := m.quoted()
		if ok {
			v.literal = quoteJSON(text)
		}
		m.methods(v)
		return v
	case m.i < len(m.src.val) && (m.src.val[m.i] == '-' || '0' <= m.src.val[m.i] && m.src.val[m.i] <= '9'):
		m.number(v)
		return v
	}
	if m.take("@") {
		v.root = "@"
	} else if m.take("$") {
		name, _ := m.name()
		v.root = "$" + name
	} else {
		name, ok := m.name()
		if !ok {
			m.fail(m.i, "", "expected a field, a path or a constant, found %s", m.found())
			return v
		}
		if (name == "true" || name == "false" || name == "null") && !m.peek(".") {
			v.literal = []byte(name)
			return v
		}
		v.steps = append(v.steps, name)
	}
	m.steps(v)
	m.methods(v)
	if m.bad {
		return v
	}
	at := m.i
	m.blank()
	if m.take("{") {
		v.hasSub = true
		v.sub = m.entries("}")
		return v
	}
	m.i = at
	return v
}

func (m *mapper) steps(v *value) {
	for !m.bad {
		at := m.i
		m.blank()
		m.take("?") // a missing step is null with or without it
		if m.peek("...") || !m.take(".") {
			m.i = at
			return
		}
		m.blank()
		name, ok := m.key()
		if !ok {
			m.fail(m.i, "", "expected a name after \".\", found %s", m.found())
			return
		}
		v.steps = append(v.steps, name)
	}
}

func (m *mapper) methods(v *value) {
	for !m.bad {
		at := m.i
		m.blank()
		m.take("?")
		if !m.take("->") {
			m.i = at
			return
		}
		me := method{at: m.i}
		m.space()
		name, ok := m.name()
		if !ok {
			m.fail(m.i, "", "expected a method's name after \"->\", found %s", m.found())
			return
		}
		me.name = name
		m.space()
		if m.take("(") {
			me.args = m.values(")")
		}
		v.methods = append(v.methods, me)
	}
}

func (m *mapper) values(end string) []*value {
	defer func() { m.depth-- }()
	if !m.enter() {
		return nil
	}
	var list []*value
	for !m.bad {
		m.space()
		if m.take(end) {
			return list
		}
		if m.i >= len(m.src.val) {
			m.fail(m.i, "", "a %q is missing", end)
			return list
		}
		list = append(list, m.value())
	}
	return list
}

func (m *mapper) list(v *value) {
	v.isList = true
	v.list = m.values("]")
	raw := []byte{'['}
	for i, e := range v.list {
		if e.literal == nil {
			return
		}
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, e.literal...)
	}
	v.literal = append(raw, ']')
}

func (m *mapper) number(v *value) {
	start := m.i
	for m.i < len(m.src.val) && strings.IndexByte("+-.eE0123456789", m.src.val[m.i]) >= 0 {
		m.i++
	}
	raw := m.src.val[start:m.i]
	if !json.Valid([]byte(raw)) {
		m.fail(start, "", "%q is not a number", raw)
		return
	}
	v.literal = []byte(raw)
}

func quoteJSON(s string) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
