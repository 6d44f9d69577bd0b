package release

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 3, 1, 12, 0, 0, 987654321, time.UTC)

func digest(s string) string { return Digest([]byte(s)) }

func placed(device, schema, pkg, version, graph string, lock Lock) Placed {
	return Placed{
		Device: device, Schema: schema, Digest: digest(pkg + version + graph), Lock: lock,
		Build: Build{Package: pkg, Version: version, Graph: digest(graph), Input: digest("input" + pkg + version + graph), Bytes: 1000},
	}
}

func first(t *testing.T) *Release {
	t.Helper()
	r, err := First("prod", Graph{"1.0.0", digest("g1")}).Next("", Change{
		Modules: map[string]string{"@originals/rows@2": "2.1.0"},
		Put: []Placed{
			placed("tv", "v3", "@tv/player", "1.0.0", "g1", nil),
			placed("tv", "v3", "@tv/home", "3.4.1", "g1", Lock{"@tv/home@3.4.1": {"@originals/rows": "@originals/rows@2.1.0"}}),
			placed("tv", "v10", "@tv/home", "3.4.1", "g1", nil),
			placed("phone", "v1", "@phone/home", "1.2.0", "g1", nil),
		},
	}, Note{Why: "the first", Author: "ada", SourceRevision: "abc123"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t *testing.T, r *Release, shards int) *Encoded {
	t.Helper()
	e, err := r.Encode(shards)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSteps(t *testing.T) {
	one := first(t)
	oneDigest := encode(t, one, 1).Digest
	before := one.String()
	canary := placed("tv", "v3", "@tv/home", "3.5.0", "g2", nil)
	canary.Track, canary.Weight = Canary, 5
	graph := Graph{"1.1.0", digest("g2")}
	two, err := one.Next(oneDigest, Change{
		Graph: &graph, Put: []Placed{canary, placed("phone", "v1", "@phone/home", "1.2.0", "g2", nil)}, Remove: []Place{{"tv", "v10", "@tv/home"}},
	}, Note{Why: "a canary"}, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	twoDigest := encode(t, two, 1).Digest
	kept, err := two.Keep(twoDigest, one, "phone", "v1", Refusal{Release: twoDigest, Reason: "no plan"}, Note{Why: "phone refused"}, now.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	back, err := kept.Rollback(encode(t, kept, 1).Digest, one, Note{Why: "back"}, now.Add(3*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if one.String() != before {
		t.Error("a step altered the release that it began from")
	}
	if !back.Equal(one) || back.Equal(two) || encode(t, back, 1).Digest == oneDigest {
		t.Error("a rollback must be a new release that serves the same")
	}
	var got strings.Builder
	for _, r := range []*Release{one, two, kept, back} {
		fmt.Fprintf(&got, "%s\n", r)
	}
	fmt.Fprintf(&got, "%s\n", encode(t, one, 1).Header)
	for _, s := range encode(t, one, 1).Shards {
		fmt.Fprintf(&got, "%s\n", s)
	}
	golden(t, "testdata/steps.golden", got.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestEncode(t *testing.T) {
	r := first(t)
	for _, shards := range []int{0, 1, 7} {
		e := encode(t, r, shards)
		if again := encode(t, r, shards); again.Digest != e.Digest {
			t.Errorf("%d shards: two digests for one release", shards)
		}
		back, err := Decode(e.Header, e.Shards)
		if err != nil {
			t.Fatalf("%d shards: %v", shards, err)
		}
		if diff := cmp.Diff(r.String(), back.String()); diff != "" {
			t.Errorf("%d shards (-want +got):\n%s", shards, diff)
		}
		if encode(t, back, shards).Digest != e.Digest {
			t.Errorf("%d shards: decoding and encoding changed the digest", shards)
		}
	}
	// A change to one device leaves the other devices' shard as it is.
	next, err := r.Next("", Change{Put: []Placed{placed("phone", "v1", "@phone/home", "1.2.1", "g1", nil)}}, Note{}, now)
	if err != nil {
		t.Fatal(err)
	}
	a, b := encode(t, r, 16), encode(t, next, 16)
	same := 0
	for d := range a.Shards {
		if _, ok := b.Shards[d]; ok {
			same++
		}
	}
	if same == 0 || same == len(a.Shards) {
		t.Errorf("%d of %d shards stayed the same", same, len(a.Shards))
	}
}

func TestCheck(t *testing.T) {
	for name, spoil := range map[string]func(*Release){
		"no track names a build":    func(r *Release) { r.Routes[0].Mounts[0].Tracks = nil },
		"names the build":           func(r *Release) { r.Routes[0].Mounts[0].Tracks[0].Build = digest("other") },
		"a build of":                func(r *Release) { r.Routes[0].Mounts[0].Package = "@x/y" },
		"has the weight":            func(r *Release) { r.Routes[0].Mounts[0].Tracks[0].Weight = -1 },
		"no track has a weight":     func(r *Release) { r.Routes[0].Mounts[0].Tracks[0].Weight = 0 },
		"no stable track":           func(r *Release) { r.Routes[0].Mounts[0].Tracks[0].Name = Canary },
		"needs the graph":           func(r *Release) { r.Graph.Digest = digest("g9") },
		"is no route":               func(r *Release) { r.Routes[0].Device = "a/b" },
		"is no name":                func(r *Release) { r.Env = "../x" },
		"is no digest":              func(r *Release) { r.Parent = "sha256:0" },
		"4 graph versions":          func(r *Release) { older(r, 3) },
		"has no arm with a weight":  func(r *Release) { r.Experiments = []Experiment{{Name: "x", Arms: []Arm{{"a", 0}}}} },
		"named twice or has no wei": func(r *Release) { r.Experiments = []Experiment{{Name: "x", Arms: []Arm{{"a", 1}, {"a", 1}}}} },
	} {
		r := first(t)
		spoil(r)
		_, err := r.Encode(1)
		if name == "no track names a build" {
			name = "0 tracks"
		}
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an invalid release: …%s…", err, name)
		}
	}
}

// older makes a release need n more graph versions.
func older(r *Release, n int) {
	for i := range n {
		g := fmt.Sprintf("old%d", i)
		r.Older = append(r.Older, Graph{g, digest(g)})
		r.put(placed("tv", "v3", "@tv/"+g, "1.0.0", g, nil))
	}
}

func TestRemoveWhatIsNotThere(t *testing.T) {
	if _, err := first(t).Next("", Change{Remove: []Place{{"tv", "v3", "@no/one"}}}, Note{}, now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func TestPointer(t *testing.T) {
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	a, b, c := digest("a"), digest("b"), digest("c")
	one := Pointer{}.Next(a, at(0), time.Time{})
	two := one.Next(b, at(1), at(10))   // planned
	three := two.Next(c, at(2), at(20)) // another plan before the first came true: a is still served
	four := two.Next(c, at(11), time.Time{})
	for _, x := range []struct {
		name string
		p    Pointer
		when int
		want string
	}{
		{"at once", one, 0, a}, {"before the plan", two, 9, a}, {"at the plan", two, 10, b},
		{"a plan replaced", three, 15, a}, {"the second plan", three, 20, c}, {"after a plan came true", four, 11, c},
	} {
		if got := x.p.Active(at(x.when)); got != x.want {
			t.Errorf("%s: serves %s, want %s", x.name, Short(got), Short(x.want))
		}
	}
	if four.Previous != b || three.Previous != a || one.Previous != "" || four.Seq != 3 {
		t.Errorf("previous or sequence: %v, %v, %v", one, three, four)
	}
	for _, x := range []struct {
		name    string
		p, seen Pointer
		want    fault.Kind
	}{
		{"newer", two, one, ""}, {"the same", two, two, ""}, {"the first", one, Pointer{}, ""},
		{"older", one, two, fault.Conflict}, {"another of the same number", three, four, fault.Conflict},
	} {
		if err := x.p.Follows(x.seen); fault.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
	for _, p := range []Pointer{one, two, three} {
		raw, err := p.Encode()
		if err != nil || len(raw) > MaxPointer {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		back, err := DecodePointer(raw)
		if err != nil || back.Follows(p) != nil {
			t.Errorf("got %v, %v; want %v", back, err, p)
		}
	}
	for _, raw := range []string{"", "{}", "null", `{"format":1,"seq":0}`, `{"format":1,"seq":1,"release":"x"}`, `{"format":9,"seq":1,"release":"` + a + `"}`, `{"surprise":1}`, strings.Repeat(" ", 2000)} {
		if _, err := DecodePointer([]byte(raw)); err == nil {
			t.Errorf("%.30q was read as a pointer", raw)
		}
	}
}

func TestBind(t *testing.T) {
	deps := map[string][]Dependency{
		"app@1":  {{Name: "a", Range: "^1", Live: true}, {Name: "b", Range: "^1"}},
		"a@1.1":  {{Name: "c", Range: "^1"}},
		"a@1.2":  {{Name: "c", Range: "^1", Live: true}},
		"loop@1": {{Name: "x", Range: "*"}}, "x@1": {{Name: "y", Range: "*"}}, "y@1": {{Name: "x", Range: "*"}},
	}
	newest := map[string]string{"a": "1.2", "b": "1.5", "c": "1.9", "x": "1", "y": "1"}
	known := Known{
		Dependencies: func(id string) ([]Dependency, error) { return deps[id], nil },
		Pick: func(name, want string, among []string) (string, error) {
			for _, v := range among {
				if strings.HasPrefix(v, strings.TrimPrefix(want, "^")) {
					return v, nil
				}
			}
			if len(among) > 0 {
				return "", nil
			}
			if v, ok := newest[name]; ok {
				return v, nil
			}
			return "", fault.New(fault.NotFound, "no %s", name)
		},
	}
	for _, c := range []struct {
		name    string
		old     Lock
		modules map[string]string
		want    Lock
	}{
		{"the first time", nil, nil, Lock{"app@1": {"a": "a@1.2", "b": "b@1.5"}, "a@1.2": {"c": "c@1.9"}}},
		{"live follows the environment, locked keeps", Lock{"app@1": {"a": "a@1.0", "b": "b@1.2"}}, map[string]string{"a@1": "1.1", "a@2": "2.0", "b@1": "1.4"},
			Lock{"app@1": {"a": "a@1.1", "b": "b@1.2"}, "a@1.1": {"c": "c@1.9"}}},
		{"a new importer forgets the old lock", Lock{"app@0": {"b": "b@1.2"}}, nil, Lock{"app@1": {"a": "a@1.2", "b": "b@1.5"}, "a@1.2": {"c": "c@1.9"}}},
		{"a locked module of a module", Lock{"app@1": {"b": "b@1.2"}, "a@1.1": {"c": "c@1.3"}}, map[string]string{"a@1": "1.1"},
			Lock{"app@1": {"a": "a@1.1", "b": "b@1.2"}, "a@1.1": {"c": "c@1.3"}}},
	} {
		got, err := Bind("app@1", c.old, c.modules, known)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
	if _, err := Bind("loop@1", nil, nil, known); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "x@1 -> y@1 -> x@1") {
		t.Errorf("a circle: %v", err)
	}
	deps["app@2"] = []Dependency{{Name: "none", Range: "^1"}}
	if _, err := Bind("app@2", nil, nil, known); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown module: %v", err)
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{"2.1.0": "m@2", "0.3.9": "m@0.3", "10.0.0+dev.1": "m@10", "1.0.0-rc.1": "m@1"} {
		if got := Line("m", in); got != want {
			t.Errorf("line of %s is %s, want %s", in, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	r := First("prod", Graph{"1", digest("g")})
	if e, err := r.Encode(1); err == nil {
		for _, s := range e.Shards {
			f.Add(e.Header, s)
		}
	}
	f.Add([]byte(`{"format":1,"shards":[]}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, head, part []byte) {
		names, err := ShardsOf(head)
		if err != nil {
			return
		}
		shards := map[string][]byte{}
		for _, n := range names {
			shards[n] = part
		}
		r, err := Decode(head, shards)
		if err != nil {
			return
		}
		if _, err := r.Encode(1); err != nil {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
		_ = r.String()
	})
}

func FuzzPointer(f *testing.F) {
	f.Add([]byte(`{"format":1,"seq":1,"release":"` + digest("a") + `","previous":"","activateAt":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := DecodePointer(raw)
		if err != nil {
			return
		}
		if _, err := p.Encode(); err != nil && fault.KindOf(err) != fault.TooLarge {
			t.Errorf("what was decoded cannot be encoded: %v", err)
		}
	})
}
