package rest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"facet/fault"
)

// maxNear bounds the names that a refusal lists.
const maxNear = 20

// nameless is a refusal that knows which names were probably meant.
type nameless struct {
	error
	near []string
}

func (n *nameless) Unwrap() error { return n.error }

// unknown says that a name does not exist. The names that it lists are of the device's own schema.
func unknown(what, sentence, name string, known []string) error {
	near := nearest(name, known)
	e := fault.New(fault.Invalid, "%s %q", sentence, clip(name))
	if len(near) > 0 {
		e = e.WithHint("a near %s: %s", what, strings.Join(near[:min(3, len(near))], ", "))
	}
	return &nameless{error: e, near: near}
}

// nearest sorts known names by how near they are to one that does not exist; far ones are left out.
func nearest(name string, known []string) []string {
	if len(name) > 64 {
		return nil
	}
	known = slices.Clone(known)
	slices.Sort(known)
	known = slices.Compact(known)
	far := map[string]int{}
	known = slices.DeleteFunc(known, func(k string) bool {
		far[k] = levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		return far[k] > 1+len(name)/3 && !strings.HasPrefix(strings.ToLower(k), strings.ToLower(name))
	})
	slices.SortStableFunc(known, func(a, b string) int { return cmp.Compare(far[a], far[b]) })
	return known[:min(len(known), maxNear)]
}
