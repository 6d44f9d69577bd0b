package composer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"sync"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
)

// A manner is what a request says of a call besides the call itself.
type manner struct {
	tenant string
	maxAge time.Duration // of the views' policies; 0: they have none
	anew   bool          // what is kept is not read: something was written just before
}

// A harvest is what the cache has to do with a call: what it gave, and what of the answer it is to keep once that has been read.
type harvest struct {
	look  cache.Lookup
	op    *graph.Operation
	all   *tiers.Call  // the whole call
	c     *tiers.Call  // what the tier was asked: all of it, or the rows that were not kept
	kept  [][]byte     // the rows that were found; they stand first in the answer
	from  []int        // where they stand in the whole call
	asked []int        // the rows that were not found
	rows  []rowSpan    // of the tier's answer, where it was split already
	spare bool         // nothing was asked of the tier
	close bool         // nothing of the answer is to be kept
	lost  *fault.Error // why the rows that were not found are not there
	key   []byte
}

var harvests = sync.Pool{New: func() any { return &harvest{} }}

// done gives a harvest back.
func (h *harvest) done() {
	clear(h.kept)
	h.look.Forget()
	*h = harvest{look: h.look, kept: h.kept[:0], from: h.from[:0], asked: h.asked[:0], key: h.key[:0]}
	harvests.Put(h)
}

// call makes a call, or answers it from what is kept. A harvest that is not nil has to be reaped, or to be done with.
func (l *Loaders) call(ctx context.Context, c *tiers.Call, m manner) (*tiers.Answer, *harvest, error) {
	o := l.kept.Of(c.Operation)
	if o == nil {
		a, err := l.send(ctx, c, m.tenant)
		return a, nil, err
	}
	h := harvests.Get().(*harvest)
	if !h.look.Begin(o, m.tenant, m.maxAge) {
		h.done()
		a, err := l.send(ctx, c, m.tenant)
		return a, nil, err
	}
	h.op, h.all, h.c = c.Operation, c, c
	h.look.Key = l.seen(h.look.Key, c)
	h.look.HeadEnds()
	var a *tiers.Answer
	var err error
	if o.Rows && len(c.Needs) > 0 {
		a, err = l.readRows(ctx, h, m)
	} else {
		a, err = l.readWhole(ctx, h, m)
	}
	if err != nil {
		h.done()
		return nil, nil, err
	}
	return a, h, nil
}

// seen appends what a tier sees of a call but for its keys and its page, so that equal bytes mean that it sees the same.
func (l *Loaders) seen(b []byte, c *tiers.Call) []byte {
	b = binary.AppendUvarint(b, uint64(c.Operation.Index))
	b = binary.AppendUvarint(b, uint64(len(c.Args)))
	for _, a := range c.Args {
		b = cache.AppendText(b, a)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Context)))
	for _, v := range c.Context { // who asks: a viewer shares with nobody else
		b = cache.AppendText(b, v)
	}
	if c.Operation.GraphQL != nil { // the others do not see what is wanted
		b = binary.AppendUvarint(b, uint64(len(c.Fields)))
		for _, f := range c.Fields {
			b = cache.AppendText(b, f)
		}
	}
	return l.forwarded(b, c)
}

// rowSeen appends a row's keys.
func rowSeen(b []byte, c *tiers.Call, row int) []byte {
	for n := range c.Needs {
		b = cache.AppendText(b, c.Needs[n][row])
	}
	return b
}

// wholeSeen appends all keys of a call, and its page.
func wholeSeen(b []byte, c *tiers.Call) []byte {
	rows := 0
	if len(c.Needs) > 0 {
		rows = len(c.Needs[0])
	}
	b = binary.AppendUvarint(b, uint64(rows))
	for k := range rows {
		b = rowSeen(b, c, k)
	}
	b = binary.AppendVarint(b, int64(c.Page.Offset))
	b = binary.AppendVarint(b, int64(c.Page.Limit))
	return cache.AppendText(b, c.Page.After)
}

func note(ctx context.Context, rows int) {
	if f := tiers.FlightOf(ctx); f != nil {
		f.Note(func(p *tiers.Passage) { p.Kept += rows })
	}
}

