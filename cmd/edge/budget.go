package main

import (
	"fmt"
	"io"
	"time"

	"facet/composer"
	"facet/control"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A budgetRow is what a view or mutation takes of a request: asked by default, at its widest, and what is kept when it is answered.
type budgetRow struct {
	composer.Proof
	// Bytes of the view's data: its own budget, else the package's, else the environment's. Past it lists are shortened where Shorten
	// says so; else the answer is refused.
	Bytes   int64         `json:"bytes"`
	Shorten bool          `json:"shorten"`
	CPU     time.Duration `json:"cpu"` // of the package's functions, by request
	pos     fault.Pos
	// declared is what a handler states itself; nil if it states nothing, or is none.
	declared *composer.Proof
}

// budgetRows proves every view and mutation of a build, as if it stood alone on its route. A module has none.
func budgetRows(b *view.Build, g *graph.Graph) ([]budgetRow, error) {
	if len(b.Devices) == 0 {
		return nil, nil
	}
	surface, ds := view.NewSurface(b.Devices[0], b.Schema, b)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: surface})
	if err != nil {
		return nil, err
	}
	d := composer.Defaults()
	limits := b.Budget().Within(view.Budget{Calls: d.Calls, Entities: d.Entities, Items: d.Items, Bytes: int64(d.Bytes), CPU: d.CPU})
	var out []budgetRow
	add := func(kind composer.RootKind, name string, pos fault.Pos) error {
		p, err := e.Prove(kind, name)
		if err != nil {
			return err
		}
		out = append(out, budgetRow{Proof: p, Bytes: limits.Bytes, Shorten: limits.Shorten, CPU: limits.CPU, pos: pos})
		return nil
	}
	for _, v := range b.Views {
		if err := add(composer.RootView, v.Name, v.Pos); err != nil {
			return nil, err
		}
		if v.Budget != nil {
			row := &out[len(out)-1]
			row.Bytes, row.Shorten = min(row.Bytes, int64(v.Budget.Bytes)), true
		}
	}
	for _, m := range b.Mutations {
		if err := add(composer.RootMutation, m.Name, m.Pos); err != nil {
			return nil, err
		}
		if h := b.Handler(m); h != nil { // its code decides what it loads: its quota is the proof
			row := &out[len(out)-1]
			q := b.QuotaOf(h)
			row.Proof, row.declared, err = handlerProof(e, b, h)
			if err != nil {
				return nil, err
			}
			row.Bytes, row.Shorten, row.CPU = int64(q.Result), false, q.CPU
		}
	}
	return out, nil
}

// handlerProof is what a handler may take, and of that what it states itself. What it does not state is kept by its package's limits while it runs.
func handlerProof(e *composer.Engine, b *view.Build, h *view.Handler) (proof composer.Proof, declared *composer.Proof, err error) {
	if proof, err = e.ProveHandler(h.Name, b.QuotaOf(h)); err != nil {
		return proof, nil, err
	}
	if own := b.Budget(); own.Stated() {
		proof.Widest = proof.Widest.Within(own)
		proof.Default = proof.Widest
	}
	if h.Quota.Loads > 0 || h.Quota.Mutations > 0 {
		p, err := e.ProveHandler(h.Name, view.HandlerQuota{Loads: h.Quota.Loads, Mutations: h.Quota.Mutations})
		if err != nil {
			return proof, nil, err
		}
		declared = &p
	}
	return proof, declared, nil
}

// kindHandler is the kind of a row that is a handler's.
const kindHandler = "handler"

// budgetMistakes says which lists of a build have no bound, and which of its views are not proved to stay within the budget that its
// manifest states.
func budgetMistakes(b *view.Build, g *graph.Graph) fault.Diagnostics {
	ds := append(b.CheckBoundless(), b.CheckQuotas()...)
	limits := b.Budget()
	if limits.Calls == 0 && limits.Entities == 0 && limits.Items == 0 {
		return ds
	}
	rows, err := budgetRows(b, g)
	if err != nil {
		ds.Add(fault.Pos{}, "B005", fault.HintOf(err), "what the views take cannot be proved: %v", err)
		return ds
	}
	for _, r := range rows {
		proof := &r.Proof
		if r.Kind == kindHandler {
			if proof = r.declared; proof == nil {
				continue
			}
		}
		for _, d := range proof.Check(limits, r.pos) {
			if !covered(ds, d) {
				ds = append(ds, d)
			}
		}
	}
	return ds
}

// covered says whether a list that has no bound is named already: one mistake is said once.
func covered(ds fault.Diagnostics, d fault.Diagnostic) bool {
	for _, o := range ds {
		if o.Code == "B001" && o.Pos == d.Pos && o.Pos.Line > 0 {
			return true
		}
	}
	return false
}

