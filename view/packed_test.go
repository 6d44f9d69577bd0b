package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"facet/view"
	"facet/view/viewtest"
)

// TestPacked: a build that was packed is the same when it is opened, to the difference of nil and empty.
func TestPacked(t *testing.T) {
	builds := []*view.Build{viewtest.Home(), {}}
	for seed := range uint64(200) {
		builds = append(builds, synthetic(seed))
	}
	for i, b := range builds {
		p := b.Pack()
		if p == nil {
			t.Fatal("a build has what cannot be packed")
		}
		got, err := p.Build()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(view.Documents{})); diff != "" {
			t.Fatalf("build %d (-packed +opened):\n%s", i, diff)
		}
		if got.Digest() != b.Digest() {
			t.Fatalf("build %d is encoded otherwise", i)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	body, err := viewtest.Home().Encode()
	if err != nil {
		b.Fatal(err)
	}
	p := viewtest.Home().Pack()
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := view.Decode(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("packed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Build(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
