package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"facet/loadtest/load"
	"facet/loadtest/report"
)

const compareHelp = `load compare holds side B against side A, row by row, with an interval for each change and a verdict: better, worse, same, or unsure.
What a machine does differs from run to run: give several runs of each side, made in turn, with -- between the sides.

  load compare before.json after.json
  load compare -worse 3% a1.json a2.json a3.json -- b1.json b2.json b3.json
  load compare -figures p99,cpu before.json after.json

A figure is worse when its change is at least -worse and the interval is wholly above zero; it is the same when the interval is wholly
below -worse. Exit code 1: something is worse.
`

func runCompare(_ context.Context, c *console, args []string) int {
	set := c.flags("compare", compareHelp)
	worse := set.String("worse", "5%", "from which change on something is worse or better")
	sure := set.String("sure", "99%", "how sure intervals are")
	figures := set.String("figures", "", "those that count, separated by commas: p50, p90, p99, failed, cpu, calls, allocated; all if none is given")
	asJSON := set.Bool("json", false, "print it as JSON")
	left, right := args, []string(nil)
	if i := slices.Index(args, "--"); i >= 0 {
		left, right = args[:i], args[i+1:]
	}
	a, code, ok := parse(set, left, 1, 1000)
	if !ok {
		return code
	}
	var b []string
	if right != nil {
		if b, code, ok = parse(set, right, 1, 1000); !ok {
			return code
		}
	} else if len(a) != 2 {
		set.Usage()
		return misused
	} else {
		a, b = a[:1], a[1:]
	}
	st := report.Settings{}
	for _, p := range []struct {
		name, text string
		into       *float64
	}{{"worse", *worse, &st.Worse}, {"sure", *sure, &st.Sure}} {
		v, err := share(p.text)
		if err != nil {
			return c.fail(misused, fmt.Errorf("-%s: %w", p.name, err))
		}
		*p.into = v
	}
	if *figures != "" {
		st.Figures = split(*figures)
	}
	var sides [2][]*load.Report
	for i, names := range [][]string{a, b} {
		for _, name := range names {
			r, err := report.Read(name)
			if err != nil {
				return c.fail(unusable, err)
			}
			sides[i] = append(sides[i], r)
		}
	}
	cmp, err := report.Compare(sides[0], sides[1], st)
	if err != nil {
		return c.fail(unusable, err)
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(cmp)
	} else {
		err = cmp.Print(c.out)
	}
	if err != nil {
		return c.fail(unusable, err)
	}
	if cmp.Verdict == report.Worse {
		return bad
	}
	return good
}

// share reads "5%" or "0.05".
func share(text string) (float64, error) {
	number, isPercent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || v <= 0 || v >= 1 {
		return 0, fmt.Errorf("%q is no share such as 5%% or 0.05", text)
	}
	return v, nil
}
