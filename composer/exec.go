package composer

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"facet/fault"
	"facet/view"
)

// The answers that an exec has from the start.
const (
	ansOwn   = 0 // what the request brings and computes
	ansConst = 1 // the plan's literals
	ansTier  = 2 // the first of the tiers'
)

// An answerData is what a tier answered, with the cells that the plan reads of it.
type answerData struct {
	body    []byte
	cells   []cell
	tracks  []track
	op      *opPlan
	release func()
}

// An exec answers one request by a plan. All of it is under mu but the scanning of answers and the calls themselves.
type exec struct {
	mu sync.Mutex
	e  *Engine
	// turn counts the requests that the exec has served: a timer that was already running when its request ended finds
	// another one.
	turn uint64
	p    *plan
	r    *Request
	ctx  context.Context
	// watch is told of the calls; nil: nobody is.
	watch Watcher

	ans      []answerData
	contexts []contextCell
	guards   []cell // by plan.guards: what those say that are the same everywhere; kMissing: not known yet
	only     int    // the mutation root that is run; -1
	handled  cell   // what its handler returned
	ran      *Run   // of its handler
	params   []cell
	invalid  []*fault.Error // by root of the selection
	spaces   []table
	cols     []column
	dyn      map[string]int32 // columns by operation, arguments and window
	steps    []stepState
	doms     []domState
	memo     [][]cell
	filled   []bool  // by memo: its column was computed
	spare    []*rows // what columns are computed in, by depth of nesting
	cells    []cell  // of the rows of the last run
	errs     []*fault.Error
	key      []byte
	argKey   []byte
	left     int // steps that are not complete
	flying   int // calls that have not returned
	idle     idle
	held     *call             // left to the goroutine that has mu
	sentTo   []int32           // entities that calls are for; what is in use stays where it is when this grows
	sentRaw  []json.RawMessage // and what they are asked by
	seen     [8]seen
	specOK   []bool // by plan.specs: a fixed one whose arguments are known to be right
	limit    int32  // what is read comes from steps below this level; 0: from all
	done     chan struct{}
	over     bool // the answer is being written: late results are dropped
	late     *fault.Error
	shaky    bool // something degraded decided what was asked
	entities int
	items    int  // of all domains
	swollen  bool // more items than an answer may have: lists are cut and the answer is refused
	vast     bool // it has grown for a large answer, of this request or of one before
	stats    Stats
	trim     trim           // of the root that is written
	trims    []trim         // by root
	longest  int32          // list of what was written
	spends   []spend        // by build, at the most 64
	accounts []view.Account // of the script functions, by build
	groups   []group
	specs    []int32 // by plan.specs: the column of a fixed one; -1 not known yet

	enc     encoder
	repeats repeats
}

// A stepState is how far a step is.
type stepState struct {
	pending int32 // what must happen before it is sent
	flying  int32 // its calls, and steps that fetch keys it shares
	level   int   // the longest chain of calls up to it
	sent    bool
	done    bool
	share   []int32 // steps that wait for keys of this one
	sharing []int32 // steps whose keys this one waits for
	timer   *time.Timer
	asked   []asked // what its calls are to give
}

// An asked is an entity in a column.
type asked struct {
	col int32
	e   int32
}

func (x *exec) begin(ctx context.Context) {
	p := x.p
	x.ctx, x.watch = ctx, watcherOf(ctx)
	x.left = len(p.steps)
	for i := range p.steps {
		st := p.steps[i]
		x.steps[i].pending = int32(len(st.waits) + len(st.behind))
	}
	x.mu.Lock()
	x.idle = idlePatient
	for i := range p.steps {
		if x.steps[i].pending == 0 && !x.steps[i].sent {
			x.send(int32(i))
		}
	}
	k := x.take()
	x.mu.Unlock()
	if k != nil {
		k.run(idlePatient)
	}
}

// wait returns when every step is complete or the request's time is up.
func (x *exec) wait() {
	if len(x.p.steps) == 0 {
		x.forget()
		return
	}
	x.mu.Lock()
	left := x.left
	x.mu.Unlock()
	if left > 0 {
		select {
		case <-x.done:
		case <-x.ctx.Done():
		}
	}
	x.mu.Lock()
	x.over = true
	x.forget()
	if x.left > 0 {
		kind, msg := fault.Timeout, "the answer's time was up"
		if fault.KindOf(context.Cause(x.ctx)) == fault.Canceled {
			kind, msg = fault.Canceled, "the request was cancelled"
		}
		x.late = &fault.Error{Kind: kind, Op: "answer", Message: msg}
	}
	for i := range x.steps {
		if t := x.steps[i].timer; t != nil {
			t.Stop()
		}
	}
	x.mu.Unlock()
}

// send works out what a step is to ask for, and asks for it. It is called with mu held.
func (x *exec) send(i int32) {
	st, state := x.p.steps[i], &x.steps[i]
	state.sent = true
	state.flying++ // until all calls are on their way
	x.limit = st.level
	x.forget()
	if !x.over {
		x.gather(st, state)
	}
	x.limit = 0
	x.forget()
	if x.watch != nil && !x.over && state.level == 0 {
		x.spared(st, state)
	}
	for _, j := range st.thenSent {
		x.ready(j)
	}
	if b := st.op.budget(); b > 0 && state.flying > 1 && !x.over {
		turn := x.turn
		state.timer = time.AfterFunc(b, func() { x.expire(i, turn) })
	}
	x.landed(i)
}

func (op *opPlan) budget() time.Duration {
	if op.patient {
		return 0
	}
	return op.within
}

// ready counts down what a step waits for.
func (x *exec) ready(i int32) {
	s := &x.steps[i]
	if s.pending--; s.pending == 0 {
		x.send(i)
	}
}

// landed counts down what is in the air for a step, and completes it.
func (x *exec) landed(i int32) {
	s := &x.steps[i]
	s.flying--
	if s.flying == 0 && !s.done {
		x.complete(i)
	}
}

func (x *exec) complete(i int32) {
	s := &x.steps[i]
	s.done = true
	if s.timer != nil {
		s.timer.Stop()
	}
	for _, j := range s.share {
		x.steps[j].level = max(x.steps[j].level, s.level)
		if !x.steps[j].done {
			x.landed(j)
		}
	}
	for _, j := range x.p.steps[i].thenDone {
		x.ready(j)
	}
	if x.left--; x.left == 0 {
		close(x.done)
	}
}

// expire ends the wait for a step whose most patient use has waited long enough.
func (x *exec) expire(i int32, turn uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over || x.turn != turn || x.steps[i].done {
		return
	}
	s := &x.steps[i]
	err := x.fail(&fault.Error{Kind: fault.Timeout, Op: "tier", Subject: x.p.steps[i].op.op.ID, Message: "the tier did not answer within its budget"})
	for _, a := range s.asked {
		if c := x.cols[a.col].at(a.e); c.kind == kPending {
			*c = err
		}
	}
	x.complete(i)
}

// fail keeps an error and gives the cell that stands for it.
func (x *exec) fail(err *fault.Error) cell {
	x.errs = append(x.errs, err)
	return cell{kind: kError, off: uint32(len(x.errs) - 1)}
}

func (x *exec) errorOf(c cell) *fault.Error {
	if c.ans == 0 {
		return x.errs[c.off]
	}
	return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Message: flawTexts[flaw(c.off)]}
}
