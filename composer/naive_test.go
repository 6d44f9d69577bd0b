package composer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A naive value is what a naive resolver has at one place.
type naive struct {
	kind  naiveKind
	json  string  // of a scalar
	items []naive // of a list
	typ   string  // of an entity, whose key this is
	key   string
	box   obj
	err   fault.Kind // of a failure
	deg   fault.Kind // why a null or default stands here; "": it stands for itself
}

type naiveKind uint8

const (
	isNone   naiveKind = iota // null
	isErr                     // failed
	isAbsent                  // a null that an orNotFound made the absence of its view
	isScalar                  //
	isList
	isEntity // Query is one, too
	isBox
)

func failed(k fault.Kind) naive { return naive{kind: isErr, err: k} }

// A resolver answers a selection of a random world the naive way: every field is fetched by itself, where it stands, with no batch,
// no identity and no plan.
type resolver struct {
	g       *randomGraph
	b       *view.Build
	windows []composer.Window
	values  []json.RawMessage

	needs    map[string]bool             // what it fetched: "operation|argument|key"
	fetched  int                         // how often
	loads    map[string]bool             // entities that were loaded: one that its loader does not know is null wherever it stands
	loading  bool                        // the first walk: it finds out who is loaded
	absent   map[string]map[view.ID]bool // the orNotFounds that the first walk met, by root
	gone     bool                        // an orNotFound decided something
	path     []string
	errors   []string // "path kind"
	degraded []string
}

// A naiveFrame is a scope with what its arguments and items are.
type naiveFrame struct {
	scope   *view.Scope
	args    map[string]naive
	subject naive
	items   map[view.ID]naive
	absent  map[view.ID]bool // the orNotFounds that are read
}

// answer resolves all roots.
func (r *resolver) answer(sel *composer.Selection) obj {
	r.needs, r.loads, r.absent = map[string]bool{}, map[string]bool{}, map[string]map[view.ID]bool{}
	r.loading = true
	r.roots(sel)
	r.loading = false
	r.path, r.errors, r.degraded = nil, nil, nil
	return r.roots(sel)
}

func (r *resolver) roots(sel *composer.Selection) obj {
	out := obj{}
	for _, root := range sel.Roots {
		i := slices.IndexFunc(r.b.Views, func(v *view.View) bool { return v.Name == root.Name })
		f := &naiveFrame{scope: &r.b.Views[i].Scope, args: map[string]naive{}, items: map[view.ID]naive{}, absent: r.absent[root.Key]}
		if r.loading {
			f.absent = map[view.ID]bool{}
			r.absent[root.Key] = f.absent
		}
		for _, a := range root.Args {
			f.args[a.Name] = literal(r.values[a.Value])
		}
		r.path = append(r.path, root.Key)
		errors, degraded := len(r.errors), len(r.degraded)
		v, ok := r.write(r.b.Views[i].Output, &composer.Node{Key: root.Key, Name: root.Name, Sub: root.Sub, Window: -1}, f)
		for id := range f.absent {
			if r.value(f, id).kind == isAbsent { // then the view is absent, whatever else there is
				ok, r.errors, r.degraded, r.gone = false, r.errors[:errors], r.degraded[:degraded], true
			}
		}
		if !ok {
			v = nil
		}
		out[root.Key] = v
		r.path = r.path[:len(r.path)-1]
	}
	return out
}

func literal(b []byte) naive {
	switch {
	case b == nil || string(b) == "null":
		return naive{}
	case string(b) == "[]":
		return naive{kind: isList}
	}
	return naive{kind: isScalar, json: string(b)}
}

