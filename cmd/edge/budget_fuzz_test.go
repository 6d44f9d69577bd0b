package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"facet/composer"
	"facet/graph"
	"facet/scripts"
	"facet/serve/graphql"
	"facet/serve/jsongraph"
	"facet/serve/rest"
	"facet/view"
)

var budgetRequests = flag.Int("budget.requests", 1500, "requests that TestBudgetsAreKept makes; the bar is 100000")

// TestBudgetsAreKept publishes random packages with random budgets, two to a route, and asks them at random over all three protocols. No
// request takes more tier calls, gives more items, entities or bytes than the budgets of the packages that it asks; and what is
// no more than the widest selection takes no more than was proved.
func TestBudgetsAreKept(t *testing.T) {
	g, ds := graph.Parse("graph.graphqls", []byte(budgetGraph))
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	var calls atomic.Int64
	tier := budgetTiers(t, g, &calls)
	r := rand.New(rand.NewPCG(2026, 11))
	refused, limited, shortened, asked := 0, 0, 0, 0
	perWorld := max(100, *budgetRequests/60)
	for n := 0; asked < *budgetRequests; n += 2 {
		var builds []*view.Build
		for k := range 2 {
			b := publishable(t, randomPackage(t, r, n+k), g)
			if b == nil {
				refused++
				continue
			}
			builds = append(builds, b)
		}
		if len(builds) == 0 {
			continue
		}
		w := newBudgetWorld(t, g, tier, &calls, builds)
		for range perWorld {
			w.ask(r)
			asked++
		}
		limited, shortened = limited+w.limited, shortened+w.shortened
		w.close()
	}
	t.Logf("%d requests; %d packages refused at publish; %d answers past a budget, %d shortened; 0 violations", asked, refused, limited, shortened)
	if limited == 0 || shortened == 0 || refused == 0 {
		t.Error("the budgets of this test bound nothing")
	}
}

// A budgetWorld is one route of random packages.
type budgetWorld struct {
	t        testing.TB
	e        *heard
	calls    *atomic.Int64
	protocol map[string]http.Handler
	proofs   map[string]composer.Proof
	done     []func()

	limited, shortened int
}

func newBudgetWorld(t testing.TB, g *graph.Graph, tier composer.TiersBySource, calls *atomic.Int64, builds []*view.Build) *budgetWorld {
	s, ds := view.NewSurface("tv", "v1", builds...)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	w := &budgetWorld{t: t, calls: calls, proofs: map[string]composer.Proof{}}
	var batches [][]view.Batch
	for _, b := range builds {
		f, err := scripts.Open(b, scripts.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.done = append(w.done, f.Close)
		batches = append(batches, f.Batches())
	}
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: tier, Batches: batches})
	if err != nil {
		t.Fatal(err)
	}
	w.e = &heard{Engine: e}
	for _, v := range s.Views() {
		p, err := e.Prove(composer.RootView, v)
		if err != nil {
			t.Fatal(err)
		}
		w.proofs[v] = p
	}
	w.protocol = map[string]http.Handler{"graphql": graphql.New(graphql.Options{Views: w.e, Asker: fuzzAsker}), "rest": rest.New(rest.Options{Views: w.e, Asker: fuzzAsker}), "jsongraph": jsongraph.New(jsongraph.Options{Views: w.e, Asker: fuzzAsker})}
	return w
}

func (w *budgetWorld) close() {
	for _, f := range w.done {
		f()
	}
}

// ask makes one random request and looks at what it took.
func (w *budgetWorld) ask(r *rand.Rand) {
	c := &chance{r: r, s: w.e.Surface()}
	req, what := c.request()
	w.e.part, w.e.sel = nil, nil
	w.calls.Store(0)
	rec := httptest.NewRecorder()
	w.protocol[c.protocol].ServeHTTP(rec, req)
	if !json.Valid(rec.Body.Bytes()) && rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		w.t.Fatalf("%s: no JSON: %s", what, rec.Body)
	}
	p := w.e.part
	if p == nil {
		return // refused by the protocol's own limits
	}
	if bytes.Contains(rec.Body.Bytes(), []byte(`"internal"`)) {
		w.t.Fatalf("%s: %s", what, rec.Body)
	}
	w.check(c, p, int(w.calls.Load()), what)
}

