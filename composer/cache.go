package composer

import (
	"container/list"
	"encoding/binary"
	"slices"
	"sync"

	"facet/asker"
)

// A planCache keeps the plans that were used last. Keys are selections in full, so that no two can be mistaken.
type planCache struct {
	mu   sync.Mutex
	most int
	byID map[string]*list.Element
	old  list.List // of *planEntry, newest first
}

// A planEntry is a selection with a plan for every way that its forks went.
type planEntry struct {
	key      string
	mu       sync.RWMutex
	variants []*plan
	sel      *Selection
}

// maxVariants bounds the plans of one selection.
const maxVariants = 64

func (e *planEntry) find(a *asker.Asker) *plan {
	e.mu.RLock()
	defer e.mu.RUnlock()
next:
	for _, p := range e.variants {
		for i := range p.forks {
			k := &p.forks[i]
			v, _ := a.Value(k.path)
			if k.choose(v) != k.arm {
				continue next
			}
		}
		return p
	}
	return nil
}

// plan finds or makes the plan of a selection for an asker; only is a mutation's root, -1 for all roots.
func (e *Engine) plan(sel *Selection, a *asker.Asker, only int) (*plan, error) {
	en := e.plans.entry(sel, only)
	if p := en.find(a); p != nil {
		return p, nil
	}
	p, err := newPlan(e.cfg.Graph, e.cfg.Surface, sel, a, only)
	if err != nil {
		return nil, err
	}
	if bad := e.refuseRoots(p); bad != nil && only < 0 {
		if p, err = newPlanWith(e.cfg.Graph, e.cfg.Surface, sel, a, only, planWays{refuses: bad}); err != nil {
			return nil, err
		}
	}
	p.stale = slices.ContainsFunc(p.shows, func(field string) bool { return e.fields[field] })
	en.mu.Lock()
	if len(en.variants) >= maxVariants {
		en.variants = en.variants[1:]
	}
	en.variants = append(en.variants, p)
	en.mu.Unlock()
	return p, nil
}

func (c *planCache) entry(sel *Selection, only int) *planEntry {
	key := string(appendSelection(nil, sel, only))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]*list.Element{}
	}
	if el := c.byID[key]; el != nil {
		c.old.MoveToFront(el)
		return el.Value.(*planEntry)
	}
	en := &planEntry{key: key, sel: sel}
	c.byID[key] = c.old.PushFront(en)
	for c.old.Len() > c.most {
		el := c.old.Back()
		delete(c.byID, el.Value.(*planEntry).key)
		c.old.Remove(el)
	}
	return en
}

// appendSelection writes a selection so that equal bytes mean equal plans.
func appendSelection(b []byte, s *Selection, only int) []byte {
	flag := byte(0)
	if s.Mutation {
		flag = 1
	}
	b = append(b, flag)
	b = binary.AppendVarint(b, int64(only))
	b = binary.AppendUvarint(b, uint64(len(s.Roots)))
	for _, r := range s.Roots {
		b = append(b, byte(r.Kind))
		b = appendField(b, r.Key)
		b = appendField(b, r.Name)
		b = binary.AppendUvarint(b, uint64(len(r.Args)))
		for _, a := range r.Args {
			b = appendField(b, a.Name)
			b = binary.AppendVarint(b, int64(a.Value))
		}
		b = binary.AppendVarint(b, int64(r.Entity))
		many := byte(0)
		if r.Many {
			many = 1
		}
		b = append(b, many)
		b = binary.AppendVarint(b, int64(r.Window))
		b = binary.AppendUvarint(b, uint64(len(r.Path)))
		b = appendNodes(b, r.Sub)
	}
	return b
}

func appendNodes(b []byte, nodes []*Node) []byte {
	b = binary.AppendUvarint(b, uint64(len(nodes)))
	for _, n := range nodes {
		b = appendField(b, n.Key)
		b = appendField(b, n.Name)
		b = binary.AppendVarint(b, int64(n.Window))
		b = binary.AppendVarint(b, int64(n.Group))
		if n.On == nil {
			b = append(b, 0)
		} else {
			b = append(b, 1)
			b = binary.AppendUvarint(b, uint64(len(n.On)))
			for _, t := range n.On {
				b = appendField(b, t)
			}
		}
		b = appendNodes(b, n.Sub)
	}
	return b
}

func appendField(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
