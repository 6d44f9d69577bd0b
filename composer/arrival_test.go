package composer

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"facet/tiers"
)

// arriving scans a body that comes in pieces, whose sizes are those of cuts, again and again.
func arriving(g *program, body, cuts []byte, least int) (s *scanner, early, ok bool) {
	s = &scanner{ans: 2, prog: g}
	a := s.begin(body, least)
	for came, k := 0, 0; came < len(body); k++ {
		n := len(body)
		if len(cuts) > 0 {
			n = int(cuts[k%len(cuts)]) + 1
		}
		came = min(came+n, len(body))
		a.Came(came)
		for range k % 5 {
			runtime.Gosched()
		}
	}
	if len(body) == 0 {
		a.Stop()
	}
	<-a.ended
	early = a.ok
	return s, early, s.whole(body)
}

// FuzzArriving: an answer that is scanned while it comes is read as one that is there.
func FuzzArriving(f *testing.F) {
	for _, s := range append(samples,
		`{"b":[1,22,333,4444,55555,666666],"a":"after a list","c":{"d":"x","e":[[1,2,{"x":["deep",12.5e3,true,null]}]]}}`,
		`{"unread":{"a":[1,2,3, 4 , 55 ,666],"b" : {"c":"a longer text than others","é":"日本語"}},"b":[ 1 , 2 ],"a":"x"}`,
		`{"b":[12,34`, `{"unread":[12,34`, `{"b":[1,"\ud83d",{}],"a":1}`, `{"unread":[tru`, `{"unread":{"a":1]}`,
		`{"b":[`+strings.Repeat("123,", 3000)+`1],"a":"x"}`, `{"unread":[`+strings.Repeat(`{"k":"v"},`, 3000)+`1],"a":"x"}`) {
		f.Add([]byte(s), []byte{0}, byte(1))
		f.Add([]byte(s), []byte{0, 3, 1, 7}, byte(4))
		f.Add([]byte(s), []byte{200}, byte(64))
	}
	g := testProgram()
	f.Fuzz(func(t *testing.T, body, cuts []byte, least byte) {
		want := &scanner{b: body, ans: 2}
		valid := g.run(want)
		got, early, ok := arriving(g, body, cuts, int(least)+1)
		if ok != valid || early && !valid {
			t.Fatalf("%q is JSON: %v while it came, %v when it was there, want %v", body, early, ok, valid)
		}
		if ok && (!slices.Equal(got.cells, want.cells) || !slices.Equal(got.tracks, want.tracks)) {
			t.Fatalf("%q:\n%v\n%v", body, got.cells, want.cells)
		}
	})
}

// TestArriving: what stands in lists and what nobody reads is scanned while it comes, wherever it is cut.
func TestArriving(t *testing.T) {
	g := testProgram()
	for _, body := range []string{
		`{"unread":[` + strings.Repeat(`{"k":"v", "w":[1, 2.5, true]},`, 500) + `null],"b":[` + strings.Repeat("123,", 500) + `1],"a":"x"}`,
		`{"b":[` + strings.Repeat("1234567,", 500) + `1]}`,
	} {
		for _, cuts := range [][]byte{{0}, {1, 2}, {60}, {255}, nil} {
			if _, early, ok := arriving(g, []byte(body), cuts, 32); !early || !ok {
				t.Errorf("cut by %v: early %v, at all %v", cuts, early, ok)
			}
		}
	}
}

// TestArrivalStops: a tier that hangs up in the middle ends the scan, and the scanner is as new.
func TestArrivalStops(t *testing.T) {
	g := testProgram()
	body := []byte(`{"b":[` + strings.Repeat("123,", 5000) + `1],"a":"x"}`)
	s := &scanner{ans: 2}
	for _, came := range []int{0, 1, 100, 9000, len(body)} {
		s.prog = g
		a := s.Begin(body)
		if s.Begin(body) != nil {
			t.Error("two answers at once")
		}
		a.Came(came)
		a.Stop()
		s.leave()
		if s.Begin(body) != nil {
			t.Error("an answer that nobody waits for")
		}
		s.prog, s.i, s.depth, s.cells, s.stack = g, 0, 0, nil, s.stack[:0]
		if !s.whole(body) {
			t.Errorf("after %d bytes: the next answer is not read", came)
		}
	}
}

// TestArrivalAgain: a tier sends all of an answer, and breaks off where it was to end. It is asked again: the next answer, as long as the first
// and in the same place, is read itself.
func TestArrivalAgain(t *testing.T) {
	g := testProgram()
	body := []byte(`{"b":[` + strings.Repeat("123,", 5000) + `1],"a":"the first"}`)
	next := bytes.Repeat([]byte(" "), len(body))
	copy(next, `{"a":"the second","b":[45,67]}`)
	s := &scanner{ans: 2, prog: g}
	a := s.Begin(body)
	a.Came(len(body))
	if <-s.arrival.ended; !s.arrival.ok {
		t.Fatal("the first was not read while it came")
	}
	a.Stop()
	if s.Begin(body) != nil {
		t.Error("two answers for one call")
	}
	copy(body, next)
	if !s.whole(body) {
		t.Fatal("the second is not read")
	}
	want := &scanner{b: body, ans: 2}
	if !g.run(want) || !slices.Equal(s.cells, want.cells) {
		t.Error("the second is read as the first was")
	}
}

// TestNoArrivalOfRest: the rows that were not kept are no answer by themselves. Their buffer is given back as soon as they are copied to
// those that were: nobody may be scanning it then.
func TestNoArrivalOfRest(t *testing.T) {
	c := &tiers.Call{Needs: [][]json.RawMessage{{[]byte("1"), []byte("2")}}, Intake: &scanner{prog: testProgram()}}
	if rest := askFor(c, []int{1}); rest.Intake != nil || string(rest.Needs[0][0]) != "2" {
		t.Errorf("asked for %s, told of it while it comes: %v", rest.Needs[0], rest.Intake != nil)
	}
}
