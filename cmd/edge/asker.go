package main

import (
	"facet/asker"
	"facet/release"
)

// askerExperiments are a release's experiments as askers take part in them.
func askerExperiments(r *release.Release) *asker.Experiments {
	list := make([]asker.Experiment, 0, len(r.Experiments))
	for _, x := range r.Experiments {
		e := asker.Experiment{Name: x.Name, Salt: x.Salt, Unit: x.Unit, Field: x.Field, Default: x.Default}
		for _, a := range x.Arms {
			e.Arms, e.Weights = append(e.Arms, a.Name), append(e.Weights, uint32(max(0, a.Weight)))
		}
		list = append(list, e)
	}
	return asker.NewExperiments(list)
}
