package graphql_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"facet/composer"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// printRequest prints what the composer is asked: values and windows stand where they are used.
func printRequest(r *composer.Request) string {
	var b strings.Builder
	for _, root := range r.Selection.Roots {
		kind := map[composer.RootKind]string{composer.RootView: "view", composer.RootMutation: "mutation", composer.RootEntity: "entity", composer.RootTypename: "typename"}[root.Kind]
		fmt.Fprintf(&b, "%s: %s %s", root.Key, kind, root.Name)
		if root.Kind == composer.RootEntity {
			fmt.Fprintf(&b, " %s", r.Values[root.Entity])
		}
		for _, a := range root.Args {
			fmt.Fprintf(&b, " %s=%s", a.Name, r.Values[a.Value])
		}
		printWindow(&b, r, root.Window)
		b.WriteByte('\n')
		printNodes(&b, r, root.Sub, 1)
	}
	return b.String()
}

func printNodes(b *strings.Builder, r *composer.Request, nodes []*composer.Node, depth int) {
	for _, n := range nodes {
		b.WriteString(strings.Repeat("  ", depth) + n.Key)
		if n.Key != n.Name {
			b.WriteString(": " + n.Name)
		}
		if n.On != nil {
			b.WriteString(" on " + strings.Join(n.On, ", "))
		}
		printWindow(b, r, n.Window)
		b.WriteByte('\n')
		printNodes(b, r, n.Sub, depth+1)
	}
}

func printWindow(b *strings.Builder, r *composer.Request, at int) {
	if at < 0 {
		return
	}
	w := r.Windows[at]
	fmt.Fprintf(b, " first=%d after=%d", w.First, w.After)
}

// TestSelections: testdata/selections.txtar has documents, their variables, and what they ask the composer for.
func TestSelections(t *testing.T) {
	path := filepath.Join("testdata", "selections.txtar")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in := txtar.Parse(text)
	out := &txtar.Archive{Comment: in.Comment}
	variables := map[string]string{}
	for _, f := range in.Files {
		if name, ok := strings.CutSuffix(f.Name, ".json"); ok {
			variables[name] = string(f.Data)
		}
	}
	for _, f := range in.Files {
		name, ok := strings.CutSuffix(f.Name, ".graphql")
		if !ok {
			continue
		}
		w := films(t)
		var vars any
		if v := variables[name]; v != "" {
			vars = json.RawMessage(v)
		}
		rec := post(serveWorld(w, nil), string(f.Data), vars)
		if rec.Code != 200 {
			t.Fatalf("%s: %d %s", name, rec.Code, rec.Body)
		}
		out.Files = append(out.Files, f)
		if vars != nil {
			out.Files = append(out.Files, txtar.File{Name: name + ".json", Data: []byte(variables[name])})
		}
		out.Files = append(out.Files, txtar.File{Name: name + ".txt", Data: []byte(printRequest(w.asked[0]))})
	}
	got := txtar.Format(out)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, text) {
		t.Errorf("-update rewrites %s, -want +got:\n%s", path, cmp.Diff(string(text), string(got)))
	}
}
