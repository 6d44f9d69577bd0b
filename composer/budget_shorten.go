package composer

import (
	"fmt"
	"slices"
)

// A Shortened names a list of the answer that was cut to fit a budget of bytes: it has To items of the From that were there. What
// stands is what stood before, from the list's first item on; its page's `next` is the first item that was left out.
type Shortened struct {
	Path []any `json:"path"`
	From int   `json:"from"`
	To   int   `json:"to"`
}

// maxShortened bounds the lists that are named one by one: who has room for 600 bytes has none for a hundred paths.
const maxShortened = 16

// Briefly is the list as devices are told it: where it is long, lists that differ in indices alone are one, under "*", with the
// most items that one of them had and has.
func Briefly(lists []Shortened) []Shortened {
	if len(lists) <= maxShortened {
		return lists
	}
	var out []Shortened
	at := map[string]int{}
	for _, s := range lists {
		path := make([]any, len(s.Path))
		for i, k := range s.Path {
			if path[i] = k; k != fmt.Sprint(k) {
				path[i] = "*"
			}
		}
		key := fmt.Sprintf("%q", path)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, Shortened{Path: path})
		}
		out[i].From, out[i].To = max(out[i].From, s.From), max(out[i].To, s.To)
	}
	return out
}

// A trim is how an answer's lists are shortened: every list to most items, those that come first in the selection to one more.
// So the longest lose first, and equal requests over equal data have equal answers.
type trim struct {
	on     bool
	most   int32
	more   int32 // lists up to this number, by their order in the selection, have one more
	chosen bool
	told   bool // a page before the list knows
}

// stays is how many of a list's n items are shown.
func (x *exec) stays(e *emit, n int32) int32 {
	if !x.trim.on || e.list == 0 {
		x.longest = max(x.longest, n)
		return n
	}
	most := x.trim.most
	if e.list <= x.trim.more {
		most++
	}
	return min(n, most)
}

// shorten notes a list that is cut where the encoder stands.
func (x *exec) shorten(n, shown int32) {
	if shown < n {
		x.enc.shortened = append(x.enc.shortened, Shortened{Path: x.enc.at(), From: int(n), To: int(shown)})
	}
}

// until is where a page ends once its list is shortened: end, if it is not.
func (x *exec) until(e *emit, dom, i int32, w part, end int) int {
	if !x.trim.on {
		return end
	}
	for _, l := range e.lists {
		c, lw := x.listOf(l.v, dom, i)
		if c.kind != kList || lw.from != w.from || lw.want != w.want || lw.only != nil {
			continue
		}
		if n := x.stays(l, int32(c.n)); n < int32(c.n) {
			end = min(end, w.from+int(n))
		}
	}
	return end
}

// link tells the pages among siblings which lists they are of.
func link(kids []*emit) {
	for _, p := range kids {
		if list, ok := cutPage(p.field); ok && p.kind == emitPage {
			for _, next := range p.kids {
				if next.kind != emitNext {
					continue
				}
				for _, l := range kids {
					if l.field == list && l.list > 0 {
						next.lists = append(next.lists, l)
					}
				}
			}
		}
	}
}

// takes says whether a list of scalars is one that its author took items of.
func (p *planner) takes(v vid) bool {
	for {
		switch o := p.at(v); o.op {
		case vOrNull, vOrElse, vOrAbsent:
			v = o.of
		default:
			return o.op == vCut
		}
	}
}

// A mark is how far an encoder was.
type mark struct {
	buf, errors, degraded, shortened int
	notFound                         bool
}

func (n *encoder) mark() mark {
	return mark{len(n.buf), len(n.errors), len(n.degraded), len(n.shortened), n.notFound}
}

func (n *encoder) rewind(m mark) {
	n.buf, n.errors, n.degraded, n.shortened = n.buf[:m.buf], n.errors[:m.errors], n.degraded[:m.degraded], n.shortened[:m.shortened]
	n.notFound, n.tooLarge = m.notFound, false
}

// most is the number of bytes at which the encoder gives up.
func (x *exec) most() int {
	if x.enc.most > 0 {
		return x.enc.most
	}
	return x.e.limits.Bytes
}

// choose finds the mildest trim under which write makes at most limit bytes after m, and leaves that answer in the encoder. If even
// empty lists are too much, that is what stands.
func (x *exec) choose(m mark, limit int, write func()) {
	n := &x.enc
	if len(n.errors) > m.errors || len(n.degraded) > m.degraded {
		x.shaky = true // what is cut out may have failed: the answer is no better for it
	}
	longest := x.longest
	var stands trim
	try := func(c trim) bool {
		n.rewind(m)
		x.trim, stands = c, c
		n.most = m.buf + limit
		write()
		n.most = 0
		fits := !n.tooLarge && len(n.buf)-m.buf <= limit
		n.tooLarge = false
		return fits
	}
	best, low, high := trim{on: true}, int32(0), longest-1
	for low <= high {
		mid := (low + high) / 2
		if c := (trim{on: true, most: mid}); try(c) {
			best, low = c, mid+1
		} else {
			high = mid - 1
		}
	}
	if low > 0 && best.most < longest {
		for a, b := int32(1), x.p.lists; a <= b; {
			mid := (a + b) / 2
			if c := (trim{on: true, most: best.most, more: mid}); try(c) {
				best.more, a = mid, mid+1
			} else {
				b = mid - 1
			}
		}
	}
	best.chosen = true
	if best.most != stands.most || best.more != stands.more || len(n.buf)-m.buf > limit || low == 0 {
		n.rewind(m)
		x.trim = best
		write()
	}
	x.trim = best
}

