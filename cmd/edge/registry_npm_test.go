package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/pack"
)

// TestNpm is a team's way with the stock client: publish, look, install, tag, deprecate, unpublish.
func TestNpm(t *testing.T) {
	w := npmWorld(t, registryConfig{Enabled: true})
	at := t.TempDir()

	// What does not build is not published, and npm prints why, at the author's line.
	w.bad("originals", w.folder("originals-rows", "src/index.ts", "t.source", "t.sauce"), `(?s)400 Bad Request.*@originals/rows@2.1.0 is not published.*src/index\.ts:\d+:\d+: error F\d+: .*sauce`, "publish")
	w.bad("originals", at, `E404`, "view", "@originals/rows")

	rows := w.folder("originals-rows")
	w.good("originals", rows, `\+ @originals/rows@2\.1\.0`, "publish")
	var packed []struct{ Integrity, Shasum string }
	decode(t, w.good("originals", rows, "", "pack", "--json"), &packed)
	var dist struct{ Integrity, Shasum, Tarball string }
	decode(t, w.good("reader", at, "", "view", "@originals/rows", "dist", "--json"), &dist)
	if dist.Integrity != packed[0].Integrity || dist.Shasum != packed[0].Shasum {
		t.Errorf("got %v; npm packed %v", dist, packed)
	}

	// A version is published once; the very same tarball may come again.
	w.bad("originals", rows, `cannot publish over the previously published versions: 2\.1\.0`, "publish")
	w.good("originals", rows, `\+ @originals/rows@2\.1\.0`, "publish", "--force")
	other := w.folder("originals-rows", "src/index.ts", `"ORIGINAL"`, `"OURS"`)
	w.bad("originals", other, `(?s)403 Forbidden.*@originals/rows@2\.1\.0 is published already, and a version never changes\n.*raise the version in package\.json`, "publish", "--force")

	// An install, from nothing and from its lock file.
	app := w.project("app")
	w.good("reader", app, `added 1 package`, "install", "@originals/rows")
	lock, err := os.ReadFile(filepath.Join(app, "package-lock.json"))
	if err != nil || !strings.Contains(string(lock), packed[0].Integrity) || !strings.Contains(string(lock), dist.Tarball) {
		t.Errorf("the lock file lacks %s: %v\n%s", packed[0].Integrity, err, lock)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "cache-reader")); err != nil {
		t.Fatal(err)
	}
	w.good("reader", app, `added 1 package`, "ci")
	if got, err := os.ReadFile(filepath.Join(app, "node_modules", "@originals", "rows", "src", "index.ts")); err != nil || !strings.Contains(string(got), "originalsBadge") {
		t.Error(err, string(got))
	}

	// Tags.
	next := w.folder("originals-rows", "package.json", `"2.1.0"`, `"2.2.0"`)
	w.good("originals", next, `\+ @originals/rows@2\.2\.0`, "publish", "--tag", "beta")
	w.good("reader", at, `(?s)beta: 2\.2\.0.*latest: 2\.1\.0`, "dist-tag", "ls", "@originals/rows")
	w.good("originals", at, `\+old: @originals/rows@2\.1\.0`, "dist-tag", "add", "@originals/rows@2.1.0", "old")
	w.bad("originals", at, `404 .*has no version 9\.9\.9`, "dist-tag", "add", "@originals/rows@9.9.9", "old")
	w.good("originals", at, `-old: @originals/rows@2\.1\.0`, "dist-tag", "rm", "@originals/rows", "old")
	w.bad("originals", at, `400 .*latest stays`, "dist-tag", "rm", "@originals/rows", "latest")
	w.good("reader", at, `(?m)^2\.2\.0$`, "view", "@originals/rows@beta", "version")

	// Deprecation is told by who installs, and can be taken back.
	w.good("originals", at, "", "deprecate", "@originals/rows@<2.2", "the badge is wrong")
	w.good("reader", w.project("warned"), `deprecated @originals/rows@2\.1\.0: the badge is wrong`, "install", "@originals/rows@2.1.0")
	w.good("reader", w.project("spared"), `(?s)added 1 package`, "install", "@originals/rows@2")
	w.good("originals", at, "", "undeprecate", "@originals/rows@2.1.0")
	if in, err := w.Index(t.Context(), "@originals/rows"); err != nil || in.Versions["2.1.0"].Deprecated != "" {
		t.Error(in, err)
	}

	// What a device is served from stays.
	w.good("tv", w.folder("tv-home"), `\+ @tv/home@2\.5\.0`, "publish")
	w.deploy("@tv/home@2.5.0")
	w.bad("originals", at, `(?s)409 Conflict.*@originals/rows@2\.2\.0: is served: .*@tv/home@2\.5\.0`, "unpublish", "@originals/rows@2.2.0")
	w.good("tv", w.folder("tv-home", "package.json", "2.5.0", "2.4.9"), `\+ @tv/home@2\.4\.9`, "publish", "--tag", "older")
	w.bad("tv", at, `(?s)409 Conflict.*@tv/home@2\.5\.0: is served: .*tv/v2`, "unpublish", "--force", "@tv/home")
	w.good("tv", at, `2\.4\.9`, "view", "@tv/home@older", "version") // all or nothing
	w.good("reader", at, `2\.2\.0`, "view", "@originals/rows@2.2.0", "version")
	w.good("originals", at, `- @originals/rows@2\.1\.0`, "unpublish", "@originals/rows@2.1.0")
	w.good("reader", at, `(?s)beta: 2\.2\.0.*latest: 2\.2\.0`, "dist-tag", "ls", "@originals/rows")
	if err := os.RemoveAll(filepath.Join(w.dir, "cache-reader")); err != nil {
		t.Fatal(err)
	}
	w.bad("reader", app, `E404`, "ci")
	w.bad("originals", rows, `(?s)403 Forbidden.*@originals/rows@2\.1\.0: this version was unpublished`, "publish", "--force")

	// A package that nobody uses goes as a whole.
	w.good("originals", w.folder("originals-rows", "package.json", "@originals/rows", "@originals/spare"), `\+ @originals/spare@2\.1\.0`, "publish")
	w.bad("originals", at, `--force`, "unpublish", "@originals/spare@2.1.0")
	w.good("originals", at, `- @originals/spare`, "unpublish", "--force", "@originals/spare")
	w.bad("reader", at, `E404`, "view", "@originals/spare")
}

