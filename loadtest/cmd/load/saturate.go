package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"facet/loadtest/load"
)

const saturateHelp = `load saturate asks at higher and higher rates until one does not hold: its p99 is above -p99, more than -failed of the answers fail, or
requests are dropped. Then it looks between the last rate that held and the first that did not, and asks once more at a share of what held.

  load saturate loadtest/scenarios/films.json
  load saturate -from 50 -factor 1.3 -step 15s -p99 250ms SCENARIO
  load saturate -at 70% -ratio 3 SCENARIO          # exit code 1 if p99 there is above 3 x p50
`

func runSaturate(ctx context.Context, c *console, args []string) int {
	set := c.flags("saturate", saturateHelp)
	t := targetFlags(set)
	q := load.Search{}
	set.Float64Var(&q.From, "from", 0, "the first rate; the scenario's if not given")
	set.Float64Var(&q.Factor, "factor", 1.5, "each step is so much more than the one before")
	set.DurationVar(&q.For, "step", 8*time.Second, "how long each step is counted, after a fifth of that to settle")
	set.IntVar(&q.Refine, "refine", 3, "how many steps between the last that held and the first that did not")
	set.Float64Var(&q.Most, "most", 100_000, "the highest rate")
	set.DurationVar(&q.P99, "p99", 0, "the p99 that holds; if not given, ten times the first step's, 100 ms at least")
	failed := set.String("failed", "1%", "the share of answers that may fail")
	at := set.String("at", "70%", "the share of what held at which it is asked once more, four times as long")
	most := set.Float64("ratio", 0, "how many times its p50 the p99 there may be; 0 has no bar")
	asJSON := set.Bool("json", false, "print it as JSON")
	rest, code, ok := parse(set, args, 1, 1)
	if !ok {
		return code
	}
	var err error
	for _, p := range []struct {
		name, text string
		into       *float64
	}{{"failed", *failed, &q.Failed}, {"at", *at, &q.At}} {
		if *p.into, err = share(p.text); err != nil {
			return c.fail(misused, fmt.Errorf("-%s: %w", p.name, err))
		}
	}
	if q.Refine == 0 {
		q.Refine = -1
	}
	s, err := t.scenario(rest[0])
	if err != nil {
		return c.scenarioFailed(err)
	}
	o, end, err := t.open(ctx, c, s)
	if err != nil {
		return c.fail(misused, err)
	}
	defer end()
	head := fmt.Sprintf("%10s %10s %9s %9s %9s %8s %9s %9s  %s\n", "rate/s", "answers/s", "p50 ms", "p99 ms", "max ms", "failed", "CPU s/1k", "cores", "holds")
	to := c.out
	if *asJSON {
		to = c.err
	}
	fmt.Fprint(to, head)
	found, err := load.Saturate(ctx, s, o, q, func(st *load.Step) {
		holds := "yes"
		if !st.Held {
			holds = "no: " + st.Why
		}
		fmt.Fprintf(to, "%10.1f %10.1f %9.2f %9.2f %9.1f %7.2f%% %9.3f %9.2f  %s\n", st.Rate, st.Reached, st.P50, st.P99, st.Max, st.Failed*100, st.CPU, st.Cores, holds)
	})
	if err != nil {
		return c.fail(unusable, err)
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		if err := e.Encode(found); err != nil {
			return c.fail(unusable, err)
		}
	} else {
		fmt.Fprintf(c.out, "\nit held %.1f a second", found.Knee)
		if found.Broke > 0 {
			fmt.Fprintf(c.out, " and not %.1f: %s", found.Broke, found.Why)
		}
		if p := found.Part; p != nil {
			fmt.Fprintf(c.out, "\nat %s of that, %.1f a second: p50 %.2f ms, p99 %.2f ms, which is %.1f times", *at, p.Rate, p.P50, p.P99, found.Ratio)
		}
		fmt.Fprintln(c.out)
	}
	if last := found.Steps[len(found.Steps)-1]; last.Late > 10 {
		fmt.Fprintf(c.err, "load: the generator itself was late by %.0f ms: give it a machine of its own\n", last.Late)
	}
	if *most > 0 && found.Ratio > *most {
		return c.fail(bad, fmt.Errorf("p99 is %.1f times p50; the bar is %.1f", found.Ratio, *most))
	}
	return good
}
