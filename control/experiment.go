package control

import (
	"context"
	"fmt"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/release"
)

// SetExperiment moves the regions of a request to a release that has an experiment as it shall be: a new one, or another
// salt, arms or weights of one that runs. What the request deploys or removes is not looked at. With IfRevision it is a
// Conflict if others changed the same experiment since.
func (c *Control) SetExperiment(ctx context.Context, req Request, e release.Experiment) (*Result, error) {
	return c.experiment(ctx, req, e.Name, func(try *attempt, parent *release.Release, digest string) (*release.Release, error) {
		if e.Field != "" {
			g, err := c.Graph(ctx, parent.Graph.Version)
			if err != nil {
				return nil, err
			}
			if err := allocates(g, e.Field); err != nil {
				return nil, err
			}
		}
		return parent.SetExperiment(digest, e, try.req.Note, try.now)
	})
}

// EndExperiment moves the regions of a request to a release without an experiment: its cells are null from then on.
func (c *Control) EndExperiment(ctx context.Context, req Request, name string) (*Result, error) {
	return c.experiment(ctx, req, name, func(try *attempt, parent *release.Release, digest string) (*release.Release, error) {
		return parent.EndExperiment(digest, name, try.req.Note, try.now)
	})
}

func (c *Control) experiment(ctx context.Context, req Request, name string, change func(*attempt, *release.Release, string) (*release.Release, error)) (*Result, error) {
	req.defaults()
	try := c.begin(ctx, &req)
	m := &mover{verb: "experiment", req: &req, try: try}
	m.next = func(ctx context.Context, parent *release.Release, digest string, _ *Result) (*release.Release, error) {
		if parent == nil {
			return nil, fault.New(fault.NotFound, "%s serves nothing yet", req.Env)
		}
		if seen := m.seen; req.IfRevision != "" && seen != nil && digest != req.IfRevision && !sameExperiment(seen, parent, name) {
			by, err := c.since(ctx, req.Env, digest, m.first, func(a, b *release.Release) bool { return sameExperiment(a, b, name) })
			if err != nil {
				return nil, err
			}
			return nil, &fault.Error{Kind: fault.Conflict, Op: "control.experiment", Subject: req.Env,
				Message: fmt.Sprintf("the experiment %s was changed since the release %s that you saw: the release %s did that", name, release.Short(m.first), by),
				Hint:    "look at what changed, then ask again with the revision " + digest}
		}
		return change(try, parent, digest)
	}
	return c.move(ctx, m)
}

func sameExperiment(a, b *release.Release, name string) bool {
	x, y := a.Experiment(name), b.Experiment(name)
	return x == nil && y == nil || x != nil && y != nil && x.Equal(y)
}

// allocates says whether a field of the graph can give cells.
func allocates(g *graph.Graph, field string) error {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).WithHint("cells are given by a String of Viewer or Profile with the argument experiment, or with none")
	}
	of, name, _ := strings.Cut(field, ".")
	t := g.Types[of]
	if t == nil || !t.Keyed() {
		return wrong("the graph has no entity %s", of)
	}
	f := t.Field(name)
	if f == nil {
		return wrong("the graph has no field %s", field)
	}
	if f.Type.List() || f.Type.Named() != "String" && f.Type.Named() != "ID" && !(g.Types[f.Type.Named()] == nil || g.Types[f.Type.Named()].Kind != graph.Enum) {
		return wrong("%s is %s", field, f.Type)
	}
	for _, a := range f.Args {
		if a.Name != "experiment" && a.Type.NonNull && a.Default == nil {
			return wrong("%s needs the argument %s", field, a.Name)
		}
	}
	return nil
}

// Experiments are those of an environment's release, which ref names as Find does.
func (c *Control) Experiments(ctx context.Context, env, ref string) ([]release.Experiment, error) {
	digest, err := c.Find(ctx, env, ref)
	if err != nil {
		return nil, err
	}
	r, err := c.Load(ctx, env, digest)
	if err != nil {
		return nil, err
	}
	return r.Experiments, nil
}
