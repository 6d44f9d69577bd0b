// Handlers, and the metrics that a package declares.
const METRIC = Symbol("metric");
const metricsDeclared = [];
const handlers = [];

const handler = (def) => declared(def, "handler", "run",
  ["args", "loads", "mutations", "returns", "deadline", "cpu", "limits", "sampleLog", "slo", "run"]);

/** The views or mutations that a handler names for itself. */
function privates(list, what, wants, taken) {
  if (list === undefined) return [];
  const example = wants === "view" ? "loads: { title: view({ … }) }" : "mutations: { save: mutation({ … }) }";
  if (!isPlain(list)) fail("F220", `${what} is ${show(list)}`, `Write ${example}`);
  return keys(list).map((k) => {
    const d = list[k] !== null && typeof list[k] === "object" ? list[k][VIEW] : undefined;
    if (!d || d.what !== wants) fail("F220", `${what}.${k} is ${d ? a(d.what) : show(list[k])}, not a ${wants}`, `Write ${example}`);
    if (!fieldName.test(k) || k.startsWith("__") || k === "then") fail("F138", `${quote(k)} cannot be the name of a ${wants}`, "Use letters, digits and _");
    if (taken.has(k)) fail("F220", `${quote(k)} is a load and a mutation`, "Rename one of them");
    taken.add(k);
    d.used = true;
    return [k, d];
  });
}

const mostOf = { deadline: 10e9, cpu: 500e6 };
function spanOf(text, what) {
  if (text === undefined) return undefined;
  const n = duration(text, what);
  if (n > mostOf[what]) fail("F222", `${what} is ${show(text)}, more than a handler may have`, `At the most ${mostOf[what] / 1e6}ms`);
  return n;
}
const limitsKnown = { loads: 1000, parallel: 200, mutations: 50, lines: 100, counts: 500, result: 1 << 20, turns: 1000 };
function quotaOf(o) {
  const q = { deadline: spanOf(o.deadline, "deadline"), cpu: spanOf(o.cpu, "cpu") };
  const list = options(o.limits, "limits", keys(limitsKnown));
  for (const k of keys(list)) {
    if (!isInteger(list[k]) || list[k] < 1 || list[k] > limitsKnown[k]) fail("F222", `limits.${k} is ${show(list[k])}`, `Write a whole number from 1 to ${limitsKnown[k]}`);
    q[k] = list[k];
  }
  return q;
}
function objectiveOf(o) {
  if (o === undefined) return undefined;
  const { share, within } = options(o, "slo", ["share", "within"]);
  if (typeof share !== "number" || !(share > 0 && share < 1)) fail("F222", `slo.share is ${show(share)}`, "Write a share below 1: 0.999");
  return { share, within: duration(within, "slo.within") };
}

function recordHandler(name, d) {
  const o = d.def;
  const taken = new Set();
  const fn = fnIds.get(o.run);
  if (fn === undefined) fail("F163", "run wants a function of the package's own", "Write run: async (args, ctx) => { … }");
  const loads = privates(o.loads, "loads", "view", taken), changes = privates(o.mutations, "mutations", "mutation", taken);
  const h = { name, fn, args: d.args, at: d.at, views: [], mutations: [], quota: quotaOf(o), slo: objectiveOf(o.slo) };
  if (o.sampleLog !== undefined) {
    if (typeof o.sampleLog !== "number" || !(o.sampleLog > 0 && o.sampleLog <= 1)) fail("F222", `sampleLog is ${show(o.sampleLog)}`, "Write the share of requests that are logged: 0.1");
    h.sample = o.sampleLog;
  }
  if (o.returns !== undefined) h.result = resultType(o.returns, "returns");
  const index = handlers.length;
  handlers.push(h);
  for (const [k, x] of loads) { done.views.push(recordView(`${name}.${k}`, x)); h.views.push(`${name}.${k}`); owned(); }
  for (const [k, x] of changes) {
    const m = recordMutation(`${name}.${k}`, x);
    done.mutations.push({ ...m, sets: undefined, on: undefined, as: undefined });
    h.mutations.push(`${name}.${k}`);
    owned();
  }
  scope = newScope(`handler ${name}`, "mutation");
  declaring = d.at;
  const m = { name, args: d.args, at: d.at, handler: index + 1, effects: [], metrics: [] };
  if (h.result) m.output = { kind: "leaf", value: push(value("handler", h.result, { __proto__: null, func: index })), type: h.result };
  return { ...m, values: scope.values };
}

// Metrics ----------------------------------------------------------------------------------------------------------------

