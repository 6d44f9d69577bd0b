package edgetest

import (
	"context"
	"errors"
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
	// A copy: from behind a link Node would not find what the SDK imports.
	to := filepath.Join(dir, "node_modules", "@facet", "sdk")
	if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(filepath.Join(Root(), "sdk")))); err != nil {
		return "", err
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

// node runs a script of dir and returns what it printed; it may take three minutes, on a busy machine.
func node(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
