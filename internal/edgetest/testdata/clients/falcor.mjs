// The falcor Model on the films: after every mutation a warm Model equals a cold one.
import assert from "node:assert/strict";
import { differ, run, same } from "./edge.mjs";
import { Client } from "./model.mjs";

const tv = "tv/v2";
const card = ["key", "id", "title", "art", "badge", "position", "progress"];
const home = [["home", ["name", "recent"]], ["home", "rows", "length"], ["home", "rows", { to: 3 }, "name"], ["home", "rows", { to: 3 }, "items", "length"],
  ["home", "rows", { to: 3 }, "items", { to: 4 }, ["__typename", "seasons", ...card]]];
const film = (id) => [["film", id, card], ["film", id, "similar", { to: 2 }, card]];
const me = [["me", ["name", "color", "maturity", "key"]], ["me", ["continueWatching", "myList"], "length"], ["me", ["continueWatching", "myList"], { to: 5 }, card]];
const everything = (id) => [...home, ...film(id), ...me];

// mutated asks for everything, changes it, and compares a warm Model with a cold one.
async function mutated(id, change) {
  const c = new Client(tv);
  const before = await c.get(...everything(id));
  await change(c, before);
  const after = await c.agrees("a warm Model", everything(id));
  return [before, after, c];
}

await run({
  async "a screen is one request, and what is known is not asked again"() {
    const c = new Client(tv);
    const v = await c.get(...home);
    assert.equal(v.home.name, "Ada");
    assert.equal(v.home.recent.length, 3);
    assert.ok(v.home.rows[0].items[0].title);
    assert.equal(c.requests.length, 1);
    await c.get(...home);
    assert.equal(c.requests.length, 1);
    await c.get(["home", "rows", 0, "items", 0, "similar", 0, "title"]);
    assert.equal(c.requests.length, 2);
    const key = v.home.rows[0].items[0].key;
    assert.deepEqual(c.requests[1].args[0], [["Card", key, "similar", 0, "title"]], "the Model asks below the identity");
  },

  async "what is missing is asked once"() {
    const c = new Client(tv);
    await c.get(["home", "rows", 39, "name"], ["film", "nobody-1900", "title"], ["Card", "nobody-1900", ["title", "nope"]], ["nope", "x"]);
    await c.get(["film", "jaws-1975", "nope"]);
    assert.equal(c.requests.length, 2);
  },

  async "setBookmark"() {
    const [before, after, c] = await mutated("jaws-1975", (c) => c.call(["setBookmark"], ["jaws-1975", 1234], [["title"], ["position"]], []));
    assert.equal(after.film["jaws-1975"].position, 1234);
    assert.equal(after.me.continueWatching[0].key, "jaws-1975");
    differ("what it started", after.me.continueWatching, before.me.continueWatching);
    same("the result", await c.get(["setBookmark", "result", ["title", "position"]]), { setBookmark: { result: { title: "Jaws", position: 1234 } } });
  },

  async "setBookmark of one that no page shows"() {
    const [before, after] = await mutated("jaws-1975", (c) => c.call(["setBookmark"], ["the-matrix-1999", 60]));
    assert.equal(after.me.continueWatching[0].key, "the-matrix-1999");
    assert.equal(after.me.continueWatching.length, before.me.continueWatching.length + 1);
  },

  async "clearBookmark"() {
    const [before, after] = await mutated("jaws-1975", (c) => c.call(["clearBookmark"], ["jaws-1975"], [["position"]]));
    assert.equal(before.film["jaws-1975"].position, 1234);
    assert.equal(after.film["jaws-1975"].position, null);
    assert.equal(after.me.continueWatching.length, before.me.continueWatching.length - 1);
  },

  async "set of a card's position, by identity and through references"() {
    let seconds = 100;
    for (const path of [["Card", "alien-1979", "position"], ["film", "alien-1979", "position"], ["home", "rows", 0, "items", 0, "position"]]) {
      seconds++;
      const [before, after] = await mutated("alien-1979", (c) => c.set({ path, value: seconds }));
      assert.equal(path.reduce((v, key) => v[key], { Card: after.film, ...after }), seconds);
      differ("what it started", after.me.continueWatching, before.me.continueWatching);
    }
  },

  async "set without the SDK's source: the value itself"() {
    const c = new Client(tv, {}, false);
    await c.get(...everything("alien-1979"));
    await c.set({ path: ["film", "alien-1979", "position"], value: 300 });
    const v = await c.agrees("what was set", [["film", "alien-1979", ["position", "title"]], ["Card", "alien-1979", "position"]]);
    assert.equal(v.film["alien-1979"].position, 300);
  },

  async "set of what nothing sets keeps its value"() {
    const [before, after] = await mutated("alien-1979", (c) => c.set({ path: ["Card", "alien-1979", "title"], value: "mine" }));
    same("the title", after.film["alien-1979"].title, before.film["alien-1979"].title);
  },

  async "addToMyList below the profile"() {
    const [before, after] = await mutated("alien-1979", (c) => c.call(["me", "myList", "push"], ["alien-1979"], [["title"]], [["length"], [0, "title"]]));
    assert.equal(after.me.myList.length, before.me.myList.length + 1);
    assert.equal(after.me.myList[0].key, "alien-1979");
  },

  async "addToMyList by identity"() {
    const [before, after] = await mutated("alien-1979", (c) => c.call(["Profile", "demo", "myList", "push"], ["the-matrix-1999"]));
    assert.equal(after.me.myList.length, before.me.myList.length + 1);
  },

  async "addToMyList at the root"() {
    const [before, after] = await mutated("alien-1979", (c) => c.call(["addToMyList"], ["jaws-1975"], [["title"]]));
    assert.equal(after.me.myList.length, before.me.myList.length + 1);
  },

  async "removeFromMyList"() {
    const [before, after] = await mutated("alien-1979", (c) => c.call(["me", "myList", "remove"], ["the-matrix-1999"]));
    assert.equal(after.me.myList.length, before.me.myList.length - 1);
    differ("the list", after.me.myList, before.me.myList);
    await mutated("alien-1979", (c) => c.call(["removeFromMyList"], ["jaws-1975"], [["key"]]));
  },

  async "another package's mutation on the same route"() {
    const c = new Client(tv);
    const watch = [["watch", "inception-2010", ["title", "tagline", "badge", "poster", "resumeAt", "released"]],
      ["watch", "inception-2010", ["credits"], ["director", "distributor", "basedOn"]], ["watch", "inception-2010", "ratings", ["public", "votes", "critics", "verdict"]]];
    await c.get(...watch, ...film("inception-2010"), ...me);
    await c.call(["saveProgress"], ["inception-2010", 777], [], []);
    const after = await c.agrees("a warm Model", [...watch, ...film("inception-2010"), ...me]);
    assert.equal(after.watch["inception-2010"].resumeAt, 777);
    // The two packages share a route, not their invalidations of each other's shapes.
    assert.equal(after.film["inception-2010"].position, 777);
  },

  async "the phone's mutations"() {
    const pages = [["home", ["name", "color"]], ["home", ["started", "myList"], "length"], ["home", ["started", "myList", "originals"], { to: 4 }, ["key", "title", "percent", "thumb", "badge"]],
      ["home", "rows", { to: 2 }, "items", { to: 3 }, ["__typename", "title", "percent", "films"]], ["film", "jaws-1975", ["title", "percent"]]];
    for (const [path, args] of [[["setBookmark"], ["jaws-1975", 600]], [["addToMyList"], ["up-2009"]], [["removeFromMyList"], ["up-2009"]]]) {
      const c = new Client("phone/v1");
      const before = await c.get(...pages);
      await c.call(path, args, [], []);
      differ(path[0], await c.agrees(path[0], pages), before);
    }
  },

  async "a mutation that gives an object: suffixes are below its references"() {
    const c = new Client("phone/v1");
    const v = await c.call(["addToMyList"], ["up-2009"], [["title"], ["key"]]);
    same("the card", v.addToMyList.result.card, { title: "Up", key: "up-2009" });
    assert.ok(v.addToMyList.result.total > 3);
    await c.call(["removeFromMyList"], ["up-2009"]);
  },

  async "a mutation that fails rejects, and changes nothing"() {
    const c = new Client(tv);
    await c.get(...film("jaws-1975"));
    await assert.rejects(c.call(["setBookmark"], ["nobody-1900", 5]), (e) => !/undefined/.test(e.message));
    await assert.rejects(c.call(["setBookmark"], ["jaws-1975", -5]));
    await c.agrees("a warm Model", film("jaws-1975"));
  },
});
