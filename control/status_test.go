package control_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/control"
	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

// says writes what an instance acknowledges.
func (w *world) says(in release.Instance) {
	w.t.Helper()
	raw, err := json.Marshal(in)
	if err == nil {
		_, err = w.Store.Put(w.t.Context(), release.InstanceKey(in.Env, in.Region, in.ID), raw, storage.PutOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) serves(id, digest string) {
	w.says(release.Instance{ID: id, Env: "prod", Region: "local", Release: digest, Seen: w.Now()})
}

// timed makes a world whose store's clock is the world's.
func timed(t *testing.T) *world {
	store := memory.New()
	w := newWorld(t, store)
	store.Now = w.Now
	w.films()
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home", "@tv/player", "@phone/home"}, Note: release.Note{Author: "ann", Why: "begin"}})
	return w
}

func TestStatus(t *testing.T) {
	w := timed(t)
	first, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}, Note: release.Note{Author: "bob", Why: "queue"}})
	w.serves("a", res.Digest)
	w.serves("b", first.Release)
	w.says(release.Instance{ID: "c", Env: "prod", Region: "local", Release: res.Digest, Seen: w.Now().Add(-time.Minute)})
	build := res.Release.Routes[1].Mounts[1].Tracks[0].Build
	w.says(release.Instance{ID: "d", Env: "prod", Region: "local", Release: first.Release, Seen: w.Now(), Refused: &release.Refusal{Release: res.Digest, Build: build, Reason: "no plan", At: w.Now()}})
	w.says(release.Instance{ID: "z", Env: "prod", Region: "new", Seen: w.Now()})
	for _, junk := range []string{"{", `{"id":"other","env":"prod","region":"local"}`, strings.Repeat("x", 100<<10)} {
		if _, err := w.Store.Put(t.Context(), "instances/prod/local/junk"+fmt.Sprint(len(junk))+".json", []byte(junk), storage.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := w.Status(t.Context(), "prod")
	if err != nil || len(s.Regions) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	r := s.Regions[0]
	var lines []string
	for _, in := range r.Instances {
		lines = append(lines, fmt.Sprintf("%s stale %v behind %v", in.ID, in.Stale, in.Behind))
	}
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			lines = append(lines, fmt.Sprintf("%s %s %s %s %d %s %s refused %v", route.Route, m.Package, m.Version, m.Track, m.Weight, m.Graph, m.State, route.Refused != nil))
		}
	}
	want := []string{
		"a stale false behind false", "b stale false behind true", "c stale true behind false", "d stale false behind true",
		"phone/v1 @phone/home 1.0.0 stable 100 1.0.0 current refused false",
		"tv/v3 @tv/home 3.4.1 stable 100 1.0.0 current refused true", "tv/v3 @tv/player 1.1.0 stable 100 1.0.0 current refused true",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if r.Converged != 1 || r.Revision != res.Digest || r.Release.Author != "bob" || fmt.Sprint(r.Release.Changed) != "[tv/v3 @tv/player 1.0.0 -> 1.1.0]" || r.Release.Seq != 2 {
		t.Errorf("%+v", r)
	}
	if n := s.Regions[1]; n.Region != "new" || n.Release != nil || len(n.Instances) != 1 {
		t.Errorf("%+v", n)
	}
	// The keeper makes a release without the refused build, once, and status says what is kept.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var events []control.KeptEvent
	if err := w.Keeper(ctx, nil, 5*time.Millisecond, func(e control.KeptEvent) { events = append(events, e); cancel() }); fault.KindOf(err) != fault.Canceled {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].Err != nil || events[0].Instance != "d" || events[0].Result.Release.Author != "keeper" {
		t.Fatalf("%+v", events)
	}
	if s, err = w.Status(t.Context(), "prod"); err != nil {
		t.Fatal(err)
	}
	r = s.Regions[0]
	m := r.Routes[1].Mounts[1]
	if len(r.Kept) != 1 || r.Kept[0].Version != "1.1.0" || m.Version != "1.0.0" || m.State != control.StateKept || r.Routes[1].Refused == nil || r.Routes[1].Refused.Reason != "no plan" {
		t.Errorf("%+v %+v", r.Kept, r.Routes)
	}
	if err := w.Wait(t.Context(), "prod", nil, res.Digest, nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "no plan") || !strings.Contains(err.Error(), "@tv/player@1.1.0") {
		t.Errorf("waiting for what was refused: %v", err)
	}
	// The brake does not go back to what was refused.
	back, err := w.Rollback(t.Context(), control.Request{Env: "prod"}, "")
	if err != nil || back.Release.Builds[build].Package != "" {
		t.Errorf("%v, %v", back, err)
	}
	// A new version ends what was kept.
	w.publish("@tv/player@1.2.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	if res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}}); len(res.Release.Kept) != 0 {
		t.Errorf("%+v", res.Release.Kept)
	}
}

