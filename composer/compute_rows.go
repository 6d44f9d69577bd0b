package composer

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"

	"facet/fault"
	"facet/view"
)

// maxRows bounds one call of a Batch.
const maxRows = 1024

// rows are instances for which one function is computed together. Rows with equal inputs are one: functions are pure.
type rows struct {
	at   []int32  // instances
	deg  []uint8  // by instance
	same []int32  // by instance: its row
	flat [][]byte // the inputs of all rows
	in   [][][]byte
	hash []uint64 // by row
	tab  []int32  // rows by hash, plus 1; its length is a power of two
	ends []int
	errs []error
}

var rowSeed = maphash.MakeSeed()

func (r *rows) reset() {
	r.at, r.deg, r.same, r.hash, r.ends = r.at[:0], r.deg[:0], r.same[:0], r.hash[:0], r.ends[:0]
	clear(r.flat) // they point into answers
	clear(r.in)
	clear(r.errs)
	clear(r.tab)
	r.flat, r.in, r.errs, r.tab = r.flat[:0], r.in[:0], r.errs[:0], r.tab[:0]
}

// column computes a value for every instance of its domain that the answer shows: one batch instead of as many calls. It
// does nothing while answers are still coming in: not all inputs would be known.
func (x *exec) column(v *pval, dom int32, n int) {
	if n < 2 || x.limit != 0 || !x.over && x.left > 0 || x.filled[v.memo] {
		return
	}
	x.filled[v.memo] = true
	if ways := x.p.ways[v.memo]; len(ways) > 0 {
		x.compute(v, ways, dom, 0, int32(n))
	}
}

// compute keeps what a function gives for the instances from to end of its domain; ways nil takes them all.
func (x *exec) compute(v *pval, ways []way, dom, from, end int32) {
	r := x.takeRows()
	width := len(v.args)
	for i := from; i < end; i++ {
		if x.memo[v.memo][i].kind != kMissing || ways != nil && !x.shown(ways, dom, i) {
			continue
		}
		mark := len(r.flat)
		deg, bad := uint8(0), cell{}
		for _, a := range v.args {
			c := x.cell(a, dom, i)
			if c.kind == kError || c.kind == kNotFound {
				bad = c
				break
			}
			if c.deg != 0 {
				deg = c.deg
			}
			r.flat = append(r.flat, x.raw(c))
		}
		if bad.kind != kMissing {
			r.flat = r.flat[:mark]
			x.memo[v.memo][i] = bad
			continue
		}
		r.at, r.deg = append(r.at, i), append(r.deg, deg)
		r.same = append(r.same, r.row(width, mark))
	}
	if len(r.at) > 0 {
		x.run(v, r, width)
	}
	r.reset()
	x.spare = append(x.spare, r)
}

func (x *exec) takeRows() *rows {
	if n := len(x.spare); n > 0 {
		r := x.spare[n-1]
		x.spare = x.spare[:n-1]
		return r
	}
	return &rows{}
}

// row is the row of the inputs that begin at mark in flat: an equal one that is there, or a new one.
func (r *rows) row(width, mark int) int32 {
	in := r.flat[mark:]
	var h uint64
	for _, b := range in {
		h = h*31 + maphash.Bytes(rowSeed, b)
		if b == nil {
			h++
		}
	}
	if 2*(len(r.hash)+1) > len(r.tab) {
		r.grow()
	}
	mask := uint64(len(r.tab) - 1)
	k := h & mask
	for ; r.tab[k] != 0; k = (k + 1) & mask {
		o := r.tab[k] - 1
		if r.hash[o] == h && slices.EqualFunc(in, r.flat[int(o)*width:int(o+1)*width], sameInput) {
			r.flat = r.flat[:mark]
			return o
		}
	}
	r.hash = append(r.hash, h)
	r.tab[k] = int32(len(r.hash))
	return int32(len(r.hash) - 1)
}

func sameInput(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func (r *rows) grow() {
	n := max(8, 2*len(r.tab))
	r.tab = grow(r.tab[:0], n)
	clear(r.tab)
	mask := uint64(n - 1)
	for i, h := range r.hash {
		k := h & mask
		for r.tab[k] != 0 {
			k = (k + 1) & mask
		}
		r.tab[k] = int32(i + 1)
	}
}

// run calls the function and keeps its results.
func (x *exec) run(v *pval, r *rows, width int) {
	n := len(r.hash)
	for i := range n {
		r.in = append(r.in, r.flat[i*width:(i+1)*width:(i+1)*width])
	}
	r.ends = grow(r.ends, n)
	r.errs = grow(r.errs, n)
	clear(r.errs)
	own := &x.ans[ansOwn]
	begin := len(own.body)
	if f := x.e.batch(v); f == nil {
		err := fault.New(fault.Internal, "no function %d of build %d", v.idx, v.build)
		for i := range r.errs {
			r.ends[i], r.errs[i] = begin, err
		}
	} else {
		defer x.running(v)()
		for from := 0; from < n; from += maxRows {
			end := min(n, from+maxRows)
			x.call(f, v, r.in[from:end], r.ends[from:end], r.errs[from:end])
		}
	}
	// The cells of the rows; then every instance takes its row's.
	cells := x.cells[:0]
	for i, last := 0, begin; i < n; i++ {
		c := nullCell
		if err := r.errs[i]; err != nil {
			c = x.fail(computeError(err))
		} else if end := r.ends[i]; end > last {
			c = literalCell(ansOwn, last, own.body[last:end])
		}
		last = r.ends[i]
		cells = append(cells, c)
	}
	x.cells = cells
	for k, i := range r.at {
		c := cells[r.same[k]]
		if c.kind != kError {
			c.deg = r.deg[k]
		}
		x.memo[v.memo][i] = c
	}
}

// call appends the results of some rows to the exec's own answer. What a Batch must not do, panic or give places that are
// none, fails these rows.
func (x *exec) call(f view.Batch, v *pval, in [][][]byte, ends []int, errs []error) {
	own := &x.ans[ansOwn]
	from := len(own.body)
	var wrong error
	defer func() {
		if r := recover(); r != nil {
			wrong = &fault.Error{Kind: fault.Internal, Op: "computed", Err: fmt.Errorf("panic: %v", r)}
		}
		if wrong != nil {
			x.ans[ansOwn].body = x.ans[ansOwn].body[:from]
			for i := range ends {
				ends[i], errs[i] = from, wrong
			}
		}
	}()
	out := f(&x.accounts[v.build], in, own.body, ends, errs)
	for last, i := from, 0; i < len(ends); i++ {
		if ends[i] < last || ends[i] > len(out) {
			wrong = fault.New(fault.Internal, "a function cut its buffer")
			return
		}
		last = ends[i]
	}
	own.body = out
}

func computeError(err error) *fault.Error {
	if e, ok := err.(*fault.Error); ok {
		return e
	}
	return &fault.Error{Kind: fault.KindOf(err), Op: "computed", Message: fault.Public(err), Err: err}
}

// batch is the function of a computed value; nil if there is none.
func (e *Engine) batch(v *pval) view.Batch {
	if int(v.build) < len(e.batches) && int(v.idx) < len(e.batches[v.build]) {
		return e.batches[v.build][v.idx]
	}
	return nil
}
