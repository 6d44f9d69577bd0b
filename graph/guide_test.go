package graph

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuide holds the guide true: its examples form one graph without mistakes, and its list of codes is the list of codes,
// each of which a golden file shows.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile("../docs/guides/graph.md")
	if err != nil {
		t.Fatal(err)
	}
	var sdl strings.Builder
	for _, m := range regexp.MustCompile("(?s)```graphql\n(.*?)```").FindAllSubmatch(page, -1) {
		sdl.Write(m[1])
	}
	_, ds := Parse("guide.graphqls", []byte(sdl.String()))
	for _, d := range ds {
		t.Error(d)
	}

	code := regexp.MustCompile(`G\d\d\d`)
	written := func(pattern string) map[string]bool {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		set := map[string]bool{}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range code.FindAllString(string(data), -1) {
				set[c] = true
			}
		}
		return set
	}
	source, golden, guide := written("*.go"), written("testdata/*.txtar"), map[string]bool{}
	for _, c := range code.FindAllString(string(page), -1) {
		guide[c] = true
	}
	for c := range source {
		if !guide[c] {
			t.Errorf("the guide does not list %s", c)
		}
		if !golden[c] {
			t.Errorf("no golden file shows %s", c)
		}
	}
	for c := range guide {
		if !source[c] {
			t.Errorf("the guide lists %s, which is no code", c)
		}
	}
}
