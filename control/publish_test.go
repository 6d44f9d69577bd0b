package control_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/embedded"
	"facet/storage/memory"
)

// Publishing a repair of an older line leaves latest, unless a tag is named.
func TestLatestStays(t *testing.T) {
	w := films(t)
	tv := `"device": ["tv"], "schema": "v3"`
	for _, c := range []struct{ id, tag, want, latest string }{
		{"@tv/kids@2.0.0", "", "latest", "2.0.0"},
		{"@tv/kids@1.9.9", "", "", "2.0.0"},
		{"@tv/kids@2.1.0-rc.1", "", "next", "2.0.0"},
		{"@tv/kids@2.0.1", "", "latest", "2.0.1"},
		{"@tv/kids@1.9.10", "latest", "latest", "1.9.10"},
		{"@tv/kids@1.10.0", "", "latest", "1.10.0"},
	} {
		out, err := w.Publish(t.Context(), control.Publication{Tarball: packed(t, c.id, tv, ``, "view kids"), Tag: c.tag})
		if err != nil || out.Tag != c.want {
			t.Fatalf("%s: %+v, %v, want the tag %q", c.id, out, err, c.want)
		}
		if in, err := w.Index(t.Context(), "@tv/kids"); err != nil || in.Tags["latest"] != c.latest {
			t.Errorf("%s: latest is %q, want %q, %v", c.id, in.Tags["latest"], c.latest, err)
		}
	}
}

func TestPublish(t *testing.T) {
	w := newWorld(t, memory.New())
	const edge = `"device": ["tv"], "schema": "v3"`
	first := w.publish("@tv/home@1.0.0", edge, ``, "view home")
	if !first.New || first.Tag != "latest" || first.ID() != "@tv/home@1.0.0" {
		t.Errorf("first: %+v", first)
	}
	if again := w.publish("@tv/home@1.0.0", edge, ``, "view home"); again.New {
		t.Error("the same files again are no new version")
	}
	if _, err := w.try("@tv/home@1.0.0", edge, ``, "view other", ""); fault.KindOf(err) != fault.Conflict || fault.HintOf(err) == "" {
		t.Errorf("other files: %v, want a conflict with a hint", err)
	}
	w.publish("@tv/home@1.1.0-rc.1", edge, ``, "view rc")
	if p, err := w.try("@tv/home@1.0.0", edge, ``, "view saved", "dev.1"); err != nil || p.Version != "1.0.0+dev.1" {
		t.Errorf("with a suffix: %+v, %v", p, err)
	}
	in, err := w.Index(t.Context(), "@tv/home")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"latest": "1.0.0+dev.1", "next": "1.1.0-rc.1"}, in.Tags); diff != "" || len(in.Versions) != 3 || in.Versions["1.0.0"].Digest != first.Package.Digest {
		t.Errorf("the index is %+v", in)
	}
	for name, c := range map[string]struct {
		p    control.Publication
		want fault.Kind
	}{
		"no tarball":   {control.Publication{Tarball: []byte("hello")}, fault.Invalid},
		"plain npm":    {control.Publication{Tarball: tarball(t, `{"name": "left-pad", "version": "1.0.0"}`)}, fault.Invalid},
		"a bad tag":    {control.Publication{Tarball: tarball(t, `{"name": "m", "version": "1.0.0", "edge": {}}`), Tag: "1.0"}, fault.Invalid},
		"a bad suffix": {control.Publication{Tarball: tarball(t, `{"name": "m", "version": "1.0.0", "edge": {}}`), Suffix: "a/b"}, fault.Invalid},
	} {
		if _, err := w.Publish(t.Context(), c.p); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func tarball(t *testing.T, manifest string) []byte {
	t.Helper()
	b, err := (&pack.Package{Files: map[string][]byte{"package.json": []byte(manifest)}}).Tarball()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPackageIsVerified(t *testing.T) {
	w := newWorld(t, memory.New())
	p := w.publish("@tv/home@1.0.0", `"device": ["tv"], "schema": "v3"`, ``, "view home")
	key := release.TarballKey("@tv/home", "1.0.0")
	obj, err := w.Store.Get(t.Context(), key, storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := &control.Control{Store: w.Store}
	got, err := fresh.Package(t.Context(), "@tv/home", "1.0.0")
	if err != nil || got.Digest != p.Package.Digest {
		t.Errorf("got %v, %v", got, err)
	}
	spoilt := bytes.Clone(obj.Body)
	spoilt[len(spoilt)/2] ^= 1
	if _, err := w.Store.Put(t.Context(), key, spoilt, storage.PutOptions{Metadata: obj.Metadata}); err != nil {
		t.Fatal(err)
	}
	if _, err := (&control.Control{Store: w.Store}).Package(t.Context(), "@tv/home", "1.0.0"); fault.KindOf(err) != fault.BadAnswer {
		t.Errorf("spoilt: %v, want bad_answer", err)
	}
	if _, err := fresh.Package(t.Context(), "@tv/home", "9.0.0"); fault.KindOf(err) != fault.NotFound || fault.HintOf(err) == "" {
		t.Errorf("not published: %v", err)
	}
}

func TestPublishGraph(t *testing.T) {
	w := newWorld(t, memory.New())
	if _, _, err := w.PublishGraph(t.Context(), "g", "1.0.0", []byte(sdl)); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if _, _, err := w.PublishGraph(t.Context(), "g", "1.0.0", []byte(sdl+"# more\n")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another text: %v, want conflict", err)
	}
	if _, _, err := w.PublishGraph(t.Context(), "g", "one", []byte(sdl)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a bad version: %v", err)
	}
	if _, ds, err := w.PublishGraph(t.Context(), "g", "1.1.0", []byte("type Query { !wrong")); fault.KindOf(err) != fault.Invalid || !ds.Failed() {
		t.Errorf("a bad graph: %v %v", ds, err)
	}
	if strings.Contains(w.String(), "1.1.0") {
		t.Error("a bad graph was stored")
	}
}

func TestMain(m *testing.M) {
	if cfg, ok := embedded.FromEnv(os.Getenv); ok {
		os.Exit(embedded.Main(cfg, os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}
