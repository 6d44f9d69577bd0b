package rest

import (
	"facet/fault"
)

// An asked field is one name of a `fields` parameter with what is asked below it.
type asked struct {
	name string
	sub  []*asked // nil: nothing was said
}

// parseFields reads `a,b(c,d)`. A name that stands twice is one field with both lists below it. White space may stand
// between names.
func parseFields(text string, l Limits) ([]*asked, error) {
	if len(text) > l.Query {
		return nil, past("bytes of fields", l.Query)
	}
	p := &fieldParser{text: text, limits: l}
	list := p.list(1)
	if p.err == nil && p.i < len(text) {
		p.fail("there is a %q without \"(\" before it", text[p.i:p.i+1])
	}
	if p.err != nil {
		return nil, p.err
	}
	return list, nil
}

func past(what string, max int) *fault.Error {
	return fault.New(fault.Limit, "the request is past the limit of %d %s", max, what)
}

type fieldParser struct {
	text   string
	i      int
	count  int
	limits Limits
	err    error
}

func (p *fieldParser) fail(format string, args ...any) {
	if p.err == nil {
		args = append([]any{p.i + 1}, args...)
		p.err = fault.New(fault.Invalid, "fields, character %d: "+format, args...).WithHint("write fields=a,b(c,d)")
	}
}

func (p *fieldParser) space() {
	for p.i < len(p.text) && (p.text[p.i] == ' ' || p.text[p.i] == '\n' || p.text[p.i] == '\t' || p.text[p.i] == '\r') {
		p.i++
	}
}

// list reads names up to a closing parenthesis or the end.
func (p *fieldParser) list(depth int) []*asked {
	if depth > p.limits.Depth {
		p.err = past("levels of fields", p.limits.Depth)
		return nil
	}
	var list []*asked
	seen := map[string]*asked{}
	for p.err == nil {
		p.space()
		name := p.name()
		if name == "" {
			p.fail("a field's name is missing")
			return nil
		}
		f := seen[name]
		if f == nil {
			f = &asked{name: name}
			seen[name] = f
			list = append(list, f)
			if p.count++; p.count > p.limits.Fields {
				p.err = past("fields", p.limits.Fields)
				return nil
			}
		}
		p.space()
		if p.i < len(p.text) && p.text[p.i] == '(' {
			p.i++
			f.sub = merge(f.sub, p.list(depth+1))
			if p.err == nil && (p.i >= len(p.text) || p.text[p.i] != ')') {
				p.fail("a \")\" is missing")
			}
			p.i++
			p.space()
		}
		if p.i >= len(p.text) || p.text[p.i] == ')' {
			return list
		}
		if p.text[p.i] != ',' {
			p.fail("expected \",\", found %q", p.text[p.i:p.i+1])
			return nil
		}
		p.i++
	}
	return nil
}

func merge(a, b []*asked) []*asked {
	for _, f := range b {
		found := false
		for _, have := range a {
			if have.name == f.name {
				have.sub = merge(have.sub, f.sub)
				found = true
			}
		}
		if !found {
			a = append(a, f)
		}
	}
	return a
}

func (p *fieldParser) name() string {
	from := p.i
	for p.i < len(p.text) {
		c := p.text[p.i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || p.i > from && '0' <= c && c <= '9' {
			p.i++
			continue
		}
		break
	}
	return p.text[from:p.i]
}
