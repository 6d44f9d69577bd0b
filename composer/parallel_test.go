package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/view"
	vt "facet/view/viewtest"
)

// TestParallel asks many things at once through shared loaders, some of which leave early or find their budgets over:
// pooled state of one request never shows in another.
func TestParallel(t *testing.T) {
	w := sharing(t)
	w.tier.Delay("catalog", time.Millisecond)
	want := map[string]string{}
	for i := range 10 {
		id := fmt.Sprint("t", i)
		want[id] = fmt.Sprintf(`{"film":{"key":"%s","title":"Film %d","art":"http://art/%s"}}`, id, i, id)
	}
	var wg sync.WaitGroup
	for g := range 12 {
		wg.Go(func() {
			for n := range 12 {
				id := fmt.Sprint("t", (g*7+n)%10)
				sel, values := film(id, "key", "title", "art")
				ctx, cancel := context.WithCancel(context.Background())
				if (g+n)%9 == 0 {
					time.AfterFunc(200*time.Microsecond, cancel)
				}
				for p := range w.engine.Answer(ctx, &composer.Request{Selection: sel, Values: values, Asker: w.asker}) {
					if len(p.Errors) == 0 && string(p.Data) != want[id] {
						t.Errorf("%s, want %s", p.Data, want[id])
					}
					if len(p.Errors) > 0 && p.Errors[0].Kind != "canceled" {
						t.Errorf("%v", short(p))
					}
					if !json.Valid(p.Data) {
						t.Errorf("not JSON: %s", p.Data)
					}
					if p.Release != nil {
						p.Release()
					}
				}
				cancel()
				home := view1("home", homeAll())
				for p := range w.engine.Answer(context.Background(), &composer.Request{Selection: home, Asker: w.asker}) {
					if len(p.Errors) > 0 {
						t.Errorf("%v", short(p))
					}
					if p.Release != nil {
						p.Release()
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestGraphMerges: an entity that several places ask for stands once, with all that they ask.
func TestGraphMerges(t *testing.T) {
	w := filmWorld(t, false)
	sel, _ := film("t1", "title", "similar", nodes("title"))
	sel.Roots[0].Path = []string{"film", "t1"}
	sel.Roots[0].Sub[1].Window = 0
	two, _ := film("t2", "art")
	two.Roots[0].Path, two.Roots[0].Args = []string{"film", "t2"}, []composer.Arg{{Name: "id", Value: 1}}
	again, _ := film("t1", "key", "similar", nodes("key"))
	again.Roots[0].Path = []string{"film", "t1"}
	again.Roots[0].Sub[1].Window = 1
	node := &composer.Root{Kind: composer.RootEntity, Name: "Card", Entity: 1, Sub: nodes("__typename"), Window: -1}
	sel.Roots = append(sel.Roots, two.Roots[0], again.Roots[0], node)
	p := w.ask(&composer.Request{Selection: sel, Format: composer.FormatGraph, Values: []json.RawMessage{json.RawMessage(`"t1"`), json.RawMessage(`"t2"`)},
		Windows: []composer.Window{{Only: []composer.Range{{From: 0, To: 0}}}, {Only: []composer.Range{{From: 0, To: 5}}}}})
	want := `{"film":{"t1":{"$type":"ref","value":["Card","t1"]},"t2":{"$type":"ref","value":["Card","t2"]}},"Card":{` +
		`"t1":{"title":"Film 1","similar":{"0":{"$type":"ref","value":["Card","t2"]},"1":{"$type":"ref","value":["Card","t3"]},` +
		`"2":{"$type":"atom"},"3":{"$type":"atom"},"4":{"$type":"atom"},"5":{"$type":"atom"}},"key":"t1"},` +
		`"t2":{"title":"Film 2","art":"http://art/t2","key":"t2","__typename":"Card"},"t3":{"key":"t3"}}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" || len(p.Errors) > 0 {
		t.Errorf("%s %v", diff, short(p))
	}
	if p.Stats.Calls != 3 { // catalog for t1 and t2, for the similar ones; artwork
		t.Logf("%d calls", p.Stats.Calls)
	}
}

// TestGraphRootErrors: wrong arguments stand at their own paths, and hide nobody else's values.
func TestGraphRootErrors(t *testing.T) {
	w := connectorWorld(t, func(r *vt.Recorder) *view.Output {
		return vt.Tree("V", view.None, true, vt.Field("me", vt.Leaf(r.Query("me", "String"), "String")))
	})
	root := func(size, key int) *composer.Root {
		return &composer.Root{Kind: composer.RootEntity, Name: "ItemCard", Entity: key, Args: []composer.Arg{{Name: "size", Value: size}}, Sub: nodes("name"), Window: -1}
	}
	sel := &composer.Selection{Roots: []*composer.Root{root(0, 2), root(1, 2), root(0, 3), root(0, 4)}}
	p := w.ask(&composer.Request{Selection: sel, Format: composer.FormatGraph, Values: []json.RawMessage{json.RawMessage(`3`), json.RawMessage(`"x"`),
		json.RawMessage(`"i1"`), json.RawMessage(`""`), json.RawMessage(`"zz"`)}})
	want := `{"ItemCard":{"3":{"i1":{"name":"n1"},"":{"$type":"atom"},"zz":{"$type":"atom"}},` +
		`"x":{"i1":{"$type":"error","$expires":0,"value":{"code":"invalid","message":"argument \"size\" is not a 32-bit integer"}}}}}`
	if diff := cmp.Diff(want, string(p.Data)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ItemCard x i1 invalid"}, short(p)); diff != "" {
		t.Error(diff)
	}
}

func TestFacts(t *testing.T) {
	w := filmWorld(t, false)
	sel, values := film("t2", "art")
	p := w.ask(&composer.Request{Selection: sel, Values: values, Facts: true})
	want := []composer.Fact{{Type: "Title", Key: "t2", Field: "artwork", Args: `{"width":342}`}}
	if diff := cmp.Diff(want, p.Facts); diff != "" {
		t.Error(diff)
	}
}
