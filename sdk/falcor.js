// A falcor data source that takes what a `set` made stale out of the Model: by itself the Model reads `invalidated` of calls alone.

/** Wraps a data source; model gives the root Model that it is the source of. */
export function invalidatingSource(source, model) {
  return {
    get: (...args) => source.get(...args),
    call: (...args) => source.call(...args),
    set: (...args) => ({
      subscribe(onNext, onError, onCompleted) {
        const observer = typeof onNext === "object" && onNext !== null ? onNext : { onNext, onError, onCompleted };
        return source.set(...args).subscribe(
          (envelope) => {
            const stale = envelope?.invalidated;
            if (Array.isArray(stale) && stale.length > 0) model().invalidate(...stale); // before the reply's values go in
            observer.onNext?.(envelope);
          },
          (e) => observer.onError?.(e),
          () => observer.onCompleted?.(),
        );
      },
    }),
  };
}

/** Takes entries of the feed out of a Model. */
export function invalidate(model, entries) {
  if (entries.length > 0) model.invalidate(...entries.map((e) => e.path));
}
