package scripts

import (
	"math"
	"strings"
	"time"

	"facet/fault"
	"facet/scripts/plain"
	"facet/view"
)

// Most functions need no engine: their code runs as Go closures, without a machine, a thread of its own or a place in a lane. A call that
// they give back is the engine's, from its beginning.
const (
	plainStep   = 100 * time.Nanosecond // the most that one step of the closures costs
	plainCall   = 500 * time.Nanosecond // and one call beside its steps
	plainLook   = 512                   // steps between looks at the clock
	plainMisses = 8                     // rows one after another that the engine had to run: it has the rest of the batch as well
)

// plainKind is a kind as the closures have it.
func plainKind(k *kind) *plain.Kind {
	if k == nil {
		return nil
	}
	out := &plain.Kind{Name: k.name, NonNull: k.nonNull, Elem: plainKind(k.elem), Values: k.values}
	for _, f := range k.fields {
		out.Fields = append(out.Fields, plain.Field{Name: f.name, Key: f.key, Kind: plainKind(f.kind)})
	}
	return out
}

// plainly compiles a function to closures; the error says what of it needs the engine.
func (fn *function) plainly() (*plain.Function, error) {
	return fn.compilePlain(fn.names, plainKind(fn.result))
}

func (fn *function) compilePlain(names []string, k *plain.Kind) (*plain.Function, error) {
	var host plain.Formatter
	if fn.locale >= 0 {
		host = plainFormat
	}
	return plain.Compile(fn.Source, names, k, host)
}

// plain are the function's closures, which are made when it is called for the first time: most functions of most packages never are. Nil: it
// needs the engine. Those of a long source are made when it is opened, as the engine's program is: no request waits for it.
func (fn *function) plain() *plain.Function {
	if fn.owner.opts.EngineOnly {
		return nil
	}
	fn.made.Do(func() {
		if key, names, k := fn.shelved(); key != "" {
			fn.closed = closureShelf.get(key, func() *plain.Function { return fn.closures(names, k) })
			return
		}
		fn.closed = fn.closures(fn.names, plainKind(fn.result))
	})
	return fn.closed
}

// closures are nil where the function needs the engine.
func (fn *function) closures(names []string, k *plain.Kind) *plain.Function {
	p, err := fn.compilePlain(names, k)
	if err != nil {
		return nil
	}
	return p
}

// plainRows runs a function's closures over rows, and the engine over those that they give back.
func (f *Functions) plainRows(p *plain.Function, i int, a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
	fn := f.funcs[i]
	if err := f.paced(fn, a); err != nil {
		for r := range in {
			ends[r], errs[r] = len(dst), err
		}
		return dst
	}
	t := tab{f: f, a: a, began: clock()}
	first := len(dst)
	run := p.Take()
	var left []int // rows of the engine
	misses := 0
	for r, row := range in {
		ok := false
		switch {
		case t.over():
			ends[r], errs[r] = len(dst), fn.spent()
			continue
		case misses < plainMisses && len(row) == len(fn.Inputs):
			var steps int
			dst, steps, ok = run.Run(row, dst, f.opts.Output)
			t.ran(steps, ok)
		}
		ends[r], errs[r] = len(dst), nil
		if !ok {
			misses++
			left = append(left, r)
			continue
		}
		misses = 0
	}
	run.Give()
	t.close()
	switch len(left) {
	case 0:
		return dst
	case len(in):
		return f.engineRows(i, a, in, dst, ends, errs)
	}
	return f.patched(i, a, in, left, dst, first, ends, errs)
}

// patched puts what the engine says of some rows between what the closures said of the others, which stands in dst from first.
func (f *Functions) patched(i int, a *view.Account, in [][][]byte, left []int, dst []byte, first int, ends []int, errs []error) []byte {
	rows, at, bad := make([][][]byte, len(left)), make([]int, len(left)), make([]error, len(left))
	for n, r := range left {
		rows[n] = in[r]
	}
	more := f.engineRows(i, a, rows, nil, at, bad)
	old := len(dst)
	dst = append(dst, more...)
	to := len(dst)
	for r := len(in) - 1; r >= 0; r-- { // from the last to the first: all of them move to the right
		from, text := first, dst
		if r > 0 {
			from = ends[r-1]
		}
		end := ends[r]
		if n := len(left) - 1; n >= 0 && left[n] == r {
			errs[r] = bad[n]
			from, end, text = 0, at[n], more
			if n > 0 {
				from = at[n-1]
			}
			left = left[:n]
		} else {
			end = min(end, old)
		}
		ends[r] = to
		to -= end - from
		copy(dst[to:ends[r]], text[from:end])
	}
	return dst
}

