import { cell, graph, match, view } from "@facet/sdk";
import { Card, SeriesCard } from "./card";

/** The first screen: who watches, what they looked for, and their rows. */
export const home = view({
  cache: { maxAge: "30s", scope: "viewer" },
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      name: p.name,
      recent: p.recentSearches.take(3),
      rows: p.rows.page({ first: cell("denser-rows").pick({ b: 30, default: 20 }), max: 40 }).map((row) => ({
        name: row.name,
        items: row.items.page({ first: 20, max: 75 }).map((x) => match("RowItem", x, { Title: Card, Series: SeriesCard })),
      })),
    };
  },
});
