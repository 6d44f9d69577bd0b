import { arg, graph, mutation } from "@facet/sdk";
import { Card } from "./card";

/** Remembers how far the profile got. */
export const setBookmark = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  run: ({ title, positionSeconds }, { viewer, device, metrics }) => {
    const saved = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    metrics.count("bookmark_set", { form: device.form });
    return Card(saved.title);
  },
});

/** Forgets how far the profile got: the film is new again. */
export const clearBookmark = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => Card(graph.clearBookmark({ profile: viewer.profile.id, title }).title),
});

/** Puts a film on the profile's list and says how long the list is now. */
export const addToMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.addToMyList({ profile: viewer.profile.id, title });
    return { card: Card(changed.title), total: changed.total };
  },
});

/** Takes a film off the profile's list and says how long the list is now. */
export const removeFromMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.removeFromMyList({ profile: viewer.profile.id, title });
    return { card: Card(changed.title), total: changed.total };
  },
});
