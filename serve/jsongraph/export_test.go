package jsongraph

import "facet/view"

// Gaps says whether answers to paths are looked through for what is missing, whatever the composer says.
func Gaps(s *view.Surface, paths string) bool {
	l := Defaults()
	sets, err := decodePaths([]byte(paths), l, "paths")
	return err != nil || build(s, sets, l).gaps
}
