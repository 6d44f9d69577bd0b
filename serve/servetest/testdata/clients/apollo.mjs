// Apollo Client: after a mutation a warm cache equals a cold one.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { invalidationLink } from "@facet/sdk/apollo";
import { FILM, HOME, SET, SET_BARE, differ, possibleTypes, same, url } from "./world.mjs";

function client(invalidate) {
  const cache = new InMemoryCache({ possibleTypes });
  const http = new HttpLink({ uri: url });
  return new ApolloClient({ cache, link: invalidate ? ApolloLink.from([invalidationLink(cache), http]) : http });
}
const ask = async (c, text, variables) => (await c.query({ query: gql(text), variables })).data;
const film = { id: "t3" };

// Without the link: the fields that the mutation returned.
const warm = client(false);
const before = await ask(warm, FILM, film);
await ask(warm, HOME);
const saved = (await warm.mutate({ mutation: gql(SET), variables: { title: "t3", at: 1200 } })).data.setBookmark;
same("the mutation's own answer", saved.progress, (await ask(client(false), FILM, film)).film.progress);
same("a warm film", await ask(warm, FILM, film), await ask(client(false), FILM, film));
differ("the film", await ask(warm, FILM, film), before);

// With it: all that became stale, though the mutation returns an id only.
const linked = client(true);
await ask(linked, FILM, { id: "t4" });
const home = await ask(linked, HOME);
await linked.mutate({ mutation: gql(SET_BARE), variables: { title: "t4", at: 0 } });
await linked.mutate({ mutation: gql(SET_BARE), variables: { title: "t1", at: 600 } });
same("a warm film behind the link", await ask(linked, FILM, { id: "t4" }), await ask(client(false), FILM, { id: "t4" }));
same("a warm home behind the link", await ask(linked, HOME), await ask(client(false), HOME));
differ("the home", await ask(linked, HOME), home);
console.log("ok");
