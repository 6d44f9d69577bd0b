// Symbolic values: a Proxy for each, which refuses whatever would need the value itself.
const unknown = "is not known until a request comes";
const target = () => {};
delete target.name;
delete target.length;
freeze(target);
const refusals = {
  text: (m) => fail("F101", `${m.path} ${unknown}: it cannot become text or a number here`, "Put the logic in computed.string({ … }, fn), or use format.*"),
  assign: (m, k) => fail("F105", `${m.path}.${String(k)} cannot be assigned`, "Make a new object for the result"),
};
const listMethods = new Set(["filter", "slice", "forEach", "sort", "reduce", "find", "findIndex", "some", "every", "includes", "indexOf", "at",
  "concat", "flat", "flatMap", "reverse", "join", "push", "entries", "values", "keys", "toSorted"]);
const leafMethods = new Set(["toUpperCase", "toLowerCase", "trim", "slice", "substring", "split", "replace", "replaceAll", "includes", "startsWith",
  "endsWith", "padStart", "padEnd", "concat", "charAt", "indexOf", "match", "repeat", "toFixed", "toPrecision", "length"]);


/** The traps of one symbolic value; m says what it is. What is left out falls to the target, which is frozen. */
class Traps {
  constructor(m) { this.m = m; }
  get(_, k) { return k === META ? this.m : read(this.m, k); }
  apply(_, self, args) { return call(this.m, args); }
  ownKeys() { fail("F103", `${this.m.path} cannot be spread or listed`, this.m.kind === "node" ? 'Name the fields, or use .pick("a", "b")' : "Use it whole, or put the logic in computed"); }
  has() { fail("F104", `"in" cannot be asked of ${this.m.path}`, "A graph value always has the fields of its type: read one"); }
  getOwnPropertyDescriptor() { fail("F104", `${this.m.path} cannot be asked what it has`, "A graph value always has the fields of its type: read one"); }
  set(_, k) { refusals.assign(this.m, k); }
  defineProperty(_, k) { refusals.assign(this.m, k); }
  deleteProperty(_, k) { refusals.assign(this.m, k); }
  getPrototypeOf() { fail("F107", `${this.m.path} ${unknown}: it cannot be told by instanceof`, "Put the logic in computed"); }
}

// What a package puts on Object.prototype is no trap.
Object.setPrototypeOf(Traps.prototype, null);

/** Makes a symbolic value. m: { kind, type, path, id or make, … }. */
function sym(m) {
  m.scope = m.scope || scope;
  m.at = host.at();
  return new Proxy(target, new Traps(m));
}

const kindOf = (t) => (t.Elem ? "list" : composite(t.Name) ? (typeOf(t.Name).Kind === "object" ? "node" : "abstract") : "leaf");
/** Makes a symbolic value of what is known of it but for its kind, an object without a prototype. */
function typed(m) {
  m.kind = kindOf(m.type);
  return sym(m);
}

function read(m, k) {
  if (k === Symbol.toPrimitive) return () => refusals.text(m);
  if (k === Symbol.iterator) return () => fail("F102", `${m.path} cannot be iterated or spread`, m.kind === "list" ? "Use .map(), .take() or .page()" : "Read its fields by name");
  if (typeof k === "symbol") return undefined;
  if (m.own && Object.hasOwn(m.own, k)) return m.own[k]();
  const op = methods[m.kind] && methods[m.kind][k];
  if (op) return (...args) => op(m, ...args);
  if (m.kind === "node" || m.kind === "abstract") return fieldNamed(m, k);
  if (k === "toString" || k === "valueOf" || k === "toJSON" || k === "toLocaleString") return () => refusals.text(m);
  if (m.kind === "list") {
    if (k === "length") fail("F120", `the length of ${m.path} ${unknown}`, "Clients read it from a list's page; put other logic in computed");
    if (/^\d+$/.test(k)) fail("F121", `item ${k} of ${m.path} ${unknown}`, "Use .take(1).map(…)");
    if (listMethods.has(k)) fail("F121", `${m.path} is a list of the graph: it has no .${k}() while recording`, "Use .map(), .take(n) or .page({ first }); to choose items, ask the graph for them");
    fail("F121", `${m.path} is a list: it has no ${quote(k)}`, nearly(k, keys(methods.list)) || `Use .map((x) => x.${k})`);
  }
  if (m.kind === "tag") fail("F110", `${m.path} is a type: it has no ${quote(k)}`, `Get ${a(m.type.Name)} from a field of the graph`);
  if (m.kind === "leaf") {
    if (leafMethods.has(k)) fail("F101", `${m.path} ${unknown}: .${k} cannot be used here`, `Put the logic in computed.string({ value: ${m.path} }, ({ value }) => …)`);
    fail("F110", `${m.path} is ${a(typeText(loose(m.type)))}: it has no field ${quote(k)}`, nearly(k, keys(methods.leaf)) || "Read it as it is");
  }
  fail("F110", `${m.path} stands in a result: it has no field ${quote(k)}`, "Place it as it is");
}

