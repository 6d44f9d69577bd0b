package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/view"
	"facet/view/viewtest"
)

var (
	pairsWanted = flag.Int("pairs", 2000, "how many mutated surfaces the verdict is compared over")
	pairsSeed   = flag.Uint64("seed", 1, "which ones")
)

// A pair is a surface before and after one to three mutations.
type pair struct {
	before, after *view.Surface
	done          []string // the names of the mutations
}

func (p pair) String() string { return strings.Join(p.done, ", ") }

// bases are the surfaces that are mutated: the small build made by hand, the packages of examples/films, two of them on one route, and
// generated ones.
func bases(t *testing.T) [][]*view.Build {
	t.Helper()
	films := recorded(t, "../examples/films", "tv-home", "tv-player", "tv-home-v1", "phone-home")
	all := [][]*view.Build{{viewtest.Home()}, films[:1], films[1:2], films[2:3], films[3:4], films[:2],
		recorded(t, "../internal/edgetest/testdata/marks", "marks")}
	for seed := range uint64(12) {
		all = append(all, []*view.Build{synthetic(seed)})
	}
	return all
}

// recorded are the builds of packages of a workspace.
func recorded(t *testing.T, dir string, packages ...string) []*view.Build {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "graph.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	g, diags := graph.Parse("graph.graphqls", text)
	if diags.Failed() {
		t.Fatal(diags.Err())
	}
	var builds []*view.Build
	for _, name := range packages {
		at, err := filepath.Abs(filepath.Join(dir, "packages", name))
		if err != nil {
			t.Fatal(err)
		}
		space, diags := pack.OpenWorkspace(at, pack.DefaultLimits())
		if diags.Failed() {
			t.Fatal(diags.Err())
		}
		pkg, lock, diags := space.Load(at)
		if diags.Failed() {
			t.Fatal(diags.Err())
		}
		b, diags := scripts.Build(t.Context(), pkg, lock, g, scripts.Options{})
		if diags.Failed() {
			t.Fatal(diags.Err())
		}
		builds = append(builds, b)
	}
	return builds
}

func clone(t *testing.T, b *view.Build) *view.Build {
	t.Helper()
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	c := &view.Build{}
	if err := json.Unmarshal(data, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// pairs makes n pairs from a seed; mutations that no route would mount are tried again.
func pairs(t *testing.T, n int) []pair {
	t.Helper()
	r := rand.New(rand.NewPCG(*pairsSeed, 22))
	from := bases(t)
	surfaces := make([]*view.Surface, len(from))
	for i, builds := range from {
		surfaces[i] = surface(t, builds...)
	}
	var out []pair
	for tries := 0; len(out) < n; tries++ {
		if tries > 20*n {
			t.Fatalf("%d pairs after %d tries", len(out), tries)
		}
		i := r.IntN(len(from))
		builds := slices.Clone(from[i])
		which := r.IntN(len(builds))
		m := &mutator{Rand: r, b: clone(t, builds[which])}
		builds[which] = m.b
		p := pair{before: surfaces[i]}
		for range 1 + r.IntN(3) {
			if k, _ := pick(m, mutations); k.do(m) {
				p.done = append(p.done, k.name)
			}
		}
		if len(p.done) == 0 {
			continue
		}
		s, diags := view.NewSurface("tv", "v3", builds...)
		if diags.Failed() || !defaultsFit(m) {
			continue
		}
		p.after = s
		out = append(out, p)
	}
	return out
}

// defaultsFit says whether each default is a value of its type: what builds hold to.
func defaultsFit(m *mutator) bool {
	for _, l := range m.lists() {
		for _, a := range *l {
			if a.Default != nil && !m.fits(a.Default, a.Type) {
				return false
			}
		}
	}
	return true
}

// A finding is a change as both sides tell it.
type finding struct{ level, path string }

// A verdict is what graphql-js says of one change.
type verdict struct{ Level, Type, Description string }

// graphqljs asks graphql-js about all pairs at once.
func graphqljs(t *testing.T, list []pair) [][]verdict {
	t.Helper()
	const dir = "testdata/graphqljs"
	if _, err := os.Stat(dir + "/node_modules/.package-lock.json"); err != nil {
		cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in view/%s: %v; this test needs Node 20 with npm and, once, the npm registry\n%s", dir, err, out)
		}
	}
	var ask struct {
		Schemas []string `json:"schemas"`
		Pairs   [][2]int `json:"pairs"`
	}
	known := map[string]int{}
	place := func(s *view.Surface) int {
		sdl := s.SDL()
		if _, ok := known[sdl]; !ok {
			known[sdl] = len(ask.Schemas)
			ask.Schemas = append(ask.Schemas, sdl)
		}
		return known[sdl]
	}
	for _, p := range list {
		ask.Pairs = append(ask.Pairs, [2]int{place(p.before), place(p.after)})
	}
	in, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "verdict.mjs")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node verdict.mjs: %v\n%s", err, stderr.String())
	}
	var verdicts [][]verdict
	if err := json.Unmarshal(out, &verdicts); err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// paths read where a change is from graphql-js' sentence; the groups are put into the form of Change.Path.
