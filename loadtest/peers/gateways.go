package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"facet/internal/child"
	"facet/loadtest/peers/subgraphs"
)

// hiveRuntime makes Hive Gateway plan with the Rust library.
const hiveRuntime = "HIVE_ROUTER_RUNTIME=true"

// listen gives a server a port of its own.
func listen() (address, url string, err error) {
	free, err := child.FreePorts(1)
	if err != nil {
		return "", "", err
	}
	return free[0], "http://" + free[0], nil
}

// command runs something that a server needs before it starts.
func command(ctx context.Context, dir string, env []string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w%s", strings.Join(args, " "), err, end(out))
	}
	return nil
}

// subgraphFiles writes the subgraphs' SDL to a folder and says where each is and is asked.
func subgraphFiles(w *World, dir string) ([]subgraph, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var out []subgraph
	for _, s := range subgraphs.All() {
		file := filepath.Join(dir, s.Name+".graphqls")
		if err := os.WriteFile(file, []byte(s.SDL), 0o644); err != nil {
			return nil, err
		}
		out = append(out, subgraph{s.Name, file, w.Tiers[s.Env]})
	}
	return out, nil
}

type subgraph struct{ name, file, url string }

// hiveServer is Hive Gateway over a supergraph that The Guild's own composition makes.
func hiveServer(rust bool) func(context.Context, *World) (Server, error) {
	return func(ctx context.Context, w *World) (Server, error) {
		dir := filepath.Join(w.Temp, fmt.Sprint("hive-", rust))
		graphs, err := subgraphFiles(w, dir)
		if err != nil {
			return Server{}, err
		}
		super := filepath.Join(dir, "supergraph.graphql")
		args := []string{"node", filepath.Join(w.dir("hive"), "compose.mjs"), super}
		for _, g := range graphs {
			args = append(args, g.name, g.file, g.url)
		}
		if err := command(ctx, w.dir("hive"), nil, args...); err != nil {
			return Server{}, err
		}
		address, url, err := listen()
		if err != nil {
			return Server{}, err
		}
		host, port, _ := strings.Cut(address, ":")
		s := Server{
			Dir: w.dir("hive"), URL: url, Env: []string{"LOG_LEVEL=error", "FORK=1"},
			Args: []string{"node_modules/.bin/hive-gateway", "supergraph", super, "--host", host, "--port", port, "--config-path", "gateway.config.mjs"},
		}
		if rust {
			s.Env = append(s.Env, hiveRuntime)
			s.Args = append(s.Args, "--hive-router-runtime")
		}
		return s, nil
	}
}

// grafbaseServer is Grafbase's gateway over the subgraphs, which it composes itself.
func grafbaseServer(_ context.Context, w *World) (Server, error) {
	dir := filepath.Join(w.Temp, "grafbase")
	graphs, err := subgraphFiles(w, dir)
	if err != nil {
		return Server{}, err
	}
	address, url, err := listen()
	if err != nil {
		return Server{}, err
	}
	overrides := ""
	for _, g := range graphs {
		overrides += fmt.Sprintf("[subgraphs.%s]\nurl = %q\nschema_path = %q\n\n", g.name, g.url, g.file)
	}
	file, config := filepath.Join(dir, "subgraphs.toml"), filepath.Join(w.dir("grafbase"), "gateway.toml")
	if err := os.WriteFile(file, []byte(overrides), 0o644); err != nil {
		return Server{}, err
	}
	_, port, _ := strings.Cut(address, ":")
	return Server{
		Args: []string{filepath.Join(w.dir("grafbase"), "node_modules", ".bin", "grafbase"), "dev", "--gateway-config", config, "--graph-overrides", file, "--port", port},
		Dir:  dir, URL: url, Env: []string{"GRAFBASE_HOME=" + dir},
	}, nil
}

func cosmoSteps() []Step { return []Step{build("loadtest/peers/cosmo", ".", "peer-cosmo")} }

// cosmoServer is Cosmo Router over an execution configuration that WunderGraph's own composition makes.
func cosmoServer(ctx context.Context, w *World) (Server, error) {
	dir := filepath.Join(w.Temp, "cosmo")
	graphs, err := subgraphFiles(w, dir)
	if err != nil {
		return Server{}, err
	}
	program, config := filepath.Join(w.Bin, "peer-cosmo"), filepath.Join(dir, "execution.json")
	args := []string{program, "compose", config}
	for _, g := range graphs {
		args = append(args, g.name, g.file, g.url)
	}
	if err := command(ctx, dir, nil, args...); err != nil {
		return Server{}, err
	}
	address, url, err := listen()
	if err != nil {
		return Server{}, err
	}
	return Server{
		Args: []string{program, "-config", filepath.Join(w.dir("cosmo"), "router.yaml")}, Dir: dir, URL: url,
		Env: []string{"ROUTER_CONFIG_PATH=" + config, "LISTEN_ADDR=" + address},
	}, nil
}
