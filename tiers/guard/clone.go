package guard

import (
	"encoding/json"
	"slices"

	"facet/tiers"
)

// clone copies a call with everything that its caller may change after Call has returned.
func clone(c *tiers.Call) *tiers.Call {
	d := *c
	d.Intake = nil // of two attempts at once neither is the answer yet
	d.Needs = make([][]json.RawMessage, len(c.Needs))
	for i, col := range c.Needs {
		d.Needs[i] = values(col)
	}
	d.Args, d.Context = values(c.Args), values(c.Context)
	d.Page.After = slices.Clone(c.Page.After)
	d.Headers, d.Fields = c.Headers.Clone(), slices.Clone(c.Fields)
	return &d
}

func values(vs []json.RawMessage) []json.RawMessage {
	cs := make([]json.RawMessage, len(vs))
	for i, v := range vs {
		cs[i] = slices.Clone(v)
	}
	return cs
}
