// Methods of values and lists, and choices between values.
const within = (m, o) => {
  const w = options(o, `.${m}()`, ["within"]).within;
  return w === undefined ? undefined : duration(w, "within");
};
const derived = (m, type, id, extra) => typed({ __proto__: null, type, path: m.path, id, paged: m.paged, cut: m.cut, made: m.made, ...extra });

function orNull(m, o) {
  const type = loose(m.type);
  return derived(m, type, push(value("orNull", type, { __proto__: null, of: idOf(m), within: within("orNull", o) })));
}
function orNotFound(m, o) {
  const type = strict(m.type);
  return derived(m, type, push(value("notFound", type, { __proto__: null, of: idOf(m), within: within("orNotFound", o) })));
}
function orElse(m, v, o) {
  let other, type;
  if (m.kind === "list") {
    if (!isArray(v) || v.length !== 0) fail("F129", `a list's .orElse() takes [], not ${show(v)}`, "Write .orElse([])");
    type = strict(m.type);
    other = push(value("literal", type, { __proto__: null, json: "[]" }));
  } else {
    if (v === undefined || v === null) fail("F129", `${m.path}.orElse(${show(v)}) gives nothing else`, "Write .orNull()");
    const u = unify([undefined, v], [m.type], `${m.path}.orElse()`);
    other = u.ids[0];
    type = u.type;
  }
  return derived(m, type, push(value("orElse", type, { __proto__: null, of: idOf(m), else: other, within: within("orElse", o) })));
}

function countOf(n, what) {
  const m = metaOf(n);
  if (m) {
    if (m.kind !== "leaf" || m.type.Name !== "Int") fail("F124", `${what} wants a number; ${m.path} is ${a(m.type ? typeText(loose(m.type)) : "result")}`, "Give a number, or an Int value");
    return idOf(m);
  }
  if (!isInteger(n) || n < 0 || n > 100000) fail("F124", `${what} wants a whole number, not ${show(n)}`, "Write a number from 0 to 100000");
  return push(value("literal", named("Int", true), { __proto__: null, json: stringify(n) }));
}

function uncut(m) {
  if (m.made) fail("F124", `${m.path} is a list that a function makes: it stands in a result as it is`, "Cut it in the function");
  if (m.paged || m.cut) fail("F124", `${m.path} is cut already`, "Use .page() or .take() once");
}

function page(m, o) {
  if (o === undefined) fail("F124", `${m.path}.page() needs { first }`, "Write .page({ first: 20 })");
  const { first, max } = options(o, ".page()", ["first", "max"]);
  if (first === undefined) fail("F124", `${m.path}.page() needs first`, "Write .page({ first: 20 })");
  if (max !== undefined && (!isInteger(max) || max < 1 || max > 100000)) fail("F124", `max is ${show(max)}`, "Write a whole number: max ends the list for everybody");
  uncut(m);
  const most = max === undefined ? 200 : max;
  if (isInteger(first) && first > most) fail("F124", `first is ${first}, more than max, which is ${most}`, "Raise max, or lower first");
  return derived(m, m.type, push(value("page", m.type, { __proto__: null, of: idOf(m), first: countOf(first, "first"), max: most })), { paged: true });
}
function take(m, n) {
  uncut(m);
  return derived(m, m.type, push(value("take", m.type, { __proto__: null, of: idOf(m), first: countOf(n, ".take()") })), { cut: true });
}

function pickFields(m, ...names) {
  if (names.length === 0) fail("F125", `${m.path}.pick() names no field`, 'Write .pick("a", "b")');
  const got = {};
  for (const n of names) {
    if (typeof n !== "string") fail("F125", `${m.path} is ${a(m.type.Name)}: its .pick() takes field names`, 'Write .pick("a", "b"); cases are picked by a scalar');
    got[n] = read(m, n);
  }
  return got;
}

