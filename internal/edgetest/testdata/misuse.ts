import { arg, cell, computed, format, graph, match, mutation, object, oneOf, shape, view, when } from "@facet/sdk";

// The compiler flags each line that ends in "// flagged", and recording refuses it there; those "by types" it refuses elsewhere
// in the statement, or only a request would show. The others are right.
const jaws = graph.title({ id: "jaws-1975" });

export const inIf = view({
  build: (_args, { viewer }) => {
    if (viewer.signedIn) return { name: "you" }; // flagged
    return { name: "nobody" };
  },
});
export const inElvis = view({ build: (_args, { viewer }) => ({ n: viewer.signedIn ? 1 : 2 }) }); // flagged
export const inAnd = view({ build: () => ({ n: jaws.director && "known" }) }); // flagged
export const inIfWithEntity = view({
  build: () => {
    if (jaws) return { n: 1 }; // flagged
    if (jaws.similar) return { n: 2 }; // flagged by types
    return { n: 3 };
  },
});
export const inEquals = view({ build: (_args, { device }) => ({ wide: device.form === "tv" }) }); // flagged
export const inUnequals = view({ build: (_args, { device }) => ({ wide: device.form !== "phone" }) }); // flagged
export const inLooseEquals = view({ build: (_args, { locale }) => ({ us: locale == "en-US" }) }); // flagged
export const inSwitch = view({
  build: (_args, { device }) => {
    switch (device.form) {
      case "tv": // flagged by types
        return { width: 342 };
      default:
        return { width: 160 };
    }
  },
});
export const inGreater = view({ build: () => ({ long: jaws.runtimeMinutes > 120 }) }); // flagged
export const inLess = view({ args: { n: arg.int() }, build: ({ n }) => ({ few: n < 3 }) }); // flagged
export const inSum = view({ args: { n: arg.int() }, build: ({ n }) => ({ next: n * 2 }) }); // flagged
export const cellEquals = view({ build: () => ({ b: cell("big-art") === "b" }) }); // flagged

export const unknownField = view({ build: () => ({ t: jaws.titel }) }); // flagged
export const unknownLikeFunctions = view({ build: () => ({ n: jaws.name }) }); // flagged
export const unknownOfValue = view({ build: () => ({ n: jaws.title.length }) }); // flagged
export const unknownOfUnion = view({ build: (_a, { viewer }) => ({ r: viewer.profile.rows.map((r) => ({ i: r.items.map((x) => x.name) })) }) }); // flagged
export const unknownType = shape("Movie", graph.Movie, () => ({})); // flagged
export const unknownRoot = view({ build: () => ({ t: graph.film({ id: "jaws-1975" }) }) }); // flagged
export const unknownInObject = view({ build: () => ({ u: jaws.artwork({ width: 3 }).uri }) }); // flagged
export const unknownArgument = view({ build: () => ({ u: jaws.artwork({ widht: 3 }).url }) }); // flagged
export const unknownContext = view({ build: (_args, { device }) => ({ m: device.model }) }); // flagged
export const unknownImport = view({ build: () => ({ x: format.money(3) }) }); // flagged
export const missingArgument = view({ build: () => ({ t: graph.title().title }) }); // flagged
export const missingArguments = view({ build: () => ({ u: jaws.artwork.url }) }); // flagged
export const emptyArguments = view({ build: () => ({ u: jaws.artwork({}).url }) }); // flagged
export const wrongArgument = view({ build: () => ({ u: jaws.artwork({ width: "wide" }).url }) }); // flagged
export const wrongId = view({ build: () => ({ t: graph.title({ id: 3 }).title }) }); // flagged by types
export const wrongEnum = view({ build: () => ({ f: graph.titles({ filter: { sort: "TITLE" } }).take(1).map((t) => t.title) }) }); // flagged
export const wrongArm = view({ build: () => ({ n: cell("big-art").pick({ default: 1 }).titel }) }); // flagged

const Card = shape("Card", graph.Title, (t) => ({ title: t.title }));
export const wrongEntity = view({ build: () => ({ c: Card(graph.series({ id: "jaws-1975" })) }) }); // flagged
export const rowsAreNoTitles = view({ build: (_args, { viewer }) => ({ r: viewer.profile.rows.map(Card) }) }); // flagged
export const bareEntity = view({ build: () => ({ t: jaws }) }); // flagged by types
export const bareArray = view({ build: () => ({ a: [1, 2] }) }); // flagged
export const arrayMethods = view({ build: () => ({ s: jaws.similar.filter(() => true) }) }); // flagged
export const arrayLength = view({ build: () => ({ s: jaws.similar.length }) }); // flagged
export const memberMissing = view({
  build: (_args, { viewer }) => ({
    rows: viewer.profile.rows.take(1).map((r) => ({ items: r.items.take(1).map((x) => match("Item", x, { Title: Card })) })), // flagged
  }),
});
export const nullInComputed = shape("Long", graph.Title, (t) => ({
  left: computed.int({ runtime: t.runtimeMinutes }, ({ runtime }) => runtime - 1), // flagged by types
  text: computed.int({ runtime: t.runtimeMinutes }, ({ runtime }) => `${runtime}`), // flagged by types
}));
const State = object("State", { at: "Int", is: oneOf("Is", ["NEW", "OLD"]) });
export const wrongState = shape("Stated", graph.Title, (t) => ({
  state: computed.object(State, { y: t.year }, ({ y }) => ({ at: y, is: "AGED" })), // flagged by types
}));
export const unknownEffect = mutation({ args: { id: arg.id() }, run: ({ id }) => Card(graph.setBokmark({ title: id }).title) }); // flagged
export const lessEffect = mutation({ args: { id: arg.id() }, run: ({ id }) => Card(graph.setBookmark({ title: id }).title) }); // flagged
export const wrongKeys = view({ args: { id: arg.id() }, keys: ["title"], build: ({ id }) => Card(graph.title({ id })) }); // flagged

// What is right beside them.
export const name = view({ build: (_args, { viewer }) => ({ name: viewer.profile.name, rows: viewer.profile.rows.map((r) => r.name) }) });
export const right = view({
  args: { n: arg.int().optional() },
  build: ({ n }, { device }) => ({
    n,
    wide: when(device.form.is("tv"), 1, 2),
    art: jaws.artwork({ width: device.form.pick({ tv: 342, default: 160 }) }).url,
    films: graph.titles({ filter: { genre: "Drama", sort: "YEAR" } }).take(3).map((t) => ({ title: t.title, more: t.similar.map(Card) })),
  }),
});
