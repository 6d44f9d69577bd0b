import { arg, graph, match, view } from "@facet/sdk";
import { originalsRow } from "@originals/rows";
import { Card, SeriesCard } from "./card";

/** The first screen. */
export const home = view({
  cache: { maxAge: "30s", scope: "viewer" },
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      name: p.name,
      color: p.avatarColor,
      started: p.continueWatching.page({ first: 5, max: 20 }).map(Card),
      myList: p.myList.page({ first: 10, max: 50 }).map(Card),
      originals: originalsRow({ first: 10, max: 30 }),
      rows: p.rows.page({ first: 6, max: 20 }).map((row) => ({
        name: row.name,
        items: row.items.page({ first: 10, max: 40 }).map((x) => match("RowItem", x, { Title: Card, Series: SeriesCard })),
      })),
    };
  },
});

/** One film. */
export const film = view({ args: { id: arg.id() }, build: ({ id }) => Card(graph.title({ id })) });