/** A case's name as the JSON of the subject's type. */
function caseJSON(m, k) {
  const name = m.type.Name;
  if (name === "Int" || name === "Float") {
    if (k === "" || !finite(Number(k))) fail("F154", `${m.path} is ${a(name)} and is never ${quote(k)}`, "Name numbers");
    return stringify(Number(k));
  }
  if (name === "Boolean") {
    if (k !== "true" && k !== "false") fail("F154", `${m.path} is a Boolean and is never ${quote(k)}`, "Name true and false, or use when()");
    return k;
  }
  const values = enumValues(name);
  if (values && !values.some((x) => x === k)) fail("F154", `${name} is never ${quote(k)}`, meant(k, values));
  return stringify(k);
}

function pick(m, cases, ...more) {
  if (cases === null || typeof cases !== "object" || isSym(cases) || isArray(cases) || more.length) fail("F125", `${m.path} is ${a(typeText(loose(m.type)))}: its .pick() takes cases`, "Write .pick({ a: 1, default: 2 })");
  const names = keys(cases).filter((k) => k !== "default");
  if (names.length === 0) fail("F125", `${m.path}.pick() names no case`, "Write .pick({ a: 1, default: 2 })");
  const json = names.map((k) => caseJSON(m, k));
  const arms = names.map((k) => cases[k]);
  const otherwise = "default" in cases ? cases.default : null;
  return choose([...arms, otherwise], `${m.path}.pick()`, (type, ids) => push(value("pick", type, {
    __proto__: null,
    of: idOf(m), cases: json.map((j, i) => ({ json: j, value: ids[i] < 0 ? nullOf(type) : ids[i] })), else: ids[ids.length - 1],
  })));
}
const nullOf = (type) => push(value("literal", loose(type), { __proto__: null, json: "null" }));

function is(m, v) {
  if (isSym(v)) fail("F127", `.is() compares with a constant; ${v[META].path} is none`, "Put the comparison in computed.boolean({ … }, fn)");
  if (v === null || v === undefined) fail("F127", `${m.path}.is(${show(v)}) cannot be asked`, "Use .orElse() for what is null");
  constant(v, m.type, `${m.path}.is()`);
  v = keyed(v, m.type);
  return sym({ kind: "leaf", type: named("Boolean", true), path: `${m.path}.is(${show(v)})`, id: push(value("is", named("Boolean", true), { __proto__: null, of: idOf(m), json: stringify(v) })) });
}

function condition(v, what) {
  const m = metaOf(v);
  if (!m) fail("F155", `${what} wants a condition that a request decides, not ${show(v)}`, "Write a plain if for what is known now");
  if (m.kind !== "leaf" || m.type.Name !== "Boolean") fail("F155", `${what} wants a Boolean; ${m.path} is ${a(m.type ? typeText(loose(m.type)) : "result")}`, "Write .is(…), or a Boolean of the graph");
  return idOf(m);
}
function when(cond, then, otherwise = null) {
  const of = condition(cond, "when()");
  if (then === undefined) fail("F126", "when() has no result", "Write when(condition, then, otherwise)");
  return choose([then, otherwise], "when()", (type, ids) => push(value("when", type, { __proto__: null, of, cases: [{ value: ids[0] < 0 ? nullOf(type) : ids[0] }], else: ids[1] })));
}
const bool = (op, rest, path) => sym({ kind: "leaf", type: named("Boolean", true), path, id: push(value(op, named("Boolean", true), rest)) });
const not = (c) => bool("not", { __proto__: null, of: condition(c, "not()") }, "not()");
const and = (...cs) => bool("and", { __proto__: null, list: some(cs, "and()") }, "and()");
const or = (...cs) => bool("or", { __proto__: null, list: some(cs, "or()") }, "or()");
function some(cs, what) {
  if (cs.length === 0) fail("F155", `${what} has no condition`, "Give it at least one");
  return cs.map((c) => condition(c, what));
}

const isPlain = (v) => v !== null && typeof v === "object" && !isSym(v) && !isArray(v);

