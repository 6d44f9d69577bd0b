// A shape with a profile argument over an entity whose key has two parts: two profiles in one Model never mix.
import assert from "node:assert/strict";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { at, get, post, run, same } from "./edge.mjs";
import { Client } from "./model.mjs";

const wall = "wall/v1";
const fields = ["key", "id", "title", "seconds"];
const both = [["both", "lost", "demo", "kids", "title"], ["both", "lost", "demo", "kids", ["left", "right"], "length"],
  ["both", "lost", "demo", "kids", ["left", "right"], { to: 2 }, fields], ["both", "lost", "demo", "kids", "plain", { to: 2 }, ["key", "id", "title"]]];
const seconds = (list) => [0, 1, 2].map((i) => list[i].seconds);

await run({
  async "two profiles in one Model"() {
    const c = new Client(wall);
    const v = (await c.get(...both)).both.lost.demo.kids;
    assert.deepEqual(seconds(v.left), [11, 12, null]);
    assert.deepEqual(seconds(v.right), [21, null, 23]);
    assert.equal(v.left[0].key, "lost~1");
    assert.equal(v.left[0].id, "Mark:demo:lost%7E1");
    assert.equal(v.right[0].id, "Mark:kids:lost%7E1");
    assert.equal(v.plain[0].id, "Plain:lost%7E1");
    assert.equal(c.requests.length, 1);
    // What the first request brought is known under the other's name too, and by identity.
    const swapped = (await c.get(["one", "lost", 1, "demo", fields], ["one", "lost", 1, "kids", fields])).one.lost[1];
    same("demo's", swapped.demo, v.left[0]);
    same("the kids'", swapped.kids, v.right[0]);
    const known = c.requests.length;
    same("by identity", (await c.get(["Mark", ["demo", "kids"], "lost~1", "seconds"])).Mark, { demo: { "lost~1": { seconds: 11 } }, kids: { "lost~1": { seconds: 21 } } });
    assert.equal(c.requests.length, known);
  },

  async "asked one after the other"() {
    const c = new Client(wall);
    assert.equal((await c.get(["one", "lost", 2, "demo", "seconds"])).one.lost[2].demo.seconds, 12);
    assert.equal((await c.get(["one", "lost", 2, "kids", "seconds"])).one.lost[2].kids.seconds, null);
    assert.equal((await c.get(["one", "lost", 3, ["demo", "kids"], "seconds"])).one.lost[3].kids.seconds, 23);
  },

  async "keys with anything in them"() {
    const c = new Client(wall);
    const key = encodeURIComponent("a~b/c%20:ü").replaceAll("~", "%7E") + "~7";
    const v = (await c.get(["one", "a~b/c%20:ü", 7, "demo", fields])).one["a~b/c%20:ü"][7].demo;
    assert.equal(v.title, "Odd");
    assert.equal(v.key, key);
    await c.agrees("by its key", [["Mark", "demo", v.key, fields]]);
    same("node", (await post(wall, `query($id: ID!) { node(id: $id) { ... on Mark { key id title seconds } } }`, { id: v.id })).node, v);
    same("REST", await get(wall, `node/${encodeURIComponent(v.id)}?fields=key,id,title,seconds`), v);
  },

  async "a mutation for one profile"() {
    const c = new Client(wall);
    await c.get(...both);
    await c.call(["setMark"], ["kids", "lost", 1, 99], [["seconds"]], []);
    const v = (await c.agrees("a warm Model", both)).both.lost.demo.kids;
    assert.deepEqual(seconds(v.left), [11, 12, null]);
    assert.deepEqual(seconds(v.right), [99, null, 23]);
  },

  async "two profiles in one Apollo cache"() {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: at(wall, "graphql") }) });
    const query = gql`query { both(id: "lost", left: "demo", right: "kids") { left { id seconds } right { id seconds } plain { id title } } }`;
    const before = (await client.query({ query })).data.both;
    assert.deepEqual(before.left.map((x) => x.seconds), [11, 12, null]);
    assert.deepEqual(before.right.map((x) => x.seconds), [99, null, 23]);
    await client.mutate({ mutation: gql`mutation { setMark(profile: "demo", series: "lost", number: 3, seconds: 33) { id seconds } }` });
    const after = (await client.query({ query })).data.both;
    assert.deepEqual(after.left.map((x) => x.seconds), [11, 12, 33]);
    assert.deepEqual(after.right.map((x) => x.seconds), [99, null, 23]);
  },

  async "a profile that is somebody else's is forbidden, alone"() {
    const c = new Client(wall);
    await assert.rejects(c.get(["one", "lost", 1, ["demo", "stranger"], ["title", "seconds"]]), (e) => {
      const errors = JSON.parse(e.message);
      assert.equal(errors.length, 1);
      assert.deepEqual(errors[0].path, ["one", "lost", 1, "stranger", "seconds"]);
      assert.equal(errors[0].value.code, "forbidden");
      return true;
    });
  },
});