// viewBudgets is control's proving.
func viewBudgets(b *view.Build, g *graph.Graph) ([]control.ViewBudget, error) {
	rows, err := budgetRows(b, g)
	if err != nil {
		return nil, err
	}
	out := make([]control.ViewBudget, 0, len(rows))
	for _, r := range rows {
		out = append(out, control.ViewBudget{Name: r.Name, Kind: r.Kind, Calls: atMost(r.Default.Calls), WorstCalls: atMost(r.Widest.Calls),
			Levels: r.Default.Levels, WorstLevels: r.Widest.Levels, WorstEntities: atMost(r.Widest.Entities), WorstItems: atMost(r.Widest.Items), Bytes: r.Bytes, Shorten: r.Shorten})
	}
	return out, nil
}

// atMost is a figure as GraphQL's Int takes it; -1 has no bound.
func atMost(f composer.Figure) int { return int(min(f.Most, 1<<31-1)) }

// printBudgets prints rows as a table.
func printBudgets(out io.Writer, rows []budgetRow) {
	var lines [][6]string
	for _, r := range rows {
		lines = append(lines, budgetLine(r.Kind, r.Name, r.keeps(), r.Default.Calls, r.Widest.Calls, r.Widest.Entities, r.Widest.Items))
	}
	printBudgetLines(out, lines)
}

// budgetLine are the cells of a row. A handler has no default: its code decides.
func budgetLine(kind, name, keeps string, calls, atMost, entities, items composer.Figure) [6]string {
	if kind == kindHandler {
		return [6]string{name, "-", atMost.String(), entities.String(), items.String(), keeps}
	}
	return [6]string{name, calls.String(), atMost.String(), entities.String(), items.String(), keeps}
}

// printBudgetLines prints cells below their titles, numbers to the right; nothing if there are none.
func printBudgetLines(out io.Writer, lines [][6]string) {
	if len(lines) == 0 {
		return
	}
	lines = append([][6]string{{"", "calls", "at most", "entities", "items", "bytes"}}, lines...)
	var widths [6]int
	for _, line := range lines {
		for i, c := range line {
			widths[i] = max(widths[i], len(c))
		}
	}
	for _, line := range lines {
		fmt.Fprintf(out, "  %-*s", widths[0], line[0])
		for i, c := range line[1:5] {
			fmt.Fprintf(out, "  %*s", widths[i+1], c)
		}
		fmt.Fprintf(out, "  %s\n", line[5])
	}
}

// A remoteBudget is a view's or mutation's budget as the control API has it; counts of -1 have no bound.
type remoteBudget struct {
	Name          string `json:"name"`
	Kind          string `json:"kind"`
	Calls         int64  `json:"calls"`
	WorstCalls    int64  `json:"worstCalls"`
	WorstEntities int64  `json:"worstEntities"`
	WorstItems    int64  `json:"worstItems"`
	Bytes         int64  `json:"bytes"`
	Shorten       bool   `json:"shorten"`
}

const remoteBudgetFields = "budgets { name kind calls worstCalls worstEntities worstItems bytes shorten }"

func printRemoteBudgets(out io.Writer, rows []remoteBudget) {
	var lines [][6]string
	for _, r := range rows {
		figure := func(n int64) composer.Figure { return composer.Figure{Most: n} }
		lines = append(lines, budgetLine(r.Kind, r.Name, keepsText(r.Bytes, r.Shorten), figure(r.Calls), figure(r.WorstCalls), figure(r.WorstEntities), figure(r.WorstItems)))
	}
	printBudgetLines(out, lines)
}

// keeps says what is done about bytes.
func (r budgetRow) keeps() string { return keepsText(r.Bytes, r.Shorten) }

func keepsText(bytes int64, shorten bool) string {
	if shorten {
		return sizeText(bytes) + ", shortened"
	}
	return sizeText(bytes)
}

// sizeText writes a number of bytes with the unit that divides it.
func sizeText(n int64) string {
	for _, u := range []struct {
		name  string
		shift int
	}{{"MB", 20}, {"KB", 10}} {
		if n >= 1<<u.shift && n%(1<<u.shift) == 0 {
			return fmt.Sprintf("%d %s", n>>u.shift, u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

// String is what explain prints of a proof.
func (r budgetRow) String() string {
	if r.Kind == kindHandler {
		return fmt.Sprintf("at most %s calls, %s entities, %s items, %s computed values, by its quota and its package's limits; %s, %v of a processor", r.Widest.Calls, r.Widest.Entities, r.Widest.Items, r.Widest.Computed, r.keeps(), r.CPU)
	}
	deeper := ""
	if len(r.Deeper) > 0 {
		deeper = "; more where it is asked for inside itself"
	}
	return fmt.Sprintf("at most %s calls in %s, %s entities, %s items, %s computed values, %s%s", r.Widest.Calls, count(r.Widest.Levels, "level"), r.Widest.Entities, r.Widest.Items, r.Widest.Computed, r.keeps(), deeper)
}
