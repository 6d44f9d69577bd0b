package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"facet/fault"
)

// places remembers where answers embed objects of a type, and which fields each such place gives.
type places struct {
	list []place
}

type place struct {
	pos    fault.Pos
	fields []string
	op     *Operation
	row    bool // the place is a loader's row: the key is known without it
}

// selections reads every operation's selection. A batched operation's rows are of the type that it hangs on: their key
// fields and, on a field, the field. Any other answer is the loaded entity, or the field's value.
func (b *builder) selections() {
	for _, p := range b.pending {
		list, ok := readMapping(p.str, b.out)
		if !ok {
			continue
		}
		a := &answer{b: b, op: p.op, s: p.str}
		if len(list) == 0 {
			b.add(p.str.pos(0), "G020", "name the fields that the answer gives", "the selection is empty")
			continue
		}
		row := TypeRef{Name: p.op.Type.Name}
		switch {
		case p.op.Batch || p.op.On == OnType:
			a.row = true
		default:
			row = p.op.Field.Type
		}
		p.op.Selection = a.root(list, row)
		if p.op.Batch && p.op.Selection != nil {
			b.batchRow(p.op, p.str)
		}
		b.asked(p.op)
	}
}

// batchRow checks that a row says whose it is and, on a field, what it gives.
func (b *builder) batchRow(op *Operation, s str) {
	for _, need := range op.Needs {
		it := op.Selection.Item(need)
		switch {
		case it == nil:
			fix := "add " + need + " to the selection, or its name in the row: " + need + ": rowId"
			if op.On == OnField {
				fix = "map rows of " + op.Type.Name + ": " + need + ": rowId " + op.Field.Name + ": { … }"
			}
			b.add(s.pos(0), "G026", fix, "a row does not say its %s: rows are matched to $batch.%s by it", need, need)
		case it.Value.Items != nil || it.Value.Literal != nil:
			b.add(it.Pos, "G026", "map it to the row's value", "a row's %s must come from the row", need)
		}
	}
	if op.On == OnField && op.Selection.Item(op.Field.Name) == nil {
		b.add(s.pos(0), "G026", "add "+op.Field.Name+": { … }: the rows are of "+op.Type.Name, "a row does not give %s", op.subject())
	}
}

// An answer lowers one selection onto the graph's types.
type answer struct {
	b   *builder
	op  *Operation
	s   str
	row bool // the next object is a row of op.Type, not the field's value
}

func (a *answer) pos(at int) fault.Pos { return a.s.pos(at) }

func (a *answer) fail(at int, code, fix, format string, args ...any) {
	a.b.add(a.pos(at), code, fix, format, args...)
}

// root lowers the whole selection.
func (a *answer) root(list []*entry, ref TypeRef) *Selection {
	where := a.op.subject()
	if len(list) == 1 {
		e := list[0]
		t := a.b.g.Types[ref.Named()]
		single := e.name == "" || t != nil && !t.Composite() && e.val.root == "" && !e.val.hasSub && len(e.val.steps) > 1
		if single && (!e.spread || len(e.val.methods) == 0) {
			return a.value(e.val, ref, where)
		}
	}
	return a.object(&value{at: 0, sub: list, object: true, hasSub: true}, ref, where, Path{})
}

// value lowers a value for a place of type ref; where names the place for people.
func (a *answer) value(v *value, ref TypeRef, where string) *Selection {
	t := a.b.g.Types[ref.Named()]
	if t == nil {
		return nil // said already
	}
	switch v.root {
	case "", "$", "@":
	default:
		a.fail(v.at, "G022", "let the tier's answer hold it", "%s%s: variables are not supported in an answer's selection", v.root, below(v.steps))
		return nil
	}
	if len(v.methods) > 0 {
		return a.match(v, t, where)
	}
	sel := &Selection{Path: Path{Steps: v.steps}, Pos: a.pos(v.at)}
	switch {
	case v.literal != nil:
		sel.Path = Path{}
		sel.Literal = v.literal
		if t.Composite() && string(v.literal) != "null" {
			a.fail(v.at, "G023", "write { … }", "%s is %s, the selection gives a constant", where, ref)
		} else if why := a.b.misfit(v.literal, ref); why != "" {
			a.fail(v.at, "G023", "", "%s: %s %s", where, v.literal, why)
		} else if isList := v.literal[0] == '['; isList && !ref.List() && slices.Contains(scalars, ref.Name) {
			a.fail(v.at, "G023", "", "%s is %s, the selection gives a list", where, ref)
		}
		return sel
	case v.isList:
		a.fail(v.at, "G022", "take the list from the answer by a path", "a list of values is not supported")
		return nil
	case v.hasSub:
		return a.object(v, ref, where, sel.Path)
	case t.Composite():
		a.fail(v.at, "G023", "say which: "+where+" { "+firstFields(t)+" }", "%s is %s: its selection names no fields", where, ref)
		return nil
	}
	switch {
	case !ref.List() && t.Name == "Boolean":
		sel.Misfit = []byte("0")
	case ref.List() || t.Kind == Enum || slices.Contains(scalars, t.Name):
		sel.Misfit = []byte("true")
	}
	return sel
}

