package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"facet/catalog"
	"facet/control"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

var patchPackages = flag.Int("modulespackages", 0, "how many packages TestModulePatch has; 0: 10,000 in full, else 100")

var profileTo = flag.String("modulesprofile", "", "where the profiles of TestModulePatch go")

const (
	patchMounts = 4 // packages on a route: one consumer, and three beside it
	rowsText    = `export const rowsVersion = %q;
`
)

// TestModulePatch measures a patch of a module that a tenth of an environment's packages follow: 1,000 of 10,000 in full. The consumers are
// the example's web package, the module its Originals.
func TestModulePatch(t *testing.T) {
	for name, store := range map[string]func(t *testing.T) storage.Store{
		"memory": func(*testing.T) storage.Store { return memory.New() },
		"s3":     func(t *testing.T) storage.Store { _, s := realBucket(t); return s },
	} {
		t.Run(name, func(t *testing.T) { patchModule(t, store(t), cmp.Or(*patchPackages, fullOr(10_000, 100))) })
	}
}

func patchModule(t *testing.T, store storage.Store, packages int) {
	consumers := packages / 10
	defer keepHeapFloor(int64(defaultConfig().Limits.HeapFloor))() // as edge serve does
	films := filepath.Join("..", "..", "examples", "films")
	w := releases(t, store)
	w.Check, w.Explain, w.Render = checkRoute, routeCosts, renderGolden // as edge serve has them
	w.env.Env = map[string]string{}
	for _, name := range []string{"CATALOG", "PROFILES", "ROWS", "BOOKMARKS", "ARTWORK", "SEARCH", "REVIEWS"} {
		w.env.Env[name+"_URL"] = "http://127.0.0.1:1"
	}
	sdl, err := os.ReadFile(filepath.Join(films, "graph.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	w.graph("1.4.0", string(sdl))
	module := func(version string) string { return w.put(patchOriginals(t, films, version)) }
	module("2.1.0")

	// Each route has a consumer for its first mount as long as there are any; what stands beside is one build under other names.
	routes := packages / patchMounts
	where := func(i int) (device, schema string) { return fmt.Sprintf("d%d", i/10), fmt.Sprintf("v%d", i%10+1) }
	began := time.Now()
	var ids []string
	web := folder(t, filepath.Join(films, "packages", "web-browse"))
	for i := range consumers {
		device, schema := where(i)
		ids = append(ids, w.put(patchConsumer(web, fmt.Sprintf("@team%d/browse%d", i%50, i), device, schema)))
	}
	t.Logf("%d consumers published in %v", consumers, time.Since(began).Round(time.Millisecond))
	others := patchOthers(w, films, routes, packages-consumers, where)
	first, err := release.First("dev", others.graph).Next("", others.change, release.Note{Why: "what stands beside"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.move("local", first)
	began = time.Now()
	before := w.deploy(ids...)
	t.Logf("first release of %d consumers over %d others in %v", consumers, packages-consumers, time.Since(began).Round(time.Millisecond))

	began = time.Now()
	i := w.start("one", func(c *catalog.Config[*served], _ *opener) {
		c.Interval, c.LookFor = 50*time.Millisecond, 5*time.Minute
	})
	for deadline := time.Now().Add(5 * time.Minute); i.catalog.Status().Release != before.Digest && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // a first load of thousands takes longer than tests are patient
	}
	i.serves(before.Digest)
	t.Logf("an instance loads %d packages on %d routes in %v", packages, routes, time.Since(began).Round(time.Millisecond))
	about := func(n int) string {
		device, schema := where(n)
		return i.get("/" + device + "/" + schema + "/about")
	}
	for n := range consumers {
		if n%10 == 0 {
			about(n) // some are asked: their engines are open
		}
	}

	w.Control = &control.Control{Store: store, Build: w.Build, Builder: w.Builder, Check: w.Check, Explain: w.Explain, Render: w.Render} // another process: nothing in memory
	id := module("2.1.1")
	if *profileTo != "" {
		f, err := os.Create(*profileTo + ".build")
		if err != nil {
			t.Fatal(err)
		}
		_ = pprof.StartCPUProfile(f)
	}
	began, cpu := time.Now(), processorNow()
	res := w.deploy(id)
	took, burnt := time.Since(began), processorNow()-cpu
	pprof.StopCPUProfile()
	moved := res.Pointers["local"]
	if *profileTo != "" {
		f, err := os.Create(*profileTo + ".live")
		if err != nil {
			t.Fatal(err)
		}
		_ = pprof.StartCPUProfile(f)
	}
	began, cpu = time.Now(), processorNow()
	i.serves(res.Digest)
	live, lively := time.Since(began), processorNow()-cpu
	pprof.StopCPUProfile()
	t.Logf("a patch: %d builds made and compared (%d outputs differ) in %v (%v of processor), live %v after the release (%v of processor)",
		len(res.Made), len(res.Outputs), took.Round(time.Millisecond), burnt.Round(time.Millisecond), live.Round(time.Millisecond), lively.Round(time.Millisecond))

	if len(res.Made) != consumers || len(res.Reused) != 0 || len(res.Failures) != 0 {
		t.Errorf("%d made, %d reused, %d failed: %v", len(res.Made), len(res.Reused), len(res.Failures), res.Failures[:min(3, len(res.Failures))])
	}
	if len(res.Outputs) != consumers || res.Outputs[0].String() != `about rows under fixtures/demo.json: "2.1.0" -> "2.1.1"` {
		t.Errorf("%d outputs differ: %v", len(res.Outputs), res.Outputs[:min(1, len(res.Outputs))])
	}
	if res.Release.Parent != before.Digest {
		t.Errorf("it is not one release: its parent is %s", release.Short(res.Release.Parent))
	}
	if p, _, err := w.Pointer(t.Context(), "dev", "local"); err != nil || p != moved {
		t.Errorf("the pointer: %+v %v", p, err)
	}
	unaffected := 0
	for d, b := range before.Release.Builds {
		if len(before.Release.Locks[d]) == 0 {
			if now, ok := res.Release.Builds[d]; !ok || now != b {
				t.Fatalf("%s was not to be rebuilt", b.Package)
			}
			unaffected++
		}
	}
	if unaffected != packages-consumers {
		t.Errorf("%d packages were not affected, want %d", unaffected, packages-consumers)
	}
	for n := range consumers {
		if got := about(n); !strings.Contains(got, `"2.1.1"`) {
			t.Fatalf("consumer %d: %s", n, got)
		}
	}
	// Of two processors that are its own: on a machine that others use too, the clock says nothing.
	if *long && (burnt > 60*time.Second || lively > 2*time.Second) {
		t.Errorf("the builds took %v of processor, 60 s are what two have in 30 s; the way to live took %v", burnt, lively)
	}
}

// processorNow is the processor time that this process has taken.
func processorNow() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// folder reads the files of a package as they are packed.
func folder(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	space, ds := pack.OpenWorkspace(dir, pack.DefaultLimits())
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	p, ds := space.Pack(dir)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	return p.Files
}

func patchOriginals(t testing.TB, films, version string) *pack.Package {
	files := maps.Clone(folder(t, filepath.Join(films, "packages", "originals-rows")))
	files["package.json"] = fmt.Appendf(nil, `{"name": "@originals/rows", "version": %q, "type": "module", "exports": "./src/index.ts", "edge": {"graph": "^1"}}`, version)
	files["src/index.ts"] = append(slices.Clone(files["src/index.ts"]), fmt.Sprintf(rowsText, version)...)
	return &pack.Package{Files: files}
}

// patchConsumer is the web package of the example under another name, with a view that tells the module's version.
func patchConsumer(web map[string][]byte, name, device, schema string) *pack.Package {
	files := maps.Clone(web)
	files["package.json"] = fmt.Appendf(nil, `{"name": %q, "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "dependencies": {"@originals/rows": "^2.1.0"},
"edge": {"device": [%q], "schema": %q, "graph": "^1", "bindings": {"@originals/rows": "live"}}}`, name, device, schema)
	text := strings.Replace(string(files["src/index.ts"]), "warmup = [", "warmup = [about.with({}), ", 1)
	files["src/index.ts"] = []byte(`import { view } from "@facet/sdk";
import { rowsVersion } from "@originals/rows";
export const about = view({ build: () => ({ rows: rowsVersion }) });
` + text)
	return &pack.Package{Files: files}
}

// beside is what stands beside the consumers.
type beside struct {
	graph  release.Graph
	change release.Change
}

// patchOthers makes builds of the player's views under other names, for every mount that is no consumer's.
func patchOthers(w *releasing, films string, routes, count int, where func(int) (string, string)) beside {
	w.t.Helper()
	out := beside{}
	player := folder(w.t, filepath.Join(films, "packages", "phone-home"))
	for slot := range patchMounts {
		files := maps.Clone(player)
		maps.DeleteFunc(files, func(name string, _ []byte) bool { return strings.Contains(name, "documents") }) // they ask for its own views
		name := fmt.Sprintf("@beside/p%d", slot)
		files["package.json"] = fmt.Appendf(nil, `{"name": %q, "version": "1.0.0", "type": "module", "exports": "./index.ts", "edge": {"device": ["tv"], "schema": "v%d", "graph": "^1"}}`, name, slot+1)
		files["index.ts"] = fmt.Appendf(nil, `import { graph, shape, view } from "@facet/sdk";
export const Card%[1]d = shape("Card%[1]d", graph.Title, (t) => ({ title: t.title, year: t.year, poster: t.artwork({ width: 200 }).url }));
export const some%[1]d = view({ build: () => ({ films: graph.titles({ filter: { sort: "RATING" } }).page({ first: 20, max: 50 }).map(Card%[1]d) }) });
`, slot)
		res, err := w.Release(w.t.Context(), control.Request{Env: "template", Deploy: []string{w.put(&pack.Package{Files: files})}, Graph: "1.4.0"})
		if err != nil {
			w.t.Fatal(err)
		}
		out.graph = res.Release.Graph
		for digest, b := range res.Release.Builds {
			if b.Package != name {
				continue
			}
			obj, err := w.store.Get(w.t.Context(), release.BuildKey(digest), storage.GetOptions{})
			if err != nil {
				w.t.Fatal(err)
			}
			x, err := view.Decode(obj.Body)
			if err != nil {
				w.t.Fatal(err)
			}
			for i := range routes {
				if slot == 0 && i >= count-routes*(patchMounts-1) {
					continue
				}
				at := i
				if slot == 0 { // the routes without a consumer are the last
					at = routes - 1 - i
				}
				device, schema := where(at)
				x.Package, x.Devices, x.Schema = fmt.Sprintf("@beside%d/%s-%s", slot, device, schema), []string{device}, schema
				raw, err := x.Encode()
				if err != nil {
					w.t.Fatal(err)
				}
				d := release.Digest(raw)
				w.write(release.BuildKey(d), raw)
				out.change.Put = append(out.change.Put, release.Placed{Device: device, Schema: schema, Digest: d,
					Build: release.Build{Package: x.Package, Version: x.Version, Graph: x.Graph, Input: d, Bytes: int64(len(raw))}})
			}
		}
	}
	if len(out.change.Put) != count {
		w.t.Fatalf("%d stand beside, want %d", len(out.change.Put), count)
	}
	return out
}
