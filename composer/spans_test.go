package composer

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"facet/graph"
)

// samples are answers that the scanner must read or refuse as encoding/json does.
var samples = []string{
	`{"a":"x","b":[1,2,3],"c":{"d":true}}`, ` { "a" : "x" } `, `{"a":"\u00e9\n"}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\udc00x"}`,
	"{\"a\":\"\xff\"}", `{"a":1e5}`, `{"a":-0}`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":+1}`, `{"a":2147483648}`, `{"a":-2147483648}`,
	`{"a":"x",}`, `{"a"}`, `{a:1}`, `[]`, `[1,]`, `null`, `nul`, `tru`, `""`, `"`, `{"a":"\x"}`, `{"a":"` + "\x01" + `"}`, `{"\u0061":"escaped key"}`,
	`{"b":[{"c":1},{"c":null},null]}`, `{"b":[[]]}`, `{"c":{"d":{"d":1}}}`, ``, `{}{}`, `{"a":"x"} x`, `{"a":"` + "é日本語" + `"}`, `{"a":"a long string of more than eight bytes \" and more"}`,
}

func testProgram() *program {
	str := graph.TypeRef{Name: "String"}
	p := &planner{p: &plan{consts: []byte(truths)}, g: &graph.Graph{Types: map[string]*graph.Type{
		"T": {Name: "T", Kind: graph.Object, Fields: []*graph.Field{{Name: "a", Type: str}, {Name: "b", Type: graph.TypeRef{Elem: &graph.TypeRef{Name: "Int"}}}, {Name: "e", Type: str}, {Name: "c", Type: graph.TypeRef{Name: "T"}}}},
	}}}
	t := p.g.Types["T"]
	path := func(steps ...string) *graph.Selection { return &graph.Selection{Path: graph.Path{Steps: steps}} }
	inner := path("c")
	inner.Items = []*graph.SelectionItem{{Field: "a", Value: path("d")}}
	sel := &graph.Selection{Items: []*graph.SelectionItem{{Field: "a", Value: path("a")}, {Field: "b", Value: path("b")}, {Field: "e", Value: path("c", "d")}, {Field: "c", Value: inner}}}
	op := &opPlan{}
	pl := p.newPlace(op, t, sel)
	for _, f := range t.Fields {
		p.want(pl, f)
	}
	p.want(pl.slots[3].child, t.Field("a"))
	g := &program{}
	g.trie.add(nil, rootValue, p.progValue(graph.TypeRef{Name: "T"}, sel, pl))
	g.number()
	return g
}

// FuzzSpans compares what the scanner takes for JSON with encoding/json, and every cell with its bytes.
func FuzzSpans(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	g := testProgram()
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &scanner{b: body, ans: 2}
		got, want := g.run(s), json.Valid(body)
		if got && !want {
			t.Fatalf("%q is no JSON", body)
		}
		if !got && want && s.depth <= maxNesting {
			t.Fatalf("%q is JSON", body)
		}
		if !got {
			return
		}
		for _, c := range s.cells {
			switch c.kind {
			case kText, kEscaped, kDigits, kBool, kInt, kFloat, kRaw:
				span := body[c.off : c.off+c.n]
				if !json.Valid(span) || !utf8.Valid(span) {
					t.Fatalf("cell %v holds %q", c, span)
				}
				var str string
				if c.kind == kEscaped && (json.Unmarshal(span, &str) != nil || string(unquote(span)) != str) {
					t.Fatalf("%q is unquoted as %q", span, unquote(span))
				}
			}
		}
	})
}

func TestSpansRefuseDepth(t *testing.T) {
	deep := make([]byte, 0, 4000)
	for range 2000 {
		deep = append(deep, '[')
	}
	for range 2000 {
		deep = append(deep, ']')
	}
	s := &scanner{b: deep, ans: 2}
	if testProgram().run(s) {
		t.Error("a bomb of depth was read")
	}
}

func FuzzQuoted(f *testing.F) {
	f.Add("a\"b\\c\n\x00é\xff日")
	f.Fuzz(func(t *testing.T, s string) {
		q := appendQuoted(nil, s)
		var back string
		if json.Unmarshal(q, &back) != nil {
			t.Fatalf("%q is no JSON", q)
		}
		if utf8.ValidString(s) && back != s {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}

func FuzzChecker(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	sf := emptySurface()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, name := range []string{"Int", "Float", "String", "ID", "Boolean", "JSON"} {
			for _, ref := range []graph.TypeRef{{Name: name}, {Elem: &graph.TypeRef{Name: name, NonNull: true}}} {
				out, err := checker{sf}.check(nil, raw, ref, nil, "argument", 0)
				if err == nil && !json.Valid(out) {
					t.Fatalf("%s: %q became %q", name, raw, out)
				}
			}
		}
	})
}
