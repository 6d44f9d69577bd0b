package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"facet/internal/child"
)

// The fleet's names and secrets. It listens on the loopback alone.
const (
	environment = "prod"
	region      = "eu"
	accessKey   = "facet"
	secretKey   = "chaos-secret"
	token       = "chaos-token"
	bucketName  = "facet"
)

// A process is one program of the fleet, started again and again under one name.
type process struct {
	child.Child

	mu    sync.Mutex
	kills []span // when it was being ended by SIGKILL
}

// A span is from the signal until the process was gone: a kernel takes its time.
type span struct{ from, to time.Time }

// end sends a signal and waits; a SIGTERM that is not heeded within 30 s is an error.
func (p *process) end(sig syscall.Signal) error {
	if sig == syscall.SIGKILL {
		p.mu.Lock()
		p.kills = append(p.kills, span{from: time.Now(), to: time.Now().Add(time.Minute)}) // its end is not known yet
		p.mu.Unlock()
		defer func() {
			p.mu.Lock()
			p.kills[len(p.kills)-1].to = time.Now()
			p.mu.Unlock()
		}()
	}
	return p.End(sig, 30*time.Second)
}

// killedWithin says whether the process was being ended by SIGKILL at some moment of a span of time.
func (p *process) killedWithin(from, to time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.kills {
		if !to.Before(k.from) && !from.After(k.to) {
			return true
		}
	}
	return false
}

// A fleet is a store, a bucket that fails before it, instances, and a control API.
type fleet struct {
	dir       string
	edge      string // the program
	store     *process
	bucket    *Bucket
	control   *process
	instances []*process
	urls      []string // for devices
	ops       []string // for operators
	controlAt string
	logs      []*os.File
}

func startFleet(ctx context.Context, p Plan, tiers map[string]string) (_ *fleet, err error) {
	dir := p.Dir
	f := &fleet{dir: dir, edge: p.Edge}
	defer func() {
		if err != nil {
			f.stop()
		}
	}()
	ports, err := child.FreePorts(2*p.Instances + 2)
	if err != nil {
		return nil, err
	}
	storeAt := ports[0]
	f.store = f.process("store", []string{"store", "--dir", filepath.Join(dir, "objects"), "--listen", storeAt, "--access-key", accessKey}, "FACET_STORE_SECRET="+secretKey)
	if err := f.store.Start(); err != nil {
		return nil, err
	}
	if err := child.Answers(ctx, "http://"+storeAt+"/", 0); err != nil {
		return nil, fmt.Errorf("the store: %w", err)
	}
	if f.bucket, err = NewBucket("http://"+storeAt, p.Seed); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(token))
	f.controlAt = "http://" + ports[1]
	f.control, err = f.serve("control", fmt.Sprintf("control:\n  listen: %s\n  tokens:\n    - { name: chaos, sha256: %s, scopes: [admin] }\n", ports[1], hex.EncodeToString(sum[:])), tiers)
	if err != nil {
		return nil, err
	}
	for i := range p.Instances {
		name := fmt.Sprintf("i%d", i)
		at, ops := ports[2+2*i], ports[3+2*i]
		one, err := f.serve(name, fmt.Sprintf("instance: %s\ncache: { dir: %s }\nserve:\n  listen: %s\n  drainDelay: 500ms\nops: { listen: %s, pprof: true }\nlimits: { shed: { off: %v } }\n", name, filepath.Join(dir, "cache-"+name), at, ops, p.Busy), tiers)
		if err != nil {
			return nil, err
		}
		f.instances, f.urls, f.ops = append(f.instances, one), append(f.urls, "http://"+at), append(f.ops, "http://"+ops)
	}
	return f, child.Answers(ctx, f.controlAt+"/healthz", http.StatusOK)
}

// serve starts `edge serve` with a configuration.
func (f *fleet) serve(name, config string, tiers map[string]string) (*process, error) {
	text := fmt.Sprintf("env: %s\nregion: %s\nstore:\n  endpoint: %s\n  bucket: %s\n  accessKey: %s\ntiers:\n  env:\n", environment, region, f.bucket.Endpoint, bucketName, accessKey)
	for k, v := range tiers {
		text += fmt.Sprintf("    %s: %s\n", k, v)
	}
	file := filepath.Join(f.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(text+config), 0o600); err != nil {
		return nil, err
	}
	p := f.process(name, []string{"serve", "--config", file}, "FACET_STORE_SECRET_KEY="+secretKey)
	return p, p.Start()
}

func (f *fleet) process(name string, args []string, env ...string) *process {
	log, err := os.Create(filepath.Join(f.dir, name+".log"))
	if err != nil {
		log = os.Stderr
	} else {
		f.logs = append(f.logs, log)
	}
	return &process{Child: child.Child{Name: name, Args: append([]string{f.edge}, args...), Env: env, Output: log}}
}

func (f *fleet) stop() {
	for _, p := range append(f.instances, f.control) {
		if p != nil {
			_ = p.end(syscall.SIGTERM)
		}
	}
	if f.bucket != nil {
		f.bucket.Close()
	}
	if f.store != nil {
		_ = f.store.end(syscall.SIGTERM)
	}
	for _, l := range f.logs {
		_ = l.Close()
	}
}

// cli runs one command of `edge` against the control API; its output is in the error if it fails.
func (f *fleet) cli(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, f.edge, args...)
	cmd.Env = append(os.Environ(), "FACET_CONTROL="+f.controlAt, "FACET_TOKEN="+token, "FACET_ENV="+environment)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("edge %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
