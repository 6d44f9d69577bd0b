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
func (g *guardedHandlers) Run(ctx context.Context, c *HandlerCall, dst []byte) (out []byte, did *view.HandlerRun, err error) {
	run, trial := g.breaker.allow()
	if !run {
		return dst, nil, g.breaker.refusal(g.names(c.Handler))
	}
	if !trial {
		return g.Handlers.Run(ctx, c, dst)
	}
	g.breaker.try(func() error {
		out, did, err = g.Handlers.Run(ctx, c, dst)
		select {
		case <-ctx.Done(): // it waited for tiers, or for nobody any more: its code broke nothing
			return nil
		default:
			return err
		}
	})
	return out, did, err
}