// room is how many bytes a root may still have, and whether its lists are shortened to fit.
func (x *exec) room(r *emitRoot) (shortTo, refuseAt int64) {
	shortTo, refuseAt = -1, -1
	if r.view != nil && r.view.Budget != nil {
		shortTo = int64(r.view.Budget.Bytes)
	}
	if r.build < 0 {
		return shortTo, refuseAt
	}
	b := min(r.build, 63)
	refuseAt = max(0, x.e.budgets[b].Bytes-x.spends[b].bytes)
	if x.e.budgets[b].Shorten && (shortTo < 0 || refuseAt < shortTo) {
		shortTo = refuseAt
	}
	return shortTo, refuseAt
}

// treeFit writes a root within its budgets of bytes. A package's root that is past its own is null.
func (x *exec) treeFit(i int, r *emitRoot) verdict {
	n := &x.enc
	m := n.mark()
	if c := x.trims[i]; c.chosen { // written again, since a page before it must know where it ends
		x.trim = c
		v := x.treeValue(r)
		x.trim = trim{}
		return v
	}
	x.longest = 0
	if r.pages > 0 {
		x.trim = x.trims[r.pages-1]
	}
	v := x.treeValue(r)
	x.trim = trim{}
	shortTo, refuseAt := x.room(r)
	size := func() int64 { return int64(len(n.buf) - m.buf) }
	if shortTo >= 0 && (size() > shortTo || n.tooLarge) && x.longest > 0 {
		n.tooLarge = false
		x.choose(m, int(shortTo), func() { v = x.treeValue(r) })
		x.trims[i], x.trim = x.trim, trim{}
	}
	if refuseAt >= 0 && size() > refuseAt && !n.tooLarge {
		b := min(r.build, 63)
		n.rewind(m)
		x.report(overdrawn(x.e.cfg.Surface.Builds[b], "bytes", x.e.budgets[b].Bytes))
		x.trims[i] = trim{}
		return isNull
	}
	if r.build >= 0 {
		x.spends[min(r.build, 63)].bytes += size()
	}
	return v
}

// again says whether the roots must be written once more: the page of a list stands before the list, which was shortened since.
func (x *exec) again() bool {
	again := false
	for i, r := range x.p.roots {
		if r.pages == 0 || r.pages-1 <= i {
			continue
		}
		if c := &x.trims[r.pages-1]; c.chosen && !c.told {
			c.told, again = true, true
		}
	}
	return again
}

// pageRoots tells the roots that are pages of a list which other root is the list.
func (p *plan) pageRoots() {
	for _, r := range p.roots {
		list, ok := cutPage(r.root.Name)
		if !ok || r.out.kind != emitPage {
			continue
		}
		i := slices.IndexFunc(p.roots, func(o *emitRoot) bool { return o.root.Kind == RootView && o.root.Name == list && o.out.list > 0 })
		if i < 0 {
			continue
		}
		r.pages = i + 1
		for _, k := range r.out.kids {
			if k.kind == emitNext {
				k.lists = []*emit{p.roots[i].out}
			}
		}
	}
}

// graphFit makes a JSON Graph fit. Its entities stand once for all roots: what bounds it is the sum of the budgets of those who ask.
func (x *exec) graphFit() {
	n := &x.enc
	var views, packages int64
	allViews, allShorten := true, true
	var seen []any
	first := func(k any) bool {
		if slices.Contains(seen, k) {
			return false
		}
		seen = append(seen, k)
		return true
	}
	for _, r := range x.p.roots {
		if r.build < 0 {
			continue
		}
		if r.view == nil || r.view.Budget == nil {
			allViews = false
		} else if first(r.view) {
			views += int64(r.view.Budget.Bytes)
		}
		b := min(r.build, 63)
		if first(b) {
			packages += x.e.budgets[b].Bytes
			allShorten = allShorten && x.e.budgets[b].Shorten
		}
	}
	if len(seen) == 0 {
		return
	}
	limit := int64(-1)
	if allViews {
		limit = views
	}
	if allShorten && (limit < 0 || packages < limit) {
		limit = packages
	}
	size := func() int64 { return int64(len(n.buf)) }
	if limit >= 0 && (size() > limit || n.tooLarge) && x.longest > 0 {
		n.tooLarge = false
		x.choose(mark{}, int(limit), x.graph)
	}
	if size() > packages && !n.tooLarge {
		for _, k := range seen {
			if b, ok := k.(int); ok && x.spends[b].over == nil {
				x.spends[b].over = overdrawn(x.e.cfg.Surface.Builds[b], "bytes", x.e.budgets[b].Bytes)
			}
		}
		n.rewind(mark{})
		x.trim = trim{}
		x.graph()
	}
}
