package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"facet/catalog"
	"facet/fault"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A region is a store with a pointer that tests move.
type region struct {
	t     *testing.T
	store *memory.Store
	last  release.Pointer
	state atomic.Int32 // of the store: up, down or hung
}

const (
	up = iota
	down
	hung
)

const sdl = "type Query { hello: String }"

func newRegion(t *testing.T) *region {
	r := &region{t: t, store: memory.New()}
	r.store.Before = func(ctx context.Context, _ memory.Op, _ string) error {
		switch r.state.Load() {
		case down:
			return fault.New(fault.Unavailable, "the store is down")
		case hung:
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	r.put(release.GraphKey("1.0.0"), []byte(sdl))
	return r
}

func (r *region) put(key string, body []byte) {
	r.t.Helper()
	if _, err := r.store.Put(r.t.Context(), key, body, storage.PutOptions{}); err != nil {
		r.t.Fatal(err)
	}
}

// make stores a release that mounts one package at each "name@version", and returns its digest and its builds'.
func (r *region) make(ids ...string) (digest string, builds []string) {
	r.t.Helper()
	change := release.Change{}
	graph := release.Graph{Version: "1.0.0", Digest: release.Digest([]byte(sdl))}
	for _, id := range ids {
		name, version, _ := strings.Cut(id, "@")
		b := &view.Build{Format: view.Format, Package: name, Version: version, Devices: []string{"tv"}, Schema: "v1", Graph: graph.Digest}
		raw, err := b.Encode()
		if err != nil {
			r.t.Fatal(err)
		}
		d := release.Digest(raw)
		r.put(release.BuildKey(d), raw)
		builds = append(builds, d)
		change.Put = append(change.Put, release.Placed{Device: "tv", Schema: "v1", Digest: d,
			Build: release.Build{Package: name, Version: version, Graph: graph.Digest, Input: release.Digest([]byte(id))}})
	}
	rel, err := release.First("prod", graph).Next("", change, release.Note{}, time.Unix(0, 0))
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := rel.Encode(1)
	if err != nil {
		r.t.Fatal(err)
	}
	for d, body := range e.Shards {
		r.put(release.ShardKey(d), body)
	}
	r.put(release.Key("prod", e.Digest), e.Header)
	return e.Digest, builds
}

// point moves the pointer.
func (r *region) point(digest string, at time.Time) {
	r.t.Helper()
	r.last = r.last.Next(digest, time.Now(), at)
	r.write(r.last)
}

func (r *region) write(p release.Pointer) {
	r.t.Helper()
	raw, err := p.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	r.put(release.PointerKey("prod", "eu"), raw)
}

// An opened release is what these catalogs serve.
type opened struct {
	digest string
	builds int
}

// An instance is a catalog at work, and what it told.
type instance struct {
	*catalog.Catalog[*opened]
	t      *testing.T
	mu     sync.Mutex
	told   []string
	closed []string
	stop   context.CancelFunc
	done   chan struct{}
}

func (r *region) start(change func(*catalog.Config[*opened])) *instance {
	r.t.Helper()
	i := &instance{t: r.t, done: make(chan struct{})}
	cfg := catalog.Config[*opened]{
		Store: r.store, Acks: r.store, Env: "prod", Region: "eu", Instance: "i1",
		Open: func(_ context.Context, l *catalog.Loaded, _ **opened) (*opened, error) {
			return &opened{digest: l.Digest, builds: len(l.Release.Builds)}, nil
		},
		Close: func(o *opened) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.closed = append(i.closed, release.Short(o.digest))
		},
		Report: func(e catalog.Event) {
			line := string(e.Phase) + " " + release.Short(e.Release)
			if e.Err != nil {
				line += " " + string(fault.KindOf(e.Err))
			}
			i.mu.Lock()
			defer i.mu.Unlock()
			i.told = append(i.told, strings.TrimSpace(line))
		},
	}
	if change != nil {
		change(&cfg)
	}
	c, err := catalog.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	i.Catalog = c
	ctx, cancel := context.WithCancel(r.t.Context())
	i.stop = func() { cancel(); <-i.done }
	go func() { defer close(i.done); _ = c.Run(ctx) }()
	synctest.Wait()
	return i
}

// serves fails the test unless the instance serves the digest ("" for nothing).
func (i *instance) serves(digest string) {
	i.t.Helper()
	got := ""
	if o, leave, ok := i.Acquire(); ok {
		got = o.digest
		leave()
	}
	if s := i.Status(); got != digest || s.Release != digest || s.Ready() != (digest != "") {
		i.t.Errorf("serves %q, says %q; want %q", release.Short(got), release.Short(s.Release), release.Short(digest))
	}
}

func (i *instance) events() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := i.told
	i.told = nil
	return out
}

