import { arg, computed, graph, shape, view } from "@facet/sdk";

/** A product as a list shows it. */
export const ProductCard = shape("ProductCard", graph.Product, (p) => ({
  name: p.name,
  price: computed.string({ cents: p.cents }, ({ cents }) => (cents == null ? null : (cents / 100).toFixed(2))),
}));

/** The first page. */
export const home = view({
  cache: { maxAge: "30s", scope: "public" },
  build: () => ({ products: graph.products.page({ first: 10 }).map(ProductCard) }),
});

/** One product. */
export const product = view({ args: { id: arg.id() }, build: ({ id }) => ProductCard(graph.product({ id })) });

export const warmup = [home.with({}), product.with({ id: "tea" })];
