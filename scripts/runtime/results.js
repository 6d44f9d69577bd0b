// What may stand in a result: values, objects, lists, shapes, matches.

/** Wraps an output that is complete, so that it is refused wherever a value is wanted. */
const placed = (output, path, on) => sym({ kind: "placed", output, path, on });
const mustBeScope = (m) => { if (m.scope !== scope) fail("F144", `${m.path} belongs to ${m.scope.what} and cannot be used in ${scope.what}`, "Build it where it is used"); };

function mapList(m, fn) {
  if (typeof fn !== "function" || isSym(fn)) fail("F123", `${m.path}.map() wants a function, not ${show(fn)}`, "Write .map((x) => …)");
  if (m.made) fail("F124", `${m.path} is a list that a function makes: it stands in a result as it is`, "Make its items in the function");
  const of = idOf(m);
  const each = push(value("item", m.type.Elem, { __proto__: null, of }));
  const item = typed({ __proto__: null, type: m.type.Elem, id: each, path: `${m.path}[]` });
  const index = sym({ kind: "index", type: named("Int", true), path: `the index of ${m.path}`, make: () => fail("F122", `the index of an item of ${m.path} ${unknown}`, "Clients count; put other logic into the graph") });
  const got = result(fn(item, index), `${m.path}.map()`, 1);
  return placed({ kind: "many", value: of, type: m.type, each, item: got, paged: !!m.paged }, `${m.path}.map()`);
}

const fieldName = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Turns what an author returned into an output. */
function result(v, at, depth) {
  const what = at || scope.what;
  if (depth > 40) fail("F139", `${what} nests deeper than 40`, "Make a shape of its parts");
  const m = metaOf(v);
  if (m) return resultOf(m, what);
  if (v === undefined) fail("F135", `${what} is undefined`, "Return a value, or null");
  if (typeof v === "function") fail("F133", `${what} is a function`, v[SHAPE] ? `Call the shape with an entity: ${v[SHAPE].name}(…)` : "Call it");
  if (isArray(v)) fail("F131", `${what} is an array literal`, "Use a list of the graph, an object with named fields, or computed.list");
  if (v !== null && typeof v === "object") return tree(v, at, depth);
  json(v, what);
  return { kind: "leaf", value: push(value("literal", literalType(v), { __proto__: null, json: stringify(v) })), type: literalType(v) };
}

function tree(v, at, depth) {
  const what = at || scope.what;
  if (typeof v.then === "function") fail("F134", `${what} is a promise`, "Views are recorded, not run: leave out async and await");
  const proto = getPrototypeOf(v);
  if (v[ARG] || v[VIEW] || v[DECLARED]) fail("F132", `${what} is a declaration, not a value`, "Return fields of the graph");
  if (proto !== plain && proto !== null) fail("F132", `${what} is ${a((proto.constructor && proto.constructor.name) || "special object")}`, "Return a plain object");
  const fields = [];
  const names = keys(v);
  for (let i = 0; i < names.length; i++) {
    const k = names[i];
    const before = looking, own = metaOf(v[k]) ? -1 : host.key(fnIds.get(running), k);
    if (own >= 0) looking = own;
    if (!fieldName.test(k) || k.startsWith("__")) fail("F138", `${quote(k)} cannot be a field's name`, "Use letters, digits and _, not starting with a digit or __");
    const m = metaOf(v[k]);
    const f = { name: k, output: result(v[k], at === "" ? k : `${at}.${k}`, depth + 1), at: m ? m.at : own };
    if (m && m.cache) f.cache = m.cache;
    fields.push(f);
    looking = before;
  }
  return { kind: "tree", value: none, fields };
}

function resultOf(m, what) {
  const before = looking;
  looking = m.at;
  const got = outputOf(m, what);
  looking = before;
  return got;
}

