package asker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"facet/fault"
)

// A keyset holds the keys that an endpoint or a file publishes, and keeps them while it cannot be read.
type keyset struct {
	config *TokenConfig
	keys   atomic.Pointer[[]*key] // nil until they were read once

	mu     sync.Mutex
	fetch  chan struct{} // closed when the fetch that runs is done; nil: none runs
	asked  time.Time     // when an unknown key last made it fetch
	failed error         // of the last fetch
	read   time.Time     // when the keys were last read

	stop context.CancelFunc
	done chan struct{}
}

func openKeyset(ctx context.Context, c *TokenConfig) *keyset {
	s := &keyset{config: c, done: make(chan struct{})}
	s.refresh(ctx)
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.keep(ctx)
	return s
}

func (s *keyset) close() {
	s.stop()
	<-s.done
}

// keep reads the keys again every so often: soon where the last reading failed.
func (s *keyset) keep(ctx context.Context) {
	defer close(s.done)
	retry := time.Second
	for {
		wait := s.config.Refresh
		s.mu.Lock()
		failed := s.failed != nil
		s.mu.Unlock()
		if failed {
			wait = min(retry, wait)
			retry = min(2*retry, time.Minute)
		} else {
			retry = time.Second
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
			s.refresh(ctx)
		}
	}
}

// refresh reads the keys, or waits for the reading that runs. It returns early when ctx ends.
func (s *keyset) refresh(ctx context.Context) {
	s.mu.Lock()
	running := s.fetch
	if running == nil {
		running = make(chan struct{})
		s.fetch = running
		go func() { // on its own: a request that goes away does not end the reading for the others
			list, err := s.config.load()
			s.mu.Lock()
			if s.failed = err; err == nil {
				s.read = time.Now()
				s.take(list)
			}
			s.fetch = nil
			s.mu.Unlock()
			if err != nil && s.config.Trouble != nil {
				s.config.Trouble(err)
			}
			close(running)
		}()
	}
	s.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
	}
}

// take makes the keys those of a list. Keys that stay keep what was verified with them; the others end it.
func (s *keyset) take(list []*key) {
	if before := s.keys.Load(); before != nil {
	next:
		for _, old := range *before {
			for i, k := range list {
				if k.text == old.text {
					list[i] = old
					continue next
				}
			}
			old.gone.Store(true)
		}
	}
	s.keys.Store(&list)
}

// find gives the key of an id; one that is not known makes the set read again, at most every RefetchEvery. A reading that had begun
// before may have missed the key: after that one it is read once more.
func (s *keyset) find(ctx context.Context, id, alg string) (*key, error) {
	for joined := true; joined && ctx.Err() == nil; {
		if k := s.known(id, alg); k != nil {
			return k, nil
		}
		s.mu.Lock()
		joined = s.fetch != nil
		now := time.Now()
		again := joined || now.Sub(s.asked) >= s.config.RefetchEvery
		if again && !joined {
			s.asked = now
		}
		s.mu.Unlock()
		if again {
			s.refresh(ctx)
		}
	}
	if k := s.known(id, alg); k != nil {
		return k, nil
	}
	s.mu.Lock()
	failed := s.failed != nil
	s.mu.Unlock()
	if failed || s.keys.Load() == nil { // it may be a new key: who has a good token is not told that it is bad
		return nil, fault.New(fault.Unavailable, "tokens cannot be verified now")
	}
	return nil, errUnknownKey
}

var errUnknownKey = errors.New("the key is not known")

// known is the key of an id, which is for the algorithm. A token that names none is of the only key that fits.
func (s *keyset) known(id, alg string) *key {
	list := s.keys.Load()
	if list == nil {
		return nil
	}
	var one *key
	for _, k := range *list {
		if k.alg != "" && k.alg != alg || id != "" && k.id != id {
			continue
		}
		if id != "" {
			return k
		}
		if one != nil {
			return nil
		}
		one = k
	}
	return one
}

// load reads the keys from where they are published.
func (c *TokenConfig) load() ([]*key, error) {
	if !strings.HasPrefix(c.JWKS, "http://") && !strings.HasPrefix(c.JWKS, "https://") {
		f, err := os.Open(c.JWKS)
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, "read key set", c.JWKS, err)
		}
		defer f.Close()
		return c.readKeys(f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.JWKS, http.NoBody)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "fetch key set", c.JWKS, err)
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := c.Client.Do(r)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "fetch key set", c.JWKS, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "fetch key set", Subject: c.JWKS, Message: "it answers " + res.Status}
	}
	return c.readKeys(res.Body)
}

func (c *TokenConfig) readKeys(from io.Reader) ([]*key, error) {
	text, err := io.ReadAll(io.LimitReader(from, c.MaxBytes+1))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "read key set", c.JWKS, err)
	}
	if int64(len(text)) > c.MaxBytes {
		return nil, &fault.Error{Kind: fault.TooLarge, Op: "read key set", Subject: c.JWKS, Message: "it is larger than a key set may be"}
	}
	list, err := readKeys(text, c.MaxKeys)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), "read key set", c.JWKS, err)
	}
	return list, nil
}
