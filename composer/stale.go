package composer

import (
	"encoding/json"
	"slices"
	"strings"

	"facet/asker"
	"facet/graph"
	"facet/view"
)

// A Write is something that a mutation changed, in words of the graph: so it can be told to other device schemas than the one
// that the mutation belongs to.
type Write struct {
	Type  string            `json:"type"`
	Field string            `json:"field"`
	Key   []string          `json:"key,omitempty"`  // the entity's key, part by part; none: any entity
	Args  map[string]string `json:"args,omitempty"` // under which arguments, as text; any value of those that are not named
}

// MaxWrites bounds the writes that one answer tells.
const MaxWrites = 1000

// A writePlan is what a mutation writes, by the values of its plan.
type writePlan struct {
	def  view.Written
	key  []vid
	args []vid
}

// writes fills in what a mutation's effects wrote.
func (x *exec) writes(m *mutationPlan, text func(vid) (string, bool)) []Write {
	var list []Write
	for _, wp := range m.writes {
		w := Write{Type: wp.def.Type, Field: wp.def.Field}
		for _, k := range wp.key {
			s, ok := text(k)
			if !ok {
				w.Key = nil
				break
			}
			w.Key = append(w.Key, s)
		}
		for i, a := range wp.args {
			if s, ok := text(a); ok {
				if w.Args == nil {
					w.Args = map[string]string{}
				}
				w.Args[wp.def.Args[i].Name] = s
			}
		}
		list = append(list, w)
	}
	return list
}

// readers are the places of a surface that read a field of the graph, by "Type.field".
func (e *Engine) readers() map[string][]view.Read {
	e.readOnce.Do(func() {
		e.reads = map[string][]view.Read{}
		for _, b := range e.cfg.Surface.Builds {
			for _, r := range view.Reads(e.cfg.Graph, b) {
				e.reads[r.Type+"."+r.Name] = append(e.reads[r.Type+"."+r.Name], r)
			}
		}
	})
	return e.reads
}

// Stale says what writes that happened elsewhere made stale for an asker of this device schema. It says nothing of what the
// asker may not see, and nothing where the asker sees the field under other arguments, such as another profile's bookmark.
func (e *Engine) Stale(writes []Write, a *asker.Asker) []Invalidated {
	var list []Invalidated
	seen := map[string]bool{}
	for _, w := range writes[:min(len(writes), MaxWrites)] {
		if !e.visible(w, a) {
			continue
		}
		for _, r := range e.readers()[w.Type+"."+w.Field] {
			in, touched := staleAt(r, w, a)
			if !touched {
				continue
			}
			if key := strings.Join(in.Path, "\x00") + "\x00" + in.Field; !seen[key] {
				seen[key] = true
				list = append(list, in)
			}
		}
	}
	return list
}

func staleAt(r view.Read, w Write, a *asker.Asker) (Invalidated, bool) {
	shapeArgs := map[string]string{}
	for _, ra := range r.Args {
		written, ok := w.Args[ra.Name]
		if !ok {
			continue
		}
		switch v := &r.Scope.Values[ra.Value]; v.Op {
		case view.OpLiteral:
			if !sameText(v.JSON, written) {
				return Invalidated{}, false
			}
		case view.OpContext:
			if have, ok := a.Value(v.Name); ok && !sameText(have, written) {
				return Invalidated{}, false
			}
		case view.OpArg:
			shapeArgs[v.Name] = written
		}
	}
	if r.Shape == nil {
		return Invalidated{Path: []string{r.View}, View: r.View}, true
	}
	in := Invalidated{Path: []string{r.Shape.Name}, Shape: r.Shape.Name, Field: r.Field}
	var args []string
	for _, sa := range r.Shape.Args {
		s, ok := shapeArgs[sa.Name]
		if !ok {
			return in, true
		}
		args = append(args, s)
		in.Path = append(in.Path, s)
	}
	if r.Scope.Values[r.Of].Op != view.OpEntity || len(w.Key) == 0 {
		return in, true
	}
	k := view.EncodeKey(w.Key)
	in.Path = append(in.Path, k, in.Field)
	in.ID = view.EncodeID(r.Shape.Name, args, k)
	return in, true
}

// visible says whether the guards of what was written let the asker see it. What cannot be told is not visible.
func (e *Engine) visible(w Write, a *asker.Asker) bool {
	t := e.cfg.Graph.Types[w.Type]
	if t == nil {
		return false
	}
	f := t.Field(w.Field)
	if f == nil {
		return false
	}
	operand := func(x graph.Expr) []byte {
		switch {
		case x.Var == graph.VarContext:
			b, _ := a.Value(dotted(x.Path))
			return b
		case x.Var == graph.VarArgs && len(x.Path) == 1:
			if s, ok := w.Args[x.Path[0]]; ok {
				return textJSON(s)
			}
		case x.Var == graph.VarThis && len(x.Path) == 1:
			if i := slices.Index(t.Key, x.Path[0]); i >= 0 && i < len(w.Key) {
				return textJSON(w.Key[i])
			}
		}
		return nil
	}
	for _, g := range slices.Concat(t.Guards, f.Guards) {
		if !among(operand(g.Value), operand(g.In)) {
			return false
		}
	}
	return true
}

// sameText compares a JSON scalar with a text.
func sameText(j []byte, text string) bool { return sameID(j, textJSON(text)) }

func textJSON(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return nil // a string can always be written
	}
	return b
}
