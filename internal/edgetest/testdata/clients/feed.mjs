// The SDK's feed with stock clients: what a phone writes a television's warm cache knows of, and nobody else's.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { evict } from "@facet/sdk/apollo";
import { invalidate } from "@facet/sdk/falcor";
import { listen } from "@facet/sdk/feed";
import { at, post, run } from "./edge.mjs";
import { Client } from "./model.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(what, holds) {
  for (let i = 0; !(await holds()) && i < 400; i++) await pause(25);
  assert.ok(await holds(), what);
}
const mark = (title, at, headers) => post("phone/v1", `mutation { setBookmark(title: "${title}", positionSeconds: ${at}) { id } }`, {}, headers);
const feed = (route, options) => listen(at(route, "invalidated.sse"), { onLost: () => {}, onInvalidated: () => {}, ...options });

// An edge that says what it is told to, connection by connection.
async function scripted(...connections) {
  const asked = [];
  const server = createServer((req, res) => connections[Math.min(asked.push(req), connections.length) - 1](res));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { asked, url: `http://127.0.0.1:${server.address().port}/`, close: () => (server.closeAllConnections(), server.close()) };
}
const begin = (res, ...texts) => {
  res.writeHead(200, { "content-type": "text/event-stream" });
  res.write("retry: 1\nevent: ready\ndata: {}\n\n");
  for (const text of texts) res.write(text);
};

await run({
  async "Apollo: a page that is watched asks again after another device wrote"() {
    const cache = new InMemoryCache();
    const client = new ApolloClient({ cache, link: new HttpLink({ uri: at("tv/v2", "graphql") }) });
    const told = [];
    const f = feed("tv/v2", { onInvalidated: (entries) => { told.push(...entries); evict(cache, entries); }, onLost: () => assert.fail("nothing was lost") });
    assert.equal(await f.ready, true);
    const seen = [];
    const s = client.watchQuery({ query: gql(`{ me { id continueWatching(first: 1) { id position } } }`) }).subscribe((r) => r.data?.me && !r.loading && seen.push(r.data.me.continueWatching[0]));
    await until("the page", () => seen.length > 0);
    await mark("alien-1979", 4321);
    await until("the page has what the phone wrote", () => seen.at(-1)?.id === "Card:alien-1979" && seen.at(-1).position === 4321);
    assert.ok(told.some((e) => e.typename === "Profile" && e.id === "Profile:demo" && e.field === "continueWatching"), JSON.stringify(told));
    s.unsubscribe();
    f.close();
  },

  async "falcor: a warm Model equals a cold one after another device wrote"() {
    const c = new Client("tv/v2");
    let heard = 0;
    const f = feed("tv/v2", { onInvalidated: (entries) => { heard++; invalidate(c.model, entries); } });
    await f.ready;
    const paths = [["film", "jaws-1975", ["title", "position", "progress"]], ["me", "continueWatching", { to: 3 }, ["key", "position"]]];
    await c.agrees("before", paths);
    await mark("jaws-1975", 2345);
    await until("it is told", () => heard > 0);
    const after = await c.agrees("after", paths);
    assert.equal(after.film["jaws-1975"].position, 2345);
    f.close();
  },

  async "a film's bookmark is told to its own profile, and after the close to nobody"() {
    const mine = [], theirs = [];
    const a = feed("tv/v2", { onInvalidated: (e) => mine.push(...e) });
    const b = feed("tv/v2", { onInvalidated: (e) => theirs.push(...e), headers: { "facet-profile": "kids" } });
    await Promise.all([a.ready, b.ready]);
    await mark("jaws-1975", 11);
    await mark("up-2009", 22, { "facet-profile": "kids" });
    const films = (list) => [...new Set(list.filter((e) => e.typename === "Card").map((e) => e.id))];
    await until("both are told", () => films(mine).length > 0 && films(theirs).length > 0);
    assert.deepEqual([films(mine), films(theirs)], [["Card:jaws-1975"], ["Card:up-2009"]]);
    a.close();
    b.close();
    const n = mine.length;
    await mark("jaws-1975", 12);
    await pause(100);
    assert.equal(mine.length, n);
  },

  async "a schema that is not there is refused once"() {
    let status, times = 0;
    const f = listen(at("fridge/v1", "invalidated.sse"), { onInvalidated() {}, onLost() {}, onRefused: (s) => { status = s; times++; } });
    assert.equal(await f.ready, false);
    assert.deepEqual([status, times], [404, 1]);
  },

  async "breaks are mended, and said to be losses"() {
    let lost = 0;
    const told = [];
    const entry = (n) => `event: invalidated\ndata: [{"typename":"Query","field":"v${n}","path":["v${n}"]}]\n\n`;
    const s = await scripted(
      (res) => { res.writeHead(503, { "content-type": "application/problem+json" }); res.end("{}"); },
      (res) => { begin(res, entry(1), entry(2).slice(0, 30)); setTimeout(() => res.destroy(), 20); }, // in the middle of an event
      (res) => { begin(res, ": still here\r\n\r\n", entry(3).replaceAll("\n", "\r\n"), "event: lost\ndata: {}\n\n"); res.end(); },
      (res) => begin(res, entry(4)),
    );
    const f = listen(s.url, { onInvalidated: (e) => told.push(e[0].field), onLost: () => lost++ });
    assert.equal(await f.ready, true);
    await until("all are told", () => told.length === 3);
    assert.deepEqual(told, ["v1", "v3", "v4"]);
    assert.equal(lost, 3, "two breaks after it listened, and one that the edge tells");
    f.close();
    s.close();
  },

  async "a callback that throws ends no connection"() {
    const s = await scripted((res) => begin(res, ...[1, 2].map((n) => `event: invalidated\ndata: [${n}]\n\n`)));
    const told = [], said = [], error = console.error;
    console.error = (e) => said.push(e.message);
    const f = listen(s.url, { onLost() {}, onInvalidated: ([n]) => { told.push(n); throw new TypeError(`of ${n}`); } });
    await until("both are told", () => told.length === 2);
    console.error = error;
    assert.deepEqual([told, said, s.asked.length], [[1, 2], ["of 1", "of 2"], 1]);
    f.close();
    s.close();
  },

  async "a connection that says nothing is dead"() {
    const s = await scripted((res) => begin(res), (res) => begin(res, "event: invalidated\ndata: []\n\n"));
    let lost = 0, told = 0;
    const f = listen(s.url, { silence: 100, onInvalidated: () => told++, onLost: () => lost++ });
    await until("it comes again", () => told > 0 && lost > 0);
    f.close();
    const n = s.asked.length;
    await pause(150);
    assert.equal(s.asked.length, n, "it asked after the close");
    s.close();
  },
});
