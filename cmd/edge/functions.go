package main

import (
	"facet/scripts"
	"facet/view"
)

// limits are what the calls of a package are under.
func (o *opener) limits(b *view.Build) scripts.RunOptions {
	run := o.run
	run.Share = o.shares.Of(b.Package)
	return run
}

// openFunctions opens a build's functions under the limits of the environment, behind the breaker of its package.
func (o *opener) openFunctions(b *view.Build) (scripts.Callable, error) {
	breaker := o.quarantines.of(b)
	run := o.limits(b)
	run.Broke = breaker.Broke
	f, err := o.workers.functions(b, run)
	if err != nil {
		return nil, err
	}
	return o.usage.functions(b, f, scripts.Guarded(f, breaker, func(i int) string { return b.Funcs[i].Name })), nil
}