// TestNpmTokens: who may what, and what npm prints to who may not.
func TestNpmTokens(t *testing.T) {
	w := npmWorld(t, registryConfig{Enabled: true})
	at, rows := t.TempDir(), w.folder("originals-rows")
	w.bad("nobody-knows", rows, `(?s)401 Unauthorized.*the token is not known here\n.*//127\.0\.0\.1:\d+/registry/:_authToken=\$\{FACET_TOKEN\}`, "publish")
	w.bad("reader", rows, `(?s)403 Forbidden.*the token "reader" lacks the scope publish:@originals/rows`, "publish")
	w.bad("tv", rows, `403 Forbidden.*the token "tv" lacks the scope publish:@originals/rows`, "publish")
	large := w.folder("originals-rows")
	noise := make([]byte, 5<<20) // what does not compress
	_, _ = rand.Read(noise)      // it never fails
	w.write(filepath.Join(large, "src", "large.bin"), string(noise))
	w.bad("reader", large, `403 Forbidden.*the token "reader" lacks the scope publish:@originals/rows`, "publish") // though the body is on its way
	w.bad("nobody-knows", large, `401 Unauthorized.*the token is not known here`, "publish")
	w.good("writer", rows, `\+ @originals/rows@2\.1\.0`, "publish") // who may publish may read what it publishes
	w.good("writer", at, `2\.1\.0`, "view", "@originals/rows", "version")
	w.good("reader", at, `2\.1\.0`, "view", "@originals/rows", "version")
	w.bad("", at, `401 Unauthorized.*this registry needs a token`, "view", "@originals/rows")
	for _, change := range [][]string{{"deprecate", "@originals/rows", "x"}, {"dist-tag", "add", "@originals/rows@2.1.0", "old"}, {"unpublish", "--force", "@originals/rows"}} {
		w.bad("tv", at, `403 Forbidden.*the token "tv" lacks the scope publish:@originals/rows`, change...)
	}
	w.bad("admin", at, `(?s)E501.*this registry has no accounts.*_authToken`, "login")
	w.bad("admin", rows, `E501`, "owner", "add", "somebody", "@originals/rows")
	w.good("tv", at, `(?m)^tv$`, "whoami")
	w.good("", at, `PONG`, "ping")
	w.good("reader", at, `@originals/rows`, "search", "rows")
	w.good("reader", w.project("audited"), `found 0 vulnerabilities`, "install", "@originals/rows", "--audit=true")
	w.bad("admin", w.folder("originals-rows", "package.json", "@originals/rows", "@facet/rows"), `403 Forbidden.*@facet/rows comes with the edge`, "publish")
	w.bad("admin", w.folder("originals-rows", "package.json", `"edge": { "graph": "^1" }`, `"keywords": []`, "package.json", "2.1.0", "2.1.1"), `(?s)400 Bad Request.*has no "edge" in its package\.json`, "publish")
}

