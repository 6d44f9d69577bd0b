// Runs once in every machine, before any computed function: what stays is what they may name, and none of it can be
// changed, so that no call sees what another left behind.
(function (frozenFunctions) {
  var kept = ["Math", "JSON", "Number", "String", "Boolean", "Array", "Object", "Map", "Set", "format",
    "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURIComponent", "decodeURIComponent", "undefined", "NaN", "Infinity"];
  var world = globalThis;
  var define = Object.defineProperty, freeze = Object.freeze, protoOf = Object.getPrototypeOf;
  var namesOf = Object.getOwnPropertyNames, describe = Object.getOwnPropertyDescriptor, fail = TypeError;

  // From a value nobody comes to its prototype or its constructor, but for the constructors that are named here: so
  // functions make no code, and only these need freezing. Freezing all would double what a machine costs.
  [function () {}, function* () {}, async function () {}, /x/, Promise.prototype, Symbol.prototype, BigInt.prototype, Error.prototype,
    TypeError.prototype, RangeError.prototype, ReferenceError.prototype, SyntaxError.prototype, URIError.prototype,
    EvalError.prototype, AggregateError.prototype, GoError.prototype].forEach(function (v, i) {
    define(i < 4 ? protoOf(v) : v, "constructor", { value: undefined, writable: false, configurable: false });
  });
  var protos = [Object, Math, JSON, format];
  ["Number", "String", "Boolean", "Array", "Map", "Set"].forEach(function (name) { protos.push(world[name], world[name].prototype); });
  ["__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__"].forEach(function (name) { delete Object.prototype[name]; });
  delete Object.setPrototypeOf;
  delete Object.getPrototypeOf;
  delete Math.random;
  delete String.raw;

  delete JSON.rawJSON;
  delete JSON.isRawJSON;
  delete Object.getOwnPropertySymbols; // a symbol is a key to iterators that never end
  delete Array.prototype.toLocaleString;
  delete world.eval;

  // A frozen Object.prototype would refuse `counts["constructor"] = 1` on any object below it, so what it holds are
  // accessors that define the property on that object.
  namesOf(Object.prototype).forEach(function (name) {
    var value = describe(Object.prototype, name).value;
    if (typeof value === "function") freeze(value);
    define(Object.prototype, name, {
      get() { return value; },
      set(v) {
        if (this === Object.prototype) throw new fail("Object.prototype cannot be changed");
        define(this, name, { value: v, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false, configurable: false,
    });
  });
  freeze(Object.prototype);
  // A function is an object too: what is kept on one would be there for the next call.
  protos.concat([Object.prototype, protoOf(function () {}), protoOf(/x/), protoOf([].values()), protoOf(new Map().entries()), protoOf(new Set().values()), Error.prototype])
    .forEach(frozenFunctions);
  protos.forEach(function (o) { freeze(o); });
  kept.forEach(function (name) { freeze(world[name]); define(world, name, { value: world[name], writable: false, enumerable: false, configurable: false }); });
  freeze(world);
})
