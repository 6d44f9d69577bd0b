package composer_test

import (
	"encoding/json"
	"testing"

	"facet/composer"
)

func TestGraphHome(t *testing.T) {
	w := filmWorld(t, true)
	sel := view1("home", nodes("name", "recent", nodes("length"), "rows", nodes("name", "length", "items", nodes("title", "seasons", "progress"))))
	r := sel.Roots[0]
	r.Path = []string{"home"}
	items := r.Sub[2].Sub[2]
	items.Window = 0
	items.Sub[0].On = []string{"Card", "SeriesCard"}
	items.Sub[1].On = []string{"SeriesCard"}
	items.Sub[2].On = []string{"Card"}
	p := w.ask(&composer.Request{Selection: sel, Format: composer.FormatGraph, Windows: []composer.Window{{Only: []composer.Range{{From: 0, To: 0}, {From: 4, To: 5}}}}})
	if !json.Valid(p.Data) {
		t.Errorf("not JSON")
	}
	t.Logf("%s", p.Data)
	for _, e := range p.Errors {
		t.Errorf("%v %s %s %v", e.Path, e.Kind, e.Message, e.Err)
	}
	x, err := w.engine.Explain(sel, nil, w.asker)
	t.Logf("%v\n%s", err, x)
	if p.Stats.Calls != 6 {
		t.Errorf("%d calls", p.Stats.Calls)
	}
}
