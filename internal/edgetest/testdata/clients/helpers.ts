// How the SDK's helpers for clients are used, for the compiler.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { evict, invalidationLink } from "@facet/sdk/apollo";
import { invalidate, invalidatingSource, type DataSource } from "@facet/sdk/falcor";
import { listen } from "@facet/sdk/feed";

const cache = new InMemoryCache();
export const client = new ApolloClient({ cache, link: ApolloLink.from([invalidationLink(cache), new HttpLink({ uri: "/tv/v2/graphql" })]) });

declare class Model {
  constructor(options: { source: DataSource });
  invalidate(...paths: (string | number)[][]): void;
}
declare const http: DataSource;
export const model: Model = new Model({ source: invalidatingSource(http, () => model) });

export const feed = listen("/tv/v2/invalidated.sse", {
  onInvalidated: (entries) => { evict(cache, entries); invalidate(model, entries); },
  onLost: () => void client.resetStore(),
});
export const heard: Promise<boolean> = feed.ready;

export const deaf = listen("/tv/v2/invalidated.sse", { onInvalidated: () => {} }); // flagged
export const wrong = invalidationLink("cache"); // flagged
export const lonely = invalidatingSource(http); // flagged
