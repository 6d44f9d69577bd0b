package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

func TestDocuments(t *testing.T) {
	const text = "{ home { name } }"
	long := "{ home { name } } #" + strings.Repeat("x", DocumentBytes)
	many := map[string]string{}
	for i := range MostDocuments + 2 {
		many[fmt.Sprintf("documents/%04d.graphql", i)] = fmt.Sprintf("{ a%d }", i)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // "id text place"
		wrong []string // "place code"
	}{
		"files": {map[string]string{"documents/B.gql": text + "\n", "documents/deep/A.graphql": text, "documents/README.md": "#", "src/other.graphql": text},
			[]string{" {home{name}} documents/B.gql:1:1", " {home{name}} documents/deep/A.graphql:1:1"}, nil},
		"the same twice": {map[string]string{"documents/A.graphql": text, "documents/B.graphql": text}, []string{" {home{name}} documents/A.graphql:1:1"}, nil},
		"flat manifest":  {map[string]string{"persisted-documents.json": "{\n  \"abc\": \"{ a }\",\n  \"äö\": \"{ b }\"\n}"}, []string{"abc {a} persisted-documents.json:2:3", "äö {b} persisted-documents.json:3:3"}, nil},
		"Apollo's": {map[string]string{"persisted-query-manifest.json": `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
 {"id": "` + DocumentHash("{ a }") + `", "name": "A", "type": "query", "body": "{ a }"}]}`}, []string{" {a} persisted-query-manifest.json:2:2"}, nil},
		"an id of two":   {map[string]string{"documents/x.json": `{"1": "{ a }"}`, "documents/y.json": `{"1": "{ b }"}`}, []string{"1 {a} documents/x.json:1:2"}, []string{"documents/y.json:1:2 P053"}},
		"another's hash": {map[string]string{"documents/x.json": `{"` + DocumentHash("{ b }") + `": "{ a }"}`}, nil, []string{"documents/x.json:1:2 P052"}},
		"a list":         {map[string]string{"documents/x.json": "\n[]"}, nil, []string{"documents/x.json:2:1 P051"}},
		"no JSON":        {map[string]string{"documents/x.json": "{\n\"a\": }"}, nil, []string{"documents/x.json:2:6 P051"}},
		"no text":        {map[string]string{"documents/x.json": `{"a": 1}`}, nil, []string{"documents/x.json:1:2 P051"}},
		"no id":          {map[string]string{"documents/x.json": `{"operations": [{"body": "{ a }"}]}`}, nil, []string{"documents/x.json:1:17 P051"}},
		"empty":          {map[string]string{"documents/x.graphql": " \n"}, nil, []string{"documents/x.graphql:1:1 P052"}},
		"no UTF-8":       {map[string]string{"documents/x.graphql": "{ a } # \xff", "documents/y.json": "{\"\xff\": \"\"}"}, nil, []string{"documents/x.graphql:1:1 P052", "documents/y.json:1:3 P051"}},
		"too long":       {map[string]string{"documents/x.graphql": long}, nil, []string{"documents/x.graphql:1:1 P052"}},
		"too many":       {many, nil, []string{"documents/1000.graphql:1:1 P054"}},
	} {
		p := &Package{Files: map[string][]byte{}}
		for path, text := range c.files {
			p.Files[path] = []byte(text)
		}
		list, ds := p.Documents()
		var got, wrong []string
		for _, d := range list {
			got = append(got, d.ID+" "+strings.Join(strings.Fields(d.Text), "")+" "+d.Pos.String())
		}
		for _, d := range ds {
			wrong = append(wrong, d.Pos.String()+" "+d.Code)
			if d.Fix == "" {
				t.Errorf("%s: %s has no fix", name, d)
			}
		}
		if name == "too many" {
			got = nil
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s, -want +got:\n%s", name, d)
		}
		if d := cmp.Diff(c.wrong, wrong); d != "" {
			t.Errorf("%s: wrong, -want +got:\n%s", name, d)
		}
	}
}

// TestDocumentsLeftOut: each place of documents that are not packed is told once.
func TestDocumentsLeftOut(t *testing.T) {
	fsys := fstest.MapFS{
		"app/package.json":                  {Data: []byte(`{"name": "@tv/home", "version": "1.0.0", "exports": "./src/a.ts", "files": ["src", "documents/A.gql"], "edge": {"device": ["tv"], "schema": "v1"}}`)},
		"app/src/a.ts":                      {Data: []byte("export {}")},
		"app/documents/A.gql":               {Data: []byte("{ a }")},
		"app/documents/README.md":           {Data: []byte("#")},
		"app/documents/deep/B.gql":          {Data: []byte("{ b }")},
		"app/documents/deep/C.gql":          {Data: []byte("{ c }")},
		"app/persisted-documents.json":      {Data: []byte("{}")},
		"app/persisted-query-manifest.json": {Data: []byte("{}")},
	}
	_, ds := FromFS(fsys, "app", Limits{})
	var got []string
	for _, d := range ds {
		got = append(got, d.Code+" "+d.Pos.File)
	}
	if d := cmp.Diff([]string{"P050 documents/deep/B.gql", "P050 persisted-documents.json", "P050 persisted-query-manifest.json"}, slices.Sorted(slices.Values(got))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestDocumentsOnly(t *testing.T) {
	for edge, want := range map[string]string{
		`{"device": ["tv"], "schema": "v1", "documents": {"only": true}}`:   "true",
		`{"device": ["tv"], "schema": "v1", "documents": {"only": false}}`:  "false",
		`{"device": ["tv"], "schema": "v1", "documents": {}}`:               "false",
		`{"device": ["tv"], "schema": "v1", "documents": {"only": "yes"}}`:  "P055",
		`{"device": ["tv"], "schema": "v1", "documents": true}`:             "P004",
		`{"device": ["tv"], "schema": "v1", "documents": {"solely": true}}`: "P010",
		`{"documents": {"only": true}}`:                                     "P055",
	} {
		m, ds := ParseManifest([]byte(`{"name": "@tv/home", "version": "1.0.0", "exports": "./a.ts", "edge": ` + edge + `}`))
		got := fmt.Sprint(m.Edge != nil && m.Edge.DocumentsOnly)
		if ds.Failed() {
			got = ds[0].Code
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v)", edge, got, want, ds)
		}
	}
}

// FuzzReadManifest: what is no manifest is Invalid, and nothing else happens.
func FuzzReadManifest(f *testing.F) {
	for _, seed := range []string{`{"a": "{ a }"}`, `{"operations": [{"id": "1", "body": "{ a }"}]}`, `{"operations": "{ a }"}`, `[]`, `{"a": {}}`, "{\"\xff\": 1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		list, err := ReadManifest(src)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%q: %v", src, err)
		}
		for _, d := range list {
			_ = d.Check()
		}
		(&documentReader{}).file("documents/x.json", src)
	})
}
