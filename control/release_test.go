package control_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
)

func want(t *testing.T, w *world, res *control.Result, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, served(res.Release)); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	p, _, err := w.Pointer(t.Context(), res.Release.Env, "local")
	if err != nil || p.Release != res.Digest {
		t.Errorf("the pointer is %v, %v; want %s", p, err, release.Short(res.Digest))
	}
	if stored, err := w.Load(t.Context(), res.Release.Env, res.Digest); err != nil || !stored.Equal(res.Release) {
		t.Errorf("stored is %v, %v", stored, err)
	}
}

func TestFirstRelease(t *testing.T) {
	w := newWorld(t, memory.New())
	w.films()
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/player@^1", "@phone/home@1.0.0"}, Note: release.Note{Why: "begin"}})
	want(t, w, res,
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0",
		"tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0",
		"tv/v3 @tv/player@1.0.0")
	if res.Pointers["local"].Seq != 1 || len(res.Made) != 3 || res.Release.Parent != "" {
		t.Errorf("%+v", res)
	}
	again := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
	if !again.Unchanged || again.Digest != res.Digest || len(w.built) != 0 {
		t.Errorf("the same again made %v and built %v", again.Digest, w.built)
	}
	// Another environment, and another process, use the builds that are there.
	w.Control = &control.Control{Store: w.Store, Builder: "test 1", Build: w.build}
	other := w.release(control.Request{Env: "test", Deploy: []string{"@tv/home", "@tv/player"}})
	if len(w.built) != 0 || !slices.Equal(other.Reused, []string{"@tv/home@3.4.1", "@tv/player@1.0.0"}) {
		t.Errorf("built %v, reused %v; a build is made once", w.built, other.Reused)
	}
	w.Control = &control.Control{Store: w.Store, Builder: "test 2", Build: w.build}
	w.release(control.Request{Env: "third", Deploy: []string{"@tv/player"}})
	if len(w.built) != 1 {
		t.Errorf("built %v; another builder builds anew", w.built)
	}
}

func TestModuleRelease(t *testing.T) {
	w := films(t)
	w.publish("@originals/rows@2.2.0", ``, ``, "")
	w.publish("@tv/home@3.5.0", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home\nview more")
	// Published is not released: live bindings follow releases.
	want(t, w, w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}}),
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/home@3.5.0 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
	w.publish("@originals/rows@2.3.0", ``, ``, "")
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows@2.3.0"}})
	want(t, w, res,
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", // locked
		"tv/v3 @tv/home@3.5.0 + @originals/rows@2.3.0", "tv/v3 @tv/player@1.0.0")
	if !slices.Equal(w.built, []string{"@tv/home@3.5.0"}) {
		t.Errorf("built %v, want only what follows", w.built)
	}
	// The module goes back without a new version; the phone's next publish picks what is newest.
	w.publish("@phone/home@1.0.1", `"device": ["phone"], "schema": "v1"`, `"@originals/rows": "^2.0.0"`, "view home")
	want(t, w, w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows@2.1.0", "@phone/home"}}),
		"phone/v1 @phone/home@1.0.1 + @originals/rows@2.3.0", "tv/v3 @tv/home@3.5.0 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
}

