// How the SDK's helpers for clients are used, for the compiler.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { invalidationLink } from "@facet/sdk/apollo";
import { invalidatingSource, type DataSource } from "@facet/sdk/falcor";

const cache = new InMemoryCache();
export const client = new ApolloClient({ cache, link: ApolloLink.from([invalidationLink(cache), new HttpLink({ uri: "/tv/v2/graphql" })]) });

declare class Model {
  constructor(options: { source: DataSource });
  invalidate(...paths: (string | number)[][]): void;
}
declare const http: DataSource;
export const model: Model = new Model({ source: invalidatingSource(http, () => model) });

export const wrong = invalidationLink("cache"); // flagged
export const lonely = invalidatingSource(http); // flagged