// check compares what a request took with the budgets of the packages that it asked.
func (w *budgetWorld) check(c *chance, p *composer.Part, calls int, what string) {
	s := w.e.Surface()
	d := composer.Defaults()
	env := view.Budget{Calls: d.Calls, Entities: d.Entities, Items: d.Items, Bytes: int64(d.Bytes)}
	var sum view.Budget
	sizes, sized, shorten := 0, true, false
	seen := map[*view.Build]bool{}
	views := map[string]bool{}
	for _, root := range w.e.sel.Roots {
		b := rootBuild(s, root)
		if b == nil {
			continue
		}
		if f, ok := s.View(root.Name); !ok || f.Def.Budget == nil {
			sized = false
		} else if c.protocol != "jsongraph" || !views[root.Name] {
			sizes += f.Def.Budget.Bytes
		}
		views[root.Name] = true
		if seen[b] {
			continue
		}
		seen[b] = true
		l := b.Budget().Within(env)
		shorten = shorten || l.Shorten
		sum.Calls, sum.Items, sum.Entities, sum.Bytes = sum.Calls+l.Calls, sum.Items+l.Items, sum.Entities+l.Entities, sum.Bytes+l.Bytes
	}
	var data any
	if err := json.Unmarshal(p.Data, &data); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	for _, e := range p.Errors {
		if e.Kind == "limit" {
			w.limited++
			break
		}
	}
	if len(p.Shortened) > 0 {
		w.shortened++
	}
	bad := func(format string, args ...any) {
		w.t.Errorf("%s\n%s", fmt.Sprintf(format, args...), what)
	}
	if len(seen) > 0 && calls > sum.Calls {
		bad("%d calls, budget %d", calls, sum.Calls)
	}
	frame := 2
	for _, root := range w.e.sel.Roots {
		frame += len(root.Key) + 4 + len("null")
	}
	if len(seen) > 0 && len(p.Errors) == 0 && int64(len(p.Data)-frame) > sum.Bytes {
		bad("%d bytes, budget %d", len(p.Data), sum.Bytes)
	}
	if sized && len(seen) > 0 && len(p.Errors) == 0 && len(p.Data)-frame > sizes {
		for _, x := range p.Shortened {
			if x.To > 0 {
				bad("%d bytes, the views' budget %d, and %v has %d items", len(p.Data), sizes, x.Path, x.To)
			}
		}
	}
	if c.protocol == "jsongraph" {
		return // entities and items stand once there
	}
	items, entities := counts(data)
	if len(seen) > 0 && items > sum.Items {
		bad("%d items, budget %d", items, sum.Items)
	}
	if len(seen) > 0 && entities > sum.Entities {
		bad("%d entities, budget %d", entities, sum.Entities)
	}
	if len(w.e.sel.Roots) == 1 && !c.wide {
		f := w.proofs[strings.TrimSuffix(w.e.sel.Roots[0].Name, "Page")]
		if f.Name != "" && f.Widest.Calls.Bounded() && int64(calls) > f.Widest.Calls.Most {
			bad("%d calls, proved %s", calls, f.Widest.Calls)
		}
		if f.Name != "" && f.Widest.Items.Bounded() && int64(items) > f.Widest.Items.Most {
			bad("%d items, proved %s", items, f.Widest.Items)
		}
	}
}

// A chance makes requests.
type chance struct {
	r        *rand.Rand
	s        *view.Surface
	protocol string
	wide     bool // more than the widest selection: an alias, or a shape inside itself
	nodes    int
}

func (c *chance) request() (*http.Request, string) {
	switch c.r.IntN(3) {
	case 0:
		c.protocol = "graphql"
		doc := c.document()
		body, _ := json.Marshal(map[string]string{"query": doc})
		return routed(http.MethodPost, "/tv/v1/graphql", string(body)), doc
	case 1:
		c.protocol = "rest"
		f := c.root()
		q := url.Values{}
		for _, a := range f.Args {
			if a.Required() {
				q.Set(a.Name, c.value(a.Name))
			}
		}
		if c.r.IntN(3) > 0 {
			if fields := c.fields(f.Type.Named(), 0, nil, false); fields != "" {
				q.Set("fields", fields)
			}
		}
		at := "/tv/v1/" + f.Name + "?" + q.Encode()
		return routed(http.MethodGet, at, ""), at
	}
	c.protocol = "jsongraph"
	var paths []any
	for range 1 + c.r.IntN(3) {
		paths = append(paths, c.path())
	}
	text, _ := json.Marshal(paths)
	return routed(http.MethodGet, "/tv/v1/model.json?method=get&paths="+url.QueryEscape(string(text)), ""), string(text)
}

func routed(method, at, body string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), method, at, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.SetPathValue("device", "tv")
	r.SetPathValue("schema", "v1")
	rest, _, _ := strings.Cut(strings.TrimPrefix(at, "/tv/v1/"), "?")
	r.SetPathValue("view", rest)
	return r
}

// root is a view's field.
func (c *chance) root() *view.TypeField {
	for {
		f := c.s.QueryFields()[c.r.IntN(len(c.s.QueryFields()))]
		if f.Name != "node" && f.PageOf == "" {
			return f
		}
	}
}

