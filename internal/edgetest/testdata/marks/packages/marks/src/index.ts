import { arg, graph, mutation, shape, view } from "@facet/sdk";

/** An episode as one profile knows it. */
export const Mark = shape("Mark", graph.Episode, { args: { profile: arg.id() } }, (e, { args }) => ({
  title: e.title,
  seconds: e.seconds({ profile: args.profile }),
}));

/** An episode as everybody knows it. */
export const Plain = shape("Plain", graph.Episode, (e) => ({ title: e.title }));

/** A show, side by side as two profiles know it. */
export const both = view({
  args: { id: arg.id(), left: arg.id(), right: arg.id() },
  build: ({ id, left, right }) => {
    const s = graph.show({ id });
    return {
      title: s.title,
      left: s.episodes.page({ first: 3 }).map((e) => Mark(e, { profile: left })),
      right: s.episodes.page({ first: 3 }).map((e) => Mark(e, { profile: right })),
      plain: s.episodes.page({ first: 3 }).map(Plain),
    };
  },
});

/** One episode as one profile knows it. */
export const one = view({
  args: { series: arg.id(), number: arg.int(), profile: arg.id() },
  build: ({ series, number, profile }) => Mark(graph.episode({ series, number }), { profile }),
});

export const setMark = mutation({
  args: { profile: arg.id(), series: arg.id(), number: arg.int(), seconds: arg.int({ min: 0 }) },
  run: ({ profile, series, number, seconds }) => Mark(graph.mark({ profile, series, number, seconds }).episode, { profile }),
});
