package sim_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/catalog"
	"facet/loadtest/sim"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

// A counter counts what instances ask of a store, by class.
type counter struct {
	storage.Store
	mu        sync.Mutex
	requests  map[sim.Class]int64
	unchanged int64
}

func (c *counter) Get(ctx context.Context, key string, o storage.GetOptions) (storage.Object, error) {
	obj, err := c.Store.Get(ctx, key, o)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[classOf(key)]++
	if obj.Unchanged {
		c.unchanged++
	}
	return obj, err
}

func (c *counter) Put(ctx context.Context, key string, body []byte, o storage.PutOptions) (storage.Info, error) {
	c.mu.Lock()
	c.requests[classOf(key)]++
	c.mu.Unlock()
	return c.Store.Put(ctx, key, body, o)
}

func classOf(key string) sim.Class {
	for prefix, class := range map[string]sim.Class{"envs/": sim.Pointer, "releases/": sim.Header, "shards/": sim.Shard, "graphs/": sim.Graph, "builds/": sim.Build, "instances/": sim.Ack} {
		if strings.HasPrefix(key, prefix) {
			return class
		}
	}
	return sim.List
}

// fleet is what the real instances and those of the model both are.
const (
	fleetInstances = 5
	fleetBuilds    = 40
	fleetShards    = 8
	fleetLooks     = 12
)

// TestModelAsRealInstances runs real catalogs over a counted store, and as many of the model: both ask the same, request for request.
func TestModelAsRealInstances(t *testing.T) {
	for _, disk := range []bool{true, false} {
		t.Run(fmt.Sprintf("disk=%v", disk), func(t *testing.T) {
			real, changedShards := realFleet(t, disk)
			m := sim.Defaults()
			m.Instances, m.Regions, m.Keepers, m.Builds, m.Shards = fleetInstances, 1, 0, fleetBuilds, fleetShards
			m.ChangedShards, m.Releases, m.Disk = changedShards, 1, false // both start with nothing
			m.Empty, m.Latency, m.Reads, m.Writes, m.Boot = true, 0, 0, 0, time.Millisecond
			m.OpenBase, m.OpenEach = time.Millisecond, 0
			m.Heartbeat, m.Interval = 24*time.Hour, time.Second
			m.Bandwidth = 1 << 40
			got := fromStart(t, m)
			for class, want := range map[sim.Class]int64{sim.Header: 2, sim.Shard: int64(fleetShards + changedShards), sim.Graph: 1, sim.Build: fleetBuilds + 1} {
				if n := got.Counts[class.String()].Requests; n != want*fleetInstances || n != real.requests[class] {
					t.Errorf("%s: the model asks %d times, the instances %d, expected are %d", class, n, real.requests[class], want*fleetInstances)
				}
			}
			if n := got.Counts["pointer"]; float64(n.Requests)/float64(got.Looks) != 1 || real.requests[sim.Pointer] != fleetInstances*fleetLooks {
				t.Errorf("pointers: the model reads %d in %d looks, the instances %d in %d", n.Requests, got.Looks, real.requests[sim.Pointer], fleetInstances*fleetLooks)
			}
			if n := got.Counts["pointer"]; n.Requests-n.Unchanged != 2*fleetInstances || real.requests[sim.Pointer]-real.unchanged != 2*fleetInstances {
				t.Errorf("changed pointers: the model reads %d, the instances %d, expected are %d", n.Requests-n.Unchanged, real.requests[sim.Pointer]-real.unchanged, 2*fleetInstances)
			}
		})
	}
}

