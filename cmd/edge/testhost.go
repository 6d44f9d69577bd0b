package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/scripts"
	"facet/serve/rest"
	"facet/tiers"
	"facet/tiers/fake"
	"facet/view"
)

// A testHost answers the views of one package for its tests: an engine over tiers that give what the test says.
type testHost struct {
	project   *project
	surface   *view.Surface
	functions *scripts.Functions
	handlers  handlers
	recorder  *fixtureRecorder // nil: answers come from fixtures
}

func newTestHost(p *project) (*testHost, error) {
	device, schema := "test", p.Build.Schema
	if len(p.Build.Devices) > 0 {
		device = p.Build.Devices[0]
	}
	if schema == "" {
		schema = "v1" // a module
	}
	s, ds := view.NewSurface(device, schema, p.Build)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	f, err := scripts.Open(p.Build, scripts.RunOptions{})
	if err != nil {
		return nil, err
	}
	h, err := openHandlers(p.Build, scripts.RunOptions{})
	if err != nil {
		return nil, err
	}
	return &testHost{project: p, surface: s, functions: f, handlers: handlers{h}}, nil
}

func (h *testHost) close() {
	h.functions.Close()
	if h.recorder != nil {
		h.recorder.closing()
	}
}

// testNow is when tests ask that do not say when.
var testNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Render implements scripts.TestHost.
func (h *testHost) Render(ctx context.Context, r *scripts.RenderRequest) (*scripts.RenderResult, error) {
	kind := composer.RootView
	if r.Mutation {
		kind = composer.RootMutation
	}
	req, err := rest.Choose(h.surface, kind, r.Name, r.Fields, r.Args)
	if err != nil {
		return nil, err
	}
	req.Asker = h.asker(r)
	if r.Now != "" {
		if req.Asker.Now, err = asker.ReadTime(r.Now); err != nil {
			return nil, fault.New(fault.Invalid, "now is a text such as \"2026-11-22T10:00:00Z\" or milliseconds since 1970, not %q", r.Now)
		}
	}
	tier, err := h.tier(r)
	if err != nil {
		return nil, err
	}
	by := composer.TiersBySource{}
	for _, s := range h.project.Graph.Sources {
		by[s.Name] = tier
	}
	e, err := composer.NewEngine(composer.Config{
		Graph: h.project.Graph, Surface: h.surface, Computes: [][]view.Compute{h.functions.Computes()}, Format: scripts.Format, Handle: h.handlers.run, Tiers: by,
	})
	if err != nil {
		return nil, err
	}
	out := &scripts.RenderResult{Log: []scripts.RenderedLine{}, Metrics: []scripts.RenderedMetric{}}
	for part := range e.Answer(ctx, req) {
		out.Data = inData(part.Data)
		for _, e := range part.Errors {
			message := e.Message
			if e.Kind == fault.Internal && e.Err != nil { // a test's author may know
				message = e.Err.Error()
			}
			out.Errors = append(out.Errors, scripts.RenderedError{Path: below(e.Path), Code: e.Kind, Message: message})
		}
		for _, d := range part.Degraded {
			out.Degraded = append(out.Degraded, scripts.RenderedReason{Path: below(d.Path), Code: d.Kind})
		}
		handlerSaid(out, &part)
		out.Calls, out.Levels = part.Stats.Calls, part.Stats.Levels
		if part.Release != nil {
			part.Release()
		}
	}
	return out, tier.missing()
}

// inData takes the one root out of an answer: rest.Choose calls it "data".
func inData(b []byte) json.RawMessage {
	var o struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(b, &o) != nil || o.Data == nil {
		return nil
	}
	return bytes.Clone(o.Data)
}

func below(p []any) []any {
	if len(p) > 0 && p[0] == "data" {
		return p[1:]
	}
	if p == nil {
		return []any{}
	}
	return p
}

func (h *testHost) asker(r *scripts.RenderRequest) *asker.Asker {
	a := &asker.Asker{Device: asker.Device{Type: r.Device, Form: r.Form}, Locale: r.Locale, Region: r.Region, Cells: r.Cells, Now: testNow, Random: 0.5}
	a.Device.Bandwidth, a.Device.AppVersion = r.Bandwidth, r.AppVersion
	if r.Random != nil {
		a.Random = *r.Random
	}
	if a.Device.Type == "" {
		a.Device.Type = h.surface.Device
	}
	if a.Device.Form == "" {
		a.Device.Form = a.Device.Type
	}
	if a.Locale == "" {
		a.Locale = "en-US"
	}
	if r.Viewer != nil {
		a.Viewer = workspaceViewer{ID: r.Viewer.ID, Profile: r.Viewer.Profile, Profiles: r.Viewer.Profiles}.viewer()
	}
	return a
}

// A testTier answers what a test says, and notes the operations of which it says nothing.
type testTier struct {
	fake   *fake.Tier
	knows  map[string]bool
	fails  map[string]fault.Kind
	live   *fixtureRecorder
	file   string
	mu     sync.Mutex
	absent []string
}

func (h *testHost) tier(r *scripts.RenderRequest) (*testTier, error) {
	t := &testTier{fake: fake.New(), knows: map[string]bool{}, fails: r.Tiers.Fails, live: h.recorder, file: r.Tiers.File}
	for op, body := range r.Tiers.Answers {
		t.fake.Static(op, string(body))
		t.knows[op] = true
	}
	for at, kind := range r.Tiers.Fails {
		t.fake.Fail(at, kind)
	}
	for at, by := range r.Tiers.Delays {
		d, err := time.ParseDuration(by)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%q is no duration", by)
		}
		t.fake.Delay(at, d)
	}
	return t, nil
}

// Call implements tiers.Tier.
func (t *testTier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	op := c.Operation
	_, failed := t.fails[op.ID]
	if _, dead := t.fails[op.Source.Name]; failed || dead || t.knows[op.ID] && (t.live == nil || t.file == "") {
		return t.fake.Call(ctx, c)
	}
	if t.live != nil && t.file != "" {
		return t.live.call(ctx, t.file, c)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.absent, op.ID) {
		t.absent = append(t.absent, op.ID)
	}
	return nil, &fault.Error{Kind: fault.Unavailable, Op: "test", Subject: op.ID, Message: "the test has no answer of this operation"}
}

// missing is an error that names the operations that were called and have no answer.
func (t *testTier) missing() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.absent) == 0 {
		return nil
	}
	slices.Sort(t.absent)
	return fault.New(fault.NotFound, "the test has no answer of %s", strings.Join(t.absent, ", ")).WithHint("add it to the fixture, or let it fail: tiers.fail(%q)", t.absent[0])
}
