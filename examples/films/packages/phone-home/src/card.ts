import { cell, computed, graph, shape, when } from "@facet/sdk";
import { originalsBadge } from "@originals/rows";

/** A film on a small screen. */
export const Card = shape("Card", graph.Title, (t, { viewer }) => {
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "30ms" });
  return {
    title: t.title,
    thumb: t.artwork({ width: when(cell("big-art").is("b"), 320, 160) }).url,
    badge: originalsBadge(t),
    percent: computed.int({ runtime: t.runtimeMinutes, at: mark.positionSeconds }, ({ runtime, at }) =>
      at == null || runtime == null ? null : Math.min(100, Math.floor((at * 100) / (runtime * 60)))),
  };
});

/** A series on a small screen: its first poster is enough. */
export const SeriesCard = shape("SeriesCard", graph.Series, (s) => ({
  title: s.title,
  thumb: s.artwork({ width: 160 }).url,
  films: s.seasonCount,
}));
