package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/view"
)

// A Rendering asks for golden outputs of a build: what warm-ups answer under tier answers that its package ships.
type Rendering struct {
	Build          *view.Build
	Warmups        []*view.Warmup // of the build's, those that are asked
	Graph          *graph.Graph
	Device, Schema string
	// Answers are the package's fixtures/*.json by path: an object from operation id to the body of its answer, as edge test reads them.
	Answers map[string][]byte
}

// A Golden is one warm-up's answer under the answers of one file.
type Golden struct {
	Fixture string // path in the package
	View    string
	Args    string          // JSON; "" for none
	Data    json.RawMessage // null if nothing could be answered
	Errors  []string        // "films[0].badge unavailable", sorted
	Calls   int
	Levels  int
	Missing []string // operations that were called and that the file does not have, sorted
}

// A Difference is what a consumer shows or costs otherwise with another version of what it follows.
type Difference struct {
	Package string // "name@version" of the consumer
	View    string
	Fixture string // "" for a difference of the plan
	Path    string // in the answer: "films[0].badge"; "" for all of it
	From    string // "ORIGINAL", "4 calls"
	To      string
	Breaks  bool      // it keeps the consumer where it is
	Pos     fault.Pos // of the value, in the consumer's own sources
}

// String is "browse films[0].badge under fixtures/demo.json: \"ORIGINAL\" -> null".
func (d Difference) String() string {
	out := d.View
	if d.Path != "" {
		out += " " + d.Path
	}
	if d.Fixture != "" {
		out += " under " + d.Fixture
	}
	return out + ": " + d.From + " -> " + d.To
}

const (
	goldenFiles    = 8       // of a package that are looked at
	goldenBytes    = 1 << 20 // of one of them
	mostDifferent  = 20      // that one package lists
	mostDifferents = 2000    // that a result lists
	shownValue     = 80      // bytes of a value in a difference
	renderings     = 3       // of a package whose outputs seem to get worse
)

// answers are the tier answers that a package ships: the JSON files right below its folder fixtures.
func answers(p *pack.Package) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range p.Paths() {
		if dir, file := path.Split(name); dir == "fixtures/" && path.Ext(file) == ".json" && len(p.Files[name]) <= goldenBytes && len(out) < goldenFiles {
			out[name] = p.Files[name]
		}
	}
	return out
}

// golden compares what followers of a module come to with what they were: their plans' costs, and their warm-ups' answers, of which those
// are not asked that cannot differ. Those that it would break fail; all other differences are listed.
func (c *Control) golden(ctx context.Context, parent *release.Release, on *ground, jobs []*job, modules map[string]bool, res *Result) error {
	var moved []*job
	for _, j := range jobs {
		if j.failed == nil && !j.asked && j.before != "" && j.digest != j.before && j.old.Uses(modules) && len(j.at) > 0 {
			moved = append(moved, j)
		}
	}
	found := make([][]Difference, len(moved))
	err := each(ctx, c.workers(), moved, func(ctx context.Context, i int, j *job) (err error) {
		found[i], err = c.differences(ctx, parent, on, j)
		return err
	})
	if err != nil {
		return err
	}
	for i, j := range moved {
		for _, d := range found[i] {
			if d.Breaks {
				j.failed = append(j.failed, fault.Diagnostic{Pos: d.Pos, Severity: fault.Err, Code: codeGolden, Text: d.String() + ", " + j.with(), Fix: "Change the package so that it holds with both, or bind the module so that this version is out of its range"})
			}
		}
		if len(res.Outputs) < mostDifferents {
			res.Outputs = append(res.Outputs, found[i]...)
		}
		if j.failed != nil {
			res.Failures = append(res.Failures, Failure{Package: j.id, Diagnostics: j.failed})
			res.Made = slices.DeleteFunc(res.Made, func(id string) bool { return id == j.id })
		}
	}
	return nil
}

// with says what a job is linked with now, and was not before.
func (j *job) with() string {
	return "with " + strings.Join(release.ChangedLocks(j.old, j.lock), ", ")
}

