// What everything here stands on: mistakes, scopes of recorded values, and types.
// The files of this folder are one function body: host is the Go side.
const META = Symbol("facet");
const { stringify } = host;
const { isArray } = Array;
const { Proxy } = globalThis; // the code that is recorded has none
const { keys, freeze, getPrototypeOf, prototype: plain } = Object;
const { isInteger, isFinite: finite } = Number;

// Where a mistake is that is found while no package code runs: the value that is looked at, else the declaration.
let looking = -1, declaring = -1, running;

/** A mistake of the author's: code, what is wrong, what to write instead. */
class Mistake extends Error {
  constructor(code, text, fix, note) {
    super(text);
    this.code = code;
    this.fix = fix || "";
    const here = host.at();
    this.at = looking >= 0 ? looking : here >= 0 ? here : declaring;
    if (note) { this.noteAt = note.at; this.noteText = note.text; }
  }
}
const fail = (code, text, fix, note) => {
  const m = new Mistake(code, text, fix, note);
  if (scope.kind !== "module" && /^F1[0-2]/.test(code)) misuse = m;
  throw m;
};
// The last misuse of a symbolic value in the piece that is recorded: a catch of the author's own must not hide it.
let misuse;
function owned() {
  const m = misuse;
  misuse = undefined;
  if (m) throw m;
}

/** An object of the SDK's, which refuses what it does not have. */
const offered = (what, o) => new Proxy(freeze(o), {
  __proto__: null,
  get: (t, k) => (typeof k === "symbol" || Object.hasOwn(t, k) ? t[k] : fail("F119", `${what} has no ${quote(k)}`, meant(k, keys(t)))),
});

const metaOf = (v) => (v !== null && (typeof v === "object" || typeof v === "function") ? v[META] : undefined);
const isSym = (v) => metaOf(v) !== undefined;

const among = (list, v) => { for (let i = 0; i < list.length; i++) if (list[i] === v) return true; return false; };

const quote = (v) => stringify(v);
const show = (v) => (isSym(v) ? v[META].path : typeof v === "function" ? "a function" : v === undefined ? "undefined" : quote(v));

/** The name that was probably meant, as a fix. */
const meant = (name, known) => host.near(String(name), known.join(","));
/** The method that was probably meant, as a fix; "" if none is near. */
function nearly(name, known) {
  const fix = host.near(String(name), known.join(","));
  return fix.startsWith("Did you") ? fix.replace("mean ", "mean .") : "";
}

// Types come from the graph one by one: { Kind, composite, Fields, Members, Values, Key, Loadable }.
const alone = (o) => (o === undefined ? o : Object.assign(Object.create(null), o));
const types = alone({});
function typeOf(name) {
  if (!(name in types)) types[name] = host.type(name);
  return types[name];
}
/** The names of a field's arguments. */
const argsOf = (fd) => fd.names;
const named = (Name, NonNull = false) => ({ Name, NonNull });
const listOf = (Elem, NonNull = false) => ({ Name: "", Elem, NonNull });
const loose = (t) => (t.NonNull ? { ...t, NonNull: false } : t);
const strict = (t) => (t.NonNull ? t : { ...t, NonNull: true });
const baseName = (t) => { while (t.Elem) t = t.Elem; return t.Name; };
const typeText = (t) => (t.Elem ? `[${typeText(t.Elem)}]` : t.Name) + (t.NonNull ? "!" : "");
const composite = (name) => { const t = typeOf(name); return t !== undefined && t.composite; };
const a = (name) => (/^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`);

// A scope is the table of one view, shape or mutation. Equal values are one entry.
let scope;
const newScope = (what, kind) => ({ what, kind, values: [], depths: [], table: host.table(), moved: new Map(), effects: [], metrics: [] });
const none = -1;

/** The id of a value that was just made. */
function push(v, into = scope) {
  const { values } = into;
  if (v.op === "effect") v.pos = host.at();
  const id = v.op === "effect" ? values.length : host.enter(into.table, v, values.length);
  if (id === values.length) {
    const depth = depthOf(v, into);
    if (depth > maxDepth) fail("F162", `a value of ${into.what} stands on ${depth} others, one upon another; ${maxDepth} are allowed`, "Look for a loop that puts a value into the next one; give when and match more arms instead");
    values.push(v);
    into.depths.push(depth);
  }
  return id;
}

const maxDepth = 500;

/** How many values stand below a value, one upon another. */
function depthOf(v, { depths }) {
  let most = 0;
  const below = (i) => { if (i >= 0 && depths[i] >= most) most = depths[i] + 1; };
  below(v.of);
  below(v.first);
  below(v.else);
  if (v.args) for (let i = 0; i < v.args.length; i++) below(v.args[i].value);
  if (v.list) for (let i = 0; i < v.list.length; i++) below(v.list[i]);
  if (v.cases) for (let i = 0; i < v.cases.length; i++) below(v.cases[i].value);
  return most;
}

const homeless = new Set(["arg", "entity", "item", "effect"]);

/** Brings a value that depends on nothing but the request and the graph from another scope into this one. */
function move(id, from, path) {
  let seen = from.moved.get(scope);
  if (!seen) from.moved.set(scope, (seen = new Map()));
  if (seen.has(id)) return seen.get(id);
  const v = from.values[id];
  if (homeless.has(v.op)) {
    fail("F144", `${path} belongs to ${from.what} and cannot be used in ${scope.what}`,
      scope.kind === "shape" ? "A shape sees its entity, its own arguments and the request: declare an argument, shape(name, type, { args: … }, fn)"
        : "Build the value where it is used");
  }
  const go = (i) => (i === undefined || i < 0 ? i : move(i, from, path));
  const copy = { __proto__: null, ...v, of: go(v.of), first: go(v.first), else: go(v.else) };
  delete copy.pos;
  if (v.args) copy.args = v.args.map((x) => ({ name: x.name, value: go(x.value) }));
  if (v.list) copy.list = v.list.map(go);
  if (v.cases) copy.cases = v.cases.map((x) => ({ ...x, value: go(x.value) }));
  const moved = push(copy);
  seen.set(id, moved);
  return moved;
}

/** The id of a symbolic value in the present scope. */
function idOf(m) {
  if (m.id === undefined) {
    const here = scope;
    scope = m.scope;
    try { m.id = m.make(); } finally { scope = here; }
  }
  return m.scope === scope ? m.id : move(m.id, m.scope, m.path);
}

/** A value of the parts that it has, an object without a prototype: package code can change the others'. */
function value(op, type, parts = { __proto__: null }) {
  parts.op = op;
  parts.type = type;
  if (parts.of === undefined) parts.of = none;
  if (parts.else === undefined) parts.else = none;
  if (parts.first === undefined) parts.first = none;
  return parts;
}

/** "30ms" in nanoseconds. */
function duration(text, what) {
  const got = typeof text === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) : null;
  if (!got || !(got[1] > 0)) fail("F128", `${show(text)} is no duration for ${what}`, 'Write a number with its unit: "30ms", "1s", "5m"');
  return Math.round(got[1] * { ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }[got[2]]);
}

/** Options that an author gives: an object of known names. */
function options(o, what, known) {
  if (o === undefined) return {};
  if (o === null || typeof o !== "object" || isSym(o) || isArray(o)) fail("F118", `${what} takes options, not ${show(o)}`, `Write { ${known[0]}: … }`);
  const names = keys(o);
  for (let i = 0; i < names.length; i++) {
    const k = names[i];
    if (!among(known, k)) fail("F118", `${what} has no option ${quote(k)}`, meant(k, known));
  }
  return o;
}
