package control_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"facet/fault"
	"facet/storage"
)

// A flaky store fails at random: 5xx and time-outs on reads and writes, 409, and writes that happened though no answer came.
type flaky struct {
	storage.Store
	rate float64 // of operations that fail

	mu    sync.Mutex
	rng   *rand.Rand
	Fails atomic.Int64
	Lost  atomic.Int64 // answers of writes that happened
}

func newFlaky(s storage.Store, rate float64, seed uint64) *flaky {
	return &flaky{Store: s, rate: rate, rng: rand.New(rand.NewPCG(seed, 1))}
}

func (f *flaky) roll() (bad bool, how int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.Float64() < f.rate, f.rng.IntN(4)
}

func (f *flaky) fail(kind fault.Kind, op, key string, err error) error {
	f.Fails.Add(1)
	return &fault.Error{Kind: kind, Op: op, Subject: key, Message: "injected", Err: err}
}

func (f *flaky) Get(ctx context.Context, key string, opts storage.GetOptions) (storage.Object, error) {
	if bad, how := f.roll(); bad {
		return storage.Object{}, f.fail([]fault.Kind{fault.Unavailable, fault.Timeout}[how%2], "storage.get", key, nil)
	}
	return f.Store.Get(ctx, key, opts)
}

func (f *flaky) Head(ctx context.Context, key string) (storage.Info, error) {
	if bad, _ := f.roll(); bad {
		return storage.Info{}, f.fail(fault.Unavailable, "storage.head", key, nil)
	}
	return f.Store.Head(ctx, key)
}

func (f *flaky) Put(ctx context.Context, key string, body []byte, opts storage.PutOptions) (storage.Info, error) {
	bad, how := f.roll()
	if !bad {
		return f.Store.Put(ctx, key, body, opts)
	}
	switch how {
	case 0:
		return storage.Info{}, f.fail(fault.Unavailable, "storage.put", key, nil)
	case 1:
		return storage.Info{}, f.fail(fault.Conflict, "storage.put", key, storage.ErrRetry)
	}
	if _, err := f.Store.Put(ctx, key, body, opts); err != nil {
		return storage.Info{}, err
	}
	f.Lost.Add(1)
	return storage.Info{}, f.fail([]fault.Kind{fault.Timeout, fault.Unavailable}[how%2], "storage.put", key, nil)
}

// A hook runs around the writes of a store. It is done before the first attempt, after a write that happened, or instead of it.
type hook struct {
	storage.Store
	before  func(key string)
	instead func(key string) error
	after   func(key string) error
}

func (h *hook) Put(ctx context.Context, key string, body []byte, opts storage.PutOptions) (storage.Info, error) {
	if h.before != nil {
		h.before(key)
	}
	if h.instead != nil {
		if err := h.instead(key); err != nil {
			return storage.Info{}, err
		}
	}
	info, err := h.Store.Put(ctx, key, body, opts)
	if err == nil && h.after != nil {
		if err := h.after(key); err != nil {
			return storage.Info{}, err
		}
	}
	return info, err
}