func below(steps []string) string {
	if len(steps) == 0 {
		return ""
	}
	return "." + strings.Join(steps, ".")
}

func firstFields(t *Type) string {
	var names []string
	for _, f := range t.Fields[:min(2, len(t.Fields))] {
		names = append(names, f.Name)
	}
	return strings.Join(append(names, "…"), " ")
}

// object lowers the entries below a path for a place of type ref.
func (a *answer) object(v *value, ref TypeRef, where string, path Path) *Selection {
	t := a.b.g.Types[ref.Named()]
	if t == nil {
		return nil
	}
	sel := &Selection{Path: path, Pos: a.pos(v.at)}
	if !t.Composite() {
		fix := ""
		if len(v.sub) == 1 && v.sub[0].name != "" {
			fix = "write $." + v.sub[0].name
		}
		a.fail(v.at, "G023", fix, "%s is %s, the selection gives an object", where, ref)
		return nil
	}
	for _, e := range v.sub {
		if len(e.val.methods) > 0 && (e.spread || e.name == "") {
			if len(v.sub) > 1 {
				a.fail(e.at, "G022", "put the other fields into the cases", "->match stands alone in its braces")
				return nil
			}
			m := a.match(e.val, t, where)
			if m != nil {
				m.Path = path
			}
			return m
		}
	}
	if t.Kind != Object {
		return a.abstract(v, t, where, sel)
	}
	row := a.row
	a.row = false
	sel.Items = []*SelectionItem{}
	a.fill(v.sub, t, sel, v.at, row)
	return sel
}

// abstract lowers an object for a union or interface: its __typename must be told by a constant.
func (a *answer) abstract(v *value, t *Type, where string, sel *Selection) *Selection {
	c := a.member(v, t, where)
	if c == nil {
		return nil
	}
	sel.Match = &Match{Default: c}
	return sel
}

// member lowers { __typename: "Title" … } as one member of t; nil if a diagnostic was added.
func (a *answer) member(v *value, t *Type, where string) *MatchCase {
	var name string
	var nameAt int
	rest := make([]*entry, 0, len(v.sub))
	for _, e := range v.sub {
		if e.name != "__typename" {
			rest = append(rest, e)
			continue
		}
		nameAt = e.at
		if e.val.literal == nil || json.Unmarshal(e.val.literal, &name) != nil || name == "" {
			a.fail(e.at, "G024", `write __typename: "`+firstOf(t.Members)+`"`, "__typename must be a constant string")
			return nil
		}
	}
	if name == "" {
		a.fail(v.at, "G024", `tell the member: ... kind->match(["title", { __typename: "`+firstOf(t.Members)+`" … }])`,
			"%s is the %s %s: the selection does not say which member an item is", where, t.Kind, t.Name)
		return nil
	}
	mt := a.b.g.Types[name]
	if mt == nil || !slices.Contains(t.Members, name) {
		a.fail(nameAt, "G025", meant(name, t.Members), "%s is no member of %s", name, t.Name)
		return nil
	}
	sel := &Selection{Pos: a.pos(v.at), Items: []*SelectionItem{}}
	a.fill(rest, mt, sel, v.at, false)
	return &MatchCase{Member: name, Selection: sel}
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return "…"
	}
	return list[0]
}

// match lowers path->match([literal, { __typename … }], …, [@, { … }]).
func (a *answer) match(v *value, t *Type, where string) *Selection {
	m := v.methods[0]
	if m.name != "match" || len(v.methods) > 1 || v.literal != nil || v.hasSub {
		a.b.noMethod(a.s, v)
		return nil
	}
	if t.Kind != Union && t.Kind != Interface {
		a.fail(m.at, "G022", "->match tells the member of a union or interface; map other values in the tier", "%s is the %s %s: ->match is not supported here", where, t.Kind, t.Name)
		return nil
	}
	out := &Match{On: Path{Steps: v.steps}}
	told := map[string]bool{}
	seen := map[string]bool{}
	for _, arg := range m.args {
		if !arg.isList || len(arg.list) != 2 || !arg.list[1].object {
			a.fail(arg.at, "G025", `write ["value", { __typename: "`+firstOf(t.Members)+`" … }]`, "a case of ->match is a pair of a constant and an object")
			return nil
		}
		key := arg.list[0]
		c := a.member(arg.list[1], t, where)
		if c == nil {
			return nil
		}
		told[c.Member] = true
		switch {
		case out.Default != nil:
			a.fail(arg.at, "G025", "put it before the case [@, …]", "this case is never reached")
		case key.root == "@" && len(key.steps) == 0:
			out.Default = c
		case key.literal == nil || key.isList:
			a.fail(key.at, "G025", "write a constant, or @ for any other value", "a case of ->match begins with a constant")
		case seen[string(key.literal)]:
			a.fail(key.at, "G025", "", "->match has the case %s twice", key.literal)
		default:
			seen[string(key.literal)] = true
			c.JSON = key.literal
			out.Cases = append(out.Cases, *c)
		}
	}
	if len(out.Cases) == 0 && out.Default == nil {
		a.fail(m.at, "G025", "", "->match has no cases")
		return nil
	}
	for _, name := range t.Members {
		if !told[name] {
			a.b.warn(a.pos(m.at), "G025", `add a case { __typename: "`+name+`" … } if the tier answers it`, "no case tells the member %s of %s", name, t.Name)
		}
	}
	return &Selection{Match: out, Pos: a.pos(v.at)}
}

