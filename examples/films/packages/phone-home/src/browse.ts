import { arg, graph, view } from "@facet/sdk";
import { Card } from "./card";

/** All films of a genre, the latest first, and the genres to choose from. */
export const browse = view({
  args: { genre: arg.string({ maxLength: 40 }) },
  build: ({ genre }) => ({
    genres: graph.genres,
    films: graph.titles({ filter: { genre, sort: "YEAR" } }).page({ first: 20, max: 200 }).map(Card),
  }),
});
