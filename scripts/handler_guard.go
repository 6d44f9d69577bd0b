package scripts

import (
	"context"

	"facet/view"
)

// GuardedHandlers are handlers behind a breaker: while it holds their package in quarantine every run fails at once with Unavailable.
func GuardedHandlers(h Handlers, b *Breaker, names func(i int) string) Handlers {
	return &guardedHandlers{Handlers: h, breaker: b, names: names}
}

type guardedHandlers struct {
	Handlers
	breaker *Breaker
	names   func(i int) string
}

// Run implements Handlers.
func (g *guardedHandlers) Run(ctx context.Context, c *HandlerCall, dst []byte) ([]byte, *view.HandlerRun, error) {
	run, trial := g.breaker.allow()
	if !run {
		return dst, nil, g.breaker.refusal(g.names(c.Handler))
	}
	out, did, err := g.Handlers.Run(ctx, c, dst)
	if trial {
		if ctx.Err() != nil { // it waited for tiers, or for nobody any more: its code broke nothing
			g.breaker.tried(nil)
		} else {
			g.breaker.tried(err)
		}
	}
	return out, did, err
}
