package tiers

import (
	"iter"
	"strings"

	"facet/graph"
)

// Headers yields the headers of a call of op: the source's that the operation does not name again, then its own.
func Headers(op *graph.Operation) iter.Seq[graph.Header] {
	return func(yield func(graph.Header) bool) {
		own := op.Headers()
		for _, h := range op.Source.Headers {
			if !names(own, h.Name) && !yield(h) {
				return
			}
		}
		for _, h := range own {
			if !yield(h) {
				return
			}
		}
	}
}

func names(hs []graph.Header, name string) bool {
	for _, h := range hs {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}
