package composer_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/tiers/fake"
)

// A randomGraph is a random graph with its data: types with keys and references to each other, over several tiers, by batches and
// by single calls. What stands where is a function of the seed, so that tiers and the naive resolver agree without a table.
type randomGraph struct {
	seed    uint64
	types   []*randomType
	roots   []*randomField // of Query
	keys    int            // entities of a type
	rich    bool           // lists give more of their items than keys; then nothing fails and nobody is missing
	rough   bool           // operations and rows fail, values are of wrong types, entities are missing
	failing map[string]fault.Kind
	sources int
}

type randomType struct {
	name   string
	source string
	batch  bool
	max    int            // of a batch; 0: unbounded
	fields []*randomField // the loader's first
}

// A randomField is a field of a type, or of Query.
type randomField struct {
	name, typ string // "[T1!]"
	own       bool   // an operation of its own
	source    string
	batch     bool
	max       int
	sized     bool // it takes an argument, size
	paged     bool // its operation takes offset and limit
}

func (f *randomField) base() string { return strings.Trim(f.typ, "[]!") }

func (f *randomField) list() bool { return f.typ[0] == '[' }

func (f *randomField) nonNull() bool { return strings.HasSuffix(f.typ, "!") }

// hash is a number that depends on the seed and the parts.
func (g *randomGraph) hash(parts ...string) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, g.seed)
	for _, p := range parts {
		_, _ = h.Write([]byte{0})
		_, _ = h.Write([]byte(p))
	}
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>29
}

// one says yes once in n.
func (g *randomGraph) one(n uint64, parts ...string) bool { return g.hash(parts...)%n == 0 }

func newRandomGraph(seed uint64, size int) *randomGraph {
	r := rand.New(rand.NewPCG(seed, 1))
	g := &randomGraph{seed: seed, keys: 1 + r.IntN(2*size+1), failing: map[string]fault.Kind{}, sources: 1 + r.IntN(3)}
	switch r.IntN(3) {
	case 0:
		g.rich = true
	case 1:
		g.rough = true
	}
	source := func() string { return fmt.Sprint("s", r.IntN(g.sources)) }
	few := func() int {
		if r.IntN(4) > 0 {
			return 0
		}
		return 1 + r.IntN(3)
	}
	n := 1 + r.IntN(min(4, size+1))
	for i := range n {
		g.types = append(g.types, &randomType{name: fmt.Sprint("T", i), source: source(), batch: r.IntN(3) > 0, max: few()})
	}
	any1 := func() string { return g.types[r.IntN(n)].name }
	shapes := func() string { // of a field's type
		switch r.IntN(12) {
		case 0, 1:
			return []string{"String", "String!", "Int", "Boolean", "[String!]"}[r.IntN(5)]
		case 2:
			return any1() + "!"
		case 3, 4:
			return any1()
		case 5, 6, 7:
			return "[" + any1() + "!]" + []string{"", "!"}[r.IntN(2)]
		case 8:
			return "[" + any1() + "]"
		case 9:
			return []string{"Box", "Box!"}[r.IntN(2)]
		case 10:
			return "[Mix!]"
		}
		return "[Named!]"
	}
	for _, t := range g.types {
		t.fields = append(t.fields, &randomField{name: "name", typ: "String!"}, &randomField{name: "note", typ: "String"},
			&randomField{name: "count", typ: "Int"}, &randomField{name: "open", typ: "Boolean"})
		for i := range 1 + r.IntN(size+1) {
			t.fields = append(t.fields, &randomField{name: fmt.Sprint("in", i), typ: shapes()})
		}
		for i := range 1 + r.IntN(size+1) {
			f := &randomField{name: fmt.Sprint("own", i), typ: shapes(), own: true, source: source(), batch: r.IntN(3) > 0, max: few(), sized: r.IntN(4) == 0}
			f.paged = !f.batch && f.list() && f.base() != "String" && r.IntN(4) == 0
			t.fields = append(t.fields, f)
		}
	}
	for i := range 1 + r.IntN(size+1) {
		f := &randomField{name: fmt.Sprint("root", i), typ: "[" + any1() + "!]!", own: true, source: source(), paged: r.IntN(4) == 0}
		switch r.IntN(5) {
		case 0:
			f.typ = shapes()
			f.paged = f.paged && f.list() && f.base() != "String"
		case 1:
			f.typ = "[Mix!]"
		}
		g.roots = append(g.roots, f)
	}
	for _, t := range g.types {
		g.roots = append(g.roots, &randomField{name: "one" + t.name, typ: t.name})
	}
	if g.rough {
		for _, id := range g.operations() {
			if r.IntN(8) == 0 {
				g.failing[id] = []fault.Kind{fault.Unavailable, fault.Timeout, fault.BadAnswer, fault.Forbidden}[r.IntN(4)]
			}
		}
	}
	return g
}

