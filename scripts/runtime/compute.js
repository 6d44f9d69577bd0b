// Enums, objects and functions that compute: what a package adds to the graph's types.
const objects = new Map();
const enumsUsed = [], objectsUsed = [], funcs = [];
const cells = new Set();
const funcIds = new Map();
const fnIds = new WeakMap();

function oneOf(name, values) {
  if (typeof name !== "string" || !fieldName.test(name)) fail("F167", `${show(name)} cannot be an enum's name`, 'Write oneOf("State", ["NEW", "DONE"])');
  if (!isArray(values) || values.length === 0) fail("F167", `oneOf ${name} has no values`, 'Write oneOf("State", ["NEW", "DONE"])');
  for (const v of values) if (typeof v !== "string" || !fieldName.test(v) || v.startsWith("__") || v === "true" || v === "false" || v === "null") fail("F167", `${show(v)} cannot be an enum's value`, "Use letters, digits and _");
  if (new Set(values).size !== values.length) fail("F167", `oneOf ${name} has a value twice`, "Name each once");
  taken(name, ownEnums, values.join(), "oneOf");
  if (!ownEnums.has(name)) ownEnums.set(name, { name, values: [...values], text: values.join(), at: host.at() });
  return freeze({ [DECLARED]: ownEnums.get(name) });
}

function taken(name, same, text, what) {
  const other = ownEnums.get(name) || objects.get(name);
  if (other && (same.get(name) !== other || other.text !== text)) fail("F146", `${what} ${name} is declared twice, differently`, "Rename one of them", { at: other.at, text: `the other ${name}` });
  if (typeOf(name)) fail("F146", `the graph has a type ${name} already`, "Rename this one");
}

function enumOf(of, what) {
  const d = of && of[DECLARED];
  if (!d || !d.values) fail("F167", `${what} wants a oneOf, not ${show(of)}`, 'Write oneOf("State", ["NEW", "DONE"])');
  if (!d.used) { d.used = true; enumsUsed.push(d); }
  return d;
}

const scalars = ["Int", "Float", "String", "Boolean", "ID", "JSON"];
function resultType(t, what) {
  if (isArray(t)) {
    if (t.length !== 1) fail("F168", `${what} is a list of ${t.length} types`, 'Write ["String"]');
    return listOf(strict(resultType(t[0], what)));
  }
  if (typeof t === "string") {
    if (!scalars.some((s) => s === t)) fail("F168", `${what} is ${quote(t)}`, meant(t, scalars));
    return named(t);
  }
  const d = t && t[DECLARED];
  if (!d) fail("F168", `${what} is ${show(t)}`, 'Write "Int", "String", oneOf(…), object(…), or a list of one');
  return named(d.values ? enumOf(t, what).name : objectOf(t, what).name);
}

function object(name, fields) {
  if (typeof name !== "string" || !fieldName.test(name)) fail("F168", `${show(name)} cannot be an object's name`, 'Write object("Progress", { minutesLeft: "Int" })');
  if (!isPlain(fields) || keys(fields).length === 0) fail("F168", `object ${name} has no fields`, 'Write object("Progress", { minutesLeft: "Int" })');
  const list = keys(fields).map((k) => {
    if (!fieldName.test(k) || k.startsWith("__")) fail("F138", `${quote(k)} cannot be a field's name`, "Use letters, digits and _");
    return { name: k, type: resultType(fields[k], `${name}.${k}`) };
  });
  const text = stringify(list);
  taken(name, objects, text, "object");
  if (!objects.has(name)) objects.set(name, { name, fields: list, text, at: host.at() });
  return freeze({ [DECLARED]: objects.get(name) });
}

function objectOf(of, what) {
  const d = of && of[DECLARED];
  if (!d || !d.fields) fail("F168", `${what} wants an object, not ${show(of)}`, 'Write object("Progress", { minutesLeft: "Int" })');
  if (!d.used) { d.used = true; objectsUsed.push(d); }
  return d;
}

/** Records a computed value: a function that the Go side lifts out of the package, and its inputs. */
function compute(type, inputs, fn) {
  if (!isPlain(inputs)) fail("F161", `computed wants its inputs as an object, not ${show(inputs)}`, "Write computed.string({ a: x.a }, ({ a }) => …)");
  if (typeof fn !== "function" || isSym(fn)) fail("F160", `computed wants a function, not ${show(fn)}`, "Write computed.string({ a: x.a }, ({ a }) => …)");
  const id = fnIds.get(fn);
  if (id === undefined) fail("F163", "computed wants a function of the package's own", "Write the function in place: ({ a }) => …");
  const args = [], types_ = [];
  for (const k of keys(inputs)) {
    const v = inputs[k], m = metaOf(v);
    if (v === undefined) fail("F161", `input ${quote(k)} is undefined`, "Give a value of the graph or a constant");
    if (m) {
      if (m.kind !== "leaf" && !(m.kind === "list" && !composite(baseName(m.type))) && m.kind !== "index") {
        fail("F161", `input ${quote(k)} is ${m.path}, which is ${m.type ? (m.kind === "list" ? `a list of ${baseName(m.type)}` : a(m.type.Name)) : "a result"}`, "Give its fields, one by one");
      }
      args.push({ name: k, value: idOf(m) });
      types_.push({ name: k, type: loose(m.type) });
    } else {
      if (typeof v === "function") fail("F161", `input ${quote(k)} is a function`, "Declare it at the top of the module and call it by name");
      const t = literalType(v);
      args.push({ name: k, value: literal(v, t, `input ${quote(k)}`) });
      types_.push({ name: k, type: t });
    }
  }
  const key = stringify([id, types_, type]);
  if (!funcIds.has(key)) {
    funcIds.set(key, funcs.length);
    funcs.push({ fn: id, inputs: types_, result: type, at: host.at() });
  }
  return sym({ kind: type.Elem ? "list" : "leaf", type, path: "a computed value", made: true, id: push(value("computed", type, { __proto__: null, func: funcIds.get(key), args: args.length ? args : undefined })) });
}

