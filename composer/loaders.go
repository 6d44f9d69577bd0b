package composer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
)

// Loaders share tier calls between requests, and between the Engines of one graph version. What one operation of one
// request asks for is a block; blocks of one operation for which the tier sees the same arguments, context and headers go in
// one call. While fewer than k calls of such a loader are in flight a block goes at once; else blocks gather and go when
// one returns, so that nothing waits for a clock. Calls that are no batches are shared where they are equal. Mutations are never
// shared, and operations that are bound to a viewer with that viewer's own requests only.
//
// Over a cache, Loaders answer what the graph has kept from there. They are safe for use by many goroutines.
type Loaders struct {
	graph *graph.Graph
	tiers TiersBySource
	k     int
	most  int
	apart map[string]bool // sources whose calls are not shared
	cache *cache.Cache    // nil: nothing is kept
	kept  *cache.Version  // nil: nothing of this graph is
	blind string          // tests alone: a header that keys lack, to see that it is missed

	mu   sync.Mutex
	live map[string]*loader

	twinMu sync.Mutex
	twins  map[string]*twin
}

// Bounds of what gathers.
const (
	maxLoaders = 4096 // that are kept; idle ones go first
	maxGather  = 1024 // blocks that wait for one loader, or calls for their equal; more go by themselves
	maxJoint   = 1000 // keys of several blocks in one call, where the graph states no maxSize
)

// NewLoaders makes the Loaders of a graph version over an environment's tiers. k is how many calls of one loader may be
// in flight before blocks gather; 0 is 2.
func NewLoaders(g *graph.Graph, t TiersBySource, k int) *Loaders {
	return NewSharing(g, t, Sharing{Flights: k})
}

// A Sharing says what requests have in common besides a graph version.
type Sharing struct {
	Flights int          // calls of one loader in flight before blocks gather; 0 is 2
	Apart   []string     // sources whose calls each request makes for itself
	Cache   *cache.Cache // what is kept of what the graph says may be; nil: nothing is
}

// NewSharing makes Loaders that share as s says. Close them where they have a cache.
func NewSharing(g *graph.Graph, t TiersBySource, s Sharing) *Loaders {
	l := &Loaders{graph: g, tiers: t, k: s.Flights, most: maxLoaders, apart: map[string]bool{}, cache: s.Cache, live: map[string]*loader{}, twins: map[string]*twin{}}
	if l.k <= 0 {
		l.k = 2
	}
	for _, name := range s.Apart {
		l.apart[name] = true
	}
	if s.Cache != nil {
		l.kept = s.Cache.Version(g)
	}
	return l
}

// Close ends the Loaders' part of the cache: what they kept is never found again.
func (l *Loaders) Close() { l.kept.Close() }

// A block is one request's share of a call.
type block struct {
	ctx    context.Context
	call   *tiers.Call
	tenant string
	out    chan shared // what it waits for, unless it leaves
	in     atomic.Pointer[joint]
}

// A shared is a block's result.
type shared struct {
	answer *tiers.Answer
	err    error
}

// A loader is one (operation, arguments, fields, headers).
type loader struct {
	owner *Loaders
	key   string
	dl    *dataloader.Loader[*block, struct{}] // gathers blocks

	mu      sync.Mutex
	busy    int // calls in flight
	waiting int // blocks that gather: only while k calls are in flight
}

// Call makes a call, alone or with others. It implements tiers.Tier for every source. What is kept is not looked at.
func (l *Loaders) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	return l.send(ctx, c, "")
}

// send makes a call, alone or with others.
func (l *Loaders) send(ctx context.Context, c *tiers.Call, tenant string) (*tiers.Answer, error) {
	op := c.Operation
	t := l.tiers[op.Source.Name]
	switch {
	case t == nil:
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: op.ID, Message: "the tier is not configured"}
	case op.Mutation || l.apart[op.Source.Name]:
		return t.Call(ctx, c)
	case op.Batch && op.Page == nil && len(c.Needs) > 0:
		return l.loader(c).load(ctx, c, tenant)
	}
	return l.equal(ctx, t, c, tenant)
}

// detach copies what a call keeps after its request may be gone, into one buffer.
func detach(c *tiers.Call) *tiers.Call {
	d := *c
	d.Intake = nil // the answer is not the request's alone
	size, rows := 0, 0
	for _, col := range c.Needs {
		rows += len(col)
		for _, r := range col {
			size += len(r)
		}
	}
	for _, a := range c.Args {
		size += len(a)
	}
	buf := make([]byte, 0, size)
	flat := make([]json.RawMessage, 0, rows+len(c.Args))
	copyAll := func(rs []json.RawMessage) []json.RawMessage {
		from := len(flat)
		for _, r := range rs {
			if r == nil {
				flat = append(flat, nil)
				continue
			}
			at := len(buf)
			buf = append(buf, r...)
			flat = append(flat, buf[at:len(buf):len(buf)])
		}
		return flat[from:len(flat):len(flat)]
	}
	d.Needs = make([][]json.RawMessage, len(c.Needs))
	for i := range c.Needs {
		d.Needs[i] = copyAll(c.Needs[i])
	}
	d.Args = copyAll(c.Args)
	d.Page.After = slices.Clone(c.Page.After)
	return &d
}

