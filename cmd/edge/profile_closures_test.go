package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"facet/composer"
)

// TestProfileClosures: a function that runs in Go stands in the profile by its own name.
func TestProfileClosures(t *testing.T) {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
	at := map[string]*profile.Location{}
	place := func(name string) *profile.Location {
		if at[name] == nil {
			f := &profile.Function{ID: uint64(len(at) + 1), Name: name}
			at[name] = &profile.Location{ID: f.ID, Line: []profile.Line{{Function: f}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, at[name])
		}
		return at[name]
	}
	for _, stack := range []string{"strings.Repeat plain.padding plain.(*Runner).Run scripts.rows", "plain.json scripts.rows", "scripts.rows composer.compute"} {
		s := &profile.Sample{Value: []int64{1}, Label: map[string][]string{composer.LabelPackage: {"@tv/home"}, composer.LabelVersion: {"1.0.0"}, composer.LabelFunction: {"Card.progress"}}}
		for _, name := range strings.Fields(stack) {
			s.Location = append(s.Location, place(strings.ReplaceAll(strings.ReplaceAll(name, "plain.", inClosures), "scripts.rows", "facet/scripts.rows")))
		}
		p.Sample = append(p.Sample, s)
	}
	got := withScripts(p, nil)
	if err := got.CheckValid(); err != nil {
		t.Fatal(err)
	}
	var stacks []string
	for _, s := range got.Sample {
		var names []string
		for _, l := range s.Location {
			names = append(names, l.Line[0].Function.Name)
		}
		stacks = append(stacks, strings.Join(names, ", "))
	}
	want := []string{"strings.Repeat, Card.progress (Go), facet/scripts.rows", "Card.progress (Go), facet/scripts.rows", "facet/scripts.rows, composer.compute"}
	if d := cmp.Diff(want, stacks); d != "" {
		t.Error(d)
	}
}
