package industry

// Query is the comparison's: users with their reviews of products with theirs, and the top products likewise, five levels deep.
const Query = `query Industry {
  users { ...user reviews { ...review product { ...product reviews { ...review author { ...user reviews { ...review product { ...product } } } } } } }
  topProducts { ...product reviews { ...review author { ...user reviews { ...review product { ...product } } } } }
}
fragment user on User { id username name }
fragment review on Review { id body }
fragment product on Product { inStock name price shippingEstimate upc weight }`

// A node is a field of the query with what is asked below it.
type node struct {
	name string
	sub  []node
}

func leaves(names ...string) []node {
	var out []node
	for _, n := range names {
		out = append(out, node{name: n})
	}
	return out
}

func with(own []node, name string, sub []node) []node { return append(own, node{name, sub}) }

// tree is Query as data, without the fragments.
func tree() []node {
	user := func() []node { return leaves("id", "username", "name") }
	review := func() []node { return leaves("id", "body") }
	product := func() []node { return leaves("inStock", "name", "price", "shippingEstimate", "upc", "weight") }
	written := with(review(), "author", with(user(), "reviews", with(review(), "product", product())))
	return []node{
		{"users", with(user(), "reviews", with(review(), "product", with(product(), "reviews", written)))},
		{"topProducts", with(product(), "reviews", written)},
	}
}

// Answer is what Query answers, resolved field by field from the shop itself: the naive way.
func (s *Shop) Answer() map[string]any { return s.resolve("Query", nil, tree()) }

func (s *Shop) resolve(typ string, of any, asked []node) map[string]any {
	out := map[string]any{}
	for _, n := range asked {
		of, typ := s.field(typ, of, n.name)
		switch of := of.(type) {
		case []any:
			items := []any{}
			for _, it := range of {
				items = append(items, s.resolve(typ, it, n.sub))
			}
			out[n.name] = items
		default:
			if out[n.name] = of; n.sub != nil {
				out[n.name] = s.resolve(typ, of, n.sub)
			}
		}
	}
	return out
}

// field is the value of a field and the type of what stands there.
func (s *Shop) field(typ string, of any, name string) (any, string) {
	switch typ + "." + name {
	case "Query.users":
		return list(s.Users, nil), "User"
	case "Query.topProducts":
		return list(s.Products[:Top], nil), "Product"
	case "User.id":
		return "User:" + of.(User).ID, ""
	case "User.username":
		return of.(User).Username, ""
	case "User.name":
		return of.(User).Name, ""
	case "User.reviews":
		return list(s.Reviews, func(r Review) bool { return r.Author == of.(User).ID }), "Review"
	case "Review.id":
		return "Review:" + of.(Review).ID, ""
	case "Review.body":
		return of.(Review).Body, ""
	case "Review.product":
		return list(s.Products, func(p Product) bool { return p.UPC == of.(Review).Product })[0], "Product"
	case "Review.author":
		return list(s.Users, func(u User) bool { return u.ID == of.(Review).Author })[0], "User"
	case "Product.upc":
		return of.(Product).UPC, ""
	case "Product.name":
		return of.(Product).Name, ""
	case "Product.price":
		return of.(Product).Price, ""
	case "Product.weight":
		return of.(Product).Weight, ""
	case "Product.inStock":
		return s.InStock[of.(Product).UPC], ""
	case "Product.shippingEstimate":
		return Shipping(of.(Product).Price, of.(Product).Weight), ""
	case "Product.reviews":
		return list(s.Reviews, func(r Review) bool { return r.Product == of.(Product).UPC }), "Review"
	}
	panic("the query has no " + typ + "." + name)
}

func list[T any](all []T, fits func(T) bool) []any {
	out := []any{}
	for _, v := range all {
		if fits == nil || fits(v) {
			out = append(out, v)
		}
	}
	return out
}
