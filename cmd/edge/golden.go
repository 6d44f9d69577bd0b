package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/control"
	"facet/fault"
	"facet/scripts"
	"facet/tiers"
	"facet/view"
)

// goldenFor bounds one warm-up's answer: its tiers answer at once.
const goldenFor = 5 * time.Second

// renderGolden answers warm-ups of a build, one after another, under each of the answers that its package ships. Who asks is
// "demo", as in the tests of packages that say nothing else.
func renderGolden(ctx context.Context, in control.Rendering) ([]control.Golden, error) {
	return (*workers)(nil).render(ctx, in)
}

// render is renderGolden with the functions run where their package is to run.
func (w *workers) render(ctx context.Context, in control.Rendering) ([]control.Golden, error) {
	surface, ds := view.NewSurface(in.Device, in.Schema, in.Build)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	f, err := w.functions(in.Build, scripts.RunOptions{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tier := &goldenTier{}
	by := composer.TiersBySource{}
	for _, s := range in.Graph.Sources {
		by[s.Name] = tier
	}
	e, err := composer.NewEngine(composer.Config{Graph: in.Graph, Surface: surface, Computes: [][]view.Compute{f.Computes()}, Format: scripts.Format, Tiers: by})
	if err != nil {
		return nil, err
	}
	var out []control.Golden
	for _, file := range slices.Sorted(maps.Keys(in.Answers)) {
		var answers map[string]json.RawMessage
		if json.Unmarshal(in.Answers[file], &answers) != nil {
			continue // it is of something else
		}
		for _, warm := range in.Warmups {
			tier.begin(answers)
			g := control.Golden{Fixture: file, View: warm.View, Args: string(warm.Args)}
			if err := goldenOne(ctx, e, in.Device, warm, &g); err != nil {
				return nil, fmt.Errorf("%s under %s: %w", warm.View, file, err)
			}
			g.Missing = tier.missing()
			out = append(out, g)
		}
	}
	return out, nil
}

func goldenOne(ctx context.Context, e *composer.Engine, device string, w *view.Warmup, g *control.Golden) error {
	ctx, cancel := context.WithTimeout(ctx, goldenFor)
	defer cancel()
	req, err := warmupRequest(e.Surface(), device, w)
	if err != nil {
		return err
	}
	req.Asker.Viewer, req.Asker.Cells = asker.Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo"}, SignedIn: true}, map[string]string{}
	for part := range e.Answer(ctx, req) {
		g.Data = inData(part.Data)
		for _, x := range part.Errors {
			g.Errors = append(g.Errors, pathText(below(x.Path))+" "+string(x.Kind))
		}
		g.Calls, g.Levels = part.Stats.Calls, part.Stats.Levels
		if part.Release != nil {
			part.Release()
		}
	}
	slices.Sort(g.Errors)
	return nil
}

// pathText writes a path of an answer: films[0].badge.
func pathText(p []any) string {
	var b strings.Builder
	for _, step := range p {
		if _, isName := step.(string); !isName {
			fmt.Fprintf(&b, "[%v]", step)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, step)
	}
	return cmp.Or(b.String(), "(all)")
}

// A goldenTier gives the answers of a file, and notes the operations that it does not have.
type goldenTier struct {
	mu      sync.Mutex
	answers map[string]json.RawMessage
	absent  []string
}

func (t *goldenTier) begin(answers map[string]json.RawMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers, t.absent = answers, nil
}

// Call implements tiers.Tier.
func (t *goldenTier) Call(_ context.Context, c *tiers.Call) (*tiers.Answer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if body, ok := t.answers[c.Operation.ID]; ok {
		return &tiers.Answer{Body: body}, nil
	}
	if !slices.Contains(t.absent, c.Operation.ID) {
		t.absent = append(t.absent, c.Operation.ID)
	}
	return nil, fault.New(fault.Unavailable, "the package ships no answer of %s", c.Operation.ID)
}

func (t *goldenTier) missing() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.absent)
	return t.absent
}
