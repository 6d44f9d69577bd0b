package main

import (
	"context"
	"encoding/json"

	"facet/loadtest/load"
)

const checkHelp = `load check says what is wrong with a scenario, each mistake with its line, or what the scenario would do and one request of each row.

  load check loadtest/scenarios/films.json
  load check -rate 500 -json SCENARIO
`

func runCheck(_ context.Context, c *console, args []string) int {
	set := c.flags("check", checkHelp)
	t := targetFlags(set)
	asJSON := set.Bool("json", false, "print it as JSON")
	rest, code, ok := parse(set, args, 1, 1)
	if !ok {
		return code
	}
	s, err := t.scenario(rest[0])
	if err != nil {
		return c.scenarioFailed(err)
	}
	d, err := load.Describe(s)
	if err != nil {
		return c.scenarioFailed(err)
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(d)
	} else {
		err = d.Print(c.out)
	}
	if err != nil {
		return c.fail(unusable, err)
	}
	return good
}
