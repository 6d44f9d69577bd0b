package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/view"
)

// An explainedHandler is what the code behind a mutation may do, and what each of its calls asks of tiers. How often it calls is its own.
type explainedHandler struct {
	Where fault.Pos         `json:"where"`
	Quota view.HandlerQuota `json:"quota"`
	SLO   *view.SLO         `json:"slo,omitempty"`
	Calls []composer.Called `json:"calls,omitempty"`
}

// explainHandler adds what a handler may do; nothing to what is recorded.
func (x *explained) explainHandler(e *composer.Engine, a *asker.Asker) error {
	if x.Kind != "mutation" {
		return nil
	}
	h, calls, err := e.ExplainHandler(x.Name, a)
	if h == nil || err != nil {
		return err
	}
	x.Kind = "handler"
	quota := h.Quota.Filled()
	for _, b := range e.Surface().Builds {
		if slices.Contains(b.Handlers, h) {
			quota = b.QuotaOf(h)
		}
	}
	x.Handler = &explainedHandler{h.Pos, quota, h.Objective, calls}
	return nil
}

func (h *explainedHandler) print(out io.Writer, name string) {
	q := h.Quota
	fmt.Fprintf(out, "handler %s: at most %s, %s, %s, %s on the clock and %s of a processor (%s)\n", name,
		count(q.Loads, "load"), count(q.Mutations, "mutation"), count(q.Turns, "turn"), q.Deadline, q.CPU, h.Where)
	if h.SLO != nil {
		fmt.Fprintf(out, "promises that %v%% of its requests are right within %s\n", 100*h.SLO.Share, h.SLO.Within)
	}
	for _, c := range h.Calls {
		kind := "load"
		if c.Change {
			kind = "mutation"
		}
		_, tree, _ := strings.Cut(c.String(), "\n")
		fmt.Fprintf(out, "%s %s: %s in %s\n", kind, c.Name, count(len(c.Operations), "operation"), count(c.Levels, "level"))
		for l := range strings.Lines(tree) {
			fmt.Fprint(out, "  ", l)
		}
	}
}
