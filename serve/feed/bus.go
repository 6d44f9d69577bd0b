// Package feed tells devices what others' mutations made stale in their caches, as server-sent events.
package feed

import (
	"sync"

	"facet/composer"
)

// A Bus carries what mutations wrote to all listeners of an environment.
type Bus interface {
	// Publish passes writes on; it does not wait for listeners.
	Publish(writes []composer.Write)
	// Subscribe gives what is published from now on, and a function that ends it. A subscriber that does not keep up gets
	// an Event that says that some were lost, never a wait for others.
	Subscribe() (<-chan Event, func())
}

// An Event is what one mutation wrote.
type Event struct {
	Writes []composer.Write
	Lost   bool // some events before it did not get through: everything may be stale
}

// backlog is how many events a subscriber may be behind.
const backlog = 64

// Local is a Bus within one process.
type Local struct {
	mu   sync.Mutex
	subs map[*subscriber]bool
}

type subscriber struct {
	ch   chan Event
	lost bool
}

// NewLocal makes a Bus without subscribers.
func NewLocal() *Local { return &Local{subs: map[*subscriber]bool{}} }

// Publish implements Bus.
func (l *Local) Publish(writes []composer.Write) {
	if len(writes) > 0 {
		l.send(Event{Writes: writes})
	}
}

// Lose tells every subscriber that events were lost, where a transport knows of a gap.
func (l *Local) Lose() { l.send(Event{Lost: true}) }

func (l *Local) send(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.subs {
		out := e
		out.Lost = e.Lost || s.lost
		select {
		case s.ch <- out:
			s.lost = false
		default:
			s.lost = true
		}
	}
}

// Subscribe implements Bus.
func (l *Local) Subscribe() (<-chan Event, func()) {
	s := &subscriber{ch: make(chan Event, backlog)}
	l.mu.Lock()
	l.subs[s] = true
	l.mu.Unlock()
	return s.ch, func() {
		l.mu.Lock()
		delete(l.subs, s)
		l.mu.Unlock()
	}
}
