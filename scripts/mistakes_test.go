package scripts

import (
	"strings"
	"testing"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/view"
)

const imports = `import { and, arg, cached, cell, computed, format, graph, match, mutation, not, object, oneOf, or, shape, view, when } from "@facet/sdk";` + "\n"

// source is a device package of one file.
func source(t testing.TB, text string) *pack.Package {
	t.Helper()
	manifest := []byte(`{ "name": "@tv/home", "version": "1.0.0", "type": "module", "exports": "./index.ts", "edge": { "device": ["tv"], "schema": "v1" } }`)
	m, ds := pack.ParseManifest(manifest)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return &pack.Package{Manifest: m, Files: map[string][]byte{"package.json": manifest, "index.ts": []byte(text)}}
}

func buildText(t testing.TB, g *graph.Graph, text string) (*view.Build, fault.Diagnostics) {
	t.Helper()
	return Build(t.Context(), source(t, text), nil, g, Options{})
}

// TestMistakes has a mistake of a UI engineer and the one line that it is told, from line 2 on.
func TestMistakes(t *testing.T) {
	g := films(t)
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			b, ds := buildText(t, g, imports+c.source)
			var lines []string
			for _, d := range ds {
				lines = append(lines, d.String())
			}
			got := strings.Join(lines, "\n")
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if b != nil && ds.Failed() {
				t.Error("a build beside errors")
			}
			if b == nil && !ds.Failed() {
				t.Error("no build and no error")
			}
		})
	}
}
