// The stock falcor Model over the stock HTTP data source against a live server: node client.mjs <url of model.json> <control url>
import assert from "node:assert/strict";
import falcor from "falcor";
import HttpDataSource from "falcor-http-datasource";

const [url, control] = process.argv.slice(2);
let requests = [];

// source counts what the Model sends.
function source() {
  const inner = new HttpDataSource(url, { timeout: 10_000 });
  const counted = {};
  for (const method of ["get", "set", "call"]) {
    counted[method] = (...args) => {
      requests.push({ method, args });
      return inner[method](...args);
    };
  }
  return counted;
}

const model = () => new falcor.Model({ source: source() });
const promise = (response) => new Promise((resolve, reject) => response.subscribe((v) => (last = v), reject, () => resolve(last)));
let last;
async function ask(response) {
  last = undefined;
  return promise(response);
}
// plain leaves out what the Model adds for itself.
const plain = (v) => JSON.parse(JSON.stringify(v ?? null, (k, x) => (k === "$__path" ? undefined : x)));

const tests = {
  async "ranges, key sets and references"() {
    const v = plain(await ask(model().get(["home", "rows", { to: 1 }, "name"], ["home", "rows", { to: 1 }, "items", [0, 3], ["title", "art"]], ["home", "rows", "length"], ["home", ["name", "recent"]])));
    assert.equal(v.json.home.name, "Demo");
    assert.deepEqual(v.json.home.recent, ["jaws", "heat", "alien"]);
    assert.equal(v.json.home.rows.length, 5);
    assert.equal(v.json.home.rows[1].items[3].title, "Film t5");
    assert.equal(v.json.home.rows[0].items[0].art, "http://art/t0");
    assert.equal(requests.length, 1);
  },
  async "what is cached is not asked again, and optimised paths agree"() {
    const m = model();
    await ask(m.get(["home", "rows", 0, "items", 0, "title"]));
    await ask(m.get(["home", "rows", 0, "items", 0, "title"]));
    assert.equal(requests.length, 1);
    const v = plain(await ask(m.get(["home", "rows", 0, "items", 0, ["title", "progress"]])));
    assert.deepEqual(v.json.home.rows[0].items[0], { title: "Film t0", progress: { minutesLeft: null, state: "NEW" } });
    assert.deepEqual(requests[1].args[0], [["Card", "t0", "progress"]]);
  },
  async recursion() {
    const v = plain(await ask(model().get(["film", "t1", "similar", { to: 1 }, "similar", 0, "title"])));
    assert.equal(v.json.film.t1.similar[1].similar[0].title, "Film t4");
    assert.equal(requests.length, 1);
  },
  async "what is missing is asked once"() {
    const v = plain(await ask(model().get(["home", "rows", { from: 4, to: 9 }, "name"], ["nope", "x"], ["film", "t9", "title"], ["Card", "nobody", "title"], ["Card", "t1", "nope"])));
    assert.deepEqual(v.json.home.rows, { 4: { name: "Row 4" } });
    assert.equal(requests.length, 1);
  },
  async "unknown fields of some members"() {
    const v = plain(await ask(model().get(["home", "rows", 0, "items", { to: 3 }, ["title", "seasons", "progress"]])));
    assert.equal(v.json.home.rows[0].items[1].seasons, 3);
    assert.equal(v.json.home.rows[0].items[0].title, "Film t0");
    assert.equal(requests.length, 1);
  },
  async "__proto__ pollutes nobody"() {
    await ask(model().get(["Card", "t1", ["constructor", "title"]]));
    assert.equal({}.title, undefined);
    assert.equal(requests.length, 1);
  },
  async "a shape under two profiles in one Model never mixes them"() {
    const m = model();
    const paths = [["Watched", ["demo", "kid"], ["t20", "t21"], ["at", "id"]]];
    const v = plain(await ask(m.get(...paths)));
    assert.deepEqual(v.json.Watched, {
      demo: { t20: { at: 60, id: "Watched:demo:t20" }, t21: { at: null, id: "Watched:demo:t21" } },
      kid: { t20: { at: 90, id: "Watched:kid:t20" }, t21: { at: null, id: "Watched:kid:t21" } },
    });
    await same(m, paths);
  },
  async "another's profile is forbidden at its leaf"() {
    let seen;
    const errors = await new Promise((resolve) => model().get(["Watched", ["demo", "stranger"], "t20", "at"]).subscribe((v) => (seen = plain(v)), resolve, () => resolve(null)));
    assert.equal(seen.json.Watched.demo.t20.at, 60);
    assert.equal(errors[0].value.code, "forbidden");
  },
  async "an error at its leaf, all else beside it"() {
    await fetch(control + "?fail=artwork.Title.artwork", { method: "POST" });
    const m = model();
    let seen;
    const errors = await new Promise((resolve) => m.get(["film", "t1", ["title", "art", "key"]]).subscribe((v) => (seen = plain(v)), resolve, () => resolve(null)));
    await fetch(control + "?heal=artwork.Title.artwork", { method: "POST" });
    assert.equal(seen.json.film.t1.title, "Film t1");
    // art is nullable by the graph, so that its failure is an error at the leaf.
    assert.equal(errors.length, 1);
    assert.deepEqual(errors[0].path, ["film", "t1", "art"]);
    assert.equal(errors[0].value.code, "unavailable");
    const v = plain(await ask(m.get(["film", "t1", ["title", "art"]]))); // $expires: 0: it is asked again
    assert.equal(v.json.film.t1.art, "http://art/t1");
  },
  async "set through a reference"() {
    const m = model();
    await ask(m.get(["film", "t2", ["title", "progress"]]));
    const v = plain(await ask(m.set({ path: ["film", "t2", "progress"], value: 120 })));
    assert.deepEqual(v.json.film.t2.progress, { minutesLeft: 120, state: "STARTED" });
    await same(m, [["film", "t2", ["title", "progress"]]]);
  },
  async "set of something read-only"() {
    const m = model();
    const v = plain(await ask(m.set({ path: ["Card", "t2", "title"], value: "mine" })));
    assert.equal(v.json.Card.t2.title, "Film t2");
    await same(m, [["Card", "t2", "title"]]);
  },
  async "set that fails"() {
    const m = model();
    const errors = await new Promise((resolve) => m.set({ path: ["Card", "t0", "progress"], value: 60 }).subscribe(() => {}, resolve, () => resolve(null)));
    assert.equal(errors[0].value.code, "unavailable");
  },
  async "call with suffixes, and what it invalidates"() {
    const m = model();
    const pages = [["home", "name"], ["home", "rows", { to: 1 }, "items", { to: 3 }, ["title", "progress"]], ["film", "t4", "progress"]];
    await ask(m.get(...pages));
    const v = plain(await ask(m.call(["setBookmark"], ["t4", 300], [["title"], ["progress"]], [])));
    assert.deepEqual(v.json.setBookmark.result, { title: "Film t4", progress: { minutesLeft: 300, state: "STARTED" } });
    await same(m, pages);
  },
  async "call below a shape, through a reference"() {
    const m = model();
    const pages = [["me", ["name"]], ["me", "myList", ["length", { to: 4 }], ["title", "key"]]];
    await ask(m.get(["me", "name"], ["me", "myList", "length"], ["me", "myList", { to: 4 }, ["title", "key"]]));
    await ask(m.call(["me", "myList", "push"], ["t7"], [["title"]], [["length"]]));
    await same(m, [["me", "name"], ["me", "myList", "length"], ["me", "myList", { to: 4 }, ["title", "key"]]]);
    await ask(m.call(["Profile", "demo", "myList", "push"], ["t8"]));
    await same(m, [["me", "myList", "length"], ["me", "myList", { to: 4 }, ["title", "key"]]]);
    assert.ok(pages);
  },
  async "eight calls at once are all kept"() {
    const m = model();
    const before = plain(await ask(m.get(["me", "myList", "length"]))).json.me.myList.length;
    await Promise.all(Array.from({ length: 8 }, (_, i) => promise(model().call(["addToMyList"], ["t" + (10 + i)]))));
    const after = plain(await ask(model().get(["me", "myList", "length"]))).json.me.myList.length;
    assert.equal(after, before + 8);
  },
  async "a call that fails rejects with its sentence"() {
    const error = await new Promise((resolve) => model().call(["setBookmark"], ["t0", 1]).subscribe(() => {}, resolve, () => resolve(null)));
    assert.match(String(error.message ?? error), /failed/);
  },
  async "an unknown function rejects"() {
    const error = await new Promise((resolve) => model().call(["nope"], []).subscribe(() => {}, resolve, () => resolve(null)));
    assert.match(String(error.message ?? error), /no function/);
  },
};

// same says that a warm Model and a cold one agree.
async function same(warm, paths) {
  const w = plain(await ask(warm.get(...paths)));
  const c = plain(await ask(model().get(...paths)));
  assert.deepEqual(w, c);
}

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  requests = [];
  try {
    await test();
    console.log("ok   " + name);
  } catch (e) {
    failed++;
    console.log("FAIL " + name + "\n" + (e?.stack ?? JSON.stringify(e)));
  }
}
process.exit(failed === 0 ? 0 : 1);
