import { arg, computed, format, graph, shape, view } from "@facet/sdk";
import { originalsBadge } from "@originals/rows";

/** The films that belong together, in the order of their release. */
export const Saga = shape("Saga", graph.Series, (s, { other }) => ({
  title: s.title,
  years: computed.string({ from: s.firstYear, to: s.lastYear }, ({ from, to }) => (from === to ? `${from}` : `${from} – ${to}`)),
  films: s.titles.take(12).map(other("Details")),
}));

/** A title's own page. */
export const Details = shape("Details", graph.Title, (t, { viewer, device }) => {
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "50ms" });
  return {
    title: t.title,
    tagline: computed.string(
      { year: t.year, genre: t.genre, rating: t.maturityRating, runtime: t.runtimeMinutes },
      ({ year, genre, rating, runtime }) =>
        [year, genre, rating, runtime == null ? null : `${Math.floor(runtime / 60)} h ${runtime % 60} min`]
          .filter((part) => part != null)
          .join(" · "),
    ),
    badge: originalsBadge(t),
    poster: t.artwork({ width: device.form.pick({ tv: 684, default: 480 }) }).url,
    resumeAt: mark.positionSeconds.orElse(0),
    released: format.date(t.released, { style: "long" }),
    credits: { director: t.director, distributor: t.distributor, basedOn: t.source },
    ratings: {
      public: t.imdbRating,
      votes: format.number(t.imdbVotes),
      critics: t.rottenTomatoes,
      verdict: computed.string({ critics: t.rottenTomatoes, people: t.imdbRating }, ({ critics, people }) =>
        critics == null || people == null ? null
        : critics >= 75 && people >= 7 ? "Everybody likes it"
        : critics >= 75 ? "Critics like it"
        : people >= 7 ? "People like it"
        : "For the curious"),
    },
    saga: Saga(t.series),
  };
});

/** Everything that the page of one title shows. */
export const watch = view({ args: { id: arg.id() }, build: ({ id }) => Details(graph.title({ id }).orNotFound()) });
