package control_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/storage/memory"
)

// operators gives two controls of their own over one store that fails at random.
func operators(t *testing.T, w *world, rate float64) []*control.Control {
	var out []*control.Control
	for i := range 2 {
		out = append(out, &control.Control{Store: newFlaky(w.Store, rate, uint64(i)+7), Builder: "test 1", Workers: 4, Build: w.build})
	}
	return out
}

// history lists the releases from the one that is served back to the first.
func history(t *testing.T, w *world, env string) []*release.Release {
	t.Helper()
	p, _, err := w.Pointer(t.Context(), env, "local")
	if err != nil {
		t.Fatal(err)
	}
	var out []*release.Release
	for digest := p.Release; digest != ""; {
		r, err := w.Load(t.Context(), env, digest)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
		digest = r.Parent
	}
	return out
}

// Two operators deploy their own packages a hundred times each, at once, over a store that fails: every release is
// in the history once, and none undoes another's.
func TestTwoOperators(t *testing.T) {
	t.Run("one region", func(t *testing.T) { twoOperators(t, 100, "local") })
	t.Run("three regions", func(t *testing.T) { twoOperators(t, 25, "local", "eu", "us") })
}

func twoOperators(t *testing.T, rounds int, regions ...string) {
	w := newWorld(t, memory.New())
	for i := range rounds {
		for _, who := range []string{"a", "b"} {
			w.publish(fmt.Sprintf("@tv/%s@1.%d.0", who, i), `"device": ["tv"], "schema": "v3"`, ``, "view "+who+"view")
		}
	}
	ops := operators(t, w, 0.1)
	var wg sync.WaitGroup
	for i, who := range []string{"a", "b"} {
		wg.Go(func() {
			for round := range rounds {
				id := fmt.Sprintf("@tv/%s@1.%d.0", who, round)
				for tries := 1; ; tries++ {
					res, err := ops[i].Release(t.Context(), control.Request{Env: "prod", Regions: regions, Deploy: []string{id}, Note: release.Note{Author: who, Why: id}})
					if err == nil {
						if len(res.Replaced) > 0 {
							t.Errorf("%s replaced %+v", id, res.Replaced)
						}
						break
					}
					if k := fault.KindOf(err); tries == 20 || k != fault.Unavailable && k != fault.Timeout && k != fault.Conflict {
						t.Errorf("%s: %v", id, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	made := map[string]int{}
	for _, r := range history(t, w, "prod") {
		made[r.Why]++
	}
	for _, who := range []string{"a", "b"} {
		for round := range rounds {
			if id := fmt.Sprintf("@tv/%s@1.%d.0", who, round); made[id] != 1 {
				t.Errorf("%s is in the history %d times", id, made[id])
			}
		}
	}
	p, _, err := w.Pointer(t.Context(), "prod", "local")
	if err != nil || p.Seq != int64(2*rounds) {
		t.Errorf("%v, %v; want %d writes", p, err, 2*rounds)
	}
	for _, region := range regions {
		if other, _, err := w.Pointer(t.Context(), "prod", region); err != nil || other.Release != p.Release {
			t.Errorf("%s is at %v, %v; want %v", region, other, err, p)
		}
	}
	for i := range ops {
		f := ops[i].Store.(*flaky)
		t.Logf("operator %d: %d operations failed, %d of them were writes that happened", i, f.Fails.Load(), f.Lost.Load())
	}
}

// Two operators deploy the same package at once. Without a revision the later one wins and is told what it
// replaced; with one, it is told what stands in its way.
func TestSamePackageAtOnce(t *testing.T) {
	for _, stated := range []bool{false, true} {
		t.Run(fmt.Sprint("stated ", stated), func(t *testing.T) {
			store := memory.New()
			w := newWorld(t, store)
			w.films()
			first := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/player", "@phone/home"}})
			w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
			w.publish("@tv/player@1.2.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
			w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
			slow := &control.Control{Store: w.Store, Builder: "test 1", Build: w.build}
			req := control.Request{Env: "prod", Deploy: []string{"@tv/player@1.1.0"}}
			other := control.Request{Env: "prod", Deploy: []string{"@phone/home@1.1.0"}}
			if stated {
				req.IfRevision, other.IfRevision = first.Digest, first.Digest
			}
			between := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player@1.2.0"}, Note: release.Note{Author: "bob"}})
			if _, err := slow.Release(t.Context(), other); err != nil {
				t.Errorf("another package: %v", err)
			}
			res, err := slow.Release(t.Context(), req)
			if !stated {
				if err != nil || !slices.Contains(res.Changed, "tv/v3 @tv/player 1.2.0 -> 1.1.0") {
					t.Errorf("%v, %v", res.Changed, err)
				}
				return
			}
			if fault.KindOf(err) != fault.Conflict {
				t.Fatalf("%v, want a conflict", err)
			}
			for _, part := range []string{"tv/v3 @tv/player", "1.0.0 to 1.2.0", release.Short(first.Digest), release.Short(between.Digest) + " of bob"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\ndoes not name %s", err, part)
				}
			}
		})
	}
}

// Somebody releases between a request's reading and its writing.
func TestReplacedMeanwhile(t *testing.T) {
	if res := meanwhile(t, "1.2.0"); len(res.Replaced) != 1 || res.Replaced[0].Route != "tv/v3" || res.Replaced[0].Package != "@tv/player" || res.Replaced[0].From != "1.2.0" || res.Replaced[0].To != "1.1.0" || res.Replaced[0].Release != res.Release.Parent {
		t.Errorf("replaced: %+v", res.Replaced)
	}
	if res := meanwhile(t, "1.1.0"); len(res.Replaced) != 0 {
		t.Errorf("they did the same: replaced %+v", res.Replaced)
	}
}

// meanwhile releases version 1.1.0 of a player, while somebody else releases another version.
func meanwhile(t *testing.T, theirs string) *control.Result {
	t.Helper()
	w := films(t)
	for _, v := range []string{"1.1.0", "1.2.0"} {
		w.publish("@tv/player@"+v, `"device": ["tv"], "schema": "v3"`, ``, "view player")
	}
	store := w.Store.(*memory.Store)
	var once sync.Once
	inner := &control.Control{Store: store, Builder: "test 1", Build: w.build}
	hooked := &hook{Store: store, before: func(key string) {
		if key == release.PointerKey("prod", "local") {
			once.Do(func() {
				if _, err := inner.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/player@" + theirs}}); err != nil {
					t.Error(err)
				}
			})
		}
	}}
	c := &control.Control{Store: hooked, Builder: "test 1", Build: w.build}
	res, err := c.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/player@1.1.0"}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// A write happened, its answer was lost, and somebody went on from it before this control looked again.
func TestLostAnswerAndAnotherOnTop(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	store := w.Store.(*memory.Store)
	inner := &control.Control{Store: store, Builder: "test 1", Build: w.build}
	var once sync.Once
	hooked := &hook{Store: store, after: func(key string) (err error) {
		if key == release.PointerKey("prod", "local") {
			once.Do(func() {
				if _, e := inner.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@phone/home@1.1.0"}}); e != nil {
					t.Error(e)
				}
				err = &fault.Error{Kind: fault.Timeout, Op: "storage.put", Message: "no answer"}
			})
		}
		return err
	}}
	c := &control.Control{Store: hooked, Builder: "test 1", Build: w.build}
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	res, err := c.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/player@1.1.0"}, IfRevision: before.Release})
	if err != nil || res.Release.Parent != before.Release || res.Pointers["local"].Seq != before.Seq+1 {
		t.Errorf("%+v, %v; want the release that was written", res, err)
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); p.Seq != before.Seq+2 {
		t.Errorf("%v, want the other release on top", p)
	}
}

// The process died after the first region, or the answer was lost: asking the same again, with the revision that was seen then, completes it.
func TestAskingAgainCompletes(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.release(control.Request{Env: "prod", Regions: []string{"local", "eu", "us"}, Deploy: []string{"@tv/home"}})
	store := w.Store.(*memory.Store)
	down := true
	c := &control.Control{Store: &hook{Store: store, instead: func(key string) error {
		if down && key == release.PointerKey("prod", "eu") {
			return &fault.Error{Kind: fault.Forbidden, Op: "storage.put", Message: "eu is down"}
		}
		return nil
	}}, Builder: "test 1", Build: w.build}
	req := control.Request{Env: "prod", Regions: []string{"local", "eu", "us"}, Deploy: []string{"@tv/player"}, IfRevision: before.Release, Note: release.Note{Why: "queue", Author: "ann"}}
	res, err := c.Release(t.Context(), req)
	if err == nil || !strings.Contains(err.Error(), "eu: ") || len(res.Pointers) != 2 {
		t.Fatalf("%+v, %v", res, err)
	}
	down = false
	again, err := c.Release(t.Context(), req)
	if err != nil || again.Digest != res.Digest || len(again.Pointers) != 3 {
		t.Fatalf("asked again: %+v, %v", again, err)
	}
	for _, region := range req.Regions {
		if p, _, _ := w.Pointer(t.Context(), "prod", region); p.Release != res.Digest {
			t.Errorf("%s is at %v", region, p)
		}
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); p.Seq != before.Seq+1 {
		t.Errorf("local was written again: %v", p)
	}
}

// A region that has gone on, from the release that another operator made on top, is not taken back.
func TestRegionThatWentOn(t *testing.T) {
	w := films(t)
	w.release(control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@tv/home"}})
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	store := w.Store.(*memory.Store)
	inner := &control.Control{Store: store, Builder: "test 1", Build: w.build}
	var once sync.Once
	var later *control.Result
	c := &control.Control{Store: &hook{Store: store, after: func(key string) error {
		if key == release.PointerKey("prod", "local") {
			once.Do(func() {
				var err error
				if later, err = inner.Release(t.Context(), control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@phone/home@1.1.0"}}); err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	}}, Builder: "test 1", Build: w.build}
	if _, err := c.Release(t.Context(), control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@tv/player@1.1.0"}}); err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"local", "eu"} {
		if p, _, _ := w.Pointer(t.Context(), "prod", region); p.Release != later.Digest {
			t.Errorf("%s is at %v, want the later release %s", region, p, release.Short(later.Digest))
		}
	}
}

func TestRegionThatHasSomethingElse(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	w.publish("@tv/player@1.0.1", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.release(control.Request{Env: "prod", Regions: []string{"eu"}, Deploy: []string{"@tv/player@1.1.0", "@tv/home"}})
	req := control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@tv/player@1.0.1"}, IfRevision: before.Release}
	if _, err := w.Release(t.Context(), req); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "prod/eu") {
		t.Errorf("%v, want a conflict about eu", err)
	}
	req.IfRevision = ""
	if _, err := w.Release(t.Context(), req); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "tv/v3 in eu: breaking field_removed Query.queue") {
		t.Errorf("%v, want what breaks in eu", err)
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); p != before {
		t.Errorf("local moved to %v", p)
	}
}

func TestPlannedReleaseIsNotBroughtForward(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}, ActivateAt: w.Now().Add(time.Hour)})
	req := control.Request{Env: "prod", Deploy: []string{"@phone/home"}}
	if _, err := w.Release(t.Context(), req); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "planned") {
		t.Errorf("%v, want a conflict", err)
	}
	req.ActivateAt = w.Now().Add(2 * time.Hour)
	w.release(req)
	res, err := w.Rollback(t.Context(), control.Request{Env: "prod"}, "")
	if err != nil || res.Pointers["local"].Active(w.Now()) != res.Digest {
		t.Fatalf("%v", err)
	}
	first, _ := w.Load(t.Context(), "prod", before.Release)
	if !res.Release.Equal(first) {
		t.Errorf("the brake went to\n%v", res.Release)
	}
}

// Twenty packages of one release: all of them or none, in one pointer write.
func TestGroupOfTwenty(t *testing.T) {
	w := newWorld(t, memory.New())
	var ids, next []string
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("@tv/p%d@1.0.0", i))
		next = append(next, fmt.Sprintf("@tv/p%d@1.1.0", i))
		w.publish(ids[i], fmt.Sprintf(`"device": ["tv%d"], "schema": "v3"`, i%7), ``, fmt.Sprintf("view v%d", i))
		text := fmt.Sprintf("view v%d", i)
		if i == 19 {
			text += "\nmistake"
		}
		w.publish(next[i], fmt.Sprintf(`"device": ["tv%d"], "schema": "v3"`, i%7), ``, text)
	}
	store := w.Store.(*memory.Store)
	writes := 0
	w.Control = &control.Control{Store: &hook{Store: store, before: func(key string) {
		if key == release.PointerKey("prod", "local") {
			writes++
		}
	}}, Builder: "test 1", Build: w.build}
	w.release(control.Request{Env: "prod", Deploy: ids})
	if writes != 1 {
		t.Errorf("%d pointer writes", writes)
	}
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: next}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("one of twenty does not build: %v", err)
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); p != before || writes != 1 {
		t.Errorf("a part was released: %v after %d writes", p, writes)
	}
	res := w.release(control.Request{Env: "prod", Deploy: next[:19]})
	if writes != 2 || len(res.Changed) != 19 {
		t.Errorf("%d writes, %d changes", writes, len(res.Changed))
	}
}

// What others changed since the revision that was stated, where a request touches the same.
func TestConflictsSinceARevision(t *testing.T) {
	w := films(t)
	first, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.graph("1.1.0", sdl+"# one\n")
	w.graph("1.2.0", sdl+"# two\n")
	w.publish("@originals/rows@2.2.0", ``, ``, "")
	w.publish("@originals/rows@2.3.0", ``, ``, "")
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	module := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows@2.2.0"}})
	graph := w.release(control.Request{Env: "prod", Graph: "1.1.0"})
	for _, c := range []struct {
		name  string
		req   control.Request
		parts []string // of the conflict; nil for none
	}{
		{"the same module", control.Request{Deploy: []string{"@originals/rows@2.3.0"}}, []string{"the module @originals/rows@2", "2.1.0 to 2.2.0", release.Short(module.Digest)}},
		{"the graph", control.Request{Graph: "1.2.0"}, []string{"the graph", "1.0.0 to 1.1.0", release.Short(graph.Digest)}},
		{"a mount that was rebuilt", control.Request{Remove: remove("tv", "v3", "@tv/home"), Retire: true}, []string{"tv/v3 @tv/home", release.Short(first.Release)}},
		{"something else", control.Request{Deploy: []string{"@vr/home"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.parts == nil {
				w.publish("@vr/home@1.0.0", `"device": ["vr"], "schema": "v1"`, ``, "view home")
			}
			c.req.Env, c.req.IfRevision, c.req.DryRun = "prod", release.Short(first.Release), true
			_, err := w.Release(t.Context(), c.req)
			if (err == nil) != (c.parts == nil) || err != nil && fault.KindOf(err) != fault.Conflict {
				t.Fatalf("%v", err)
			}
			for _, part := range c.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\ndoes not name %s", err, part)
				}
			}
		})
	}
	if _, err := w.Rollback(t.Context(), control.Request{Env: "prod", IfRevision: module.Digest}, first.Release); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "the graph") {
		t.Errorf("a rollback over what others did: %v", err)
	}
	if _, err := w.Rollback(t.Context(), control.Request{Env: "prod", IfRevision: graph.Digest}, first.Release); err != nil {
		t.Error(err)
	}
}