// operations lists their ids.
func (g *randomGraph) operations() []string {
	var out []string
	for _, t := range g.types {
		out = append(out, t.source+"."+t.name)
		for _, f := range t.fields {
			if f.own {
				out = append(out, f.id(t.name))
			}
		}
	}
	for _, f := range g.roots {
		if f.own {
			out = append(out, f.id("Query"))
		}
	}
	return out
}

func (f *randomField) id(typ string) string { return f.source + "." + typ + "." + f.name }

func (g *randomGraph) typ(name string) *randomType {
	for _, t := range g.types {
		if t.name == name {
			return t
		}
	}
	return nil
}

func (t *randomType) field(name string) *randomField {
	for _, f := range t.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// sdl is the graph as its owner writes it.
func (g *randomGraph) sdl() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`extend schema @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])`)
	for i := range g.sources {
		line(`extend schema @source(name: "s%d", http: { baseURL: "http://s%d" })`, i, i)
	}
	var members []string
	for _, t := range g.types {
		members = append(members, t.name)
	}
	line("interface Named { id: ID! name: String! }\ntype Box { w: Int! h: String }\nunion Mix = %s", strings.Join(members, " | "))
	line("type Query {")
	for _, f := range g.roots {
		if !f.own {
			line("  %s(id: ID!): %s", f.name, f.typ)
			continue
		}
		page, more := "", ""
		if f.paged {
			page, more = "?o={$page.offset}&n={$page.limit}", `, page: { total: "$.total" }`
		}
		line("  %s: %s @connect(source: %q, http: { GET: \"/%s%s\" }, selection: \"\"\"$.v%s\"\"\"%s)", f.name, f.typ, f.source, f.name, page, g.below(f), more)
	}
	line("}")
	for _, t := range g.types {
		var gives []string
		for _, f := range t.fields {
			if !f.own {
				gives = append(gives, f.name+g.below(f))
			}
		}
		list := strings.Join(gives, " ")
		how := fmt.Sprintf("http: { GET: \"/%s/{$this.id}\" }, selection: \"\"\"id %s\"\"\"", t.name, list)
		if t.batch {
			how = fmt.Sprintf("http: { POST: \"/%s\", body: \"ids: $batch.id\" }%s, selection: \"\"\"$.rows { id %s }\"\"\"", t.name, batchOf(t.max), list)
		}
		line("type %s implements Named @key(fields: \"id\") @connect(source: %q, %s) {\n  id: ID!", t.name, t.source, how)
		for _, f := range t.fields {
			args := ""
			if f.sized {
				args = "(size: Int!)"
			}
			if !f.own {
				line("  %s%s: %s", f.name, args, f.typ)
				continue
			}
			size, query, more := "", "", ""
			if f.sized {
				size, query = " size: $args.size", "&s={$args.size}"
			}
			if f.paged {
				query, more = query+"&o={$page.offset}&n={$page.limit}", `, page: { total: "$.total" }`
			}
			how := fmt.Sprintf("http: { GET: \"/%s/%s?id={$this.id}%s\" }, selection: \"\"\"$.v%s\"\"\"%s", t.name, f.name, query, g.below(f), more)
			if f.batch {
				how = fmt.Sprintf("http: { POST: \"/%s/%s\", body: \"ids: $batch.id%s\" }%s, selection: \"\"\"$.rows { id %s%s }\"\"\"", t.name, f.name, size, batchOf(f.max), f.name, g.below(f))
			}
			line("  %s%s: %s @connect(source: %q, %s)", f.name, args, f.typ, f.source, how)
		}
		line("}")
	}
	return b.String()
}

