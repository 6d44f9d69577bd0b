package jsongraph

import (
	"facet/fault"
)

// A completer sees to it that every asked path ends in the reply: at a value, a sentinel, or something that cuts it short.
// A path that ends nowhere makes the falcor Model ask again and then give up.
type completer struct {
	root    *node
	unknown map[string]bool // roots that the surface does not have: nothing at all is below them
	lenient bool            // a path may end at a branch
	fill    *node           // what marks the ends that are not there; nil: missing
	changed bool
}

func (c *completer) end() *node {
	if c.fill != nil {
		n := *c.fill
		return &n
	}
	return missing()
}

// maxHops ends chains of references.
const maxHops = 50

// complete walks every asked path and marks what is missing, at the path's own end: a marker above it would tell the
// client that what lies beside is missing too.
func (c *completer) complete(sets []pathSet) error {
	for _, s := range sets {
		if s.count() == 0 {
			continue
		}
		if err := c.walk(c.root, s, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

func (c *completer) walk(n *node, set pathSet, at, hops int) error {
	for !n.branch() {
		if n.ref == nil || at == len(set) {
			return nil
		}
		if hops++; hops > maxHops {
			return fault.New(fault.Invalid, "a path runs through more than %d references", maxHops)
		}
		n = c.at(n.ref, hops)
	}
	if at == len(set) {
		if len(n.kids) > 0 && c.lenient {
			return nil
		}
		if len(n.kids) > 0 {
			return invalid("a path ends at a branch that another path goes on from: only values can be asked for")
		}
		*n = *c.end()
		c.changed = true
		return nil
	}
	var err error
	set[at].each(func(k key) {
		if err != nil {
			return
		}
		child := n.get(k.text)
		if child == nil && n.cut && isIndex(k.text) {
			return
		}
		if child == nil {
			child = &node{}
			if at == 0 && c.unknown[k.text] {
				child = c.end()
			}
			n.put(k.text, child)
			c.changed = true
		}
		err = c.walk(child, set, at+1, hops)
	})
	return err
}

// at is the place that a reference leads to; it is made if it is not there.
func (c *completer) at(path []string, hops int) *node {
	n := c.root
	for i, k := range path {
		for !n.branch() {
			if n.ref == nil {
				return n
			}
			if hops++; hops > maxHops {
				return missing()
			}
			n = c.at(n.ref, hops)
		}
		child := n.get(k)
		if child == nil {
			child = &node{}
			n.put(k, child)
			c.changed = true
		}
		if i == len(path)-1 {
			return child
		}
		n = child
	}
	return n
}

// resolve follows a path without changing anything, through the references on the way and at its end: the path of the
// place that it leads to, by identities. ok is false if it leads nowhere.
func (n *node) resolve(path []string) (at []string, target *node, ok bool) {
	cur, rest, hops := n, path, 0
	at = nil
	for {
		if cur.ref != nil {
			if hops++; hops > maxHops {
				return nil, nil, false
			}
			rest = append(append([]string{}, cur.ref...), rest...)
			cur, at = n, nil
			continue
		}
		if len(rest) == 0 {
			return at, cur, true
		}
		next := (*node)(nil)
		if cur.branch() {
			next = cur.get(rest[0])
		}
		if next == nil {
			// An identity that holds nothing of its own yet is a place all the same.
			return append(at, rest...), nil, hops > 0
		}
		at, cur, rest = append(at, rest[0]), next, rest[1:]
	}
}
