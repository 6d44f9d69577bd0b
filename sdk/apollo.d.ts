import type { ApolloCache, ApolloLink } from "@apollo/client";

/**
 * A link that evicts from `cache` what a mutation's answer names in `extensions.invalidated`, so that a warm cache
 * equals a cold one. Put it before the link that sends.
 */
export function invalidationLink(cache: ApolloCache): ApolloLink;
