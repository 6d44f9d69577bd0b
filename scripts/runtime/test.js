// What a test file imports as "@facet/sdk/test". The host renders; everything else is here. It is an expression: a
// function of the host that gives the exports, the tests that were declared and how to run one.
(function (host) {
  "use strict";
  const tests = [], path = [];
  let current = null;

  function test(name, run) {
    if (current) throw new Error("test() stands inside a test; declare it beside it");
    if (typeof run !== "function") throw new Error(`test ${JSON.stringify(name)} has no function`);
    tests.push({ name: [...path, String(name)].join(" > "), run, at: new Error("declared").stack });
  }
  function describe(name, declare) {
    path.push(String(name));
    try {
      const got = declare();
      if (got && typeof got.then === "function") throw new Error(`describe ${JSON.stringify(name)} is asynchronous; its tests may be`);
    } finally { path.pop(); }
  }

  // Tiers ----------------------------------------------------------------------------------------------------------
  const kinds = ["unavailable", "timeout", "bad_answer"];
  const secret = new WeakMap();
  function tiersOf(state) {
    const known = (operation) => { if (!host.operation(operation)) throw new Error(`the graph has no operation or source ${JSON.stringify(operation)}${host.near(operation)}`); };
    const t = Object.freeze({
      fail(operation, kind = "unavailable") {
        known(operation);
        if (!kinds.includes(kind)) throw new Error(`a tier fails by ${kinds.join(", ")}, not by ${JSON.stringify(kind)}`);
        return tiersOf({ ...state, fails: { ...state.fails, [operation]: kind } });
      },
      delay(operation, by) {
        known(operation);
        if (!/^[0-9]+(\.[0-9]+)?(ms|s)$/.test(by)) throw new Error(`a delay is "120ms" or "1s", not ${JSON.stringify(by)}`);
        return tiersOf({ ...state, delays: { ...state.delays, [operation]: by } });
      },
      answer(operation, body) {
        known(operation);
        return tiersOf({ ...state, answers: { ...state.answers, [operation]: JSON.parse(JSON.stringify(body)) } });
      },
    });
    secret.set(t, state);
    return t;
  }
  const noTiers = { answers: {}, fails: {}, delays: {} };
  const tiers = Object.freeze({
    from: (file) => {
      const answers = JSON.parse(host.read(String(file)));
      return Object.keys(answers).reduce((t, op) => t.answer(op, answers[op]), tiersOf({ ...noTiers, file: String(file) }));
    },
    of: (answers) => Object.keys(answers).reduce((t, op) => t.answer(op, answers[op]), tiersOf(noTiers)),
  });

  // Rendering ------------------------------------------------------------------------------------------------------
  const hidden = (o, name) => {
    if (o === null || typeof o !== "object" && typeof o !== "function") return undefined;
    const s = Object.getOwnPropertySymbols(o).find((k) => k.description === name);
    return s && o[s];
  };
  const settings = ["viewer", "device", "form", "locale", "bandwidth", "appVersion", "region", "cells", "now", "random", "tiers", "fields", "args"];
  // Not an async function: what is asked wrongly fails at the line that asks.
  function render(what, setting) {
    const warm = hidden(what, "warm-up");
    const declared = warm ? warm.of : hidden(what, "view");
    if (!declared) throw new Error("render() takes a view, a mutation or view.with({ … })");
    const name = Object.keys(host.entry()).find((k) => hidden(host.entry()[k], "view") === declared);
    if (name === undefined) throw new Error(`render() was given a ${declared.what} that the package does not export`);
    if (setting === null || typeof setting !== "object" || !secret.has(setting.tiers)) throw new Error('render() needs tiers: tiers.from("./fixtures/x.json") or tiers.of({ … })');
    for (const k of Object.keys(setting)) if (!settings.includes(k)) throw new Error(`render() has no option ${JSON.stringify(k)}: ${settings.join(", ")}`);
    const { answers, fails, delays, file } = secret.get(setting.tiers);
    const viewer = typeof setting.viewer === "string" ? { id: setting.viewer } : setting.viewer;
    const args = { ...(warm ? JSON.parse(warm.args) : {}), ...setting.args };
    const { device, form, bandwidth, appVersion, locale, region, cells, random, fields } = setting;
    if (random !== undefined && !(random >= 0 && random < 1)) throw new Error(`random is a number from 0 to below 1, not ${show(random)}`);
    const now = setting.now === undefined ? undefined : String(setting.now);
    return Promise.resolve(JSON.parse(host.render(JSON.stringify({
      mutation: declared.what !== "view", name, args, viewer, device, form, bandwidth, appVersion, locale, region, cells, now, random, fields, tiers: { answers, fails, delays, file },
    }))));
  }

  // Assertions -----------------------------------------------------------------------------------------------------
  const show = (v) => {
    if (v === undefined) return "undefined";
    if (typeof v === "function") return "a function";
    if (typeof v === "number" || typeof v === "bigint" || typeof v === "symbol") return String(v);
    let text;
    try { text = JSON.stringify(v); } catch (e) { text = String(v); }
    return text.length > 400 ? text.slice(0, 400) + "…" : text;
  };
  const isList = Array.isArray;
  const plain = (v) => v !== null && typeof v === "object";
  /** Where two values first differ: undefined if nowhere. `part` leaves out properties that only `got` has. */
  function differs(got, want, part, at) {
    if (Object.is(got, want) || got === want) return undefined;
    if (!plain(got) || !plain(want) || isList(got) !== isList(want)) return { at, got, want };
    if (isList(got)) {
      for (let i = 0; i < Math.min(got.length, want.length); i++) {
        const d = differs(got[i], want[i], part, `${at}[${i}]`);
        if (d) return d;
      }
      return got.length === want.length ? undefined : { at: `${at}.length`, got: got.length, want: want.length };
    }
    for (const k of Object.keys(want)) {
      if (want[k] === undefined && !(k in got)) continue;
      const d = differs(got[k], want[k], part, `${at}.${k}`);
      if (d) return d;
    }
    if (!part) for (const k of Object.keys(got)) if (!(k in want) && got[k] !== undefined) return { at: `${at}.${k}`, got: got[k], want: undefined };
    return undefined;
  }
  const text = (d) => `${d.at ? `at ${d.at.replace(/^\./, "")}: ` : ""}got ${show(d.got)}, want ${show(d.want)}`;

  function expect(got) {
    const matchers = (no) => {
      const check = (ok, sentence) => { if (ok === no) throw new Error(no ? `got ${show(got)}, which was not to be so` : sentence()); };
      const number = (name, v) => { if (typeof v !== "number") throw new Error(`${name} compares numbers; got ${show(v)}`); };
      return {
        toBe: (want) => check(Object.is(got, want), () => `got ${show(got)}, want ${show(want)}`),
        toEqual: (want) => { const d = differs(got, want, false, ""); check(!d, () => text(d)); },
        toMatchObject: (want) => { const d = differs(got, want, true, ""); check(!d, () => text(d)); },
        toContain: (want) => {
          if (typeof got !== "string" && !isList(got)) throw new Error(`toContain looks into a list or a text; got ${show(got)}`);
          check(typeof got === "string" ? got.indexOf(want) >= 0 : got.some((v) => Object.is(v, want)), () => `${show(got)} does not contain ${show(want)}`);
        },
        toHaveLength: (n) => check(got !== null && got !== undefined && got.length === n, () => `got the length ${show(got && got.length)}, want ${n}: ${show(got)}`),
        toBeNull: () => check(got === null, () => `got ${show(got)}, want null`),
        toBeTruthy: () => check(!!got, () => `got ${show(got)}, want something`),
        toBeGreaterThan: (n) => { number("toBeGreaterThan", got); check(got > n, () => `got ${show(got)}, want more than ${n}`); },
        toBeLessThanOrEqual: (n) => { number("toBeLessThanOrEqual", got); check(got <= n, () => `got ${show(got)}, want at most ${n}`); },
        toMatchSnapshot: (name) => {
          if (no) throw new Error("a snapshot cannot be negated");
          if (!current) throw new Error("a snapshot belongs to a test");
          const key = `${current.name}${name === undefined ? (current.snaps++ ? ` ${current.snaps}` : "") : `: ${name}`}`;
          const kept = host.snapshot(key, JSON.stringify(got === undefined ? null : got));
          if (kept !== "") { const d = differs(JSON.parse(JSON.stringify(got === undefined ? null : got)), JSON.parse(kept), false, ""); if (d) throw new Error(`the snapshot differs: ${text(d)}; if that is right: edge test --update`); }
        },
      };
    };
    return Object.freeze({ ...matchers(false), not: Object.freeze(matchers(true)) });
  }

  const sdk = Object.freeze({ test, describe, expect, render, tiers });
  const run = (i) => { current = tests[i]; current.snaps = 0; return (async () => { await current.run(); })(); };
  return { sdk, names: () => tests.map((t) => ({ name: t.name, at: t.at })), run, done: () => { current = null; } };
})
