// What is given to fields, functions and choices: constants and values, checked against the type that is wanted.
const literalType = (v) => {
  switch (typeof v) {
    case "string": return named("String", true);
    case "boolean": return named("Boolean", true);
    case "number": return named(isInteger(v) && Math.abs(v) <= 2147483647 ? "Int" : "Float", true);
  }
  return v === null ? named("String") : named("JSON", true);
};

function json(v, what) {
  if (typeof v === "number" && !finite(v)) fail("F137", `${what} is ${v}, which is no JSON`, "Write a number, or null");
  if (typeof v === "bigint" || typeof v === "symbol" || typeof v === "function" || v === undefined) fail("F137", `${what} is ${typeof v === "undefined" ? "undefined" : a(typeof v)}, which is no JSON`, "Write a text, a number, true, false or null");
  return stringify(v);
}

/** A constant as a value. Its text stands in json, which is JSON of JSON here. */
function literal(v, type, what = "the constant") {
  checkPlain(v, what, 0);
  return push(value("literal", type || literalType(v), { __proto__: null, json: json(v, what) }));
}

function checkPlain(v, what, depth) {
  if (depth > 20) fail("F137", `${what} nests too deep`, "Write a smaller constant");
  if (isSym(v)) fail("F137", `${v[META].path} cannot stand inside a constant`, "Give it as an input of its own");
  if (v === null || typeof v !== "object") { json(v, what); return; }
  if (isArray(v)) { for (let i = 0; i < v.length; i++) checkPlain(v[i], what, depth + 1); return; }
  if (getPrototypeOf(v) !== plain && getPrototypeOf(v) !== null) fail("F137", `${what} holds an object that is no JSON`, "Write a plain object");
  for (const k of keys(v)) if (v[k] !== undefined) checkPlain(v[k], what, depth + 1);
}

const textual = (n) => n === "String" || n === "ID";
const builtin = new Set(["String", "Int", "Float", "Boolean", "ID"]);

/** Whether a value of type "from" may stand where "to" is wanted. Null is the request's affair. */
function fits(from, to) {
  if (!from.Elem !== !to.Elem) return false;
  if (from.Elem) return fits(from.Elem, to.Elem);
  const [f, t] = [from.Name, to.Name];
  if (f === t) return true;
  if (t === "Float") return f === "Int";
  if (t === "ID") return f === "String" || f === "Int";
  if (t === "String") return f === "ID" || isEnum(f);
  return !builtin.has(t) && !ownEnums.has(t) && !typeOf(t)?.Values && typeOf(t)?.Kind !== "input"; // a scalar of the graph's own
}
const ownEnums = new Map();
const isEnum = (n) => { if (ownEnums.has(n)) return true; const t = typeOf(n); return t && t.Kind === "enum"; };
const enumValues = (n) => { if (ownEnums.has(n)) return ownEnums.get(n).values; const t = typeOf(n); return t && t.Kind === "enum" ? t.Values : undefined; };

/** A value or constant where an argument of a type stands. */
function input(v, type, what) {
  const m = metaOf(v);
  if (m) {
    if (m.kind !== "leaf" && m.kind !== "list") fail("F115", `${what} wants ${a(typeText(loose(type)))}; ${m.path} is ${a(m.type ? baseName(m.type) : "result")}`, m.kind === "node" ? `Give one of its fields: ${m.path}.${(typeOf(m.type.Name)?.Key || ["id"])[0]}` : "Give a scalar or a constant");
    if (!fits(m.type, type)) fail("F115", `${what} wants ${a(typeText(loose(type)))}; ${m.path} is ${a(typeText(loose(m.type)))}`, enumValues(type.Name) ? `Declare the argument as arg.enum(${quote(type.Name)}), or use .pick()` : "Give a value of that type");
    return idOf(m);
  }
  if (v === null) {
    if (type.NonNull) fail("F115", `${what} cannot be null`, `Give ${a(typeText(loose(type)))}`);
    return push(value("literal", loose(type), { __proto__: null, json: "null" }));
  }
  if (type.Elem) {
    if (!isArray(v)) fail("F115", `${what} wants a list, not ${show(v)}`, "Write [ … ]");
    const list = [];
    for (let i = 0; i < v.length; i++) list.push(input(v[i], type.Elem, `${what}[${i}]`));
    return push(value("list", strict(type), { __proto__: null, list }));
  }
  const t = typeOf(type.Name);
  if (t && t.Kind === "input") return inputObject(v, type, t, what);
  constant(v, type, what);
  return push(value("literal", strict(type), { __proto__: null, json: stringify(keyed(v, type)) }));
}
/** A constant as its type has it: keys are text. */
const keyed = (v, type) => (type.Name === "ID" && typeof v === "number" ? String(v) : v);

function inputObject(v, type, t, what) {
  if (typeof v !== "object" || isArray(v)) fail("F115", `${what} wants ${a(type.Name)}, not ${show(v)}`, `Write { ${keys(t.Fields)[0]}: … }`);
  const given = keys(v), names = keys(t.Fields);
  for (let i = 0; i < given.length; i++) if (!t.Fields[given[i]]) fail("F113", `${type.Name} has no field ${quote(given[i])}`, meant(given[i], names));
  const args = [];
  for (let i = 0; i < names.length; i++) {
    const k = names[i];
    const fd = t.Fields[k];
    if (v[k] !== undefined) args.push({ name: k, value: input(v[k], fd.Type, `${what}.${k}`) });
    else if (fd.Default !== undefined) args.push({ name: k, value: push(value("literal", fd.Type, { __proto__: null, json: fd.Default })) });
    else if (fd.Type.NonNull) fail("F114", `${what} needs the field ${quote(k)}`, `Write { ${k}: … }`);
  }
  return push(value("input", strict(type), { __proto__: null, args: args.length ? args : undefined }));
}

/** Refuses a constant that is not of a scalar or enum type. */
function constant(v, type, what) {
  if (v === undefined || typeof v === "function" || typeof v === "symbol" || typeof v === "bigint") fail("F115", `${what} wants ${a(type.Name)}, not ${show(v)}`, "Give a constant or a value of the graph");
  const wrong = () => fail("F115", `${what} wants ${a(type.Name)}, not ${show(v)}`, "Give a value of that type");
  const values = enumValues(type.Name);
  if (values) {
    if (!values.some((x) => x === v)) fail("F115", `${show(v)} is no ${type.Name}`, meant(v, values));
    return;
  }
  switch (type.Name) {
    case "Int": if (typeof v !== "number" || !isInteger(v) || Math.abs(v) > 2147483648) wrong(); return;
    case "Float": if (typeof v !== "number" || !finite(v)) wrong(); return;
    case "Boolean": if (typeof v !== "boolean") wrong(); return;
    case "String": if (typeof v !== "string") wrong(); return;
    case "ID": if (typeof v !== "string" && !(typeof v === "number" && isInteger(v))) wrong(); return;
  }
  checkPlain(v, what, 0);
}
