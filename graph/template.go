package graph

import (
	"slices"
	"strings"

	"facet/fault"
)

// vars are the variables that an expression may name.
var vars = []Var{VarArgs, VarThis, VarBatch, VarConfig, VarEnv, VarContext, VarPage}

// ContextPaths are what $context offers, as asker.Asker.Value knows them.
func ContextPaths() []string {
	return []string{"viewer.id", "viewer.profile.id", "viewer.profiles", "viewer.signedIn",
		"device.type", "device.form", "device.appVersion", "device.bandwidth", "locale", "region", "now", "random"}
}

// String prints the expression as it is written.
func (e Expr) String() string { return strings.Join(append([]string{string(e.Var)}, e.Path...), ".") }

// readTemplate reads text with {expressions}; ok is false if a diagnostic was added.
func readTemplate(s str, out *fault.Diagnostics) (t *Template, ok bool) {
	t = &Template{Text: s.val, Pos: s.pos(0)}
	if len(s.val) > maxMapping {
		out.Add(s.pos(0), "G011", "", "the template is %d bytes long, more than %d", len(s.val), maxMapping)
		return t, false
	}
	rest, at := s.val, 0
	for {
		open := strings.IndexByte(rest, '{')
		if c := strings.IndexByte(rest, '}'); c >= 0 && (open < 0 || c < open) {
			out.Add(s.pos(at+c), "G011", "percent-encode a literal brace", "a \"}\" without \"{\" before it")
			return t, false
		}
		if open < 0 {
			if rest != "" {
				t.Parts = append(t.Parts, TemplatePart{Text: rest})
			}
			return t, true
		}
		if open > 0 {
			t.Parts = append(t.Parts, TemplatePart{Text: rest[:open]})
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			out.Add(s.pos(at+open), "G011", "close it with \"}\"", "the \"{\" is not closed")
			return t, false
		}
		e, good := readExpr(s, at+open+1, at+open+end, out)
		if !good {
			return t, false
		}
		t.Parts = append(t.Parts, TemplatePart{Expr: &e.Expr, pos: e.pos})
		rest, at = rest[open+end+1:], at+open+end+1
	}
}

// A placed is an expression that knows where it was written.
type placed struct {
	Expr
	pos fault.Pos
}

// readExpr reads bytes [from, to) of s as one variable with a path.
func readExpr(s str, from, to int, out *fault.Diagnostics) (placed, bool) {
	raw := s.val[from:to]
	from += len(raw) - len(strings.TrimLeft(raw, " \t\n"))
	raw = strings.TrimSpace(raw)
	p := placed{pos: s.pos(from)}
	if raw == "" {
		out.Add(p.pos, "G011", "name a variable, as in {$args.id}", "the expression is empty")
		return p, false
	}
	if i := strings.Index(raw, "->"); i >= 0 {
		out.Add(s.pos(from+i), "G022", "let the tier take the value as it is", "methods are not supported in expressions")
		return p, false
	}
	steps := strings.Split(raw, ".")
	for i, step := range steps {
		if i == 0 {
			continue
		}
		step = strings.Trim(strings.TrimSuffix(strings.TrimSpace(step), "?"), `"'`)
		if step == "" {
			out.Add(p.pos, "G011", "", "%q has an empty step", raw)
			return p, false
		}
		p.Path = append(p.Path, step)
	}
	return p.variable(strings.TrimSuffix(strings.TrimSpace(steps[0]), "?"), out)
}

// variable checks the variable's name and that it has the path that it needs.
func (p placed) variable(name string, out *fault.Diagnostics) (placed, bool) {
	p.Var = Var(name)
	if !slices.Contains(vars, p.Var) {
		names := make([]string, len(vars))
		for i, v := range vars {
			names[i] = string(v)
		}
		fix := meant(name, names)
		switch {
		case p.Var == VarRequest:
			fix = "forward a header by headers: [{ name, from }]"
		case !strings.HasPrefix(name, "$"):
			fix = "variables begin with $: $args." + strings.Join(append([]string{name}, p.Path...), ".")
		}
		out.Add(p.pos, "G012", fix, "unknown variable %s", name)
		return p, false
	}
	return p, true
}

// exprs are the expressions of a template.
func (t *Template) exprs() []placed {
	if t == nil {
		return nil
	}
	var list []placed
	for _, part := range t.Parts {
		if part.Expr != nil {
			list = append(list, placed{Expr: *part.Expr, pos: part.pos})
		}
	}
	return list
}
