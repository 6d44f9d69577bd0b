package attack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"facet/internal/child"
)

// The fleet's names and secrets. It listens on the loopback alone.
const (
	environment = "prod"
	accessKey   = "facet"
	secretKey   = "attack-secret"
	token       = "attack-token"
)

// A Mode is how an instance runs the functions of packages.
type Mode struct {
	Name   string // "inprocess", "worker", …
	Config string // YAML that is added to its configuration: whole sections
}

// Modes are all of them: packages run in the instance's process or in workers, with quarantine or without.
func Modes() []Mode {
	const on, off = "breaks: 5", "breaks: -1"
	const worker = `isolation: { default: none, "@attack": process }, `
	return []Mode{
		{Name: "inprocess", Config: "scripts: { quarantine: { " + off + " } }\n"},
		{Name: "inprocess-quarantine", Config: "scripts: { quarantine: { " + on + " } }\n"},
		{Name: "worker", Config: "scripts: { " + worker + "quarantine: { " + off + " } }\n"},
		{Name: "worker-quarantine", Config: "scripts: { " + worker + "quarantine: { " + on + " } }\n"},
	}
}

// A Fleet is a store, a control API that builds what is published, and one instance for each mode: real programs, each a
// process of its own.
type Fleet struct {
	Control   *Child
	Instances []*Instance

	edge, dir string
	storeAt   string
	controlAt string
	tier      *httptest.Server
	store     *Child
	client    http.Client
	logs      []*os.File
}

// An Instance answers devices.
type Instance struct {
	*Child
	Mode Mode
	URL  string // for devices, without a slash at the end
	ops  string
}

