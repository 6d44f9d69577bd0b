import type { ApolloCache, ApolloLink } from "@apollo/client";

/**
 * A link that evicts from `cache` what a mutation's answer names in `extensions.invalidated`, so that a warm cache
 * equals a cold one. Put it before the link that sends.
 */
export function invalidationLink(cache: ApolloCache): ApolloLink;

/**
 * Evicts what entries of `extensions.invalidated`, or of the feed, name; queries that are watched ask again by themselves:
 * `listen("/tv/v2/invalidated.sse", { onInvalidated: (entries) => evict(cache, entries), onLost: () => client.resetStore() })`.
 */
export function evict(cache: ApolloCache, entries: readonly { typename: string; id?: string; field?: string }[]): void;
