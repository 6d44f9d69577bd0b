package view

import (
	"encoding/json"
	"time"

	"facet/fault"
)

// A Budget bounds what one request may spend of one package. A zero field leaves the bound to the environment, which no package
// can raise. Places are counted wherever they stand: a film in two rows is two items and two entities.
type Budget struct {
	Calls    int           `json:"calls,omitempty"`    // tier calls
	Entities int           `json:"entities,omitempty"` // places of the answer at which an entity stands
	Items    int           `json:"items,omitempty"`    // items of lists
	Bytes    int64         `json:"bytes,omitempty"`    // of the answer's data
	CPU      time.Duration `json:"cpu,omitempty"`      // of script functions
	// Shorten says that an answer past Bytes has its lists shortened; else it is refused.
	Shorten bool `json:"shorten,omitempty"`
}

// Stated says whether the budget bounds anything.
func (b Budget) Stated() bool { return b != Budget{} }

// Within is the budget under an environment's: of each bound the lower one that is stated.
func (b Budget) Within(env Budget) Budget {
	b.Calls, b.Entities, b.Items = least(b.Calls, env.Calls), least(b.Entities, env.Entities), least(b.Items, env.Items)
	b.Bytes, b.CPU = least(b.Bytes, env.Bytes), least(b.CPU, env.CPU)
	return b
}

func least[T int | int64 | time.Duration](a, b T) T {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// Budget is what the package's manifest states under edge.limits. What cannot be read bounds nothing.
func (b *Build) Budget() Budget {
	var out Budget
	if len(b.Limits) > 0 && json.Unmarshal(b.Limits, &out) != nil {
		return Budget{}
	}
	return out
}

// A Size is a view's own budget: its answer's lists are shortened until its data fits.
type Size struct {
	Bytes int `json:"bytes"`
}

// A Boundless is a list of graph objects that nothing ends: neither .page() nor .take() stands on it.
type Boundless struct {
	In   string    // "view home", "shape Card"
	Path string    // "rows.items"
	Pos  fault.Pos // where the list is named in TypeScript
}

// Boundless finds the build's lists that have no bound, in order of definition. Lists of scalars are not among them: they load
// nothing, and their bytes are bounded when they are written.
func (b *Build) Boundless() []Boundless {
	var out []Boundless
	for _, v := range b.Views {
		out = boundless(out, "view "+v.Name, &v.Scope, v.Output, v.Pos, "")
	}
	for _, s := range b.Shapes {
		out = boundless(out, "shape "+s.Name, &s.Scope, s.Output, s.Pos, "")
	}
	for _, m := range b.Mutations {
		out = boundless(out, "mutation "+m.Name, &m.Scope, m.Output, m.Pos, "")
	}
	for _, h := range b.Handlers {
		for _, v := range h.Views {
			out = boundless(out, "load "+v.Name, &v.Scope, v.Output, v.Pos, "")
		}
		for _, m := range h.Mutations {
			out = boundless(out, "mutation "+m.Name, &m.Scope, m.Output, m.Pos, "")
		}
	}
	return out
}

func boundless(out []Boundless, in string, s *Scope, o *Output, pos fault.Pos, path string) []Boundless {
	if o == nil {
		return out
	}
	switch o.Kind {
	case Tree:
		for _, f := range o.Fields {
			at := pos
			if f.Pos.Line > 0 {
				at = f.Pos
			}
			name := f.Name
			if path != "" {
				name = path + "." + name
			}
			out = boundless(out, in, s, f.Output, at, name)
		}
	case Many:
		if !s.ends(o.Value) {
			if p := s.Values[o.Value].Pos; p.Line > 0 {
				pos = p
			}
			out = append(out, Boundless{In: in, Path: path, Pos: pos})
		}
		out = boundless(out, in, s, o.Item, pos, path)
	case Union:
		for _, a := range o.Arms {
			out = boundless(out, in, s, a.Output, pos, path)
		}
	}
	return out
}

// ends says whether a list has a last item that its author named.
func (s *Scope) ends(id ID) bool {
	if id == None {
		return true
	}
	v := &s.Values[id]
	switch v.Op {
	case OpPage, OpTake, OpLiteral, OpList:
		return true
	case OpOrNull, OpNotFound:
		return s.ends(v.Of)
	case OpOrElse:
		return s.ends(v.Of) && s.ends(v.Else)
	case OpPick, OpWhen:
		for _, c := range v.Cases {
			if !s.ends(c.Value) {
				return false
			}
		}
		return s.ends(v.Else)
	}
	return false
}

// CheckBoundless are the diagnostics of lists without a bound. They are errors where the package states how many calls, entities or
// items a request may take, since then nothing proves it; else they warn.
func (b *Build) CheckBoundless() fault.Diagnostics {
	var ds fault.Diagnostics
	l := b.Budget()
	severity := fault.Warn
	if l.Calls > 0 || l.Entities > 0 || l.Items > 0 {
		severity = fault.Err
	}
	for _, x := range b.Boundless() {
		where := x.In
		if x.Path != "" {
			where += ": " + x.Path
		}
		ds = append(ds, fault.Diagnostic{Pos: x.Pos, Severity: severity, Code: "B001", Text: where + " has no bound: it is as long as its tier makes it",
			Fix: "Write .page({ first, max }) or .take(n)"})
	}
	return ds
}
