import { arg, counter, graph, handler, histogram, mutation, object, oneOf, view } from "@facet/sdk";

const How = oneOf("PlaybackHow", ["FINISHED", "STOPPED"]);
const Ended = object("PlaybackEnded", { how: How, minutes: "Int", next: "ID" });

counter("playback_ended", { labels: { form: ["tv", "phone", "web", "headset"], how: How }, doc: "How playback ends." });
histogram("watched_minutes", { buckets: [1, 5, 15, 45, 90, 150], labels: { how: How } });

/** A film counts as seen when so much of it was: the rest is credits. */
const seen = 0.95;

/**
 * The player's last word on a film. Which of two effects it has depends on what the film is: one that was seen to the end is
 * forgotten, any other is remembered. No recorded mutation could say that.
 */
export const playbackEnded = handler({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0, max: 86400 }) },
  loads: {
    title: view({
      args: { id: arg.id() },
      build: ({ id }) => {
        const t = graph.title({ id }).orNotFound();
        return { name: t.title, minutes: t.runtimeMinutes };
      },
    }),
    next: view({
      args: { id: arg.id() },
      build: ({ id }) => ({ films: graph.title({ id }).similar.take(1).orElse([]).map((t) => ({ id: t.id })) }),
    }),
  },
  mutations: {
    remember: mutation({
      args: { title: arg.id(), positionSeconds: arg.int() },
      run: ({ title, positionSeconds }, { viewer }) => graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds }).positionSeconds,
    }),
    forget: mutation({
      args: { title: arg.id() },
      run: ({ title }, { viewer }) => { graph.clearBookmark({ profile: viewer.profile.id, title }); },
    }),
  },
  returns: Ended,
  deadline: "2s",
  slo: { share: 0.995, within: "500ms" },
  run: async ({ title, positionSeconds }, ctx) => {
    const [film, after] = await Promise.all([ctx.graph.title({ id: title }), ctx.graph.next({ id: title })]); // one request
    if (film === null) throw ctx.fail("not_found", "There is no such film");
    const minutes = Math.floor(positionSeconds / 60);
    const finished = film.minutes !== null && positionSeconds >= film.minutes * 60 * seen;
    if (finished) await ctx.graph.forget({ title });
    else await ctx.graph.remember({ title, positionSeconds });
    const how = finished ? "FINISHED" : "STOPPED";
    ctx.metrics.count("playback_ended", { form: ctx.device.form, how });
    ctx.metrics.observe("watched_minutes", minutes, { how });
    ctx.log.info("playback ended", { title, minutes, how });
    return { how, minutes, next: finished && after !== null && after.films.length > 0 ? after.films[0].id : null };
  },
});
