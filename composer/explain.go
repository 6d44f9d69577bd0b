package composer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"facet/asker"
)

// An Explanation is a plan to be read: its operations by level.
type Explanation struct {
	Operations []ExplainedOperation `json:"operations"`
	Levels     int                  `json:"levels"`
	// Forks are the choices over who asks that the plan took.
	Forks []ExplainedFork `json:"forks,omitempty"`
	// Reads are the context inputs that the answer depends on.
	Reads []string `json:"reads,omitempty"`
}

// An ExplainedOperation is one operation of a plan: sent once, or once for each of its keys where it is no batch.
type ExplainedOperation struct {
	Operation string   `json:"operation"`
	Level     int      `json:"level"`
	Batch     bool     `json:"batch,omitempty"`
	MaxSize   int      `json:"maxSize,omitempty"`
	Keys      []string `json:"keys,omitempty"` // where its keys come from
	Arguments []string `json:"arguments,omitempty"`
	Context   []string `json:"context,omitempty"`
	Page      string   `json:"page,omitempty"`
	When      []string `json:"when,omitempty"` // conditions, each of one use
	Within    string   `json:"within,omitempty"`
	Fields    []string `json:"fields,omitempty"` // what is wanted of the answers
	After     []int    `json:"after,omitempty"`  // operations (by place here) that it waits for
	// Except names earlier operations (by place here) whose keys this one leaves out.
	Except []int `json:"except,omitempty"`
	Effect bool  `json:"effect,omitempty"`
}

// An ExplainedFork is a choice of the plan.
type ExplainedFork struct {
	Path string `json:"path"`
	Arm  string `json:"arm"` // the JSON value that it took, or "else"
}

// Explain shows the plan of a selection for an asker without asking anything. Values are not needed: plans hold none;
// where they are given, they are checked against their declarations.
func (e *Engine) Explain(sel *Selection, values []json.RawMessage, a *asker.Asker) (Explanation, error) {
	if a == nil {
		a = &asker.Asker{}
	}
	var out Explanation
	roots := []int{-1}
	if sel.Mutation {
		roots = roots[:0]
		for i := range sel.Roots {
			roots = append(roots, i)
		}
	}
	for _, only := range roots {
		p, err := e.plan(sel, a, only)
		if err != nil {
			return Explanation{}, err
		}
		if values != nil {
			x := e.newExec(p, &Request{Selection: sel, Values: values, Asker: a})
			x.bind()
			for _, bad := range x.invalid {
				if bad != nil {
					return Explanation{}, bad
				}
			}
		}
		out.add(p)
	}
	return out, nil
}

func (e *Explanation) add(p *plan) {
	order := make([]int, len(p.steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(p.steps[a].level - p.steps[b].level) })
	base := len(e.Operations)
	place := make([]int, len(p.steps))
	for n, i := range order {
		place[i] = base + n
	}
	for _, i := range order {
		st := p.steps[i]
		op := st.op.op
		o := ExplainedOperation{Operation: op.ID, Level: int(st.level), Batch: op.Batch, MaxSize: op.MaxSize, Context: op.Context, Fields: st.op.fields, Effect: st.effect >= 0}
		e.Levels = max(e.Levels, o.Level)
		if b := st.op.budget(); b > 0 {
			o.Within = b.String()
		}
		for _, u := range st.uses {
			if k := p.describe(u.of, 0); p.vals[u.of].op != vRoot && !slices.Contains(o.Keys, k) {
				o.Keys = append(o.Keys, k)
			}
			var conds []string
			for _, c := range p.conds[u.conds] {
				if p.vals[c].op != vValid {
					conds = append(conds, p.describe(c, 0))
				}
			}
			if s := strings.Join(conds, " and "); s != "" && !slices.Contains(o.When, s) {
				o.When = append(o.When, s)
			}
		}
		if st.spec >= 0 {
			s := p.specs[st.spec]
			for n, a := range s.args {
				if a != none {
					o.Arguments = append(o.Arguments, op.Args[n]+": "+p.describe(a, 0))
				}
			}
			if s.window >= 0 {
				w := p.windows[s.window]
				first := "max"
				if w.first != none {
					first = p.describe(w.first, 0)
				}
				if w.asked >= 0 {
					first = fmt.Sprintf("asked, else %s", first)
				}
				o.Page = fmt.Sprintf("first %s, max %d", first, w.max)
			}
		}
		for _, w := range st.waits {
			o.After = append(o.After, place[w])
		}
		for _, b := range st.behind {
			o.Except = append(o.Except, place[b])
		}
		slices.Sort(o.After)
		slices.Sort(o.Except)
		e.Operations = append(e.Operations, o)
	}
	for _, k := range p.forks {
		f := ExplainedFork{Path: k.path, Arm: "else"}
		if k.arm < len(k.cases) {
			f.Arm = string(k.cases[k.arm])
		}
		if !slices.Contains(e.Forks, f) {
			e.Forks = append(e.Forks, f)
		}
	}
	for _, r := range p.reads {
		if !slices.Contains(e.Reads, r) {
			e.Reads = append(e.Reads, r)
		}
	}
}

