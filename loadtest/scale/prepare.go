package scale

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// The environments of a prepared world: all versions, and the first ten alone.
const (
	manyEnv = "many"
	fewEnv  = "few"
)

// fewVersions are what many are measured against: one of each size.
const fewVersions = len(sizes)

// atOnce is how many versions one release adds. Releases are bounded in time, and read what the environment has already.
const atOnce = 500

// A Prepared world is in a store on disk.
type Prepared struct {
	World
	Dir      string        // of this world: objects/ is the store
	Fresh    bool          // it was made now
	Took     time.Duration // and so long it took
	versions []*Version
}

// Prepare publishes a world by the control API of an edge, and releases it, unless dir has it already. say is told how it goes.
func Prepare(ctx context.Context, edge, dir string, w World, say func(format string, args ...any)) (*Prepared, error) {
	p := &Prepared{World: w, Dir: filepath.Join(dir, "world-"+w.key())}
	for i := range w.Versions {
		p.versions = append(p.versions, w.Version(i))
	}
	done := filepath.Join(p.Dir, "made.json")
	if _, err := os.Stat(done); err == nil {
		return p, nil
	}
	if err := os.RemoveAll(p.Dir); err != nil { // half made
		return nil, err
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.make(ctx, edge, say); err != nil {
		return nil, err
	}
	p.Fresh, p.Took = true, time.Since(began)
	say("%d versions published and released in %v", w.Versions, p.Took.Round(time.Second/10))
	b, err := json.Marshal(w)
	if err == nil {
		err = os.WriteFile(done, b, 0o644)
	}
	return p, err
}

func (p *Prepared) make(ctx context.Context, edge string, say func(format string, args ...any)) error {
	at, err := serve(ctx, edge, "control", p.Dir, fmt.Sprintf(`env: %s
region: %s
store: { bucket: facet, accessKey: %s, embedded: { dir: %q } }
serve: { listen: "" }
ops: { listen: "127.0.0.1:0" }
control:
  listen: "127.0.0.1:0"
  keepEvery: 1h
  tokens: [{ name: scale, sha256: %s, scopes: [admin] }]
log: { level: warn }
`, manyEnv, region, accessKey, filepath.Join(p.Dir, "objects"), tokenSum()))
	if err != nil {
		return err
	}
	defer at.stop()
	c := &controller{url: at.Said["CONTROL_URL"]}
	if err := c.graph(ctx, graphText); err != nil {
		return err
	}
	var mu sync.Mutex
	published, told := 0, time.Now()
	for from := 0; from < len(p.versions); from += atOnce {
		part := p.versions[from:min(from+atOnce, len(p.versions))]
		group, sub := errgroup.WithContext(ctx)
		group.SetLimit(4)
		var ids []string
		for _, v := range part {
			ids = append(ids, v.ID())
			group.Go(func() error {
				err := c.publish(sub, manyEnv, v)
				mu.Lock()
				defer mu.Unlock()
				if published++; err == nil && time.Since(told) > 2*time.Second {
					told = time.Now()
					say("%d of %d versions are published", published, len(p.versions))
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if _, err := c.release(ctx, manyEnv, ids); err != nil {
			return err
		}
		if from == 0 {
			if _, err := c.release(ctx, fewEnv, ids[:min(len(ids), fewVersions)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// few are the versions of the small environment.
func (p *Prepared) few() []*Version { return p.versions[:min(len(p.versions), fewVersions)] }
