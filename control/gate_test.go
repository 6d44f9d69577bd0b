package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage/memory"
	"facet/view"
)

func remove(device, schema, name string) []release.Place {
	return []release.Place{{Device: device, Schema: schema, Package: name}}
}

func TestBreakingChangeGate(t *testing.T) {
	w := films(t)
	tv := `"device": ["tv"], "schema": "v3"`
	w.publish("@tv/home@3.5.0", tv, ``, "view home\nview more")
	w.publish("@tv/home@3.6.0", tv, ``, "view house")
	w.publish("@tv/home@4.0.0", `"device": ["tv"], "schema": "v4"`, ``, "view house")
	w.publish("@tv/home@3.7.0", tv, ``, "view none")
	w.publish("@tv/player@1.1.0", tv, ``, "view player\nview home")
	w.publish("@tv/player@1.2.0", tv, ``, "view film")
	start, _, _ := w.Pointer(t.Context(), "prod", "local")
	for _, c := range []struct {
		name    string
		req     control.Request
		refused string   // what the error says; "" for none
		codes   []string // of the diagnostics
		changes int      // of tv/v3
	}{
		{"a new view", control.Request{Deploy: []string{"@tv/home@3.5.0"}}, "", nil, 1},
		{"a view is gone", control.Request{Deploy: []string{"@tv/home@3.6.0"}}, "tv/v3: breaking field_removed Query.home: the field is gone", []string{"C010"}, 2},
		{"a new schema version", control.Request{Deploy: []string{"@tv/home@4.0.0"}}, "", nil, 0},
		{"in progress", control.Request{Deploy: []string{"@tv/home@3.6.0"}, Breaking: control.Warn}, "", []string{"C010"}, 2},
		{"two packages, each breaks", control.Request{Deploy: []string{"@tv/home@3.6.0", "@tv/player@1.2.0"}}, "Query.player", []string{"C010", "C010"}, 4},
		{"a view moves from one package to another", control.Request{Deploy: []string{"@tv/home@3.7.0", "@tv/player@1.1.0"}}, "", nil, 1},
		{"a mount goes", control.Request{Remove: remove("tv", "v3", "@tv/home")}, "Query.home", []string{"C011"}, 1},
		{"a mount goes with its users", control.Request{Remove: remove("tv", "v3", "@tv/home"), Retire: true}, "", nil, 0},
		{"a mount goes with its users, but another breaks", control.Request{Remove: remove("tv", "v3", "@tv/home"), Retire: true, Deploy: []string{"@tv/player@1.2.0"}}, "Query.player", []string{"C010"}, 2},
		{"a route goes", control.Request{Remove: remove("phone", "v1", "@phone/home")}, "phone/v1: breaking field_removed Query.home", []string{"C011"}, 0},
		{"a route goes with its users", control.Request{Remove: remove("phone", "v1", "@phone/home"), Retire: true}, "", nil, 0},
		{"a mount's view goes to another package", control.Request{Remove: remove("tv", "v3", "@tv/home"), Deploy: []string{"@tv/player@1.1.0"}}, "", nil, 0},
		{"a word", control.Request{Breaking: "maybe"}, "maybe", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Env, c.req.DryRun = "prod", true
			res, err := w.Release(t.Context(), c.req)
			if c.refused == "" && err != nil || c.refused != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.refused)) {
				t.Fatalf("got %v, want %q", err, c.refused)
			}
			if res == nil {
				return
			}
			var codes []string
			for _, d := range res.Diagnostics {
				codes = append(codes, d.Code)
				if (d.Severity == fault.Err) != (c.refused != "") {
					t.Errorf("severity of %v", d)
				}
				if !strings.HasSuffix(d.Pos.File, "/package.json") || !strings.HasPrefix(d.Pos.File, "@") {
					t.Errorf("%v is nobody's", d)
				}
			}
			if fmt.Sprint(codes) != fmt.Sprint(c.codes) || len(res.Changes["tv/v3"]) != c.changes {
				t.Errorf("codes %v, want %v; changes %v, want %d", codes, c.codes, res.Changes["tv/v3"], c.changes)
			}
			if c.refused == "" && res.Diff == nil {
				t.Error("a dry run has no diff")
			}
		})
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); p != start {
		t.Errorf("dry runs moved the pointer to %v", p)
	}
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/home@3.6.0"}}); !strings.Contains(fault.HintOf(err), `"v4"`) {
		t.Errorf("the hint is %q", fault.HintOf(err))
	}
	// What was served before may be served again, whatever it breaks, and the result says what.
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home@3.5.0"}})
	res, err := w.Rollback(t.Context(), control.Request{Env: "prod"}, release.Short(start.Release))
	if err != nil || !view.Breaking(res.Changes["tv/v3"]) || res.Diagnostics.Failed() || len(res.Diagnostics) != 1 {
		t.Errorf("%+v, %v", res, err)
	}
}

