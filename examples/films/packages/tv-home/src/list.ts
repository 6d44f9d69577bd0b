import { arg, graph, mutation } from "@facet/sdk";
import { Card } from "./card";
import { Profile } from "./profile";

/** Puts a film on the profile's list. JSON Graph calls it below the profile: ["Profile", "demo", "myList", "push"]. */
export const addToMyList = mutation({
  args: { title: arg.id() },
  on: Profile,
  as: "myList.push",
  run: ({ title }, { viewer, device, metrics }) => {
    const changed = graph.addToMyList({ profile: viewer.profile.id, title });
    metrics.count("my_list_added", { form: device.form });
    return Card(changed.title);
  },
});

/** Takes a film off the profile's list. */
export const removeFromMyList = mutation({
  args: { title: arg.id() },
  on: Profile,
  as: "myList.remove",
  run: ({ title }, { viewer }) => Card(graph.removeFromMyList({ profile: viewer.profile.id, title }).title),
});

/** Puts a film aside for later: on the list, with where it stopped. If one of the two fails, the other has happened. */
export const putAside = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  run: ({ title, positionSeconds }, { viewer }) => {
    const listed = graph.addToMyList({ profile: viewer.profile.id, title });
    const marked = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    return { listed: listed.total, position: marked.positionSeconds, card: Card(listed.title) };
  },
});
