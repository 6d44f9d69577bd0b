package pack

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFromFSLimits(t *testing.T) {
	noise := make([]byte, 0, 4096) // what gzip cannot make smaller
	for i := range 128 {
		sum := sha256.Sum256([]byte{byte(i)})
		noise = append(noise, sum[:]...)
	}
	for _, c := range []struct {
		name   string
		limits Limits
		want   string
	}{
		{"none", Limits{}, ""},
		{"a file", Limits{File: 4000}, "noise.bin: error P031: noise.bin has 4096 bytes; a file may have 4000. Name what is needed under \"files\", or move the rest out\n"},
		{"together", Limits{Unpacked: 4200}, "package.json: error P031: the files have more than 4200 bytes together; package.json is one too many. Name what is needed under \"files\", or move the rest out\n"},
		{"files", Limits{Files: 2}, "package.json: error P031: there are more than 2 files; package.json is one too many. Name what is needed under \"files\", or move the rest out\n"},
		{"packed", Limits{Packed: 4000}, "package.json: error P031: the tarball has N bytes; it may have 4000. Name what is needed under \"files\", or move the rest out\n"},
		{"packed, but smaller than its files", Limits{Packed: 4400}, ""},
		{"path", Limits{Path: 8}, "noise.bin: error P031: the path noise.bin… has 9 bytes; it may have 8. Name what is needed under \"files\", or move the rest out\n"},
	} {
		_, ds := FromFS(fstest.MapFS{
			"home/package.json": {Data: []byte(sample)}, "home/index.ts": {Data: []byte(strings.Repeat("x", 100))}, "home/noise.bin": {Data: noise},
		}, "home", c.limits)
		got := string(lines(ds))
		if c.name == "packed" {
			var n int
			if _, err := fmt.Sscanf(got, "package.json: error P031: the tarball has %d bytes", &n); err == nil {
				got = strings.Replace(got, fmt.Sprint(n), "N", 1)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: want -, got +\n%s", c.name, d)
		}
	}
}

func TestFromFSManifest(t *testing.T) {
	for _, c := range []struct {
		name string
		fs   fstest.MapFS
		want string
	}{
		{"nothing", fstest.MapFS{}, "P030"},
		{"a folder", fstest.MapFS{"package.json/x": {}}, "P030"},
		{"too long", fstest.MapFS{"package.json": {Data: make([]byte, maxManifest+1)}}, "P030"},
		{"no JSON", fstest.MapFS{"package.json": {Data: []byte("{")}}, "P001"},
		{"no name", fstest.MapFS{"package.json": {Data: []byte("{}")}}, "P002"},
		{"no entry", fstest.MapFS{"package.json": {Data: []byte(`{"name":"x","version":"1.0.0","edge":{}}`)}}, "P021"},
		{"main is not there", fstest.MapFS{"package.json": {Data: []byte(`{"name":"x","version":"1.0.0","main":"a.ts","edge":{}}`)}}, "P021"},
		{"plain needs no entry", fstest.MapFS{"package.json": {Data: []byte(`{"name":"x","version":"1.0.0"}`)}}, ""},
	} {
		p, ds := FromFS(c.fs, ".", Limits{})
		if got := string(lines(ds)); !strings.Contains(got, c.want) || (p == nil) != (c.want != "") {
			t.Errorf("%s: %v, %q, want %s", c.name, p, got, c.want)
		}
	}
}

// TestWorkspaceTogether loads two packages of one workspace from many goroutines, with one of them forgotten in between.
func TestWorkspaceTogether(t *testing.T) {
	pkg := func(name, deps string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(fmt.Sprintf(`{ "name": %q, "version": "1.0.0", "exports": "./index.ts", "dependencies": {%s}, "edge": {} }`, name, deps))}
	}
	index := &fstest.MapFile{Data: []byte("export {}")}
	w, ds := newWorkspace("/w", fstest.MapFS{
		"package.json": {Data: []byte(`{ "workspaces": ["*"] }`)}, "a/package.json": pkg("a", `"c": "1"`), "a/index.ts": index, "b/package.json": pkg("b", `"c": "1"`), "b/index.ts": index, "c/package.json": pkg("c", ""), "c/index.ts": index,
	}, Limits{})
	if ds.Failed() {
		t.Fatal(ds)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, l, ds := w.load([]string{"a", "b"}[i%2]); l == nil || len(l.Modules) != 1 {
				t.Errorf("%v %v", l, ds)
			}
			w.Forget("/w/c")
		})
	}
	wg.Wait()
}

func TestLock(t *testing.T) {
	mod := func(name string) *Package {
		return &Package{Manifest: Manifest{Name: name, Version: "1.0.0"}, Digest: "sha256:" + name}
	}
	l := &Lock{Modules: map[string]*Package{"a@1.0.0": mod("a"), "b@1.0.0": mod("b"), "c@1.0.0": mod("c")}, Uses: map[string]map[string]string{
		"home@2.0.0": {"a": "a@1.0.0"}, "a@1.0.0": {"c": "c@1.0.0"}, "c@1.0.0": {"b": "b@1.0.0"}}}
	const want = "module a@1.0.0 sha256:a\nmodule b@1.0.0 sha256:b\nmodule c@1.0.0 sha256:c\nuse a@1.0.0: c -> c@1.0.0\nuse c@1.0.0: b -> b@1.0.0\nuse home@2.0.0: a -> a@1.0.0\n"
	if d := cmp.Diff(want, l.String()); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
	if got := fmt.Sprint(l.Order()); got != "[b@1.0.0 (0 files, sha256:b) c@1.0.0 (0 files, sha256:c) a@1.0.0 (0 files, sha256:a)]" {
		t.Errorf("order %s", got)
	}
	other := &Lock{Modules: l.Modules, Uses: map[string]map[string]string{"home@2.0.0": {"a": "a@1.0.0"}}}
	if l.Digest() == other.Digest() || !strings.HasPrefix(l.Digest(), "sha256:") {
		t.Errorf("digests %s and %s", l.Digest(), other.Digest())
	}
	var none *Lock
	if _, ok := none.Dep("home@2.0.0", "a"); ok || none.String() != "" {
		t.Error("no lock locks something")
	}
}

// FuzzRules holds that an ignore file of any bytes is read, and asked about any path, in no time.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"/dist\n!keep.log", "**/a/**/b", "{a,b{c,d}}x", "[!a-z]*.[ch]", "\\#x\\", "[", "[]]", "{", "a//b/", "*{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}{m,n}", "**/**/**/**/x", "?é[é]"} {
		f.Add(s, "a/b/c.ts")
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		if len(path) > 240 {
			return
		}
		best := time.Hour
		for try := 0; try < 3 && best > time.Second; try++ { // the machine may have been busy: what is slow is slow each time
			start := time.Now()
			rules := parseRules(text)
			top := &level{name: ".", rules: rules}
			top.packs(path, false, "")
			(&level{parent: top, name: "src", rules: rules}).packs(path, true, "")
			best = min(best, time.Since(start))
		}
		if best > time.Second && len(text) < 4096 {
			t.Fatalf("%q took %v", text, best)
		}
	})
}
