// Declarations: arguments, views, mutations, objects, computed functions, formats.
const ARG = Symbol("argument"), VIEW = Symbol("view"), DECLARED = Symbol("declared"), WARMUP = Symbol("warm-up");

function argument(data) {
  const self = {
    [ARG]: data,
    optional: () => argument({ ...data, type: loose(data.type), default: undefined }),
    default: (v) => {
      if (v === undefined || v === null) fail("F116", `a default cannot be ${show(v)}`, "Write .optional()");
      if (data.type.Elem) { if (!isArray(v)) fail("F116", `the default is ${show(v)}, not a list`, "Write [ … ]"); checkPlain(v, "the default", 0); }
      else if (!(typeOf(data.type.Name) && typeOf(data.type.Name).Kind === "input")) {
        constant(v, data.type, "the default");
        if (data.min !== undefined && v < data.min || data.max !== undefined && v > data.max) fail("F116", `the default ${show(v)} is out of bounds`, "Give one between min and max");
      }
      return argument({ ...data, type: strict(data.type), default: json(keyed(v, data.type), "the default") });
    },
  };
  return offered("an argument", self);
}
function bounds(o, whole) {
  const { min, max } = options(o, "arg", ["min", "max"]);
  for (const n of [min, max]) if (n !== undefined && (typeof n !== "number" || !finite(n) || whole && !isInteger(n))) fail("F116", `the bound ${show(n)} is no number`, "Write { min: 0, max: 100 }");
  if (min !== undefined && max !== undefined && min > max) fail("F116", `min is ${min}, more than max, which is ${max}`, "Turn them round");
  return { min, max };
}
const arg = offered("arg", {
  id: () => argument({ type: named("ID", true) }),
  int: (o) => argument({ type: named("Int", true), ...bounds(o, true) }),
  float: (o) => argument({ type: named("Float", true), ...bounds(o) }),
  string: (o) => {
    const { maxLength } = options(o, "arg.string()", ["maxLength"]);
    if (maxLength !== undefined && (!isInteger(maxLength) || maxLength < 1)) fail("F116", `maxLength is ${show(maxLength)}`, "Write a whole number");
    return argument({ type: named("String", true), maxLength });
  },
  boolean: () => argument({ type: named("Boolean", true) }),
  oneOf: (of) => argument({ type: named(enumOf(of, "arg.oneOf()").name, true) }),
  enum: (name) => graphType(name, "enum", "arg.enum()"),
  input: (name) => graphType(name, "input", "arg.input()"),
  list: (of) => {
    if (!of || !of[ARG]) fail("F116", `arg.list() wants an argument, not ${show(of)}`, "Write arg.list(arg.id())");
    return argument({ type: listOf(of[ARG].type, true) });
  },
});
function graphType(name, kind, what) {
  const t = typeof name === "string" ? typeOf(name) : undefined;
  if (!t || t.Kind !== kind) fail("F116", `the graph has no ${kind} ${show(name)}`, meant(name, host.names(kind).split(",")) || `${what} names one of the graph`);
  return argument({ type: named(name, true) });
}

function arguments_(args, what) {
  if (args === undefined) return [];
  if (!isPlain(args)) fail("F116", `args of ${what} is ${show(args)}`, "Write args: { id: arg.id() }");
  return keys(args).map((name) => {
    if (!args[name] || !args[name][ARG]) fail("F116", `argument ${quote(name)} of ${what} is ${show(args[name])}`, "Write arg.id(), arg.int(), …");
    if (!fieldName.test(name) || name.startsWith("__")) fail("F138", `${quote(name)} cannot be an argument's name`, "Use letters, digits and _");
    return { name, ...args[name][ARG] };
  });
}
function argumentValues(list, what) {
  const got = {};
  for (const x of list) got[x.name] = typed({ __proto__: null, type: x.type, path: x.name, make: () => push(value("arg", x.type, { __proto__: null, name: x.name })) });
  return new Proxy(freeze(got), { __proto__: null, get: (o, k) => (typeof k === "symbol" || k in o ? o[k] : fail("F117", `${what} has no argument ${quote(k)}`, meant(k, keys(o)) || "Declare it: args: { … }")) });
}

function declared(def, what, run, known) {
  const o = options(def, `${what}()`, known);
  if (typeof o[run] !== "function" || isSym(o[run])) fail("F171", `a ${what} needs ${run}`, `Write ${what}({ ${run}: (args, context) => … })`);
  const args = arguments_(o.args, `a ${what}`);
  const d = { what, def: o, args, at: host.at(), exported: false };
  declarations.push(d);
  return freeze({
    [VIEW]: d,
    with: (given) => {
      const list = given === undefined ? {} : given;
      if (!isPlain(list)) fail("F173", `.with() takes arguments as an object, not ${show(given)}`, "Write .with({ … })");
      for (const k of keys(list)) if (!args.some((x) => x.name === k)) fail("F173", `there is no argument ${quote(k)}`, meant(k, args.map((x) => x.name)));
      for (const x of args) {
        if (list[x.name] === undefined) { if (x.type.NonNull && x.default === undefined) fail("F173", `.with() needs the argument ${quote(x.name)}`, `Write .with({ ${x.name}: … })`); continue; }
        if (list[x.name] !== null && !x.type.Elem) constant(list[x.name], x.type, `.with(${x.name})`);
      }
      checkPlain(list, ".with()", 0);
      return freeze({ [WARMUP]: { of: d, args: stringify(list), at: host.at() } });
    },
  });
}
const declarations = [];

