package jsongraph_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"facet/fault"
)

// TestStockClient runs testdata/client.mjs: the falcor Model over its own HTTP data source, as devices have them.
func TestStockClient(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if _, err := os.Stat("testdata/node_modules/falcor"); errors.Is(err, os.ErrNotExist) {
		run(ctx, t, "npm", "ci", "--no-audit", "--no-fund")
	}
	l := newLive(t)
	mux := http.NewServeMux()
	mux.Handle("/", l.handler)
	mux.HandleFunc("POST /control", func(w http.ResponseWriter, r *http.Request) {
		if op := r.URL.Query().Get("fail"); op != "" {
			l.tier.Fail(op, fault.Unavailable)
		}
		l.tier.Heal(r.URL.Query().Get("heal"))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	run(ctx, t, "node", "client.mjs", srv.URL+"/tv/v3/model.json", srv.URL+"/control")
}

func run(ctx context.Context, t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "testdata"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	t.Logf("%s", out)
}
