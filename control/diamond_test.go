package control_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
	"facet/storage/memory"
)

// Two modules that a package links depend on a third: one version where their ranges allow that, though each alone would pick
// another; two where they do not, which the release's locks and deps both say.
func TestDiamond(t *testing.T) {
	for name, c := range map[string]struct {
		left, right string // ranges of @a/base
		want        string // versions of it in the lock
		told        string // of edge deps
	}{
		"each alone":      {"^1.0.0", "^1.0.0", "1.9.0", ""},
		"one range is in": {"^1.0.0", "~1.2.0", "1.2.3", ""},
		"they overlap":    {">=1.0.0 <1.3.0 || ^2.0.0", "^1.0.0", "1.2.3", ""},
		"they do not":     {"^1.0.0", "^2.0.0", "1.9.0, 2.1.0", "@tv/home@1.0.0 is linked with @a/base in 1.9.0 (@a/left@1.0.0 asks for ^1.0.0) and 2.1.0 (@a/right@1.0.0 asks for ^2.0.0): no version is in all ranges"},
		"a tag and range": {"old", "^1.0.0", "1.1.0, 1.9.0", "@tv/home@1.0.0 is linked with @a/base in 1.1.0 (@a/left@1.0.0 asks for old) and 1.9.0 (@a/right@1.0.0 asks for ^1.0.0): no version is in all ranges"},
		"exactly":         {"1.1.0", "^1.0.0", "1.1.0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			for _, v := range []string{"1.1.0", "1.2.3", "1.9.0", "2.1.0"} {
				w.publish("@a/base@"+v, ``, ``, "")
			}
			if _, err := w.SetTag(t.Context(), "@a/base", "old", "1.1.0"); err != nil {
				t.Fatal(err)
			}
			w.publish("@a/left@1.0.0", ``, `"@a/base": "`+c.left+`"`, "")
			w.publish("@a/right@1.0.0", ``, `"@a/base": "`+c.right+`"`, "")
			w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@a/left": "^1", "@a/right": "^1"`, "view home")
			r := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}}).Release
			var got []string
			for _, u := range r.Users("@a/base") {
				got = append(got, u.Version)
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
				t.Errorf("versions (-want +got):\n%s", d)
			}
			deps, err := w.Deps(t.Context(), "prod", "@tv/home")
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			for _, x := range deps.Diagnostics {
				told += x.Text
			}
			if d := cmp.Diff(c.told, told); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// A binding by a tag follows the tag: when a version of the module is deployed, who is bound by a tag gets what the tag means then.
func TestTagBinding(t *testing.T) {
	w := newWorld(t, memory.New())
	w.publish("@originals/rows@2.1.0", ``, ``, "")
	w.publish("@originals/rows@2.2.0-beta.1", ``, ``, "")
	bindings := `"bindings": {"@originals/rows": "live"}`
	w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v1", `+bindings, `"@originals/rows": "beta"`, "view home")
	w.publish("@tv/search@1.0.0", `"device": ["tv"], "schema": "v1", `+bindings, `"@originals/rows": "latest"`, "view search")
	w.publish("@tv/player@1.0.0", `"device": ["tv"], "schema": "v1", `+bindings, `"@originals/rows": "2.1.0"`, "view player")
	w.publish("@tv/kids@1.0.0", `"device": ["tv"], "schema": "v1"`, `"@originals/rows": "latest"`, "view kids")
	tag := func(name, version string) {
		t.Helper()
		if _, err := w.SetTag(t.Context(), "@originals/rows", name, version); err != nil {
			t.Fatal(err)
		}
	}
	tag("beta", "2.2.0-beta.1")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/search", "@tv/player", "@tv/kids"}})
	w.publish("@originals/rows@2.1.1", ``, ``, "")
	w.publish("@originals/rows@2.2.0-beta.2", ``, ``, "")
	tag("beta", "2.2.0-beta.2")
	r := w.release(control.Request{Env: "prod", Deploy: []string{"@originals/rows"}}).Release
	want := []string{
		"tv/v1 @tv/home@1.0.0 + @originals/rows@2.2.0-beta.2", // its tag was moved
		"tv/v1 @tv/kids@1.0.0 + @originals/rows@2.1.0",        // locked: it waits for its own next publish
		"tv/v1 @tv/player@1.0.0 + @originals/rows@2.1.0",      // exactly
		"tv/v1 @tv/search@1.0.0 + @originals/rows@2.1.1",      // latest
	}
	if d := cmp.Diff(want, served(r)); d != "" {
		t.Errorf("served (-want +got):\n%s", d)
	}
}

// One module may be linked with different versions in different packages' builds. That is no package's conflict.
func TestOneModuleLinkedInTwoWays(t *testing.T) {
	w := newWorld(t, memory.New())
	for _, v := range []string{"1.0.0", "1.5.0"} {
		w.publish("@a/base@"+v, ``, ``, "")
	}
	w.publish("@a/left@1.0.0", ``, `"@a/base": "^1"`, "")
	w.publish("@a/right@1.0.0", ``, `"@a/base": "~1.0.0"`, "")
	w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@a/left": "^1", "@a/right": "^1"`, "view home")
	w.publish("@tv/other@1.0.0", `"device": ["tv"], "schema": "v3"`, `"@a/left": "^1"`, "view other")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/other"}})
	deps, err := w.Deps(t.Context(), "prod", "")
	if err != nil || len(deps.Diagnostics) > 0 || len(deps.Nodes) != 6 {
		t.Errorf("%v: %v", err, deps)
	}
}

// A version that closes a circle is refused itself, not only who links it; so is what nothing published satisfies. Both in words of the registry.
func TestUnboundModule(t *testing.T) {
	w := newWorld(t, memory.New())
	w.publish("@a/left@1.0.0", ``, ``, "")
	w.publish("@a/right@1.0.0", ``, `"@a/left": "^1"`, "")
	for deps, want := range map[string]string{
		`"@a/right": "^1"`: "package.json:2:18: error C002: modules depend on each other in a circle: @a/left@1.0.1 -> @a/right@1.0.0 -> @a/left@1.0.1. Move what both need into a third module",
		`"@a/none": "^1"`:  "package.json:2:18: error C002: cannot resolve @a/none@^1: no version of this package is published. edge publish makes it known",
		`"@a/right": "^7"`: `package.json:2:18: error C002: cannot resolve @a/right@^7: no version of @a/right matches "^7". there are: 1.0.0`,
	} {
		p, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, "@a/left@1.0.1", ``, deps, ""), Against: &control.Against{Env: "prod"}})
		if fault.KindOf(err) != fault.Invalid || len(p.Diagnostics) != 1 {
			t.Errorf("%s: %v", deps, err)
			continue
		}
		if d := cmp.Diff(want, p.Diagnostics[0].String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", deps, d)
		}
	}
}