func batchOf(most int) string {
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(", batch: { maxSize: %d }", most)
}

// below is the selection below a field.
func (g *randomGraph) below(f *randomField) string {
	item := " id "
	if g.rich {
		item = " id name count "
	}
	switch f.base() {
	case "String", "Int", "Boolean":
		return ""
	case "Box":
		return " { w h }"
	case "Mix", "Named":
		var cases []string
		for _, t := range g.types {
			more := ""
			if g.rich {
				more = " name: name count: count"
			}
			cases = append(cases, fmt.Sprintf(`["%s", { __typename: "%s", id: id%s }]`, strings.ToLower(t.name), t.name, more))
		}
		return " { ... kind->match(" + strings.Join(cases, ", ") + ") }"
	}
	return " {" + item + "}"
}

// exists says whether the loader of a type knows a key.
func (g *randomGraph) exists(typ, key string) bool {
	return g.rich || !g.one(6, "exists", typ, key)
}

// data is what stands at a field of an entity (key "" is Query) under an argument: objects by graph field names, as fakes take them.
func (g *randomGraph) data(typ, key string, f *randomField, size string) any {
	at := strings.Join([]string{typ, key, f.name, size}, "/")
	if f.own && g.one(12, "row", at) && !g.rich {
		return nil // no row
	}
	if !f.list() {
		return g.value(f.base(), f.nonNull(), at)
	}
	if !f.nonNull() && g.one(8, "null", at) {
		return nil
	}
	items := []any{}
	optional := !strings.Contains(f.typ, "!]")
	for i := range g.hash("len", at) % 5 {
		at := fmt.Sprint(at, "/", i)
		if optional && g.one(5, "item", at) {
			items = append(items, nil)
			continue
		}
		items = append(items, g.value(f.base(), true, at))
	}
	return items
}

// value is one value of a named type; in rough worlds it may be null or of a wrong type, whatever the graph says.
func (g *randomGraph) value(base string, nonNull bool, at string) any {
	if !nonNull && g.one(5, "null", at) || g.rough && base != "Mix" && base != "Named" && g.one(40, "wrong", at) {
		return nil
	}
	n := g.hash("value", at)
	switch base {
	case "String":
		return []string{"a", "b", "é\"\\ \n", "", "7", "<&>\u2028"}[n%6] + fmt.Sprint(n/6%4)
	case "Int":
		if g.rough && n%31 == 0 {
			return "many"
		}
		return int(n%7) - 2
	case "Boolean":
		return n%2 == 0
	case "Box":
		return obj{"w": g.value("Int", true, at+"/w"), "h": g.value("String", false, at+"/h")}
	case "Mix", "Named":
		t := g.types[n%uint64(len(g.types))].name
		if g.rough && n%29 == 0 {
			return obj{"__typename": "Nobody", "id": "k0"}
		}
		it := g.item(t, at)
		it["__typename"] = t
		return it
	}
	return g.item(base, at)
}

// item is an entity as lists and references give it.
func (g *randomGraph) item(typ, at string) obj {
	key := fmt.Sprint("k", g.hash("key", at)%uint64(g.keys))
	it := obj{"id": key}
	if g.rich {
		it["name"], it["count"] = g.data(typ, key, g.typ(typ).field("name"), ""), g.data(typ, key, g.typ(typ).field("count"), "")
	}
	return it
}

