package composer_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"facet/composer"
	"facet/tiers/fake"
	"facet/view"
	vt "facet/view/viewtest"
)

// shopBuild has the industry query's view: users with their reviews with products with reviews with authors, and the top
// products with theirs.
func shopBuild() *view.Build {
	r := &vt.Recorder{}
	many := func(list view.ID, typ string, item func(it view.ID) *view.Output) *view.Output {
		it := r.Item(list, typ)
		return vt.Many(list, it, true, false, item(it))
	}
	var user, product func(it view.ID, name string, depth int) *view.Output
	reviews := func(of view.ID, name string, depth int) *view.Output {
		return many(r.Field(of, "reviews", "[Review!]"), "Review!", func(rv view.ID) *view.Output {
			fields := []*view.Field{
				vt.Field("id", vt.Leaf(r.Field(rv, "id", "ID!"), "ID!")), vt.Field("body", vt.Leaf(r.Field(rv, "body", "String!"), "String!")),
				vt.Field("product", product(r.Field(rv, "product", "Product!"), name+"Product", depth-1)),
				vt.Field("author", user(r.Field(rv, "author", "User!"), name+"Author", depth-1)),
			}
			return vt.Tree(name+"Review", rv, false, fields...)
		})
	}
	user = func(it view.ID, name string, depth int) *view.Output {
		fields := []*view.Field{
			vt.Field("id", vt.Leaf(r.Field(it, "id", "ID!"), "ID!")), vt.Field("username", vt.Leaf(r.Field(it, "username", "String!"), "String!")),
			vt.Field("name", vt.Leaf(r.Field(it, "name", "String!"), "String!")),
		}
		if depth > 0 {
			fields = append(fields, vt.Field("reviews", reviews(it, name, depth)))
		}
		return vt.Tree(name, it, false, fields...)
	}
	product = func(it view.ID, name string, depth int) *view.Output {
		fields := []*view.Field{
			vt.Field("upc", vt.Leaf(r.Field(it, "upc", "ID!"), "ID!")), vt.Field("name", vt.Leaf(r.Field(it, "name", "String!"), "String!")),
			vt.Field("price", vt.Leaf(r.Field(it, "price", "Int"), "Int")), vt.Field("inStock", vt.Leaf(r.Field(it, "inStock", "Boolean"), "Boolean")),
		}
		if depth > 0 {
			fields = append(fields, vt.Field("reviews", reviews(it, name, depth)))
		}
		return vt.Tree(name, it, false, fields...)
	}
	out := vt.Tree("Shop", view.None, true,
		vt.Field("users", many(r.Query("users", "[User!]!"), "User!", func(it view.ID) *view.Output { return user(it, "ShopUser", 2) })),
		vt.Field("topProducts", many(r.Query("topProducts", "[Product!]!"), "Product!", func(it view.ID) *view.Output { return product(it, "ShopProduct", 2) })))
	return &view.Build{Format: view.Format, Package: "@web/shop", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3",
		Views: []*view.View{{Name: "shop", Scope: r.Scope, Output: out}}}
}

// all asks for every leaf of an output.
func all(o *view.Output) []*composer.Node {
	switch o.Kind {
	case view.Tree:
		var out []*composer.Node
		for _, f := range o.Fields {
			out = append(out, &composer.Node{Key: f.Name, Name: f.Name, Window: -1, Sub: all(f.Output)})
		}
		return out
	case view.Many:
		return all(o.Item)
	}
	return nil
}

type obj = map[string]any

func shopWorld(t testing.TB, stranger bool) (*world, *composer.Selection) {
	b := shopBuild()
	w := newWorld(t, "testdata/shop.graphqls", b)
	user := func(i int) obj {
		return obj{"id": fmt.Sprint("u", i), "username": fmt.Sprint("user", i), "name": fmt.Sprint("User ", i)}
	}
	product := func(i int) obj {
		return obj{"upc": fmt.Sprint("p", i), "name": fmt.Sprint("Product ", i), "price": 10 * i, "weight": i}
	}
	review := func(i, u, p int) obj {
		return obj{"id": fmt.Sprint("r", i), "body": "so so", "product": obj{"upc": fmt.Sprint("p", p)}, "author": obj{"id": fmt.Sprint("u", u)}}
	}
	users, products, byUser, byProduct, stock := obj{}, obj{}, obj{}, obj{}, obj{}
	for i := range 4 {
		users[fmt.Sprint("u", i)] = user(i)
		products[fmt.Sprint("p", i)] = product(i)
		mine := []any{review(i, i, i), review(i+10, i, (i+1)%4)}
		if stranger && i == 0 {
			mine = append(mine, review(50, 0, 9))
		}
		byUser[fmt.Sprint("u", i)] = obj{"reviews": mine}
		byProduct[fmt.Sprint("p", i)] = obj{"reviews": []any{review(i, i, i), review((i+3)%4+10, (i+3)%4, i)}}
		stock[fmt.Sprint("p", i)] = obj{"inStock": i%2 == 0}
	}
	products["p9"] = product(9)
	byProduct["p9"] = obj{"reviews": []any{review(50, 0, 9)}}
	stock["p9"] = obj{"inStock": true}
	w.tier.List("accounts.Query.users", func(*fake.Request) ([]any, error) { return []any{user(0), user(1), user(2), user(3)}, nil })
	w.tier.List("products.Query.topProducts", func(*fake.Request) ([]any, error) {
		return []any{product(0), product(1), product(2), product(3)}, nil
	})
	w.tier.Rows("accounts.User", fake.NewTable(users))
	w.tier.Rows("products.Product", fake.NewTable(products))
	w.tier.Rows("reviews.User.reviews", fake.NewTable(byUser))
	w.tier.Rows("reviews.Product.reviews", fake.NewTable(byProduct))
	w.tier.Rows("inventory.Product.inStock", fake.NewTable(stock).Keyed("upc"))
	return w, view1("shop", all(b.Views[0].Output))
}

