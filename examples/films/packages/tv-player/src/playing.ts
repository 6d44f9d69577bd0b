import { arg, graph, mutation, shape, view } from "@facet/sdk";
import { Details } from "./details";

/** A film that the player offers when another one ends. */
export const NextUp = shape("NextUp", graph.Title, (t) => ({
  title: t.title,
  runtimeMinutes: t.runtimeMinutes,
  still: t.artwork({ width: 480 }).url,
}));

/** What to go on with after a film. */
export const upNext = view({
  args: { id: arg.id() },
  cache: { maxAge: "10m", scope: "public" },
  build: ({ id }) => {
    const t = graph.title({ id }).orNotFound();
    return { after: t.title, films: t.similar.page({ first: 3, max: 12 }).map(NextUp) };
  },
});

/** The player's heartbeat: every ten seconds, and when somebody presses stop. */
export const saveProgress = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0, max: 86400 }) },
  run: ({ title, positionSeconds }, { viewer, device, metrics }) => {
    const saved = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    metrics.count("progress_saved", { form: device.form });
    return { title: Details(saved.title), positionSeconds: saved.positionSeconds, savedAt: saved.updatedAt };
  },
});
