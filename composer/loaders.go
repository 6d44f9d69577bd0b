package composer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
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
	ended  chan struct{}
}

// A loader is one (operation, arguments, fields, headers).
type loader struct {
	owner *Loaders
	key   string
	dl    *dataloader.Loader[*block, *shared]

	mu      sync.Mutex
	busy    int // calls in flight
	waiting int // blocks that gather
}

// A shared is a block's result.
type shared struct {
	answer *tiers.Answer
	err    error
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
	k := l.seen(nil, c)
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
		dataloader.WithCache[*block, *shared](&dataloader.NoCache[*block, *shared]{}),
		dataloader.WithInputCapacity[*block, *shared](64),
		dataloader.WithWait[*block, *shared](time.Hour)) // never by the clock: Flush sends
	if len(l.live) < l.most {
		l.live[ld.key] = ld
	}
	return ld
}

func (ld *loader) idle() bool {
	ld.mu.Lock()
	defer ld.mu.Unlock()
	return ld.busy == 0 && ld.waiting == 0
}

// load hands a block in and waits for its result under the block's own context.
func (ld *loader) load(ctx context.Context, c *tiers.Call, tenant string) (*tiers.Answer, error) {
	if a, err, ok := ld.direct(ctx, c); ok {
		return a, err
	}
	ld.mu.Lock()
	if ld.waiting >= maxGather {
		ld.mu.Unlock()
		return ld.owner.tiers[c.Operation.Source.Name].Call(ctx, c)
	}
	b := &block{ctx: ctx, call: detach(c), tenant: tenant, ended: make(chan struct{})}
	thunk := ld.dl.Load(context.Background(), b)
	ld.waiting++
	if ld.busy < ld.owner.k {
		ld.flush()
	}
	ld.mu.Unlock()
	out := make(chan *shared, 1)
	go func() {
		s, err := thunk()
		if err != nil {
			s = &shared{err: err}
		}
		out <- s
	}()
	select {
	case s := <-out:
		close(b.ended)
		return s.answer, s.err
	case <-b.ctx.Done():
		close(b.ended)
		return nil, tiers.ContextError(b.call.Operation, context.Cause(b.ctx))
	}
}

// flush sends what has gathered as one call. ld.mu is held.
func (ld *loader) flush() {
	ld.busy++
	ld.waiting = 0
	ld.dl.Flush()
}

// batch makes the calls of the blocks that went together. dataloader calls it on a goroutine of its own.
func (ld *loader) batch(_ context.Context, blocks []*block) []*dataloader.Result[*shared] {
	results := make([]*dataloader.Result[*shared], len(blocks))
	stay := blocks[:0:0]
	var place []int // of stay in blocks
	for i, b := range blocks {
		results[i] = &dataloader.Result[*shared]{Data: &shared{err: tiers.ContextError(b.call.Operation, context.Canceled)}}
		select {
		case <-b.ended: // it left before the call
		default:
			stay, place = append(stay, b), append(place, i)
		}
	}
	if len(stay) > 0 {
		inTurn(stay, place)
		ld.calls(stay, func(i int, s *shared) { results[place[i]] = &dataloader.Result[*shared]{Data: s} })
	}
	ld.returned()
	return results
}

func (ld *loader) calls(blocks []*block, give func(int, *shared)) {
	ctx, cancel := shareContext(blocks)
	defer cancel()
	groups := pack(blocks)
	var wg sync.WaitGroup
	for _, g := range groups[1:] {
		wg.Go(func() { ld.one(ctx, blocks, g, give) })
	}
	ld.one(ctx, blocks, groups[0], give)
	wg.Wait()
}

// shareContext is the batch's own: it has the latest deadline of its members and is cancelled when the last has left.
func shareContext(blocks []*block) (context.Context, context.CancelFunc) {
	latest, bounded := time.Time{}, true
	for _, b := range blocks {
		d, ok := b.ctx.Deadline()
		bounded = bounded && ok
		if d.After(latest) {
			latest = d
		}
	}
	var ctx context.Context
	var cancel context.CancelFunc
	if parent := context.WithoutCancel(blocks[0].ctx); bounded {
		ctx, cancel = context.WithDeadline(parent, latest)
	} else {
		ctx, cancel = context.WithCancel(parent)
	}
	go func() {
		for _, b := range blocks {
			select {
			case <-b.ended:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx, cancel
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
func (ld *loader) one(ctx context.Context, blocks []*block, group []int, give func(int, *shared)) {
	op := blocks[group[0]].call.Operation
	t := ld.owner.tiers[op.Source.Name]
	defer func() {
		if r := recover(); r != nil {
			err := &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed"}
			for _, i := range group {
				give(i, &shared{err: err})
			}
		}
	}()
	if len(group) == 1 {
		b := blocks[group[0]]
		a, err := t.Call(alone(ctx, b), b.call)
		give(group[0], &shared{answer: a, err: err})
		return
	}
	c, keys := join(blocks, group)
	watched, ended := together(ctx, blocks, group)
	a, err := t.Call(watched, c)
	if ended != nil {
		ended(err)
	}
	if err != nil && ofRequest(fault.KindOf(err)) {
		half := len(group) / 2
		var wg sync.WaitGroup
		wg.Go(func() { ld.one(ctx, blocks, group[:half], give) })
		ld.one(ctx, blocks, group[half:], give)
		wg.Wait()
		return
	}
	if err != nil {
		for _, i := range group {
			give(i, &shared{err: err})
		}
		return
	}
	hold := &held{left: int32(len(group)), release: a.Release}
	parts, ok := divide(op, a.Body, keys, blocks, group)
	for n, i := range group {
		body := a.Body
		if ok {
			body = parts[n]
		}
		give(i, &shared{answer: &tiers.Answer{Body: body, Release: hold.drop, Partial: a.Partial}})
	}
}

// held releases a shared body when its last reader has.
type held struct {
	mu      sync.Mutex
	left    int32
	release func()
}

func (h *held) drop() {
	h.mu.Lock()
	h.left--
	last := h.left == 0
	h.mu.Unlock()
	if last && h.release != nil {
		h.release()
	}
}
