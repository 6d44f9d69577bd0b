package scripts

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"facet/graph"
	"facet/pack"
	"facet/scripts/plain"
	"facet/view"
)

// corpora are the packages whose functions are those that teams write: the repository's own and testdata/corpus.
func corpora(t testing.TB) map[string]*view.Build {
	if builtCorpora != nil {
		return builtCorpora
	}
	out := map[string]*view.Build{}
	const films = "../examples/films/graph.graphqls"
	for dir, file := range map[string]string{
		"../examples/films/packages/tv-home": films, "../examples/films/packages/tv-player": films, "../examples/films/packages/phone-home": films,
		"../examples/films/packages/web-browse": films, "../examples/films/packages/glasses-home": films, "../examples/films/packages/originals-rows": films,
		"../cmd/edge/template/packages/web-home": "../cmd/edge/template/graph.graphqls",
		"plain/testdata/corpus":                  "plain/testdata/corpus/graph.graphqls",
	} {
		p, ds := pack.FromDir(dir, pack.DefaultLimits())
		if err := ds.Err(); err != nil {
			t.Fatal(err)
		}
		l := &pack.Lock{}
		if !strings.Contains(dir, "testdata") {
			p, l = load(t, dir)
		}
		b, ds := Build(t.Context(), p, l, graphOf(t, file), Options{})
		if b == nil {
			t.Fatal(ds)
		}
		out[dir] = b
	}
	builtCorpora = out
	return out
}

var builtCorpora map[string]*view.Build

// TestPlainCoverage: nine functions in ten need no engine.
func TestPlainCoverage(t *testing.T) {
	for group, dirs := range map[string]string{"examples": "..", "corpus": "plain"} {
		all, inGo := 0, 0
		for dir, b := range corpora(t) {
			if strings.HasPrefix(dir, "plain") != (dirs == "plain") {
				continue
			}
			places, err := Places(b)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range places {
				all++
				if p.Go {
					inGo++
					continue
				}
				t.Logf("%s: %s needs the engine: %s (%s)", group, b.Funcs[i].Name, p.Why, p.At)
				if p.At.Line == 0 || p.At.Col == 0 {
					t.Errorf("%s: no place", b.Funcs[i].Name)
				}
			}
		}
		t.Logf("%s: %d of %d functions run in Go", group, inGo, all)
		if inGo*10 < all*9 {
			t.Errorf("%s: only %d of %d functions run in Go", group, inGo, all)
		}
	}
}

// TestPlainCorpus: the functions of the corpus give the same in Go as in the engine, for values of the types that they take.
func TestPlainCorpus(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 5))
	for dir, b := range corpora(t) {
		both := [2]*Functions{}
		for i, o := range []RunOptions{{}, {EngineOnly: true}} {
			f, err := Open(b, o)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			both[i] = f
		}
		for i, fn := range both[0].funcs {
			p := fn.plain()
			if p == nil {
				continue
			}
			ran, left, run := 0, 0, p.Take()
			n := *plainInputs
			for range n {
				row := make([][]byte, len(fn.Inputs))
				for k, in := range fn.Inputs {
					row[k] = randomInput(rnd, in)
				}
				got, _, ok := run.Run(row, nil, 64<<10)
				if !ok {
					left++
					continue
				}
				ran++
				a := &view.Account{Left: time.Hour}
				want, err := both[1].Computes()[i](a, row, nil)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s %s of %s: %s in Go, %s in the engine, %v", dir, fn.Name, bytes.Join(row, []byte(", ")), got, want, err)
				}
			}
			run.Give()
			if ran < n/2 {
				t.Errorf("%s %s: %d of %d calls were left to the engine", dir, fn.Name, left, n)
			}
		}
	}
	if n := plain.Defects.Load(); n > 0 {
		t.Errorf("%d defects", n)
	}
}

// randomInput is a value that an input may have, by its type and its name.
func randomInput(rnd *rand.Rand, in view.FuncInput) []byte {
	if in.Name == localeInput {
		return []byte([]string{`"en-US"`, `"de-DE"`, `"fr"`}[rnd.IntN(3)])
	}
	return randomOf(rnd, in.Type, in.Name)
}

