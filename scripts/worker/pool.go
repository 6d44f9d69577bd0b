package worker

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"facet/fault"
)

// Options say what a Pool's children are. Zero fields take what is stated here.
type Options struct {
	Command     []string      // that starts a child: it must end up in Main; nil: this program with "script-worker"
	Env         []string      // of children, which inherit nothing
	Memory      int64         // bytes that a tenant's child may have; 0: 256 MiB
	BuildMemory int64         // bytes that a child may have that records a package; 0: 512 MiB
	BuildTime   time.Duration // that it may take; 0: 30 s
	Children    int           // tenants that have a child at a time; 0: 8
	Idle        time.Duration // after which a child that nobody asks ends; 0: 1 min
	Wait        time.Duration // for a child, where none is free; 0: 1 s
	Nice        int           // by how much children give way to others; 0: 5, below 0: not at all
	Deaths      int           // of a tenant's children, one after another, before it has to wait for the next; 0: 10. One is forgiven each second
	// Ended is told of a child that ended without being asked to; may be nil. It must be quick.
	Ended func(tenant, why string)
}

func (o Options) filled() (Options, error) {
	if len(o.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return o, fault.Wrap(fault.Internal, "worker", "", err)
		}
		o.Command = []string{exe, "script-worker"}
	}
	if o.Memory <= 0 {
		o.Memory = 256 << 20
	}
	if o.BuildMemory <= 0 {
		o.BuildMemory = 512 << 20
	}
	if o.BuildTime <= 0 {
		o.BuildTime = 30 * time.Second
	}
	if o.Children <= 0 {
		o.Children = 8
	}
	if o.Idle <= 0 {
		o.Idle = time.Minute
	}
	if o.Wait <= 0 {
		o.Wait = time.Second
	}
	if o.Nice == 0 {
		o.Nice = 5
	}
	if o.Deaths <= 0 {
		o.Deaths = 10
	}
	return o, nil
}

// A Pool starts children, gives each to one tenant, and replaces those that end. One more than is needed is always ready, so
// that a tenant whose child ended has the next at once. It is safe for concurrent use.
type Pool struct {
	o      Options
	spares chan *process
	stop   chan struct{}
	done   sync.WaitGroup
	builds chan struct{} // one token for each package that is recorded
	ids    atomic.Uint64

	mu      sync.Mutex
	tenants map[string]*tenant
	changed chan struct{} // closed, and made anew, when a child ended or lost its last user
	waiting int           // for that
	closed  bool
	trouble error // why no child can be started at present
}

// A tenant is who has a child for itself. All of it is under the pool's mu.
type tenant struct {
	name   string
	p      *process      // nil: none
	coming chan struct{} // closed when the child that is being fetched is there, or cannot be had
	deaths float64       // that are not forgiven
	died   time.Time     // when deaths was right
	until  time.Time     // no new child before
}

// NewPool makes a pool and starts its first child in the background.
func NewPool(o Options) (*Pool, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	p := &Pool{o: o, spares: make(chan *process), stop: make(chan struct{}), builds: make(chan struct{}, max(1, runtime.GOMAXPROCS(0))),
		tenants: map[string]*tenant{}, changed: make(chan struct{})}
	p.done.Go(p.breed)
	p.done.Go(p.reap)
	return p, nil
}

// Close ends all children. Calls under way fail with Unavailable.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	var all []*process
	for _, t := range p.tenants {
		if t.p != nil {
			all = append(all, t.p)
		}
	}
	p.mu.Unlock()
	close(p.stop)
	for _, c := range all {
		c.kill("the pool was closed")
		<-c.gone
	}
	p.done.Wait()
}

// breed keeps one child ready. It stays on one thread, which is what children die with, and which is as slow as they shall be.
func (p *Pool) breed() {
	runtime.LockOSThread() // for ever: the thread's niceness is of no use to others
	if p.o.Nice > 0 {
		lower(p.o.Nice)
	}
	pause := 50 * time.Millisecond
	for {
		c, err := start(&p.o)
		p.mu.Lock()
		p.trouble = err
		p.mu.Unlock()
		if err != nil {
			select {
			case <-p.stop:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, 5*time.Second)
			continue
		}
		pause = 50 * time.Millisecond
		select {
		case p.spares <- c:
		case <-c.gone:
		case <-p.stop:
			c.kill("the pool was closed")
			<-c.gone
			return
		}
	}
}

// spare is a child that nobody has yet.
func (p *Pool) spare(ctx context.Context) (*process, error) {
	for {
		select {
		case c := <-p.spares:
			if c.alive() {
				return c, nil
			}
		case <-p.stop:
			return nil, errClosed()
		case <-ctx.Done():
			p.mu.Lock()
			trouble := p.trouble
			p.mu.Unlock()
			return nil, &fault.Error{Kind: fault.Unavailable, Op: "worker", Message: "no script worker is ready", Err: trouble}
		}
	}
}

func errClosed() error {
	return &fault.Error{Kind: fault.Unavailable, Op: "worker", Message: "the script workers are closed"}
}

