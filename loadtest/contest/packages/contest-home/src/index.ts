import { arg, graph, shape, view } from "@facet/sdk";

export const Card = shape("Card", graph.Title, (t) => ({
  title: t.title,
  year: t.year,
  runtimeMinutes: t.runtimeMinutes,
  rating: t.rating,
  synopsis: t.synopsis,
  art: t.artwork.url,
  at: t.bookmark.positionSeconds,
}));

export const home = view({
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      name: p.name,
      recent: p.recentSearches.take(3),
      rows: p.rows.page({ first: 20, max: 40 }).map((row) => ({
        name: row.name,
        items: row.items.page({ first: 20, max: 75 }).map(Card),
      })),
    };
  },
});

export const film = view({ args: { id: arg.id() }, build: ({ id }) => Card(graph.title({ id }).orNotFound()) });

export const warmup = [home.with({}), film.with({ id: "title-0001" })];