function outputOf(m, what) {
  switch (m.kind) {
    case "cached":
      return result(m.value, what, 1);
    case "placed":
      mustBeScope(m);
      return m.output;
    case "tag":
      fail("F130", `${what} is the type ${m.type.Name}`, "Return a value of the graph");
    case "leaf": {
      const t = typeOf(m.type.Name);
      if (t && t.Kind === "input") fail("F130", `${m.path} is the input ${m.type.Name}: it cannot stand in a result`, "Give it to a field of the graph");
      return { kind: "leaf", value: idOf(m), type: m.type };
    }
    case "index":
      return { kind: "leaf", value: idOf(m), type: m.type };
    case "list": {
      if (composite(baseName(m.type))) fail("F130", `${m.path} is a list of ${baseName(m.type)}`, `Say what each gives: ${m.path}.map((x) => ({ … })), or .map(AShape)`);
      return { kind: "leaf", value: idOf(m), type: m.type, paged: !!m.paged };
    }
    case "abstract":
      fail("F130", `${m.path} is one of ${typeOf(m.type.Name).Members.join(", ")}`, `Tell them apart: match("Name", ${m.path}, { … })`);
  }
  if (m.call) for (const k of keys(m.call.fd.Args)) if (m.call.fd.Args[k].Type.NonNull && m.call.fd.Args[k].Default === undefined) fail("F114", `${m.path} needs the argument ${quote(k)}`, `Write ${m.path}({ ${k}: … })`);
  fail("F130", `${m.path} is ${a(m.type.Name)}`, "Name the fields that you want: an object, a shape, or .pick()");
}

function cached(v, policy) {
  const p = options(policy, "cached()", ["maxAge"]);
  if (v === undefined) fail("F135", "cached() has no value", "Write cached(value, { maxAge })");
  const cache = { maxAge: duration(p.maxAge, "maxAge") };
  const m = metaOf(v);
  return sym({ kind: "cached", value: v, cache, path: m ? m.path : "a cached value", type: m && m.type });
}

/** An arm for each member of a union or interface. */
function match(name, v, arms) {
  if (typeof name !== "string" || !fieldName.test(name)) fail("F152", `match() wants a name for its type, not ${show(name)}`, 'Write match("RowItem", x, { … })');
  const m = metaOf(v);
  if (!m || !m.type) fail("F150", `match() wants a value of a union or interface, not ${show(v)}`, "Give it an item, or a field");
  if (m.kind !== "abstract") fail("F150", `${m.path} is ${a(typeText(loose(m.type)))}, not a union or interface`, m.kind === "list" ? `Write ${m.path}.map((x) => match(${quote(name)}, x, { … }))` : "Use it directly");
  if (!isPlain(arms)) fail("F152", "match() wants an object of arms", `Write { ${typeOf(m.type.Name).Members.map((x) => `${x}: (x) => …`).join(", ")} }`);
  const members = typeOf(m.type.Name).Members;
  for (const k of keys(arms)) {
    if (k === "other") {
      if (arms.other !== null) fail("F153", "other says what members without an arm give: only null", "Write other: null");
    } else if (!members.some((x) => x === k)) fail("F151", `${m.type.Name} is never ${a(k)}`, meant(k, members));
  }
  const missing = members.filter((x) => arms[x] === undefined);
  if (missing.length && arms.other !== null) fail("F156", `match() says nothing of ${missing.join(", ")}`, "Give each an arm, or write other: null");
  const of = idOf(m);
  const list = [];
  for (const k of members) {
    if (arms[k] === undefined) continue;
    if (arms[k] === null) { list.push({ member: k, as: none }); continue; }
    if (typeof arms[k] !== "function") fail("F152", `the arm ${k} is ${show(arms[k])}`, `Write ${k}: (x) => ({ … }), or a shape`);
    const as = push(value("as", named(k), { __proto__: null, of, name: k }));
    const member = sym({ kind: "node", type: named(k), id: as, path: `${m.path}<${k}>` });
    const out = result(arms[k](member), `${name}.${k}`, 1);
    if (out.kind !== "ref" && out.kind !== "tree") fail("F157", `the arm ${k} gives a ${out.kind === "many" ? "list" : "single value"}`, "An arm gives a shape or an object");
    list.push({ member: k, as, output: out });
  }
  return placed({ kind: "union", value: of, name, arms: list }, `match(${quote(name)})`);
}

// Shapes -----------------------------------------------------------------------------------------------------------

const SHAPE = Symbol("shape");
const shapes = new Map();
const waiting = [];