// A bad build that another release was put on top of before anybody acted is taken out all the same.
// A release that names no region reaches those with a pointer first, then those whose instances wait, and no region that is gone.
func TestTargets(t *testing.T) {
	w := newWorld(t, memory.New())
	w.films()
	targets := func() string {
		t.Helper()
		list, err := w.Targets(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(list, " ")
	}
	if got := targets(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	w.says(release.Instance{ID: "a", Env: "prod", Region: "eu", Seen: w.Now()})
	w.says(release.Instance{ID: "b", Env: "prod", Region: "asia", Seen: w.Now().Add(-2 * control.StaleAfter)})
	w.says(release.Instance{ID: "c", Env: "test", Region: "us", Seen: w.Now()})
	if got := targets(); got != "eu" {
		t.Errorf("before the first release: %q, want eu", got)
	}
	w.release(control.Request{Env: "prod", Regions: []string{"eu"}, Deploy: []string{"@tv/home"}})
	w.says(release.Instance{ID: "b", Env: "prod", Region: "asia", Seen: w.Now()})
	if got := targets(); got != "eu asia" {
		t.Errorf("with a new region: %q, want eu asia", got)
	}
	res := w.release(control.Request{Env: "prod", Regions: []string{"eu", "asia"}, Deploy: []string{"@tv/player"}})
	if n := len(res.Release.Routes[0].Mounts); n != 2 || len(res.Pointers) != 2 {
		t.Errorf("the new region got %d mounts, %d pointers", n, len(res.Pointers))
	}
	if _, err := w.Rollback(t.Context(), control.Request{Env: "none"}, ""); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "nothing was ever released") {
		t.Errorf("a rollback of nothing: %v", err)
	}
}

func TestKeeperAfterAnotherRelease(t *testing.T) {
	w := timed(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	bad := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}})
	build := bad.Release.Routes[1].Mounts[1].Tracks[0].Build
	w.publish("@phone/home@1.1.0", `"device": ["phone"], "schema": "v1"`, ``, "view home")
	top := w.release(control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@phone/home"}})
	w.says(release.Instance{ID: "d", Env: "prod", Region: "eu", Seen: w.Now(), Refused: &release.Refusal{Release: top.Digest, Build: build, Reason: strings.Repeat("no ", 4000), At: w.Now()}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var events []control.KeptEvent
	for range 3 { // several keepers make one release between them
		wg.Go(func() {
			_ = w.Keeper(ctx, []string{"prod"}, time.Millisecond, func(e control.KeptEvent) {
				mu.Lock()
				defer mu.Unlock()
				events = append(events, e)
				time.AfterFunc(100*time.Millisecond, cancel)
			})
		})
	}
	wg.Wait()
	for _, e := range events { // two that were as fast as each other, in one second, made the same
		if e.Err != nil || e.Result.Digest != events[0].Result.Digest {
			t.Fatalf("%v", events)
		}
	}
	if p, _, _ := w.Pointer(t.Context(), "prod", "local"); len(events) == 0 || p.Seq != top.Pointers["local"].Seq+1 {
		t.Fatalf("%d events, %v", len(events), p)
	}
	want(t, w, events[0].Result, "phone/v1 @phone/home@1.1.0", "tv/v3 @tv/home@3.4.1 + @originals/rows@2.1.0", "tv/v3 @tv/player@1.0.0")
	for _, region := range []string{"local", "eu"} {
		if p, _, _ := w.Pointer(t.Context(), "prod", region); p.Release != events[0].Result.Digest {
			t.Errorf("%s is at %v", region, p)
		}
	}
}

func TestWait(t *testing.T) {
	w := timed(t)
	first, _, _ := w.Pointer(t.Context(), "prod", "local")
	w.serves("a", "")
	w.serves("b", first.Release)
	w.says(release.Instance{ID: "gone", Env: "prod", Region: "local", Seen: w.Now().Add(-time.Hour)})
	seen := 0
	progress := func(s *control.Status) {
		if seen++; seen == 1 {
			w.serves("a", first.Release)
		}
	}
	if err := w.Wait(t.Context(), "prod", nil, first.Release, progress); err != nil || seen != 2 {
		t.Errorf("%v after %d reports", err, seen)
	}
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	res := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}})
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.Wait(short, "prod", []string{"local"}, res.Digest, nil); fault.KindOf(err) != fault.Timeout || !strings.Contains(err.Error(), "local: a serves "+release.Short(first.Release)+", and 1 more of 2") {
		t.Errorf("%v", err)
	}
	w.serves("a", res.Digest)
	w.serves("b", res.Digest)
	if err := w.Wait(t.Context(), "prod", nil, first.Release, nil); err != nil {
		t.Errorf("what was made from it counts: %v", err)
	}
	for name, c := range map[string]struct {
		regions []string
		digest  string
		want    fault.Kind
	}{
		"unknown":         {nil, "sha256:" + strings.Repeat("0", 64), fault.NotFound},
		"no such region":  {[]string{"mars"}, res.Digest, fault.Conflict},
		"went elsewhere":  {[]string{"local"}, w.side(), fault.Conflict},
		"nobody has that": {nil, w.side(), fault.Conflict},
	} {
		if err := w.Wait(t.Context(), "prod", c.regions, c.digest, nil); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// side is a release that no pointer has anything to do with.
func (w *world) side() string {
	w.t.Helper()
	res := w.release(control.Request{Env: "prod", Regions: []string{"side"}, Deploy: []string{"@phone/home"}})
	if err := w.Store.Delete(w.t.Context(), release.PointerKey("prod", "side")); err != nil {
		w.t.Fatal(err)
	}
	return res.Digest
}

func TestLogFindDiff(t *testing.T) {
	w := timed(t)
	w.Control.Explain = func(device, schema string, _ *graph.Graph, builds []*view.Build) (map[string]control.Cost, error) {
		out := map[string]control.Cost{}
		for _, b := range builds {
			for _, v := range b.Views {
				out[v.Name] = control.Cost{Operations: []string{device + "/" + schema}, Calls: len(b.Views), Levels: 1}
			}
		}
		return out, nil
	}
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player\nview queue")
	two := w.release(control.Request{Env: "prod", Deploy: []string{"@tv/player"}, Note: release.Note{Author: "bob", Why: "queue", SourceRevision: "abc"}})
	w.publish("@vr/home@1.0.0", `"device": ["vr"], "schema": "v1"`, ``, "view home")
	three := w.release(control.Request{Env: "prod", Deploy: []string{"@vr/home"}, Remove: remove("phone", "v1", "@phone/home"), Retire: true})
	log, err := w.Releases(t.Context(), "prod", "", 0)
	if err != nil || len(log) != 3 {
		t.Fatalf("%v, %v", log, err)
	}
	if log[0].Digest != three.Digest || log[0].Seq != 3 || fmt.Sprint(log[0].Regions) != "[local]" || fmt.Sprintf("%q", log[0].Changed) != `["phone/v1 @phone/home 1.0.0 removed" "vr/v1 @vr/home 1.0.0 added"]` {
		t.Errorf("%+v", log[0])
	}
	if e := log[1]; e.Author != "bob" || e.Why != "queue" || e.SourceRevision != "abc" || e.Seq != 0 || e.Parent != log[2].Digest {
		t.Errorf("%+v", e)
	}
	if e := log[2]; fmt.Sprintf("%q", e.Changed) != `["graph 1.0.0" "@originals/rows 2.1.0 added for live bindings" "phone/v1 @phone/home 1.0.0 added" "tv/v3 @tv/home 3.4.1 added" "tv/v3 @tv/player 1.0.0 added"]` {
		t.Errorf("%q", e.Changed)
	}
	if part, err := w.Releases(t.Context(), "prod", "~1", 1); err != nil || len(part) != 1 || part[0].Digest != two.Digest {
		t.Errorf("%v, %v", part, err)
	}
	for ref, want := range map[string]string{
		"": three.Digest, "~": two.Digest, "~1": two.Digest, "~~": log[2].Digest, "~2": log[2].Digest, two.Digest: two.Digest,
		release.Short(two.Digest): two.Digest, two.Digest[7:13] + "~": log[2].Digest, two.Digest[:15]: two.Digest,
	} {
		if got, err := w.Find(t.Context(), "prod", ref); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", ref, release.Short(got), err, release.Short(want))
		}
	}
	d, err := w.Diff(t.Context(), "prod", "~2", "")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range d.Routes {
		lines = append(lines, r.Route+" "+r.State)
		for _, m := range r.Mounts {
			lines = append(lines, fmt.Sprintf(" %s %s>%s %v", m.Package, m.From, m.To, m.ToBytes > m.FromBytes))
		}
		for _, x := range r.Schema {
			lines = append(lines, " "+x.String())
		}
		for _, v := range r.Views {
			calls := func(c *control.Cost) string {
				if c == nil {
					return "none"
				}
				return fmt.Sprint(c.Calls)
			}
			lines = append(lines, fmt.Sprintf(" view %s %s %s>%s", v.View, v.State, calls(v.From), calls(v.To)))
		}
	}
	want := []string{
		"phone/v1 removed", " @phone/home 1.0.0> false", " view home removed 1>none",
		"tv/v3 changed", " @tv/player 1.0.0>1.1.0 true", " safe field_added Query.queue: a new field", " view player changed 1>2", " view queue added none>2",
		"vr/v1 added", " @vr/home >1.0.0 true", " view home added none>1",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if same, err := w.Diff(t.Context(), "prod", "", ""); err != nil || len(same.Routes) != 0 || same.Graph != nil {
		t.Errorf("%+v, %v", same, err)
	}
	if _, err := w.Audit(t.Context(), "prod", w.Now().AddDate(-3, 0, 0), w.Now(), 0); fault.KindOf(err) != fault.Limit {
		t.Errorf("the audit of three years: %v", err)
	}
	envs, err := w.Environments(t.Context())
	if err != nil || fmt.Sprint(envs) != "[prod]" {
		t.Errorf("%v, %v", envs, err)
	}
	lines = nil
	audit, err := w.Audit(t.Context(), "prod", w.Now().Add(-time.Hour), w.Now().Add(time.Hour), 0)
	for _, l := range audit {
		lines = append(lines, fmt.Sprintf("%s %s %v %v", l.Who, l.Verb, l.Request.Deploy, l.Regions))
	}
	slices.Sort(lines)
	if err != nil || strings.Join(lines, "; ") != " release [@vr/home] map[local:3]; ann release [@tv/home @tv/player @phone/home] map[local:1]; bob release [@tv/player] map[local:2]" {
		t.Errorf("%q, %v", lines, err)
	}
}

func TestSignedEnvironment(t *testing.T) {
	w := timed(t)
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	w.Signer = release.Signer{Key: "ops", Private: private}
	res := w.release(control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: []string{"@tv/player"}})
	keys := release.Keys{"ops": private.Public().(ed25519.PublicKey)}
	for region, p := range res.Pointers {
		if err := p.Verify(keys, "prod", region); err != nil {
			t.Error(err)
		}
	}
	head, err := w.Store.Get(t.Context(), release.Key("prod", res.Digest), storage.GetOptions{})
	if err != nil || release.VerifyHeader(head.Body, keys) != nil {
		t.Errorf("%v, %v", err, release.VerifyHeader(head.Body, keys))
	}
	// Whose keys it knows, it does not build on a pointer that somebody else put there.
	w.Keys = keys
	w.release(control.Request{Env: "prod", Deploy: []string{"@tv/home"}})
	forged, err := res.Pointers["local"].Next(res.Digest, w.Now(), time.Time{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Store.Put(t.Context(), release.PointerKey("prod", "local"), forged, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/home"}}); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("%v, want unauthorized", err)
	}
}

// The audit line cannot be written: the release is made all the same, and says so.
func TestUnaudited(t *testing.T) {
	w := timed(t)
	w.publish("@tv/player@1.1.0", `"device": ["tv"], "schema": "v3"`, ``, "view player")
	c := &control.Control{Store: &hook{Store: w.Store, instead: func(key string) error {
		if strings.HasPrefix(key, "audit/") {
			return &fault.Error{Kind: fault.Forbidden, Op: "storage.put", Message: "not there"}
		}
		return nil
	}}, Builder: "test 1", Build: w.build}
	res, err := c.Release(t.Context(), control.Request{Env: "prod", Deploy: []string{"@tv/player"}})
	if err != nil || !strings.Contains(res.Unaudited, "not there") {
		t.Errorf("%+v, %v", res, err)
	}
}

func FuzzFind(f *testing.F) {
	for _, ref := range []string{"", "~", "~2", "0123abcd", "sha256:0123abcd~~", "HEAD", "~999~999", "../x"} {
		f.Add(ref)
	}
	store := memory.New()
	c := newWorldOver(f, store)
	f.Fuzz(func(t *testing.T, ref string) {
		digest, err := c.Find(t.Context(), "prod", ref)
		if k := fault.KindOf(err); k != fault.NotFound && k != fault.Invalid {
			t.Errorf("%q is %q, %v in an empty environment", ref, digest, err)
		}
	})
}