func randomOf(rnd *rand.Rand, t graph.TypeRef, name string) []byte {
	if !t.NonNull && rnd.IntN(8) == 0 {
		return []byte("null")
	}
	pick := func(list ...string) []byte { return []byte(list[rnd.IntN(len(list))]) }
	if t.Elem != nil {
		b := []byte("[")
		for i := range rnd.IntN(5) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, randomOf(rnd, *t.Elem, name)...)
		}
		return append(b, ']')
	}
	switch t.Name {
	case "Int":
		return fmt.Appendf(nil, "%d", []int{0, 1, rnd.IntN(200), rnd.IntN(200000), rnd.IntN(2100), -rnd.IntN(50)}[rnd.IntN(6)])
	case "Float":
		if name == "rating" || name == "stars" {
			return fmt.Appendf(nil, "%.1f", rnd.Float64()*10)
		}
		return []byte(fmt.Sprintf([]string{"%.0f", "%.1f", "%.2f", "%g"}[rnd.IntN(4)], rnd.NormFloat64()*[]float64{1, 10, 1000, 1e6}[rnd.IntN(4)]))
	case "Boolean":
		return pick("true", "false")
	case "JSON":
		switch name {
		case "people":
			return pick(`null`, `[]`, `[{"name":"Ann Lee","role":"director"},{"name":"Bo","role":"actor","character":"Zed"},{"name":"Cé","role":"actor"}]`,
				`[{"name":"Bo","role":"actor","character":null}]`, `[{"name":"Dee","role":"writer"},{"role":"actor"}]`)
		case "options":
			return pick(`null`, `[]`, `[{"id":"a","label":"Red","price":9.5},{"name":"Blue","price":7,"available":false},{"id":3,"name":"Green"}]`, `[null,{"price":"12.5"}]`)
		case "dims":
			return pick(`null`, `{}`, `{"width":10,"height":2.5,"unit":"mm"}`, `{"width":1,"height":2,"depth":3,"7":1}`, `{"a":null,"b":{"c":[1]}}`)
		case "moves":
			return pick(`null`, `[]`, `[{"amount":12.5,"text":"Salary"},{"amount":-3,"kind":"food"},{"amount":-99.95,"text":"Rent","kind":"home"}]`, `[{"amount":0,"kind":"food"},{"amount":1e3,"kind":"food"}]`)
		case "holder":
			return pick(`null`, `{}`, `{"first":"Ada","last":"Lovelace"}`, `{"company":"ACME"}`, `{"title":"Dr.","first":"","last":"Noether"}`)
		case "address":
			return pick(`null`, `{}`, `{"name":"Ada","street":"Elm St","number":5,"zip":"123","city":" York ","country":"uk"}`, `{"city":"Łódź"}`)
		case "settings":
			return pick(`null`, `{}`, `{"theme":"dark","display":{"contrast":true},"formal":true}`, `{"a":true,"b":1,"c":true}`)
		}
		return randomJSON(rnd, 0)
	}
	switch name {
	case "released", "birthday", "opened":
		return pick(`"1999-12-03"`, `"2024-02-29"`, `"1975-06-20"`, `""`, `"2001"`)
	case "currency":
		return pick(`"EUR"`, `"USD"`, `"GBP"`, `"JPY"`)
	}
	return pick(`""`, `"a"`, `"Jaws"`, `"The Third Man"`, `"an Amélie 😀 film of many words"`, `"MOVIE"`, `"SERIES"`, `"1999-12-03"`, `"2024-02-29"`, `"EUR"`, `"USD"`,
		`"ada@example.com"`, `"DE89370400440532013000"`, `"4111111111111111"`, `"A-12 -x"`, `"Family"`, `"Horror"`, `"free"`, `"pro"`, `"admin"`, `"GIRO"`, `"LOAN"`, `"acme"`)
}