function shape(name, on, third, fourth) {
  const fn = fourth === undefined ? third : fourth;
  const o = fourth === undefined ? {} : options(third, "shape()", ["args"]);
  if (typeof name !== "string" || !fieldName.test(name)) fail("F142", `${show(name)} cannot be a shape's name`, 'Write shape("Card", graph.Title, (t) => ({ … }))');
  const tag = metaOf(on);
  if (!tag || tag.kind !== "tag") fail("F142", `shape ${name} wants a type of the graph, not ${show(on)}`, `Write shape(${quote(name)}, graph.AType, (x) => ({ … }))`);
  if (tag.kindOf !== "object") fail("F142", `${tag.type.Name} is a${/^[aeiou]/.test(tag.kindOf) ? "n" : ""} ${tag.kindOf}: a shape is over an object type`, "Make a shape for each member, and tell them by match()");
  if (typeof fn !== "function" || isSym(fn)) fail("F142", `shape ${name} has no function`, `Write shape(${quote(name)}, graph.${tag.type.Name}, (x) => ({ … }))`);
  const old = shapes.get(name);
  if (old) fail("F140", `two shapes are called ${quote(name)}`, "Rename one of them", { at: old.at, text: `the other shape ${name}` });
  const s = { name, on: tag.type.Name, fn, at: host.at(), args: arguments_(o.args, `shape ${name}`), used: false };
  for (const x of s.args) {
    if (!x.type.NonNull || x.type.Elem || (typeOf(x.type.Name) && typeOf(x.type.Name).Kind === "input")) fail("F147", `argument ${x.name} of shape ${name} is ${typeText(x.type)}`, "A shape's arguments are scalars or enums that are never null");
  }
  shapes.set(name, s);
  const use = (entity, args) => useShape(s, entity, args);
  Object.defineProperty(use, SHAPE, { value: s });
  return use;
}

function wanted(s) {
  if (s.used) return;
  s.used = true;
  waiting.push(s);
}

function useShape(s, entity, given) {
  const m = metaOf(entity);
  if (!m || !m.type) fail("F141", `${s.name}() wants ${a(s.on)}, not ${show(entity)}`, `Give it ${a(s.on)} of the graph`);
  if (m.kind === "list") fail("F143", `${m.path} is a list`, `Write ${m.path}.map(${s.name})`);
  if (m.type.Name !== s.on) {
    fail("F141", `${s.name} is a shape of ${s.on}; ${m.path} is ${a(m.kind === "tag" ? `type` : typeText(loose(m.type)))}`,
      m.kind === "abstract" && typeOf(m.type.Name).Members.some((x) => x === s.on) ? `Use match("Name", ${m.path}, { ${s.on}: ${s.name}, … })` : `Give it ${a(s.on)}`);
  }
  if (m.kind !== "node") fail("F141", `${s.name}() wants ${a(s.on)}, not ${m.path}`, `Give it ${a(s.on)} of the graph`);
  wanted(s);
  const extra = metaOf(given);
  if (extra && extra.kind === "index") given = undefined; // of .map(AShape)
  const o = given === undefined ? {} : given;
  if (!isPlain(o)) fail("F148", `${s.name}() takes its arguments as an object, not ${show(given)}`, `Write ${s.name}(x, { … })`);
  for (const k of keys(o)) if (!s.args.some((x) => x.name === k)) fail("F148", `shape ${s.name} has no argument ${quote(k)}`, meant(k, s.args.map((x) => x.name)));
  const args = [];
  for (const x of s.args) {
    if (o[x.name] === undefined && x.default === undefined) fail("F148", `shape ${s.name} needs the argument ${quote(x.name)}`, `Write ${s.name}(x, { ${x.name}: … })`);
    args.push({ name: x.name, value: o[x.name] === undefined ? push(value("literal", x.type, { __proto__: null, json: x.default })) : input(o[x.name], x.type, `${s.name}(${x.name})`) });
  }
  return placed({ kind: "ref", value: idOf(m), shape: s.name, args: args.length ? args : undefined }, `${s.name}(${m.path})`, s.on);
}

function recordShape(s) {
  scope = newScope(`shape ${s.name}`, "shape");
  declaring = s.at;
  running = s.fn;
  const subject = push(value("entity", named(s.on, true)));
  const entity = sym({ kind: "node", type: named(s.on, true), id: subject, path: s.name.toLowerCase() });
  const self = (x, args) => useShape(s, x, args);
  const other = (n) => {
    const o = shapes.get(n);
    if (!o) fail("F149", `there is no shape ${quote(n)}`, meant(n, [...shapes.keys()]));
    return (x, args) => useShape(o, x, args);
  };
  const v = s.fn(entity, strictContext({ ...context(), self, other, args: argumentValues(s.args, `shape ${s.name}`) }));
  if (isSym(v) || !isPlain(v)) fail("F145", `shape ${s.name} gives ${show(v)}`, "A shape gives an object: ({ title: x.title })");
  const output = result(v, "", 0);
  const t = typeOf(s.on);
  return { name: s.name, type: s.on, args: s.args, keyed: !!t.Key, loadable: !!t.Loadable, values: scope.values, subject, output: { ...output, value: subject }, at: s.at };
}
