package composer_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
	"facet/view"
	vt "facet/view/viewtest"
)

// cellWorld has a view "v" with a field that costs a call for each of some experiments: its arm says which.
func cellWorld(t testing.TB, experiments, arms int) *world {
	r := &vt.Recorder{}
	fields := []*view.Field{vt.Field("base", vt.Leaf(r.Query("base", "String"), "String"))}
	for e := range experiments {
		name := fmt.Sprint("cell:x", e)
		text := func(n int) view.ID {
			return r.Query("text", "String", vt.Named("n", r.Literal(strconv.Itoa(n), "Int!")))
		}
		var cases []view.Case
		for a := range arms {
			cases = append(cases, view.Case{JSON: json.RawMessage(fmt.Sprintf(`"a%d"`, a)), Value: text(e*100 + a)})
		}
		pick := r.Add(view.OpPick, r.Context(name, "String"), "String", func(v *view.Value) { v.Cases, v.Else = cases, text(e*100+99) })
		fields = append(fields, vt.Field(fmt.Sprint("f", e), vt.Leaf(pick, "String"), name))
		if e == 0 { // a choice of lists, and the arm itself
			list := func(n int) view.ID {
				return r.Query("items", "[Item!]", vt.Named("n", r.Literal(strconv.Itoa(n), "Int!")))
			}
			lists := r.Add(view.OpPick, r.Context(name, "String"), "[Item!]", func(v *view.Value) {
				v.Cases, v.Else = []view.Case{{JSON: json.RawMessage(`"a1"`), Value: list(1)}}, list(2)
			})
			it := r.Item(lists, "Item!")
			fields = append(fields, vt.Field("list", vt.Many(lists, it, false, false, vt.Tree("VList", it, true, vt.Field("name", vt.Leaf(r.Field(it, "name", "String"), "String")))), name),
				vt.Field("arm", vt.Leaf(r.Context(name, "String"), "String"), name))
		}
	}
	w := newWorld(t, "testdata/allocate.graphqls", &view.Build{Format: view.Format, Package: "@tv/cells", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3",
		Views: []*view.View{{Name: "v", Scope: r.Scope, Output: vt.Tree("V", view.None, true, fields...), Cache: &view.Cache{Scope: "public", MaxAge: time.Minute}}}})
	w.tier.Static("a.Query.base", `{"v":"base"}`)
	w.tier.Func("a.Query.text", func(r *fake.Request) (any, error) { return obj{"v": "t" + r.Arg("n")}, nil })
	w.tier.Func("a.Query.items", func(r *fake.Request) (any, error) { return obj{"items": []any{obj{"id": "i" + r.Arg("n")}}}, nil })
	w.tier.Rows("a.Item", fake.NewTable(obj{"i1": obj{"id": "i1", "name": "one"}, "i2": obj{"id": "i2", "name": "two"}}))
	return w
}

func allocatedBy(field string) *asker.Experiments {
	return asker.NewExperiments([]asker.Experiment{{Name: "x0", Arms: []string{"a0", "a1"}, Weights: []uint32{1, 1}, Field: field, Default: "a0"}})
}

func TestAllocatedCells(t *testing.T) {
	want := func(f0, list, arm string) string {
		return fmt.Sprintf(`{"v":{"base":"base","f0":%q,"list":[{"name":%q}],"arm":%q}}`, f0, list, arm)
	}
	for _, tt := range []struct {
		name   string
		answer func(tier *fake.Tier)
		edit   func(a *asker.Asker)
		want   string
		calls  int
		levels int
		arm    string
		short  []string
	}{
		{"a tier's arm, beside the first operations", func(tier *fake.Tier) {
			tier.Func("cells.Viewer.cell", func(r *fake.Request) (any, error) {
				if r.Arg("experiment") != "x0" && r.Arg("experiment") != `"x0"` {
					return nil, fmt.Errorf("asked for %s", r.Arg("experiment"))
				}
				return obj{"arm": "a1"}, nil
			})
		}, nil, want("t1", "one", "a1"), 5, 3, "a1", nil},
		{"the tier is down: the default, degraded", func(tier *fake.Tier) { tier.Fail("cells.Viewer.cell", fault.Unavailable) }, nil,
			want("t0", "two", "a0"), 5, 3, "", []string{"v f0 degraded unavailable", "v list degraded unavailable", "v arm degraded unavailable"}},
		{"the tier knows nothing: the default", func(tier *fake.Tier) { tier.Static("cells.Viewer.cell", `{"arm":null}`) }, nil, want("t0", "two", "a0"), 5, 3, "a0", nil},
		{"an arm that the view does not know", func(tier *fake.Tier) { tier.Static("cells.Viewer.cell", `{"arm":"zz"}`) }, nil, want("t99", "two", "zz"), 5, 3, "zz", nil},
		{"nobody: the default", func(*fake.Tier) {}, func(a *asker.Asker) { a.Viewer = asker.Viewer{} }, want("t0", "two", "a0"), 4, 2, "a0", nil},
		{"a fixed cell asks no tier", func(*fake.Tier) {}, func(a *asker.Asker) { a.Cells = map[string]string{"x0": "a1"} }, want("t1", "one", "a1"), 4, 2, "a1", nil},
		{"hashed", func(*fake.Tier) {}, func(a *asker.Asker) {
			a.Experiments = asker.NewExperiments([]asker.Experiment{{Name: "x0", Arms: []string{"a1"}, Weights: []uint32{1}}})
		}, want("t1", "one", "a1"), 4, 2, "a1", nil},
		{"a field that this graph does not have", func(*fake.Tier) {}, func(a *asker.Asker) { a.Experiments = allocatedBy("Viewer.gone") }, want("t0", "two", "a0"), 4, 2, "a0", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := cellWorld(t, 1, 2)
			tt.answer(w.tier)
			sel := view1("v", nodes("base", "f0", "list", nodes("name"), "arm"))
			for _, first := range []bool{false, true} { // also after a plan for another way that cells come about was made
				a := *w.asker
				a.Experiments = allocatedBy("Viewer.cell")
				if tt.edit != nil {
					tt.edit(&a)
				}
				if first {
					b := a
					b.Experiments = asker.NewExperiments([]asker.Experiment{{Name: "x0", Arms: []string{"a0"}, Weights: []uint32{1}}})
					w.ask(&composer.Request{Selection: sel, Asker: &b})
				}
				p := w.ask(&composer.Request{Selection: sel, Asker: &a})
				if d := cmp.Diff(tt.want, string(p.Data)); d != "" {
					t.Error(d, p.Errors)
				}
				if p.Stats.Calls != tt.calls || p.Stats.Levels != tt.levels {
					x, _ := w.engine.Explain(sel, nil, &a)
					t.Errorf("%d calls in %d levels, want %d in %d\n%s", p.Stats.Calls, p.Stats.Levels, tt.calls, tt.levels, x)
				}
				got := short(p)
				slices.Sort(got)
				slices.Sort(tt.short)
				if d := cmp.Diff(tt.short, got); d != "" {
					t.Error(d)
				}
				arm := ""
				for _, e := range p.Exposed {
					arm += e.Arm
				}
				if arm != tt.arm {
					t.Errorf("exposed to %v, want %q", p.Exposed, tt.arm)
				}
				if loaded := tt.edit == nil; loaded && p.Cache.Public || !loaded && len(a.Viewer.ID) > 0 && a.Allocation("x0").Field == "" && !p.Cache.Public {
					t.Errorf("public: %v", p.Cache.Public)
				}
			}
		})
	}
}

