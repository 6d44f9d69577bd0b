package composer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
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
