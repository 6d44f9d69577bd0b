import { arg, graph, view } from "@facet/sdk";
import { FilmPage, Tile } from "./tile";

/** The films of a genre, and the genres to choose from. */
export const browse = view({
  args: { genre: arg.string({ maxLength: 40 }), sort: arg.enum("TitleSort").default("RATING") },
  cache: { maxAge: "5m", scope: "public" },
  build: ({ genre, sort }) => ({
    genres: graph.genres,
    films: graph.titles({ filter: { genre, sort } }).page({ first: 24, max: 200 }).map(Tile),
  }),
});

/** Films by words. */
export const find = view({
  args: { text: arg.string({ maxLength: 100 }) },
  cache: { maxAge: "5m", scope: "public" },
  build: ({ text }) => ({ films: graph.search({ text }).page({ first: 24, max: 200 }).map(Tile) }),
});

/** A film's own page. */
export const film = view({ args: { id: arg.id() }, build: ({ id }) => FilmPage(graph.title({ id }).orNotFound()) });

/** What the profile put aside, and what it started. */
export const list = view({
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      name: p.name,
      films: p.myList.page({ first: 24, max: 200 }).map(Tile),
      started: p.continueWatching.page({ first: 12, max: 50 }).map(Tile),
    };
  },
});
