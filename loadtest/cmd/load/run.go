package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"facet/loadtest/load"
	"facet/loadtest/report"
)

const runHelp = `load run asks a running edge what a scenario says, and reports. Ctrl-C ends it early: what was asked until then is reported.

  load run loadtest/scenarios/films.json
  load run -base http://10.0.0.1:8080,http://10.0.0.2:8080 -rate 500 -for 1m -out a.json -html a.html SCENARIO
  TIERS_ADMIN=http://127.0.0.1:40001 load run loadtest/scenarios/faults.yaml

Several instances are asked in turn; those whose /readyz is not 200 are left out.
Exit code 1: more requests failed or were dropped than -most-failed, more answers had errors within than -most-errors, or it was aborted.
`

func runRun(ctx context.Context, c *console, args []string) int {
	set := c.flags("run", runHelp)
	t := targetFlags(set)
	asJSON := set.Bool("json", false, "print the report as JSON")
	into := set.String("out", "", "write the report as JSON into this file, for report and compare")
	page := set.String("html", "", "write a page with plots into this file")
	theme := themeFlag(set)
	most := set.Int64("most-failed", 0, "how many requests may fail or be dropped")
	mostErrors := set.Int64("most-errors", 0, "how many answers may have errors within them")
	quiet := set.Bool("quiet", false, "no progress")
	rest, code, ok := parse(set, args, 1, 1)
	if !ok {
		return code
	}
	if err := theme.check(); err != nil {
		return c.fail(misused, err)
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
	live := newLive(c, s)
	if !*quiet {
		o.Progress = live.show
	}
	rep, err := load.Run(ctx, s, o)
	live.end()
	if err != nil {
		return c.fail(unusable, err)
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		err = report.Text(c.out, rep)
	}
	if err == nil && *into != "" {
		err = report.Write(*into, rep)
	}
	if err == nil && *page != "" {
		err = report.WriteHTML(*page, rep, theme.name)
	}
	if err != nil {
		return c.fail(unusable, err)
	}
	if lost := rep.Total.Failed + rep.Dropped; lost > *most || rep.Total.Partial > *mostErrors || rep.Total.Count == 0 {
		fmt.Fprintf(c.err, "load: %d requests failed, %d were dropped, %d answers had errors, of %d in %v\n", rep.Total.Failed, rep.Dropped, rep.Total.Partial, rep.Total.Count,
			time.Duration(rep.Seconds*float64(time.Second)).Round(time.Millisecond))
		return bad
	}
	if rep.Ended != "" && ctx.Err() == nil && s.Requests == 0 {
		return c.fail(bad, errors.New(rep.Ended))
	}
	return good
}

// scenarioFailed tells a wrong scenario from one that is not there.
func (c *console) scenarioFailed(err error) int {
	var wrong load.Mistakes
	if errors.As(err, &wrong) {
		for _, m := range wrong {
			fmt.Fprintln(c.err, m)
		}
		return bad
	}
	var line misuse
	if errors.As(err, &line) || errors.Is(err, fs.ErrNotExist) {
		return c.fail(misused, err)
	}
	return c.fail(bad, err)
}
