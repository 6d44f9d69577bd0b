package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
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
	if in, err = w.Yank(t.Context(), "@originals/rows", "2.1.1", ""); err != nil || in.Versions["2.1.1"].Yanked != "" {
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