// TestPlansAreBounded: however many forks a view has and whoever asks, a selection has at most 64 plans; the answers are right.
func TestPlansAreBounded(t *testing.T) {
	const experiments, arms = 50, 16
	w := cellWorld(t, experiments, arms)
	w.patient(t) // making a plan of 850 operations takes its time under the race detector
	var names []any
	for e := range experiments {
		names = append(names, fmt.Sprint("f", e))
	}
	sel := view1("v", nodes(names...))
	count := func() int { return composer.PlansOf(w.engine) }
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const asks = 400
	began := time.Now()
	for n := range asks {
		a := *w.asker
		a.Cells = map[string]string{}
		for e := range experiments {
			if arm := (n*31 + e*(n+7)) % (arms + 1); arm < arms {
				a.Cells[fmt.Sprint("x", e)] = fmt.Sprint("a", arm)
			}
		}
		p := w.ask(&composer.Request{Selection: sel, Asker: &a})
		var got struct{ V map[string]string }
		if err := json.Unmarshal(p.Data, &got); err != nil {
			t.Fatal(err)
		}
		for e := range experiments {
			want := fmt.Sprint("t", e*100+99)
			if arm := a.Cells[fmt.Sprint("x", e)]; arm != "" {
				want = fmt.Sprintf("t%d", e*100+atoi(arm[1:]))
			}
			if got.V[fmt.Sprint("f", e)] != want {
				t.Fatalf("asker %d: f%d is %q, want %q: %v", n, e, got.V[fmt.Sprint("f", e)], want, p.Errors)
			}
		}
		if p.Stats.Calls != experiments {
			t.Fatalf("asker %d: %d calls, want %d", n, p.Stats.Calls, experiments)
		}
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := count(); got > 64 {
		t.Errorf("one selection has %d plans", got)
	}
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if grown > 256<<20 {
		t.Errorf("the plans take %d MiB", grown>>20)
	}
	t.Logf("%d plans, %d KiB, counted as %d, %v an answer", count(), grown>>10, composer.PlanBytesOf(w.engine)>>10, took/asks)
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// TestPlansOfAllSelectionsAreBounded: the bound is of plans, not of selections.
func TestPlansOfAllSelectionsAreBounded(t *testing.T) {
	w := cellWorld(t, 3, 3)
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: w.tier.For(w.g), Limits: composer.Limits{Plans: 40}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	for n := range 300 {
		ns := nodes("f0", "f1", "f2")
		ns[0].Key = fmt.Sprint("k", n%30) // another selection
		a := *w.asker
		a.Cells = map[string]string{"x0": fmt.Sprint("a", n%3), "x1": fmt.Sprint("a", n/3%3), "x2": fmt.Sprint("a", n/9%3)}
		w.ask(&composer.Request{Selection: view1("v", ns), Asker: &a})
		if got := composer.PlansOf(e); got > 40 {
			t.Fatalf("%d plans are kept, 40 are allowed", got)
		}
	}
}

// patient gives answers a minute.
func (w *world) patient(t testing.TB) {
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: w.tier.For(w.g), Limits: composer.Limits{Time: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
}
