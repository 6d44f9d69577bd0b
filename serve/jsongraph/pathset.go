package jsongraph

import (
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
