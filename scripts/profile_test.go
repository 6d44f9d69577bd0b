package scripts_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"facet/fault"
	"facet/graph"
	"facet/scripts"
	"facet/view"
)

// TestProfile: what a function does is found under its package, its name and its file.
func TestProfile(t *testing.T) {
	b := &view.Build{Package: "@tv/home", Version: "1.2.3", Funcs: []*view.Func{{Name: "Card.slow", Pos: fault.Pos{File: "src/card.ts", Line: 7},
		Source: "({ n }) => { function sum(n) { let x = 0; for (let i = 0; i < n; i++) x += i % 7; return x; } return sum(n); }",
		Inputs: []view.FuncInput{{Name: "n", Type: graph.TypeRef{Name: "Int"}}}, Result: graph.TypeRef{Name: "Float"}}}}
	f, err := scripts.Open(b, scripts.RunOptions{Unlimited: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() {
		var last error
		for ctx.Err() == nil {
			_, last = f.Computes()[0](&view.Account{Left: time.Hour}, [][]byte{[]byte("200000")}, nil)
		}
		done <- last
	}()
	p, err := scripts.Profile(context.Background(), 400*time.Millisecond, func(id string) *view.Build {
		if id != "@tv/home@1.2.3" {
			t.Errorf("asked for %s", id)
		}
		return b
	})
	cancel()
	if last := <-done; last != nil {
		t.Fatal(last)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(p.Sample, func(s *profile.Sample) bool { // others are of engines that are made meanwhile
		return slices.Equal(s.Label["package"], []string{"@tv/home"}) && slices.Equal(s.Label["function"], []string{"Card.slow"})
	})
	if at < 0 {
		t.Fatalf("none of %d samples is the function's", len(p.Sample))
	}
	s := p.Sample[at]
	fn := s.Location[0].Line[0].Function
	if !strings.HasPrefix(fn.Name, "Card.slow") || fn.Filename != "@tv/home@1.2.3/src/card.ts" || s.Location[0].Line[0].Line != 7 {
		t.Errorf("%s in %s:%d", fn.Name, fn.Filename, s.Location[0].Line[0].Line)
	}
}
