import { computed, graph, shape } from "@facet/sdk";
import { originalsBadge } from "@originals/rows";

/** A film among others. */
export const Tile = shape("Tile", graph.Title, (t) => ({
  title: t.title,
  year: t.year,
  poster: t.artwork({ width: 200 }).url,
  badge: originalsBadge(t),
}));

/** A film's own page. */
export const FilmPage = shape("FilmPage", graph.Title, (t, { viewer }) => {
  const judged = t.reviews.orNull({ within: "120ms" }); // a page without reviews is a page
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "60ms" });
  return {
    title: t.title,
    facts: computed.string({ year: t.year, genre: t.genre, runtime: t.runtimeMinutes, director: t.director }, ({ year, genre, runtime, director }) =>
      [year, genre, runtime == null ? null : `${runtime} min`, director].filter((x) => x != null).join(" · ")),
    poster: t.artwork({ width: 400 }).url,
    badge: originalsBadge(t),
    position: mark.positionSeconds,
    reviews: {
      critics: judged.critics,
      audience: judged.audience,
      verdict: judged.verdict,
      quotes: judged.quotes.take(6).map((q) => ({ by: q.by, text: q.text })),
    },
    saga: t.series.titles.take(12).map(Tile),
    similar: t.similar.page({ first: 6, max: 12 }).map(Tile),
  };
});