func (r *region) ack() release.Instance {
	r.t.Helper()
	obj, err := r.store.Get(r.t.Context(), release.InstanceKey("prod", "eu", "i1"), storage.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	var ack release.Instance
	if err := json.Unmarshal(obj.Body, &ack); err != nil {
		r.t.Fatal(err)
	}
	return ack
}

func short(phase, digest string) string { return phase + " " + release.Short(digest) }

func tick() { time.Sleep(600 * time.Millisecond); synctest.Wait() }

func TestFollowsThePointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		i := r.start(nil)
		defer i.stop()
		i.serves("")
		if s := i.Status(); fault.KindOf(s.Trouble) != fault.NotFound {
			t.Errorf("before the first release: %v", s.Trouble)
		}
		one, _ := r.make("home@1", "player@1")
		r.point(one, time.Time{})
		tick()
		i.serves(one)
		held, leave, ok := i.Acquire()
		if !ok || held.builds != 2 {
			t.Fatalf("got %+v", held)
		}
		two, _ := r.make("home@2")
		r.point(two, time.Time{})
		if err := i.Refresh(t.Context()); err != nil { // at once
			t.Fatal(err)
		}
		i.serves(two)
		if s := i.Status(); s.Draining != 1 || len(i.closed) != 0 || s.Seq != 2 {
			t.Errorf("while a request holds the old one: %+v, closed %v", s, i.closed)
		}
		leave()
		synctest.Wait()
		if diff := cmp.Diff([]string{release.Short(one)}, i.closed); diff != "" || i.Status().Draining != 0 {
			t.Errorf("closed (-want +got):\n%s", diff)
		}
		if ack := r.ack(); ack.Release != two || ack.Seq != 2 || ack.Refused != nil || ack.At.IsZero() {
			t.Errorf("acknowledged %+v", ack)
		}
		i.stop()
		i.serves("")
		if diff := cmp.Diff([]string{release.Short(one), release.Short(two)}, i.closed); diff != "" {
			t.Errorf("closed at the end (-want +got):\n%s", diff)
		}
		want := []string{"trouble  not_found", short("seen", one), short("active", one), short("seen", two), short("active", two)}
		if diff := cmp.Diff(want, i.events()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestPlannedRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("home@1")
		two, _ := r.make("home@2")
		r.point(one, time.Time{})
		i := r.start(nil)
		defer i.stop()
		at := time.Now().Add(10*time.Second + 123*time.Millisecond)
		r.point(two, at)
		tick()
		i.serves(one)
		if s := i.Status(); s.Planned != two || !s.At.Equal(at) || s.Wanted != one {
			t.Errorf("%+v", s)
		}
		fresh := r.start(func(c *catalog.Config[*opened]) { c.Instance = "i2" })
		defer fresh.stop()
		fresh.serves(one)
		r.state.Store(hung) // what is planned is here already
		time.Sleep(time.Until(at) - time.Millisecond)
		synctest.Wait()
		i.serves(one)
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		i.serves(two)
	})
}

func TestOldPointerIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		dir := t.TempDir()
		keep := func(c *catalog.Config[*opened]) { c.Dir = dir }
		one, _ := r.make("home@1")
		two, _ := r.make("home@2")
		r.point(one, time.Time{})
		old := r.last
		r.point(two, time.Time{})
		i := r.start(keep)
		i.serves(two)
		r.write(old)
		tick()
		i.serves(two)
		if s := i.Status(); fault.KindOf(s.Trouble) != fault.Conflict || s.Seq != 2 {
			t.Errorf("after the replay: %+v", s)
		}
		i.stop()
		again := r.start(keep) // a restart does not forget
		again.serves(two)
		again.stop()
	})
}

