package control

import (
	"fmt"
	"strings"

	"facet/pack"
	"facet/release"
)

// A choice is the version of a module that an importer is linked with.
type choice struct {
	importer, module, to string // importer and to are "name@version"
	rng                  string // of the importer
	best                 string // what rng alone would pick, if that is another version; else ""
}

// narrow says of choices whose range alone would pick another version which range leaves that out: of somebody who shares the version in one build.
// The sentences are by place in choices; a choice that nobody narrows has none: there the better version came later.
func narrow(choices []choice, locks []release.Lock) map[int]string {
	type use struct{ importer, to string }
	ranges := map[use]string{}
	for _, c := range choices {
		ranges[use{c.importer, c.to}] = c.rng
	}
	with := map[string][]release.Lock{} // by importer
	for _, lock := range locks {
		for importer := range lock {
			with[importer] = append(with[importer], lock)
		}
	}
	out := map[int]string{}
	for i, c := range choices {
		best, err := pack.ParseVersion(c.best)
		if c.best == "" || err != nil {
			continue
		}
		for _, lock := range with[c.importer] {
			for _, other := range sorted(lock) {
				if other == c.importer || lock[c.importer][c.module] != c.to || lock[other][c.module] != c.to {
					continue
				}
				text := ranges[use{other, c.to}]
				if rng, err := pack.ParseRange(text); err == nil && text != "" && !rng.Contains(best) {
					out[i] = fmt.Sprintf("one version with %s, whose %s leaves out %s", other, text, c.best)
					break
				}
			}
			if out[i] != "" {
				break
			}
		}
	}
	return out
}

// narrowed is the reason of a choice that somebody narrows: one that is kept stays so, and what it was made for is told too.
func narrowed(why, by string) string {
	if strings.HasPrefix(why, keptFrom) {
		return why + ": " + by
	}
	return by
}
