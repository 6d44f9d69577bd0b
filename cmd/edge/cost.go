package main

import (
	"facet/asker"
	"facet/composer"
	"facet/control"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// checkRoute is control's checking of builds that one route shall mount: their names together, and that an
// instance will be able to plan over them.
func checkRoute(device, schema string, g *graph.Graph, builds []*view.Build) fault.Diagnostics {
	surface, ds := view.NewSurface(device, schema, builds...)
	if ds.Failed() {
		return ds
	}
	if _, err := composer.NewEngine(composer.Config{Graph: g, Surface: surface}); err != nil {
		ds.Add(fault.Pos{}, "C020", fault.HintOf(err), "%s/%s cannot be planned: %v", device, schema, err)
	}
	return ds
}

// routeCosts is control's explaining: what each view of a route asks of the tiers in its default selection, for a device of
// that kind and nobody signed in. A view that cannot be explained is left out.
func routeCosts(device, schema string, g *graph.Graph, builds []*view.Build) (map[string]control.Cost, error) {
	surface, ds := view.NewSurface(device, schema, builds...)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	engine, err := composer.NewEngine(composer.Config{Graph: g, Surface: surface})
	if err != nil {
		return nil, err
	}
	a := &asker.Asker{Device: asker.Device{Type: device, Form: device}, Locale: "en-US", Cells: map[string]string{}}
	out := map[string]control.Cost{}
	for _, name := range surface.Views() {
		x, err := explainOne(engine, name, explainOptions{}, a)
		if err != nil {
			continue
		}
		cost := control.Cost{Calls: len(x.Operations), Levels: x.Levels}
		for _, op := range x.Operations {
			cost.Operations = append(cost.Operations, op.Operation)
		}
		out[name] = cost
	}
	return out, nil
}
