import { arg, graph, shape, view } from "@facet/sdk";

export const Card = shape("Card", graph.Film, (f) => ({
  title: f.title, year: f.year, runtimeMinutes: f.runtimeMinutes, rating: f.rating, synopsis: f.synopsis,
}));

export const film = view({ args: { id: arg.id() }, build: ({ id }) => Card(graph.film({ id }).orNotFound()) });

export const all = view({
  build: () => ({
    rows: graph.all.orNotFound().rows.page({ first: 50000, max: 50000 }).map((r) => ({ id: r.id, name: r.name, text: r.text, number: r.number, flag: r.flag })),
  }),
});

export const dump = view({ build: () => ({ raw: graph.dump.orNotFound().raw }) });
