package scripts

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// Furnishing a machine takes milliseconds, and one takes some 400 KiB. So a few that nobody has used yet are made ahead, beside
// the requests, and those that have nothing to do are let go.
const (
	mostIdle  = 8                      // machines without work that are kept for each processor, of all packages together
	idleAfter = 150 * time.Millisecond // without a call: a machine counts as one without work
	proven    = 8                      // calls after which it has longer, as its package is one that is asked often
	idleLong  = 2 * time.Second
	lookEvery = 100 * time.Millisecond
)

// A store holds machines that are furnished and belong to nobody. What ran in one never comes back to it.
type store struct {
	once sync.Once
	made chan *machine
	want chan struct{}
}

var spares store

// newLimited is a furnished machine under limits: one that was made ahead, if there is one.
func newLimited(o *RunOptions) (*machine, error) {
	spares.once.Do(func() {
		n := 2 * runtime.GOMAXPROCS(0)
		spares.made, spares.want = make(chan *machine, min(n, 16)), make(chan struct{}, 1)
		go spares.fill()
	})
	select {
	case spares.want <- struct{}{}:
	default:
	}
	select {
	case m := <-spares.made:
		m.opts = o
		m.vm.SetMaxCallStackSize(o.CallStack)
		return m, nil
	default:
		return bareMachine(o, func(*machine) {})
	}
}

// fill makes machines, one after another, until there are enough; then it waits until one is taken.
func (s *store) fill() {
	o := RunOptions{}.filled()
	for range s.want {
		for len(s.made) < cap(s.made) {
			lane <- struct{}{} // nobody waits for it: it is made where it lets no request wait
			m, err := bareMachine(&o, func(*machine) {})
			leaveLane()
			if err != nil {
				break // who needs one meets the error himself
			}
			s.made <- m
		}
	}
}

// An attic knows the Functions whose machines may be without work.
type attic struct {
	mu     sync.Mutex
	owners map[*Functions]bool
	awake  bool
	wake   chan struct{}
}

var idlers = attic{owners: map[*Functions]bool{}, wake: make(chan struct{}, 1)}

// watch lets the machines of f go when they are without work for long.
func (a *attic) watch(f *Functions) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owners[f] = true
	if !a.awake {
		a.awake = true
		a.wake <- struct{}{} // it has room: run takes it before awake is false again
	}
}

// run looks while there is anything to look at. It is one goroutine for the process, begun with the watchdog.
func (a *attic) run() {
	for range a.wake {
		for time.Sleep(lookEvery); a.look(clock()); {
			time.Sleep(lookEvery)
		}
	}
}

// look lets go what is too much, and says whether there is anything left to look at.
func (a *attic) look(now int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	var since []int64
	for f := range a.owners {
		n, idle := f.idle(now, since)
		since = idle
		if n == 0 {
			delete(a.owners, f)
		}
	}
	if most := mostIdle * runtime.GOMAXPROCS(0); len(since) > most {
		slices.Sort(since)
		until := since[len(since)-most]
		for f := range a.owners {
			f.drop(now, until)
		}
	}
	a.awake = len(a.owners) > 0
	return a.awake
}

// idleAt says whether a machine that is free is without work.
func (m *machine) idleAt(now int64) bool {
	if m.calls >= proven {
		return now-m.since > int64(idleLong)
	}
	return now-m.since > int64(idleAfter)
}

// idle adds when machines without work were given back, and says how many machines are free.
func (f *Functions) idle(now int64, since []int64) (free int, _ []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.free {
		if m.idleAt(now) {
			since = append(since, m.since)
		}
	}
	if len(f.free) == 0 {
		f.watched = false
	}
	return len(f.free), since
}

// drop lets the machines without work go that were given back before a time.
func (f *Functions) drop(now, before int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = slices.DeleteFunc(f.free, func(m *machine) bool {
		if m.since >= before || !m.idleAt(now) {
			return false
		}
		m.stop()
		return true
	})
}
