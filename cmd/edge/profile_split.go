package main

import (
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"facet/composer"
)

// splitPackage takes "@tv/home@3.4.1" apart; the version is "" if none is given.
func splitPackage(id string) (name, version string) {
	if i := strings.LastIndexByte(id, '@'); i > 0 {
		return id[:i], id[i+1:]
	}
	return id, ""
}

// keepPackage keeps the samples of one package; version "" keeps all of its versions.
func keepPackage(p *profile.Profile, name, version string) {
	p.Sample = slices.DeleteFunc(p.Sample, func(s *profile.Sample) bool {
		return first(s.Label[composer.LabelPackage]) != name || version != "" && first(s.Label[composer.LabelVersion]) != version
	})
	*p = *p.Compact()
}

// inScripts is what a frame of the engine that runs JavaScript begins with.
const inScripts = "github.com/dop251/goja."

// withScripts puts the frames of JavaScript into a processor profile: where a package's function ran, the engine's frames are
// replaced by the function's own, in the proportions that the scripts' profile saw. The time is the processor's, as before. A
// function that the scripts' profile did not see keeps the engine's frames.
func withScripts(cpu, js *profile.Profile) *profile.Profile {
	withClosures(cpu)
	if js == nil || len(js.Sample) == 0 {
		return cpu
	}
	seen := map[[3]string][]*profile.Sample{}
	for _, s := range js.Sample {
		if k, ok := functionOf(s); ok {
			seen[k] = append(seen[k], s)
		}
	}
	m := &merger{into: cpu, functions: map[*profile.Function]*profile.Function{}, locations: map[*profile.Location]*profile.Location{}}
	for _, f := range cpu.Function {
		m.function = max(m.function, f.ID)
	}
	for _, l := range cpu.Location {
		m.location = max(m.location, l.ID)
	}
	var out []*profile.Sample
	for _, s := range cpu.Sample {
		k, ok := functionOf(s)
		outer := engineFrames(s)
		if !ok || outer < 0 || len(seen[k]) == 0 {
			out = append(out, s)
			continue
		}
		var all int64
		for _, j := range seen[k] {
			all += j.Value[0]
		}
		left := slices.Clone(s.Value)
		for i, j := range seen[k] {
			part := &profile.Sample{Label: s.Label, Value: make([]int64, len(s.Value))}
			for v := range part.Value {
				part.Value[v] = s.Value[v] * j.Value[0] / max(1, all)
				if i == len(seen[k])-1 {
					part.Value[v] = left[v]
				}
				left[v] -= part.Value[v]
			}
			if part.Value[len(part.Value)-1] == 0 {
				continue
			}
			for _, l := range j.Location {
				part.Location = append(part.Location, m.take(l))
			}
			part.Location = append(part.Location, s.Location[outer+1:]...)
			out = append(out, part)
		}
	}
	cpu.Sample = out
	return cpu.Compact()
}

// functionOf is the package, version and function whose work a sample is.
func functionOf(s *profile.Sample) ([3]string, bool) {
	k := [3]string{first(s.Label[composer.LabelPackage]), first(s.Label[composer.LabelVersion]), first(s.Label[composer.LabelFunction])}
	return k, k[0] != "" && k[2] != ""
}

// engineFrames is the outermost frame of the JavaScript engine in a sample; -1 if there is none.
func engineFrames(s *profile.Sample) int {
	for i := len(s.Location) - 1; i >= 0; i-- {
		for _, l := range s.Location[i].Line {
			if l.Function != nil && strings.HasPrefix(l.Function.Name, inScripts) {
				return i
			}
		}
	}
	return -1
}

// A merger takes locations of another profile into one.
type merger struct {
	into               *profile.Profile
	function, location uint64 // the highest ids
	functions          map[*profile.Function]*profile.Function
	locations          map[*profile.Location]*profile.Location
}

func (m *merger) take(l *profile.Location) *profile.Location {
	if got := m.locations[l]; got != nil {
		return got
	}
	m.location++
	out := &profile.Location{ID: m.location}
	for _, line := range l.Line {
		f := m.functions[line.Function]
		if f == nil {
			m.function++
			c := *line.Function
			c.ID = m.function
			f = &c
			m.functions[line.Function] = f
			m.into.Function = append(m.into.Function, f)
		}
		out.Line = append(out.Line, profile.Line{Function: f, Line: line.Line})
	}
	m.into.Location = append(m.into.Location, out)
	m.locations[l] = out
	return out
}