// value is a recorded value.
func (r *resolver) value(f *naiveFrame, id view.ID) naive {
	v := &f.scope.Values[id]
	switch v.Op {
	case view.OpQuery:
		return naive{kind: isEntity, typ: "Query"}
	case view.OpEntity:
		return f.subject
	case view.OpItem:
		return f.items[id]
	case view.OpArg:
		return f.args[v.Name]
	case view.OpLiteral:
		return literal(v.JSON)
	case view.OpPage, view.OpTake:
		return r.value(f, v.Of)
	case view.OpAs:
		of := r.value(f, v.Of)
		if of.kind == isEntity && of.typ != v.Name {
			return naive{deg: of.deg}
		}
		return of
	case view.OpField:
		args := map[string]naive{}
		for _, a := range v.Args {
			args[a.Name] = r.value(f, a.Value)
		}
		return r.field(r.value(f, v.Of), v.Name, args)
	case view.OpComputed:
		return r.computed(f, v)
	}
	of := r.value(f, v.Of)
	switch v.Op {
	case view.OpOrNull:
		if of.kind == isErr {
			return naive{deg: of.err}
		}
		return of
	case view.OpOrElse:
		switch of.kind {
		case isErr:
			return r.value(f, v.Else).because(of.err)
		case isNone:
			return r.value(f, v.Else).because(of.deg)
		}
		return of
	case view.OpNotFound:
		f.absent[id] = true
		if of.kind == isEntity {
			r.load(of)
		}
		if of.kind == isNone && of.deg == "" || r.missing(of) {
			return naive{kind: isAbsent}
		}
		return of
	}
	if of.kind == isErr || of.kind == isAbsent {
		return of
	}
	switch v.Op {
	case view.OpIs:
		return boolean(of.equals(v.JSON)).because(of.deg)
	case view.OpNot:
		return boolean(!of.equals([]byte("true"))).because(of.deg)
	case view.OpWhen:
		if of.equals([]byte("true")) {
			return r.value(f, v.Cases[0].Value).because(of.deg)
		}
		return r.otherwise(f, v, of)
	case view.OpPick:
		for _, c := range v.Cases {
			if of.equals(c.JSON) {
				return r.value(f, c.Value).because(of.deg)
			}
		}
		return r.otherwise(f, v, of)
	}
	panic("the naive resolver has no " + v.Op)
}

func (r *resolver) otherwise(f *naiveFrame, v *view.Value, of naive) naive {
	if v.Else == view.None {
		return naive{deg: of.deg}
	}
	return r.value(f, v.Else).because(of.deg)
}

func boolean(b bool) naive { return naive{kind: isScalar, json: strconv.FormatBool(b)} }

func (n naive) because(k fault.Kind) naive {
	if n.deg == "" {
		n.deg = k
	}
	return n
}

// equals compares a scalar with a literal.
func (n naive) equals(lit []byte) bool {
	var a, b any
	return n.kind == isScalar && json.Unmarshal([]byte(n.json), &a) == nil && json.Unmarshal(lit, &b) == nil && a == b
}

func (r *resolver) computed(f *naiveFrame, v *view.Value) naive {
	var in [][]byte
	deg := fault.Kind("")
	var all []naive
	for _, a := range v.Args {
		all = append(all, r.value(f, a.Value))
	}
	for _, of := range all {
		switch of.kind {
		case isErr, isAbsent:
			return of
		case isScalar:
			in = append(in, []byte(of.json))
		default:
			in = append(in, nil)
		}
		if of.deg != "" {
			deg = of.deg
		}
	}
	out, err := join(nil, in, nil)
	if err != nil {
		return failed(fault.KindOf(err))
	}
	n := literal(out)
	n.deg = deg
	return n
}

// field fetches a field of something.
func (r *resolver) field(of naive, name string, args map[string]naive) naive {
	switch of.kind {
	case isErr, isAbsent:
		return of
	case isBox:
		i := slices.IndexFunc(boxFields, func(f *randomField) bool { return f.name == name })
		return r.g.typed(boxFields[i].typ, of.box[name])
	case isEntity:
	default:
		return naive{deg: of.deg}
	}
	if of.typ == "Query" {
		f := r.g.roots[slices.IndexFunc(r.g.roots, func(f *randomField) bool { return f.name == name })]
		if !f.own {
			var key string
			_ = json.Unmarshal([]byte(args["id"].json), &key)
			return naive{kind: isEntity, typ: f.base(), key: key}
		}
		return r.call(of, f, "")
	}
	if name == "id" {
		return naive{kind: isScalar, json: asJSON(of.key)}
	}
	f := r.g.typ(of.typ).field(name)
	if !f.own {
		switch kind, known := r.load(of); {
		case kind != "":
			return failed(kind)
		case !known:
			return naive{}
		}
		return r.g.typed(f.typ, r.g.data(of.typ, of.key, f, ""))
	}
	return r.call(of, f, args["size"].json)
}

// load loads an entity.
func (r *resolver) load(of naive) (bad fault.Kind, known bool) {
	t := r.g.typ(of.typ)
	id := t.source + "." + t.name
	r.need(id + "||" + of.key)
	if r.loading {
		r.loads[of.typ+of.key] = true
	}
	return r.g.fails(id, t.batch, of.key, ""), r.g.exists(of.typ, of.key)
}

func (r *resolver) need(what string) {
	if r.loading {
		r.needs[what] = true
		r.fetched++
	}
}

