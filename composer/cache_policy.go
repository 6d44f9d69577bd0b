package composer

import (
	"time"

	"facet/view"
)

// shorten makes an age shorter by a policy; nil and 0 are none.
func shorten(age *time.Duration, c *view.Cache) {
	if c != nil && c.MaxAge > 0 && (*age == 0 || c.MaxAge < *age) {
		*age = c.MaxAge
	}
}

// keptFor notes a field's policy: what its value is read from may be no older. conds are those under which it was demanded.
func (p *planner) keptFor(e *emit, c *view.Cache, conds int32) {
	if c == nil {
		return
	}
	d, ok := p.demands[demandKey{e.v, conds, false}]
	if e.kind != emitLeaf || !ok {
		shorten(&p.p.maxAge, c)
		return
	}
	for _, w := range d.waits {
		shorten(&p.p.steps[w.step].maxAge, c)
	}
}

// policies tells every step how old what it reads may be. A step is asked for all views at once, so that the shortest of them holds.
func (p *planner) policies() {
	for _, r := range p.p.roots {
		if r.view != nil {
			shorten(&p.p.maxAge, r.view.Cache)
		}
	}
	for _, st := range p.p.steps {
		shorten(&st.maxAge, &view.Cache{MaxAge: p.p.maxAge})
	}
}
