package scripts

import (
	"io"
	"regexp"
	"sync"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// A lazyRegexp is compiled when it is first needed.
type lazyRegexp struct {
	once sync.Once
	re   *regexp.Regexp
}

func (l *lazyRegexp) get(text string) *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(text) })
	return l.re
}

// matching is the part of a machine that knows its regular expressions: those that a call made, which end with it.
type matching struct {
	known   map[*goja.Object]*pattern
	indexOf native // of strings
}

func (m *matching) reset() {
	if len(m.known) > 0 {
		clear(m.known)
	}
}

// find matches a text from a unit on. The result holds the begin and the end of each group in units, -1 where one took no part; nil: no match.
func (m *machine) find(p *pattern, s goja.String, from int, sticky bool) []int {
	n := s.Length()
	m.charge(0)
	text := s.String()
	if p.unicode && from > 0 && from < n && low(s.CharAt(from)) && high(s.CharAt(from-1)) {
		from--
	}
	start := max(0, from-1) // one unit before: what ^ and \b look back at
	if p.unicode && start > 0 && low(s.CharAt(start)) && high(s.CharAt(start-1)) {
		start--
	}
	if work := (n - start) * p.steps; work > maxWork {
		m.exceed(LimitRegex, "a regular expression of %d steps was matched against %d units of text", p.steps, n-start)
	}
	re := p.search
	switch {
	case from > 0 && sticky:
		re = p.stuckL.get(`\A(?s:.)` + p.body)
	case from > 0:
		re = p.later.get(`\A(?s:.)(?s:.)*?` + p.body)
	case sticky:
		re = p.stuck.get(`\A` + p.body)
	}
	var at []int
	if len(text) == n {
		at = re.FindStringSubmatchIndex(text[start:])
		if p.multiline && hasTerminator(text, nil) {
			m.exceed(LimitRegex, "a text with \\r was matched with the flag m: split it first")
		}
	} else {
		units := make([]uint16, n-start)
		for i := range units {
			units[i] = s.CharAt(start + i)
		}
		m.charge(int64(2 * len(units)))
		if p.multiline && hasTerminator("", units) {
			m.exceed(LimitRegex, "a text with \\r or a separator of lines was matched with the flag m: split it first")
		}
		at = re.FindReaderSubmatchIndex(&unitReader{units: units, pairs: p.unicode})
	}
	if at == nil {
		return nil
	}
	at = at[2:]
	for i := range at {
		if at[i] >= 0 {
			at[i] += start
		}
	}
	return at
}

// hasTerminator says whether a text has an end of line that the matcher does not know.
func hasTerminator(s string, units []uint16) bool {
	for i := range len(s) {
		if s[i] == '\r' {
			return true
		}
	}
	for _, c := range units {
		if c == '\r' || c == 0x2028 || c == 0x2029 {
			return true
		}
	}
	return false
}

// A unitReader gives UTF-16 units, or pairs of them as one character; a character is as wide as its units.
type unitReader struct {
	units []uint16
	at    int
	pairs bool
}

func (r *unitReader) ReadRune() (c rune, size int, err error) {
	if r.at >= len(r.units) {
		return 0, 0, io.EOF
	}
	c, size = rune(r.units[r.at]), 1
	if r.pairs && high(r.units[r.at]) && r.at+1 < len(r.units) && low(r.units[r.at+1]) {
		c, size = utf16.DecodeRune(c, rune(r.units[r.at+1])), 2
	}
	r.at += size
	return c, size, nil
}

// exec is RegExp.prototype.exec but for the form of its result (ECMAScript 2025, 22.2.7.2).
func (m *machine) exec(o *goja.Object, p *pattern, s goja.String) []int {
	keeps := p.global || p.sticky
	from := 0
	if keeps {
		if last := o.Get("lastIndex").ToFloat(); last > 0 {
			if last > float64(s.Length()) {
				m.lastIndex(o, 0)
				return nil
			}
			from = int(last)
		}
	}
	at := m.find(p, s, from, p.sticky)
	if keeps {
		if at == nil {
			m.lastIndex(o, 0)
		} else {
			m.lastIndex(o, at[1])
		}
	}
	return at
}

func (m *machine) lastIndex(o *goja.Object, n int) {
	if err := o.Set("lastIndex", n); err != nil {
		panic(err)
	}
}

// each gives every match of a text from the begin on, as a global expression finds them, until f says false.
func (m *machine) each(p *pattern, s goja.String, from int, f func(at []int) bool) {
	for n := s.Length(); from <= n; {
		at := m.find(p, s, from, p.sticky)
		if at == nil || !f(at) {
			return
		}
		if from = at[1]; at[0] == at[1] {
			from = p.advance(s, from)
		}
	}
}

// advance is the place after the character at a place.
func (p *pattern) advance(s goja.String, i int) int {
	if p.unicode && i+1 < s.Length() && high(s.CharAt(i)) && low(s.CharAt(i+1)) {
		return i + 2
	}
	return i + 1
}

// result is what exec gives: the groups with index, input and groups.
func (m *machine) result(p *pattern, s goja.String, at []int) goja.Value {
	if at == nil {
		return goja.Null()
	}
	values := m.captures(s, at)
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	m.charge(int64(256 + len(list)*sizeOfItem))
	a := m.vm.NewArray(list...)
	_ = a.Set("index", at[0])
	_ = a.Set("input", s)
	_ = a.Set("groups", m.groups(p, values))
	return a
}

func (m *machine) captures(s goja.String, at []int) []goja.Value {
	out := make([]goja.Value, len(at)/2)
	for i := range out {
		out[i] = goja.Undefined()
		if at[2*i] >= 0 {
			out[i] = s.Substring(at[2*i], at[2*i+1])
			m.charge(int64(at[2*i+1]-at[2*i]) + sizeOfItem)
		}
	}
	return out
}

func (m *machine) groups(p *pattern, values []goja.Value) goja.Value {
	if !p.named {
		return goja.Undefined()
	}
	o := m.vm.CreateObject(nil)
	for i, name := range p.groups {
		if name != "" {
			_ = o.Set(name, values[i])
		}
	}
	return o
}
