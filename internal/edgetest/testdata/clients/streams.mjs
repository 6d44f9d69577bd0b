// Stock clients over WebSocket and event streams: graphql-ws, graphql-sse, Apollo and urql on top of them. Releases are swapped and instances
// stopped under them through /control, which the test listens at.
import assert from "node:assert/strict";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client as Urql, subscriptionExchange } from "@urql/core";
import { createClient as createSSE } from "graphql-sse";
import { createClient as createWS } from "graphql-ws";
import WebSocket from "ws";
import { at, edge, run, same } from "./edge.mjs";

const route = "wall/v1";
const control = (what) => fetch(`${edge}/control/${what}`, { method: "POST" }).then((r) => r.json());
const socket = (options = {}) => {
  const seen = { connected: 0, closed: [] };
  const client = createWS({
    url: at(route, "graphql").replace("http", "ws"),
    webSocketImpl: WebSocket,
    lazyCloseTimeout: 60_000,
    on: { connected: () => seen.connected++, closed: (e) => seen.closed.push(e.code) },
    ...options,
  });
  return { client, seen };
};
const events = (options = {}) => ({ client: createSSE({ url: at(route, "graphql"), ...options }), seen: {} });

/** ask gives the one result of an operation; more than one, or none, rejects. */
const ask = ({ client }, query, variables) =>
  new Promise((resolve, reject) => {
    const results = [];
    client.subscribe({ query, variables }, {
      next: (r) => results.push(r),
      error: reject,
      complete: () => (results.length === 1 ? resolve(results[0]) : reject(new Error(`${results.length} results`))),
    });
  });

const SHOW = `query($a: ID!, $b: ID!) { a: show(id: $a) { size card { title } } b: show(id: $b) { size card { title } } }`;
const RATE = `mutation($stars: Int!) { rate(show: "lost", stars: $stars) { title } }`;
const variables = { a: "lost", b: "wire" };

/** whole says that an answer is of one release: both of its views have that release's size. It gives the size. */
function whole(r) {
  assert.equal(r.errors, undefined, JSON.stringify(r.errors));
  assert.equal(r.data.a.size, r.data.b.size);
  assert.deepEqual([r.data.a.card.title, r.data.b.card.title], ["Show lost", "Show wire"]);
  return r.data.a.size;
}

const tests = {};
for (const [name, make] of Object.entries({ "graphql-ws": socket, "graphql-sse": events })) {
  tests[`${name}: queries, mutations and mistakes`] = async () => {
    const c = make();
    whole(await ask(c, SHOW, variables));
    same("a mutation", (await ask(c, RATE, { stars: 4 })).data, { rate: { title: "Show lost" } });
    const many = await Promise.all(Array.from({ length: 20 }, () => ask(c, SHOW, variables)));
    many.forEach(whole);
    const mistake = await ask(c, "{ nothing }").catch((e) => ({ errors: e }));
    assert.equal(mistake.errors[0].extensions.code, "invalid", JSON.stringify(mistake));
    same("a null with an error", (await ask(c, `{ show(id: "nobody") { size } }`)).data, { show: { size: 100 } });
    if (c.seen.connected) assert.equal(c.seen.connected, 1);
    c.client.dispose();
  };

  tests[`${name}: a release swapped under way`] = async () => {
    const c = make();
    const sizes = [];
    const waves = async (n) => {
      for (let i = 0; i < n; i++) sizes.push(...(await Promise.all(Array.from({ length: 10 }, () => ask(c, SHOW, variables)))).map(whole));
    };
    await Promise.all([waves(15), (async () => { await waves(3); await control("swap"); })()]);
    await control("swap");
    assert.deepEqual([...new Set(sizes)].sort(), [100, 90], "both releases answered");
    if (c.seen.connected) assert.deepEqual(c.seen, { connected: 1, closed: [] }, "no connection was closed for it");
    c.client.dispose();
  };

  tests[`${name}: an instance stopped under way`] = async () => {
    const c = make();
    const { rated: before } = await control("count");
    let rated = 0;
    const load = async () => {
      for (let i = 0; i < 30; i++) {
        const [r, m] = await Promise.all([ask(c, SHOW, variables), ask(c, RATE, { stars: i % 5 })]);
        whole(r);
        assert.equal(m.errors, undefined, JSON.stringify(m.errors));
        rated++;
      }
    };
    await Promise.all([load(), load(), load(), (async () => { await ask(c, SHOW, variables); await control("stop"); })()]);
    const { rated: after, cut } = await control("count");
    assert.equal(cut, 0, "nothing was cut");
    assert.equal(after - before, rated, "each mutation had one effect");
    if (c.seen.connected) assert.ok(c.seen.connected >= 2 && c.seen.closed.includes(1012), JSON.stringify(c.seen));
    c.client.dispose();
  };
}

tests["graphql-ws: a connection cut under a mutation"] = async () => {
  const c = socket();
  await ask(c, SHOW, variables);
  await control("hold");
  const rating = ask(c, RATE, { stars: 5 });
  await control("cut"); // after the mutation has reached the tier
  assert.equal((await rating).errors, undefined);
  const { keys } = await control("count");
  assert.equal(keys.length, 2, JSON.stringify(keys));
  assert.ok(keys[0] && keys[0] === keys[1], "the repeated request carries the first's Idempotency-Key");
  c.client.dispose();
};

tests["Apollo over graphql-ws"] = async () => {
  const { client } = socket();
  const apollo = new ApolloClient({ link: new GraphQLWsLink(client), cache: new InMemoryCache() });
  const r = await apollo.query({ query: gql(SHOW), variables });
  assert.equal(r.data.a.card.title, "Show lost");
  same("a mutation", (await apollo.mutate({ mutation: gql(RATE), variables: { stars: 3 } })).data.rate.title, "Show lost");
  client.dispose();
};

for (const [name, make] of Object.entries({ "graphql-ws": socket, "graphql-sse": events })) {
  tests[`urql over ${name}`] = async () => {
    const { client } = make();
    const urql = new Urql({
      url: at(route, "graphql"),
      exchanges: [subscriptionExchange({
        enableAllOperations: true,
        forwardSubscription: ({ query, variables }) => ({ subscribe: (sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }) }),
      })],
    });
    const r = await urql.query(SHOW, variables).toPromise();
    assert.equal(r.error, undefined);
    whole(r);
    same("a mutation", (await urql.mutation(RATE, { stars: 3 }).toPromise()).data.rate.title, "Show lost");
    client.dispose();
  };
}

await run(tests);
