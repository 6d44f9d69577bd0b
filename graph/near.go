package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// near names those of known that name was probably meant to be: at most three, nearest first.
func near(name string, known []string) []string {
	type hit struct {
		name string
		far  int
	}
	if len(name) > 64 {
		return nil
	}
	var hits []hit
	most := 1 + len(name)/3
	for _, k := range known {
		if len(k) > len(name)+most || len(name) > len(k)+most {
			continue
		}
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if d <= most {
			hits = append(hits, hit{k, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.far, b.far) })
	var out []string
	for _, h := range hits[:min(3, len(hits))] {
		out = append(out, h.name)
	}
	return out
}

// meant is the fix for an unknown name: near names if there are any, else all of a short list.
func meant(name string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known)
	known = slices.Compact(known)
	if n := near(name, known); len(n) > 0 {
		return "did you mean " + strings.Join(n, " or ") + "?"
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) <= 12:
		return "there are: " + strings.Join(known, ", ")
	}
	return "there are: " + strings.Join(known[:12], ", ") + ", …"
}
