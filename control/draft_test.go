package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/storage/memory"
)

func (w *world) draft(id, edge, deps, text string) control.Publication {
	w.t.Helper()
	name, version := pack.SplitID(id)
	manifest := fmt.Sprintf(`{"name": %q, "version": %q, "dependencies": {%s}, "edge": {%s}}`, name, version, deps, edge)
	b, err := (&pack.Package{Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(text)}}).Tarball()
	if err != nil {
		w.t.Fatal(err)
	}
	return control.Publication{Tarball: b}
}

// keys are those of all objects but builds.
func (w *world) keys() []string {
	w.t.Helper()
	var out []string
	for info, err := range w.Store.List(w.t.Context(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		if !strings.HasPrefix(info.Key, "builds/") && !strings.HasPrefix(info.Key, "inputs/") {
			out = append(out, info.Key+" "+info.ETag)
		}
	}
	slices.Sort(out)
	return out
}

func TestUnpublished(t *testing.T) {
	const tv, rows = `"device": ["tv"], "schema": "v1", "bindings": {"@shared/rows": "live"}`, `"@shared/rows": "^1"`
	w := newWorld(t, memory.New())
	w.publish("@shared/rows@1.0.0", ``, ``, "")
	w.publish("@tv/home@1.0.0", tv, rows, "view home")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
	before := w.keys()
	dry := func(list ...control.Publication) (*control.Result, error) {
		return w.Release(t.Context(), control.Request{Env: "prod", DryRun: true, Unpublished: list})
	}
	says := func(res *control.Result) (out []string) {
		for _, d := range res.Drafts {
			line := fmt.Sprintf("%s tag=%s new=%t", d.ID(), d.Tag, d.New)
			for _, x := range d.Diagnostics {
				line += " " + x.Code
			}
			out = append(out, line)
		}
		return out
	}
	for _, c := range []struct {
		name    string
		list    []control.Publication
		kind    fault.Kind
		drafts  []string
		changed []string
	}{
		{"a module and who follows it, in either order",
			[]control.Publication{w.draft("@tv/home@1.1.0", tv, rows, "view home\nview more"), w.draft("@shared/rows@1.1.0", ``, ``, "")}, "",
			[]string{"@tv/home@1.1.0 tag=latest new=true", "@shared/rows@1.1.0 tag=latest new=true"},
			[]string{"tv/v1 @tv/home 1.0.0 -> 1.1.0", "@shared/rows 1.0.0 -> 1.1.0 for live bindings"}},
		{"a package whose module is not published either",
			[]control.Publication{w.draft("@tv/home@1.1.0", `"device": ["tv"], "schema": "v1"`, `"@new/cards": "^2"`, "view home"), w.draft("@new/cards@2.0.0", ``, ``, "")}, "",
			[]string{"@tv/home@1.1.0 tag=latest new=true", "@new/cards@2.0.0 tag=latest new=true"}, nil},
		{"what breaks apps", []control.Publication{w.draft("@tv/home@1.1.0", tv, rows, "view other")}, fault.Invalid, []string{"@tv/home@1.1.0 tag=latest new=true C010"}, nil},
		{"a mistake in a module that nobody links", []control.Publication{w.draft("@shared/cards@1.0.0", ``, ``, "mistake")}, fault.Invalid, []string{"@shared/cards@1.0.0 tag=latest new=true F999"}, nil},
		{"a version that is taken", []control.Publication{w.draft("@tv/home@1.0.0", tv, rows, "view home\nview more")}, fault.Invalid, []string{"@tv/home@1.0.0 tag=latest new=false C014"}, nil},
		{"what is published already", []control.Publication{w.draft("@tv/home@1.0.0", tv, rows, "view home")}, "", []string{"@tv/home@1.0.0 tag=latest new=false"}, nil},
		{"a repair of an older line", []control.Publication{w.draft("@tv/home@0.9.0", tv, rows, "view home")}, "", []string{"@tv/home@0.9.0 tag= new=true"}, []string{"tv/v1 @tv/home 1.0.0 -> 0.9.0"}},
		{"the same twice", []control.Publication{w.draft("@a/b@1.0.0", ``, ``, ""), w.draft("@a/b@1.0.0", ``, ``, "")}, fault.Invalid, nil, nil},
		{"no tarball", []control.Publication{{Tarball: []byte("x")}}, fault.Invalid, nil, nil},
		{"too many", make([]control.Publication, 201), fault.Limit, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := dry(c.list...)
			if fault.KindOf(err) != c.kind {
				t.Fatalf("%v", err)
			}
			if d := cmp.Diff(c.drafts, says(res)); d != "" {
				t.Errorf("drafts (-want +got):\n%s", d)
			}
			for _, want := range c.changed {
				if !slices.Contains(res.Changed, want) {
					t.Errorf("%q is not in %q", want, res.Changed)
				}
			}
			if err == nil && res.Diff == nil {
				t.Error("no diff")
			}
			if d := cmp.Diff(before, w.keys()); d != "" {
				t.Errorf("stored (-before +after):\n%s", d)
			}
		})
	}
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Unpublished: []control.Publication{w.draft("@a/b@1.0.0", ``, ``, "")}}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("released without publishing: %v", err)
	}
	if _, err := w.Package(t.Context(), "@tv/home", "1.1.0"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unpublished package is known: %v", err)
	}
	// What was tried under a version may be published as something else.
	w.publish("@tv/home@1.1.0", tv, rows, "view home\nview otherwise")
}
