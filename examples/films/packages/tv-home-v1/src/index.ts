import { arg, graph, match, shape, view } from "@facet/sdk";

/** A film as old apps draw it: a title over a poster of one size. */
export const TitleCard = shape("TitleCard", graph.Title, (t) => ({
  name: t.title,
  year: t.year,
  boxArt: t.artwork({ width: 240 }).url,
}));

/** The first screen. Old apps know films only, so anything else in a row is null. */
export const home = view({
  cache: { maxAge: "1m", scope: "viewer" },
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      profileName: p.name,
      lists: p.rows.page({ first: 10, max: 20 }).map((row) => ({
        title: row.name,
        films: row.items.page({ first: 12, max: 40 }).map((x) => match("ListItem", x, { Title: TitleCard, other: null })),
      })),
    };
  },
});

/** One film. */
export const film = view({ args: { id: arg.id() }, build: ({ id }) => TitleCard(graph.title({ id })) });

export const warmup = [home.with({}), film.with({ id: "jaws-1975" })];
