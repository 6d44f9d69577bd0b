package composer

import (
	"bytes"
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
)

// Loaders share tier calls between requests, and between the Engines of one graph version. What one operation of one
// request asks for is a block; blocks of one operation, with equal arguments, wanted fields and forwarded headers, go in
// one call. While fewer than k calls of such a loader are in flight a block goes at once; else blocks gather and go when
// one returns, so that nothing waits for a clock. Mutations, paged lists and operations that are bound to a viewer are
// never shared. Loaders are safe for use by many goroutines.
type Loaders struct {
	graph *graph.Graph
	tiers TiersBySource
	k     int
	most  int

	mu   sync.Mutex
	live map[string]*loader
}

// maxLoaders bounds the loaders that are kept; idle ones go first.
const maxLoaders = 4096

// NewLoaders makes the Loaders of a graph version over an environment's tiers. k is how many calls of one loader may be
// in flight before blocks gather; 0 is 2.
func NewLoaders(g *graph.Graph, t TiersBySource, k int) *Loaders {
	if k <= 0 {
		k = 2
	}
	return &Loaders{graph: g, tiers: t, k: k, most: maxLoaders, live: map[string]*loader{}}
}

// A block is one request's share of a call.
type block struct {
	ctx   context.Context
	call  *tiers.Call
	keys  []string // by row: the needs, framed
	ended chan struct{}
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

// Call makes a call, alone or with others. It implements tiers.Tier for every source.
func (l *Loaders) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	t := l.tiers[c.Operation.Source.Name]
	if t == nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: c.Operation.ID, Message: "the tier is not configured"}
	}
	if !shareable(c) {
		return t.Call(ctx, c)
	}
	ld := l.loader(c)
	b := &block{ctx: ctx, call: detach(c), ended: make(chan struct{})}
	b.keys = blockKeys(b.call)
	return ld.load(b)
}

// shareable says whether a call may go together with those of other requests.
func shareable(c *tiers.Call) bool {
	op := c.Operation
	return op.Batch && !op.Mutation && op.Page == nil && len(op.Context) == 0 && len(c.Needs) > 0
}

// detach copies what a call keeps after its request may be gone.
func detach(c *tiers.Call) *tiers.Call {
	d := *c
	copyAll := func(rs []json.RawMessage) []json.RawMessage {
		out := make([]json.RawMessage, len(rs))
		for i, r := range rs {
			out[i] = bytes.Clone(r)
		}
		return out
	}
	d.Needs = make([][]json.RawMessage, len(c.Needs))
	for i := range c.Needs {
		d.Needs[i] = copyAll(c.Needs[i])
	}
	d.Args = copyAll(c.Args)
	return &d
}

// forwarded are the request headers that a call's source or operation lists, framed so that equal bytes mean equal headers.
func forwarded(b []byte, op *graph.Operation, h http.Header) []byte {
	for name, from := range tiers.Forwarded(op) {
		b = appendField(b, http.CanonicalHeaderKey(name))
		values := h.Values(from)
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, v := range values {
			b = appendField(b, v)
		}
	}
	return b
}