// items lowers entries onto the fields of object type t; prefix leads to where they stand.
func (a *answer) items(list []*entry, t *Type, into *Selection, prefix []string, row bool) {
	for _, e := range list {
		switch {
		case e.name == "__typename":
			var name string
			if e.val.literal == nil || json.Unmarshal(e.val.literal, &name) != nil || name != t.Name {
				a.fail(e.at, "G024", "leave it out", "__typename of the object type %s is always %q", t.Name, t.Name)
			}
			continue
		case e.name == "" && e.val.hasSub && len(e.val.methods) == 0 && (e.val.root == "$" || e.val.root == "@" || e.val.root == ""):
			a.items(e.val.sub, t, into, append(slices.Clone(prefix), e.val.steps...), row)
			continue
		case e.name == "":
			a.fail(e.at, "G020", "name the field that it gives: "+lastStep(e.val)+": …", "a value among fields needs a name")
			continue
		}
		f := t.Field(e.name)
		if f == nil {
			a.unknown(e, t, list)
			continue
		}
		if into.Item(e.name) != nil {
			a.fail(e.at, "G005", "", "the selection gives %s.%s twice", t.Name, e.name)
			continue
		}
		fieldRow := row && a.op.On == OnField
		own := fieldRow && f == a.op.Field
		switch {
		case fieldRow && !own && !slices.Contains(a.op.Needs, f.Name):
			a.fail(e.at, "G021", "put it on the type's own connector", "rows of %s give its keys and the field, not %s", a.op.subject(), f.Name)
			continue
		case len(f.Args) > 0 && !own:
			a.fail(e.at, "G023", "give it a connector of its own", "%s.%s has arguments: a value of it cannot be embedded", t.Name, f.Name)
			continue
		case len(f.Operations) > 0 && !own:
			a.b.warn(a.pos(e.at), "G033", "leave one of them out", "%s.%s has a connector of its own, which owns it: this value is not used", t.Name, f.Name)
			a.b.note(f.Operations[0].Pos, "its connector")
		}
		val := a.value(e.val, f.Type, t.Name+"."+f.Name)
		if val == nil {
			continue
		}
		if len(prefix) > 0 && val.Literal == nil {
			val.Path.Steps = append(slices.Clone(prefix), val.Path.Steps...)
		}
		into.Items = append(into.Items, &SelectionItem{Field: f.Name, Value: val, Pos: a.pos(e.at)})
	}
}

func (a *answer) unknown(e *entry, t *Type, list []*entry) {
	var names []string
	for _, f := range t.Fields {
		names = append(names, f.Name)
	}
	fix := meant(e.name, names)
	if len(list) == 1 && e.val.hasSub && len(near(e.name, names)) == 0 {
		fix = "to read below it write $." + e.name + " { … }"
	}
	a.fail(e.at, "G021", fix, "%s has no field %s", t.Name, e.name)
}

// fill lowers the entries of an object. Where one of them is wrong, its place is not judged by what it lacks.
func (a *answer) fill(list []*entry, t *Type, sel *Selection, at int, row bool) {
	before := len(*a.b.out)
	a.items(list, t, sel, nil, row)
	if !(*a.b.out)[before:].Failed() {
		a.embed(t, sel, at, row)
	}
}

// embed remembers a place that gives objects of type t, and checks that it tells their identity.
func (a *answer) embed(t *Type, sel *Selection, at int, row bool) {
	p := place{pos: a.pos(at), op: a.op, row: row}
	for _, it := range sel.Items {
		p.fields = append(p.fields, it.Field)
	}
	g := a.b.given[t]
	if g == nil {
		g = &places{}
		a.b.given[t] = g
	}
	g.list = append(g.list, p)
	if p.row {
		return
	}
	for _, k := range t.Key {
		if sel.Item(k) == nil {
			a.fail(at, "G026", "add "+k+" to the selection", "%s is known by its %s, which this selection does not give", t.Name, k)
		}
	}
}
