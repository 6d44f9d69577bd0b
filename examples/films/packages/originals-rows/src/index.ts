import { computed, graph, shape, type Value } from "@facet/sdk";

const SOURCE = "Original Screenplay";

/** "ORIGINAL" for a film that was written for the screen, else null. Call it while recording, with any title. */
export const originalsBadge = (t: { source: Value<string> }) =>
  computed.string({ source: t.source }, ({ source }) => (source === SOURCE ? "ORIGINAL" : null));

/** An Original where nothing else is known of the device: a title, its year and its badge. */
export const OriginalsCard = shape("OriginalsCard", graph.Title, (t) => ({
  title: t.title,
  year: t.year,
  badge: originalsBadge(t),
}));

/** The best Originals, to stand in any view. If they cannot be had it is empty: the row goes, the page stays. */
export const originalsRow = (size: { first: number; max: number }) =>
  graph.titles({ filter: { source: SOURCE, sort: "RATING" } }).orElse([]).page(size).map(OriginalsCard);
