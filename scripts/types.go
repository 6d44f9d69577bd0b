package scripts

import (
	"slices"
	"strings"
)

// meantBy is the fix for an unknown name: the near name, or all of a short list.
func meantBy(name string, known []string) string {
	known = slices.DeleteFunc(slices.Clone(known), func(s string) bool { return s == "" })
	if n := nearest(name, known); n != "" {
		return "Did you mean " + n + "?"
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) <= 12:
		return "There are: " + strings.Join(known, ", ")
	}
	return "There are: " + strings.Join(known[:12], ", ") + ", …"
}