// Start starts a fleet of a program, "edge", with its files in dir.
func Start(ctx context.Context, edge, dir string, modes ...Mode) (_ *Fleet, err error) {
	f := &Fleet{edge: edge, dir: dir, tier: httptest.NewServer(titles())}
	f.client.Timeout = 2 * patience
	defer func() {
		if err != nil {
			f.Stop()
		}
	}()
	ports, err := child.FreePorts(2*len(modes) + 2)
	if err != nil {
		return nil, err
	}
	f.storeAt, f.controlAt = ports[0], "http://"+ports[1]
	f.store = f.child("store", []string{"store", "--dir", filepath.Join(dir, "objects"), "--listen", f.storeAt, "--access-key", accessKey}, "FACET_STORE_SECRET="+secretKey)
	if err := f.store.Start(); err != nil {
		return nil, err
	}
	if err := child.Answers(ctx, "http://"+f.storeAt+"/", 0); err != nil {
		return nil, fmt.Errorf("the store: %w\n%s", err, f.store.log.last(20))
	}
	sum := sha256.Sum256([]byte(token))
	f.Control, err = f.serve("control", fmt.Sprintf("serve: { listen: \"\" }\nops: { listen: \"\" }\ncontrol:\n  listen: %s\n  tokens:\n    - { name: attack, sha256: %s, scopes: [admin] }\n", ports[1], hex.EncodeToString(sum[:])))
	if err != nil {
		return nil, err
	}
	if err := child.Answers(ctx, f.controlAt+"/healthz", http.StatusOK); err != nil {
		return nil, fmt.Errorf("the control API: %w\n%s", err, f.Control.log.last(20))
	}
	for i, m := range modes {
		at, ops := ports[2+2*i], ports[3+2*i]
		c, err := f.serve(m.Name, fmt.Sprintf("instance: %s\nserve: { listen: %s, trustHeaders: true, drainDelay: 0s }\nops: { listen: %s, pprof: true }\nlimits: { shed: { off: true } }\n%s", m.Name, at, ops, m.Config))
		if err != nil {
			return nil, err
		}
		f.Instances = append(f.Instances, &Instance{Child: c, Mode: m, URL: "http://" + at, ops: "http://" + ops})
	}
	for _, i := range f.Instances {
		if err := child.Answers(ctx, i.ops+"/healthz", http.StatusOK); err != nil {
			return nil, fmt.Errorf("the instance %s: %w\n%s", i.Name, err, i.log.last(20))
		}
	}
	if err := f.publishGraph(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// serve starts `edge serve` with a configuration.
func (f *Fleet) serve(name, config string) (*Child, error) {
	text := fmt.Sprintf("env: %s\nregion: eu\nstore:\n  endpoint: http://%s\n  accessKey: %s\ntiers:\n  env: { TITLES_URL: %q }\nlog: { level: info }\n", environment, f.storeAt, accessKey, f.tier.URL)
	file := filepath.Join(f.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(text+config), 0o600); err != nil {
		return nil, err
	}
	c := f.child(name, []string{"serve", "--config", file}, "FACET_STORE_SECRET_KEY="+secretKey)
	return c, c.Start()
}

func (f *Fleet) child(name string, args []string, env ...string) *Child {
	t := &tail{}
	if file, err := os.Create(filepath.Join(f.dir, name+".log")); err == nil {
		t.file = file
		f.logs = append(f.logs, file)
	}
	return &Child{Child: child.Child{Name: name, Args: append([]string{f.edge}, args...), Env: env, Output: t}, log: t}
}

// Stop ends all of it.
func (f *Fleet) Stop() {
	for _, i := range f.Instances {
		_ = i.End(syscall.SIGTERM, 5*time.Second)
	}
	for _, c := range []*Child{f.Control, f.store} {
		if c != nil {
			_ = c.End(syscall.SIGTERM, 5*time.Second)
		}
	}
	f.tier.Close()
	for _, l := range f.logs {
		_ = l.Close()
	}
}

// patience is how long an answer is waited for. A process that gives none by then is ended, as if it had died.
const patience = 20 * time.Second

// Mend starts the control API and the instances that died, and says which those were.
func (f *Fleet) Mend(ctx context.Context) (died []string, err error) {
	if !f.Control.Alive() {
		died = append(died, f.Control.Name)
		err = errors.Join(f.Control.Start(), child.Answers(ctx, f.controlAt+"/healthz", http.StatusOK))
	}
	for _, i := range f.Instances {
		if !i.Alive() {
			died = append(died, i.Name)
			err = errors.Join(err, i.Start(), child.Answers(ctx, i.ops+"/readyz", http.StatusOK))
		}
	}
	return died, err
}

// answering says whether the control API answers at all.
func (f *Fleet) answering(ctx context.Context) bool {
	_, err := get(ctx, f.controlAt+"/healthz")
	return err == nil
}

// Serves waits until every instance serves a release: its digest.
func (f *Fleet) Serves(ctx context.Context, digest string) error {
	for _, i := range f.Instances {
		if err := i.serves(ctx, digest); err != nil {
			return fmt.Errorf("%s: %w", i.Name, err)
		}
	}
	return nil
}

func (i *Instance) serves(ctx context.Context, digest string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	for {
		var ready struct{ Release, Refused string }
		body, err := get(ctx, i.ops+"/readyz")
		if err == nil {
			err = json.Unmarshal(body, &ready)
		}
		switch {
		case err == nil && ready.Release == digest:
			return nil
		case ready.Refused != "":
			return fmt.Errorf("refused: %s", ready.Refused)
		case !i.Alive():
			return errors.New("it died")
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("it does not serve the release in time: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(io.LimitReader(resp.Body, 16<<20))
}

const graphSource = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "titles", http: { baseURL: "{$env.TITLES_URL}" }, timeout: "5s")

type Query {
  title(id: ID!): Title
  titles: [Title!]! @connect(source: "titles", http: { GET: "/titles?offset={$page.offset}&limit={$page.limit}" }, selection: "$.titles { id title minutes tags }", page: { total: "$.total" })
}

type Mutation {
  rate(title: ID!, stars: Int!): Title
    @writes(field: "Title.minutes", key: "$args.title")
    @connect(source: "titles", http: { POST: "/titles/{$args.title}/rate", body: "stars: $args.stars" }, selection: "id title minutes tags")
}

type Title @key(fields: "id") @connect(source: "titles", http: { GET: "/titles/{$this.id}" }, selection: "id title minutes tags") {
  id: ID!
  title: String!
  minutes: Int!
  tags: [String!]!
}
`

// titles is the fleet's tier.
func titles() http.Handler {
	title := func(id string) map[string]any {
		return map[string]any{"id": id, "title": strings.ToUpper(id), "minutes": 124, "tags": []string{"sea", "shark"}}
	}
	send := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // who asked may be gone
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /titles/{id}", func(w http.ResponseWriter, r *http.Request) { send(w, title(r.PathValue("id"))) })
	mux.HandleFunc("POST /titles/{id}/rate", func(w http.ResponseWriter, r *http.Request) { send(w, title(r.PathValue("id"))) })
	mux.HandleFunc("GET /titles", func(w http.ResponseWriter, _ *http.Request) {
		var list []any
		for i := range 20 {
			list = append(list, title(fmt.Sprintf("t%d", i)))
		}
		send(w, map[string]any{"titles": list, "total": 20})
	})
	return mux
}
