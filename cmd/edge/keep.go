package main

import (
	"context"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/storage/embedded"
)

// How a child that ends is started again: after a pause that doubles while it does not stay up.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 15 * time.Second
	stayedUp   = 30 * time.Second
)

// again starts something anew each time that it ends, until ctx does. start returns a channel that is closed when what it
// started has ended.
func again(ctx context.Context, ended <-chan struct{}, start func(ctx context.Context) (<-chan struct{}, error)) {
	pause, up := firstPause, time.Now()
	for {
		select {
		case <-ended:
		case <-ctx.Done():
			return
		}
		for {
			if time.Since(up) > stayedUp {
				pause = firstPause
			}
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return
			}
			pause = min(2*pause, mostPause)
			next, err := start(ctx)
			if err == nil {
				ended, up = next, time.Now()
				break
			}
		}
	}
}

// A keptStore is the embedded store as a child that is started again, at the same address, when it ends.
type keptStore struct {
	first *embedded.Server // says where it is, for ever
	mu    sync.Mutex
	now   *embedded.Server
	stop  context.CancelFunc
	done  chan struct{}
}

// keepStore starts the store. say is told of what happens to it later.
func keepStore(ctx context.Context, o embedded.Options, say func(format string, args ...any)) (*keptStore, error) {
	first, err := embedded.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(first.S3.Endpoint)
	if err != nil {
		first.Stop()
		return nil, err
	}
	o.Addr, o.AccessKey, o.SecretKey = u.Host, first.S3.AccessKey, first.S3.SecretKey
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k := &keptStore{first: first, now: first, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		again(ctx, first.Done(), func(ctx context.Context) (<-chan struct{}, error) {
			say("the store ended: serving goes on, saving does not; starting it again")
			next, err := embedded.Start(ctx, o)
			if err != nil {
				say("the store does not start: %v", err)
				return nil, err
			}
			say("the store is back")
			k.mu.Lock()
			k.now = next
			k.mu.Unlock()
			return next.Done(), nil
		})
	}()
	return k, nil
}

// Stop ends the child and returns when it is gone.
func (k *keptStore) Stop() {
	k.stop()
	<-k.done
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now.Stop()
}

// A relay keeps an address alive whose program came up elsewhere: what connects to the old address reaches the new one.
type relay struct {
	listener net.Listener
	target   atomic.Pointer[string]
}

// relayDial bounds how long the program behind a relay may take to accept.
const relayDial = 5 * time.Second

func openRelay(at, target string) (*relay, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l}
	r.target.Store(&target)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go r.pass(c)
		}
	}()
	return r, nil
}

func (r *relay) pass(in net.Conn) {
	defer in.Close()
	out, err := net.DialTimeout("tcp", *r.target.Load(), relayDial)
	if err != nil {
		return // the caller sees its connection end, as it would without a relay
	}
	defer out.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // either end may go at any time
			ended <- struct{}{}
		}()
	}
	<-ended
}

// keptTiers are a workspace's tier programs, each started again when it ends.
type keptTiers struct {
	mu      sync.Mutex
	running []*tierProcess
	relays  map[string]*relay // by the address that was announced first
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// keepTiers watches programs that startTiers has started, in the order of programs. say is told when one ends or is back.
func keepTiers(ctx context.Context, dir string, programs []tierProgram, running []*tierProcess, log io.Writer, say func(format string, args ...any)) *keptTiers {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k := &keptTiers{running: running, relays: map[string]*relay{}, stop: cancel}
	for i, first := range slices.Clone(running) {
		k.done.Go(func() {
			t := first // nil while it does not start
			again(ctx, t.done, func(ctx context.Context) (<-chan struct{}, error) {
				if t != nil {
					say("the tier %q ended: %v; starting it again", first.name, t.err)
				}
				t = nil
				next, announced, err := startTier(ctx, dir, programs[i], log)
				if err == nil {
					err = k.reach(first.announced, announced)
				}
				if err != nil {
					if next != nil {
						stopTiers([]*tierProcess{next})
					}
					say("the tier %q does not start: %v", first.name, err)
					return nil, err
				}
				t = next
				say("the tier %q is back", first.name)
				k.mu.Lock()
				k.running[i] = next
				k.mu.Unlock()
				return next.done, nil
			})
		})
	}
	return k
}

// reach makes what a program announced first lead to what it announces now.
func (k *keptTiers) reach(first, now map[string]string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, was := range first {
		is, ok := now[name]
		if !ok {
			return fault.New(fault.Invalid, "it announced %s before, and does not now", name)
		}
		from, to := hostPort(was), hostPort(is)
		if from == "" || to == "" || from == to {
			continue
		}
		if r := k.relays[from]; r != nil {
			r.target.Store(&to)
			continue
		}
		r, err := openRelay(from, to)
		if err != nil {
			return fault.Wrap(fault.Unavailable, "listen", from, err)
		}
		k.relays[from] = r
	}
	return nil
}

// hostPort is the address in what a program announced, a URL or an address; "" if there is none.
func hostPort(text string) string {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		return u.Host
	}
	if _, _, err := net.SplitHostPort(text); err == nil {
		return text
	}
	return ""
}

// Stop ends the programs and returns when they are gone.
func (k *keptTiers) Stop() {
	k.stop()
	k.done.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.relays {
		_ = r.listener.Close()
	}
	stopTiers(k.running)
}