func (c *Control) differences(ctx context.Context, parent *release.Release, on *ground, j *job) ([]Difference, error) {
	before, err := c.build(ctx, j.before)
	if err != nil {
		return nil, err
	}
	after := j.build
	if after == nil {
		if after, err = c.build(ctx, j.digest); err != nil {
			return nil, err
		}
	}
	old, err := c.graphOf(ctx, parent, before.Graph)
	if err != nil {
		return nil, err
	}
	var out []Difference
	at := j.at[0]
	if c.Explain != nil && !view.SamePlans(before, after) {
		a, err := c.Explain(at.Device, at.Schema, old, []*view.Build{before})
		if err != nil {
			return nil, err
		}
		b, err := c.Explain(at.Device, at.Schema, on.graph, []*view.Build{after})
		if err != nil {
			return nil, err
		}
		out = plans(j.pkg, a, b)
	}
	if fixtures := answers(j.pkg); c.Render != nil && len(fixtures) > 0 {
		if ask := unlike(before, after); len(ask) > 0 {
			found, err := c.rendered(ctx, Rendering{Build: before, Warmups: ask, Graph: old, Device: at.Device, Schema: at.Schema, Answers: fixtures},
				Rendering{Build: after, Warmups: ask, Graph: on.graph, Device: at.Device, Schema: at.Schema, Answers: fixtures})
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	// What breaks comes first, so that it is not what is left out.
	slices.SortStableFunc(out, func(a, b Difference) int {
		switch {
		case a.Breaks == b.Breaks:
			return 0
		case a.Breaks:
			return -1
		}
		return 1
	})
	out = out[:min(len(out), mostDifferent)]
	for i := range out {
		out[i].Package = j.id
		if out[i].Pos = Line(after, "Query."+out[i].View, steps(out[i].Path)); out[i].Pos.File == "" {
			out[i].Pos = j.pkg.Pos("dependencies")
		}
	}
	return out, nil
}

// rendered compares the answers of two builds. Where a value came or went, they are asked again: on a busy machine a value can be late, and
// what is late is null or an error for once. Only what differs every time counts.
func (c *Control) rendered(ctx context.Context, before, after Rendering) ([]Difference, error) {
	var out []Difference
	for n := range renderings {
		a, err := c.Render(ctx, before)
		if err != nil {
			return nil, err
		}
		b, err := c.Render(ctx, after)
		if err != nil {
			return nil, err
		}
		found := outputs(a, b)
		if n > 0 {
			found = slices.DeleteFunc(found, func(d Difference) bool { return !slices.Contains(out, d) })
		}
		if out = found; !slices.ContainsFunc(out, Difference.mayBeLate) {
			break
		}
	}
	return out, nil
}

// mayBeLate says whether a difference can come of values that were late, before or after.
func (d Difference) mayBeLate() bool { return d.Breaks || d.From == "null" || d.From == "nothing" }

// plans compares what views cost. More calls than before break where the package's budget has not as many.
func plans(p *pack.Package, before, after map[string]Cost) []Difference {
	budget := 0
	if p.Manifest.Edge != nil && p.Manifest.Edge.Limits != nil {
		budget = p.Manifest.Edge.Limits.Calls
	}
	var out []Difference
	for _, name := range sorted(after) {
		a, had := before[name]
		b := after[name]
		if !had || a.Calls == b.Calls && a.Levels == b.Levels && slices.Equal(a.Operations, b.Operations) {
			continue
		}
		d := Difference{View: name, From: fmt.Sprintf("%d calls in %d levels", a.Calls, a.Levels), To: fmt.Sprintf("%d calls in %d levels", b.Calls, b.Levels)}
		if a.Calls == b.Calls && a.Levels == b.Levels {
			d.From, d.To = strings.Join(a.Operations, " "), strings.Join(b.Operations, " ")
		}
		if budget > 0 && b.Calls > budget && b.Calls > a.Calls {
			d.Breaks = true
			d.To += fmt.Sprintf(" (edge.limits.calls is %d)", budget)
		}
		out = append(out, d)
	}
	return out
}

// outputs compares answers. An error that was none, a null that was a value, and a value of another kind break; another value does not.
func outputs(before, after []Golden) []Difference {
	type key struct{ fixture, view, args string }
	now := map[key]Golden{}
	for _, g := range after {
		now[key{g.Fixture, g.View, g.Args}] = g
	}
	var out []Difference
	for _, a := range before {
		b, ok := now[key{a.Fixture, a.View, a.Args}]
		if !ok {
			continue // a warm-up less
		}
		add := func(d Difference) {
			d.View, d.Fixture = a.View, a.Fixture
			out = append(out, d)
		}
		unknown := false // the new version asks what the file does not answer: nothing can be told of errors then
		for _, op := range b.Missing {
			if !slices.Contains(a.Missing, op) {
				unknown = true
				add(Difference{From: "no call of " + op, To: "a call of it, of which the file says nothing"})
			}
		}
		for _, e := range b.Errors {
			if !slices.Contains(a.Errors, e) && !unknown {
				at, kind, _ := strings.Cut(e, " ")
				add(Difference{Path: at, From: "no error", To: "the error " + kind, Breaks: true})
			}
		}
		if bytes.Equal(a.Data, b.Data) {
			continue
		}
		var x, y any
		if json.Unmarshal(a.Data, &x) != nil || json.Unmarshal(b.Data, &y) != nil {
			continue
		}
		compareValues(x, y, "", func(path, from, to string, breaks bool) {
			add(Difference{Path: path, From: from, To: to, Breaks: breaks && !unknown})
		})
	}
	return out
}

// compareValues tells of two decoded JSON values where they differ.
func compareValues(a, b any, at string, tell func(path, from, to string, breaks bool)) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			tell(at, "an object", showValue(b), true)
			return
		}
		for _, k := range sorted(x) {
			to := strings.TrimPrefix(at+"."+k, ".")
			if now, ok := y[k]; ok {
				compareValues(x[k], now, to, tell)
			} else {
				tell(to, showValue(x[k]), "nothing", true)
			}
		}
		for _, k := range sorted(y) {
			if _, ok := x[k]; !ok {
				tell(strings.TrimPrefix(at+"."+k, "."), "nothing", showValue(y[k]), false)
			}
		}
	case []any:
		y, ok := b.([]any)
		if !ok {
			tell(at, fmt.Sprintf("a list of %d", len(x)), showValue(b), true)
			return
		}
		if len(x) != len(y) {
			tell(at, fmt.Sprintf("%d items", len(x)), fmt.Sprintf("%d items", len(y)), len(x) > 0 && len(y) == 0)
		}
		for i := range min(len(x), len(y)) {
			compareValues(x[i], y[i], fmt.Sprintf("%s[%d]", at, i), tell)
		}
	default:
		if from, to := showValue(a), showValue(b); from != to {
			tell(at, from, to, a != nil && (b == nil || fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b)))
		}
	}
}

func showValue(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	if len(raw) > shownValue {
		return strings.ToValidUTF8(string(raw[:shownValue]), "") + "…"
	}
	return string(raw)
}

// steps are the names in a path of an answer: "films[0].badge" is films, badge.
func steps(at string) []string {
	var out []string
	for _, step := range strings.Split(at, ".") {
		if name, _, _ := strings.Cut(step, "["); name != "" {
			out = append(out, name)
		}
	}
	return out
}
