package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// A functionPlace is a computed function of a package version, and where it runs.
type functionPlace struct {
	Name string `json:"name"`
	Runs string `json:"runs"` // "go" or "goja", which is the engine
	// Why is what of it needs the engine, and WhyAt where that stands; only for those that run there.
	Why   string     `json:"why,omitempty"`
	WhyAt *fault.Pos `json:"whyAt,omitempty"`
}

// mostPlaces is how many package versions are told the places of: those asked last.
const mostPlaces = 64

// placesOf says where the functions of a build run, as explain does.
func placesOf(b *view.Build) []functionPlace {
	places, err := scripts.Places(b)
	if err != nil {
		return nil
	}
	out := make([]functionPlace, len(places))
	for i, p := range places {
		out[i] = functionPlace{Name: b.Funcs[i].Name, Runs: "go"}
		if !p.Go {
			out[i] = functionPlace{b.Funcs[i].Name, "goja", p.Why, &p.At}
		}
	}
	return out
}

// A placed remembers the places of a build's functions, once somebody asked for them.
type placed struct {
	once sync.Once
	list []functionPlace
}

// places are those of the versions that were asked last and whose functions are open.
func (u *usage) places() map[usageKey][]functionPlace {
	type one struct {
		key  usageKey
		last int64
		k    *counting
	}
	var all []one
	for key, p := range u.list() {
		if p.requests.Load() == 0 {
			continue
		}
		p.mu.Lock()
		for k := range p.open {
			all = append(all, one{key, p.last.Load(), k})
			break
		}
		p.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(a.key.name, b.key.name), cmp.Compare(a.key.version, b.key.version))
	})
	out := map[usageKey][]functionPlace{}
	for _, o := range all[:min(len(all), mostPlaces)] {
		o.k.placed.once.Do(func() { o.k.placed.list = placesOf(o.k.build) })
		out[o.key] = o.k.placed.list
	}
	return out
}

// addFunctions puts a version's functions among its package's. What versions disagree about is in the engine.
func (r *topRow) addFunctions(list []functionPlace) {
	for _, f := range list {
		i := slices.IndexFunc(r.Functions, func(o functionPlace) bool { return o.Name == f.Name })
		switch {
		case i < 0:
			r.Functions = append(r.Functions, f)
		case r.Functions[i].WhyAt == nil:
			r.Functions[i] = f
		}
	}
}

// inGo is how many of the functions run in Go, of how many; "-" if there are none, or nobody knows.
func (r *topRow) inGo() string {
	if len(r.Functions) == 0 {
		return "-"
	}
	n := 0
	for _, f := range r.Functions {
		if f.WhyAt == nil {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(r.Functions))
}

// engineLines is how many functions of a package are named below its row.
const engineLines = 3

// printEngine names the functions that run in the engine, and what of them needs it.
func (r *topRow) printEngine(out io.Writer, indent int, paint func(code, s string) string) {
	n := 0
	for _, f := range r.Functions {
		if f.WhyAt == nil {
			continue
		}
		if n++; n <= engineLines {
			fmt.Fprintf(out, "%-*s  %s\n", indent, "", paint("33", cut(fmt.Sprintf("%s runs in goja for %s at %s", f.Name, f.Why, f.WhyAt), 120)))
		}
	}
	if n > engineLines {
		fmt.Fprintf(out, "%-*s  and %d more\n", indent, "", n-engineLines)
	}
}
