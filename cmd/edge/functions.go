package main

import (
	"facet/scripts"
	"facet/view"
)

// openFunctions opens a build's functions under the limits of the environment, behind the breaker of its package.
func (o *opener) openFunctions(b *view.Build) (scripts.Callable, error) {
	breaker := o.quarantines.of(b)
	run := o.run
	run.Broke = breaker.Broke
	f, err := o.workers.functions(b, run)
	if err != nil {
		return nil, err
	}
	return o.usage.functions(b, f, scripts.Guarded(f, breaker, func(i int) string { return b.Funcs[i].Name })), nil
}
