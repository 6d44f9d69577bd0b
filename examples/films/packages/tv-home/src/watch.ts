import { arg, graph, mutation } from "@facet/sdk";
import { Card } from "./card";

/** Remembers how far the profile got. JSON Graph may also `set` a card's position. */
export const setBookmark = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  sets: { field: "Card.position", key: "title", value: "positionSeconds" },
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