func (c *chance) value(arg string) string {
	switch arg {
	case "kind":
		return fmt.Sprint("k", c.r.IntN(5))
	case "id":
		return []string{fmt.Sprint("f", c.r.IntN(70)), fmt.Sprint("s", c.r.IntN(12))}[c.r.IntN(2)]
	}
	return "x"
}

func (c *chance) document() string {
	var b strings.Builder
	b.WriteString("{")
	for i := range 1 + c.r.IntN(2)*c.r.IntN(6) {
		f := c.root()
		if i > 0 {
			c.wide = true
		}
		fmt.Fprintf(&b, " a%d: %s%s", i, f.Name, c.args(f))
		b.WriteString(c.selection(f.Type.Named(), 0, nil))
	}
	return b.String() + " }"
}

func (c *chance) args(f *view.TypeField) string {
	var args []string
	for _, a := range f.Args {
		switch {
		case a.Required():
			args = append(args, fmt.Sprintf("%s: %q", a.Name, c.value(a.Name)))
		case a.Name == "first" && c.r.IntN(2) == 0:
			args = append(args, fmt.Sprintf("first: %d", c.r.IntN(60)))
		case a.Name == "after" && c.r.IntN(4) == 0:
			args = append(args, fmt.Sprintf("after: %q", composer.EncodeCursor(c.r.IntN(20))))
		}
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// selection is a random GraphQL selection of a type. Entities are told by their key.
func (c *chance) selection(typ string, depth int, inside []string) string {
	t := c.s.Type(typ)
	if t == nil || len(t.Fields) == 0 {
		return ""
	}
	if t.Shape != nil {
		for _, in := range inside {
			c.wide = c.wide || in == typ
		}
		inside = append(inside, typ)
	}
	var b strings.Builder
	b.WriteString(" {")
	if t.Field("key") != nil {
		b.WriteString(" key")
	} else {
		b.WriteString(" __typename")
	}
	for _, f := range t.Fields {
		if f.Name == "key" || f.PageOf != "" && c.r.IntN(4) > 0 || c.r.IntN(3) == 0 {
			continue
		}
		below := c.s.Type(f.Type.Named())
		if below != nil && len(below.Fields) > 0 && depth > 3 {
			continue
		}
		if c.nodes++; c.nodes > 200 {
			break
		}
		b.WriteString(" " + f.Name + c.args(f) + c.selection(f.Type.Named(), depth+1, inside))
	}
	return b.String() + " }"
}

// fields is a random `fields` text of REST.
func (c *chance) fields(typ string, depth int, inside []string, nested bool) string {
	t := c.s.Type(typ)
	if t == nil || len(t.Fields) == 0 {
		return ""
	}
	for _, in := range inside {
		c.wide = c.wide || in == typ
	}
	inside = append(inside, typ)
	var out []string
	if t.Field("key") != nil {
		out = append(out, "key")
	}
	for _, f := range t.Fields {
		if f.Name == "key" || f.PageOf != "" || c.r.IntN(3) == 0 {
			continue
		}
		below := c.fields(f.Type.Named(), depth+1, inside, true)
		switch {
		case below != "" && depth > 3:
			continue
		case below != "":
			out = append(out, f.Name+"("+below+")")
		default:
			out = append(out, f.Name)
		}
		if depth > 4 {
			break
		}
	}
	return strings.Join(out, ",")
}

// path is a random path set of the JSON Graph.
func (c *chance) path() []any {
	f := c.root()
	p := []any{f.Name}
	for _, a := range f.Args {
		if a.Required() {
			p = append(p, c.value(a.Name))
		}
	}
	typ, list := f.Type.Named(), f.Type.List()
	for depth := 0; ; depth++ {
		if list {
			from := c.r.IntN(4)
			p = append(p, map[string]int{"from": from, "to": from + c.r.IntN(30)})
		}
		t := c.s.Type(typ)
		if t == nil || len(t.Fields) == 0 || t.Computed {
			return p
		}
		var leaves []any
		var deeper []*view.TypeField
		for _, x := range t.Fields {
			if below := c.s.Type(x.Type.Named()); below != nil && len(below.Fields) > 0 && !below.Computed {
				if x.PageOf == "" {
					deeper = append(deeper, x)
				}
			} else if x.PageOf == "" {
				leaves = append(leaves, x.Name)
			}
		}
		if len(deeper) == 0 || depth > 3 || len(leaves) > 0 && c.r.IntN(2) == 0 {
			return append(p, leaves)
		}
		x := deeper[c.r.IntN(len(deeper))]
		p = append(p, x.Name)
		typ, list = x.Type.Named(), x.Type.List()
	}
}