function fieldNamed(m, k) {
  const t = typeOf(m.type.Name);
  const fd = t && t.Fields && t.Fields[k];
  if (fd) return field(m, k, fd);
  if (k === "toString" || k === "valueOf" || k === "toJSON" || k === "toLocaleString") return () => refusals.text(m);
  if (m.kind === "abstract") {
    const near = t.Members.filter((n) => typeOf(n).Fields[k]);
    fail("F111", `${m.type.Name} has no field ${quote(k)}: it is one of ${t.Members.join(", ")}`, near.length ? `Use match("Name", ${m.path}, { ${near[0]}: (x) => … })` : "Use match() to tell its members");
  }
  if (listMethods.has(k) || k === "map" || k === "page" || k === "take") {
    fail("F120", `${m.path} is ${a(m.type.Name)}, not a list: it has no .${k}()`, "Read its fields by name");
  }
  if (k === "orElse") fail("F129", `${m.path} is ${a(m.type.Name)}: nothing else can stand for it`, "Write .orNull(), or .orElse() behind its fields");
  const names = t && t.Fields ? keys(t.Fields) : [];
  fail("F111", `${m.type.Name} has no field ${quote(k)}`, nearly(k, keys(methods.node)) || meant(k, names.concat(m.own ? keys(m.own) : [])));
}

/** A field of a node: as it is, or to be called with arguments. */
function field(parent, name, fd) {
  const path = parent.kind === "root" ? name : `${parent.path}.${name}`;
  const m = { __proto__: null, type: fd.Type, path };
  const own = argsOf(fd);
  const effects = parent.kind === "mutations";
  if (own.length === 0) {
    if (effects) return effect(name, fd);
    m.id = push(value("field", fd.Type, { __proto__: null, of: idOf(parent), name }));
    return typed(m);
  }
  m.call = { parent, name, fd };
  m.make = () => effects ? fail("F114", `${path} is a mutation and was not called`, `Write graph.${name}({ … })`) : push(value("field", fd.Type, { __proto__: null, of: idOf(parent), name, args: fieldArgs(path, fd, {}) }));
  return typed(m);
}

function call(m, args) {
  if (!m.call) {
    if (m.kind === "tag") fail("F112", `${m.path} is a type and is not called`, `Query fields are lower case: ${meant(m.type.Name, keys((typeOf("Query") || {}).Fields || {})) || "graph.field(…)"}`);
    fail("F112", `${m.path} takes no arguments`, "Read it without calling it");
  }
  const { parent, name, fd } = m.call;
  if (args.length > 1) fail("F112", `${m.path} takes its arguments as one object`, `Write ${m.path}({ ${keys(fd.Args).join(", ")} })`);
  const given = args.length === 0 || args[0] === undefined ? {} : args[0];
  if (given === null || typeof given !== "object" || isArray(given) || isSym(given)) {
    fail("F112", `${m.path} takes its arguments as an object, not ${show(given)}`, `Write ${m.path}({ ${keys(fd.Args)[0]}: … })`);
  }
  const list = fieldArgs(m.path, fd, given);
  if (parent.kind === "mutations") return effect(name, fd, list);
  return typed({ __proto__: null, type: fd.Type, path: m.path, id: push(value("field", fd.Type, { __proto__: null, of: idOf(parent), name, args: list })) });
}

/** The arguments of a field in declared order. */
function fieldArgs(path, fd, given) {
  const all = argsOf(fd), names = keys(given);
  for (let i = 0; i < names.length; i++) {
    if (!fd.Args[names[i]]) fail("F113", `${path} has no argument ${quote(names[i])}`, meant(names[i], all));
  }
  const list = [];
  for (let i = 0; i < all.length; i++) {
    const k = all[i];
    const want = fd.Args[k];
    if (given[k] === undefined) {
      if (want.Type.NonNull && want.Default === undefined) fail("F114", `${path} needs the argument ${quote(k)}`, `Write ${path}({ ${k}: … })`);
      continue;
    }
    list.push({ name: k, value: input(given[k], want.Type, `${path}(${k})`) });
  }
  return list.length ? list : undefined;
}
