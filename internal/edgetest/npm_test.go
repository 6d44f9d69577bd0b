package edgetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clients is the npm project with the stock clients.
const clients = "testdata/clients"

// modules installs what the lock file names, once, if it is not there, and puts the SDK beside it.
var modules = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(clients)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			os.Stderr.Write(out)
			return "", err
		}
	}
	for _, name := range []string{"package.json", "apollo.js", "falcor.js"} {
		text, err := os.ReadFile(filepath.Join(Root(), "sdk", name))
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, "node_modules", "@facet", "sdk", name) // a copy: from a link Node would not find what it imports
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
})

// npm is the absolute path of the clients' folder, ready to run.
func npm(t testing.TB) string {
	t.Helper()
	dir, err := modules()
	if err != nil {
		t.Fatalf("npm ci in internal/edgetest/%s: %v; this test needs Node 20 with npm and, once, the npm registry", clients, err)
	}
	return dir
}

// node runs a script of dir and returns what it printed; it may take a minute.
func node(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
