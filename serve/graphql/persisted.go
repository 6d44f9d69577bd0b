package graphql

import (
	"container/list"
	"sync"
)

// persisted are the documents of automatic persisted queries, by the device schema that they were registered at and their hash. Together
// they are bounded by the bytes of their texts, and those of one schema by a share of it: what a device registers, in good faith or not,
// lets others keep theirs. The least recently used go first.
//
// They outlive releases: what belongs to one is read again from its text.
type persisted struct {
	max int

	mu    sync.Mutex
	size  int
	order *list.List // of *persistedText, of all schemas, most recent first
	by    map[routeName]*persistedAt
}

// persistedAt are those of one schema.
type persistedAt struct {
	size  int
	order *list.List // of *persistedText
	texts map[string]*persistedText
}

type persistedText struct {
	at         routeName
	hash, text string
	all, own   *list.Element // its places in the orders
}

// persistedShare is the part of all that one schema may keep: one in so many.
const persistedShare = 4

func newPersisted(max int) *persisted {
	return &persisted{max: max, order: list.New(), by: map[routeName]*persistedAt{}}
}

func (p *persisted) get(at routeName, hash string) (text string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.find(at, hash)
	if t == nil {
		return "", false
	}
	return t.text, true
}

// find makes what it finds the most recent.
func (p *persisted) find(at routeName, hash string) *persistedText {
	a := p.by[at]
	if a == nil || a.texts[hash] == nil {
		return nil
	}
	t := a.texts[hash]
	p.order.MoveToFront(t.all)
	a.order.MoveToFront(t.own)
	return t
}

// add keeps a text whose hash was checked. One that is larger than a quarter of a schema's share is not kept.
func (p *persisted) add(at routeName, hash, text string) {
	share := p.max / persistedShare
	size := len(hash) + len(text)
	if size > share/4 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.find(at, hash) != nil {
		return
	}
	a := p.by[at]
	if a == nil {
		a = &persistedAt{order: list.New(), texts: map[string]*persistedText{}}
		p.by[at] = a
	}
	t := &persistedText{at: at, hash: hash, text: text}
	t.all, t.own = p.order.PushFront(t), a.order.PushFront(t)
	a.texts[hash] = t
	a.size += size
	p.size += size
	for a.size > share {
		p.forget(a.order.Back().Value.(*persistedText))
	}
	for p.size > p.max {
		p.forget(p.order.Back().Value.(*persistedText))
	}
}

func (p *persisted) forget(t *persistedText) {
	a := p.by[t.at]
	p.order.Remove(t.all)
	a.order.Remove(t.own)
	delete(a.texts, t.hash)
	size := len(t.hash) + len(t.text)
	a.size -= size
	p.size -= size
	if len(a.texts) == 0 {
		delete(p.by, t.at)
	}
}