// Who publishes, resolves or deploys with what is deprecated is told, and not held up.
func TestDeprecatedIsTold(t *testing.T) {
	w := films(t)
	tv := `"device": ["tv"], "schema": "v3"`
	w.publish("@tv/home@3.5.0", tv, `"@originals/rows": "^2.1.0"`, "view home")
	in, err := w.Index(t.Context(), "@originals/rows")
	if err != nil {
		t.Fatal(err)
	}
	for name, message := range map[string]string{"@tv/home": "has no kids", "@originals/rows": "use ^3"} {
		if _, err := w.Deprecate(t.Context(), name, "*", message); err != nil {
			t.Fatal(err)
		}
	}
	told := func(ds fault.Diagnostics) string {
		var out []string
		for _, d := range ds {
			if d.Severity != fault.Warn || d.Code != "C013" {
				t.Errorf("%v", d)
			}
			out = append(out, d.Text)
		}
		return strings.Join(out, "; ")
	}
	rows := "@originals/rows@" + in.Tags["latest"] + " is deprecated: use ^3"
	both := rows + "; @tv/home@3.5.0 is deprecated: has no kids"
	res, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/home@3.5.0"}})
	if err != nil || told(res.Diagnostics) != both {
		t.Errorf("deployed: %v, %v, want %s", res.Diagnostics, err, both)
	}
	r, err := w.Resolve(t.Context(), "prod", "@tv/home@3.5.0")
	if err != nil || told(r.Diagnostics) != both {
		t.Errorf("resolved: %v, %v, want %s", r, err, both)
	}
	p, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, "@tv/home@3.5.1", tv, `"@originals/rows": "^2.1.0"`, "view home"), Against: &control.Against{Env: "prod"}})
	if err != nil || told(p.Diagnostics) != rows {
		t.Errorf("published: %+v, %v, want %s", p, err, rows)
	}
}

// What goes with a mount is one diagnostic, and a rollback that takes a route away tells nobody to raise a schema version.
func TestLeavingMount(t *testing.T) {
	w := films(t)
	start, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.publish("@tv/home@4.0.0", `"device": ["tv"], "schema": "v4"`, ``, "view home\nview more\nview film")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home@4.0.0"}})
	res, err := w.Release(t.Context(), control.Request{Env: "prod", Remove: remove("tv", "v4", "@tv/home")})
	if fault.KindOf(err) != fault.Invalid || len(res.Diagnostics) != 1 || res.Diagnostics[0].Code != "C011" || !strings.Contains(fault.HintOf(err), "retire") {
		t.Fatalf("%v, %v", res.Diagnostics, err)
	}
	for _, name := range []string{"Query.film", "Query.home", "Query.more"} {
		if !strings.Contains(res.Diagnostics[0].Text, name) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not told: %v; %v", name, res.Diagnostics[0], err)
		}
	}
	res, err = w.Rollback(t.Context(), control.Request{Env: "prod"}, release.Short(start.Release))
	if err != nil || len(res.Diagnostics) != 1 || res.Diagnostics[0].Severity != fault.Warn || res.Diagnostics[0].Fix != "" {
		t.Errorf("%+v, %v", res.Diagnostics, err)
	}
}

