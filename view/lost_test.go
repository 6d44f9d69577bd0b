package view_test

import (
	"slices"
	"strings"

	"facet/view"
)

// lostPaths are the paths of before's JSON Graph that after does not answer, found without Diff: by following each key by key.
func lostPaths(before, after *view.Surface) []string {
	was, is := before.Paths(), newPathIndex(after)
	var lost []string
	say := func(p view.Path, keys []view.PathKey) {
		q := p
		q.Keys = keys
		lost = append(lost, q.String())
	}
	for _, p := range was.All {
		switch {
		case p.Callable:
			if names := argNames(p.Call); !slices.ContainsFunc(is.calls[signature(p.Keys)], func(now []string) bool {
				return len(now) >= len(names) && slices.Equal(now[:len(names)], names)
			}) {
				say(p, p.Keys)
			}
		case len(p.References) > 0:
			for _, shape := range p.References {
				def, _ := before.Shape(shape)
				for _, e := range was.All {
					if !e.Callable && len(e.References) == 0 && !e.Keys[0].Value && e.Keys[0].Name == shape && !is.answers(is.leaves, append(slices.Clone(p.Keys), e.Keys[2+len(def.Def.Args):]...), 0) {
						say(e, append(slices.Clone(p.Keys), e.Keys[2+len(def.Def.Args):]...))
					}
				}
			}
		case !is.answers(is.leaves, p.Keys, 0), p.Settable && !is.answers(is.settable, p.Keys, 0):
			say(p, p.Keys)
		}
	}
	return lost
}

type pathIndex struct {
	s        *view.Surface
	leaves   map[string]bool
	settable map[string]bool
	calls    map[string][][]string
	refs     map[string][]string
}

func newPathIndex(s *view.Surface) *pathIndex {
	x := &pathIndex{s: s, leaves: map[string]bool{}, settable: map[string]bool{}, calls: map[string][][]string{}, refs: map[string][]string{}}
	for _, p := range s.Paths().All {
		at := signature(p.Keys)
		switch {
		case p.Callable:
			x.calls[at] = append(x.calls[at], argNames(p.Call))
		case len(p.References) > 0:
			x.refs[at] = p.References
		default:
			x.leaves[at] = true
		}
		if p.Settable {
			x.settable[at] = true
		}
	}
	return x
}

// answers says whether a path ends at one of the leaves, following references.
func (x *pathIndex) answers(leaves map[string]bool, keys []view.PathKey, depth int) bool {
	if leaves[signature(keys)] {
		return true
	}
	for i := 1; i < len(keys) && depth < 8; i++ {
		for _, shape := range x.refs[signature(keys[:i])] {
			def, _ := x.s.Shape(shape)
			to := []view.PathKey{{Name: shape}}
			for _, a := range def.Def.Args {
				to = append(to, view.PathKey{Name: a.Name, Value: true, Type: a.Type})
			}
			to = append(to, view.PathKey{Name: "key", Value: true})
			if x.answers(leaves, append(to, keys[i:]...), depth+1) {
				return true
			}
		}
	}
	return false
}

// signature prints keys without the types of values, which GraphQL compares.
func signature(keys []view.PathKey) string {
	var b strings.Builder
	for _, k := range keys {
		switch {
		case k.Index:
			b.WriteString("/#")
		case k.Value:
			b.WriteString("/<" + k.Name + ">")
		default:
			b.WriteString("/" + k.Name)
		}
	}
	return b.String()
}

func argNames(args []*view.Arg) []string {
	var out []string
	for _, a := range args {
		out = append(out, a.Name)
	}
	return out
}
