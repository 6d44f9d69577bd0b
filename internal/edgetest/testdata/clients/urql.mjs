// urql with its document cache: after a mutation a warm client equals a cold one.
import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { at, differ, run, same } from "./edge.mjs";

const CARD = "id key title position progress { minutesLeft state }";
const pages = {
  home: [`query { home { name recent rows(first: 3) { name items(first: 4) { __typename ... on Card { ${CARD} } ... on SeriesCard { id title seasons } } } } }`, {}],
  film: [`query Film($id: ID!) { film(id: $id) { ${CARD} similar(first: 2) { ${CARD} } } }`, { id: "jaws-1975" }],
  me: [`query { me { id name continueWatching(first: 6) { ${CARD} } myList { ${CARD} } myListPage { length } } }`, {}],
};
const client = (preferGetMethod = false) => new Client({ url: at("tv/v2", "graphql"), exchanges: [cacheExchange, fetchExchange], preferGetMethod });
const done = (r) => {
  if (r.error) throw r.error;
  return r;
};
const ask = async (c, [text, variables]) => done(await c.query(text, variables).toPromise()).data;
async function all(c) {
  const out = {};
  for (const [name, page] of Object.entries(pages)) out[name] = await ask(c, page);
  return out;
}

const tests = {};
for (const [name, text, variables] of [
  ["setBookmark", `mutation($t: ID!, $at: Int!) { setBookmark(title: $t, positionSeconds: $at) { ${CARD} } }`, { t: "jaws-1975", at: 900 }],
  ["clearBookmark", `mutation($t: ID!) { clearBookmark(title: $t) { id } }`, { t: "jaws-1975" }],
  ["addToMyList", `mutation($t: ID!) { addToMyList(title: $t) { id } }`, { t: "up-2009" }],
  ["removeFromMyList", `mutation($t: ID!) { removeFromMyList(title: $t) { id } }`, { t: "up-2009" }],
]) {
  tests[name] = async () => {
    const warm = client();
    const before = await all(warm);
    done(await warm.mutation(text, variables).toPromise());
    const after = await all(warm);
    same("warm", after, await all(client()));
    differ("the pages", after, before);
  };
}

tests["what is known is not asked again"] = async () => {
  const c = client();
  await all(c);
  const r = done(await c.query(...pages.home).toPromise());
  assert.equal(r.operation.context.meta?.cacheOutcome, "hit");
};

tests["by GET"] = async () => same("a film", await ask(client("force"), pages.film), await ask(client(), pages.film));

tests["a mistake is an error with its code"] = async () => {
  const r = await client().query(`{ film(id: "jaws-1975") { titel } }`, {}).toPromise();
  assert.ok(r.error?.graphQLErrors[0].message.includes("titel"), String(r.error));
};

await run(tests);