// fromStart is what came of a model whose instances start with nothing, and then see one release.
func fromStart(t *testing.T, m sim.Model) *sim.Result {
	t.Helper()
	m.For = fleetLooks * time.Second
	r, err := sim.Run(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// realFleet has catalogs look so often, with a release of one changed build in between, and says how many shards that changed.
func realFleet(t *testing.T, disk bool) (*counter, int) {
	store := &counter{Store: memory.New(), requests: map[sim.Class]int64{}}
	first := makeRelease(t, store, 0)
	next := makeRelease(t, store, 1)
	changed := 0
	for d := range next.Shards {
		if _, had := first.Shards[d]; !had {
			changed++
		}
	}
	pointer := release.Pointer{}.Next(first.Digest, time.Now(), time.Time{})
	point(t, store, pointer)
	var all []*catalog.Catalog[string]
	for i := range fleetInstances {
		dir := ""
		if disk {
			dir = t.TempDir()
		}
		c, err := catalog.New(catalog.Config[string]{Store: store, Env: "dev", Region: "eu", Instance: fmt.Sprintf("i%d", i), Dir: dir,
			Open: func(_ context.Context, l *catalog.Loaded, _ *string) (string, error) { return l.Digest, nil }})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	store.requests = map[sim.Class]int64{} // what was written is the control plane's
	for n := range fleetLooks {
		if n == fleetLooks/2 {
			before := store.requests[sim.Pointer]
			point(t, store, pointer.Next(next.Digest, time.Now(), time.Time{}))
			store.requests[sim.Pointer] = before
		}
		for _, c := range all {
			if err := c.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range all {
		if s := c.Status(); s.Release != next.Digest {
			t.Fatalf("%+v", s)
		}
	}
	return store, changed
}

func point(t *testing.T, store storage.Store, p release.Pointer) {
	t.Helper()
	raw, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	put(t, store, release.PointerKey("dev", "eu"), raw)
}

func put(t *testing.T, store storage.Store, key string, body []byte) {
	t.Helper()
	if _, err := store.Put(t.Context(), key, body, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// makeRelease stores a release of builds without views; the first of them is of a version.
func makeRelease(t *testing.T, store storage.Store, version int) *release.Encoded {
	t.Helper()
	sdl := []byte("type Query { x: Int }")
	graph := release.Graph{Version: "1.0.0", Digest: release.Digest(sdl)}
	put(t, store, release.GraphKey(graph.Version), sdl)
	change := release.Change{}
	for i := range fleetBuilds {
		b := &view.Build{Format: view.Format, Package: fmt.Sprintf("@fleet/p%d", i), Version: "1.0.0", Devices: []string{fmt.Sprintf("d%d", i)}, Schema: "v1", Graph: graph.Digest}
		if i == 0 {
			b.Version = fmt.Sprintf("1.0.%d", version)
		}
		raw, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		d := release.Digest(raw)
		put(t, store, release.BuildKey(d), raw)
		change.Put = append(change.Put, release.Placed{Device: b.Devices[0], Schema: "v1", Digest: d,
			Build: release.Build{Package: b.Package, Version: b.Version, Graph: graph.Digest, Input: d, Bytes: int64(len(raw))}})
	}
	r, err := release.First("dev", graph).Next("", change, release.Note{Why: "a fleet"}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Encode(fleetShards)
	if err != nil {
		t.Fatal(err)
	}
	for d, body := range e.Shards {
		put(t, store, release.ShardKey(d), body)
	}
	put(t, store, release.Key("dev", e.Digest), e.Header)
	return e
}

// TestCost holds the arithmetic of a small fleet against what can be worked out by hand.
func TestCost(t *testing.T) {
	m := sim.Defaults()
	m.Instances, m.Regions, m.Keepers, m.Releases, m.Latency = 100, 2, 0, 0, 0
	m.Bandwidth = 1 << 40
	m.For, m.Interval, m.Heartbeat = time.Hour, time.Second, 10*time.Second
	r, err := sim.Run(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Counts["pointer"]; n.Requests != 100*3600 || n.Unchanged != n.Requests {
		t.Errorf("%d pointers are read, %d unchanged; 100 instances look 3,600 times", n.Requests, n.Unchanged)
	}
	if n := r.Counts["ack"].Requests; n < 100*340 || n > 100*380 {
		t.Errorf("%d acknowledgements, expected are about 100 x 360", n)
	}
	if want := 360*0.0004 + float64(r.Counts["ack"].Requests)/1000*0.005; r.Cost.Hour < want*0.999 || r.Cost.Hour > want*1.001 {
		t.Errorf("$%.4f an hour, want $%.4f", r.Cost.Hour, want)
	}
}

// TestThrottled: a store that answers less than is asked of it is asked again, and the last instance is ready in the end.
func TestThrottled(t *testing.T) {
	m := sim.Defaults()
	m.Instances, m.Regions, m.Builds, m.Shards, m.Keepers = 50, 1, 100, 4, 0
	m.Restart, m.Disk, m.Releases, m.Reads, m.For = true, false, 1, 300, 4*time.Minute
	r, err := sim.Run(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if r.Refused == 0 || r.Failed == 0 {
		t.Errorf("nothing was throttled: %+v", r.Counts)
	}
	if r.Waiting > 0 || r.Ready.Count != 50 || r.Missed > 0 {
		t.Errorf("%d instances wait, %d are ready, %d missed the release", r.Waiting, r.Ready.Count, r.Missed)
	}
	again, err := sim.Run(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if again.Looks != r.Looks || again.Ready != r.Ready {
		t.Error("the same seed gives another result")
	}
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(*sim.Model){
		"no instance":    func(m *sim.Model) { m.Instances = 0 },
		"no region":      func(m *sim.Model) { m.Regions = 0 },
		"no interval":    func(m *sim.Model) { m.Interval = 0 },
		"too much":       func(m *sim.Model) { m.Changed = m.Builds + 1 },
		"no downloads":   func(m *sim.Model) { m.Downloads = 0 },
		"less than no s": func(m *sim.Model) { m.Latency = -1 },
	} {
		m := sim.Defaults()
		change(&m)
		if _, err := sim.Run(t.Context(), m); err == nil {
			t.Errorf("%s: nobody complains", name)
		}
	}
}
