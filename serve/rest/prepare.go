package rest

import (
	"strings"
	"sync"

	"facet/composer"
)

// A selectionKey names a prepared selection within one engine.
type selectionKey struct {
	kind   composer.RootKind
	name   string
	fields string
	choose bool
}

// selections are what one Answerer's requests have chosen so far. When it is full, it begins anew: texts that are in use
// come back with their next request.
type selections struct {
	mu   sync.Mutex
	made map[selectionKey]*entry
}

// An entry is a prepared selection, with one composer.Selection for each set of arguments that it was asked with: equal
// requests then share one, and its plan.
type entry struct {
	prepared
	mu     sync.Mutex
	shared map[string]*composer.Selection
}

// maxShared bounds the argument sets of one entry: those past it get a Selection of their own.
const maxShared = 64

// attachedKey is the place in an Answerer's Attached, by handler: two handlers may have two sets of limits.
type attachedKey struct{ h *Handler }

func (h *Handler) prepare(a composer.Answerer, key selectionKey, choose func(c *chooser, fields []*asked)) (*entry, error) {
	all := a.Attached().Get(attachedKey{h}, func() any { return &selections{made: map[selectionKey]*entry{}} }).(*selections)
	all.mu.Lock()
	e := all.made[key]
	all.mu.Unlock()
	if e != nil {
		return e, nil
	}
	var fields []*asked
	if key.choose {
		var err error
		if fields, err = parseFields(key.fields, h.l); err != nil {
			return nil, err
		}
	}
	e = &entry{shared: map[string]*composer.Selection{}}
	c := &chooser{s: a.Surface(), l: h.l, out: &e.prepared}
	choose(c, fields)
	if c.err != nil {
		return nil, c.err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if have := all.made[key]; have != nil {
		return have, nil
	}
	if len(all.made) >= h.l.Selections {
		clear(all.made)
	}
	all.made[key] = e
	return e, nil
}

// with is the Selection of a request that gives these arguments.
func (e *entry) with(args []composer.Arg, root *composer.Root, mutation bool) *composer.Selection {
	var names strings.Builder
	for _, a := range args {
		names.WriteString(a.Name)
		names.WriteByte(' ')
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.shared[names.String()]; s != nil {
		return s
	}
	s := &composer.Selection{Roots: []*composer.Root{root}, Mutation: mutation}
	if len(e.shared) < maxShared {
		e.shared[names.String()] = s
	}
	return s
}