func TestIndustryQuery(t *testing.T) {
	for _, tt := range []struct {
		stranger      bool
		calls, levels int
	}{{false, 5, 2}, {true, 8, 4}} {
		for _, procs := range []int{1, 2} {
			t.Run(fmt.Sprintf("stranger=%v procs=%d", tt.stranger, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				w, sel := shopWorld(t, tt.stranger)
				p := w.ask(&composer.Request{Selection: sel})
				for _, e := range p.Errors {
					t.Errorf("%v %s %s %v", e.Path, e.Kind, e.Message, e.Err)
				}
				if p.Stats.Calls != tt.calls || p.Stats.Levels != tt.levels {
					x, _ := w.engine.Explain(sel, nil, w.asker)
					t.Errorf("%d calls in %d levels, want %d in %d\n%s", p.Stats.Calls, p.Stats.Levels, tt.calls, tt.levels, x)
					for _, c := range w.tier.Calls("*") {
						t.Logf("%s %v", c.Operation.ID, c.Needs)
					}
				}
			})
		}
	}
}

// TestEveryOrder releases the tier calls in every order: bytes and calls are the same under each.
func TestEveryOrder(t *testing.T) {
	for name, make := range map[string]func(testing.TB) (*world, *composer.Selection){
		"shop": func(t testing.TB) (*world, *composer.Selection) { return shopWorld(t, true) },
		"home": func(t testing.TB) (*world, *composer.Selection) {
			return filmWorld(t, true), view1("home", nodes("name", "recent", "rows", nodes("name", "items", nodes("__typename", "title", "progress"))))
		},
		"similar": func(t testing.TB) (*world, *composer.Selection) { return filmWorld(t, true), view1("home", homeAll()) },
	} {
		t.Run(name, func(t *testing.T) {
			w, sel := make(t)
			want := w.ask(&composer.Request{Selection: sel})
			var choices []int
			for runs := 0; runs < 1200; runs++ {
				var open []int // how many calls stood at the gate at each release
				synctest.Test(t, func(t *testing.T) {
					w.t = t
					gate := w.tier.Hold("*")
					defer gate.Open()
					done := answering(w, sel)
					for n := 0; ; n++ {
						synctest.Wait()
						waiting := len(gate.Waiting())
						if waiting == 0 {
							break
						}
						open = append(open, waiting)
						if n == len(choices) {
							choices = append(choices, 0)
						}
						gate.Release(choices[n])
					}
					got := <-done
					if string(got.Data) != string(want.Data) || got.Stats.Calls != want.Stats.Calls || got.Stats.Levels != want.Stats.Levels {
						t.Fatalf("order %v: %d calls in %d levels, want %d in %d\n%s\n%s", choices, got.Stats.Calls, got.Stats.Levels, want.Stats.Calls, want.Stats.Levels, got.Data, want.Data)
					}
				})
				n := len(open) - 1
				for ; n >= 0 && choices[n] == open[n]-1; n-- {
				}
				if n < 0 {
					return // every order was seen
				}
				choices = choices[:n+1]
				choices[n]++
			}
		})
	}
}

func answering(w *world, sel *composer.Selection) chan composer.Part {
	done := make(chan composer.Part, 1)
	go func() {
		for p := range w.engine.Answer(context.Background(), &composer.Request{Selection: sel, Asker: w.asker}) {
			done <- p
		}
	}()
	return done
}

func homeAll() []*composer.Node {
	ns := nodes("name", "recent", "rows", nodes("name", "items", nodes("__typename", "key", "title", "art", "progress", "seasons", "similar", nodes("title"))))
	items := ns[2].Sub[1].Sub
	for i, n := range items {
		switch i {
		case 3, 4, 6:
			n.On = []string{"Card"}
		case 5:
			n.On = []string{"SeriesCard"}
		}
	}
	return slices.Clone(ns)
}

func TestSimilarAddsOne(t *testing.T) {
	w := filmWorld(t, true)
	p := w.ask(&composer.Request{Selection: view1("home", homeAll())})
	if p.Stats.Calls != 8 || p.Stats.Levels != 3 || len(p.Errors) != 0 {
		t.Errorf("%d calls in %d levels, want 7 + 1 in 3; %v", p.Stats.Calls, p.Stats.Levels, p.Errors)
	}
}
