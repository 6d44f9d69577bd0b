import { arg, graph, mutation } from "@facet/sdk";
import { Spot } from "./spot";

/** Remembers how far the profile got. */
export const setBookmark = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  sets: { field: "Spot.at", key: "title", value: "positionSeconds" },
  run: ({ title, positionSeconds }, { viewer, device, metrics }) => {
    const saved = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    metrics.count("bookmark_set", { form: device.form });
    return Spot(saved.title);
  },
});

/** Forgets how far the profile got. */
export const clearBookmark = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => Spot(graph.clearBookmark({ profile: viewer.profile.id, title }).title),
});

/** "Keep that for later." */
export const addToMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.addToMyList({ profile: viewer.profile.id, title });
    return { film: Spot(changed.title), total: changed.total };
  },
});

/** "Forget that one." */
export const removeFromMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.removeFromMyList({ profile: viewer.profile.id, title });
    return { film: Spot(changed.title), total: changed.total };
  },
});
