/** Something that a mutation made stale, in the words of the listener's own schema. */
export interface Invalidated {
  /** A shape, or "Query" for a view. */
  typename: string;
  /** The entity's opaque id; without it every entity of the type. */
  id?: string;
  /** The field; without it all of the entity. */
  field?: string;
  /** Its path in the JSON Graph, cut before the first key that is not known. */
  path: string[];
}

export interface ListenOptions {
  /** Something became stale, by this device or another one, of this viewer or anybody. */
  onInvalidated(entries: Invalidated[]): void;
  /** Events may have been lost, by a broken connection too: everything that is cached may be stale. */
  onLost(): void;
  /** The edge refused to be listened to (401, 403, 404, …); it is not asked again. */
  onRefused?(status: number): void;
  /** Sent along: an Authorization, for one. */
  headers?: Record<string, string>;
  credentials?: "omit" | "same-origin" | "include";
  /** In place of the global fetch. */
  fetch?: (url: string, init?: any) => Promise<any>;
  /** Milliseconds without a word after which a connection is taken for dead; 45,000 if not given. The edge speaks every 15 s. */
  silence?: number;
}

export interface Listening {
  /** true as soon as the edge listens to its mutations for us: what is cached from then on is told of. false if it never will. */
  readonly ready: Promise<boolean>;
  close(): void;
}

/** Hears `/{device}/{schema}/invalidated.sse`, comes again after every break until it is closed, and says what may have been missed. */
export function listen(url: string, options: ListenOptions): Listening;
