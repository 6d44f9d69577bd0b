import { arg, graph, view } from "@facet/sdk";
import { originalsRow } from "@originals/rows";
import { Card } from "./card";

/** One film, wherever a link points. */
export const film = view({ args: { id: arg.id() }, build: ({ id }) => Card(graph.title({ id })) });

/** The Originals: the same for everybody, so caches may share it. */
export const originals = view({
  cache: { maxAge: "5m", scope: "public" },
  build: () => ({ films: originalsRow({ first: 20, max: 100 }) }),
});
