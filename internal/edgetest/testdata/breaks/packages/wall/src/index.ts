import { arg, computed, graph, mutation, object, shape, view } from "@facet/sdk";

export const CardLabel = object("CardLabel", { text: "String", long: "Boolean" });

/** A show by its key alone. */
export const Card = shape("Card", graph.Show, (s) => ({
  title: s.title,
  stars: s.stars,
  label: computed.object(CardLabel, { title: s.title }, ({ title }) => ({ text: title, long: title.length > 20 })),
}));

/** A show in a size and a colour, which are keys. */
export const Poster = shape("Poster", graph.Show, { args: { size: arg.int(), colour: arg.string() } }, (s) => ({ title: s.title }));

export const show = view({
  args: { id: arg.id(), size: arg.int({ max: 900 }).default(100) },
  build: ({ id, size }) => {
    const s = graph.show({ id });
    return { size, tags: s.tags, card: Card(s) };
  },
});

export const pair = view({
  args: { left: arg.id(), right: arg.id() },
  build: ({ left, right }) => ({ left: Card(graph.show({ id: left })), right: Card(graph.show({ id: right })) }),
});

export const placard = view({
  args: { id: arg.id() },
  build: ({ id }) => Poster(graph.show({ id }), { size: 100, colour: "red" }),
});

export const rate = mutation({
  args: { show: arg.id(), stars: arg.int(), note: arg.string().default("") },
  run: ({ show, stars, note }) => Card(graph.rate({ show, stars, note }).show),
  sets: { field: "Card.stars", key: "show", value: "stars" },
});

export const like = mutation({
  args: { show: arg.id(), stars: arg.int() },
  run: ({ show, stars }) => graph.rate({ show, stars }).show.seasons.page({ first: 1 }).map((x) => ({ number: x.number })),
  on: Card,
  as: "like",
});