func TestReleaseThatCannotBeServed(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(r *region, digest string, builds []string)
		build bool
	}{
		{"a build with other bytes", func(r *region, _ string, b []string) { r.put(release.BuildKey(b[0]), []byte(`{"format":1}`)) }, true},
		{"a header with other bytes", func(r *region, d string, _ []string) { r.put(release.Key("prod", d), []byte(`{}`)) }, false},
		{"a build too large", func(r *region, _ string, b []string) { r.put(release.BuildKey(b[0]), make([]byte, view.MaxEncoded+1)) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegion(t)
				one, _ := r.make("home@1")
				r.point(one, time.Time{})
				i := r.start(nil)
				defer i.stop()
				bad, builds := r.make("home@2", "player@2")
				c.spoil(r, bad, builds)
				r.point(bad, time.Time{})
				tick()
				tick()
				i.serves(one)
				want := ""
				if c.build {
					want = builds[0]
				}
				for _, refused := range []*release.Refusal{i.Status().Refused, r.ack().Refused} {
					if refused == nil || refused.Release != bad || refused.Build != want || refused.Reason == "" {
						t.Errorf("refused: %+v, want build %q", refused, want)
					}
				}
				if got := r.ack(); got.Release != one || got.Seq != 2 {
					t.Errorf("acknowledged %+v", got)
				}
				fresh := r.start(func(c *catalog.Config[*opened]) { c.Instance = "i2" })
				defer fresh.stop()
				fresh.serves(one) // a new instance serves what the region served before
				if fresh.Status().Refused == nil {
					t.Error("a new instance does not say that it refused")
				}
				three, _ := r.make("home@3")
				r.point(three, time.Time{})
				tick()
				i.serves(three)
				if s := i.Status(); s.Refused != nil || s.Trouble != nil || r.ack().Refused != nil {
					t.Errorf("after a good release: %+v", s)
				}
				if n := strings.Count(fmt.Sprint(i.events()), "refused"); n != 1 {
					t.Errorf("refused %d times, want once", n)
				}
			})
		})
	}
}

func TestTroubleIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("home@1")
		r.point(one, time.Time{})
		i := r.start(nil)
		defer i.stop()
		two, builds := r.make("home@2")
		obj, _ := r.store.Get(t.Context(), release.BuildKey(builds[0]), storage.GetOptions{})
		if err := r.store.Delete(t.Context(), release.BuildKey(builds[0])); err != nil {
			t.Fatal(err)
		}
		r.point(two, time.Time{})
		tick()
		i.serves(one)
		if s := i.Status(); s.Refused != nil || fault.KindOf(s.Trouble) != fault.NotFound {
			t.Errorf("while an object is on its way: %+v", s)
		}
		r.put(release.BuildKey(builds[0]), obj.Body)
		tick()
		i.serves(two)
		r.state.Store(down)
		tick()
		i.serves(two)
		if s := i.Status(); fault.KindOf(s.Trouble) != fault.Unavailable {
			t.Errorf("while the store is down: %+v", s)
		}
		r.state.Store(up)
		tick()
		if s := i.Status(); s.Trouble != nil || time.Since(s.Looked) > time.Second {
			t.Errorf("after: %+v", s)
		}
	})
}

func TestOpenAndWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		one, _ := r.make("home@1")
		two, builds := r.make("home@2")
		r.point(one, time.Time{})
		var mu sync.Mutex // guards both
		var fail error
		var took time.Duration
		i := r.start(func(c *catalog.Config[*opened]) {
			open := c.Open
			c.Open = func(ctx context.Context, l *catalog.Loaded, current **opened) (*opened, error) {
				mu.Lock()
				defer mu.Unlock()
				if fail != nil {
					return nil, fail
				}
				if (current == nil) != (l.Digest == one) {
					t.Errorf("opening %s is given %v", release.Short(l.Digest), current)
				}
				return open(ctx, l, current)
			}
			c.Warm = func(ctx context.Context, o *opened) error {
				began := time.Now()
				<-ctx.Done() // a warm-up that never ends
				mu.Lock()
				defer mu.Unlock()
				took = time.Since(began)
				return ctx.Err()
			}
		})
		defer i.stop()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		i.serves(one)
		if took != time.Second {
			t.Errorf("warm-ups took %v, want one second at most", took)
		}
		mu.Lock()
		fail = fault.New(fault.Unavailable, "a moment, please")
		mu.Unlock()
		r.point(two, time.Time{})
		tick()
		i.serves(one)
		if i.Status().Refused != nil {
			t.Error("a passing failure refused the release")
		}
		mu.Lock()
		fail = &catalog.BuildError{Build: builds[0], Err: errors.New("no plan")}
		mu.Unlock()
		tick()
		i.serves(one)
		if f := i.Status().Refused; f == nil || f.Build != builds[0] {
			t.Errorf("refused: %+v", f)
		}
		if fault.KindOf(i.Refresh(t.Context())) != fault.Conflict {
			t.Error("a look at a refused release must say so")
		}
	})
}

func TestLastKnownGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		dir := t.TempDir()
		keep := func(c *catalog.Config[*opened]) { c.Dir = dir }
		one, _ := r.make("home@1", "player@1")
		two, builds := r.make("home@2", "player@1")
		r.point(one, time.Time{})
		i := r.start(keep)
		r.point(two, time.Time{})
		tick()
		i.serves(two)
		i.stop()
		files, _ := os.ReadDir(filepath.Join(dir, "objects"))
		if len(files) != 8 { // two headers and shards, a graph, three builds: the release before is there to fall back to
			t.Errorf("%d objects on disk, want 8", len(files))
		}
		r.state.Store(down)
		again := r.start(keep)
		again.serves(two)
		if s := again.Status(); !s.Copy || fault.KindOf(s.Trouble) != fault.Unavailable {
			t.Errorf("with the store gone: %+v", s)
		}
		r.state.Store(up)
		tick()
		again.serves(two)
		if s := again.Status(); s.Copy || s.Trouble != nil {
			t.Errorf("with the store back: %+v", s)
		}
		again.stop()

		spoilt := filepath.Join(dir, "objects", strings.TrimPrefix(builds[0], "sha256:"))
		if err := os.WriteFile(spoilt, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		healed := r.start(keep) // what is spoilt on disk is fetched again
		healed.serves(two)
		healed.stop()
		r.state.Store(hung)
		waiting := r.start(keep)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		waiting.serves(two)
		waiting.stop()
	})
}

func TestAcquireWhileReleasesChange(t *testing.T) {
	r := newRegion(t)
	var digests []string
	for n := range 4 {
		d, _ := r.make(fmt.Sprintf("home@%d", n))
		digests = append(digests, d)
	}
	var mu sync.Mutex
	closed := map[*opened]bool{}
	c, err := catalog.New(catalog.Config[*opened]{
		Store: r.store, Env: "prod", Region: "eu", Instance: "i1", Interval: time.Hour,
		Open: func(_ context.Context, l *catalog.Loaded, _ **opened) (*opened, error) {
			return &opened{digest: l.Digest}, nil
		},
		Close: func(o *opened) { mu.Lock(); closed[o] = true; mu.Unlock() },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.point(digests[0], time.Time{})
	ctx, stop := context.WithCancel(t.Context())
	var wg, run sync.WaitGroup
	run.Go(func() { _ = c.Run(ctx) })
	if err := c.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				o, leave, ok := c.Acquire()
				if !ok {
					t.Error("nothing to serve in between")
					return
				}
				mu.Lock()
				if closed[o] {
					t.Error("a release in use was closed")
				}
				mu.Unlock()
				leave()
			}
		})
	}
	for n := range 40 {
		r.point(digests[n%4], time.Time{})
		if err := c.Refresh(ctx); err != nil {
			t.Error(err)
		}
	}
	close(end)
	wg.Wait()
	stop()
	run.Wait()
	if len(closed) != 41 && len(closed) != 40 {
		t.Errorf("%d releases were closed, want each", len(closed))
	}
}

func TestNewRefuses(t *testing.T) {
	open := func(context.Context, *catalog.Loaded, **opened) (*opened, error) { return nil, nil }
	for name, cfg := range map[string]catalog.Config[*opened]{
		"no store":    {Env: "e", Region: "r", Instance: "i", Open: open},
		"no open":     {Env: "e", Region: "r", Instance: "i", Store: memory.New()},
		"a bad name":  {Env: "../e", Region: "r", Instance: "i", Store: memory.New(), Open: open},
		"no instance": {Env: "e", Region: "r", Store: memory.New(), Open: open},
	} {
		if _, err := catalog.New(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}