/** Makes a choice between arms: of values of one type, of objects field by field, or of one shape. */
function choose(arms, what, make) {
  for (const v of arms) if (v === undefined) fail("F126", `an arm of ${what} is undefined`, "Write null");
  if (arms.every((v) => v === null)) return null;
  if (arms.some(isPlain)) {
    if (!arms.every((v) => v === null || isPlain(v))) fail("F126", `the arms of ${what} are objects and values`, "Give objects in every arm, or null");
    const got = {};
    for (const v of arms) for (const k of keys(v || {})) if (!Object.hasOwn(got, k)) got[k] = null;
    // A field that an arm does not have is null where that arm is chosen.
    for (const k of keys(got)) got[k] = choose(arms.map((x) => (x === null || x[k] === undefined ? null : x[k])), what, make);
    return got;
  }
  const metas = arms.map(metaOf);
  // Its arguments are evaluated before choose is called: the effect happens in every case.
  for (const m of metas) if (m && m.scope === scope && scope.values[m.id]?.op === "effect") fail("F185", `${m.path} changes something whatever ${what} chooses`, "Declare a mutation for each case, or call it first and choose among the fields of its result");
  const refs = metas.filter((m) => m && m.kind === "placed");
  if (refs.length) return chooseShape(arms, refs, what, make);
  const u = unify(arms, [], what);
  return typed({ __proto__: null, type: u.type, path: what, id: make(u.type, u.ids) });
}

function chooseShape(arms, refs, what, make) {
  const first = refs[0].output;
  if (first.kind !== "ref" || !arms.every((v) => v === null || (metaOf(v) && metaOf(v).kind === "placed" && metaOf(v).output.kind === "ref" &&
    metaOf(v).output.shape === first.shape && stringify(metaOf(v).output.args) === stringify(first.args)))) {
    fail("F126", `the arms of ${what} are different shapes or lists`, "Choose the entity or list first, then give it to one shape");
  }
  const ids = arms.map((v) => (v === null ? none : metaOf(v).output.value));
  const type = named(refs[0].on);
  return placed({ ...first, value: make(type, ids) }, what, refs[0].on);
}

/** The one type of several arms, and their ids; null is no id. */
function unify(arms, already, what) {
  let type = already[0];
  const list = already.length ? [arms[1]] : arms;
  const seen = list.map((v) => {
    const m = metaOf(v);
    if (m) {
      if (m.kind === "tag" || !m.type) fail("F126", `${m.path} cannot be an arm of ${what}`, "Give values of one type");
      return m.type;
    }
    if (v === null) return null;
    if (isArray(v) || typeof v === "function") fail("F126", `${show(v)} cannot be an arm of ${what}`, "Give constants, values of the graph, or entities");
    json(v, `an arm of ${what}`);
    return literalType(v);
  });
  for (let i = 0; i < seen.length; i++) {
    if (seen[i] === null) continue;
    const next = type === undefined ? seen[i] : join(type, seen[i], list[i]);
    if (next === undefined) fail("F126", `the arms of ${what} differ in type: ${typeText(loose(type))} and ${typeText(loose(seen[i]))}`, "Give values of one type (Int becomes Float where it must)");
    type = next;
  }
  if (type === undefined) fail("F126", `every arm of ${what} is null`, "Give one a value");
  type = seen.every((t) => t !== null && t.NonNull) ? strict(type) : loose(type);
  return { type, ids: list.map((v) => (v === null ? none : isSym(v) ? idOf(v[META]) : push(value("literal", strict(type), { __proto__: null, json: stringify(v) })))) };
}

function join(x, y, v) {
  if (!x.Elem !== !y.Elem) return undefined;
  if (x.Elem) return typeText(loose(x)) === typeText(loose(y)) ? x : undefined;
  if (x.Name === y.Name) return x;
  const pair = (p, q) => (x.Name === p && y.Name === q) || (x.Name === q && y.Name === p);
  if (pair("Int", "Float")) return named("Float", x.NonNull && y.NonNull);
  if (pair("ID", "String")) return named("String", x.NonNull && y.NonNull);
  const values = enumValues(x.Name);
  if (values && !isSym(v) && values.some((e) => e === v)) return x;
  if (y.Name === "String" && values) return named("String", x.NonNull && y.NonNull);
  if (x.Name === "String" && enumValues(y.Name)) return x;
  return undefined;
}

const methods = {
  leaf: alone({ orNull, orElse, orNotFound, pick, is }),
  list: alone({ orNull, orElse, orNotFound, page, take, map: (m, fn) => mapList(m, fn) }),
  node: alone({ orNull, orNotFound, pick: pickFields }),
  abstract: alone({ orNull, orNotFound }),
};
