package composer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"facet/graph"
)

// FuzzRows: what the rows of a list hold is read as each of them is alone, whatever those before were.
func FuzzRows(f *testing.F) {
	for _, r := range []string{
		`{"s":"text","i":12,"b":true,"key of more":"x"}`, `{"s":"text" , "i" : -1 ,"b": false }`, `{"i":0,"s":"","b":true}`, `{"s":"é","i":1e3,"b":null}`,
		`{"s":"a \"quoted\" word","i":1234567890,"b":tru}`, `{"s":"text","i":01,"b":false}`, `{"s":"text","other":[1],"i":1}`, `{"s":"text","i":1.5,"b":"no"}`,
		`{"s":"text","x":"unread","i":12,"b":true}`, `{"s":"text","x": [1,{"y":"z"}] ,"i":12,"b":true,"key of more":"a"}`, `{"x":12,"s":"t","y":null,"i":1}`,
		`{"s":"text","x":[1,"i":12}`, `{"s":"text","x":"é","i":12}`, `{"s":"text","x":1e5,"i":12}`, `{"s":"text","x":{"s":"inner","i":3},"i":12,"s":"last"}`,
		"{\"s\":\"a\x01b\",\"i\":3}", "{\"s\":\"12345678901234\x7f\xff\",\"i\":3}", `{}`, `{"s":"text"`, `{"s":"te`, `{"i":12`, `{"s":"x","s":"y"}`, `{"s":"text";"i":1}`, `{"other":0,"other": false}`,
	} {
		f.Add(r, `{"s":"text","i":12,"b":true}`, `{"s":"text","i":13,"b":false}`)
		f.Add(`{"s":"text","x":{},"i":12,"b":true}`, `{"s":"text","x":"","i":13,"b":false}`, r)
		f.Add(`{"s":"text","i":12,"b":true,"key of more":"a longer text than a few words"}`, r, r)
	}
	one, list := rowProgram(false), rowProgram(true)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		rows := []string{a, b, c}
		body := `{"rows":[` + strings.Join(rows, ",") + `]}`
		s := &scanner{b: []byte(body), ans: 2}
		if got, want := list.run(s), json.Valid([]byte(body)); got != want && s.depth <= maxNesting {
			t.Fatalf("%s: %v", body, got)
		} else if !got || !json.Valid([]byte(a)) || !json.Valid([]byte(b)) || !json.Valid([]byte(c)) {
			return
		}
		l := s.cells[rootValue]
		if l.n != 3 {
			return // rows that are no rows by themselves
		}
		for i, item := range s.cells[l.off : l.off+l.n] {
			alone := &scanner{b: []byte(`{"rows":` + rows[i] + `}`), ans: 2}
			if !one.run(alone) {
				t.Fatalf("%s alone is not read", rows[i])
			}
			want := alone.cells[rootValue]
			if item.kind != want.kind {
				t.Fatalf("%s: %v, alone %v", rows[i], item, want)
			}
			if item.kind != kObject {
				continue
			}
			for k := range uint32(4) {
				x, y := s.cells[item.off+k], alone.cells[want.off+k]
				if x.kind != y.kind || x.n != y.n || x.kind >= kText && x.kind <= kRaw && body[x.off:x.off+x.n] != string(alone.b[y.off:y.off+y.n]) {
					t.Fatalf("%s in %s: cell %d is %v, alone %v", rows[i], body, k, x, y)
				}
			}
		}
	})
}

func rowProgram(list bool) *program {
	row := &graph.Type{Name: "Row", Kind: graph.Object}
	sel := &graph.Selection{Path: graph.Path{Steps: []string{"rows"}}}
	for _, f := range [][2]string{{"s", "String"}, {"i", "Int"}, {"b", "Boolean"}, {"key of more", "String"}} {
		name := f[0]
		row.Fields = append(row.Fields, &graph.Field{Name: name, Type: graph.TypeRef{Name: f[1]}})
		sel.Items = append(sel.Items, &graph.SelectionItem{Field: name, Value: &graph.Selection{Path: graph.Path{Steps: []string{name}}}})
	}
	types := map[string]*graph.Type{"Row": row}
	for _, name := range []string{"String", "Int", "Boolean"} {
		types[name] = &graph.Type{Name: name, Kind: graph.Scalar}
	}
	p := &planner{p: &plan{consts: []byte(truths)}, g: &graph.Graph{Types: types}}
	pl := p.newPlace(&opPlan{}, row, sel)
	for _, f := range row.Fields {
		p.want(pl, f)
	}
	ref := graph.TypeRef{Name: "Row"}
	if list {
		ref = graph.TypeRef{Elem: &graph.TypeRef{Name: "Row"}}
	}
	g := &program{}
	g.trie.add(sel.Path.Steps, rootValue, p.progValue(ref, sel, pl))
	g.number()
	return g
}

// BenchmarkRows is how fast the rows of a large list are read.
func BenchmarkRows(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"rows":[`)
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, `{"s":"%s","key of more":"The row of number %d","i":%d,"b":%v},`, strings.Repeat("Some words of a synopsis. ", 5), i, i*7, i%2 == 0)
	}
	text.WriteString(`{}]}`)
	body := []byte(text.String())
	g := rowProgram(true)
	s := scanner{}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		s.b, s.i, s.cells, s.stack = body, 0, s.cells[:0], s.stack[:0]
		if !g.run(&s) {
			b.Fatal("no JSON")
		}
	}
}
