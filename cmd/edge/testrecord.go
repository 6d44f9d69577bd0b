package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"facet/composer"
	"facet/fault"
	"facet/tiers"
	"facet/tiers/guard"
)

// A fixtureRecorder asks the workspace's tiers and keeps what they answered, by the fixture that a test names.
type fixtureRecorder struct {
	tiers   composer.TiersBySource
	closing func()
	mu      sync.Mutex
	files   map[string]map[string]json.RawMessage // path in the package -> operation id -> body
}

// record starts the workspace's tiers for a test host: fixtures are then asked for, not read.
func (h *testHost) record(ctx context.Context, w *workspace, log io.Writer) error {
	env, running, err := startTiers(ctx, w.Dir, w.Tiers, log)
	if err != nil {
		return err
	}
	for k, v := range w.Env {
		if _, ok := env[k]; !ok {
			env[k] = v
		}
	}
	e := &environment{Env: env, Getenv: os.LookupEnv, Config: w.Config, Guard: guard.New(guard.Config{})}
	by, closing, err := e.tiers(h.project.Graph)
	if err != nil {
		stopTiers(running)
		return err
	}
	h.recorder = &fixtureRecorder{tiers: by, files: map[string]map[string]json.RawMessage{}, closing: func() {
		closing()
		stopTiers(running)
	}}
	return nil
}

func (f *fixtureRecorder) call(ctx context.Context, file string, c *tiers.Call) (*tiers.Answer, error) {
	t := f.tiers[c.Operation.Source.Name]
	if t == nil {
		return nil, fault.New(fault.Unavailable, "the source %s has no tier", c.Operation.Source.Name)
	}
	a, err := t.Call(ctx, c)
	if err != nil {
		return nil, err
	}
	if !json.Valid(a.Body) {
		return a, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := f.files[file]
	if kept == nil {
		kept = map[string]json.RawMessage{}
		f.files[file] = kept
	}
	body := json.RawMessage(bytes.Clone(a.Body))
	if old := kept[c.Operation.ID]; old != nil && c.Operation.Batch {
		body = union(old, body)
	}
	kept[c.Operation.ID] = body
	return a, nil
}

// union joins two answers of a batch: rows that only one has stand after the other's.
func union(a, b json.RawMessage) json.RawMessage {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x != nil && y != nil {
		for k, v := range y {
			if old, ok := x[k]; ok && !bytes.Equal(old, v) {
				v = union(old, v)
			}
			x[k] = v
		}
		if out, err := json.Marshal(x); err == nil {
			return out
		}
		return b
	}
	var list, more []json.RawMessage
	if json.Unmarshal(a, &list) != nil || json.Unmarshal(b, &more) != nil || list == nil || more == nil {
		return b
	}
	for _, row := range more {
		if !slices.ContainsFunc(list, func(have json.RawMessage) bool { return bytes.Equal(have, row) }) {
			list = append(list, row)
		}
	}
	out, err := json.Marshal(list)
	if err != nil {
		return b
	}
	return out
}

// write merges what was recorded into the fixtures below dir; operations that were not called stay as they are.
func (f *fixtureRecorder) write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, got := range f.files {
		at := filepath.FromSlash(name)
		all := map[string]json.RawMessage{}
		if b, err := root.ReadFile(at); err == nil {
			if err := json.Unmarshal(b, &all); err != nil {
				return fault.New(fault.Invalid, "%s is no JSON object: %v", filepath.Join(dir, at), err)
			}
		}
		for op, body := range got {
			all[op] = body
		}
		b, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return err
		}
		if err := root.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(at, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}