const mostValues = 50, mostSeries = 1000, mostBuckets = 30;
function metric(kind, name, opts) {
  const write = kind === "counter" ? 'counter("finished", { labels: { form: ["tv", "phone"] } })' : 'histogram("watched_minutes", { buckets: [1, 10, 60] })';
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]{0,60}$/.test(name)) fail("F223", `${show(name)} cannot be a metric's name`, `Use small letters, digits and _: ${write}`);
  const o = options(opts, kind, kind === "counter" ? ["labels", "doc"] : ["labels", "buckets", "doc"]);
  const m = { name, kind, at: host.at(), labels: [] };
  if (o.doc !== undefined) m.doc = typeof o.doc === "string" ? o.doc : fail("F223", `doc is ${show(o.doc)}`, "Write a sentence");
  if (o.labels !== undefined && !isPlain(o.labels)) fail("F223", `labels are ${show(o.labels)}`, `Write ${write}`);
  let series = 1;
  for (const k of keys(o.labels || {})) {
    const of = o.labels[k], d = of !== null && typeof of === "object" && !isSym(of) ? of[DECLARED] : undefined;
    const list = d && d.values ? d.values : of;
    if (!/^[a-z][a-z0-9_]*$/.test(k) || ["device", "schema", "package", "version", "track", "le"].some((x) => x === k)) fail("F223", `${quote(k)} cannot be a label`, "Use small letters; device, schema, package, version and track come by themselves");
    if (!isArray(list) || list.length === 0 || [...list].some((v) => typeof v !== "string")) fail("F224", `label ${quote(k)} of ${name} has no list of values: it could have any number of them`, `Write every value that it can have: ${k}: ["tv", "phone"]`);
    if (new Set(list).size !== list.length) fail("F223", `label ${quote(k)} has a value twice`, "Name each once");
    if (list.length > mostValues) fail("F224", `label ${quote(k)} of ${name} has ${list.length} values; ${mostValues} are the most`, "Group them: every value is a time series on every instance");
    series *= list.length;
    m.labels.push({ name: k, values: [...list] });
  }
  if (series > mostSeries) fail("F224", `${name} would have ${series} series; ${mostSeries} are the most`, "Leave out a label, or give one fewer values");
  if (o.buckets !== undefined) {
    if (!isArray(o.buckets) || o.buckets.length === 0 || o.buckets.length > mostBuckets) fail("F223", `buckets are ${show(o.buckets)}`, `Write 1 to ${mostBuckets} upper bounds`);
    for (let i = 0; i < o.buckets.length; i++) if (typeof o.buckets[i] !== "number" || !finite(o.buckets[i]) || i > 0 && o.buckets[i] <= o.buckets[i - 1]) fail("F223", "buckets do not ascend", "Write upper bounds, the least first");
    m.buckets = [...o.buckets];
  }
  const old = metricsDeclared.find((x) => x.name === name);
  if (old) {
    if (stringify({ ...old, at: 0 }) !== stringify({ ...m, at: 0 })) fail("F223", `the metric ${name} is declared twice, differently`, "Rename one of them", { at: old.at, text: "the other one" });
    m.again = true;
  }
  if (metricsDeclared.length >= 100) fail("F224", "the package declares more than 100 metrics", "Use labels");
  metricsDeclared.push(m);
  return freeze({ [METRIC]: name });
}
const counter = (name, o) => metric("counter", name, o);
const histogram = (name, o) => metric("histogram", name, o);

/** Checks what a recorded mutation counts: labels are declared, or can only have few values. */
function boundedLabels(name, labels) {
  const d = metricsDeclared.find((x) => x.name === name);
  if (d && d.kind !== "counter") fail("F225", `${name} is a ${d.kind}: a mutation counts`, "Count it in a handler, or declare a counter");
  for (const k of keys(labels)) {
    const m = metaOf(labels[k]);
    if (d) {
      const l = d.labels.find((x) => x.name === k);
      if (!l) fail("F226", `${name} has no label ${quote(k)}`, meant(k, d.labels.map((x) => x.name)));
      if (!m && !l.values.some((v) => v === labels[k])) fail("F226", `label ${quote(k)} of ${name} is never ${show(labels[k])}`, meant(labels[k], l.values));
    } else if (m && unboundedValue(scope.values[idOf(m)])) {
      fail("F228", `label ${quote(k)} of ${name} is ${m.path}: it could have any number of values`, `Declare it: counter(${quote(name)}, { labels: { ${k}: [ … ] } })`);
    }
  }
}
const unboundedValue = (v) => v.op === "context" && (v.name === "viewer.id" || v.name === "viewer.profile.id")
  || v.op === "arg" && ["ID", "String", "Int", "Float"].some((t) => t === baseName(v.type)) || v.op === "field" && baseName(v.type) === "ID";
