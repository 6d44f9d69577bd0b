package main

import (
	"context"
	"net/http"
)

// pinKey is the context key of the release that a request is answered from.
type pinKey struct{}

// pinned lets each request see one release from its first look to its last byte, whatever is swapped in meanwhile: who
// asks (experiments), what answers (engine) and what is logged are of the same one. What a request leaves open, a
// stream, keeps its release until it ends.
func (f *front) pinned(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, done, ok := f.catalog.Acquire()
		if ok {
			defer done()
			if x := exchangeOf(r.Context()); x != nil {
				x.pinned = s
			} else {
				r = r.WithContext(context.WithValue(r.Context(), pinKey{}, s))
			}
			var x *sample
			if r, x = s.sampled(r); x != nil {
				defer x.keep(r, h)
			}
		}
		h.ServeHTTP(w, r)
	})
}

// pin is the release that the request of ctx is answered from; nil if there was none when it came.
func pin(ctx context.Context) *served {
	if x := exchangeOf(ctx); x != nil && x.pinned != nil {
		return x.pinned
	}
	s, _ := ctx.Value(pinKey{}).(*served)
	return s
}