// missing says that an entity was loaded, wherever it stands, and is not known.
func (r *resolver) missing(of naive) bool {
	if r.loading || of.kind != isEntity || !r.loads[of.typ+of.key] {
		return false
	}
	t := r.g.typ(of.typ)
	return r.g.fails(t.source+"."+t.name, t.batch, of.key, "") == "" && !r.g.exists(of.typ, of.key)
}

// call calls a field's own operation.
func (r *resolver) call(of naive, f *randomField, size string) naive {
	id := f.id(of.typ)
	r.need(id + "|" + size + "|" + of.key)
	if kind := r.g.fails(id, f.batch || of.typ == "Query", of.key, size); kind != "" {
		return failed(kind)
	}
	return r.g.typed(f.typ, r.g.data(of.typ, of.key, f, size))
}

// fails says how a call fails; "" if it does not.
func (g *randomGraph) fails(op string, whole bool, key, size string) fault.Kind {
	if k := g.failing[op]; k != "" {
		return k
	}
	if !whole && g.broken(op, key, size) {
		return fault.Unavailable
	}
	return ""
}

// typed reads a tier's value by its type in the graph.
func (g *randomGraph) typed(typ string, v any) naive {
	named := strings.TrimSuffix(typ, "!")
	if v == nil {
		if named != typ {
			return failed(fault.BadAnswer)
		}
		return naive{}
	}
	if named[0] == '[' {
		n := naive{kind: isList}
		for _, it := range v.([]any) {
			n.items = append(n.items, g.typed(named[1:len(named)-1], it))
		}
		return n
	}
	switch v := v.(type) {
	case string:
		if named == "String" {
			return naive{kind: isScalar, json: asJSON(v)}
		}
	case int, bool:
		return naive{kind: isScalar, json: asJSON(v)}
	case obj:
		if named == "Box" {
			return naive{kind: isBox, box: v}
		}
		if member, ok := v["__typename"].(string); ok {
			named = member
		}
		if g.typ(named) != nil {
			return naive{kind: isEntity, typ: named, key: v["id"].(string)}
		}
	}
	return failed(fault.BadAnswer)
}

// null is what becomes of a place without a value; false: it may not be null.
func (r *resolver) null(nonNull bool, n naive) (any, bool) {
	switch n.kind {
	case isAbsent:
		return nil, false
	case isErr:
		r.report(&r.errors, n.err)
	case isNone, isEntity, isBox:
		if n.deg != "" && n.kind == isNone {
			r.report(&r.degraded, n.deg)
		} else if nonNull {
			r.report(&r.errors, fault.BadAnswer)
		}
	}
	return nil, !nonNull
}

func (r *resolver) report(to *[]string, k fault.Kind) {
	word := " "
	if to == &r.degraded {
		word = " degraded "
	}
	*to = append(*to, strings.Join(r.path, " ")+word+string(k))
}

// write is what stands at a place; false: it is null where null may not stand, and what it is in becomes null.
func (r *resolver) write(o *view.Output, n *composer.Node, f *naiveFrame) (any, bool) {
	nullable := func(v any, ok bool) (any, bool) { // what failed inside ends at a place that may be null
		if !ok {
			return nil, !o.NonNull
		}
		return v, true
	}
	switch o.Kind {
	case view.Leaf:
		v := r.value(f, o.Value)
		if v.kind != isScalar && v.kind != isList {
			return r.null(o.NonNull, v)
		}
		if v.deg != "" {
			r.report(&r.degraded, v.deg)
		}
		if v.kind == isList {
			return nullable(r.scalars(o.Type, v))
		}
		return json.RawMessage(v.json), true
	case view.Tree:
		if o.Value != view.None {
			// An item that a list gave is there, whether its loader knows it or not; what is read of it may be missing.
			if v := r.value(f, o.Value); v.kind != isEntity && v.kind != isBox {
				return r.null(o.NonNull, v)
			}
		}
		return nullable(r.object(o, n, f, o.Name, ""))
	case view.Ref:
		v := r.value(f, o.Value)
		if v.kind != isEntity || r.missing(v) {
			return r.null(o.NonNull, v)
		}
		in, s, id := r.shape(o, f, v)
		return nullable(r.object(s.Output, n, in, s.Name, id))
	case view.Union:
		v := r.value(f, o.Value)
		if v.kind != isEntity {
			return r.null(o.NonNull, v)
		}
		for _, a := range o.Arms {
			if a.Member == v.typ && a.Output != nil {
				return r.write(a.Output, n, f)
			}
		}
		return nil, true
	}
	v, w := r.list(o, n, f)
	if v.kind != isList {
		return r.null(o.NonNull, v)
	}
	if v.deg != "" {
		r.report(&r.degraded, v.deg)
	}
	out := []any{}
	for i := w.from; i < min(w.end, len(v.items)); i++ {
		in := *f
		in.items = map[view.ID]naive{}
		for k, it := range f.items {
			in.items[k] = it
		}
		in.items[o.Each] = v.items[i]
		r.path = append(r.path, fmt.Sprint(i-w.from))
		it, ok := r.write(o.Item, n, &in)
		r.path = r.path[:len(r.path)-1]
		if !ok && !r.loading {
			return nil, !o.NonNull
		}
		out = append(out, it)
	}
	return out, true
}

