package jsongraph

import (
	"fmt"

	"facet/composer"
)

// leaveOut marks the lists that were shortened. Their missing ends are asked for again; a marker would say that there is nothing.
func (n *node) leaveOut(lists []composer.Shortened) {
	for _, s := range lists {
		at := n
		for _, k := range s.Path {
			if at = at.get(fmt.Sprint(k)); at == nil {
				break
			}
		}
		if at != nil {
			at.cut = true
		}
	}
}

func isIndex(key string) bool {
	for _, c := range []byte(key) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return key != ""
}