func packed(t *testing.T, id, edge, deps, text string) []byte {
	t.Helper()
	name, version := pack.SplitID(id)
	manifest := fmt.Sprintf("{\"name\": %q, \"version\": %q,\n \"dependencies\": {%s},\n \"edge\": {%s}}", name, version, deps, edge)
	raw, err := (&pack.Package{Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(text)}}).Tarball()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestPublishAgainst(t *testing.T) {
	w := films(t)
	tv := `"device": ["tv"], "schema": "v3"`
	stored := w.String()
	for _, c := range []struct {
		name, id, edge, deps, text string
		against                    control.Against
		want                       string // in the error; "" for none
		code                       string
	}{
		{"a mistake", "@tv/home@3.5.0", tv, ``, "view home\nmistake", control.Against{Env: "prod"}, "index.ts:2:1: error F999: a mistake", "F999"},
		{"a claim", "@tv/kids@1.0.0", tv, ``, "view Player", control.Against{Env: "prod"}, "@tv/player", "V005"},
		{"it breaks", "@tv/home@3.5.0", tv, ``, "view house", control.Against{Env: "prod"}, "package.json:3:39: error C010: breaks tv/v3: field_removed Query.home", "C010"},
		{"no module", "@tv/home@3.5.0", tv, `"@no/body": "^1"`, "view home", control.Against{Env: "prod"}, "@no/body", "C002"},
		{"a module's range", "@tv/home@3.5.0", tv, `"@originals/rows": "^9"`, "view home", control.Against{Env: "prod"}, "@originals/rows", "C002"},
		{"a device as a module", "@tv/home@3.5.0", tv, `"@tv/player": "^1"`, "view home", control.Against{Env: "prod"}, "is a device package", "C003"},
		{"another graph", "@tv/home@3.5.0", tv + `, "graph": "^2"`, ``, "view home", control.Against{Env: "prod"}, "graph ^2", "C001"},
		{"an unknown graph", "@tv/home@3.5.0", tv, ``, "view home", control.Against{Env: "prod", Graph: "8.0.0"}, "8.0.0", ""},
		{"nothing is served", "@tv/home@3.5.0", tv, ``, "view house\nmistake", control.Against{}, "a mistake", "F999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pub, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, c.id, c.edge, c.deps, c.text), Against: &c.against})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if c.code != "" && (fault.KindOf(err) != fault.Invalid || len(pub.Diagnostics) != 1 || pub.Diagnostics[0].Code != c.code || pub.New) {
				t.Errorf("%+v", pub)
			}
			if now := w.String(); now != stored {
				t.Errorf("something was stored:\n%s", now)
			}
		})
	}
	raw := packed(t, "@tv/home@3.5.0", tv+`, "bindings": {"@originals/rows": "live"}`, `"@originals/rows": "^2"`, "view home\nview more")
	pub, err := w.Publish(t.Context(), control.Publication{Tarball: raw, Against: &control.Against{Env: "prod"}})
	if err != nil || !pub.New || pub.Build == nil || pub.Digest == "" || len(pub.Changes["tv/v3"]) != 1 {
		t.Fatalf("%+v, %v", pub, err)
	}
	w.built = nil
	if res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}}); len(w.built) != 0 || len(res.Reused) != 1 {
		t.Errorf("the release built %v anew", w.built)
	}
	again, err := w.Publish(t.Context(), control.Publication{Tarball: raw, Against: &control.Against{Env: "prod"}})
	if err != nil || again.New {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	if _, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, "@tv/home@3.5.0", tv, ``, "view home"), Against: &control.Against{Env: "prod"}}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("other files: %v, want a conflict", err)
	}
	// A new schema version and a new device are checked too, and break nobody.
	if pub, err = w.Publish(t.Context(), control.Publication{Tarball: packed(t, "@tv/home@4.0.0", `"device": ["tv", "vr"], "schema": "v4"`, ``, "view house"), Against: &control.Against{Env: "prod"}}); err != nil || len(pub.Changes) != 0 {
		t.Errorf("%+v, %v", pub, err)
	}
	if _, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, "@originals/more@1.0.0", ``, ``, ""), Against: &control.Against{Env: "prod"}}); err != nil {
		t.Errorf("a module: %v", err)
	}
}

