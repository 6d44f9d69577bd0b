package main

import (
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// inClosures is what a frame of a computed function begins with that runs as Go closures.
const inClosures = "facet/scripts/plain."

// withClosures puts one frame with the function's own name where a package's function ran as Go closures: "Card.progress (Go)". What the
// closures call of the language stays below it.
func withClosures(cpu *profile.Profile) {
	var last struct{ function, location uint64 }
	for _, f := range cpu.Function {
		last.function = max(last.function, f.ID)
	}
	for _, l := range cpu.Location {
		last.location = max(last.location, l.ID)
	}
	made := map[[3]string]*profile.Location{}
	for _, s := range cpu.Sample {
		k, ok := functionOf(s)
		if !ok {
			continue
		}
		inner := slices.IndexFunc(s.Location, closure)
		if inner < 0 {
			continue
		}
		outer := inner
		for i := inner; i < len(s.Location); i++ {
			if closure(s.Location[i]) {
				outer = i
			}
		}
		l := made[k]
		if l == nil {
			last.function, last.location = last.function+1, last.location+1
			f := &profile.Function{ID: last.function, Name: k[2] + " (Go)", SystemName: k[2] + " (Go)", Filename: k[0] + "@" + k[1]}
			l = &profile.Location{ID: last.location, Line: []profile.Line{{Function: f}}}
			cpu.Function, cpu.Location = append(cpu.Function, f), append(cpu.Location, l)
			made[k] = l
		}
		s.Location = slices.Replace(slices.Clone(s.Location), inner, outer+1, l)
	}
}

func closure(l *profile.Location) bool {
	return slices.ContainsFunc(l.Line, func(line profile.Line) bool {
		return line.Function != nil && strings.HasPrefix(line.Function.Name, inClosures)
	})
}
