// The realm: what makes recording differ from one run to the next is refused, and so is code made of text. Library
// functions that would look at a symbolic value without asking it are replaced by ones that ask.
const refuse = (code, text, fix) => function () { fail(code, text, fix); };
const condition_ = (v, what) => { const m = metaOf(v); if (m) fail("F106", `${m.path} ${unknown}: it cannot decide ${what}`, "Use when() or .pick(), or put the logic in computed"); return v; };
const compare = (v, what) => { const m = metaOf(v); if (m) fail("F107", `${m.path} ${unknown}: it cannot be compared${what}`, "Use .is() with when() or .pick(), .orElse() where it may be null, or computed"); return v; };
const property = (v) => { const m = metaOf(v); if (m) fail("F108", `${m.path} ${unknown}: it cannot choose a property here`, `Use ${m.path}.pick({ … })`); return v; };

const hide = (on, name, v) => Object.defineProperty(on, name, { value: v, writable: false, configurable: false, enumerable: false });

// What one native call may make or walk: the engine cannot be interrupted inside one.
const longest = 1 << 20, mostItems = 100_000;

/** Puts a function before a native one that refuses too much work. */
function bound(on, name, fits) {
  const old = on[name];
  if (typeof old !== "function") return;
  hide(on, name, function (...args) {
    if (!fits(this, args)) fail("F198", `.${name}() makes too much`, "A package's constants are small: look at the numbers");
    return old.apply(this, args);
  });
}

function boundNatives(global) {
  const counted = (v) => !v || isSym(v) || !(v.length > mostItems);
  bound(String.prototype, "repeat", (self, [n]) => !(String(self).length * n > longest));
  for (const k of ["padStart", "padEnd"]) bound(String.prototype, k, (self, [n]) => !(n > longest));
  for (const k of ["fill", "join", "reverse", "sort", "toSorted", "toReversed", "toSpliced", "with", "unshift", "shift", "splice", "slice", "concat",
    "copyWithin", "flat", "flatMap", "keys", "values", "entries", "map", "forEach", "reduce", "reduceRight"]) bound(Array.prototype, k, (self) => counted(self));
  for (const k of ["replace", "replaceAll"]) bound(String.prototype, k, (self, [, to]) => !(typeof to === "string" && String(self).length * to.length > 16 * longest));
  bound(String, "raw", (_, [v]) => counted(v && v.raw));
  bound(Array, "from", (_, [v]) => counted(v));
  bound(JSON, "parse", (_, [v]) => !(String(v).length > 1 << 18));
  for (const k of ["BigInt", "ArrayBuffer", "SharedArrayBuffer", "DataView", "Atomics", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
    "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"]) hide(global, k, undefined);
}

function trapRealm(global) {
  boundNatives(global);
  const clock = refuse("F190", "the time is not known while recording", "Give a date of the graph to format.date or computed");
  const Dated = function () { return clock(); };
  for (const k of ["now", "parse", "UTC"]) Dated[k] = clock;
  hide(Date.prototype, "constructor", Dated);
  hide(global, "Date", Dated);
  hide(Math, "random", refuse("F191", "Math.random differs from one recording to the next", "Use cell() for experiments"));
  for (const k of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "clearTimeout", "clearInterval"]) {
    hide(global, k, refuse("F192", `there is no ${k}: nothing waits while recording`, 'Say how long a value may take: .orNull({ within: "30ms" })'));
  }
  for (const k of ["fetch", "XMLHttpRequest", "WebSocket", "require"]) {
    hide(global, k, refuse("F193", `there is no ${k}: packages call no servers`, "Ask the graph; platform teams connect it to servers"));
  }
  const code = refuse("F194", "code cannot be made of text here", "Write the function");
  hide(global, "eval", code);
  const made = [function () {}, async function () {}, function* () {}].map((f) => getPrototypeOf(f));
  for (const p of made) hide(p, "constructor", code);
  hide(global, "Function", code);
  hide(global, "WeakRef", undefined);
  hide(global, "GoError", undefined);
  // Engines look through a Proxy without end: it can be its own prototype, or its own handler's.
  const through = refuse("F195", "there is no Proxy while recording", "Use plain objects");
  through.revocable = through;
  hide(global, "Proxy", through);
  const quiet = () => {};
  hide(global, "console", freeze({ log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet, trace: quiet }));

  const Bool = global.Boolean;
  const asked = function Boolean(v) { return Bool(condition_(v, "true or false")); };
  asked.prototype = Bool.prototype;
  hide(global, "Boolean", asked);
  const same = Object.is;
  hide(Object, "is", (x, y) => same(compare(x, ""), compare(y, "")));

  // What these say of a symbolic value would be about the Proxy.
  const told = (on, names) => {
    for (const k of names) {
      const old = on[k];
      if (old) hide(on, k, (...args) => {
        const m = metaOf(args[0]);
        if (m) fail("F107", `${m.path} ${unknown}: it cannot be told by ${on.name}.${k}`, "Put the logic in computed");
        return old.apply(on, args);
      });
    }
  };
  told(Array, ["isArray"]);
  told(Number, ["isInteger", "isSafeInteger", "isFinite", "isNaN"]);

  const list = Array.prototype;
  for (const k of ["includes", "indexOf", "lastIndexOf"]) {
    const old = list[k];
    hide(list, k, function (v, ...from) {
      compare(v, ` by ${k}`);
      for (let i = 0; i < this.length; i++) compare(this[i], ` by ${k}`);
      return old.call(this, v, ...from);
    });
  }
  for (const k of ["filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex"]) {
    const old = list[k];
    if (!old) continue;
    hide(list, k, function (fn, self) {
      if (typeof fn !== "function") return old.call(this, fn, self);
      return old.call(this, (...args) => condition_(fn.apply(self, args), `a .${k}()`));
    });
  }
  for (const type of [Map, Set]) {
    for (const k of ["get", "has"]) {
      const old = type.prototype[k];
      if (old) hide(type.prototype, k, function (v) { const m = metaOf(v); if (m) fail("F108", `${m.path} ${unknown}: it cannot be looked up here`, `Use ${m.path}.pick({ … })`); return old.call(this, v); });
    }
  }
  const text = JSON.stringify;
  hide(JSON, "stringify", function (v, ...more) {
    const m = metaOf(v);
    if (m) refusals.text(m);
    return text(v, ...more);
  });

  const define = { __t: (v) => condition_(v, "a branch here"), __c: (v) => compare(v, " here"), __k: property,
    __a: (v) => { const m = metaOf(v); if (m) fail("F109", `${m.path} is not awaited: nothing waits while recording`, "Leave out async and await"); return v; },
    __f: (id, fn) => { if (typeof fn === "function") fnIds.set(fn, id); return fn; } };
  for (const k of keys(define)) hide(global, k, define[k]);
}
