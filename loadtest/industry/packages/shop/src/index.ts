import { graph, shape, view } from "@facet/sdk";

export const User = shape("User", graph.User, (u, { other }) => ({
  username: u.username,
  name: u.name,
  reviews: u.reviews.take(50).map(other("Review")),
}));

export const Product = shape("Product", graph.Product, (p, { other }) => ({
  upc: p.upc,
  name: p.name,
  price: p.price,
  weight: p.weight,
  inStock: p.stock.inStock,
  shippingEstimate: p.stock.shippingEstimate,
  reviews: p.reviews.take(50).map(other("Review")),
}));

export const Review = shape("Review", graph.Review, (r, { other }) => ({
  body: r.body,
  product: other("Product")(r.product),
  author: other("User")(r.author),
}));

export const users = view({ build: () => graph.users.take(50).map(User) });
export const topProducts = view({ build: () => graph.topProducts({ first: 5 }).map(Product) });

export const warmup = [users.with({}), topProducts.with({})];