var paths = map[string]struct {
	sentence *regexp.Regexp
	form     string
}{
	"TYPE_REMOVED":                  {regexp.MustCompile(`^(?:Standard scalar )?(\w+) was removed`), "$1"},
	"TYPE_CHANGED_KIND":             {regexp.MustCompile(`^(\w+) changed from`), "$1"},
	"TYPE_REMOVED_FROM_UNION":       {regexp.MustCompile(`^(\w+) was removed from union type (\w+)`), "$2.$1"},
	"VALUE_REMOVED_FROM_ENUM":       {regexp.MustCompile(`^(\w+) was removed from enum type (\w+)`), "$2.$1"},
	"REQUIRED_INPUT_FIELD_ADDED":    {regexp.MustCompile(`^A required field (\w+) on input type (\w+)`), "$2($1)"},
	"IMPLEMENTED_INTERFACE_REMOVED": {regexp.MustCompile(`^(\w+) no longer implements`), "$1"},
	"FIELD_REMOVED":                 {regexp.MustCompile(`^(\w+)\.(\w+) was removed`), "$1.$2"},
	"FIELD_CHANGED_KIND":            {regexp.MustCompile(`^(\w+)\.(\w+) changed type`), "$1.$2"},
	"REQUIRED_ARG_ADDED":            {regexp.MustCompile(`^A required arg (\w+) on (\w+\.\w+)`), "$2($1)"},
	"ARG_REMOVED":                   {regexp.MustCompile(`^(\w+\.\w+) arg (\w+) was removed`), "$1($2)"},
	"ARG_CHANGED_KIND":              {regexp.MustCompile(`^(\w+\.\w+) arg (\w+) has changed type`), "$1($2)"},
	"VALUE_ADDED_TO_ENUM":           {regexp.MustCompile(`^(\w+) was added to enum type (\w+)`), "$2.$1"},
	"TYPE_ADDED_TO_UNION":           {regexp.MustCompile(`^(\w+) was added to union type (\w+)`), "$2.$1"},
	"OPTIONAL_INPUT_FIELD_ADDED":    {regexp.MustCompile(`^An optional field (\w+) on input type (\w+)`), "$2($1)"},
	"OPTIONAL_ARG_ADDED":            {regexp.MustCompile(`^An optional arg (\w+) on (\w+\.\w+)`), "$2($1)"},
	"IMPLEMENTED_INTERFACE_ADDED":   {regexp.MustCompile(`^\w+ added to interfaces implemented by (\w+)`), "$1"},
	"ARG_DEFAULT_VALUE_CHANGE":      {regexp.MustCompile(`^(\w+\.\w+) arg (\w+) `), "$1($2)"},
}

func (v verdict) finding(t *testing.T, before *view.Surface) finding {
	t.Helper()
	p, ok := paths[v.Type]
	at := p.sentence
	if !ok || at.FindStringSubmatchIndex(v.Description) == nil {
		t.Fatalf("graphql-js says %s: %q, which nothing here reads", v.Type, v.Description)
	}
	path := string(at.ExpandString(nil, p.form, v.Description, at.FindStringSubmatchIndex(v.Description)))
	if owner, field, ok := strings.Cut(path, "."); ok {
		if ty := before.Type(owner); ty != nil && ty.Class == view.ClassInput {
			path = owner + "(" + field + ")"
		}
	}
	return finding{v.Level, path}
}

// ours are the codes of changes that graphql-js does not know: it sees neither REST nor the JSON Graph, nor what a value may be.
// internal/edgetest asks an old client's question of a changed edge for each that breaks.
var ours = map[string]string{
	"left_graph": "JSON Graph", "keys_changed": "JSON Graph, ids", "key_type_changed": "JSON Graph, ids", "identity_changed": "JSON Graph, ids",
	"form_changed": "JSON Graph", "argument_order": "JSON Graph calls", "call_path_changed": "JSON Graph calls", "result_removed": "JSON Graph calls, REST",
	"set_removed": "JSON Graph", "set_changed": "JSON Graph", "bounds_tightened": "all: bounds stand in no SDL",
	"default_added": "all: a note", "became_paged": "all: a note",
}