// TestNpmTypes: an editor has the types of a module, of the SDK and of the graph from this registry alone, for readers without a token.
func TestNpmTypes(t *testing.T) {
	w := npmWorld(t, registryConfig{Enabled: true, Public: true})
	w.good("originals", w.folder("originals-rows"), "", "publish")
	app := w.folder("tv-home")
	w.good("", app, `added 3 packages`, "install", "--save-dev", "@facet/sdk", "@facet/graph")
	w.write(filepath.Join(app, "tsconfig.json"), `{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "types": ["@facet/graph"]}, "include": ["src"]}`)
	if out, err := tsc(t, app); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	w.write(filepath.Join(app, "src", "wrong.ts"), `import { originalsBadge } from "@originals/rows";
import { graph } from "@facet/sdk";
export const badge = originalsBadge(5);
export const film = graph.title({ id: "x" }).sauce;
`)
	out, err := tsc(t, app)
	if err == nil || !strings.Contains(out, "src/wrong.ts(3,37)") || !strings.Contains(out, "src/wrong.ts(4,46)") || strings.Count(out, "error") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	w.good("", app, `added 3 packages`, "ci")
}

// TestNpmBundled installs what edge publish packed: what is no module came along in the tarball, and npm takes it from there.
func TestNpmBundled(t *testing.T) {
	w := npmWorld(t, registryConfig{Enabled: true, Public: true})
	dir := w.folder("originals-rows", "package.json", `"files": ["src"],`, `"files": ["src"], "dependencies": {"left": "^1.0.0"},`)
	w.write(filepath.Join(dir, "node_modules", "left", "package.json"), `{"name": "left", "version": "1.2.3", "main": "index.js"}`)
	w.write(filepath.Join(dir, "node_modules", "left", "index.js"), "module.exports = 1;\n")
	p, ds := pack.FromDir(dir, pack.Limits{})
	if p == nil {
		t.Fatal(ds)
	}
	tarball, err := p.Tarball()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Publish(t.Context(), control.Publication{Tarball: tarball}); err != nil {
		t.Fatal(err)
	}
	app := w.project("app")
	w.good("", app, `audited 3 packages`, "install", "@originals/rows")
	if _, err := os.Stat(filepath.Join(app, "node_modules", "@originals", "rows", "node_modules", "left", "index.js")); err != nil {
		t.Error(err)
	}
	w.good("", app, `audited 3 packages`, "ci")
}

// TestNpmGiven: what the program gives is what it gave before: lock files outlive programs.
func TestNpmGiven(t *testing.T) {
	_, store := realBucket(t)
	older := &pack.Package{Files: map[string][]byte{"package.json": []byte(`{"name": "@facet/sdk", "version": "0.0.1", "types": "./index.d.ts"}`), "index.d.ts": []byte("export {};\n")},
		Manifest: pack.Manifest{Name: "@facet/sdk", Version: "0.0.1"}}
	if err := newGiven(&control.Control{Store: store}, zerolog.Nop()).keep(t.Context(), older, &pack.Index{Versions: map[string]pack.Published{}}); err != nil {
		t.Fatal(err)
	}
	w := npmOver(t, registryConfig{Enabled: true, Public: true}, store)
	var versions []string
	decode(t, w.good("", t.TempDir(), "", "view", "@facet/sdk", "versions", "--json"), &versions)
	if len(versions) != 2 || versions[0] != "0.0.1" {
		t.Error(versions)
	}
	w.good("", w.project("old"), "added 1 package", "install", "@facet/sdk@0.0.1")
	w.good("", w.project("new"), "added 1 package", "install", "@facet/sdk")
}

func (w *registryWorld) deploy(ids ...string) {
	w.t.Helper()
	if res, err := w.Release(w.t.Context(), control.Request{Env: "dev", Deploy: ids}); err != nil {
		w.t.Fatal(err, res)
	}
}

// tsc is what the compiler says of a folder.
func tsc(t *testing.T, dir string) (string, error) {
	t.Helper()
	compiler, err := filepath.Abs(filepath.Join("..", "..", "internal", "edgetest", "testdata", "clients", "node_modules", "typescript", "bin", "tsc"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", compiler, "--pretty", "false", "-p", ".")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// decode reads what npm printed as JSON, without the lines that it prints of itself.
func decode(t *testing.T, out string, into any) {
	t.Helper()
	var kept []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "npm ") {
			kept = append(kept, line)
		}
	}
	if err := json.Unmarshal([]byte(strings.Join(kept, "")), into); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