func TestConsumerThatDoesNotBuildKeepsItsBuild(t *testing.T) {
	w := films(t)
	w.publish("@tv/kids@1.0.0", `"device": ["tv"], "schema": "v3", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "~2.1.0"`, "view kids")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/kids"}})
	w.publish("@originals/rows@2.1.5", ``, ``, "mistake")
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows"}})
	if len(res.Failures) != 2 || res.Failures[0].Asked || res.Failures[0].Package != "@tv/home@3.4.1" {
		t.Errorf("failures: %+v", res.Failures)
	}
	want(t, w, res, "phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0",
		"tv/v3 @tv/kids@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
}

func TestRefused(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.0.1", `"device": ["tv"], "schema": "v3"`, ``, "view player\nmistake")
	w.publish("@tv/clash@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view Home")
	w.publish("@tv/later@1.0.0", `"device": ["tv"], "schema": "v3", "graph": "^2"`, ``, "view later")
	w.publish("@tv/lost@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@no/body": "^1"`, "view lost")
	w.publish("@tv/old@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@originals/rows": "^1"`, "view old")
	w.publish("@tv/odd@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@tv/player": "^1"`, "view odd")
	before, _, _ := w.Pointer(t.Context(), "prod", "local")
	for _, c := range []struct {
		req  control.Request
		want fault.Kind
		text string
	}{
		{control.Request{Deploy: []string{"@tv/player"}}, fault.Invalid, "index.ts:2:1: error F999"},
		{control.Request{Deploy: []string{"@tv/clash"}}, fault.Invalid, "@tv/home"},
		{control.Request{Deploy: []string{"@tv/later"}}, fault.Invalid, "graph ^2"},
		{control.Request{Deploy: []string{"@tv/lost"}}, fault.Invalid, "@no/body"},
		{control.Request{Deploy: []string{"@tv/old"}}, fault.Invalid, "@originals/rows@^1"},
		{control.Request{Deploy: []string{"@tv/odd"}}, fault.Invalid, "is a device package"},
		{control.Request{Deploy: []string{"@tv/home@9"}}, fault.NotFound, "3.4.1"},
		{control.Request{Deploy: []string{"@tv/none"}}, fault.NotFound, "@tv/none"},
		{control.Request{Deploy: []string{"@tv/home", "@tv/home@3.4.1"}}, fault.Invalid, "twice"},
		{control.Request{Graph: "7.0.0"}, fault.NotFound, "7.0.0"},
		{control.Request{Remove: []release.Place{{Device: "tv", Schema: "v9", Package: "@tv/home"}}}, fault.NotFound, "not mounted"},
		{control.Request{IfRevision: "sha256:00"}, fault.Conflict, "serves the release"},
		{control.Request{Regions: []string{"../x"}}, fault.Invalid, "../x"},
	} {
		c.req.Env = "prod"
		_, err := w.Release(t.Context(), c.req)
		if fault.KindOf(err) != c.want || !strings.Contains(err.Error()+fault.HintOf(err), c.text) {
			t.Errorf("%+v:\n got %v\nwant %s, %q", c.req, err, c.want, c.text)
		}
	}
	if after, _, _ := w.Pointer(t.Context(), "prod", "local"); after != before {
		t.Errorf("a refused release moved the pointer from %v to %v", before, after)
	}
}

func TestNewGraph(t *testing.T) {
	w := films(t)
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, `"@originals/rows": "^2.0.0"`, "view home\nuntil # first")
	w.graph("1.1.0", sdl+"# first\n")
	w.release(control.Request{Env: "prod", Graph: "1.1.0", Deploy: []string{"@phone/home"}})
	w.graph("1.2.0", sdl+"# second\n")
	res := w.release(control.Request{Env: "prod", Graph: "1.2.0"})
	want(t, w, res, "phone/v1 @phone/home@1.1.0 + @originals/rows@2.1.0 on an older graph", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
	if len(res.Failures) != 1 || len(res.Release.Graphs()) != 2 {
		t.Errorf("%+v with %d graphs", res.Failures, len(res.Release.Graphs()))
	}
	// A route stands on one graph version: what is beside a package that cannot move stays too.
	w.publish("@phone/more@1.0.0", `"device": ["phone"], "schema": "v1"`, ``, "view more")
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@phone/more"}}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a package beside one on an older graph: %v, want invalid", err)
	}
	w.publish("@phone/home@1.1.1", `"device": ["phone"], "schema": "v1"`, `"@originals/rows": "^2.0.0"`, "view home")
	res = w.release(control.Request{Env: "prod", Deploy: []string{"@phone/more", "@phone/home"}})
	if len(res.Release.Graphs()) != 1 {
		t.Errorf("the release still needs %v", res.Release.Graphs())
	}
	w.publish("@phone/home@1.1.2", `"device": ["phone"], "schema": "v1"`, ``, "view home\nuntil # second")
	w.release(control.Request{Env: "prod", Deploy: []string{"@phone/home"}})
	w.graph("1.3.0", sdl+"# third\n")
	want(t, w, w.release(control.Request{Env: "prod", Graph: "1.3.0"}),
		"phone/v1 @phone/home@1.1.2 on an older graph", "phone/v1 @phone/more@1.0.0 on an older graph",
		"tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
}

func TestSchemaVersionsLiveSideBySide(t *testing.T) {
	w := films(t)
	w.publish("@tv/home@4.0.0", `"device": ["tv", "vr"], "schema": "v4"`, ``, "view home")
	want(t, w, w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}}),
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0",
		"tv/v4 @tv/home@4.0.0", "vr/v4 @tv/home@4.0.0")
	want(t, w, w.release(control.Request{Env: "prod", Retire: true, Remove: []release.Place{{Device: "tv", Schema: "v3", Package: "@tv/home"}}}),
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0", "tv/v4 @tv/home@4.0.0", "vr/v4 @tv/home@4.0.0")
}

func TestRollback(t *testing.T) {
	w := films(t)
	first, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}})
	res, err := w.Rollback(t.Context(), control.Request{Env: "prod", Note: release.Note{Why: "queue is broken"}}, first.Release)
	if err != nil {
		t.Fatal(err)
	}
	want(t, w, res, "phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
	if p := res.Pointers["local"]; p.Seq != 3 || res.Digest == first.Release || res.Release.Why != "queue is broken" {
		t.Errorf("%v; a rollback is a new release and the sequence grows", p)
	}
}

func TestKeep(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview player2")
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	bad := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player", "@phone/home"}})
	route, _ := bad.Release.Route("tv", "v3")
	mount, _ := route.Mount("@tv/player")
	refusal := release.Refusal{Release: bad.Digest, Build: mount.Tracks[0].Build}
	res, err := w.Keep(t.Context(), control.Request{Env: "prod"}, refusal)
	if err != nil {
		t.Fatal(err)
	}
	want(t, w, res, "phone/v1 @phone/home@1.1.0", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
	if _, err := w.Keep(t.Context(), control.Request{Env: "prod"}, refusal); fault.KindOf(err) != fault.Conflict {
		t.Errorf("twice: %v, want a conflict", err)
	}
}

func TestRegionsAndPlans(t *testing.T) {
	w := films(t)
	at := w.Now().Add(time.Hour)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview player2")
	res := w.release(control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@tv/player"}, ActivateAt: at})
	local, eu := res.Pointers["local"], res.Pointers["eu"]
	if local.Seq != 2 || eu.Seq != 1 || local.Active(w.Now()) != res.Release.Parent || eu.Active(w.Now()) != "" || local.Active(at) != res.Digest || eu.Active(at) != res.Digest {
		t.Errorf("local %v, eu %v", local, eu)
	}
}

// Sixteen people release different packages at once: nobody's change is lost.
func TestReleasesAtOnce(t *testing.T) {
	store := memory.New()
	w := newWorld(t, store)
	var deploy []string
	for i := range 16 {
		id := fmt.Sprintf("@tv/p%d@1.0.0", i)
		w.publish(id, `"device": ["tv"], "schema": "v3"`, ``, fmt.Sprintf("view v%d", i))
		deploy = append(deploy, id)
	}
	var refuse atomic.Int64
	store.Before = func(_ context.Context, op memory.Op, key string) error {
		if op == memory.Put && strings.HasPrefix(key, "envs/") && refuse.Add(1)%3 == 0 {
			return &fault.Error{Kind: fault.Conflict, Op: "storage.put", Err: storage.ErrRetry}
		}
		return nil
	}
	var wg sync.WaitGroup
	for _, id := range deploy {
		wg.Go(func() {
			for {
				_, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{id}})
				if err == nil {
					return
				}
				if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%s: %v", id, err)
					return
				}
			}
		})
	}
	wg.Wait()
	p, _, err := w.Pointer(t.Context(), "prod", "local")
	if err != nil || p.Seq != 16 {
		t.Fatalf("%v, %v; want 16 writes", p, err)
	}
	r, err := w.Load(t.Context(), "prod", p.Release)
	if err != nil || len(r.Builds) != 16 || len(w.built) != 16 {
		t.Errorf("%d builds are served, %d were made, %v; want 16", len(r.Builds), len(w.built), err)
	}
}
