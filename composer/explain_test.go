package composer_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"facet/composer"
)

var update = flag.Bool("update", false, "write golden files")

func TestExplain(t *testing.T) {
	const file = "testdata/explain.txtar"
	golden, err := txtar.ParseFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	films := filmWorld(t, true)
	shop, shopSel := shopWorld(t, false)
	mutation := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "setBookmark", Name: "setBookmark", Window: -1,
		Args: []composer.Arg{{Name: "title", Value: 0}, {Name: "positionSeconds", Value: 1}}, Sub: nodes("progress")}}}
	one, _ := film("t1", "title", "similar", nodes("title", "similar", nodes("title")))
	got := &txtar.Archive{}
	for _, c := range []struct {
		name string
		w    *world
		sel  *composer.Selection
	}{{"home", films, view1("home", homeAll())}, {"film", films, one}, {"mutation", films, mutation}, {"shop", shop, shopSel}} {
		x, err := c.w.engine.Explain(c.sel, nil, c.w.asker)
		if err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: c.name, Data: []byte(x.String())})
		if _, err := json.Marshal(x); err != nil {
			t.Error(err)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(golden)), string(txtar.Format(got))); diff != "" {
		t.Error(diff)
	}
}