func (l *Loaders) loader(c *tiers.Call) *loader {
	k := binary.AppendUvarint(nil, uint64(c.Operation.Index))
	for _, a := range c.Args {
		k = appendField(k, string(a))
	}
	k = append(k, 0xff)
	for _, f := range c.Fields {
		k = appendField(k, f)
	}
	k = append(k, 0xff)
	k = forwarded(k, c.Operation, c.Headers)
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
func (ld *loader) load(b *block) (*tiers.Answer, error) {
	ld.mu.Lock()
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
		ld.calls(stay, func(i int, s *shared) { results[place[i]] = &dataloader.Result[*shared]{Data: s} })
	}
	ld.mu.Lock()
	ld.busy--
	if ld.waiting > 0 && ld.busy < ld.owner.k {
		ld.flush()
	}
	ld.mu.Unlock()
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

// pack puts blocks together up to the operation's maxSize; a block is never split, its request did that.
func pack(blocks []*block) [][]int {
	var groups [][]int
	most, size := blocks[0].call.Operation.MaxSize, 0
	for i, b := range blocks {
		if n := len(b.keys); i == 0 || most > 0 && size+n > most {
			groups = append(groups, nil)
			size = 0
		}
		size += len(b.keys)
		groups[len(groups)-1] = append(groups[len(groups)-1], i)
	}
	return groups
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
		a, err := t.Call(ctx, blocks[group[0]].call)
		give(group[0], &shared{answer: a, err: err})
		return
	}
	c, keys := join(blocks, group)
	a, err := t.Call(ctx, c)
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
		give(i, &shared{answer: &tiers.Answer{Body: body, Release: hold.drop}})
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

// blockKeys frames the needs of each row, so that equal bytes mean equal rows.
func blockKeys(c *tiers.Call) []string {
	keys := make([]string, len(c.Needs[0]))
	var b []byte
	for k := range keys {
		b = b[:0]
		for n := range c.Needs {
			b = appendField(b, string(c.Needs[n][k]))
		}
		keys[k] = string(b)
	}
	return keys
}

// join makes one call of several blocks: each key once, in first-seen order.
func join(blocks []*block, group []int) (*tiers.Call, map[string]int) {
	c := *blocks[group[0]].call
	needs := len(c.Needs)
	c.Needs = make([][]json.RawMessage, needs)
	keys := map[string]int{}
	for _, i := range group {
		b := blocks[i]
		for k, key := range b.keys {
			if _, ok := keys[key]; ok {
				continue
			}
			keys[key] = len(keys)
			for n := range needs {
				c.Needs[n] = append(c.Needs[n], b.call.Needs[n][k])
			}
		}
	}
	return &c, keys
}

// divide makes, for each block, an answer of its own rows: a request then reads what it asked for, not what others did.
// ok is false where that cannot be done: each block reads the whole then, and ignores what it did not ask for.
func divide(op *graph.Operation, body []byte, keys map[string]int, blocks []*block, group []int) ([][]byte, bool) {
	rows, prefix, suffix, ok := splitRows(op, body)
	if !ok {
		return nil, false
	}
	at := make(map[string][]int, len(rows))
	for i, r := range rows {
		at[r.key] = append(at[r.key], i)
	}
	out := make([][]byte, len(group))
	for n, i := range group {
		b := blocks[i]
		var mine []int
		for _, k := range rowKeys(op, b.call) {
			mine = append(mine, at[k]...)
		}
		slices.Sort(mine)
		buf := make([]byte, 0, len(prefix)+len(suffix)+2+len(body)*len(b.keys)/max(1, len(keys)))
		buf = append(append(buf, prefix...), '[')
		for j, r := range mine {
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(buf, rows[r].json...)
		}
		out[n] = append(append(buf, ']'), suffix...)
	}
	return out, true
}

type rowSpan struct {
	key  string
	json []byte
}

// splitRows finds the rows of a batch's answer with their keys. Only answers whose rows lie in one list are split.
func splitRows(op *graph.Operation, body []byte) (rows []rowSpan, prefix, suffix []byte, ok bool) {
	if op.Selection == nil || op.Type == nil {
		return nil, nil, nil, false
	}
	paths := make([][]string, 0, len(op.Type.Key))
	for _, k := range op.Type.Key {
		i := slices.IndexFunc(op.Selection.Items, func(it *graph.SelectionItem) bool { return it.Field == k })
		if i < 0 {
			return nil, nil, nil, false
		}
		paths = append(paths, op.Selection.Items[i].Value.Path.Steps)
	}
	whole := scanner{b: body}
	if whole.space(); !whole.skip() {
		return nil, nil, nil, false
	}
	if whole.space(); whole.i != len(body) {
		return nil, nil, nil, false
	}
	at := scanner{b: body}
	at.space()
	list, found := at.find(op.Selection.Path.Steps)
	if !found || len(list) == 0 || list[0] != '[' {
		return nil, nil, nil, false
	}
	from := cap(body) - cap(list) // list is a part of body
	prefix, suffix = body[:from], body[from+len(list):]
	s := scanner{b: list, i: 1}
	s.space()
	if s.next(']') {
		return nil, prefix, suffix, true
	}
	for {
		start := s.i
		if !s.skip() {
			return nil, nil, nil, false
		}
		r := rowSpan{json: list[start:s.i]}
		var key []byte
		for _, p := range paths {
			k := scanner{b: r.json}
			v, _ := k.find(p)
			key = appendField(key, keyText(v))
		}
		r.key = string(key)
		rows = append(rows, r)
		s.space()
		if s.next(',') {
			s.space()
			continue
		}
		return rows, prefix, suffix, s.next(']')
	}
}

func keyText(v []byte) string {
	if len(v) > 1 && v[0] == '"' {
		return string(unquote(v))
	}
	return string(v)
}

// rowKeys are the keys under which splitRows knows a call's rows.
func rowKeys(op *graph.Operation, c *tiers.Call) []string {
	out := make([]string, len(c.Needs[0]))
	for k := range out {
		var key []byte
		for _, name := range op.Type.Key {
			n := slices.Index(op.Needs, name)
			if n < 0 {
				continue
			}
			key = appendField(key, keyText(c.Needs[n][k]))
		}
		out[k] = string(key)
	}
	return out
}
