package composer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzSkip compares what is passed unread with encoding/json.
func FuzzSkip(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	for _, s := range []string{`{"a":[{},[],"",0,-1.5e-3,10,1e9,12.,1.e1,true,false,null]}`, `[1 ,2 , 3 ]`, "{\n\t\"a\" :\r1 }", `[10`, `[1`, `[12e`, `{"a":1]`, `[1}`, `[,]`, `{,}`, `{"a":1,}`,
		`["\u12"]`, `["\u00zz"]`, `["\q"]`, `[tru]`, `[nul`, `[fals`, `{"a" 1}`, `{"a"`, `{"`, `["`, `["\`, `[0x1]`, `[1_0]`, `[9999999999999999999999]`, "[\"\x1f\"]", "[\"1234567\x1f\"]",
		`["12345678901234567890\n1234567\"8901234567890"]`, strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat(`{"a":[`, 100) + strings.Repeat("]}", 100)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &scanner{b: body}
		s.space()
		got := s.skip()
		s.space()
		got = got && s.i == len(body)
		if want := json.Valid(body); got != want && s.depth <= maxNesting {
			t.Fatalf("%q: %v, want %v", body, got, want)
		}
		if got && s.depth != 0 {
			t.Fatalf("%q: a depth of %d is left", body, s.depth)
		}
	})
}

// FuzzPattern compares the rows of a large value that is passed unread with encoding/json and unicode/utf8: their keys are compared with those
// of the rows before.
func FuzzPattern(f *testing.F) {
	for _, r := range []string{
		`{"id":"row-1","number":12,"flag":true,"a much longer key":null}`, `{"id":"row-2" , "number" : 0 ,"flag":false,"a much longer key":-1}`, "{\n  \"id\": \"row\",\n  \"number\": 1.5e3\n}",
		`{"id":"é","number":1234567,"flag":tru}`, `{"id":"a \"quoted\" word","number":12345678,"flag":nul}`, `{"id":"row","more":{"id":[1,{"id":"deep"}]},"number":01}`, `{"id":"row-1","number":1,}`,
		"{\"id\":\"a\x01b\",\"number\":3}", "{\"id\":\"\x7f\xff\",\"k\xff\":3}", `{}`, `{"id":"text"`, `{"id":"te`, `{"id":12`, `{"id":"x","id":"y"}`, `{"id":"text";"number":1}`, `{"id":1.}`, `{"id":1e}`, `[{"id":1}]`,
		`{"a key of more than sixteen bytes":"with a text of more than thirty-two bytes","b":"12345678901234567890123456789012345678901234567890123456789012345678901234567890"}`,
	} {
		f.Add(r, `{"id":"row-1","number":12,"flag":true,"a much longer key":null}`, `{"id":"row-9","number":13,"flag":false,"a much longer key":null}`)
		f.Add(r, r, r)
		f.Add(r, r, `{"id":"x","number":1}`)
	}
	before := `{"":"` + strings.Repeat("x", patternAfter) + `","rows":[{"id":"row-0","number":1},`
	f.Fuzz(func(t *testing.T, a, b, c string) {
		body := []byte(before + a + "," + b + "," + c + "," + a + "," + b + `],"last":{"id":"row-0","number":1}}`)
		s := &scanner{b: body}
		got := s.skip() && s.i == len(body)
		if want := json.Valid(body); got != want && s.depth <= maxNesting {
			t.Fatalf("%q: %v, want %v", body[len(before):], got, want)
		}
		if got && s.strays == utf8.Valid(body) {
			t.Fatalf("%q: bytes that are no UTF-8: %v", body[len(before):], s.strays)
		}
		if !got || bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) >= maxNesting {
			return
		}
		g := testProgram()
		whole := slices.Concat([]byte(`{"unread":`), body, []byte("}"))
		if _, early, ok := arriving(g, whole, []byte{255, byte(len(a)), byte(len(b))}, 1+len(c)%100); !early || !ok {
			t.Fatalf("%q while it comes: %v, %v", body[len(before):], early, ok)
		}
	})
}

// TestSkipDepth: what nests to the limit is passed, what nests deeper is not, counted from where the value stands.
func TestSkipDepth(t *testing.T) {
	for _, c := range []struct {
		at, deep int
		want     bool
	}{{0, maxNesting, true}, {0, maxNesting + 1, false}, {10, maxNesting - 10, true}, {10, maxNesting - 9, false}, {0, 100_000, false}} {
		s := &scanner{b: []byte(strings.Repeat("[", c.deep) + strings.Repeat("]", c.deep)), depth: c.at}
		if got := s.skip(); got != c.want {
			t.Errorf("%d from %d: %v", c.deep, c.at, got)
		}
	}
}

// BenchmarkSkip is how fast what nobody reads is passed: a JSON scalar, or members that the graph does not know.
func BenchmarkSkip(b *testing.B) {
	var text strings.Builder
	text.WriteByte('[')
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, `{"id":"row-%d","name":"The row of number %d","text":"%s","number":%d,"flag":%v},`, i, i, strings.Repeat("Some words of a synopsis. ", 5), i*7, i%2 == 0)
	}
	text.WriteString("null]")
	body := []byte(text.String())
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if s := (scanner{b: body}); !s.skip() {
			b.Fatal("no JSON")
		}
	}
}
