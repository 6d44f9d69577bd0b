package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// warmFor is how long after a device asked a route is worth warming when it changes; the rest is planned on demand.
const warmFor = 10 * time.Minute

// askedRoutes remembers when each route was asked last, over releases. It holds at most the routes that were ever served.
type askedRoutes struct {
	mu      sync.Mutex
	last    map[string]*lastAsked
	recents recents
}

// lastAsked is in seconds since 1970, and what was asked.
type lastAsked struct {
	at     atomic.Int64
	recent recentRequests
}

func (a *askedRoutes) of(route string) *lastAsked {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[string]*lastAsked{}
	}
	l := a.last[route]
	if l == nil {
		l = &lastAsked{recent: recentRequests{all: &a.recents}}
		a.last[route] = l
	}
	return l
}

// now notes that the route is asked. It writes once a second at most: processors would fight over it.
func (l *lastAsked) now() {
	if now := time.Now().Unix(); l.at.Load() != now {
		l.at.Store(now)
	}
}

func (l *lastAsked) lately() bool {
	return time.Since(time.Unix(l.at.Load(), 0)) < warmFor
}

// asking says whether devices ask at present, whatever it is.
func (a *askedRoutes) asking() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	recent := time.Now().Add(-askingFor).Unix()
	for _, l := range a.last {
		if l.at.Load() >= recent {
			return true
		}
	}
	return false
}

// askingFor is how long after a request the next is expected.
const askingFor = 5 * time.Second
