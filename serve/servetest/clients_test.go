package servetest_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const clients = "testdata/clients"

// modules installs what the lock file names, once, if it is not there, and puts the SDK beside it.
var modules = sync.OnceValue(func() error {
	if _, err := os.Stat(filepath.Join(clients, "node_modules/.package-lock.json")); err != nil {
		cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		cmd.Dir = clients
		if out, err := cmd.CombinedOutput(); err != nil {
			os.Stderr.Write(out)
			return err
		}
	}
	sdk := filepath.Join(clients, "node_modules/@facet/sdk")
	if err := os.MkdirAll(sdk, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "apollo.js"} {
		text, err := os.ReadFile(filepath.Join("../../sdk", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(sdk, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
})

// TestStockClients runs GraphQL clients as they come from npm against the real composer.
func TestStockClients(t *testing.T) {
	if err := modules(); err != nil {
		t.Fatalf("npm ci in serve/servetest/%s: %v; this test needs Node 20 with npm and, once, the npm registry", clients, err)
	}
	for _, name := range []string{"apollo", "urql", "relay", "codegen"} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			srv := httptest.NewServer(w.handlers.GraphQL)
			defer srv.Close()
			cmd := exec.Command("node", name+".mjs", srv.URL+"/tv/v3/graphql")
			cmd.Dir = clients
			cmd.Stdin = strings.NewReader(w.engine.Surface().SDL())
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil || strings.TrimSpace(out.String()) != "ok" {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}
