import { arg, graph, view } from "@facet/sdk";
import { Spot } from "./spot";

/** What was said, "play jaws", as films that may have been meant: the first is the one to play, the second what to ask about. */
export const play = view({
  budget: { bytes: 600 },
  args: { text: arg.string({ maxLength: 100 }) },
  build: ({ text }) => ({ films: graph.search({ text }).take(2).map(Spot) }),
});

/** The two films that were started last. */
export const resume = view({
  budget: { bytes: 600 },
  build: (_args, { viewer }) => ({
    films: graph.profile({ id: viewer.profile.id }).continueWatching.take(2).map(Spot),
  }),
});
