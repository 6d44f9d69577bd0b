package control_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"facet/catalog"
	"facet/control"
	"facet/release"
	"facet/storage/embedded"
	"facet/storage/s3"
)

// TestFromTarballToInstance goes the whole way over a real S3 server: publish,
// build, release, one conditional write, and an instance that serves it.
func TestFromTarballToInstance(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Options{Dir: t.TempDir(), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	store, err := s3.Open(server.S3)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()

	w := newWorld(t, store)
	w.Now = time.Now
	w.films()
	var ids []string
	for i := range 40 { // so many that a module's release touches more than a handful
		id := fmt.Sprintf("@tv/row%d@1.0.0", i)
		w.publish(id, `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.0.0"`, fmt.Sprintf("view row%d", i))
		ids = append(ids, id)
	}
	res := w.release(control.Request{Env: "dev", Deploy: append(ids, "@tv/home", "@tv/player", "@phone/home")})

	dir := t.TempDir()
	cfg := catalog.Config[*catalog.Loaded]{
		Store: store, Acks: store, Env: "dev", Region: "local", Instance: "one", Dir: dir,
		Open: func(_ context.Context, l *catalog.Loaded, _ **catalog.Loaded) (*catalog.Loaded, error) { return l, nil },
	}
	run := func() (*catalog.Catalog[*catalog.Loaded], func()) {
		c, err := catalog.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = c.Run(ctx) })
		for deadline := time.Now().Add(10 * time.Second); !c.Status().Ready(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not ready: %+v", c.Status())
			}
		}
		return c, func() { cancel(); wg.Wait() }
	}
	serves := func(c *catalog.Catalog[*catalog.Loaded], res *control.Result) {
		t.Helper()
		l, leave, ok := c.Acquire()
		if !ok || l.Digest != res.Digest || len(l.Release.Builds) != len(res.Release.Builds) || string(l.Graphs[res.Release.Graph.Digest]) != sdl {
			t.Fatalf("the instance does not serve %s", release.Short(res.Digest))
		}
		leave()
	}
	c, stop := run()
	serves(c, res)

	began := time.Now()
	w.publish("@tv/player@1.0.1", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	res = w.release(control.Request{Env: "dev", Deploy: []string{"@tv/player"}})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	serves(c, res)
	t.Logf("one package from tarball to serving: %v", time.Since(began))

	began = time.Now()
	w.publish("@originals/rows@2.2.0", ``, ``, "")
	res = w.release(control.Request{Env: "dev", Deploy: []string{"@originals/rows"}})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	serves(c, res)
	if len(res.Made) != 41 {
		t.Errorf("%d builds followed the module, want 41", len(res.Made))
	}
	t.Logf("a module that 41 packages link: %v", time.Since(began))
	stop()

	// The store is gone; a restarted instance serves what it served last.
	server.Stop()
	c, stop = run()
	serves(c, res)
	if s := c.Status(); !s.Copy || s.Trouble == nil {
		t.Errorf("with the store gone: %+v", s)
	}
	stop()
}
