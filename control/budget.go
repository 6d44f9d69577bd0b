package control

import (
	"facet/graph"
	"facet/view"
)

// A ViewBudget is what a view or mutation takes of one request. Counts of -1 have no bound.
type ViewBudget struct {
	Name          string
	Kind          string // "view", "mutation" or "handler": its quota is the proof, so Calls are WorstCalls
	Calls         int    // tier calls, as REST asks it by default
	WorstCalls    int    // at its widest: every field, each list at its max
	Levels        int
	WorstLevels   int
	WorstEntities int
	WorstItems    int
	Bytes         int64 // of its data; kept when it is answered
	Shorten       bool  // past Bytes its lists are shortened; else it is refused
}

// budgets proves what a build that is checked takes. What cannot be proved is left out: its diagnostics say why.
func (c *Control) budgets(b *view.Build, g *graph.Graph) []ViewBudget {
	if c.Prove == nil || b == nil {
		return nil
	}
	list, err := c.Prove(b, g)
	if err != nil {
		return nil
	}
	return list
}