// A tab is what the closures' calls of one batch cost.
type tab struct {
	f     *Functions
	a     *view.Account
	began int64 // of what is not charged yet
	steps int
	calls int // not charged yet
	done  int // calls that ended here
	total time.Duration
}

// over says whether the request has no time left.
func (t *tab) over() bool { return t.a != nil && t.a.Left <= 0 && !t.f.opts.Unlimited }

// ran counts a call; done says that the engine need not run it.
func (t *tab) ran(steps int, done bool) {
	t.steps += steps
	t.calls++
	if done {
		t.done++
	}
	if t.steps >= plainLook {
		t.charge()
	}
}

// charge puts the time since the last charge on the request's account. On a busy machine the wall runs ahead of the processor: no more is
// charged than the steps can have cost.
func (t *tab) charge() {
	now := clock()
	d := min(time.Duration(now-t.began), time.Duration(t.steps)*plainStep+time.Duration(t.calls)*plainCall)
	t.began, t.steps, t.calls = now, 0, 0
	t.total += d
	if t.a != nil {
		t.a.Spent += d
		t.a.Left -= d
	}
}

func (t *tab) close() {
	if t.calls > 0 {
		t.charge()
	}
	if t.a != nil {
		t.a.Calls += t.done
	}
	t.f.calls.Add(uint64(t.done))
	t.f.used.Add(int64(t.total))
	t.f.opts.Share.take(t.total)
}

// plainFormat is format.* for closures.
func plainFormat(name string, locale []byte, v plain.Arg, option func(string) plain.Arg) (string, bool) {
	l := localeFor(localeOf(locale))
	text := func(name string) string { return option(name).Text }
	var s string
	var err error
	switch {
	case name == "date" && v.Kind == plain.TextArg && len(v.Text) <= maxDate:
		s, err = l.formatDate(v.Text, text("style"))
	case v.Kind != plain.NumArg:
		return "", false
	case name == "number":
		n := numberOptions{Style: text("style"), Currency: text("currency")}
		if d := option("digits"); d.Kind == plain.NumArg {
			if math.IsNaN(d.Num) || math.Abs(d.Num) > 1000 {
				return "", false
			}
			digits := int(d.Num)
			n.Digits = &digits
		}
		s, err = l.formatNumber(v.Num, n)
	case name == "plural":
		forms := map[string]string{}
		for _, name := range []string{l.category(v.Num), "other"} {
			form := text(name)
			if len(form) > maxForm {
				return "", false
			}
			if form != "" {
				forms[name] = form
			}
		}
		s, err = l.formatPlural(v.Num, forms)
	case name == "relative" && option("").Kind == plain.TextArg:
		s, err = l.formatRelative(v.Num, text(""))
	default:
		return "", false
	}
	return s, err == nil
}

// A Place says where a computed function runs.
type Place struct {
	Go  bool      // as Go closures; else in the engine
	Why string    // what of it needs the engine: "a regular expression", ".sort()"
	At  fault.Pos // where that stands in the author's files
}

// Places are where the functions of a build run, in the order of Build.Funcs.
func Places(b *view.Build) ([]Place, error) {
	f, err := Open(b, RunOptions{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]Place, len(f.funcs))
	for i, fn := range f.funcs {
		_, err := fn.plainly()
		if err == nil {
			out[i].Go = true
			continue
		}
		out[i].Why, out[i].At = err.Error(), fn.Pos
		if no, ok := err.(*plain.Unfit); ok && no.At >= 0 && no.At <= len(fn.Source) {
			before := fn.Source[:no.At]
			line, col := 1+strings.Count(before, "\n"), no.At-strings.LastIndexByte(before, '\n')
			if at := fn.lines().near(line, col); at.File != "" {
				out[i].At = at
			}
		}
	}
	return out, nil
}
