package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"facet/fault"
)

// A Range is a set of versions as npm writes it: "^2.1.0", "~1.4", "1.x", ">=1 <3 || 4.0.0-rc.1", "1.2 - 2".
// The zero Range contains nothing.
//
// The library's own constraints are not used: they let a comma join comparators, take "!=", and
// admit pre-releases of any version once one comparator names one, where npm wants the same three numbers.
type Range struct {
	text string
	sets [][]bound // a version is in the range if it meets every bound of one set
}

type bound struct {
	op string // "<", "<=", ">", ">=", "="
	v  Version
}

// A range is text that people write by hand; more than this is a mistake or an attack.
const (
	maxRange   = 1024
	maxVersion = 256
)

var (
	spaceAfterOp = regexp.MustCompile(`(>=|<=|~>|[<>=~^])\s+`)
	hyphen       = regexp.MustCompile(`^\s*(\S+)\s+-\s+(\S+)\s*$`)
	comparator   = regexp.MustCompile(`^(>=|<=|~>|[<>=~^])?(\S*)$`)
	partialText  = regexp.MustCompile(`^v?([0-9]+|[xX*])(?:\.([0-9]+|[xX*])(?:\.([0-9]+|[xX*])(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?)?)?$`)
)

// ParseRange reads an npm range. "" is "*". A dist-tag, a URL or another text is an Invalid error.
func ParseRange(s string) (Range, error) {
	r := Range{text: strings.TrimSpace(s)}
	if len(s) > maxRange {
		return Range{}, badRange(s[:32]+"…", "is longer than %d bytes", maxRange)
	}
	for _, alt := range strings.Split(s, "||") {
		set, err := parseSet(alt)
		if err != nil {
			return Range{}, err
		}
		r.sets = append(r.sets, set)
	}
	if r.text == "" {
		r.text = "*"
	}
	return r, nil
}

func badRange(subject, format string, args ...any) error {
	return &fault.Error{Kind: fault.Invalid, Op: "pack.range", Subject: strconv.Quote(subject), Message: fmt.Sprintf(format, args...),
		Hint: `write a range as npm does, for example "^1.2.0"`}
}

// String is the range as it was written.
func (r Range) String() string { return r.text }

// Contains says whether v meets the range. A pre-release does only where a bound of the same
// set names a pre-release of the same three numbers.
func (r Range) Contains(v Version) bool {
	return slices.ContainsFunc(r.sets, func(set []bound) bool {
		for _, b := range set {
			if !b.admits(v) {
				return false
			}
		}
		return v.Pre() == "" || slices.ContainsFunc(set, func(b bound) bool {
			return b.v.Pre() != "" && b.v.v.Major() == v.v.Major() && b.v.v.Minor() == v.v.Minor() && b.v.v.Patch() == v.v.Patch()
		})
	})
}

func (b bound) admits(v Version) bool {
	c := v.Compare(b.v)
	switch b.op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return c == 0
}

func parseSet(s string) ([]bound, error) {
	if m := hyphen.FindStringSubmatch(s); m != nil {
		from, err := parsePartial(m[1])
		if err != nil {
			return nil, err
		}
		to, err := parsePartial(m[2])
		if err != nil {
			return nil, err
		}
		var set []bound
		if from.given > 0 {
			set = append(set, bound{">=", from.version()})
		}
		switch to.given {
		case 0:
		case 3:
			set = append(set, bound{"<=", to.version()})
		default:
			set = append(set, bound{"<", to.next(to.given - 1)})
		}
		return set, nil
	}
	set := []bound{}
	for _, word := range strings.Fields(spaceAfterOp.ReplaceAllString(s, "$1")) {
		m := comparator.FindStringSubmatch(word)
		if m == nil {
			return nil, badRange(word, "is no version range")
		}
		p, err := parsePartial(m[2])
		if err != nil {
			return nil, err
		}
		set = append(set, p.bounds(m[1])...)
	}
	return set, nil
}

// A partial is a version whose last numbers may be left open.
type partial struct {
	n     [3]uint64
	given int // how many of n were written as numbers, from the left
	pre   string
}

const maxNumber = 1<<53 - 1 // what npm can count to

func parsePartial(s string) (partial, error) {
	m := partialText.FindStringSubmatch(s)
	if m == nil || len(s) > maxVersion {
		return partial{}, badRange(s, "is no version or part of one")
	}
	var p partial
	open := false
	for i, t := range m[1:4] {
		if t == "" || strings.ContainsAny(t, "xX*") {
			open = true
			continue
		}
		if open {
			return partial{}, badRange(s, "has a number after one that is left open")
		}
		n, err := strconv.ParseUint(t, 10, 64)
		if err != nil || n >= maxNumber || (len(t) > 1 && t[0] == '0') {
			return partial{}, badRange(s, "has a number that no version can have: %s", t)
		}
		p.n[i] = n
		p.given++
	}
	if p.given == 3 {
		p.pre = m[4]
		full := fmt.Sprintf("%d.%d.%d", p.n[0], p.n[1], p.n[2])
		if m[4] != "" {
			full += "-" + m[4]
		}
		if m[5] != "" {
			full += "+" + m[5]
		}
		if _, err := ParseVersion(full); err != nil {
			return partial{}, err
		}
	}
	return p, nil
}

// version fills what is open with zeros.
func (p partial) version() Version {
	return makeVersion(p.n, p.pre)
}

// next is the lowest of all versions, pre-releases included, that are past every version
// sharing the numbers up to index i.
func (p partial) next(i int) Version {
	n := p.n
	n[i]++
	for j := i + 1; j < 3; j++ {
		n[j] = 0
	}
	return makeVersion(n, "0")
}

// bounds says in plain comparisons what an operator before a partial version means.
func (p partial) bounds(op string) []bound {
	switch op {
	case "^":
		if p.given == 0 {
			return nil
		}
		i := 0 // the first number that is not zero, of those written, may not change
		for i < p.given-1 && p.n[i] == 0 {
			i++
		}
		return []bound{{">=", p.version()}, {"<", p.next(i)}}
	case "~", "~>":
		if p.given == 0 {
			return nil
		}
		return []bound{{">=", p.version()}, {"<", p.next(min(p.given, 2) - 1)}}
	case "", "=":
		switch p.given {
		case 0:
			return nil
		case 3:
			return []bound{{"=", p.version()}}
		}
		return []bound{{">=", p.version()}, {"<", p.next(p.given - 1)}}
	}
	switch {
	case p.given == 3:
		return []bound{{op, p.version()}}
	case p.given == 0 && (op == ">" || op == "<"):
		return []bound{{"<", makeVersion([3]uint64{}, "0")}} // nothing is past every version
	case p.given == 0:
		return nil
	case op == ">":
		n := p.next(p.given - 1)
		return []bound{{">=", makeVersion([3]uint64{n.v.Major(), n.v.Minor(), n.v.Patch()}, "")}}
	case op == "<=":
		return []bound{{"<", p.next(p.given - 1)}}
	case op == "<":
		return []bound{{"<", makeVersion(p.n, "0")}}
	}
	return []bound{{">=", p.version()}}
}
