package storage_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"facet/fault"
	"facet/storage"
	"facet/storage/memory"
)

func retryLater() error {
	return &fault.Error{Kind: fault.Conflict, Message: "two at once", Err: storage.ErrRetry}
}

// A write fails n times with an error, before or after it reached the store.
func failing(n int, err error, lands bool) *memory.Store {
	store := memory.New()
	inside := false
	store.Before = func(ctx context.Context, op memory.Op, key string) error {
		if op != memory.Put || n == 0 || inside {
			return nil
		}
		n--
		if lands {
			inside = true
			obj, _ := store.Get(ctx, key, storage.GetOptions{})
			_, _ = store.Put(ctx, key, append(obj.Body, 'x'), storage.PutOptions{})
			inside = false
		}
		return err
	}
	return store
}

func TestUpdate(t *testing.T) {
	down := fault.New(fault.Unavailable, "down")
	for _, c := range []struct {
		name  string
		store *memory.Store
		want  fault.Kind
		body  string
		calls int
	}{
		{"at once", memory.New(), "", "x", 1},
		{"409 three times", failing(3, retryLater(), false), "", "x", 4},
		{"no answer, not written", failing(1, down, false), "", "x", 2},
		{"no answer, but written", failing(1, down, true), "", "x", 1},
		{"409 for ever", failing(1000, retryLater(), false), fault.Conflict, "", 5},
		{"down for ever", failing(1000, down, false), fault.Unavailable, "", 5},
		{"refused", failing(1, fault.New(fault.Forbidden, "no"), false), fault.Forbidden, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				began := time.Now()
				_, err := storage.Update(t.Context(), c.store, "k", storage.UpdateOptions{Attempts: 5}, func(old []byte) ([]byte, error) {
					calls++
					return append(old, 'x'), nil
				})
				if fault.KindOf(err) != c.want || calls != c.calls {
					t.Errorf("got %v after %d calls, want %q after %d", err, calls, c.want, c.calls)
				}
				if waited := time.Since(began); (waited > 0) != (c.calls > 1 || c.name == "no answer, but written") || waited > 2*time.Second {
					t.Errorf("waited %v", waited)
				}
				obj, _ := c.store.Get(t.Context(), "k", storage.GetOptions{})
				if string(obj.Body) != c.body {
					t.Errorf("the object is %q, want %q", obj.Body, c.body)
				}
			})
		})
	}
}

func TestUpdateEnds(t *testing.T) {
	store := memory.New()
	if _, err := store.Put(t.Context(), "empty", nil, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	info, err := storage.Update(t.Context(), store, "empty", storage.UpdateOptions{}, func(old []byte) ([]byte, error) {
		if old == nil {
			t.Error("an empty object looks like none")
		}
		return nil, nil
	})
	if err != nil || info.Key != "empty" {
		t.Errorf("no change: %+v, %v", info, err)
	}
	mine := errors.New("mine")
	if _, err := storage.Update(t.Context(), store, "none", storage.UpdateOptions{}, func(old []byte) ([]byte, error) {
		if old != nil {
			t.Error("no object looks like one")
		}
		return nil, mine
	}); !errors.Is(err, mine) {
		t.Errorf("got %v, want the error of the change", err)
	}
	if _, err := store.Head(t.Context(), "none"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an update that failed wrote: %v", err)
	}
}

func TestPutImmutableIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for n, want := range map[int]fault.Kind{3: "", 4: fault.Conflict} {
			store := failing(n, retryLater(), false)
			if _, err := storage.PutImmutable(t.Context(), store, "k", []byte("b"), storage.PutOptions{}); fault.KindOf(err) != want {
				t.Errorf("409 %d times: %v, want %q", n, err, want)
			}
		}
	})
}

func FuzzCheckKey(f *testing.F) {
	for _, seed := range []string{"", "a/b", "a//b", "packages/@tv/home/1.0.0.tgz", "a/../b", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if storage.CheckKey(key) != nil {
			return
		}
		store := memory.New()
		if _, err := store.Put(t.Context(), key, nil, storage.PutOptions{}); err != nil {
			t.Errorf("a key that is allowed: %v", err)
		}
	})
}