func TestTagsAndDeprecations(t *testing.T) {
	w := films(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.publish("@tv/player@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view player") // published before: it does not become the latest
	in, err := w.SetTag(t.Context(), "@tv/player", "beta", "1.0.0")
	if err != nil || in.Tags["beta"] != "1.0.0" || in.Tags["latest"] != "1.1.0" {
		t.Errorf("%+v, %v", in.Tags, err)
	}
	if in, err = w.Deprecate(t.Context(), "@tv/player", "^1.1.0", "use 1.0.0"); err != nil || in.Versions["1.1.0"].Deprecated == "" || in.Versions["1.0.0"].Deprecated != "" {
		t.Errorf("%+v, %v", in.Versions, err)
	}
	if in, err = w.Deprecate(t.Context(), "@tv/player", "1.1.0", ""); err != nil || in.Versions["1.1.0"].Deprecated != "" {
		t.Errorf("%+v, %v", in.Versions, err)
	}
	if in, err = w.RemoveTag(t.Context(), "@tv/player", "beta"); err != nil || len(in.Tags) != 1 {
		t.Errorf("%+v, %v", in.Tags, err)
	}
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"latest":       {second(w.RemoveTag(t.Context(), "@tv/player", "latest")), fault.Invalid},
		"no tag":       {second(w.RemoveTag(t.Context(), "@tv/player", "beta")), fault.NotFound},
		"no version":   {second(w.SetTag(t.Context(), "@tv/player", "beta", "7.0.0")), fault.NotFound},
		"a bad tag":    {second(w.SetTag(t.Context(), "@tv/player", "1.x", "1.0.0")), fault.Invalid},
		"no package":   {second(w.SetTag(t.Context(), "@tv/none", "beta", "1.0.0")), fault.NotFound},
		"no such":      {second(w.Deprecate(t.Context(), "@tv/player", "^7", "x")), fault.NotFound},
		"a bad range":  {second(w.Deprecate(t.Context(), "@tv/player", "nonsense", "x")), fault.Invalid},
		"long":         {second(w.Deprecate(t.Context(), "@tv/player", "1.1.0", strings.Repeat("x", 2000))), fault.TooLarge},
		"a bad name":   {second(w.Index(t.Context(), "../secret")), fault.Invalid},
		"bad resolve":  {second(w.Resolve(t.Context(), "prod", "@tv/none")), fault.NotFound},
		"bad env":      {second(w.Status(t.Context(), "../x")), fault.Invalid},
		"unknown env":  {second(w.Status(t.Context(), "nowhere")), fault.NotFound},
		"unknown log":  {second(w.Releases(t.Context(), "nowhere", "", 1)), fault.NotFound},
		"bad ref":      {second(w.Find(t.Context(), "prod", "HEAD")), fault.Invalid},
		"unknown ref":  {second(w.Find(t.Context(), "prod", "0123456789")), fault.NotFound},
		"before first": {second(w.Find(t.Context(), "prod", "~3")), fault.NotFound},
	} {
		if fault.KindOf(c.err) != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	names, err := w.Packages(t.Context())
	if err != nil || fmt.Sprint(names) != "[@originals/rows @phone/home @tv/home @tv/player]" {
		t.Errorf("%v, %v", names, err)
	}
	w.graph("1.10.0", sdl+"# ten\n")
	w.graph("1.9.0", sdl+"# nine\n")
	graphs, err := w.Graphs(t.Context())
	if err != nil || len(graphs) != 3 || graphs[0].Version != "1.10.0" || graphs[2].Version != "1.0.0" || !release.ValidDigest(graphs[0].Digest) {
		t.Errorf("%+v, %v", graphs, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestResolve(t *testing.T) {
	w := newWorld(t, memory.New())
	w.publish("@a/base@1.0.0", ``, ``, "")
	w.publish("@a/base@1.1.0", ``, ``, "")
	w.publish("@a/base@2.0.0", ``, ``, "")
	w.publish("@a/left@1.0.0", ``, `"@a/base": "^1"`, "")
	w.publish("@a/right@1.0.0", `"bindings": {"@a/base": "live"}`, `"@a/base": "^2"`, "")
	w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v1", "bindings": {"@a/left": "live"}`, `"@a/left": "^1", "@a/right": "latest"`, "view home")
	lines := func() (out []string) {
		t.Helper()
		r, err := w.Resolve(t.Context(), "prod", "@tv/home@^1")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Edges {
			out = append(out, fmt.Sprintf("%s %s@%s %s %s: %s", e.Importer, e.Name, e.Range, e.Kind, e.Version, e.Why))
		}
		return out
	}
	got := strings.Join(lines(), "\n")
	want := `@a/left@1.0.0 @a/base@^1 locked 1.1.0: highest of 2 that ^1 allows
@a/right@1.0.0 @a/base@^2 live 2.0.0: the only one that ^2 allows
@tv/home@1.0.0 @a/left@^1 live 1.0.0: the only one that ^1 allows
@tv/home@1.0.0 @a/right@latest locked 1.0.0: the tag latest`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
	w.publish("@a/base@1.2.0", ``, ``, "")
	w.publish("@a/base@2.1.0", ``, ``, "")
	got = strings.Join(lines(), "\n")
	want = strings.NewReplacer(
		"1.1.0: highest of 2 that ^1 allows", "1.1.0: kept from the lock of release "+release.Short(res.Digest),
		"2.0.0: the only one that ^2 allows", "2.0.0: the environment's 2.0.0",
		"live 1.0.0: the only one that ^1 allows", "live 1.0.0: the environment's 1.0.0",
		"1.0.0: the tag latest", "1.0.0: kept from the lock of release "+release.Short(res.Digest)).Replace(want)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// A diamond: both versions are linked, and the release says so.
	for digest := range res.Release.Builds {
		lock := res.Release.Locks[digest]
		if lock["@a/left@1.0.0"]["@a/base"] != "@a/base@1.1.0" || lock["@a/right@1.0.0"]["@a/base"] != "@a/base@2.0.0" {
			t.Errorf("locks %v", lock)
		}
	}
	next := w.release(control.Request{Env: "prod", Deploy: []string{"@a/base@2.1.0"}, Diff: true})
	if len(next.Changed) != 2 || next.Changed[1] != "tv/v1 @tv/home 1.0.0 rebuilt with @a/base 2.0.0 -> 2.1.0" {
		t.Errorf("%q", next.Changed)
	}
	if d := next.Diff; len(d.Routes) != 1 || len(d.Routes[0].Mounts) != 1 || fmt.Sprint(d.Routes[0].Mounts[0].Locks) != "[@a/base 2.0.0 -> 2.1.0]" || fmt.Sprint(d.Modules) != "[@a/base 2.0.0 -> 2.1.0]" {
		t.Errorf("%+v", d)
	}
}

func TestTooManyGraphs(t *testing.T) {
	w := films(t)
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home\nuntil # first")
	w.publish("@tv/home@3.5.0", `"device": ["tv"], "schema": "v3"`, ``, "view home\nuntil # second")
	w.graph("1.1.0", sdl+"# first\n")
	w.release(control.Request{Env: "prod", Graph: "1.1.0", Deploy: []string{"@phone/home"}})
	w.graph("1.2.0", sdl+"# second\n")
	w.release(control.Request{Env: "prod", Graph: "1.2.0", Deploy: []string{"@tv/home"}})
	w.graph("1.3.0", sdl+"# third\n")
	res := w.release(control.Request{Env: "prod", Graph: "1.3.0"})
	if len(res.Failures) != 3 || res.Diff != nil { // both, and the player beside the TV's home
		t.Errorf("%+v", res.Failures)
	}
	for _, f := range res.Failures {
		if f.Package == "@tv/player@1.0.0" && (f.Diagnostics.Failed() || f.Diagnostics[0].Code != "C004" || !strings.Contains(f.Diagnostics[0].Text, "@tv/home@3.5.0")) {
			t.Errorf("%+v", f)
		}
	}
	w.publish("@vr/home@1.0.0", `"device": ["vr"], "schema": "v1"`, ``, "view home\nuntil # third")
	w.release(control.Request{Env: "prod", Deploy: []string{"@vr/home"}})
	w.graph("1.4.0", sdl+"# fourth\n")
	_, err := w.Release(t.Context(), control.Request{Env: "prod", Graph: "1.4.0"})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "1.1.0, is still needed by phone/v1 @phone/home@1.1.0") {
		t.Errorf("%v, want what holds the oldest", err)
	}
	// The graph's diff, and what stays behind.
	w.graph("1.5.0", strings.Replace(sdl, "hello: String @", "hello: String! @", 1)+"# first\n# second\n# third\n")
	next := w.release(control.Request{Env: "prod", Graph: "1.5.0", Diff: true, ActivateAt: w.Now().Add(-time.Hour)})
	if g := next.Diff.Graph; g == nil || fmt.Sprint(g.Changed) != "[Query.hello String -> String!]" || len(g.Older) != 0 {
		t.Errorf("%+v", g)
	}
}

// A module's or the graph's new version that would break one consumer's route leaves that consumer as it is; the others follow.
func TestFollowerThatWouldBreakStays(t *testing.T) {
	w := newWorld(t, memory.New())
	live := `"bindings": {"@a/rows": "live"}, `
	w.publish("@a/rows@1.0.0", ``, ``, "view extra")
	w.publish("@tv/home@1.0.0", live+`"device": ["tv"], "schema": "v1"`, `"@a/rows": "^1"`, "view home")
	w.publish("@vr/home@1.0.0", live+`"device": ["vr", "glasses"], "schema": "v1"`, `"@a/rows": "^1"`, "view home")
	w.publish("@vr/more@1.0.1", `"device": ["vr"], "schema": "v1"`, ``, "view badge")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@vr/home", "@vr/more"}})
	w.publish("@a/rows@1.1.0", ``, ``, "view extra\nview badge")
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@a/rows"}})
	want(t, w, res, "glasses/v1 @vr/home@1.0.0 + @a/rows@1.0.0", "tv/v1 @tv/home@1.0.0 + @a/rows@1.1.0", "vr/v1 @vr/home@1.0.0 + @a/rows@1.0.0", "vr/v1 @vr/more@1.0.1")
	if len(res.Failures) != 1 || res.Failures[0].Package != "@vr/home@1.0.0" || !strings.Contains(res.Failures[0].Diagnostics[0].Text, "@vr/more") {
		t.Errorf("%+v", res.Failures)
	}
	w.publish("@a/rows@1.2.0", ``, ``, "view other")
	res = w.release(control.Request{Env: "prod", Deploy: []string{"@a/rows"}})
	if len(res.Failures) != 2 || res.Failures[0].Diagnostics[0].Code != "C010" || len(res.Diagnostics) != 0 {
		t.Errorf("%+v %v", res.Failures, res.Diagnostics)
	}
	// Where the route's own package is deployed with it, the request is refused.
	w.publish("@tv/home@1.1.0", live+`"device": ["tv"], "schema": "v1"`, `"@a/rows": "^1"`, "view home")
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/home"}}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "Query.extra") {
		t.Errorf("%v", err)
	}
}

// What breaks one consumer of a module holds that one back: what else stands on its route moves, or is not spoken of.
func TestOnlyTheBrokenFollowerStays(t *testing.T) {
	w := newWorld(t, memory.New())
	live := `"device": ["tv"], "schema": "v1", "bindings": {"@a/kit": "live"}`
	w.publish("@a/kit@1.0.0", ``, ``, "gives card\ngives tile")
	w.publish("@tv/cards@1.0.0", live, `"@a/kit": "^1"`, "view cards\ngiven card")
	w.publish("@tv/tiles@1.0.0", live, `"@a/kit": "^1"`, "view tiles\ngiven tile")
	w.publish("@tv/plain@1.0.0", live, `"@a/kit": "^1"`, "view plain")
	w.publish("@tv/exact@1.0.0", live, `"@a/kit": "1.0.0"`, "view exact")
	w.publish("@tv/locked@1.0.0", `"device": ["tv"], "schema": "v1"`, `"@a/kit": "^1"`, "view locked")
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/cards", "@tv/tiles", "@tv/plain", "@tv/exact", "@tv/locked"}})
	for _, c := range []struct{ version, gives, moved, held string }{
		{"1.0.1", "gives card\ngives tile", "@tv/cards @tv/plain @tv/tiles", ""},
		{"1.0.2", "gives tile", "@tv/plain @tv/tiles", "@tv/cards"},
		{"1.0.3", "gives nothing", "@tv/plain", "@tv/cards @tv/tiles"},
		{"1.0.4", "gives card\ngives tile", "@tv/cards @tv/plain @tv/tiles", ""},
	} {
		w.publish("@a/kit@"+c.version, ``, ``, c.gives)
		res := w.release(control.Request{Env: "prod", Deploy: []string{"@a/kit"}})
		var moved, held []string
		for _, line := range served(res.Release) {
			if strings.HasSuffix(line, "+ @a/kit@"+c.version) {
				moved = append(moved, line[len("tv/v1 "):strings.LastIndexByte(line[:strings.Index(line, " +")], '@')])
			}
		}
		for _, h := range res.Release.Held {
			held = append(held, h.Package)
			if len(h.From) != 1 || len(h.Why) != 1 {
				t.Errorf("%s: %s stays without %v: %v", c.version, h.Package, h.From, h.Why)
			}
		}
		if got, want := strings.Join(moved, " ")+"; "+strings.Join(held, " "), c.moved+"; "+c.held; got != want {
			t.Errorf("%s: moved; held: got %s, want %s", c.version, got, want)
		}
		if len(res.Failures) != len(held) {
			t.Errorf("%s: failures %v", c.version, res.Failures)
		}
	}
}
