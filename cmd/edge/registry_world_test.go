package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/release"
	"facet/resolvers"
	"facet/storage"
)

// A registryWorld is a registry over a real store, and stock npm clients of it.
type registryWorld struct {
	*control.Control
	t    *testing.T
	url  string // of the registry, with a slash at its end
	dir  string
	host string // the URL as .npmrc writes it, without a scheme
}

// registryTokens are those of the tests: the token is its name.
var registryTokens = map[string][]string{"admin": {"admin"}, "originals": {"publish:@originals", "read"}, "tv": {"publish:@tv", "read"}, "reader": {"read"}, "writer": {"publish:@originals"}}

// npmWorld serves a registry with the films' graph. Its store is another program's.
func npmWorld(t *testing.T, c registryConfig) *registryWorld {
	t.Helper()
	_, store := realBucket(t)
	return npmOver(t, c, store)
}

func npmOver(t *testing.T, c registryConfig, store storage.Store) *registryWorld {
	t.Helper()
	var list []resolvers.Token
	for name, scopes := range registryTokens {
		list = append(list, resolvers.Token{Name: name, SHA256: resolvers.HashToken(name), Scopes: scopes})
	}
	tokens, err := resolvers.NewTokens(list)
	if err != nil {
		t.Fatal(err)
	}
	ctl := newControl(store, release.Signer{}, nil)
	log := zerolog.New(zerolog.NewTestWriter(t))
	server := httptest.NewServer(withRegistry(resolvers.Handler(resolvers.Options{Control: ctl, Tokens: tokens, Log: log}), c, ctl, tokens, registryOf{Env: "dev"}, log))
	t.Cleanup(server.Close)
	w := &registryWorld{Control: ctl, t: t, url: server.URL + registryPath, dir: t.TempDir(), host: strings.TrimPrefix(server.URL, "http:") + registryPath}
	sdl, err := os.ReadFile(filepath.Join(filmsDir, "graph.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ds, err := ctl.PublishGraph(t.Context(), "graph.graphqls", "1.0.0", sdl); err != nil || ds.Failed() {
		t.Fatal(ds, err)
	}
	return w
}

var filmsDir = filepath.Join("..", "..", "examples", "films")

// folder copies a package of the films to a folder that no workspace is above of, with changes: a file's path, what to replace and by what.
func (w *registryWorld) folder(pkg string, changes ...string) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), pkg)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(filmsDir, "packages", pkg))); err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+2 < len(changes); i += 3 {
		name := filepath.Join(dir, changes[i])
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), changes[i+1]) {
			w.t.Fatalf("%s has no %q: %v", name, changes[i+1], err)
		}
		w.write(name, strings.ReplaceAll(string(text), changes[i+1], changes[i+2]))
	}
	return dir
}

func (w *registryWorld) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// npm runs the stock client as the holder of a token ("" is nobody) and gives what it printed. It talks to the registry alone.
func (w *registryWorld) npm(token, dir string, args ...string) (string, error) {
	w.t.Helper()
	rc := "registry=" + w.url + "\nfund=false\nupdate-notifier=false\nfetch-retries=0\nprogress=false\nignore-scripts=true\n"
	if token != "" {
		rc += w.host + ":_authToken=" + token + "\n"
	}
	user := filepath.Join(w.dir, "npmrc-"+token)
	w.write(user, rc)
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "npm_config_cache=" + filepath.Join(w.dir, "cache-"+token), "npm_config_userconfig=" + user, "npm_config_globalconfig=" + filepath.Join(w.dir, "none")}
	out, err := cmd.CombinedOutput()
	w.t.Logf("%s$ npm %s\n%s", token, strings.Join(args, " "), out)
	return string(out), err
}

// good runs npm, which has to succeed and to print what matches.
func (w *registryWorld) good(token, dir, pattern string, args ...string) string {
	w.t.Helper()
	out, err := w.npm(token, dir, args...)
	if err != nil || !regexp.MustCompile(pattern).MatchString(out) {
		w.t.Errorf("npm %v: %v, and it did not print %s\n%s", args, err, pattern, out)
	}
	return out
}

// bad runs npm, which has to fail and to print what matches.
func (w *registryWorld) bad(token, dir, pattern string, args ...string) {
	w.t.Helper()
	out, err := w.npm(token, dir, args...)
	if err == nil || !regexp.MustCompile(pattern).MatchString(out) {
		w.t.Errorf("npm %v: %v, and it did not print %s\n%s", args, err, pattern, out)
	}
}

// project is an empty npm project.
func (w *registryWorld) project(name string) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), name)
	w.write(filepath.Join(dir, "package.json"), `{"name": "`+name+`", "private": true, "type": "module"}`)
	return dir
}
