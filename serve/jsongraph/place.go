package jsongraph

import (
	"facet/view"
)

// A place is below an entity under a shape.
type place struct {
	shape *view.Shape
	key   string
	below []string
}

// placeOf reads a path that begins with an identity.
func placeOf(s *view.Surface, path []string) (place, bool) {
	if len(path) == 0 {
		return place{}, false
	}
	sh, ok := s.Shape(path[0])
	if !ok || !sh.Def.Loadable {
		return place{}, false
	}
	n := 1 + len(sh.Def.Args)
	if len(path) <= n {
		return place{}, false
	}
	for i, a := range sh.Def.Args {
		if _, ok := convert(s, a, path[1+i]); !ok {
			return place{}, false
		}
	}
	return place{shape: sh.Def, key: path[n], below: path[n+1:]}, true
}

// find resolves paths to the places that they lead to, by one read for those that run through references.
// What leads to no entity has no place.
func (x *exchange) find(paths [][]string) ([]*place, [][]string, error) {
	s := x.answers.Surface()
	places, at := make([]*place, len(paths)), make([][]string, len(paths))
	var ask []pathSet
	for i, p := range paths {
		if pl, ok := placeOf(s, p); ok {
			places[i], at[i] = &pl, p
		} else if len(p) > 0 {
			ask = append(ask, setOf(p))
		}
	}
	if len(ask) == 0 {
		return places, at, nil
	}
	g, err := x.fetch(ask, true)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range paths {
		if places[i] != nil {
			continue
		}
		if to, _, ok := g.root.resolve(p); ok {
			if pl, ok := placeOf(s, to); ok {
				places[i], at[i] = &pl, to
			}
		}
	}
	return places, at, nil
}

func setOf(path []string) pathSet {
	set := make(pathSet, len(path))
	for i, k := range path {
		set[i] = keySet{keys: []key{textKey(k)}}
	}
	return set
}

func texts(path []key) []string {
	out := make([]string, len(path))
	for i, k := range path {
		out[i] = k.text
	}
	return out
}

// mutations lists those of a surface in mount order.
func mutations(s *view.Surface) []*view.Mutation {
	names := s.Mutations()
	out := make([]*view.Mutation, 0, len(names))
	for _, n := range names {
		if f, ok := s.Mutation(n); ok {
			out = append(out, f.Def)
		}
	}
	return out
}

// appendPaths writes path sets as JSON.
func appendPaths(b []byte, sets []pathSet) []byte {
	b = append(b, '[')
	for i, set := range sets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for j, s := range set {
			if j > 0 {
				b = append(b, ',')
			}
			b = s.append(b)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}
