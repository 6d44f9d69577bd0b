import { computed, graph, shape } from "@facet/sdk";

/** A film in a line of sight: no pictures, one sentence to be read aloud. */
export const Spot = shape("Spot", graph.Title, (t, { viewer }) => {
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "30ms" });
  return {
    at: mark.positionSeconds,
    say: computed.string({ title: t.title, year: t.year, runtime: t.runtimeMinutes, at: mark.positionSeconds }, ({ title, year, runtime, at }) =>
      at == null ? (runtime == null ? `${title}, ${year}` : `${title}, ${year}, ${runtime} minutes`)
      : `${title}, from minute ${Math.floor(at / 60)}`),
  };
});