func (r *resolver) scalars(t graph.TypeRef, v naive) (any, bool) {
	out := []any{}
	for i, it := range v.items {
		if it.kind == isScalar {
			out = append(out, json.RawMessage(it.json))
			continue
		}
		r.path = append(r.path, fmt.Sprint(i))
		_, ok := r.null(t.Elem.NonNull, it)
		r.path = r.path[:len(r.path)-1]
		if !ok {
			return nil, false
		}
		out = append(out, nil)
	}
	return out, true
}

// shape is the frame inside a shape over an entity, and the entity's opaque id.
func (r *resolver) shape(o *view.Output, f *naiveFrame, v naive) (*naiveFrame, *view.Shape, string) {
	s := r.b.Shapes[slices.IndexFunc(r.b.Shapes, func(s *view.Shape) bool { return s.Name == o.Shape })]
	in := &naiveFrame{scope: &s.Scope, args: map[string]naive{}, subject: v, items: map[view.ID]naive{}, absent: map[view.ID]bool{}}
	id := s.Name
	for _, a := range s.Args {
		in.args[a.Name] = literal(a.Default)
		for _, given := range o.Args {
			if given.Name == a.Name {
				in.args[a.Name] = r.value(f, given.Value)
			}
		}
		id += ":" + in.args[a.Name].json
	}
	return in, s, id + ":" + v.key
}

func (r *resolver) object(o *view.Output, n *composer.Node, f *naiveFrame, typ, id string) (any, bool) {
	out := obj{}
	for _, k := range n.Sub {
		if k.On != nil && !slices.Contains(k.On, typ) {
			continue
		}
		r.path = append(r.path, k.Key)
		v, ok := r.member(o, k, f, typ, id)
		r.path = r.path[:len(r.path)-1]
		if !ok && !r.loading {
			return nil, false
		}
		out[k.Key] = v
	}
	return out, true
}

func (r *resolver) member(o *view.Output, k *composer.Node, f *naiveFrame, typ, id string) (any, bool) {
	switch fd := o.Field(k.Name); {
	case fd != nil:
		return r.write(fd.Output, k, f)
	case k.Name == "__typename":
		return typ, true
	case k.Name == "id":
		return id, true
	case k.Name == "key":
		return f.subject.key, true
	}
	v, w := r.list(o.Field(strings.TrimSuffix(k.Name, "Page")).Output, k, f)
	if v.kind != isList {
		return r.null(true, v)
	}
	var next any
	if w.end > w.from && w.end < w.length {
		next = composer.EncodeCursor(w.end)
	}
	return obj{"length": w.length, "next": next}, true
}

// A naiveWindow is the part of a list that is asked for: items from to end, of length for those who page. Both may be past it.
type naiveWindow struct{ from, end, length int }

// list is a list with its window.
func (r *resolver) list(o *view.Output, n *composer.Node, f *naiveFrame) (naive, naiveWindow) {
	op := &f.scope.Values[o.Value]
	v := r.value(f, o.Value)
	length := len(v.items)
	if op.Op != view.OpPage && op.Op != view.OpTake {
		return v, naiveWindow{0, length, length}
	}
	first, err := strconv.Atoi(string(f.scope.Values[op.First].JSON))
	if err != nil {
		panic(err)
	}
	if op.Op == view.OpTake {
		return v, naiveWindow{0, first, min(first, length)}
	}
	from := 0
	if n.Window >= 0 {
		switch w := r.windows[n.Window]; {
		case w.Only == nil:
			first, from = w.First, w.After
		case len(w.Only) == 0:
			first = 0
		default:
			from, first = w.Only[0].From, w.Only[0].To+1-w.Only[0].From
		}
	}
	from = min(from, op.Max)
	return v, naiveWindow{from, min(from+first, op.Max), min(length, op.Max)}
}
