package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/serve/registry"
	"facet/storage/memory"
)

// shelved publishes versions of one module without building them.
func shelved(t testing.TB, versions ...control.Publication) *shelf {
	t.Helper()
	ctl := &control.Control{Store: memory.New()}
	for i, p := range versions {
		if p.Tarball == nil {
			t.Fatalf("publication %d has no tarball", i)
		}
		if _, err := ctl.Publish(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return newShelf(ctl, registryOf{Env: "dev"}, zerolog.Nop())
}

func moduleTarball(t testing.TB, version string) []byte {
	t.Helper()
	p := &pack.Package{Files: map[string][]byte{"package.json": fmt.Appendf(nil, `{"name": "@a/b", "version": %q, "type": "module", "exports": "./i.ts", "edge": {}}`, version), "i.ts": []byte("export const a = 1;\n")}}
	b, err := p.Tarball()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestShelf: what npm is shown of versions that it has no words for.
func TestShelf(t *testing.T) {
	s := shelved(t, control.Publication{Tarball: moduleTarball(t, "1.0.0")}, control.Publication{Tarball: moduleTarball(t, "1.10.0")}, control.Publication{Tarball: moduleTarball(t, "1.9.0")},
		control.Publication{Tarball: moduleTarball(t, "2.0.0-rc.1")}, control.Publication{Tarball: moduleTarball(t, "1.10.0"), Suffix: "wip", Tag: "mine"})
	type line struct{ Version, Deprecated string }
	show := func() (lines []line, p *registry.Package) {
		t.Helper()
		p, err := s.Package(t.Context(), "@a/b")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Versions {
			lines = append(lines, line{v.Version, v.Deprecated})
		}
		return lines, p
	}
	got, p := show()
	if d := cmp.Diff([]line{{"1.0.0", ""}, {"1.9.0", ""}, {"1.10.0", ""}, {"2.0.0-rc.1", ""}}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"latest": "1.10.0", "next": "2.0.0-rc.1"}, p.Tags); d != "" {
		t.Error(d)
	}
	s.of.Drafts = true // as in edge dev: what a tag means is there, whatever its version
	if got, p = show(); len(got) != 4 || p.Tags["mine"] != "" || p.Tags["latest"] != "1.10.0" {
		t.Error("a version that is published hides its drafts:", got, p.Tags)
	}
	if _, err := s.control.Publish(t.Context(), control.Publication{Tarball: moduleTarball(t, "3.0.0"), Suffix: "0a1b"}); err != nil {
		t.Fatal(err)
	}
	if got, p = show(); len(got) != 5 || p.Tags["latest"] != "3.0.0" {
		t.Error(got, p.Tags)
	}
	if b, err := s.Tarball(t.Context(), "@a/b", "3.0.0"); err != nil || integrity(b) != p.Versions[4].Integrity {
		t.Error(err)
	}
	if _, err := s.control.SetTag(t.Context(), "@a/b", "latest", "1.10.0"); err != nil {
		t.Fatal(err)
	}
	s.of.Drafts = false
	revision := p.Revision
	if err := s.Deprecate(t.Context(), "@a/b", []string{"1.0.0", "2.0.0-rc.1"}, "old"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.control.Yank(t.Context(), "@a/b", "1.10.0", "it hangs"); err != nil {
		t.Fatal(err)
	}
	got, p = show()
	if d := cmp.Diff([]line{{"1.0.0", "old"}, {"1.9.0", ""}, {"1.10.0", "yanked: it hangs"}, {"2.0.0-rc.1", "old"}}, got); d != "" {
		t.Error(d)
	}
	if p.Tags["latest"] != "1.9.0" || p.Revision == revision {
		t.Error(p.Tags, p.Revision)
	}
	if _, err := s.control.Yank(t.Context(), "@a/b", "*", "all hang"); err != nil {
		t.Fatal(err)
	}
	if _, p = show(); p.Tags["latest"] != "2.0.0-rc.1" {
		t.Error(p.Tags)
	}
	if err := s.Unpublish(t.Context(), "@a/b", []string{"1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Package(t.Context(), "@a/b"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := s.Tarball(t.Context(), "@a/b", "1.0.0"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := s.Publish(t.Context(), registry.Upload{Name: "@a/c", Version: "1.0.0", Tarball: moduleTarball(t, "1.0.0")}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// BenchmarkShelf reads a package of 300 versions: for the first time, and again.
func BenchmarkShelf(b *testing.B) {
	var all []control.Publication
	for i := range 300 {
		all = append(all, control.Publication{Tarball: moduleTarball(b, fmt.Sprintf("1.%d.0", i))})
	}
	s := shelved(b, all...)
	for name, fresh := range map[string]bool{"first": true, "again": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if fresh {
					s.known = map[string]registry.Version{}
				}
				if _, err := s.Package(b.Context(), "@a/b"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