// differences are where the two sides tell one thing otherwise on purpose.
var differences = []struct {
	why  string
	drop func(p pair, theirs, our map[finding]bool)
}{
	{"the last mutation's end is the end of type Mutation for graphql-js; ours names the mutations", func(p pair, theirs, our map[finding]bool) {
		if len(p.after.Mutations()) > 0 || !theirs[finding{"breaking", "Mutation"}] {
			return
		}
		delete(theirs, finding{"breaking", "Mutation"})
		for _, name := range p.before.Mutations() {
			delete(our, finding{"breaking", "Mutation." + name})
		}
	}},
	{"a scalar of GraphQL's own that nothing names any more: ours names what named it", func(_ pair, theirs, _ map[finding]bool) {
		for _, name := range []string{"String", "Int", "Float", "Boolean", "ID"} {
			delete(theirs, finding{"breaking", name})
		}
	}},
	{"an argument that was left out must be given: graphql-js calls a default's end dangerous and lets it pass, but the old request is refused", func(p pair, theirs, our map[finding]bool) {
		for _, c := range view.Diff(p.before, p.after) {
			if c.Code == "default_removed" {
				delete(our, finding{"breaking", c.Path})
				delete(theirs, finding{"dangerous", c.Path})
			}
		}
	}},
	{"defaults of input fields: graphql-js does not compare them", func(p pair, _, our map[finding]bool) {
		for _, c := range view.Diff(p.before, p.after) {
			if c.Code == "default_changed" && !strings.Contains(c.Path, ".") {
				delete(our, finding{"dangerous", c.Path})
			}
		}
	}},
}

// TestVerdict holds Diff against graphql-js over generated pairs: each change of a level is at the same place on both sides.
func TestVerdict(t *testing.T) {
	n := *pairsWanted
	if testing.Short() {
		n = min(n, 500)
	}
	list := pairs(t, n)
	verdicts := graphqljs(t, list)
	kinds, types, breaking, extra := map[string]int{}, map[string]int{}, 0, 0
	for i, p := range list {
		for _, k := range p.done {
			kinds[k]++
		}
		theirs, our, own := map[finding]bool{}, map[finding]bool{}, false
		broken := false
		for _, v := range verdicts[i] {
			types[v.Type]++
			theirs[v.finding(t, p.before)] = true
			broken = broken || v.Level == "breaking"
		}
		changes := view.Diff(p.before, p.after)
		for _, c := range changes {
			types[c.Code]++
			if strings.HasPrefix(c.Code, "documents_") {
				continue // what apps ask for by an id stands in no schema
			}
			switch _, only := ours[c.Code]; {
			case only || c.Code == "default_removed":
				own = own || c.Breaking
			}
			if _, only := ours[c.Code]; only {
				continue
			}
			if c.Breaking {
				our[finding{"breaking", c.Path}] = true
			} else if c.Dangerous {
				our[finding{"dangerous", c.Path}] = true
			}
		}
		for _, d := range differences {
			d.drop(p, theirs, our)
		}
		if !maps.Equal(theirs, our) {
			t.Errorf("pair %d (%s):\ngraphql-js %v\nours       %v\n%v\n%v", i, p, minus(theirs, our), minus(our, theirs), verdicts[i], changes)
		}
		if view.Breaking(changes) != (broken || own) {
			t.Errorf("pair %d (%s): breaking is %t, graphql-js says %t, our own reasons %t", i, p, view.Breaking(changes), broken, own)
		}
		if lost := lostPaths(p.before, p.after); len(lost) > 0 && !view.Breaking(changes) {
			t.Errorf("pair %d (%s): the JSON Graph has no %s any more, and nothing says so: %v", i, p, lost[0], changes)
		}
		if broken {
			breaking++
		} else if own {
			extra++
		}
	}
	t.Logf("%d pairs: %d break for graphql-js, %d for REST or the JSON Graph alone, %d are safe", len(list), breaking, extra, len(list)-breaking-extra)
	t.Logf("mutations: %v", kinds)
	t.Logf("changes: %v", types)
	if len(list) < 2000 {
		return
	}
	for _, m := range mutations {
		if kinds[m.name] == 0 {
			t.Errorf("no pair has the mutation %q", m.name)
		}
	}
	for name := range paths {
		if types[name] == 0 {
			t.Errorf("no pair has graphql-js' %s", name)
		}
	}
	for code := range ours {
		if types[code] == 0 {
			t.Errorf("no pair has the change %s", code)
		}
	}
}

func minus(a, b map[finding]bool) []string {
	var out []string
	for f := range a {
		if !b[f] {
			out = append(out, fmt.Sprint(f))
		}
	}
	slices.Sort(out)
	return out
}