// What a mutation may change: it does so one after another.
const mostEffects = 200;
const view = (def) => declared(def, "view", "build", ["args", "keys", "cache", "budget", "build"]);
const mutation = (def) => declared(def, "mutation", "run", ["args", "run", "sets", "on", "as"]);

function recordView(name, d) {
  const o = d.def;
  scope = newScope(`view ${name}`, "view");
  declaring = d.at;
  running = o.build;
  const v = { name, args: d.args, at: d.at };
  if (o.cache !== undefined) {
    const c = options(o.cache, "cache", ["maxAge", "scope"]);
    if (c.scope !== undefined && c.scope !== "viewer" && c.scope !== "public") fail("F174", `a cache's scope is not ${show(c.scope)}`, 'Write "viewer" or "public"');
    v.cache = { maxAge: duration(c.maxAge, "maxAge"), scope: c.scope };
  }
  if (o.budget !== undefined) {
    const { bytes } = options(o.budget, "budget", ["bytes"]);
    if (typeof bytes !== "number" || !(bytes >= 64 && bytes <= 1 << 30) || bytes % 1 !== 0) fail("F177", `a view's budget is not ${show(bytes)} bytes`, "Write a whole number of bytes from 64 on: { bytes: 600 }");
    v.budget = { bytes };
  }
  v.keys = d.args.filter((x) => x.type.NonNull && x.default === undefined).map((x) => x.name);
  if (o.keys !== undefined) {
    if (!isArray(o.keys)) fail("F175", `keys is ${show(o.keys)}`, 'Write keys: ["id"]');
    for (const k of o.keys) if (!d.args.some((x) => x.name === k)) fail("F175", `key ${show(k)} is no argument`, meant(k, d.args.map((x) => x.name)));
    v.keys = [...o.keys];
  }
  v.output = result(o.build(argumentValues(d.args, `view ${name}`), strictContext(context())), "", 0);
  v.values = scope.values;
  return v;
}

function recordMutation(name, d) {
  const o = d.def;
  scope = newScope(`mutation ${name}`, "mutation");
  declaring = d.at;
  running = o.run;
  const m = { name, args: d.args, at: d.at };
  const metrics = freeze({ count });
  const got = o.run(argumentValues(d.args, `mutation ${name}`), strictContext({ ...context(), metrics }));
  if (got !== undefined) m.output = result(got, "", 0);
  if (scope.effects.length === 0) fail("F181", `mutation ${name} changes nothing`, "Call a mutation of the graph: graph.aMutation({ … })");
  if (o.sets !== undefined) m.sets = setsOf(o.sets, d);
  if (o.on !== undefined || o.as !== undefined) {
    const s = typeof o.on === "function" ? o.on[SHAPE] : undefined;
    if (!s) fail("F183", `on is ${show(o.on)}`, "Write on: AShape");
    if (typeof o.as !== "string" || !/^[_A-Za-z][\w]*(\.[_A-Za-z]\w*)*$/.test(o.as)) fail("F183", `as is ${show(o.as)}`, 'Write the path below the shape: as: "myList.push"');
    wanted(s);
    m.on = s.name;
    m.as = o.as.split(".");
  }
  return { ...m, values: scope.values, effects: scope.effects, metrics: scope.metrics };
}

function setsOf(o, d) {
  const { field, key, value: v } = options(o, "sets", ["field", "key", "value"]);
  const at = /^(\w+)\.(\w+)$/.exec(typeof field === "string" ? field : "");
  if (!at) fail("F184", `sets.field is ${show(field)}`, 'Write "Card.position"');
  const s = shapes.get(at[1]);
  if (!s) fail("F184", `there is no shape ${quote(at[1])}`, meant(at[1], [...shapes.keys()]));
  for (const [name, k] of [["key", key], ["value", v]]) if (!d.args.some((x) => x.name === k)) fail("F184", `sets.${name} is ${show(k)}, which is no argument`, meant(k, d.args.map((x) => x.name)));
  const more = d.args.find((x) => x.name !== key && x.name !== v && x.type.NonNull && x.default === undefined);
  if (more) fail("F184", `sets gives ${key} and ${v}, and the mutation needs ${quote(more.name)} too`, `Write .optional() or .default(…) for ${more.name}`);
  wanted(s);
  return { shape: at[1], field: at[2], key, value: v };
}

function count(name, labels) {
  if (typeof name !== "string" || !fieldName.test(name)) fail("F182", `${show(name)} cannot be a counter's name`, 'Write metrics.count("bookmark_set")');
  if (labels !== undefined && !isPlain(labels)) fail("F182", `labels are ${show(labels)}`, "Write { form: device.form }");
  boundedLabels(name, labels || {});
  const by = keys(labels || {}).map((k) => {
    const m = metaOf(labels[k]);
    if (m && m.kind !== "leaf" || !m && typeof labels[k] !== "string") fail("F182", `label ${quote(k)} is ${show(labels[k])}`, "Give a value of the request, or a text");
    return { name: k, value: m ? idOf(m) : literal(labels[k]) };
  });
  scope.metrics.push({ name, by: by.length ? by : undefined });
}

function effect(name, fd, args) {
  const id = push(value("effect", fd.Type, { __proto__: null, name, args }));
  scope.effects.push(id);
  if (scope.effects.length > mostEffects) fail("F214", `${scope.what} changes more than ${mostEffects} things`, "Change them by one mutation of the graph that takes a list");
  return typed({ __proto__: null, type: fd.Type, path: name, id });
}
