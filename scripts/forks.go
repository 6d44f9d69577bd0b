package scripts

import (
	"fmt"
	"strings"

	"facet/fault"
	"facet/view"
)

// maxForked is how many plans the composer keeps of one selection: past them further choices are decided while answering.
const maxForked = 64

// forks warns of views whose choices over who asks multiply past what is planned ahead. It is no mistake: what is past the
// bound costs each answer a little, and its plan holds every arm.
func (r *recorder) forks(b *view.Build) {
	for _, v := range b.Views {
		w := &forkWalk{build: b, seen: map[string]bool{}, met: map[string]bool{}, ways: 1}
		w.scope(&v.Scope)
		w.output(v.Output)
		if w.ways <= maxForked {
			continue
		}
		ways := fmt.Sprint(int64(w.ways))
		if w.ways > 1e12 {
			ways = fmt.Sprintf("%.0e", w.ways)
		}
		r.diags = append(r.diags, fault.Diagnostic{Pos: v.Pos, Severity: fault.Warn, Code: "F192",
			Text: fmt.Sprintf("view %s chooses by %s what it loads: %s ways to go, of which %d are planned ahead; further choices are decided for each answer", v.Name, w.paths(), ways, maxForked),
			Fix:  "Choose between plain values where you can, and end experiments that are decided"})
	}
}

// A forkWalk multiplies the arms of the choices that a view and its shapes make.
type forkWalk struct {
	build *view.Build
	seen  map[string]bool // shapes
	met   map[string]bool // choices
	by    []string
	ways  float64
}

func (w *forkWalk) paths() string {
	if n := len(w.by); n > 3 {
		return strings.Join(w.by[:3], ", ") + fmt.Sprintf(" and %d more", n-3)
	}
	return strings.Join(w.by, ", ")
}

func (w *forkWalk) scope(s *view.Scope) {
	loads := make([]bool, len(s.Values))
	for i := range s.Values {
		v := &s.Values[i]
		loads[i] = v.Op == view.OpField
		for _, u := range v.Operands() {
			loads[i] = loads[i] || loads[u]
		}
		if v.Op != view.OpPick && v.Op != view.OpWhen || s.Values[v.Of].Op != view.OpContext {
			continue
		}
		key, differs := s.Values[v.Of].Name, v.Else != view.None && loads[v.Else]
		for _, c := range v.Cases {
			key += " " + string(c.JSON)
			differs = differs || loads[c.Value]
		}
		if !differs || w.met[key] {
			continue
		}
		w.met[key] = true
		w.ways *= float64(len(v.Cases) + 1)
		w.by = append(w.by, s.Values[v.Of].Name)
	}
}

func (w *forkWalk) output(o *view.Output) {
	if o == nil {
		return
	}
	for _, f := range o.Fields {
		w.output(f.Output)
	}
	w.output(o.Item)
	for _, a := range o.Arms {
		w.output(a.Output)
	}
	if o.Kind == view.Ref && !w.seen[o.Shape] {
		w.seen[o.Shape] = true
		if s := shapeNamed(w.build, o.Shape); s != nil {
			w.scope(&s.Scope)
			w.output(s.Output)
		}
	}
}