// take gives a tenant's child. Whoever took it calls leave.
func (p *Pool) take(ctx context.Context, name string) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Wait)
	defer cancel()
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, errClosed()
		}
		t := p.tenants[name]
		if t == nil {
			t = &tenant{name: name}
			p.tenants[name] = t
		}
		if t.p != nil && t.p.alive() {
			t.p.users.Add(1)
			c := t.p
			p.mu.Unlock()
			return c, nil
		}
		if wait := time.Until(t.until); t.p == nil && wait > 0 {
			p.mu.Unlock()
			return nil, &fault.Error{Kind: fault.Unavailable, Op: "worker", Subject: name, Message: "the script workers of " + name + " keep ending",
				Err: fmt.Errorf("the next is started in %v", wait.Round(time.Millisecond))}
		}
		wake := t.coming
		if t.p != nil { // it is ending: what that costs its tenant is written down before the tenant gets another
			wake = t.p.noted
		}
		if wake == nil {
			if wake = p.room(t); wake == nil {
				t.coming = make(chan struct{})
				p.mu.Unlock()
				p.fetch(ctx, t)
				if err := context.Cause(ctx); err != nil {
					return nil, p.tired(name)
				}
				continue
			}
		}
		p.waiting++
		p.mu.Unlock()
		tired := false
		select {
		case <-wake:
		case <-p.stop:
		case <-ctx.Done():
			tired = true
		}
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
		if tired {
			return nil, p.tired(name)
		}
	}
}

func (p *Pool) tired(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &fault.Error{Kind: fault.Unavailable, Op: "worker", Subject: name, Message: "no script worker is free", Err: p.trouble,
		Hint: "let the instance have more of them: scripts.workers"}
}

// room makes room for one more child: nil if there is, else what to wait for. It is called with mu held.
func (p *Pool) room(mine *tenant) chan struct{} {
	var oldest *tenant
	n := 0
	for _, t := range p.tenants {
		if t == mine || t.p == nil && t.coming == nil {
			continue
		}
		n++
		if t.p != nil && t.p.users.Load() == 0 && (oldest == nil || t.p.last.Load() < oldest.p.last.Load()) {
			oldest = t
		}
	}
	if n < p.o.Children {
		return nil
	}
	if oldest == nil {
		return p.changed
	}
	oldest.p.kill("another tenant needed its place")
	oldest.p = nil
	return nil
}

// fetch gets a tenant its child.
func (p *Pool) fetch(ctx context.Context, t *tenant) {
	c, err := p.spare(ctx)
	if err == nil {
		if err = c.give(p.o.Memory); err != nil {
			c.kill("it did not listen")
		}
	}
	p.mu.Lock()
	if err == nil && p.closed {
		c.kill("the pool was closed")
	} else if err == nil {
		t.p = c
		c.last.Store(time.Now().UnixNano())
		p.done.Go(func() { p.mourn(t, c) })
	}
	close(t.coming)
	t.coming = nil
	p.mu.Unlock()
}

// mourn takes note of the end of a tenant's child.
func (p *Pool) mourn(t *tenant, c *process) {
	<-c.gone
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(c.noted)
	p.signal()
	if t.p == c {
		t.p = nil
	} else if c.killed() {
		return // it was asked to end
	}
	if p.closed {
		return
	}
	now := time.Now()
	t.deaths = max(0, t.deaths-now.Sub(t.died).Seconds()) + 1
	t.died = now
	if !c.good.Load() { // it died at once
		t.deaths++
	}
	if over := t.deaths - float64(p.o.Deaths); over > 0 {
		t.until = now.Add(min(time.Duration(over*float64(250*time.Millisecond)), 5*time.Second))
	}
	if p.o.Ended != nil {
		p.o.Ended(t.name, c.why())
	}
}

// signal wakes those who wait for a place. It is called with mu held.
func (p *Pool) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Pool) leave(c *process) {
	c.last.Store(time.Now().UnixNano())
	if c.users.Add(-1) > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting > 0 {
		p.signal()
	}
}

// reap ends children that nobody asks.
func (p *Pool) reap() {
	tick := time.NewTicker(max(p.o.Idle/4, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-tick.C:
			p.mu.Lock()
			for name, t := range p.tenants {
				switch {
				case t.p == nil && t.coming == nil && now.Sub(t.died) > 10*time.Minute:
					delete(p.tenants, name)
				case t.p != nil && t.p.users.Load() == 0 && now.UnixNano()-t.p.last.Load() > int64(p.o.Idle):
					t.p.kill("nobody asked it")
					t.p = nil
				}
			}
			p.mu.Unlock()
		}
	}
}

// Child is what a pool says of one of its children.
type Child struct {
	Tenant string
	PID    int
	Since  time.Time
	Calls  int           // under way
	CPU    time.Duration // processor time that it has used; 0 where that cannot be told
}

// Children lists the tenants' children, by tenant.
func (p *Pool) Children() []Child {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Child
	for _, t := range p.tenants {
		if t.p != nil && t.p.alive() {
			all = append(all, Child{Tenant: t.name, PID: t.p.cmd.Process.Pid, Since: t.p.since, Calls: int(t.p.users.Load()), CPU: timeOf(processClock(t.p.cmd.Process.Pid))})
		}
	}
	slices.SortFunc(all, func(a, b Child) int {
		if a.Tenant < b.Tenant {
			return -1
		}
		return 1
	})
	return all
}
