/** What a falcor Model takes as its source. */
export interface DataSource {
  get(...args: any[]): any;
  set(...args: any[]): any;
  call(...args: any[]): any;
}

/**
 * A data source that also takes out of the Model what a `set` made stale, so that a warm Model equals a cold one; the
 * stock Model does it for calls alone. `model` gives the root Model:
 * `const model = new falcor.Model({ source: invalidatingSource(new HttpDataSource(url), () => model) })`.
 */
export function invalidatingSource(source: DataSource, model: () => { invalidate(...paths: any[]): void }): DataSource;

/**
 * Takes what entries of the feed name out of the root Model:
 * `listen("/tv/v2/invalidated.sse", { onInvalidated: (entries) => invalidate(model, entries), onLost: () => model.setCache({}) })`.
 */
export function invalidate(model: { invalidate(...paths: any[]): void }, entries: readonly { path: string[] }[]): void;