// broken says whether a single call for a key fails while others do not.
func (g *randomGraph) broken(op, key, size string) bool {
	return g.rough && g.one(10, "broken", op, key, size)
}

// script makes a tier answer every operation of the graph.
func (g *randomGraph) script(tier *fake.Tier) {
	single := func(op, key, size string, v func() any) (any, error) {
		if g.broken(op, key, size) {
			return nil, fault.New(fault.Unavailable, "broken")
		}
		return v(), nil
	}
	for _, t := range g.types {
		row := func(key string) any {
			if !g.exists(t.name, key) {
				return nil
			}
			out := obj{"id": key}
			for _, f := range t.fields {
				if !f.own {
					out[f.name] = g.data(t.name, key, f, "")
				}
			}
			return out
		}
		g.answer(tier, t.source+"."+t.name, t.batch, func(r *fake.Request, key string) (any, error) {
			if t.batch {
				return row(key), nil
			}
			return single(r.Operation.ID, key, "", func() any { return row(key) })
		})
		for _, f := range t.fields {
			if !f.own {
				continue
			}
			if f.paged {
				tier.List(f.id(t.name), func(r *fake.Request) ([]any, error) {
					v, err := single(r.Operation.ID, r.Keys()[0], r.Arg("size"), func() any { return g.data(t.name, r.Keys()[0], f, r.Arg("size")) })
					items, ok := v.([]any)
					if !ok && err == nil {
						err = fault.New(fault.NotFound, "no list")
					}
					return items, err
				})
				continue
			}
			g.answer(tier, f.id(t.name), f.batch, func(r *fake.Request, key string) (any, error) {
				if !f.batch {
					return single(r.Operation.ID, key, r.Arg("size"), func() any { return g.data(t.name, key, f, r.Arg("size")) })
				}
				v := g.data(t.name, key, f, r.Arg("size"))
				if v == nil && g.one(2, "absent", t.name, key, f.name) {
					return nil, nil
				}
				return obj{"id": key, f.name: v}, nil
			})
		}
	}
	for _, f := range g.roots {
		switch {
		case f.paged:
			tier.List(f.id("Query"), func(*fake.Request) ([]any, error) {
				items, ok := g.data("Query", "", f, "").([]any)
				if !ok {
					return nil, fault.New(fault.NotFound, "no list")
				}
				return items, nil
			})
		case f.own:
			g.answer(tier, f.id("Query"), false, func(*fake.Request, string) (any, error) { return g.data("Query", "", f, ""), nil })
		}
	}
	for id, kind := range g.failing {
		tier.Fail(id, kind)
	}
}

// answer answers an operation, by rows of keys where it is a batch.
func (g *randomGraph) answer(tier *fake.Tier, id string, batch bool, one func(r *fake.Request, key string) (any, error)) {
	tier.Func(id, func(r *fake.Request) (any, error) {
		if !batch {
			key := ""
			if keys := r.Keys(); len(keys) > 0 {
				key = keys[0]
			}
			v, err := one(r, key)
			if err == nil && v == nil {
				err = fault.New(fault.NotFound, "nothing there")
			}
			if err != nil {
				return nil, err
			}
			return fake.Answer(r, v), nil
		}
		rows := []any{}
		for _, key := range r.Keys() {
			if v, err := one(r, key); err != nil {
				return nil, err
			} else if v != nil {
				rows = append(rows, v)
			}
		}
		return fake.Answer(r, rows), nil
	})
}

// parse reads the graph's text.
func (g *randomGraph) parse() (*graph.Graph, error) {
	parsed, diags := graph.Parse("random.graphqls", []byte(g.sdl()))
	if diags.Failed() {
		return nil, diags.Err()
	}
	return parsed, nil
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
