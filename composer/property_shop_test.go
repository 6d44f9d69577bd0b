package composer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/tiers/fake"
)

// A shopData is a random shop, for a resolver that walks it naively.
type shopData struct {
	users, products   map[string]obj
	byUser, byProduct map[string][]obj
	stock             map[string]bool
	listed, top       []string
}

func randomShop(r *rand.Rand) *shopData {
	d := &shopData{users: map[string]obj{}, products: map[string]obj{}, byUser: map[string][]obj{}, byProduct: map[string][]obj{}, stock: map[string]bool{}}
	nu, np := 1+r.IntN(5), 1+r.IntN(6)
	for i := range nu {
		id := fmt.Sprint("u", i)
		d.users[id] = obj{"id": id, "username": "user" + id, "name": "Name " + id}
		if r.IntN(3) > 0 {
			d.listed = append(d.listed, id)
		}
	}
	for i := range np {
		id := fmt.Sprint("p", i)
		d.products[id] = obj{"upc": id, "name": "Product " + id, "price": r.IntN(100), "weight": r.IntN(9)}
		d.stock[id] = r.IntN(2) == 0
		if r.IntN(2) == 0 {
			d.top = append(d.top, id)
		}
	}
	for i := range r.IntN(14) {
		u, p := fmt.Sprint("u", r.IntN(nu)), fmt.Sprint("p", r.IntN(np))
		rv := obj{"id": fmt.Sprint("r", i), "body": "é\"\\ \n", "product": obj{"upc": p}, "author": obj{"id": u}}
		d.byUser[u] = append(d.byUser[u], rv)
		d.byProduct[p] = append(d.byProduct[p], rv)
	}
	return d
}

// field resolves one field of an object of a type, the naive way.
func (d *shopData) field(typ, name string, o obj) (string, any) {
	list := func(rs []obj) any {
		out := []any{}
		for _, r := range rs {
			out = append(out, r)
		}
		return out
	}
	switch typ + "." + name {
	case "Shop.users":
		out := []any{}
		for _, id := range d.listed {
			out = append(out, d.users[id])
		}
		return "User", out
	case "Shop.topProducts":
		out := []any{}
		for _, id := range d.top {
			out = append(out, d.products[id])
		}
		return "Product", out
	case "User.reviews":
		return "Review", list(d.byUser[o["id"].(string)])
	case "Product.reviews":
		return "Review", list(d.byProduct[o["upc"].(string)])
	case "Product.inStock":
		return "", d.stock[o["upc"].(string)]
	case "Review.product":
		return "Product", d.products[o["product"].(obj)["upc"].(string)]
	case "Review.author":
		return "User", d.users[o["author"].(obj)["id"].(string)]
	}
	return "", o[name]
}

func (d *shopData) walk(typ string, v any, sub []*composer.Node) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, it := range v {
			out = append(out, d.walk(typ, it, sub))
		}
		return out
	case obj:
		out := obj{}
		for _, n := range sub {
			t, f := d.field(typ, n.Name, v)
			out[n.Key] = d.walk(t, f, n.Sub)
		}
		return out
	}
	return v
}

// prune keeps a random part of a selection.
func prune(r *rand.Rand, ns []*composer.Node) []*composer.Node {
	var out []*composer.Node
	for _, n := range ns {
		if r.IntN(3) == 0 {
			continue
		}
		c := *n
		if n.Sub != nil {
			if c.Sub = prune(r, n.Sub); c.Sub == nil {
				continue
			}
		}
		out = append(out, &c)
	}
	return out
}

// TestNaiveResolver compares answers to random selections over random shops with a naive resolver's, and sees that no
// entity is asked for twice.
func TestNaiveResolver(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		d := randomShop(r)
		w, full := shopWorld(t, false)
		rows := func(m map[string][]obj) map[string]any {
			out := obj{}
			for k, v := range m {
				out[k] = obj{"reviews": v}
			}
			return out
		}
		any1 := func(m map[string]obj, more func(k string) obj) map[string]any {
			out := obj{}
			for k, v := range m {
				if more != nil {
					v = more(k)
				}
				out[k] = v
			}
			return out
		}
		for _, m := range []map[string][]obj{d.byUser, d.byProduct} { // nobody's reviews are an empty list, not null
			for k := range d.users {
				if m[k] == nil {
					m[k] = []obj{}
				}
			}
			for k := range d.products {
				if m[k] == nil {
					m[k] = []obj{}
				}
			}
		}
		w.tier.List("accounts.Query.users", func(*fake.Request) ([]any, error) { _, v := d.field("Shop", "users", nil); return v.([]any), nil })
		w.tier.List("products.Query.topProducts", func(*fake.Request) ([]any, error) {
			_, v := d.field("Shop", "topProducts", nil)
			return v.([]any), nil
		})
		w.tier.Rows("accounts.User", fake.NewTable(any1(d.users, nil)))
		w.tier.Rows("products.Product", fake.NewTable(any1(d.products, nil)))
		w.tier.Rows("reviews.User.reviews", fake.NewTable(rows(d.byUser)))
		w.tier.Rows("reviews.Product.reviews", fake.NewTable(rows(d.byProduct)))
		w.tier.Rows("inventory.Product.inStock", fake.NewTable(any1(d.products, func(k string) obj { return obj{"inStock": d.stock[k]} })).Keyed("upc"))
		sub := prune(r, full.Roots[0].Sub)
		if sub == nil {
			continue
		}
		p := w.ask(&composer.Request{Selection: view1("shop", sub)})
		var got any
		if err := json.Unmarshal(p.Data, &got); err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(obj{"shop": d.walk("Shop", obj{}, sub)})
		var want any
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(p.Errors) > 0 {
			t.Fatalf("seed %d: %s\n%v", seed, diff, short(p))
		}
		asked := map[string]bool{}
		for _, c := range w.tier.Calls("*") {
			for k := range c.Len() {
				key := c.Operation.ID
				for _, n := range c.Needs {
					key += " " + string(n[k])
				}
				if len(c.Needs) > 0 && asked[key] {
					t.Fatalf("seed %d: %s was asked for twice", seed, key)
				}
				asked[key] = true
			}
		}
	}
}
