// Apollo Client: after every mutation a warm cache equals a cold one for the fields that it returned, and for all behind the SDK's link.
import assert from "node:assert/strict";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { invalidationLink } from "@facet/sdk/apollo";
import { at, differ, possibleTypesOf, run, same, schemaOf } from "./edge.mjs";

const routes = { tv: "tv/v2", phone: "phone/v1" };
const possibleTypes = Object.fromEntries(await Promise.all(Object.entries(routes).map(async ([name, route]) => [name, possibleTypesOf(await schemaOf(route))])));

const CARD = "id key title art badge position progress { minutesLeft state }";
const pages = {
  tv: {
    home: [`query Home { home { name recent rows(first: 3) { name itemsPage { length } items(first: 4) { __typename ... on Card { ${CARD} } ... on SeriesCard { id title seasons } } } } }`],
    film: [`query Film($id: ID!) { film(id: $id) { ${CARD} similar(first: 2) { ${CARD} } } }`, { id: "jaws-1975" }],
    me: [`query Me { me { id name continueWatching(first: 6) { ${CARD} } continueWatchingPage { length } myList { ${CARD} } short: myList(first: 1) { id } myListPage(first: 1) { length next } } }`],
  },
  phone: {
    home: [`query Home { home { name started { id title percent } startedPage { length } myList { id title percent } rows(first: 2) { name items(first: 4) { __typename ... on Card { id percent } } } } }`],
    film: [`query Film($id: ID!) { film(id: $id) { id title percent } }`, { id: "jaws-1975" }],
  },
};
const mutations = {
  tv: [
    [`mutation Set($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id position progress { minutesLeft state } } }`, { title: "jaws-1975", at: 1200 }, "film"],
    [`mutation Bare($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id } }`, { title: "jaws-1975", at: 1300 }],
    [`mutation Other($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id } }`, { title: "alien-1979", at: 60 }],
    [`mutation Clear($title: ID!) { clearBookmark(title: $title) { id position progress { minutesLeft state } } }`, { title: "jaws-1975" }, "film"],
    [`mutation Add($title: ID!) { addToMyList(title: $title) { id } }`, { title: "up-2009" }],
    [`mutation Remove($title: ID!) { removeFromMyList(title: $title) { id } }`, { title: "up-2009" }],
    [`mutation Two { a: addToMyList(title: "up-2009") { id } b: setBookmark(title: "up-2009", positionSeconds: 77) { id } }`, {}],
  ],
  phone: [
    [`mutation Set($title: ID!, $at: Int!) { setBookmark(title: $title, positionSeconds: $at) { id percent } }`, { title: "jaws-1975", at: 1500 }, "film"],
    [`mutation Add($title: ID!) { addToMyList(title: $title) { total card { id } } }`, { title: "wall-e-2008" }],
    [`mutation Remove($title: ID!) { removeFromMyList(title: $title) { total card { id } } }`, { title: "wall-e-2008" }],
  ],
};

function client(device, linked) {
  const cache = new InMemoryCache({ possibleTypes: possibleTypes[device] });
  const http = new HttpLink({ uri: at(routes[device], "graphql") });
  return new ApolloClient({ cache, link: linked ? ApolloLink.from([invalidationLink(cache), http]) : http });
}
const ask = async (c, [text, variables]) => (await c.query({ query: gql(text), variables })).data;
async function all(c, device) {
  const out = {};
  for (const [name, page] of Object.entries(pages[device])) out[name] = await ask(c, page);
  return out;
}

const tests = {};
for (const device of Object.keys(routes)) {
  for (const [text, variables, returned] of mutations[device]) {
    const name = `${device}: ${/mutation (\w+)/.exec(text)[1]} of ${variables.title ?? "two"}`;
    const mutate = (c) => c.mutate({ mutation: gql(text), variables });
    if (returned) {
      tests[`${name}, the fields that it returned`] = async () => {
        const warm = client(device, false);
        await all(warm, device);
        await mutate(warm);
        same("warm", await ask(warm, pages[device][returned]), await ask(client(device, false), pages[device][returned]));
      };
    }
    tests[`${name}, everything behind the link`] = async () => {
      const warm = client(device, true);
      const before = await all(warm, device);
      await mutate(warm);
      const after = await all(warm, device);
      same("warm", after, await all(client(device, true), device));
      if (!returned) differ("the pages", after, before);
    };
  }
}

tests["a page that is watched asks again by itself"] = async () => {
  const c = client("tv", true);
  const seen = [];
  const query = c.watchQuery({ query: gql(pages.tv.me[0]) });
  const subscription = query.subscribe((r) => r.data?.me && !r.loading && seen.push(r.data.me.continueWatching[0]?.id));
  const until = async (id) => {
    for (let i = 0; seen.at(-1) !== id && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 25));
    assert.equal(seen.at(-1), id);
  };
  for (let i = 0; seen.length === 0 && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 25));
  await c.mutate({ mutation: gql(`mutation { setBookmark(title: "avatar-2009", positionSeconds: 5) { id } }`) });
  await until("Card:avatar-2009");
  subscription.unsubscribe();
};

tests["an error is one, and evicts nothing"] = async () => {
  const c = client("tv", true);
  const before = await all(c, "tv");
  await assert.rejects(c.mutate({ mutation: gql(`mutation { setBookmark(title: "nobody-1900", positionSeconds: 5) { id } }`) }), (e) => e.errors[0].extensions.code === "not_found");
  same("the cache", await all(c, "tv"), before);
};

await run(tests);
