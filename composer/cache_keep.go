package composer

import (
	"facet/fault"
	"facet/tiers"
	"facet/tiers/cache"
)

// reap keeps what a call brought, now that its answer was read into cells, and gives the harvest back. What is not as the graph says
// is not kept: the tier is asked again.
func (h *harvest) reap(got *tiers.Answer, cells []cell) {
	defer h.done()
	if h.look.Rows() {
		h.reapRows(got, cells)
		return
	}
	bad := flawedIn(cells)
	switch {
	case h.spare && bad: // it was good for other views, which read other fields of it
		h.look.Drop()
	case h.close || got.Partial || bad:
	case cells[rootValue].kind == kNull:
		h.look.Keep(nil, h.entity(0))
	case cells[rootValue].kind != kMissing:
		h.look.Keep(got.Body, h.entity(0))
	}
}

func flawedIn(cells []cell) bool {
	for i := range cells {
		if cells[i].kind == kError {
			return true
		}
	}
	return false
}

// reapRows keeps the rows of a batch, each by itself.
func (h *harvest) reapRows(got *tiers.Answer, cells []cell) {
	root := cells[rootValue]
	if root.kind != kList {
		return
	}
	items := cells[root.off : root.off+root.n]
	bad := func(i int) bool { // what was read of a row stands together, and its list behind all rows
		if items[i].kind != kObject {
			return true
		}
		end := root.off
		for _, next := range items[i+1:] {
			if next.kind == kObject {
				end = next.off
				break
			}
		}
		return flawedIn(cells[items[i].off:end])
	}
	given := len(h.kept)
	for i, k := range h.from {
		if i < len(items) && bad(i) {
			h.look.Key = rowSeen(h.look.Key, h.all, k)
			h.look.Drop()
			h.look.Row()
		}
	}
	if h.close || got.Partial {
		return
	}
	rows := h.rows
	if rows == nil {
		var ok bool
		if rows, _, _, ok = splitRows(h.op, got.Body); !ok {
			return
		}
	}
	if len(items) != given+len(rows) {
		return
	}
	first := make(map[string]int, len(rows))
	for i := range rows {
		if _, twice := first[rows[i].key]; !twice {
			first[rows[i].key] = i
		}
	}
	for k := range h.c.Needs[0] {
		entity := h.entity(k)
		i, ok := first[string(entity)]
		h.look.Key = rowSeen(h.look.Key, h.c, k)
		switch {
		case !ok:
			h.look.Keep(nil, entity)
		case !bad(given + i):
			h.look.Keep(rows[i].json, entity)
		}
		h.look.Row()
	}
}

// wrote makes old what a mutation's effects changed, before anybody is answered. An effect whose tier did not answer may have
// changed it all the same; one that was refused did not.
func (x *exec) wrote() {
	if x.e.loaders == nil || x.e.loaders.cache == nil {
		return
	}
	m := x.p.roots[0].mutation
	if m == nil || len(m.writes) == 0 {
		return
	}
	for _, effect := range m.effects {
		if x.mayHaveHappened(effect) {
			Invalidate(x.e.loaders.cache, x.writes(m, x.textOf))
			return
		}
	}
}

func (x *exec) mayHaveHappened(effect vid) bool {
	col, e, bad := x.locate(&x.p.vals[effect], 0, 0)
	if bad.kind != kMissing {
		return false
	}
	switch c := x.cols[col].get(e); c.kind {
	case kMissing:
		return false
	case kError:
		switch x.errorOf(c).Kind {
		case fault.Timeout, fault.Unavailable, fault.Canceled, fault.Internal, fault.BadAnswer:
			return true
		}
		return false
	}
	return true
}

// Invalidate makes old what holds what was written, wherever it was: here, or at another instance.
func Invalidate(c *cache.Cache, writes []Write) {
	list := make([]cache.Write, len(writes))
	for i := range writes {
		list[i] = cache.Write{Type: writes[i].Type, Field: writes[i].Field, Key: writes[i].Key}
	}
	c.Invalidate(list)
}
