package control_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
	"facet/storage/memory"
	"facet/view"
)

// Who has a yanked version keeps it, rebuilt or not; nobody new gets it, by range, tag or number.
func TestYank(t *testing.T) {
	w := films(t)
	w.publish("@originals/rows@2.1.1", ``, ``, "")
	w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows@2.1.1"}})
	in, err := w.Yank(t.Context(), "@originals/rows", "2.1.1", "it hangs")
	if err != nil || in.Versions["2.1.1"].Yanked != "it hangs" || in.Tags["latest"] != "2.1.0" {
		t.Fatalf("%+v %v", in, err)
	}
	w.graph("1.1.0", sdl+"# later\n")
	w.publish("@watch/home@1.0.0", `"device": ["watch"], "schema": "v1", "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2.1.0"`, "view home")
	w.release(control.Request{Env: "prod", Deploy: []string{"@watch/home"}, Graph: "1.1.0"})
	r := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home@3.4.1"}}).Release
	want := []string{
		"phone/v1 @phone/home@1.0.0 + @originals/rows@2.1.0",
		"tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.1",
		"tv/v3 @tv/player@1.0.0",
		"watch/v1 @watch/home@1.0.0 + @originals/rows@2.1.0",
	}
	if d := cmp.Diff(want, served(r)); d != "" {
		t.Errorf("served (-want +got):\n%s", d)
	}
	for _, spec := range []string{"@originals/rows@2.1.1", "@originals/rows@>2.1.0"} {
		if _, err := w.Release(t.Context(), control.Request{Env: "dev", Deploy: []string{spec}}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if _, err := w.SetTag(t.Context(), "@originals/rows", "beta", "2.1.1"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a tag of a yanked version: %v", err)
	}
	if in, err = w.Yank(t.Context(), "@originals/rows", "2.1.1", ""); err != nil || in.Versions["2.1.1"].Yanked != "" || in.Tags["latest"] != "2.1.1" {
		t.Errorf("taken back: %+v %v", in, err)
	}
	if _, err := w.Yank(t.Context(), "@originals/rows", "^9", "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such version: %v", err)
	}
}

// A version goes only where nobody is served by it in any environment, and it never comes back.
func TestUnpublish(t *testing.T) {
	w := films(t)
	w.publish("@originals/rows@2.0.0", ``, ``, "")
	w.publish("@originals/rows@2.2.0", ``, ``, "")
	for id, by := range map[string][]string{
		"@originals/rows@2.1.0": {"prod live bindings of @originals/rows@2", "prod phone/v1 @phone/home@1.0.0", "prod tv/v3 @tv/home@3.4.1"},
		"@tv/player@1.0.0":      {"prod tv/v3 @tv/player@1.0.0"},
	} {
		i := strings.LastIndexByte(id, '@')
		_, err := w.Unpublish(t.Context(), id[:i], id[i+1:])
		if fault.KindOf(err) != fault.Conflict || slices.ContainsFunc(by, func(s string) bool { return !strings.Contains(err.Error(), s) }) {
			t.Errorf("%s: %v", id, err)
		}
	}
	in, err := w.Unpublish(t.Context(), "@originals/rows", "2.2.0")
	if err != nil || in.Tags["latest"] != "2.1.0" || len(in.Versions) != 2 {
		t.Fatalf("%+v %v", in, err)
	}
	if _, err := w.try("@originals/rows@2.2.0", ``, ``, "", ""); fault.KindOf(err) != fault.Conflict {
		t.Errorf("published again: %v", err)
	}
	if _, err := w.Unpublish(t.Context(), "@originals/rows", "2.2.0"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("twice: %v", err)
	}
	// What was left last is still served by some instance.
	w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows@2.0.0"}})
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player@1.1.0"}})
	if _, err := w.Unpublish(t.Context(), "@tv/player", "1.0.0"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("just left: %v", err)
	}
	w.publish("@tv/player@1.2.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player@1.2.0"}})
	if _, err := w.Unpublish(t.Context(), "@tv/player", "1.0.0"); err != nil {
		t.Errorf("long left: %v", err)
	}
}

// The tag latest comes back with a yank that is taken back, unless something higher has it by then, or somebody let it mean another version before.
func TestLatestComesBack(t *testing.T) {
	for name, c := range map[string]struct{ steps, want string }{
		"one":                 {"yank 1.2.0, undo 1.2.0", "1.2.0"},
		"two, last first":     {"yank 1.2.0, yank 1.1.0, undo 1.1.0, undo 1.2.0", "1.2.0"},
		"two, first first":    {"yank 1.2.0, yank 1.1.0, undo 1.2.0, undo 1.1.0", "1.2.0"},
		"all at once":         {"yank *, undo *", "1.2.0"},
		"a higher one":        {"yank 1.2.0, publish 1.3.0, undo 1.2.0", "1.3.0"},
		"it was not latest":   {"tag 1.1.0, yank 1.2.0, undo 1.2.0", "1.1.0"},
		"the lower one stays": {"yank 1.2.0, yank 1.1.0, undo 1.1.0", "1.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			for _, v := range []string{"1.0.0", "1.1.0", "1.2.0"} {
				w.publish("@a/kit@"+v, ``, ``, "")
			}
			for step := range strings.SplitSeq(c.steps, ", ") {
				do, version, _ := strings.Cut(step, " ")
				var err error
				switch do {
				case "yank":
					_, err = w.Yank(t.Context(), "@a/kit", version, "why")
				case "undo":
					_, err = w.Yank(t.Context(), "@a/kit", version, "")
				case "tag":
					_, err = w.SetTag(t.Context(), "@a/kit", "latest", version)
				case "publish":
					w.publish("@a/kit@"+version, ``, ``, "")
				}
				if err != nil {
					t.Fatalf("%s: %v", step, err)
				}
			}
			in, err := w.Index(t.Context(), "@a/kit")
			if err != nil || in.Tags["latest"] != c.want {
				t.Errorf("latest is %s, want %s; %v", in.Tags["latest"], c.want, err)
			}
		})
	}
}

// What is unpublished while a release that has it is built is not served: the release is refused, and asking again binds another version.
func TestUnpublishedMeanwhile(t *testing.T) {
	w := newWorld(t, memory.New())
	w.publish("@a/kit@1.0.0", ``, ``, "")
	w.publish("@a/kit@1.1.0", ``, ``, "")
	w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v1"`, `"@a/kit": "^1"`, "view home")
	build, once := w.Build, sync.Once{}
	w.Build = func(ctx context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
		once.Do(func() {
			if _, err := w.Unpublish(ctx, "@a/kit", "1.1.0"); err != nil {
				t.Error(err)
			}
		})
		return build(ctx, in)
	}
	req := control.Request{Env: "prod", Deploy: []string{"@tv/home"}}
	w.Builder = "test 2" // publishing built it already
	if _, err := w.Release(t.Context(), req); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "@a/kit@1.1.0") {
		t.Fatalf("released with what was unpublished: %v", err)
	}
	if p, _, err := w.Pointer(t.Context(), "prod", "local"); err != nil || p.Release != "" {
		t.Errorf("the pointer is %v, %v", p, err)
	}
	if got, want := served(w.release(req).Release), []string{"tv/v1 @tv/home@1.0.0 + @a/kit@1.0.0"}; !cmp.Equal(got, want) {
		t.Errorf("served: %v, want %v", got, want)
	}
}