function computer(type) {
  const make = (inputs, fn) => compute(type, inputs, fn);
  make.nonNull = (inputs, fn) => compute(strict(type), inputs, fn);
  return freeze(make);
}
function computerOf(typeFor) {
  const make = (of, inputs, fn) => compute(typeFor(of), inputs, fn);
  make.nonNull = (of, inputs, fn) => compute(strict(typeFor(of)), inputs, fn);
  return freeze(make);
}
const itemsOf = (name) => listOf(named(name, true));
const enumType = (of) => named(enumOf(of, "computed.oneOf()").name);
const objectType = (of) => named(objectOf(of, "computed.object()").name);
const computed = offered("computed", {
  string: computer(named("String")), int: computer(named("Int")), float: computer(named("Float")), boolean: computer(named("Boolean")),
  id: computer(named("ID")), json: computer(named("JSON")), oneOf: computerOf(enumType), object: computerOf(objectType),
  list: offered("computed.list", {
    string: computer(itemsOf("String")), int: computer(itemsOf("Int")), float: computer(itemsOf("Float")), boolean: computer(itemsOf("Boolean")),
    id: computer(itemsOf("ID")), oneOf: computerOf((of) => listOf(strict(enumType(of)))), object: computerOf((of) => listOf(strict(objectType(of)))),
  }),
});

/** Records a use of a host function. */
function formatted(name, v, wants, second, what) {
  const m = metaOf(v);
  if (m && (m.kind !== "leaf" || !wants.some((w) => w === m.type.Name))) fail("F165", `format.${name} wants ${a(wants[0])}; ${m.path} is ${a(m.type ? typeText(loose(m.type)) : "result")}`, "Give a value of that type");
  if (!m && typeof v !== (wants[0] === "String" ? "string" : "number")) fail("F165", `format.${name} wants ${a(wants[0])}, not ${show(v)}`, "Give a value of that type");
  const args = [{ name: "value", value: m ? idOf(m) : literal(v) }];
  if (second !== undefined) args.push({ name: what, value: literal(second) });
  return sym({ kind: "leaf", type: named("String"), path: `format.${name}()`, id: push(value("format", named("String"), { __proto__: null, name, args })) });
}
const oneIn = (v, list, what) => { if (v !== undefined && !list.some((x) => x === v)) fail("F166", `${what} is not ${show(v)}`, `It is one of ${list.join(", ")}`); };
const format = offered("format", {
  date: (v, o) => {
    oneIn(options(o, "format.date", ["style"]).style, ["short", "medium", "long", "full"], "style");
    return formatted("date", v, ["String", "ID"], o, "options");
  },
  number: (v, o) => {
    const { style, currency, digits } = options(o, "format.number", ["style", "currency", "digits"]);
    oneIn(style, ["decimal", "percent", "currency", "compact"], "style");
    if (style === "currency" && !/^[A-Z]{3}$/.test(currency)) fail("F166", `currency is ${show(currency)}`, 'Write its code: "USD"');
    if (digits !== undefined && (!isInteger(digits) || digits < 0 || digits > 20)) fail("F166", `digits is ${show(digits)}`, "Write a number from 0 to 20");
    return formatted("number", v, ["Int", "Float"], o, "options");
  },
  plural: (v, forms) => {
    const known = ["zero", "one", "two", "few", "many", "other"];
    const o = options(forms, "format.plural", known);
    if (typeof o.other !== "string") fail("F166", "format.plural needs other", 'Write { one: "# film", other: "# films" }');
    for (const k of keys(o)) if (typeof o[k] !== "string") fail("F166", `the form ${k} is ${show(o[k])}`, "Write a text");
    return formatted("plural", v, ["Int", "Float"], o, "forms");
  },
  relative: (v, unit) => {
    oneIn(unit === undefined ? null : unit, ["second", "minute", "hour", "day", "week", "month", "year"], "the unit");
    return formatted("relative", v, ["Int", "Float"], unit, "unit");
  },
});
