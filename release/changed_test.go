package release

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChanged(t *testing.T) {
	one := first(t)
	for name, c := range map[string]struct {
		edit func(r *Release)
		want string
	}{
		"nothing":  {func(*Release) {}, ""},
		"a switch": {func(r *Release) { r.Switches = map[string]bool{"x": true, "y": false} }, "switch x on\nswitch y off"},
		"a limit":  {func(r *Release) { r.Limits = map[string]int64{"calls": 60} }, "limit calls 60 added"},
		"an experiment": {func(r *Release) {
			r.Experiments = []Experiment{{Name: "rows", Salt: "s", Arms: []Arm{{"a", 1}, {"b", 2}}}}
		}, "experiment rows a 1, b 2 (salt s) added"},
		"a module":  {func(r *Release) { r.Modules = map[string]string{"@a/b@2": "2.1.0"} }, "@a/b 2.1.0 added for live bindings"},
		"the graph": {func(r *Release) { r.Graph = Graph{"9.0.0", digest("nine")} }, "graph " + one.Graph.Version + " -> 9.0.0"},
		"a mount":   {func(r *Release) { r.put(placed("vr", "v1", "@vr/home", "1.0.0", "g1", nil)) }, "vr/v1 @vr/home 1.0.0 added"},
		"a canary": {func(r *Release) {
			p := placed("vr", "v1", "@vr/home", "1.0.0", "g1", nil)
			r.put(p)
			p = placed("vr", "v1", "@vr/home", "1.1.0", "g1", nil)
			p.Track, p.Weight = Canary, 5
			r.put(p)
		}, "vr/v1 @vr/home 1.0.0 added\nvr/v1 @vr/home canary 1.1.0 added"},
	} {
		t.Run(name, func(t *testing.T) {
			two := one.Clone()
			two.Modules, two.Experiments, two.Switches, two.Limits = nil, nil, nil, nil
			from := two.Clone()
			c.edit(two)
			if diff := cmp.Diff(c.want, strings.Join(Changed(from, two), "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	empty := one.Clone()
	empty.Routes = nil
	lines := Changed(one, empty)
	if len(lines) == 0 || !strings.HasSuffix(lines[0], "removed") || len(Moves(one, empty)) != len(Moves(empty, one)) {
		t.Errorf("%q", lines)
	}
	if lines := Changed(nil, one); lines[0] != "graph "+one.Graph.Version {
		t.Errorf("%q", lines)
	}
}

func TestChangedLocks(t *testing.T) {
	for _, c := range []struct {
		from, to Lock
		want     string
	}{
		{nil, nil, ""},
		{Lock{"a@1": {"m": "m@1.0.0"}}, Lock{"a@2": {"m": "m@1.0.0"}}, ""},
		{Lock{"a@1": {"m": "m@1.0.0"}}, Lock{"a@1": {"m": "m@1.1.0"}}, "m 1.0.0 -> 1.1.0"},
		{nil, Lock{"a@1": {"m": "m@1.0.0", "@n/n": "@n/n@2.0.0"}}, "@n/n 2.0.0 added; m 1.0.0 added"},
		{Lock{"a@1": {"m": "m@1.0.0"}}, nil, "m 1.0.0 removed"},
		// A diamond: one of two versions moves, then they become one.
		{Lock{"a@1": {"m": "m@1.0.0"}, "b@1": {"m": "m@2.0.0"}}, Lock{"a@1": {"m": "m@1.0.0"}, "b@1": {"m": "m@2.1.0"}}, "m 2.0.0 -> 2.1.0"},
		{Lock{"a@1": {"m": "m@1.0.0"}, "b@1": {"m": "m@2.0.0"}}, Lock{"a@1": {"m": "m@2.0.0"}, "b@1": {"m": "m@2.0.0"}}, "m 1.0.0 removed"},
	} {
		if got := strings.Join(ChangedLocks(c.from, c.to), "; "); got != c.want {
			t.Errorf("%v, %v: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 59, 59, 999_000_000, time.UTC)
	key := AuditKey("prod", at, digest("a"))
	if back, ok := AuditTime(key); !ok || !back.Equal(at) || !strings.HasPrefix(key, "audit/prod/2026/03/01/") {
		t.Errorf("%s is of %v", key, back)
	}
	if name, ok := IndexName(IndexKey("@tv/home")); !ok || name != "@tv/home" {
		t.Errorf("%q", name)
	}
	if _, ok := IndexName(TarballKey("@tv/home", "1.0.0")); ok {
		t.Error("a tarball is no index")
	}
	if Named(PointerKey("prod", "eu")) != "eu" || Named(Key("prod", digest("a"))) != digest("a") || !strings.HasPrefix(Key("prod", digest("a")), ReleasePrefix("prod", digest("a")[7:15])) {
		t.Error("keys and what they name disagree")
	}
}
