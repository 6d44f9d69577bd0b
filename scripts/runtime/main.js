// The SDK's exports, and the recording of a package's own.
function root(kind, name, make) {
  return { kind, type: named(name), path: "graph", scope, make };
}

const graph = new Proxy(target, {
  __proto__: null,
  get(_, k) {
    if (typeof k === "symbol") return undefined;
    const t = typeOf(k);
    if (t && t.composite && k !== "Query" && k !== "Mutation") {
      return sym({ kind: "tag", kindOf: t.Kind, type: named(k), path: `graph.${k}` });
    }
    const q = (typeOf("Query") || {}).Fields || {};
    if (q[k]) return field(root("root", "Query", () => push(value("query", named("Query", true)))), k, q[k]);
    const m = (typeOf("Mutation") || {}).Fields || {};
    if (m[k]) {
      if (scope.kind !== "mutation") fail("F180", `graph.${k} changes something: it cannot be used in ${scope.what}`, "Declare a mutation: mutation({ run: … })");
      return field(root("mutations", "Mutation", () => none), k, m[k]);
    }
    const names = keys(q).concat(scope.kind === "mutation" ? keys(m) : [], host.names("object").split(","));
    fail("F111", `the graph has no ${quote(k)}`, meant(k, names));
  },
  set: (_, k) => fail("F105", `graph.${String(k)} cannot be assigned`, "The graph is the platform's: ask for a field"),
  ownKeys: () => fail("F103", "the graph cannot be spread or listed", "Name its fields"),
  apply: () => fail("F112", "the graph is not called", "Write graph.aField({ … })"),
});

/** A context that refuses what it does not have; what is the view, shape or mutation whose it is. */
const strictContext = (o) => new Proxy(freeze(o), {
  __proto__: null,
  get: (t, k) => (typeof k === "symbol" || k in t ? t[k] : fail("F119", `the context of ${scope.what} has no ${quote(k)}`, meant(k, keys(t)))),
});
const contextValue = (path, type) => sym({ kind: "leaf", type, path, make: () => push(value("context", type, { __proto__: null, name: path })) });

function context() {
  const profile = () => {
    const t = typeOf("Profile");
    const key = t && t.Key && t.Key.length === 1 ? t.Key[0] : "id";
    return sym({
      kind: "node", type: named("Profile"), path: "viewer.profile",
      own: { [key]: () => contextValue("viewer.profile.id", named("ID")) },
      make: () => entityOf("Profile", "viewer.profile.id", "viewer.profile"),
    });
  };
  const viewer = sym({
    kind: "node", type: named("Viewer"), path: "viewer",
    own: { id: () => contextValue("viewer.id", named("ID")), signedIn: () => contextValue("viewer.signedIn", named("Boolean", true)), profile },
    make: () => entityOf("Viewer", "viewer.id", "viewer"),
  });
  const device = sym({
    kind: "node", type: named("Device"), path: "device",
    own: {
      type: () => contextValue("device.type", named("String", true)), form: () => contextValue("device.form", named("String", true)),
      appVersion: () => contextValue("device.appVersion", named("String")), bandwidth: () => contextValue("device.bandwidth", named("String")),
    },
    make: () => fail("F130", "the device is no entity", "Read device.type, device.form, device.bandwidth or device.appVersion"),
  });
  return { viewer, device, locale: contextValue("locale", named("String", true)), region: contextValue("region", named("String")),
    now: contextValue("now", named("Float", true)), random: contextValue("random", named("Float", true)) };
}

function entityOf(type, path, what) {
  const t = typeOf(type);
  if (!t || !t.Key) fail("F111", `the graph has no entity ${type}: of ${what} only what the request carries is known`, "Ask the platform team for it");
  return push(value("viewer", named(type), { __proto__: null, name: type, path }));
}

function cell(name) {
  if (typeof name !== "string" || name === "") fail("F158", `cell() wants an experiment's name, not ${show(name)}`, 'Write cell("denser-rows")');
  cells.add(name);
  return sym({ kind: "leaf", type: named("String"), path: `cell(${quote(name)})`, make: () => push(value("context", named("String"), { __proto__: null, name: `cell:${name}` })) });
}

const sdk = freeze({ arg, and, cached, cell, computed, counter, format, graph, handler, histogram, match, mutation, not, object, oneOf, or, shape, view, when });

scope = newScope("the module", "module");
const outer = scope;
const done = { views: [], mutations: [], shapes: [], warmups: [] };

/** What the entry exports under a name, as the Go side goes through them. */
function kindOfExport(v) {
  if (v !== null && (typeof v === "object" || typeof v === "function") && !isSym(v)) {
    if (v[VIEW]) return v[VIEW].what;
    if (v[SHAPE]) return "shape";
  }
  return "";
}
/** Where an export was declared. */
const declaredAt = (v) => (v[VIEW] || v[SHAPE]).at;
const exported = (m) => keys(m).map((k) => ({ name: k, v: m[k] }));

const restore = () => { scope = outer; looking = declaring = -1; misuse = undefined; };

/** Records one export. The Go side calls it in a try of its own, so that one mistake hides no other. */
function recordExport(name, v) {
  try {
    const d = v[VIEW];
    if (d) {
      d.exported = true;
      declaring = d.at;
      if (name === "default" || !fieldName.test(name)) fail("F172", `a ${d.what} cannot be exported as ${quote(name)}`, `Write export const home = ${d.what}({ … })`);
      if (d.name !== undefined) fail("F172", `one ${d.what} is exported as ${d.name} and as ${name}`, "Export it once");
      d.name = name;
      if (d.what === "view") done.views.push(recordView(name, d));
      else if (d.what === "handler") done.mutations.push(recordHandler(name, d));
      else done.mutations.push(recordMutation(name, d));
      owned();
    } else wanted(v[SHAPE]);
    return true;
  } finally { restore(); }
}
/** Where something failed, shapes that nothing reached are looked at too, so that their mistakes are told at once. */
const wantAll = () => { for (const s of shapes.values()) wanted(s); };
const nextShape = () => (waiting.length ? waiting.shift() : undefined);
function recordNext(s) {
  try { done.shapes.push(recordShape(s)); owned(); return true; } finally { restore(); }
}
function recordWarmups(list) {
  if (!isArray(list)) fail("F173", `warmup is ${show(list)}`, "Write export const warmup = [home.with({})]");
  for (const w of list) {
    const d = w && w[WARMUP];
    if (!d) fail("F173", `warmup holds ${show(w)}`, "Write [home.with({})]");
    if (d.of.what !== "view") fail("F173", `a warm-up asks for a view; this is a ${d.of.what}`, "Leave it out");
    if (d.of.name === undefined) fail("F170", "a warm-up names a view that is not exported", "Export the view");
    done.warmups.push({ view: d.of.name, args: d.args });
  }
}
const orphans = () => declarations.filter((d) => !d.exported && !d.used).map((d) => ({ what: d.what, at: d.at }));
const finish = () => host.written({
  ...done, handlers, declared: metricsDeclared, objects: objectsUsed, enums: enumsUsed, funcs, cells: [...cells].sort(), orphans: orphans(),
});
trapRealm(globalThis);
hide(globalThis, "__sdk", sdk);
return { kindOfExport, declaredAt, exported, recordExport, wantAll, nextShape, recordNext, recordWarmups, finish, names: () => keys(sdk).join() };
