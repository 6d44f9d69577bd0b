// An Apollo link that evicts what a mutation made stale: it reads extensions.invalidated of every answer.
import { ApolloLink } from "@apollo/client";
import { Observable } from "@apollo/client/utilities";

/** Makes the link; put it before the link that sends. */
export function invalidationLink(cache) {
  return new ApolloLink((operation, forward) =>
    new Observable((observer) => {
      const subscription = forward(operation).subscribe({
        next(result) {
          observer.next(result);
          const stale = result.extensions?.invalidated;
          if (!Array.isArray(stale) || stale.length === 0) return;
          evict(cache, stale);
        },
        error: (e) => observer.error(e),
        complete: () => observer.complete(),
      });
      return () => subscription.unsubscribe();
    }),
  );
}

/** Takes entries of extensions.invalidated, or of the feed, out of a cache. */
export function evict(cache, entries) {
  for (const { typename, id, field } of entries) {
    if (id) cache.evict({ id: cache.identify({ __typename: typename, id }), fieldName: field });
    else if (typename === "Query") cache.evict({ id: "ROOT_QUERY", fieldName: field });
    else evictAll(cache, typename, field);
  }
  cache.gc();
}

// Where the entity is not known every entity of the type loses the field.
function evictAll(cache, typename, field) {
  for (const id of Object.keys(cache.extract())) {
    if (id.startsWith(typename + ":")) cache.evict({ id, fieldName: field });
  }
}
