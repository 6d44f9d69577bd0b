package composer

import (
	"container/list"
	"encoding/binary"
	"slices"
	"sync"

	"facet/asker"
)

// A planCache keeps the plans that were used last, at most so many, and of at most so many bytes. Keys are selections in full,
// so that no two can be mistaken; a selection goes with all its plans.
type planCache struct {
	mu    sync.Mutex
	most  int // plans
	plans int
	bytes int // of the plans, about
	byID  map[string]*list.Element
	old   list.List // of *planEntry, newest first
}

// A planEntry is a selection with a plan for every way that its forks went.
type planEntry struct {
	key      string
	mu       sync.RWMutex
	variants []*plan
	sel      *Selection
	gone     bool // by planCache.mu: it is not kept any more
}

// maxVariants bounds the plans of one selection.
const maxVariants = 64

// maxPlanBytes bounds the plans of one engine: a view of a thousand conditions has plans of a megabyte.
const maxPlanBytes = 128 << 20

// size is about what the plan takes, with an exec.
func (p *plan) size() int {
	return 600*len(p.vals) + 1500*len(p.steps) + 200*len(p.specs) + len(p.consts)
}

// find is the plan that fits an asker, or nil.
func (e *planEntry) find(a *asker.Asker) *plan {
	e.mu.RLock()
	defer e.mu.RUnlock()
	type known struct {
		path  string
		value []byte
	}
	var room [8]known
	values := room[:0]
	value := func(path string) []byte { // each is worked out once, however many plans there are
		for i := range values {
			if values[i].path == path {
				return values[i].value
			}
		}
		v, _ := a.Value(path)
		values = append(values, known{path, v})
		return v
	}
next:
	for _, p := range e.variants {
		if !p.allocated(a) {
			continue
		}
		for i := range p.forks {
			if k := &p.forks[i]; k.choose(value(k.path)) != k.arm {
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
	p, err := e.affordable(sel, a, only)
	if err != nil {
		return nil, err
	}
	p.stale = slices.ContainsFunc(p.shows, func(field string) bool { return e.fields[field] })
	if q := en.find(a); q != nil { // others made it meanwhile
		return q, nil
	}
	e.plans.keep(en, p)
	return p, nil
}

// keep adds a plan to its selection's, and forgets what was used least lately past the bound.
func (c *planCache) keep(en *planEntry, p *plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	en.mu.Lock()
	added, size := 1, p.size()
	if len(en.variants) >= maxVariants {
		size -= en.variants[0].size()
		en.variants = slices.Delete(en.variants, 0, 1)
		added = 0
	}
	en.variants = append(en.variants, p)
	en.mu.Unlock()
	if en.gone {
		return
	}
	c.plans += added
	c.bytes += size
	for (c.plans > c.most || c.bytes > maxPlanBytes) && c.old.Len() > 1 {
		c.drop(c.old.Back())
	}
}

func (c *planCache) drop(el *list.Element) {
	en := el.Value.(*planEntry)
	delete(c.byID, en.key)
	c.old.Remove(el)
	en.gone = true
	en.mu.RLock()
	c.plans -= len(en.variants)
	for _, p := range en.variants {
		c.bytes -= p.size()
	}
	en.mu.RUnlock()
}

func (c *planCache) entry(sel *Selection, only int) *planEntry {
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	*buf = appendSelection((*buf)[:0], sel, only)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]*list.Element{}
	}
	if el := c.byID[string(*buf)]; el != nil {
		c.old.MoveToFront(el)
		return el.Value.(*planEntry)
	}
	en := &planEntry{key: string(*buf), sel: sel}
	c.byID[en.key] = c.old.PushFront(en)
	for c.old.Len() > c.most {
		c.drop(c.old.Back())
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
