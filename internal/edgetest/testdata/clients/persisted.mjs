// Automatic persisted queries, by Apollo Client and urql: the text is sent once, after that its hash.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { at, run, same } from "./edge.mjs";

const sha256 = async (text) => createHash("sha256").update(text).digest("hex");

/** watched is a fetch that notes what was asked: the method, whether the text was with it, and the status. */
function watched() {
  const asked = [];
  const fetcher = async (url, init) => {
    const res = await fetch(url, init);
    const text = init.method === "GET" ? new URL(url).searchParams.get("query") : JSON.parse(init.body).query;
    asked.push(`${init.method} ${text ? "text" : "hash"} ${res.status}`);
    return res;
  };
  return { asked, fetcher };
}

const apollo = (fetcher, useGETForHashedQueries) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries }), new HttpLink({ uri: at("tv/v2", "graphql"), fetch: fetcher })]),
  });
const urql = (fetcher, preferGetForPersistedQueries) =>
  new Client({ url: at("tv/v2", "graphql"), fetch: fetcher, preferGetMethod: false,
    exchanges: [persistedExchange({ generateHash: (text) => sha256(text), preferGetForPersistedQueries }), fetchExchange] });

const tests = {};
for (const get of [false, true]) {
  const first = get ? "GET" : "POST";
  tests[`apollo, hashes by ${first}`] = async () => {
    const text = `query Film${first}($id: ID!) { film(id: $id) { id title } }`;
    const ask = async () => {
      const { asked, fetcher } = watched();
      const { data } = await apollo(fetcher, get).query({ query: gql(text), variables: { id: "jaws-1975" } });
      assert.equal(data.film.title, "Jaws");
      return asked;
    };
    const before = await ask();
    assert.equal(before.length, 2, String(before));
    assert.match(before[0], new RegExp(`^${first} hash`));
    assert.match(before[1], /text 200$/);
    same("the second device", await ask(), [`${first} hash 200`]);
  };
  tests[`urql, hashes by ${first}`] = async () => {
    const text = `query Urql${first}($id: ID!) { film(id: $id) { id title } }`;
    const ask = async () => {
      const { asked, fetcher } = watched();
      const r = await urql(fetcher, get ? "force" : false).query(text, { id: "jaws-1975" }).toPromise();
      assert.equal(r.error, undefined, String(r.error));
      assert.equal(r.data.film.title, "Jaws");
      return asked;
    };
    const before = await ask();
    assert.equal(before.length, 2, String(before));
    assert.match(before[0], new RegExp(`^${first} hash`));
    assert.match(before[1], /text 200$/);
    same("the second device", await ask(), [`${first} hash 200`]);
  };
}

tests["another schema has its own"] = async () => {
  const text = `{ film(id: "jaws-1975") { id } }`;
  const hash = await sha256(text);
  const ask = (route, query) =>
    fetch(at(route, "graphql"), { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }) }).then((r) => r.json());
  assert.equal((await ask("tv/v2")).errors[0].extensions.code, "PERSISTED_QUERY_NOT_FOUND");
  assert.equal((await ask("tv/v2", text)).data.film.id, "Card:jaws-1975");
  assert.equal((await ask("tv/v2")).data.film.id, "Card:jaws-1975");
  const other = await ask("phone/v1");
  assert.equal(other.errors[0].message, "PersistedQueryNotFound");
};

await run(tests);