// describe prints a value of the plan as an expression.
func (p *plan) describe(id vid, depth int) string {
	if id == none || depth > 12 {
		return "…"
	}
	v := &p.vals[id]
	of := func() string { return p.describe(v.of, depth+1) }
	list := func(vs []vid) string {
		var parts []string
		for _, a := range vs {
			parts = append(parts, p.describe(a, depth+1))
		}
		return strings.Join(parts, ", ")
	}
	switch v.op {
	case vConst:
		return p.literal(v.lit)
	case vParam:
		if pa := p.params[v.idx]; pa.arg != nil {
			return "$" + pa.arg.Name
		}
		return "$key"
	case vContext:
		return v.name
	case vRoot:
		return v.typ.Name
	case vEntity:
		return v.typ.Name + "(" + list(v.args) + ")"
	case vItem:
		return p.describe(p.domains[v.dom].list, depth+1) + "[]"
	case vAs:
		return of() + " as " + v.name
	case vKeyPart:
		return of() + "." + p.spaces[p.vals[v.of].space].key[v.idx]
	case vField:
		return of() + "." + v.name
	case vFieldOp:
		s := p.specs[v.spec]
		var args []string
		for n, a := range s.args {
			if a != none {
				args = append(args, s.op.op.Args[n]+": "+p.describe(a, depth+1))
			}
		}
		head := of() + "."
		if p.vals[v.of].op == vRoot {
			head = ""
		}
		if len(args) == 0 {
			return head + v.name
		}
		return head + v.name + "(" + strings.Join(args, ", ") + ")"
	case vPick:
		return of() + ".pick(…)"
	case vWhen:
		return "when " + of()
	case vIs:
		return of() + " is " + p.literal(v.lit)
	case vNot:
		return "not (" + of() + ")"
	case vAnd, vOr:
		word := " and "
		if v.op == vOr {
			word = " or "
		}
		return strings.ReplaceAll(list(v.args), ", ", word)
	case vCut, vOrNull, vOrElse, vOrAbsent, vGuarded, vSplit:
		return of()
	case vHandler:
		return "handler"
	case vComputed:
		return "computed(" + list(v.args) + ")"
	case vFormat:
		return "format." + v.name + "(" + list(v.args) + ")"
	}
	return "{" + list(v.args) + "}"
}

func (p *plan) literal(c cell) string {
	if c.kind == kNull {
		return "null"
	}
	return string(p.consts[c.off : c.off+c.n])
}

// String prints the plan as a tree: levels, their operations, what each asks for.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s\n", count(len(e.Operations), "operation"), count(e.Levels, "level"))
	level := 0
	for i, o := range e.Operations {
		if o.Level != level {
			level = o.Level
			fmt.Fprintf(&b, "level %d\n", level)
		}
		fmt.Fprintf(&b, "  %d %s", i, o.Operation)
		switch {
		case o.Effect:
			b.WriteString(" (effect)")
		case o.Batch && o.MaxSize > 0:
			fmt.Fprintf(&b, " (batches of %d)", o.MaxSize)
		case o.Batch:
			b.WriteString(" (batch)")
		}
		b.WriteByte('\n')
		line := func(what string, list []string) {
			for _, s := range list {
				fmt.Fprintf(&b, "      %s %s\n", what, s)
			}
		}
		line("keys", o.Keys)
		line("with", o.Arguments)
		line("context", o.Context)
		if o.Page != "" {
			line("page", []string{o.Page})
		}
		line("when", o.When)
		if o.Within != "" {
			line("within", []string{o.Within})
		}
		if len(o.Fields) > 0 {
			line("gives", []string{strings.Join(o.Fields, " ")})
		}
		if len(o.After) > 0 {
			line("after", []string{strings.Trim(fmt.Sprint(o.After), "[]")})
		}
		if len(o.Except) > 0 {
			line("except what is asked by", []string{strings.Trim(fmt.Sprint(o.Except), "[]")})
		}
	}
	for _, f := range e.Forks {
		fmt.Fprintf(&b, "fork %s = %s\n", f.Path, f.Arm)
	}
	if len(e.Reads) > 0 {
		fmt.Fprintf(&b, "reads %s\n", strings.Join(e.Reads, " "))
	}
	return b.String()
}

var _ Answerer = (*Engine)(nil)

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
