import { arg, graph, mutation } from "@facet/sdk";
import { FilmPage } from "./tile";

/** Remembers how far the profile got. */
export const setBookmark = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  sets: { field: "FilmPage.position", key: "title", value: "positionSeconds" },
  run: ({ title, positionSeconds }, { viewer, device, metrics }) => {
    const saved = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    metrics.count("bookmark_set", { form: device.form });
    return FilmPage(saved.title);
  },
});

/** Forgets how far the profile got. */
export const clearBookmark = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => FilmPage(graph.clearBookmark({ profile: viewer.profile.id, title }).title),
});

/** Puts a film on the profile's list and says how long the list is now. */
export const addToMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.addToMyList({ profile: viewer.profile.id, title });
    return { film: FilmPage(changed.title), total: changed.total };
  },
});

/** Takes a film off the profile's list and says how long the list is now. */
export const removeFromMyList = mutation({
  args: { title: arg.id() },
  run: ({ title }, { viewer }) => {
    const changed = graph.removeFromMyList({ profile: viewer.profile.id, title });
    return { film: FilmPage(changed.title), total: changed.total };
  },
});

/** Puts a film aside for later: on the list, with where it stopped. If one of the two fails, the other has happened. */
export const putAside = mutation({
  args: { title: arg.id(), positionSeconds: arg.int({ min: 0 }) },
  run: ({ title, positionSeconds }, { viewer }) => {
    const listed = graph.addToMyList({ profile: viewer.profile.id, title });
    const marked = graph.setBookmark({ profile: viewer.profile.id, title, positionSeconds });
    return { listed: listed.total, position: marked.positionSeconds, film: FilmPage(listed.title) };
  },
});
