package graph

import (
	"slices"
	"strings"
)

// loading checks that every field can be had: by its own connector, by a loader, or embedded in an answer.
func (b *builder) loading() {
	b.cyclicInputs()
	for _, t := range b.g.Order {
		if t.Kind != Object {
			continue
		}
		b.owners(t)
		b.unusedArgs(t)
		if t == b.g.Query() || t == b.g.Mutation() {
			continue
		}
		b.ways(t)
		b.runnable(t)
	}
}

// embedded are the fields that answers embed in objects of t.
func (b *builder) embedded(t *Type) (fields map[string]bool, list []place) {
	fields = map[string]bool{}
	if g := b.given[t]; g != nil {
		for _, p := range g.list {
			if p.row {
				continue
			}
			list = append(list, p)
			for _, f := range p.fields {
				fields[f] = true
			}
		}
	}
	return fields, list
}

func (b *builder) ways(t *Type) {
	embedded, list := b.embedded(t)
	if !t.Loadable() && len(list) == 0 {
		if b.out.Failed() {
			return // its giver may be what is wrong
		}
		b.warn(t.Pos, "G038", "embed it in a selection, or give it a @key and a @connect", "nothing gives the type %s", t.Name)
		return
	}
	for _, f := range t.Fields {
		switch {
		case len(f.Operations) > 0 || t.IsKey(f.Name) || t.Loader(f.Name) != nil:
		case t.Loadable():
			fix := "add it to the selection of the connector of " + t.Name + ", or give it a @connect"
			if embedded[f.Name] {
				fix += ": where " + t.Name + " is known by its key alone, nothing else gives it"
			}
			if b.broken(t) {
				continue
			}
			b.noWay(f.Pos, t.Name+"."+f.Name, fix)
		case !embedded[f.Name]:
			b.noWay(f.Pos, t.Name+"."+f.Name, "map it in the selections that give "+t.Name+", or give it a @connect")
			b.note(list[0].pos, "here, for one")
		case f.Type.NonNull:
			for _, p := range list {
				if !slices.Contains(p.fields, f.Name) {
					b.add(p.pos, "G027", "add "+f.Name+", or make it nullable", "%s.%s is %s, and this selection does not give it", t.Name, f.Name, f.Type)
				}
			}
		}
	}
}

// broken says that a loader's selection could not be read: its fields are not known to be missing.
func (b *builder) broken(t *Type) bool {
	return slices.ContainsFunc(t.Loaders, func(op *Operation) bool { return op.Selection == nil })
}

// owners warns where two loaders of a type give one field, or a field has two connectors: the first is the owner.
func (b *builder) owners(t *Type) {
	for _, f := range t.Fields {
		if len(f.Operations) > 1 {
			b.warn(f.Operations[1].Pos, "G033", "leave one of them out", "%s.%s has two connectors: %s owns it", t.Name, f.Name, f.Operations[0].ID)
			b.note(f.Operations[0].Pos, "its owner")
		}
		if t.IsKey(f.Name) || len(f.Operations) > 0 {
			continue
		}
		var owner *Operation
		for _, op := range t.Loaders {
			it := op.Selection.Item(f.Name)
			switch {
			case it == nil:
			case owner == nil:
				owner = op
			default:
				b.warn(it.Pos, "G033", "leave it out of one selection", "%s.%s has two owners: %s and %s can give it, %s does", t.Name, f.Name, owner.ID, op.ID, owner.ID)
				b.note(owner.Selection.Item(f.Name).Pos, "its owner")
			}
		}
	}
}

// unusedArgs warns of arguments that no connector of their field takes.
func (b *builder) unusedArgs(t *Type) {
	if b.out.Failed() {
		return // a call that could not be read may take them
	}
	for _, f := range t.Fields {
		if len(f.Operations) == 0 {
			continue
		}
		for _, a := range f.Args {
			used := slices.ContainsFunc(f.Operations, func(op *Operation) bool { return slices.Contains(op.Args, a.Name) })
			if !used && !guarded(f.Guards, VarArgs, a.Name) {
				b.warn(a.Pos, "G037", "name it in the call, as in {$args."+a.Name+"}", "no connector of %s.%s takes the argument %s", t.Name, f.Name, a.Name)
			}
		}
	}
}

// runnable finds operations whose inputs can never be had: they wait for each other.
func (b *builder) runnable(t *Type) {
	if len(t.Loaders) > 0 && !t.Keyed() {
		return // said already
	}
	known := map[string]bool{}
	for _, k := range t.Key {
		known[k] = true
	}
	if embedded, _ := b.embedded(t); !t.Loadable() {
		known = embedded
	}
	ops := slices.Clone(t.Loaders)
	for _, f := range t.Fields {
		ops = append(ops, f.Operations...)
	}
	for moved := true; moved; {
		moved = false
		for i, op := range ops {
			if op == nil || slices.ContainsFunc(op.Needs, func(n string) bool { return !known[n] }) {
				continue
			}
			ops[i], moved = nil, true
			if op.On == OnField {
				known[op.Field.Name] = true
				continue
			}
			if op.Selection != nil {
				for _, it := range op.Selection.Items {
					known[it.Field] = true
				}
			}
		}
	}
	told := map[*Operation]bool{}
	for _, op := range ops {
		if op == nil || told[op] {
			continue
		}
		for _, n := range op.Needs {
			if known[n] {
				continue
			}
			if chain := b.chain(op, n, ops, told); chain != "" {
				b.add(op.Pos, "G032", "take the key instead, or a field that is known without it", "%s needs itself: %s", op.ID, chain)
			}
		}
	}
}

// chain follows what op waits for until it comes back to op; "" if it does not. What it meets is told with it.
func (b *builder) chain(op *Operation, need string, stuck []*Operation, met map[*Operation]bool) string {
	var path []string
	seen := map[*Operation]bool{}
	var walk func(cur *Operation, need string) bool
	walk = func(cur *Operation, need string) bool {
		path = append(path, cur.ID+" needs "+need)
		for _, p := range stuck {
			gives := p != nil && (p.On == OnField && p.Field.Name == need || p.On == OnType && p.Selection.Item(need) != nil)
			if !gives {
				continue
			}
			if p == op {
				path = append(path, "which "+p.ID+" gives")
				return true
			}
			if seen[p] {
				continue
			}
			seen[p], met[p] = true, true
			for _, n := range p.Needs {
				if walk(p, n) {
					return true
				}
			}
		}
		path = path[:len(path)-1]
		return false
	}
	if !walk(op, need) {
		return ""
	}
	return strings.Join(path, ", ")
}

// cyclicInputs finds input types that need themselves.
func (b *builder) cyclicInputs() {
	state := map[*Type]int{} // 1: under way, 2: done
	var visit func(t *Type, path []string)
	visit = func(t *Type, path []string) {
		state[t] = 1
		for _, f := range t.Fields {
			next := b.g.Types[f.Type.Named()]
			if f.Type.List() || !f.Type.NonNull || f.Default != nil || next == nil || next.Kind != Input {
				continue
			}
			step := append(slices.Clone(path), t.Name+"."+f.Name)
			switch state[next] {
			case 0:
				visit(next, step)
			case 1:
				b.add(f.Pos, "G032", "make one of the fields nullable", "no value of %s can be written, it needs itself: %s", next.Name, strings.Join(step, ", "))
			}
		}
		state[t] = 2
	}
	for _, t := range b.g.Order {
		if t.Kind == Input && state[t] == 0 {
			visit(t, nil)
		}
	}
}
