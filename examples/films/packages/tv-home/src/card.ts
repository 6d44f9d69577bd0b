import { computed, graph, object, oneOf, shape } from "@facet/sdk";
import { originalsBadge } from "@originals/rows";

/** How much of a film is left. */
export const Progress = object("Progress", { minutesLeft: "Int", state: oneOf("WatchState", ["NEW", "STARTED", "DONE"]) });

/** A film as it stands in a row. */
export const Card = shape("Card", graph.Title, (t, { viewer, device, self }) => {
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "30ms" }); // a late bookmark costs no card
  return {
    title: t.title,
    art: t.artwork({ width: device.form.pick({ tv: 342, phone: 160, default: 240 }) }).url,
    badge: originalsBadge(t),
    score: t.reviews.orNull({ within: "60ms" }).critics, // what critics say is worth no wait
    position: mark.positionSeconds,
    progress: computed.object(
      Progress,
      { runtime: t.runtimeMinutes, at: mark.positionSeconds },
      ({ runtime, at }) =>
        at == null ? { minutesLeft: runtime, state: "NEW" }
        : runtime == null ? { minutesLeft: null, state: "STARTED" }
        : { minutesLeft: Math.max(0, runtime - Math.floor(at / 60)), state: at >= runtime * 57 ? "DONE" : "STARTED" },
    ),
    similar: t.similar.page({ first: 6 }).map(self), // a reference: films of films of films, as far as a client asks
  };
});

/** A film with its sequels. */
export const SeriesCard = shape("SeriesCard", graph.Series, (s) => ({ title: s.title, seasons: s.seasonCount }));