// readWhole answers a call whose answer is kept whole.
func (l *Loaders) readWhole(ctx context.Context, h *harvest, m manner) (*tiers.Answer, error) {
	h.look.Key = wholeSeen(h.look.Key, h.c)
	if !m.anew {
		body, found := h.look.Find()
		if found {
			h.look.Count(1, 0)
			h.spare, h.close = true, true
			note(ctx, 1)
			if body == nil {
				return nil, noSuch(h.op)
			}
			s := newSheet()
			s.Body, s.Release = body, s.back
			return &s.Answer, nil
		}
		h.look.Count(0, 1)
	}
	a, err := l.send(ctx, h.c, m.tenant)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			h.look.Keep(nil, h.entity(0))
		}
		return nil, err
	}
	return a, nil
}

// entity is the key of the one entity that a row is about, nil if it is about none.
func (h *harvest) entity(row int) []byte {
	if len(h.look.Keys()) == 0 {
		return nil
	}
	h.key = h.key[:0]
	for _, n := range h.look.Keys() {
		h.key = cache.AppendText(h.key, keyText(h.c.Needs[n][row]))
	}
	return h.key
}

func noSuch(op *graph.Operation) error {
	return &fault.Error{Kind: fault.NotFound, Op: "tier", Subject: op.ID, Message: "the tier has no such thing"}
}

// readRows answers a batch: the rows that are kept, and those that the tier is asked for.
func (l *Loaders) readRows(ctx context.Context, h *harvest, m manner) (*tiers.Answer, error) {
	n := len(h.c.Needs[0])
	for k := range n {
		if m.anew {
			h.asked = append(h.asked, k)
			continue
		}
		h.look.Key = rowSeen(h.look.Key, h.c, k)
		body, found := h.look.Find()
		h.look.Row()
		switch {
		case !found:
			h.asked = append(h.asked, k)
		case body != nil:
			h.kept, h.from = append(h.kept, body), append(h.from, k)
		}
	}
	if !m.anew {
		h.look.Count(n-len(h.asked), len(h.asked))
	}
	if len(h.asked) == n {
		return l.send(ctx, h.c, m.tenant)
	}
	note(ctx, n-len(h.asked))
	if len(h.asked) == 0 {
		h.spare, h.close = true, true
		return h.assemble(nil), nil
	}
	h.c = askFor(h.c, h.asked)
	a, err := l.send(ctx, h.c, m.tenant)
	if err != nil {
		h.lost, h.close = asFault(err, h.op), true
		return h.assemble(nil), nil
	}
	rows, _, _, ok := splitRows(h.op, a.Body)
	if !ok {
		h.lost, h.close = unreadable(h.op), true
		return h.assemble(nil), nil
	}
	h.rows, h.close = rows, a.Partial
	merged := h.assemble(rows)
	if a.Release != nil {
		a.Release()
	}
	return merged, nil
}

// askFor is a call for some of the keys of another.
func askFor(c *tiers.Call, rows []int) *tiers.Call {
	d := *c
	d.Intake = nil // what comes is put together with what is kept, and its buffer given back before anybody reads that
	d.Needs = make([][]json.RawMessage, len(c.Needs))
	flat := make([]json.RawMessage, len(rows)*len(c.Needs))
	for n := range c.Needs {
		col := flat[n*len(rows) : (n+1)*len(rows) : (n+1)*len(rows)]
		for i, k := range rows {
			col[i] = c.Needs[n][k]
		}
		d.Needs[n] = col
	}
	return &d
}

// A sheet is an answer that was put together of rows.
type sheet struct {
	tiers.Answer
	buf  []byte
	back func()
}

var sheets sync.Pool

func newSheet() *sheet {
	if s, ok := sheets.Get().(*sheet); ok {
		return s
	}
	s := &sheet{}
	s.back = func() {
		s.Body = nil
		if cap(s.buf) <= maxPooled {
			sheets.Put(s)
		}
	}
	return s
}

// assemble writes an answer of the rows that were kept, and of others, in the form that the operation's selection reads. The others
// are those of the new answer then.
func (h *harvest) assemble(rows []rowSpan) *tiers.Answer {
	s := newSheet()
	b := s.buf[:0]
	path := h.op.Selection.Path.Steps
	for _, step := range path {
		b = append(appendQuoted(append(b, '{'), step), ':')
	}
	b = append(b, '[')
	for i, r := range h.kept {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	at := len(b)
	for i, r := range rows {
		if i > 0 || len(h.kept) > 0 {
			b = append(b, ',')
		}
		b = append(b, r.json...)
	}
	b = append(b, ']')
	for range path {
		b = append(b, '}')
	}
	for i := range rows {
		if i > 0 || len(h.kept) > 0 {
			at++
		}
		n := len(rows[i].json)
		rows[i].json = b[at : at+n]
		at += n
	}
	s.buf = b
	s.Body, s.Release = b, s.back
	return &s.Answer
}