// forwarded are the request headers that a call's source or operation lists, framed so that equal bytes mean equal headers.
func (l *Loaders) forwarded(b []byte, c *tiers.Call) []byte {
	for name, from := range tiers.Forwarded(c.Operation) {
		if l.blind != "" && l.blind == from {
			continue
		}
		b = appendField(b, http.CanonicalHeaderKey(name))
		values := c.Headers.Values(from)
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, v := range values {
			b = appendField(b, v)
		}
	}
	return b
}

func (l *Loaders) loader(c *tiers.Call) *loader {
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	k := l.seen((*buf)[:0], c)
	*buf = k
	l.mu.Lock()
	defer l.mu.Unlock()
	if ld := l.live[string(k)]; ld != nil {
		return ld
	}
	if len(l.live) >= l.most {
		for key, ld := range l.live {
			if ld.idle() {
				delete(l.live, key)
			}
		}
	}
	ld := &loader{owner: l, key: string(k)}
	ld.dl = dataloader.NewBatchedLoader(ld.batch,
		dataloader.WithCache[*block, struct{}](&dataloader.NoCache[*block, struct{}]{}),
		dataloader.WithInputCapacity[*block, struct{}](64),
		dataloader.WithWait[*block, struct{}](time.Hour)) // never by the clock: Flush sends
	if len(l.live) < l.most {
		l.live[ld.key] = ld
	}
	return ld
}

func (ld *loader) idle() bool {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	return ld.busy == 0
}

// load makes a block's call at once, on the goroutine of its request, or hands it in and waits for its result under the block's own context.
func (ld *loader) load(ctx context.Context, c *tiers.Call, tenant string) (*tiers.Answer, error) {
	t := ld.owner.tiers[c.Operation.Source.Name]
	ld.mu.Lock()
	switch {
	case ld.busy < ld.owner.k:
		ld.busy++
		ld.mu.Unlock()
		defer ld.returned()
		if f := tiers.FlightOf(ctx); f != nil {
			f.Note(func(p *tiers.Passage) { p.Left, p.Requests = time.Now(), 1 })
		}
		return t.Call(ctx, c)
	case ld.waiting >= maxGather:
		ld.mu.Unlock()
		return t.Call(ctx, c)
	}
	b := newBlock(ctx, c, tenant)
	ld.dl.Load(context.Background(), b) // the result comes by the block's own channel: a thunk cannot be left
	ld.waiting++
	ld.mu.Unlock()
	return b.wait()
}

// returned sends what has gathered while a call was in flight, as one.
func (ld *loader) returned() {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	if ld.waiting == 0 {
		ld.busy--
		return
	}
	ld.waiting = 0
	ld.dl.Flush()
}

// batch is called by the dataloader, on a goroutine of its own.
func (ld *loader) batch(_ context.Context, blocks []*block) []*dataloader.Result[struct{}] {
	results := make([]*dataloader.Result[struct{}], len(blocks))
	for i := range results {
		results[i] = &dataloader.Result[struct{}]{}
	}
	ld.calls(blocks)
	return results
}

// calls makes the calls of the blocks that went together.
func (ld *loader) calls(blocks []*block) {
	defer ld.returned()
	j, blocks := embark(blocks)
	if len(blocks) == 0 {
		return
	}
	defer j.end()
	inTurn(blocks)
	groups := pack(blocks)
	var wg sync.WaitGroup
	for _, g := range groups[1:] {
		wg.Go(func() { ld.one(j.ctx, g) })
	}
	ld.one(j.ctx, groups[0])
	wg.Wait()
}

// ofRequest says whether a tier may refuse a call for one of its keys: then what it refused for one request's key is asked again
// without it, in halves, so that nobody's garbage costs others their rows.
func ofRequest(k fault.Kind) bool {
	switch k {
	case fault.Invalid, fault.NotFound, fault.Forbidden, fault.Conflict, fault.TooLarge:
		return true
	}
	return false
}

// one makes one call for a group of blocks and gives each its rows.
func (ld *loader) one(ctx context.Context, group []*block) {
	op := group[0].call.Operation
	t := ld.owner.tiers[op.Source.Name]
	defer func() {
		if r := recover(); r != nil {
			giveAll(group, shared{err: &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed"}})
		}
	}()
	if len(group) == 1 {
		b := group[0]
		a, err := t.Call(alone(ctx, b), b.call)
		b.give(shared{a, err})
		return
	}
	c, keys := group[0].call, map[string]int(nil)
	same := sameRows(group)
	if !same {
		c, keys = join(group)
	}
	watched, ended := together(ctx, group)
	a, err := t.Call(watched, c)
	if ended != nil {
		ended(err)
	}
	if err != nil && !same && ofRequest(fault.KindOf(err)) {
		half := len(group) / 2
		var wg sync.WaitGroup
		wg.Go(func() { ld.one(ctx, group[:half]) })
		ld.one(ctx, group[half:])
		wg.Wait()
		return
	}
	if err != nil {
		giveAll(group, shared{err: err})
		return
	}
	var parts [][]byte
	if !same {
		parts, _ = divide(op, a.Body, keys, group)
	}
	hold := &held{release: a.Release}
	hold.left.Store(int32(len(group)))
	for n, b := range group {
		body := a.Body
		if parts != nil {
			body = parts[n]
		}
		b.give(shared{answer: &tiers.Answer{Body: body, Release: hold.drop, Partial: a.Partial}})
	}
}

// held releases a shared body when its last reader has.
type held struct {
	left    atomic.Int32
	release func()
}

func (h *held) drop() {
	if h.left.Add(-1) == 0 && h.release != nil {
		h.release()
	}
}
